"""Alerts from the beat to the mailbox: each told once, e-mailed once, never lost for a mail server that is down."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor import tasks
from monitor.firings import Firing
from monitor.models import (
    Alert,
    AlertRule,
    Digest,
    Mail,
    MailStatus,
    Membership,
    Mention,
    Run,
    User,
    Workspace,
)
from monitor.queries import alerts as queries
from monitor.services import alert_rules, alerts, letters, mailing, nudge, recovery, rollups, workspaces
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, History, make_history
from tests.monitor.test_alert_findings import rule_for

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.combine(LAST_DAY, time(12), tzinfo=UTC)
SERVER = "tests.monitor.test_alerts.Server"


class Server(EmailBackend):
    """A mail server that keeps what it takes; `answers` are the errors of the next conversations, None for well."""

    answers: list[Exception | None] = []
    refuses_connections: Exception | None = None

    def open(self) -> bool:
        if Server.refuses_connections:
            raise Server.refuses_connections
        return True

    def send_messages(self, messages: Any) -> int:
        answer = Server.answers.pop(0) if Server.answers else None
        if answer:
            raise answer
        return int(super().send_messages(messages))


@pytest.fixture(autouse=True)
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Server]]:
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "mail.example", SERVER
    settings.PUBLIC_URL = "https://citescope.example.com"
    monkeypatch.setattr(nudge, "_send", lambda *_: None)
    monkeypatch.setattr("django.core.mail.get_connection", lambda **_: Server())
    monkeypatch.setattr("monitor.services.delivery.get_connection", lambda **_: Server())
    Server.answers, Server.refuses_connections = [], None
    yield Server


def member_of(workspace: Workspace) -> Membership:
    return Membership.objects.for_workspace(workspace).get(user=make_member(workspace))


def watched(**fields: Any) -> tuple[History, AlertRule, Membership]:
    """A history that changed, and a rule that writes to one member about it."""
    history = make_history(days=14, shift_from=7)
    member = member_of(history.workspace)
    given = {"brand": history.brands[0], "watches": ["mention", "citation"], "recipients": [member], **fields}
    return history, rule_for(history.workspace, "change", **given), member


def evaluate(now: datetime = NOW) -> int:
    return alerts.evaluate_due(find=queries.found, now=now)


def send(now: datetime | None = None) -> int:
    return mailing.work(write=partial(letters.write, changes=queries.what_changed), now=now)


def written() -> list[Mail]:
    return list(Mail.objects.unscoped().order_by("pk"))


# --- evaluated -------------------------------------------------------------------------------------------------------


def test_a_rule_is_looked_at_when_counts_change_and_tells_each_thing_once() -> None:
    history, rule, _ = watched()
    assert alerts.has_work(now=NOW)
    assert evaluate() == 2
    assert not alerts.has_work(now=NOW + timedelta(hours=1)), "nothing was counted since"
    rollups.roll_up(run=history.runs[-1])
    assert alerts.has_work(now=NOW)
    assert evaluate() == 0
    rule.refresh_from_db()
    AlertRule.objects.for_workspace(history.workspace).update(evaluated_at=None)
    assert evaluate(NOW + timedelta(minutes=1)) == 0
    alert = Alert.objects.for_workspace(history.workspace).first()
    assert alert and alert.seen_at is None and alert.words.startswith("Fernwood is ")
    assert alert.figures["prompts"] == 14


def test_rules_and_digests_wait_while_runs_are_still_to_be_counted() -> None:
    history, _ = with_digest(Digest.DAILY)
    Run.objects.for_workspace(history.workspace).filter(pk=history.runs[0].pk).update(rolled_up_at=None)
    assert not alerts.has_work(now=NOW) and evaluate() == 0
    assert mailing.plan_digests(now=NOW) == 0
    recovery.roll_up_finished()
    assert alerts.has_work(now=NOW) and evaluate() == 2
    assert mailing.plan_digests(now=NOW) == 1


def test_evaluated_by_several_workers_at_once_each_alert_stands_once() -> None:
    history, rule, _ = watched()

    def one(_: int) -> int:
        try:
            return alerts.evaluate(rule=rule, find=queries.found, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 2
    assert Alert.objects.for_workspace(history.workspace).count() == 2
    assert len(written()) == 1


def test_what_is_off_deleted_or_changed_meanwhile_tells_nothing() -> None:
    history, rule, _ = watched()
    stale = AlertRule.objects.for_workspace(history.workspace).select_related("workspace", "brand", "panel").get()
    alert_rules.switch(rule=rule, on=False)
    assert evaluate() == 0 and not alerts.has_work(now=NOW)
    assert alerts.evaluate(rule=stale, find=queries.found, now=NOW) == 0
    alert_rules.switch(rule=rule, on=True)
    alert_rules.archive(rule=rule)
    assert evaluate() == 0
    alert_rules.restore(rule=rule)
    assert evaluate() == 2


def test_a_rule_that_breaks_holds_up_no_other_and_is_not_tried_for_ever() -> None:
    history, rule, _ = watched()
    broken = rule_for(history.workspace, "change", brand=history.brands[1], watches=["voice"])

    def find(rule: AlertRule, now: datetime, days: int) -> list[Firing]:
        if rule.pk == broken.pk:
            raise ValueError
        return queries.found(rule, now, days)

    assert alerts.evaluate_due(find=find, now=NOW) == 2
    assert not alerts.has_work(now=NOW)


def test_rules_about_sentiment_wait_until_mentions_are_judged() -> None:
    history = make_history(days=2, prompts=2)
    rule_for(history.workspace, "sentiment", brand=history.brands[0])
    assert not alerts.has_work(now=NOW)
    Mention.objects.for_workspace(history.workspace).update(judge=1, sentiment="neutral")
    assert alerts.has_work(now=NOW)


def test_silence_and_money_are_looked_at_every_few_minutes_without_any_run() -> None:
    rule_for(make_workspace(), "silence")
    assert evaluate() == 0
    assert not alerts.has_work(now=NOW + timedelta(minutes=4))
    assert alerts.has_work(now=NOW + timedelta(minutes=6))


def test_looking_for_work_takes_as_many_queries_for_many_rules_as_for_one() -> None:
    history, _, _ = watched()
    with CaptureQueriesContext(connection) as one:
        alerts.has_work(now=NOW)
    for number in range(5):
        rule_for(make_workspace(), "silence")
        rule_for(history.workspace, "change", brand=history.brands[0], name=f"Rule {number}")
    with CaptureQueriesContext(connection) as many:
        alerts.has_work(now=NOW)
    assert len(many) == len(one)


def test_the_beat_wakes_a_worker_that_tells_of_a_run_that_just_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    history, _, _ = watched()
    woken: list[str] = []
    monkeypatch.setattr(nudge, "_send", lambda task, *_: woken.append(task))
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    Run.objects.for_workspace(history.workspace).filter(pk=history.runs[-1].pk).update(rolled_up_at=None)
    tasks.sweep()
    assert "monitor.tasks.evaluate_alerts" in woken and "monitor.tasks.send_mail" not in woken
    tasks.evaluate_alerts()
    assert "monitor.tasks.send_mail" in woken
    tasks.send_mail()
    tasks.send_mail()
    assert len(outbox.outbox) == 1


# --- e-mailed ----------------------------------------------------------------------------------------------------


def test_one_email_tells_everything_that_a_rule_saw_with_a_link_each() -> None:
    history, rule, member = watched()
    evaluate()
    assert send() == 1 and send() == 0
    (message,) = outbox.outbox
    slug = history.workspace.slug
    assert message.to == [member.user.email]
    assert message.subject == f"{history.workspace.name}: {rule.name} (2 alerts)"
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    for alert in Alert.objects.for_workspace(history.workspace):
        assert alert.emailed_at is not None
        assert alert.words in message.body
        assert f"https://citescope.example.com/w/{slug}/?from=2026-11-14" in message.body
    assert f"/w/{slug}/alerts/rules/{rule.pk}/off/" in message.body and f"rules/{rule.pk}/off/" in html
    assert html.count("Look at it") == 2


def test_without_a_mail_server_alerts_stand_in_the_product_alone(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    watched()
    assert evaluate() == 2 and written() == [] and not mailing.has_work() and send() == 0


@pytest.mark.parametrize(
    "error", [smtplib.SMTPResponseException(451, b"try later"), smtplib.SMTPSenderRefused(550, b"who?", "me")]
)
def test_a_refusal_is_tried_again_a_few_times_and_then_said(server: type[Server], error: Exception) -> None:
    watched()
    evaluate()
    now = timezone.now()
    for _ in range(Mail.MAX_TRIES - 1):
        server.answers = [error]
        assert send(now) == 0
        (row,) = written()
        assert row.status == MailStatus.WAITING and not row.unsure and "did not take it" in row.error
        assert send(now) == 0, "not before its time"
        now = row.next_try_at
    server.answers = [error]
    send(now)
    (row,) = written()
    assert (row.status, row.tries) == (MailStatus.FAILED, Mail.MAX_TRIES)
    assert send(now + timedelta(days=2)) == 0 and outbox.outbox == []
    assert queries.troubles(row.workspace) == [row]


def test_a_server_that_is_down_for_a_while_delays_an_email_and_loses_none(server: type[Server]) -> None:
    watched()
    evaluate()
    server.refuses_connections = ConnectionRefusedError("nobody listens")
    send()
    (row,) = written()
    assert row.status == MailStatus.WAITING and not row.unsure and "nobody listens" in row.error
    server.refuses_connections = None
    assert send(row.next_try_at) == 1
    (row,) = written()
    assert row.status == MailStatus.SENT and row.error == "" and queries.troubles(row.workspace) == []


def test_a_mailbox_that_is_refused_for_good_is_not_tried_again(server: type[Server]) -> None:
    watched()
    evaluate()
    server.answers = [smtplib.SMTPRecipientsRefused({"gone@example.com": (550, b"no such user")})]
    send()
    (row,) = written()
    assert row.status == MailStatus.FAILED and "no such user" in row.error


def test_where_nobody_knows_whether_it_went_out_it_is_sent_once_more_and_never_a_third_time(
    server: type[Server],
) -> None:
    watched()
    evaluate()
    for hours, status in enumerate((MailStatus.WAITING, MailStatus.UNKNOWN)):
        server.answers = [smtplib.SMTPServerDisconnected("connection lost")]
        send(timezone.now() + timedelta(hours=hours))
        assert [row.status for row in written()] == [status]
    assert send(timezone.now() + timedelta(days=1)) == 0


def test_a_worker_that_dies_while_sending_leaves_one_more_try_and_the_second_death_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched()
    evaluate()

    def dies(*_: Any) -> Any:
        raise SystemExit

    for status in (MailStatus.WAITING, MailStatus.UNKNOWN):
        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(mailing, "_try", dies)
            send(timezone.now() + timedelta(hours=1))
        assert send() == 0, "its lease still holds"
        later = timezone.now() + mailing.LEASE + timedelta(seconds=1)
        assert mailing.has_work(now=later)
        mailing.recover(now=later)
        assert [row.status for row in written()] == [status]


def test_the_second_try_of_an_unsure_email_bears_the_same_message_id(server: type[Server]) -> None:
    watched()
    evaluate()
    ids = []

    class Losing(Server):
        def send_messages(self, messages: Any) -> int:
            ids.append(messages[0].message()["Message-ID"])
            raise TimeoutError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.services.delivery.get_connection", lambda **_: Losing())
        send()
    send(timezone.now() + timedelta(hours=1))
    assert [message.message()["Message-ID"] for message in outbox.outbox] == ids


# --- digests -----------------------------------------------------------------------------------------------------


def with_digest(digest: Digest, *, zone: str = "Europe/Berlin") -> tuple[History, Membership]:
    history, _, member = watched(recipients=[])
    Workspace.objects.filter(pk=history.workspace.pk).update(time_zone=zone)
    alert_rules.set_digest(membership=member, digest=digest, hour=8)
    Membership.objects.for_workspace(history.workspace).update(digest_from=NOW - timedelta(days=20))
    return history, member


def happened(history: History, at: datetime) -> None:
    evaluate()
    Alert.objects.for_workspace(history.workspace).update(created_at=at)


def test_a_daily_digest_comes_at_its_hour_with_the_alerts_since_the_last_one() -> None:
    history, _ = with_digest(Digest.DAILY)
    happened(history, NOW)
    tomorrow = NOW.replace(hour=7) + timedelta(days=1)  # eight o'clock in Berlin
    assert send(tomorrow - timedelta(minutes=1)) == 0
    assert send(tomorrow) == 1 and send(tomorrow + timedelta(hours=2)) == 0
    (message,) = outbox.outbox
    assert message.subject == f"{history.workspace.name}: 2 alerts"
    assert "from 20 Nov 2026, 08:00 CET to 21 Nov 2026, 08:00 CET" in message.body
    assert (
        "Which rates changed by more than noise over seven days, all prompts together:\n- Fernwood is named in"
        in message.body
    )
    assert message.body.count("is named") >= 2
    assert send(tomorrow + timedelta(days=1)) == 0, "nothing happened since"
    assert [row.status for row in written()][-1] == MailStatus.EMPTY


def test_a_weekly_digest_comes_on_monday_for_changes_alone_too() -> None:
    history, _ = with_digest(Digest.WEEKLY, zone="UTC")
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert send(monday - timedelta(seconds=1)) == 0
    assert send(monday) == 1 and send(monday + timedelta(days=3)) == 0
    (message,) = outbox.outbox
    assert message.subject == f"{history.workspace.name}: what changed" and "No alerts." in message.body


def test_after_days_without_a_worker_only_the_latest_digest_comes_and_none_from_before_it_was_wanted() -> None:
    history, member = with_digest(Digest.DAILY, zone="UTC")
    happened(history, NOW)
    assert send(NOW + timedelta(days=9)) == 0
    assert len([row for row in written() if row.since]) == 1
    alert_rules.set_digest(membership=member, digest=Digest.DAILY, hour=0)
    assert mailing.plan_digests(now=timezone.now()) == 0


def test_whose_account_is_closed_gets_not_even_what_was_planned() -> None:
    _, _, member = watched()
    evaluate()
    User.objects.filter(pk=member.user_id).update(is_active=False)
    assert send() == 0 and outbox.outbox == []
    assert [row.status for row in written()] == ["empty"]


def test_who_leaves_the_workspace_gets_nothing_more() -> None:
    history, _, member = watched()
    make_member(history.workspace)
    evaluate()
    workspaces.remove_member(membership=member)
    assert send() == 0 and written() == []
    assert User.objects.filter(pk=member.user_id).exists()
    workspaces.delete(workspace=history.workspace)
    assert not Alert.objects.unscoped().exists()
