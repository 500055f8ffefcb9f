"""The one place that sends e-mail: rows are claimed under a lease, handed to the mail server, and what it said kept.

A refusal is tried again at growing distances, a few times. Where a try ends without the server's word (a connection
lost, a worker killed), nobody knows whether the e-mail went out: it is sent once more, under the same Message-ID by
which mailboxes drop a double, and never a third time. One e-mail too many is less harm than an alert that nobody got.
What an e-mail says is handed in as `write`; digests, which have an hour and no other cause, are planned here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from monitor.models import Alert, Digest, Mail, MailKind, MailStatus, Membership
from monitor.services import rollups
from monitor.services.delivery import NO_WORD, End, deliver
from monitor.services.errors import Problem

#: The message of a row, None where there is nothing to say. Problem, with its words, where it may not go any more.
Write = Callable[[Mail], EmailMessage | None]

LEASE = timedelta(minutes=5)
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
MOST_A_TURN = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended: with the new status, and what went wrong in words."""

    status: MailStatus
    error: str = ""
    unsure: bool = False


def has_work(*, now: datetime | None = None) -> bool:
    """Whether an e-mail is due, a lease has ended, or a digest's hour has come."""
    if not settings.EMAIL_HOST:
        return False
    now = now or timezone.now()
    rows = Mail.objects.unscoped()
    due = rows.filter(status=MailStatus.WAITING, next_try_at__lte=now)
    lost = rows.filter(status=MailStatus.SENDING, lease_until__lt=now)
    return due.exists() or lost.exists() or bool(_digests_due(now))


def work(*, write: Write, now: datetime | None = None, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Plan the digests that are due, take back what was lost, and send what waits; how many were sent."""
    if not settings.EMAIL_HOST:
        return 0
    at = now or timezone.now()
    plan_digests(now=at)
    recover(now=at)
    sent = 0
    for _ in range(MOST_A_TURN):
        mail = _claim(at) if keep_going() else None
        if mail is None:
            break
        outcome = _try(mail, write)
        _store(mail, outcome, at)
        sent += outcome.status == MailStatus.SENT
    return sent


def plan_digests(*, now: datetime) -> int:
    """A row for every digest whose hour has come; of those missed while nothing ran, only the latest. How many."""
    planned = 0
    for membership, since, until in _digests_due(now):
        _, made = Mail.objects.for_workspace(membership.workspace_id).get_or_create(
            membership=membership,
            key=_digest_key(membership, until),
            defaults={
                "workspace_id": membership.workspace_id,
                "address": membership.user.email,
                "kind": MailKind.DIGEST,
                "since": since,
                "until": until,
                "next_try_at": now,
            },
        )
        planned += made
    return planned


def recover(*, now: datetime) -> int:
    """E-mails whose worker did not come back: nobody knows whether they went out. How many."""
    lost = Mail.objects.unscoped().filter(status=MailStatus.SENDING, lease_until__lt=now)
    given_up = lost.filter(unsure=True).update(status=MailStatus.UNKNOWN, error=NO_WORD, lease_until=None)
    again = lost.filter(unsure=False)
    return given_up + again.update(
        status=MailStatus.WAITING, unsure=True, error=NO_WORD, next_try_at=now, lease_until=None
    )


# --- sending ---------------------------------------------------------------------------------------------------------


def _claim(now: datetime) -> Mail | None:
    """The next e-mail that is due, committed as being sent before anything leaves."""
    with transaction.atomic():
        due = Mail.objects.unscoped().filter(status=MailStatus.WAITING, next_try_at__lte=now).order_by("pk")
        mail = due.select_for_update(skip_locked=True).first()
        if mail is None:
            return None
        mail.status, mail.tries, mail.lease_until = MailStatus.SENDING, mail.tries + 1, timezone.now() + LEASE
        mail.save(update_fields=["status", "tries", "lease_until"])
    return mail


def _try(mail: Mail, write: Write) -> Outcome:
    try:
        message = write(mail)
    except Problem as problem:
        return Outcome(MailStatus.FAILED, str(problem))
    if message is None:
        return Outcome(MailStatus.EMPTY)
    message.to, message.extra_headers["Message-ID"] = [mail.address], mail.message_id
    heard = deliver(message)
    match heard.end:
        case End.TAKEN:
            return Outcome(MailStatus.SENT)
        case End.UNHEARD if not mail.unsure:
            return Outcome(MailStatus.WAITING, heard.words, unsure=True)
        case End.UNHEARD:
            return Outcome(MailStatus.UNKNOWN, heard.words)
        case End.REFUSED if mail.tries < Mail.MAX_TRIES:
            return Outcome(MailStatus.WAITING, heard.words)
    return Outcome(MailStatus.FAILED, heard.words)


def _store(mail: Mail, outcome: Outcome, now: datetime) -> None:
    """Fenced on the try: one that lost its lease says nothing any more."""
    wait = WAITS[min(mail.tries, len(WAITS)) - 1]
    sent = outcome.status == MailStatus.SENT
    with transaction.atomic():
        held = Mail.objects.for_workspace(mail.workspace_id).filter(
            pk=mail.pk, status=MailStatus.SENDING, tries=mail.tries
        )
        held.update(
            status=outcome.status,
            error=outcome.error,
            unsure=mail.unsure or outcome.unsure,
            next_try_at=now + wait,
            lease_until=None,
            sent_at=timezone.now() if sent else None,
        )
        if sent:
            told = Alert.objects.for_workspace(mail.workspace_id).filter(pk__in=mail.alerts, emailed_at=None)
            told.update(emailed_at=timezone.now())


# --- when digests are due --------------------------------------------------------------------------------------------


def _digests_due(now: datetime) -> list[tuple[Membership, datetime, datetime]]:
    """Members whose latest digest is not planned yet, with the moments that it reaches from and to.

    Where runs are still to be counted it waits: what changed is not known before.
    """
    wanted = Membership.objects.unscoped().exclude(digest=Digest.NONE).filter(user__is_active=True)
    wanted = wanted.exclude(workspace__in=rollups.uncounted().values("workspace"))
    listed = [(member, *_latest(member, now)) for member in wanted.select_related("workspace", "user").order_by("pk")]
    listed = [each for each in listed if each[0].digest_from is None or each[2] > each[0].digest_from]
    rows = Mail.objects.unscoped().filter(kind=MailKind.DIGEST, membership__in=[member for member, *_ in listed])
    known = set(rows.filter(until__gte=now - timedelta(days=8)).values_list("membership", "key"))
    return [each for each in listed if (each[0].pk, _digest_key(each[0], each[2])) not in known]


def _latest(member: Membership, now: datetime) -> tuple[datetime, datetime]:
    """The period of the latest digest: from the one before it to its own hour, on the workspace's clock."""
    zone, step = member.workspace.zone, timedelta(days=7 if member.digest == Digest.WEEKLY else 1)
    today = now.astimezone(zone).date()
    day = today - timedelta(days=today.weekday()) if member.digest == Digest.WEEKLY else today
    if datetime.combine(day, time(member.digest_hour), tzinfo=zone) > now:
        day -= step
    since, until = (datetime.combine(each, time(member.digest_hour), tzinfo=zone) for each in (day - step, day))
    return since, until


def _digest_key(member: Membership, until: datetime) -> str:
    return f"digest {member.digest} {until.astimezone(member.workspace.zone).date()}"
