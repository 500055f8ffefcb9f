"""What e-mails say: the alerts of a rule, a digest, or a saved report with its files.

What changed over a week comes in as `changes`: it reads the ledger's counts. Knows nothing of tries and servers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from monitor import plain
from monitor.models import (
    Alert,
    Digest,
    Mail,
    MailKind,
    Membership,
    ReportFile,
    ReportIssue,
    ReportSettings,
    Workspace,
)
from monitor.services import report_settings
from monitor.services.errors import Problem

#: (workspace, until) -> what changed before that moment, a sentence each.
Changes = Callable[[Workspace, datetime], list[str]]

ALERTS_LISTED = 50
#: All files of an issue together; beyond it mail servers refuse, and the e-mail has a link.
MOST_ATTACHED_BYTES = 7_000_000
NOT_ALLOWED = "They are no member any more and not allowed by an owner."


def write(mail: Mail, *, changes: Changes) -> EmailMessage | None:
    """The message, None where there is nothing to say. Problem where it may not go there any more."""
    return _report(mail) if mail.kind == MailKind.REPORT else _alerts(mail, changes)


def _alerts(mail: Mail, changes: Changes) -> EmailMessage | None:
    members = Membership.objects.for_workspace(mail.workspace_id).filter(user__is_active=True)
    member = members.select_related("workspace").filter(mails=mail).first()
    if member is None:
        return None
    workspace, is_digest, listed = member.workspace, mail.kind == MailKind.DIGEST, list[str]()
    rows = Alert.objects.for_workspace(workspace).select_related("rule").order_by("-pk")
    alerts = list(
        rows.filter(created_at__gt=mail.since, created_at__lte=mail.until)
        if is_digest
        else rows.filter(pk__in=mail.alerts)
    )
    if is_digest:
        listed = changes(workspace, mail.until or mail.created_at)
    # the changes of a week would be the same every morning: alone they are worth an e-mail once a week
    if not alerts and (member.digest == Digest.DAILY or not listed):
        return None
    context = {
        "workspace": workspace,
        "is_digest": is_digest,
        "alerts": [(alert, _link(alert.address(workspace.slug))) for alert in alerts[:ALERTS_LISTED]],
        "more": max(0, len(alerts) - ALERTS_LISTED),
        "changes": listed,
        "rule": None if is_digest else alerts[0].rule,
        "all_link": _link(reverse("alerts", args=[workspace.slug])),
        "off_link": _link(reverse("alert_rule_off", args=[workspace.slug, alerts[0].rule_id])) if alerts else "",
        "digest_link": _link(reverse("alert_rules", args=[workspace.slug]) + "#digest"),
        "since": mail.since,
        "until": mail.until,
    }
    with timezone.override(workspace.zone):
        text, html = (render_to_string(f"email/alerts.{kind}", context) for kind in ("txt", "html"))
    message = EmailMultiAlternatives(_subject(workspace, alerts, is_digest=is_digest), text)
    message.attach_alternative(html, "text/html")
    return message


def _subject(workspace: Workspace, alerts: list[Alert], *, is_digest: bool) -> str:
    where = " ".join(workspace.name.split())
    if is_digest:
        return f"{where}: {plain.counted(len(alerts), 'alert')}" if alerts else f"{where}: what changed"
    more = f" ({len(alerts)} alerts)" if len(alerts) > 1 else ""
    return f"{where}: {' '.join(alerts[0].rule.name.split())}{more}"


def _report(mail: Mail) -> EmailMessage:
    """With its files, or with where they are when they are too much for an e-mail."""
    issues = ReportIssue.objects.for_workspace(mail.workspace_id).select_related("report", "workspace")
    issue = issues.get(mails=mail)
    report, workspace = issue.report, issue.workspace
    if mail.address not in report_settings.allowed_addresses(workspace=workspace):
        raise Problem(NOT_ALLOWED)  # they left since it was made
    look = ReportSettings.objects.for_workspace(workspace).first() or ReportSettings()
    files = ReportFile.objects.for_workspace(workspace).filter(issue=issue)
    attached = 0 < sum(files.values_list("size", flat=True)) <= MOST_ATTACHED_BYTES
    context = {
        "issue": issue,
        "report": report,
        "workspace": workspace,
        "attached": attached,
        "names": list(files.values_list("name", flat=True)),
        "link": _link(reverse("saved_report", args=[workspace.slug, report.pk])),
        "footer": look.footer,
    }
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMessage(
        report.subject or f"{report.name}: {workspace.name}",
        render_to_string("email/report.txt", context),
        formataddr((look.name or "Citescope", address)),
    )
    if attached:
        for file in files:
            message.attach(file.name, bytes(file.content), file.content_type)
    return message


def _link(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"
