"""Raw payloads go once their workspace's time of keeping is over; what was read from them, and every figure, stays.

What is gone cannot be read again: when history is, the sources of such an answer stay as they were read before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from monitor.models import Body, Response, ResponseStatus, Workspace
from monitor.services.errors import Problem
from monitor.services.locks import alone, hold_workspaces

#: The least and the most days that payloads may be kept for, where they do not stay.
LEAST_DAYS, MOST_DAYS = 7, 3650
#: Attempts whose payloads go in one transaction.
BATCH = 1000
_LOCK = 1_128_481_114


def keep_for(*, workspace: Workspace, days: int | None) -> None:
    """Keep payloads for so many days, None: for good. Raises Problem."""
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise Problem(f"Keep raw payloads for {LEAST_DAYS} to {MOST_DAYS:,} days, or for good.")
    Workspace.objects.filter(pk=workspace.pk).update(body_retention_days=days)
    workspace.body_retention_days = days


def overdue(*, workspace: Workspace, days: int, now: datetime | None = None) -> int:
    """How many raw payloads are older than so many days."""
    return _older(workspace, days, now or timezone.now()).count()


def answered(*, workspace: Workspace, kept: bool) -> QuerySet[Response]:
    """The answers whose raw payload is kept, or those that have none any more."""
    payload = Exists(Body.objects.unscoped().filter(attempt__response=OuterRef("pk")))
    found = Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED)
    return found.filter(payload) if kept else found.exclude(payload)


def has_work(*, now: datetime | None = None) -> bool:
    """Whether a payload's time is over."""
    now = now or timezone.now()
    return any(_older(workspace, days, now).exists() for workspace, days in _limited())


def work(*, now: datetime | None = None, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Delete what is overdue, in batches; how many payloads. Nothing where another worker does it."""
    now = now or timezone.now()
    gone = 0
    with alone(_LOCK) as is_alone:
        for workspace, days in _limited() if is_alone else ():
            while keep_going() and (deleted := _delete_batch(workspace, days, now)):
                gone += deleted
    return gone


def _limited() -> list[tuple[Workspace, int]]:
    rows = Workspace.objects.exclude(body_retention_days=None)
    return [(row, row.body_retention_days) for row in rows if row.body_retention_days is not None]


def _older(workspace: Workspace, days: int, now: datetime) -> QuerySet[Body]:
    return Body.objects.for_workspace(workspace).filter(created_at__lt=now - timedelta(days=days))


def _delete_batch(workspace: Workspace, days: int, now: datetime) -> int:
    """All payloads of some attempts at once: half an answer's payloads would be read as another answer."""
    with transaction.atomic():
        hold_workspaces([workspace.pk])
        oldest = _older(workspace, days, now).order_by("created_at").values_list("attempt_id", flat=True)[:BATCH]
        deleted, _ = Body.objects.for_workspace(workspace).filter(attempt__in=list(oldest)).delete()
    return deleted
