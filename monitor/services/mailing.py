"""E-mails about alerts, and digests: planned as rows, claimed under a lease, sent by Django's mail backend.

A refusal is tried again at growing distances, a few times. Where a try ends without the server's word (a connection
lost, a worker killed), nobody knows whether the e-mail went out: it is sent once more, under the same Message-ID by
which mailboxes drop a double, and never a third time. One e-mail too many is less harm than an alert that nobody got.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from monitor.models import Alert, Digest, Mail, MailKind, MailStatus, Membership, Workspace
from monitor.services import rollups
from monitor.services.delivery import NO_WORD, End, deliver

#: (workspace, until) -> what changed before that moment, a sentence each.
Changes = Callable[[Workspace, datetime], list[str]]

LEASE = timedelta(minutes=5)
WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4))
MOST_A_TURN = 100
ALERTS_LISTED = 50


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


def work(*, changes: Changes, now: datetime | None = None) -> int:
    """Plan the digests that are due, take back what was lost, and send what waits; how many were sent."""
    if not settings.EMAIL_HOST:
        return 0
    at = now or timezone.now()
    plan_digests(now=at)
    recover(now=at)
    sent = 0
    for _ in range(MOST_A_TURN):
        mail = _claim(at)
        if mail is None:
            break
        sent += _send(mail, changes, at)
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
    members = Membership.objects.for_workspace(mail.workspace_id).select_related("user", "workspace")
    mail.membership = members.get(pk=mail.membership_id)
    return mail


def _send(mail: Mail, changes: Changes, now: datetime) -> int:
    """Send it and write down how that ended; 1 for what was sent."""
    message = _message(mail, changes) if mail.membership.user.is_active else None
    outcome = Outcome(MailStatus.EMPTY) if message is None else _try(message, mail)
    _store(mail, outcome, now)
    return int(outcome.status == MailStatus.SENT)


def _try(message: EmailMultiAlternatives, mail: Mail) -> Outcome:
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


# --- what they say ---------------------------------------------------------------------------------------------------


def _message(mail: Mail, changes: Changes) -> EmailMultiAlternatives | None:
    """None where there is nothing to say."""
    workspace, user = mail.membership.workspace, mail.membership.user
    alerts, listed = _alerts(mail), []
    if mail.kind == MailKind.DIGEST:
        listed = changes(workspace, mail.until or mail.created_at)
        # the changes of a week would be the same every morning: alone they are worth an e-mail once a week
        if not alerts and (mail.membership.digest == Digest.DAILY or not listed):
            return None
    elif not alerts:
        return None
    context = {
        "workspace": workspace,
        "is_digest": mail.kind == MailKind.DIGEST,
        "alerts": [(alert, _link(alert.address(workspace.slug))) for alert in alerts[:ALERTS_LISTED]],
        "more": max(0, len(alerts) - ALERTS_LISTED),
        "changes": listed,
        "rule": alerts[0].rule if mail.kind == MailKind.ALERTS else None,
        "all_link": _link(reverse("alerts", args=[workspace.slug])),
        "off_link": _link(reverse("alert_rule_off", args=[workspace.slug, alerts[0].rule_id])) if alerts else "",
        "digest_link": _link(reverse("alert_rules", args=[workspace.slug]) + "#digest"),
        "since": mail.since,
        "until": mail.until,
    }
    with timezone.override(workspace.zone):
        text, html = (render_to_string(f"email/alerts.{kind}", context) for kind in ("txt", "html"))
    message = EmailMultiAlternatives(
        _subject(mail, alerts), text, None, [user.email], headers={"Message-ID": _id(mail)}
    )
    message.attach_alternative(html, "text/html")
    return message


def _alerts(mail: Mail) -> list[Alert]:
    rows = Alert.objects.for_workspace(mail.workspace_id).select_related("rule").order_by("-pk")
    if mail.kind == MailKind.ALERTS:
        return list(rows.filter(pk__in=mail.alerts))
    return list(rows.filter(created_at__gt=mail.since, created_at__lte=mail.until))


def _subject(mail: Mail, alerts: list[Alert]) -> str:
    where = " ".join(mail.membership.workspace.name.split())
    if mail.kind == MailKind.DIGEST:
        return f"{where}: {len(alerts)} alert{'' if len(alerts) == 1 else 's'}" if alerts else f"{where}: what changed"
    more = f" ({len(alerts)} alerts)" if len(alerts) > 1 else ""
    return f"{where}: {' '.join(alerts[0].rule.name.split())}{more}"


def _link(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _id(mail: Mail) -> str:
    """The same at every try of an e-mail, and no other's."""
    word = hashlib.sha256(f"{settings.SECRET_KEY} mail {mail.pk}".encode()).hexdigest()[:24]
    return f"<{word}@citescope>"


# --- when digests are due --------------------------------------------------------------------------------------------


def _digests_due(now: datetime) -> list[tuple[Membership, datetime, datetime]]:
    """Members whose latest digest is not planned yet, with the moments that it reaches from and to.

    Where runs are still to be counted it waits: what changed is not known before.
    """
    wanted = Membership.objects.unscoped().exclude(digest=Digest.NONE).filter(user__is_active=True)
    wanted = wanted.exclude(workspace__in=rollups.uncounted().values("workspace"))
    listed = [(member, *_latest(member, now)) for member in wanted.select_related("workspace").order_by("pk")]
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
