"""What a crash left, put right: spooled answers first, then leases that ended, then runs and their counts.

Every function may be delivered twice, cut short, or run beside itself. Moves responses through the ledger alone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from inference.answer import Answer, AssistantError, RawBody
from monitor import assistants
from monitor.models import Attempt, AttemptStatus, Response, ResponseStatus, RunStatus
from monitor.services import budgets, deltas, ledger, rollups, spool

log = logging.getLogger(__name__)


def sweep() -> None:
    """Put right whatever a crash left: spooled answers first, then leases, then runs."""
    recover_spool()
    expire_leases()
    budgets.settle_ended()
    cancel_leftovers()
    deltas.sweep()
    ledger.finish_runs()
    roll_up_finished()


def recover_spool() -> int:
    """Store what dead workers left in the spool; the number of responses moved."""
    moved = 0
    for path, records in spool.abandoned():
        try:
            moved += _recover(records)
        except (DataError, IntegrityError, LookupError, TypeError, ValueError):
            # One file that cannot be stored must not stop everything else; it is kept for a person to look at.
            log.exception("The spool file %s cannot be stored; it is kept as %s.bad.", path, path.name)
            path.rename(path.with_name(path.name + ".bad"))
            continue
        path.unlink(missing_ok=True)
    return moved


def _recover(records: Sequence[spool.Record]) -> int:
    by_lease: dict[tuple[int, int], list[spool.Record]] = defaultdict(list)
    for record in records:
        by_lease[(record.response_id, record.lease)].append(record)
    known = dict(
        Response.objects.unscoped()
        .filter(pk__in={response_id for response_id, _ in by_lease})
        .values_list("pk", "assistant")
    )
    return ledger.store(
        [
            ledger.Finished(
                response_id,
                lease,
                tuple(record.body for record in group),
                _read_back(known[response_id], [record.body for record in group]),
                group[-1].latency_ms,
            )
            for (response_id, lease), group in by_lease.items()
            if response_id in known
        ]
    )


def _read_back(assistant: str, bodies: Sequence[RawBody]) -> Answer | AssistantError:
    try:
        return assistants.parse(assistant, *bodies)
    except AssistantError as error:
        return error
    except KeyError:
        return AssistantError("malformed", f"The assistant {assistant} is not installed here to read its answer.")


def expire_leases() -> int:
    """Responses whose worker did not come back in time: asked again where that is free or allowed."""
    with transaction.atomic():
        rows = list(
            Response.objects.unscoped()
            .select_for_update(skip_locked=True)
            .filter(status=ResponseStatus.SENDING, lease_until__lt=timezone.now())
            .order_by("pk")[:1000]
        )
        lost = AssistantError("unknown", "Sent, and no answer came back before the lease ended.", permanent=False)
        held = {(row.pk, row.lease) for row in rows}
        attempts = [
            attempt
            for attempt in Attempt.objects.unscoped().filter(response__in=rows, status=AttemptStatus.SENT)
            if (attempt.response_id, attempt.lease) in held
        ]
        for attempt in attempts:
            ledger.end_attempt(attempt, lost)
        for row in rows:
            ledger.plan_retry(row, lost)
        ledger.write_attempts(attempts)
        ledger.write_responses(rows)
    ledger.finish_runs({row.run_id for row in rows})
    return len(rows)


def cancel_leftovers() -> int:
    """What came back to be asked again after its run was cancelled is not."""
    waiting = Response.objects.unscoped().filter(status=ResponseStatus.PENDING, run__status=RunStatus.CANCELLED)
    return waiting.update(status=ResponseStatus.CANCELLED)


def roll_up_finished() -> int:
    """Count every ended run that was not counted yet, the newest first; safe to run beside itself."""
    counted = 0
    for run in rollups.uncounted().order_by("-pk"):
        rollups.roll_up(run=run)
        counted += 1
    return counted


def queues_with_work() -> list[str]:
    """Queues that have a response due now, of a run that is not paused."""
    return sorted(
        Response.objects.unscoped()
        .filter(status=ResponseStatus.PENDING, run__status=RunStatus.RUNNING)
        .exclude(next_try_at__gt=timezone.now())
        .values_list("queue", flat=True)
        .distinct()
    )
