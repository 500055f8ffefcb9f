"""One table of outgoing e-mail: what saved reports had in a table of their own goes on in it, under the same names.

And a row of the present month for every monthly budget, from which on what applied in each month is known.
"""

from email.utils import parseaddr
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import monitor.models.base
import monitor.models.mail

_ADDRESSED = """
UPDATE monitor_mail SET address = "user".email,
  message_id = '<' || left(encode(sha256(convert_to(%s || ' mail ' || monitor_mail.id, 'UTF8')), 'hex'), 24) || '@citescope>'
FROM monitor_membership JOIN monitor_user AS "user" ON "user".id = monitor_membership.user_id
WHERE monitor_membership.id = monitor_mail.membership_id
"""
_REPORTS = """
INSERT INTO monitor_mail (workspace_id, issue_id, address, message_id, kind, key, alerts, status, tries, unsure,
                          next_try_at, lease_until, error, sent_at, created_at)
SELECT mail.workspace_id, issue.id, mail.address, '<' || mail.key || '@' || %s || '>', 'report', 'report ' || issue.id,
       '{}', mail.status, mail.tries, mail.unsure, coalesce(mail.next_try_at, now()), mail.lease_until, mail.message,
       mail.sent_at, coalesce(issue.made_at, issue.created_at)
FROM monitor_reportmail AS mail JOIN monitor_reportissue AS issue ON issue.id = mail.issue_id
ORDER BY issue.id, mail.address
"""
_THIS_MONTH = """
INSERT INTO monitor_budget (workspace_id, month, limit_usd, reserved_usd, spent_usd, over_usd, is_full)
SELECT known.workspace_id, date_trunc('month', now() AT TIME ZONE workspace.time_zone), known.limit_usd, 0, 0, 0, false
FROM monitor_spendinglimit AS known JOIN monitor_workspace AS workspace ON workspace.id = known.workspace_id
WHERE known.panel_id IS NULL
ON CONFLICT DO NOTHING
"""


def carry_over(apps: Any, schema_editor: Any) -> None:
    """What was under way keeps its Message-ID, by which mailboxes know a second copy as one."""
    _, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    schema_editor.execute(_ADDRESSED, [settings.SECRET_KEY])
    schema_editor.execute(_REPORTS, [sender.rpartition("@")[2] or "localhost"])
    # the table is altered further on, which PostgreSQL refuses while checks of its rows are still to come
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


class Migration(migrations.Migration):
    dependencies = [("monitor", "0022_list_places")]

    operations = [
        migrations.RemoveConstraint(model_name="mail", name="mail_once"),
        migrations.AlterField(
            model_name="mail",
            name="kind",
            field=models.CharField(
                choices=[("alerts", "Alerts"), ("digest", "Digest"), ("report", "Report")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="mail",
            name="membership",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mails",
                to="monitor.membership",
            ),
        ),
        migrations.AlterField(
            model_name="mail", name="next_try_at", field=models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.AddField(
            model_name="mail", name="address", field=models.EmailField(default="", max_length=254), preserve_default=False
        ),
        migrations.AddField(
            model_name="mail", name="message_id", field=models.CharField(default="", max_length=400), preserve_default=False
        ),
        migrations.AddField(
            model_name="mail",
            name="issue",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mails",
                to="monitor.reportissue",
            ),
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
        migrations.RunSQL(_THIS_MONTH, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="mail",
            name="message_id",
            field=models.CharField(default=monitor.models.mail.new_message_id, max_length=400),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(fields=("workspace", "address", "key"), name="mail_once"),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=monitor.models.base.WorkspaceForeignKey(field="issue", name="mail_issue_in_workspace"),
        ),
        migrations.DeleteModel(name="ReportMail"),
    ]
