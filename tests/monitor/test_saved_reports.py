"""Saved reports: made once a slot, kept, and sent to each person once, whatever breaks in between."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor import tasks
from monitor.exports import Missing, saved
from monitor.models import Mail, Panel, ReportFile, ReportIssue, ReportSettings, Role, Run, SavedReport, User
from monitor.queries import saved_reports as queries
from monitor.queries.alerts import what_changed
from monitor.queries.filters import Period
from monitor.services import letters, mailing, recovery, report_issues, saved_reports
from monitor.services.errors import Problem
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, History, make_history

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)
LAST_MOMENT = datetime(2026, 11, 21, 6, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "name": "Weekly",
    "filter": {},
    "period": "7",
    "formats": ["csv"],
    "cron": "0 6 * * 1",
    "recipients": [],
    "subject": "",
    "words": "",
}


def make_report(history: History, **fields: Any) -> SavedReport:
    return saved_reports.save(workspace=history.workspace, report=None, fields=FIELDS | fields)


@pytest.fixture
def history() -> History:
    return make_history(days=10, prompts=3, repeats=1)


@pytest.fixture
def server(settings: Any) -> Iterator[None]:
    """A mail server is set up; what it gets lies in `mail.outbox`."""
    settings.EMAIL_HOST = "mail.example"
    settings.DEFAULT_FROM_EMAIL = "reports@citescope.example"
    yield


class Refusing(BaseEmailBackend):
    """A server that is not there, or answers with the error set on it."""

    error: Exception | None = None

    def open(self) -> bool:
        if self.error is None:
            raise OSError("no route to host")
        return True

    def send_messages(self, messages: Any) -> int:
        assert self.error
        raise self.error


REFUSING = f"{__name__}.Refusing"


def work() -> int:
    """Make what is due, and send it; how many reports and e-mails that were."""
    made = report_issues.work(make=saved.make, expected=(saved.Unusable, Missing))
    return made + mailing.work(write=partial(letters.write, changes=what_changed))


def due_now(rows: Any) -> None:
    rows.update(next_try_at=timezone.now() - timedelta(seconds=1))


# --- slots -----------------------------------------------------------------------------------------------------------


def test_a_slot_is_made_once_however_often_the_tick_comes(history: History) -> None:
    report = make_report(history)
    SavedReport.objects.filter(pk=report.pk).update(last_slot_at=MONDAY - timedelta(days=7, seconds=1))
    assert saved_reports.start_due(now=MONDAY + timedelta(minutes=1)) == 1, "of two slots missed, the latest"
    SavedReport.objects.filter(pk=report.pk).update(last_slot_at=MONDAY - timedelta(days=1))
    assert saved_reports.start_due(now=MONDAY + timedelta(minutes=2)) == 0
    issue = ReportIssue.objects.for_workspace(history.workspace).get()
    assert (issue.slot_at, issue.moment) == (MONDAY, MONDAY)
    assert work() == 1
    assert work() == 0
    issue.refresh_from_db()
    assert (issue.status, issue.start, issue.end) == ("made", date(2026, 11, 9), date(2026, 11, 15))
    file = ReportFile.objects.for_workspace(history.workspace).get()
    assert file.size == len(bytes(file.content)) > 1000


def test_none_is_made_while_runs_are_still_to_be_counted(history: History) -> None:
    saved_reports.start_now(report=make_report(history))
    Run.objects.for_workspace(history.workspace).filter(pk=history.runs[0].pk).update(rolled_up_at=None)
    assert not report_issues.has_work() and work() == 0
    recovery.roll_up_finished()
    assert report_issues.has_work() and work() == 1


def test_slots_are_of_the_workspaces_own_zone_and_a_paused_report_has_none(history: History) -> None:
    history.workspace.time_zone = "Asia/Tokyo"
    history.workspace.save()
    report = make_report(history)
    SavedReport.objects.filter(pk=report.pk).update(last_slot_at=MONDAY - timedelta(days=2))
    saved_reports.start_due(now=MONDAY)
    slot = ReportIssue.objects.for_workspace(history.workspace).get().slot_at
    assert slot == datetime(2026, 11, 15, 21, tzinfo=UTC)
    saved_reports.set_paused(report=report, paused=True)
    assert saved_reports.start_due(now=MONDAY + timedelta(days=8)) == 0
    saved_reports.set_paused(report=report, paused=False)
    assert saved_reports.start_due() == 0, "slots that passed in the pause are not caught up with"


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("7", date(2026, 2, 22), date(2026, 2, 28)),
        ("28", date(2026, 2, 1), date(2026, 2, 28)),
        ("90", date(2025, 12, 1), date(2026, 2, 28)),
        ("month", date(2026, 2, 1), date(2026, 2, 28)),
    ],
)
def test_a_period_ends_the_day_before(kind: str, first: date, last: date) -> None:
    assert queries.period_at(kind, date(2026, 3, 1)) == Period(first, last)


def test_one_that_is_asked_for_twice_is_made_once(history: History) -> None:
    report = make_report(history)
    assert saved_reports.start_now(report=report) == saved_reports.start_now(report=report)
    work()
    assert saved_reports.start_now(report=report).status == "waiting", "a new one, once that is made"


def test_a_filter_that_no_longer_holds_shows_nothing_rather_than_more(history: History) -> None:
    report = make_report(history, filter={"panel": [str(history.panel.pk)]})
    assert queries.filter_at(report, LAST_MOMENT).panel == history.panel.pk
    Panel.objects.for_workspace(history.workspace).update(archived_at=timezone.now())
    issue = saved_reports.start_now(report=report)
    work()
    issue.refresh_from_db()
    assert issue.status == "failed"
    assert "There is no panel" in issue.message and "Edit the report" in issue.message


def test_what_breaks_is_tried_again_and_given_up_at_last(history: History) -> None:
    def broken(report: SavedReport, moment: datetime, wrote: Any) -> Any:
        raise ValueError("out of ink")

    issue = saved_reports.start_now(report=make_report(history))
    rows = ReportIssue.objects.for_workspace(history.workspace)
    for _ in range(report_issues.MOST_TRIES):
        assert report_issues.work(make=broken) == 1
        assert report_issues.work(make=broken) == 0, "it rests first"
        due_now(rows)
    issue.refresh_from_db()
    assert (issue.status, issue.tries) == ("failed", report_issues.MOST_TRIES)
    assert "out of ink" in issue.message


def test_an_issue_whose_worker_died_is_made_by_another_and_a_late_one_adds_nothing(history: History) -> None:
    issue = saved_reports.start_now(report=make_report(history))
    rows = ReportIssue.objects.for_workspace(history.workspace)

    def slow(report: SavedReport, moment: datetime, wrote: Any) -> Any:
        if not ReportFile.objects.for_workspace(history.workspace).exists():
            rows.update(lease_until=timezone.now() - timedelta(seconds=1))
            assert work() == 1, "the other worker"
        return saved.make(report, moment, wrote)

    report_issues.work(make=slow)
    issue.refresh_from_db()
    assert (issue.status, issue.lease) == ("made", 2)
    assert ReportFile.objects.for_workspace(history.workspace).count() == 1


def test_the_page_counts_the_files_that_are_written_and_asks_again_until_the_end(history: History) -> None:
    report = make_report(history, formats=["csv", "xlsx"])
    client = Client()
    client.force_login(make_member(history.workspace, Role.VIEWER))
    address = reverse("saved_report", args=[history.workspace.slug, report.pk])
    part = reverse("saved_report_issues", args=[history.workspace.slug, report.pk])
    shown: list[str] = []

    def look(count: int) -> None:
        shown.append(client.get(address if count == 1 else part, headers={"HX-Request": "true"}).content.decode())

    def watched(report: SavedReport, moment: datetime, wrote: Any) -> Any:
        def told(count: int) -> None:
            wrote(count)
            look(count)

        return saved.make(report, moment, told)

    assert "hx-trigger" not in client.get(address).content.decode()
    saved_reports.start_now(report=report)
    assert ">Waiting</span>" in client.get(address).content.decode()
    assert report_issues.work(make=watched) == 1
    for count, page in enumerate(shown, start=1):
        assert f"{count} of 2 files written" in page and ">Being created</span>" in page
        assert f'hx-get="{part}" hx-trigger="every 2s"' in page
    assert len(shown) == 2 and "<html" not in shown[1]
    done = client.get(part, headers={"HX-Request": "true"}).content.decode()
    assert ">Created</span>" in done and "hx-trigger" not in done and "<progress" not in done
    assert client.get(part).url == address  # type: ignore[attr-defined]


def test_files_of_the_last_issues_alone_are_kept(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_reports, "FILES_KEPT", 2)
    report = make_report(history)
    for _ in range(3):
        saved_reports.start_now(report=report)
        work()
    assert ReportIssue.objects.for_workspace(history.workspace).count() == 3
    kept = ReportFile.objects.for_workspace(history.workspace).values_list("issue", flat=True)
    newest = ReportIssue.objects.for_workspace(history.workspace).values_list("pk", flat=True)[:2]
    assert set(kept) == set(newest)


def test_a_file_that_is_too_large_is_left_out_and_said(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_issues, "MOST_FILE_BYTES", 10)
    issue = saved_reports.start_now(report=make_report(history))
    work()
    issue.refresh_from_db()
    assert issue.status == "made" and "Left out" in issue.message
    assert not ReportFile.objects.for_workspace(history.workspace).exists()


# --- mail ------------------------------------------------------------------------------------------------------------


def sent_report(history: History, **fields: Any) -> ReportIssue:
    people = [make_member(history.workspace).email for _ in range(2)]
    report = make_report(history, **({"recipients": people} | fields))
    issue = saved_reports.start_now(report=report)
    ReportIssue.objects.for_workspace(history.workspace).update(moment=LAST_MOMENT)
    work()
    return issue


def test_everybody_gets_one_mail_of_their_own_with_the_file(history: History, server: None) -> None:
    ReportSettings.objects.create(workspace=history.workspace, name="Pens & Co", footer="In confidence")
    issue = sent_report(history, words="Good morning,\nas every week:", subject="How we stand")
    assert work() == 0
    assert [len(message.to) for message in mail.outbox] == [1, 1]
    message = mail.outbox[0]
    assert message.subject == "How we stand"
    assert message.from_email == "Pens & Co <reports@citescope.example>"
    assert message.body.startswith("Good morning,\nas every week:\n\nWeekly: Team")
    assert "14 Nov 2026 to 20 Nov 2026" in message.body and "In confidence" in message.body
    ((name, content, kind),) = message.attachments
    assert name.endswith("-2026-11-14-2026-11-20.csv") and "brands" in str(content)
    mails = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    assert {(row.status, row.tries) for row in mails} == {("sent", 1)}
    assert {message.extra_headers["Message-ID"] for message in mail.outbox} == {row.message_id for row in mails}


def test_files_too_large_for_a_mail_are_linked(
    history: History, server: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST_ATTACHED_BYTES", 10)
    settings.PUBLIC_URL = "https://citescope.example.com"
    issue = sent_report(history)
    assert not mail.outbox[0].attachments
    address = f"https://citescope.example.com/w/{history.workspace.slug}/reports/{issue.report_id}/"
    assert "too large for an e-mail" in mail.outbox[0].body and address in mail.outbox[0].body


def test_a_mail_known_to_be_sent_never_goes_again(history: History, server: None) -> None:
    issue = sent_report(history)
    rows = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    ReportIssue.objects.for_workspace(history.workspace).update(
        status="making", lease_until=timezone.now() - timedelta(seconds=1)
    )
    rows.update(lease_until=timezone.now() - timedelta(seconds=1), next_try_at=timezone.now() - timedelta(seconds=1))
    mail.outbox.clear()
    with pytest.raises(Exception, match="reportfile_format_once|duplicate"):
        from django.db import transaction

        with transaction.atomic():
            work()
    assert mail.outbox == []


def test_one_that_nobody_knows_of_goes_again_under_the_same_name(history: History, server: None) -> None:
    sent_report(history)
    row = Mail.objects.for_workspace(history.workspace).order_by("pk")[0]
    rows = Mail.objects.for_workspace(history.workspace).filter(pk=row.pk)
    rows.update(status="sending", lease_until=timezone.now() - timedelta(seconds=1))  # its worker died there
    before = {message.extra_headers["Message-ID"] for message in mail.outbox}
    assert work() == 1
    assert len(mail.outbox) == 3
    assert mail.outbox[2].extra_headers["Message-ID"] in before
    assert work() == 0


def test_a_server_that_is_away_is_tried_again_and_given_up_at_last(
    history: History, server: None, settings: Any
) -> None:
    settings.EMAIL_BACKEND = REFUSING
    issue = sent_report(history)
    rows = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    assert {row.status for row in rows} == {"waiting"}
    assert work() == 0, "they rest first"
    for _ in range(Mail.MAX_TRIES):
        due_now(rows)
        work()
    assert {(row.status, row.tries) for row in rows} == {("failed", Mail.MAX_TRIES)}
    assert "no route to host" in rows[0].error
    assert ReportFile.objects.for_workspace(history.workspace).exists()


def test_an_address_that_is_refused_for_good_is_not_tried_again(
    history: History, server: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = REFUSING
    refused = smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"no such mailbox")})
    monkeypatch.setattr(Refusing, "error", refused)
    issue = sent_report(history)
    rows = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    assert {(row.status, row.tries) for row in rows} == {("failed", 1)}
    assert "550 no such mailbox" in rows[0].error


def test_where_nobody_knows_whether_it_went_out_it_is_sent_once_more_and_never_a_third_time(
    history: History, server: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = REFUSING
    monkeypatch.setattr(Refusing, "error", smtplib.SMTPServerDisconnected("connection lost"))
    issue = sent_report(history)
    rows = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    for status, tries in (("waiting", 1), ("unknown", 2), ("unknown", 2)):
        assert {(row.status, row.tries) for row in rows.all()} == {(status, tries)}
        due_now(rows)
        work()
    # nor does a worker that dies each time in the middle of it
    rows.update(status="sending", unsure=True, lease_until=timezone.now() - timedelta(seconds=1))
    work()
    assert {(row.status, row.tries) for row in rows.all()} == {("unknown", 2)}


def test_without_a_server_the_files_are_made_and_the_page_says_so(history: History) -> None:
    issue = sent_report(history)
    issue.refresh_from_db()
    assert issue.status == "made" and "No mail server is set up" in issue.message
    assert not Mail.objects.for_workspace(history.workspace).exists() and mail.outbox == []
    client = Client()
    client.force_login(make_member(history.workspace, Role.VIEWER))
    page = client.get(f"/w/{history.workspace.slug}/reports/{issue.report_id}/").content.decode()
    assert "No mail server is set up" in page
    file = ReportFile.objects.for_workspace(history.workspace).get()
    assert f"/reports/files/{file.pk}/" in page
    download = client.get(f"/w/{history.workspace.slug}/reports/files/{file.pk}/")
    assert download.content == bytes(file.content)


def test_who_is_no_member_any_more_is_passed_over(history: History, server: None) -> None:
    gone = make_member(history.workspace)
    report = make_report(history, recipients=[gone.email])
    gone.memberships.all().delete()
    issue = saved_reports.start_now(report=report)
    work()
    issue.refresh_from_db()
    assert mail.outbox == [] and gone.email in issue.message


def test_whose_account_is_closed_is_passed_over_and_who_leaves_between_two_tries_gets_nothing(
    history: History, server: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, leaving = make_member(history.workspace), make_member(history.workspace)
    report = make_report(history, recipients=[closed.email, leaving.email])
    User.objects.filter(pk=closed.pk).update(is_active=False)
    issue = saved_reports.start_now(report=report)
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, REFUSING
    monkeypatch.setattr(Refusing, "error", smtplib.SMTPServerDisconnected("connection lost"))
    work()
    issue.refresh_from_db()
    rows = Mail.objects.for_workspace(history.workspace).filter(issue=issue)
    assert closed.email in issue.message and [row.address for row in rows] == [leaving.email]
    leaving.memberships.all().delete()
    settings.EMAIL_BACKEND = working
    due_now(rows)
    work()
    assert mail.outbox == [] and [(row.status, row.tries) for row in rows.all()] == [("failed", 2)]


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"recipients": ["stranger@out.example"]}, "is no member"),
        ({"cron": "* * * * *"}, "This would run every"),
        ({"cron": "soon"}, "fields"),
        ({"formats": ["exe"]}, "at least one kind"),
        ({"period": "1000"}, "one of the periods"),
        ({"name": " "}, "needs a name"),
        ({"recipients": [f"p{number}@x.example" for number in range(26)]}, "25 people at most"),
        ({"subject": "Bcc: all\x00"}, "cannot be shown"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_a_sentence(history: History, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        make_report(history, **fields)
    assert not SavedReport.objects.for_workspace(history.workspace).exists()


def test_a_name_is_taken_once(history: History) -> None:
    make_report(history)
    with pytest.raises(Problem, match="called “weekly” already"):
        make_report(history, name="weekly")


def test_saving_what_the_page_shows_keeps_the_filter(history: History) -> None:
    client = Client()
    owner = make_member(history.workspace)
    client.force_login(owner)
    address = f"/w/{history.workspace.slug}/reports/new/?tag=pens&brand={history.brands[0].pk}&compare=month"
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")}
    client.post(address, data | {"name": "Pens", "recipients": [owner.email]})
    report = SavedReport.objects.for_workspace(history.workspace).get()
    assert report.filter == {"compare": ["month"], "brand": [str(history.brands[0].pk)], "tag": ["pens"]}
    edit = f"/w/{history.workspace.slug}/reports/{report.pk}/edit/"
    form = client.get(edit).context["form"]
    client.post(edit, {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")})
    again = SavedReport.objects.for_workspace(history.workspace).get()
    assert (again.filter, again.recipients) == (report.filter, [owner.email])


def test_the_tick_starts_what_is_due(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    woken = []
    monkeypatch.setattr("monitor.services.nudge.reporting", lambda: woken.append(True))
    report = make_report(history, cron="*/15 * * * *")
    SavedReport.objects.filter(pk=report.pk).update(last_slot_at=timezone.now() - timedelta(hours=1))
    tasks.tick()
    assert woken
    tasks.make_reports()
    assert ReportIssue.objects.for_workspace(history.workspace).get().status == "made"


def test_an_empty_workspace_has_a_report_too() -> None:
    workspace = make_workspace()
    report = saved_reports.save(workspace=workspace, report=None, fields=FIELDS | {"formats": ["pdf", "xlsx", "csv"]})
    made = saved.make(report, LAST_MOMENT)
    assert [file.format for file in made.files] == ["pdf", "xlsx", "csv"]
    assert made.summary == ("No answers were counted in this period under this filter.",)
    assert made.end == LAST_DAY
