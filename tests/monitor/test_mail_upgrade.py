"""E-mails of saved reports had a table of their own: an upgrade carries them into the one of all, under their names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from monitor.models import Budget, Mail, Membership, ReportIssue, SavedReport
from tests.factories import make_member, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
KEY = UUID("8c0d3f1e-9a3d-4b47-8a55-0d8b1f5a5c11")


def migrate(*targets: Any) -> Any:
    """To these migrations, or to the latest; the models as they are then."""
    executor = MigrationExecutor(connection)
    wanted = targets or executor.loader.graph.leaf_nodes("monitor")
    executor.migrate(wanted)
    return executor.loader.project_state(wanted).apps


@pytest.fixture
def earlier() -> Iterator[Any]:
    """The tables as they were before the upgrade."""
    loader = MigrationExecutor(connection).loader
    (upgrade,) = (key for key in loader.graph.nodes if key[1].endswith("_mail_and_budgets"))
    yield migrate(*loader.get_migration(*upgrade).dependencies)
    migrate()


def test_an_upgrade_keeps_every_row_with_its_state_and_its_message_id_and_this_months_budget(earlier: Any) -> None:
    workspace = make_workspace()
    member = Membership.objects.for_workspace(workspace).get(user=make_member(workspace))
    report = SavedReport.objects.create(workspace=workspace, name="Weekly", formats=["pdf"])
    issues = earlier.get_model("monitor.ReportIssue").objects
    issue_id = issues.create(workspace_id=workspace.pk, report_id=report.pk, moment=workspace.created_at).pk
    alert = earlier.get_model("monitor.Mail").objects.create(
        workspace_id=workspace.pk,
        membership_id=member.pk,
        kind="alerts",
        key="alert 7",
        alerts=[7],
        unsure=True,
        tries=1,
        next_try_at=workspace.created_at,
    )
    state = {"workspace_id": workspace.pk, "issue_id": issue_id}
    rows = earlier.get_model("monitor.ReportMail").objects
    rows.create(**state, address="a@out.example", key=KEY, status="sent", tries=1, sent_at=workspace.created_at)
    rows.create(**state, address="b@out.example", key=UUID(int=1), unsure=True, tries=1, message="No word.")
    earlier.get_model("monitor.SpendingLimit").objects.create(workspace_id=workspace.pk, limit_usd=12)
    migrate()

    issue = ReportIssue.objects.for_workspace(workspace).get(pk=issue_id)
    assert Budget.objects.for_workspace(workspace).get().limit_usd == 12
    first, sent, unsure = Mail.objects.for_workspace(workspace)
    word = hashlib.sha256(f"{settings.SECRET_KEY} mail {alert.pk}".encode()).hexdigest()[:24]
    assert (first.pk, first.address, first.message_id) == (alert.pk, member.user.email, f"<{word}@citescope>")
    assert (first.alerts, first.unsure, first.tries, first.issue) == ([7], True, 1, None)
    assert [mail.address for mail in issue.mails.all()] == ["a@out.example", "b@out.example"]
    assert (sent.status, sent.sent_at, sent.message_id) == ("sent", workspace.created_at, f"<{KEY}@localhost>")
    assert (unsure.status, unsure.unsure, unsure.error, unsure.kind) == ("waiting", True, "No word.", "report")
    with pytest.raises(IntegrityError, match="mail_issue_in_workspace"), transaction.atomic():
        Mail.objects.create(workspace=make_workspace(), issue=issue, address="c@out.example", key="x", kind="report")
