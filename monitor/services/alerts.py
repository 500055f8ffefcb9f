"""Evaluates rules in the background and writes down what they tell, each thing once.

How a rule is seen through comes in as `find`: it reads the ledger's counts. A rule about answers is looked at when the
counts have become others, one about silence or money every few minutes. Everything may be delivered twice, or run
beside itself: an alert is written under its rule's lock, and once for its subject and day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Count, Exists, Max, OuterRef
from django.utils import timezone

from monitor.firings import Firing, latest_news
from monitor.models import (
    Alert,
    AlertKind,
    AlertRecipient,
    AlertRule,
    Mail,
    MailKind,
    Mention,
    Pointers,
    Run,
    RunStatus,
    Workspace,
)
from monitor.services import rollups
from monitor.services.locks import alone

log = logging.getLogger(__name__)

#: (rule, now, days) -> all that the rule sees as of each of the last days.
Find = Callable[[AlertRule, datetime, int], list[Firing]]

#: Days looked back at each time: a run counts on the day that it was due, and may end on the next.
DAYS_BACK = 3
EVERY = timedelta(minutes=5)
_LOCK = 1_128_481_113
_BY_CLOCK = (AlertKind.SILENCE, AlertKind.BUDGET)


def has_work(*, now: datetime | None = None) -> bool:
    return bool(_due(now or timezone.now()))


def evaluate_due(*, find: Find, now: datetime | None = None) -> int:
    """Evaluate every rule that is due; how many alerts that made. Nothing where another worker does it."""
    now = now or timezone.now()
    made = 0
    with alone(_LOCK) as is_alone:
        for rule, state in _due(now) if is_alone else ():
            made += evaluate(rule=rule, find=find, now=now, state=state)
    return made


def evaluate(*, rule: AlertRule, find: Find, now: datetime, state: str = "", days: int = DAYS_BACK) -> int:
    """Write down what the rule tells that is news; how many alerts. A rule that breaks holds up no other."""
    try:
        seen = find(rule, now, days)
    except (ArithmeticError, DatabaseError, LookupError, TypeError, ValueError):
        log.exception("The rule %s cannot be evaluated; it is passed over until something changes.", rule.pk)
        seen = []
    with transaction.atomic():
        rows = AlertRule.objects.for_workspace(rule.workspace_id).select_for_update(of=("self",))
        locked = rows.filter(pk=rule.pk, revision=rule.revision, is_on=True, archived_at=None).first()
        if locked is None:
            return 0  # it was changed meanwhile: what was seen is not what it watches now
        alerts = _write(rule, latest_news(seen, _told(rule, seen)))
        _mail(rule, alerts, now)
        rows.filter(pk=rule.pk).update(evaluated_at=now, evaluated=state)
    return len(alerts)


# --- seen ------------------------------------------------------------------------------------------------------------


def mark_seen(*, workspace: Workspace, ids: Sequence[int] | None = None) -> tuple[int, datetime]:
    """Mark these alerts, or all of them, as seen by the team; how many, and the moment by which `unmark` finds them."""
    now = timezone.now()
    rows = Alert.objects.for_workspace(workspace).filter(seen_at=None)
    return (rows if ids is None else rows.filter(pk__in=ids)).update(seen_at=now), now


def unmark(*, workspace: Workspace, seen_at: datetime) -> int:
    """Take back what was marked as seen at that moment."""
    return Alert.objects.for_workspace(workspace).filter(seen_at=seen_at).update(seen_at=None)


# --- inside ----------------------------------------------------------------------------------------------------------


def _due(now: datetime) -> list[tuple[AlertRule, str]]:
    """The rules to look at, each with what the ledger holds for it; a fixed number of queries."""
    active = AlertRule.objects.unscoped().filter(is_on=True, archived_at=None)
    rules = list(active.select_related("workspace", "brand", "panel").order_by("pk"))
    by_clock = [rule for rule in rules if rule.kind in _BY_CLOCK]
    found = [(rule, "") for rule in by_clock if rule.evaluated_at is None or rule.evaluated_at <= now - EVERY]
    by_counts = [rule for rule in rules if rule.kind not in _BY_CLOCK]
    if by_counts:
        states = _states({rule.workspace_id for rule in by_counts})
        waiting = _waiting({rule.workspace_id for rule in by_counts if rule.kind == AlertKind.SENTIMENT})
        found += [
            (rule, state)
            for rule in by_counts
            if (state := states.get(rule.workspace_id, ""))
            and (rule.evaluated_at is None or rule.evaluated != state)
            and not (rule.kind == AlertKind.SENTIMENT and rule.workspace_id in waiting)
        ]
    return found


def _states(workspaces: set[int]) -> dict[int, str]:
    """What each workspace's counts are made of, as a word that changes with them; none while a run is uncounted."""
    runs = Run.objects.unscoped().filter(workspace__in=workspaces, rolled_up_at__isnull=False).order_by()
    runs = runs.exclude(workspace__in=rollups.uncounted().values("workspace"))
    counted = runs.values("workspace").annotate(number=Count("pk"), latest=Max("rolled_up_at"))
    readings = dict(Pointers.objects.filter(workspace__in=workspaces).values_list("workspace", "extraction"))
    return {
        row["workspace"]: f"{readings.get(row['workspace'])} {row['number']} {row['latest'].isoformat()}"
        for row in counted
    }


def _waiting(workspaces: set[int]) -> set[int]:
    """Workspaces with mentions that are still to be judged."""
    unjudged = Mention.objects.unscoped().filter(
        extraction=OuterRef("extraction"), judge=0, response__run__status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED)
    )
    rows = Pointers.objects.filter(Exists(unjudged.order_by()), workspace__in=workspaces)
    return set(rows.values_list("workspace", flat=True))


def _told(rule: AlertRule, seen: Sequence[Firing]) -> dict[str, date]:
    """The last day of what the rule told of each of these subjects."""
    rows = Alert.objects.for_workspace(rule.workspace_id).filter(rule=rule, subject__in={each.subject for each in seen})
    return dict(rows.order_by().values_list("subject").annotate(last=Max("ends_on")))


def _write(rule: AlertRule, fresh: Sequence[Firing]) -> list[Alert]:
    return Alert.objects.bulk_create(
        Alert(
            workspace_id=rule.workspace_id,
            rule=rule,
            subject=firing.subject,
            starts_on=firing.start,
            ends_on=firing.end,
            words=firing.words,
            figures=dict(firing.figures),
            good=firing.good,
            page=firing.page,
            about=firing.about,
            query=firing.query,
        )
        for firing in fresh
    )


def _mail(rule: AlertRule, alerts: Sequence[Alert], now: datetime) -> None:
    """An e-mail about them to everybody whom the rule writes to, where there is a mail server."""
    if not alerts or not settings.EMAIL_HOST:
        return
    people = AlertRecipient.objects.for_workspace(rule.workspace_id).filter(rule=rule, membership__user__is_active=True)
    Mail.objects.bulk_create(
        Mail(
            workspace_id=rule.workspace_id,
            address=address,
            membership_id=membership,
            kind=MailKind.ALERTS,
            key=f"alert {alerts[0].pk}",
            alerts=[alert.pk for alert in alerts],
            next_try_at=now,
        )
        for membership, address in people.values_list("membership", "membership__user__email")
    )
