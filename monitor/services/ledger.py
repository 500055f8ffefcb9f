"""The ledger's moves: claim under a lease, commit the attempt, ask, spool, and store behind the fence.

PostgreSQL is the queue of record. Every function here may be delivered twice, cut short, or run beside itself: a
response is answered once because only the holder of its present lease can move it. Knows no assistant's ways.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

import zstandard
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from inference.answer import Answer, AssistantError, Question, RawBody
from monitor import assistants
from monitor.celery import MODEL_QUEUES
from monitor.fulltext import search_text
from monitor.models import (
    OPEN,
    Attempt,
    AttemptStatus,
    Body,
    IndexGeneration,
    Mention,
    Response,
    ResponseSource,
    ResponseStatus,
    Run,
    RunStatus,
)
from monitor.services import indexes, nudge, reading, rollups, spool

log = logging.getLogger(__name__)

CLAIM_SIZE = 64
STORE_SIZE = 64
STORE_SECONDS = 0.5
BACKOFF_SECONDS = (5, 30, 120, 600, 1800)
#: Queues whose answers cost nothing: what was sent and never came back is simply asked again.
FREE_QUEUES = MODEL_QUEUES


@dataclass(frozen=True, slots=True)
class Claim:
    """A response that this worker may ask, as long as `lease` is its lease."""

    response_id: int
    workspace_id: int
    lease: int
    prompt_text: str
    assistant: str
    model: str
    options: dict[str, Any]
    seed: int
    generation_id: int | None

    def question(self) -> Question:
        return Question(
            text=self.prompt_text,
            model=self.model or None,
            seed=self.seed,
            temperature=self.options.get("temperature"),
            options=self.options,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """What came back for one lease: the bodies as they came, and what they were read as."""

    response_id: int
    lease: int
    bodies: tuple[RawBody, ...]
    result: Answer | AssistantError
    latency_ms: int


_CLAIM = """
WITH picked AS (
    SELECT w.id FROM monitor_response w JOIN monitor_run u ON u.id = w.run_id AND u.status = 'running'
    WHERE w.status = 'pending' AND w.queue = ANY(%(queues)s) AND (w.next_try_at IS NULL OR w.next_try_at <= now())
      AND (%(run)s::bigint IS NULL OR w.run_id = %(run)s)
    ORDER BY array_position(%(queues)s::text[], w.queue::text), w.id
    FOR UPDATE OF w SKIP LOCKED LIMIT %(limit)s
)
UPDATE monitor_response r
SET status = 'sending', lease = r.lease + 1, tries = r.tries + 1,
    lease_until = now() + make_interval(secs => %(lease_for)s)
FROM picked, monitor_run
WHERE r.id = picked.id AND monitor_run.id = r.run_id
RETURNING r.id, r.workspace_id, r.lease, r.prompt_text, r.assistant, r.model, r.options, r.seed,
    monitor_run.generation_id
"""


def claim(*, queues: Sequence[str], limit: int = CLAIM_SIZE, run: Run | None = None) -> list[Claim]:
    """Take up to `limit` waiting responses, the first queue's first, and commit an attempt for each."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                _CLAIM,
                {
                    "queues": list(queues),
                    "run": run.pk if run else None,
                    "limit": limit,
                    "lease_for": settings.LEASE_SECONDS,
                },
            )
            names = [column.name for column in cursor.description]
            claims = [_claim(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
        now = timezone.now()
        Attempt.objects.bulk_create(
            Attempt(workspace_id=c.workspace_id, response_id=c.response_id, lease=c.lease, sent_at=now) for c in claims
        )
    return sorted(claims, key=lambda c: c.response_id)


def warm_up(*, queues: Sequence[str]) -> None:
    """Load the model before anything is claimed: loading takes seconds, and a lease runs from its claim."""
    if set(queues) & set(MODEL_QUEUES):
        assistants.embedder()


def _claim(row: dict[str, Any]) -> Claim:
    """Django hands JSON of raw queries over as text."""
    return Claim(response_id=row.pop("id"), **{**row, "options": json.loads(row["options"])})


def work(*, queues: Sequence[str], run: Run | None = None, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Answer what is due on these queues until nothing is; the number of responses stored.

    Raises OperationalError when the database goes away; what was answered by then lies in the spool.
    """
    stored = 0
    while keep_going() and (claims := claim(queues=queues, run=run)):
        claims.sort(key=lambda c: (c.assistant, c.model, c.generation_id or 0))
        for _, group in groupby(claims, key=lambda c: (c.assistant, c.model, c.generation_id)):
            stored += _ask(list(group))
            _renew(claims)  # of those answered by now it renews nothing
    return stored


def _ask(claims: list[Claim]) -> int:
    """Ask one assistant all of a group's questions, and store answers as they come."""
    try:
        assistant = assistants.build(claims[0].assistant, index_folder=_index_folder(claims[0].generation_id))
    except (KeyError, ValueError) as error:
        refusal = AssistantError("invalid_request", f"{claims[0].assistant} cannot be asked: {error}")
        return store([Finished(c.response_id, c.lease, (), refusal, 0) for c in claims])
    started = last_stored = time.monotonic()
    bodies: dict[int, list[RawBody]] = defaultdict(list)
    waiting: list[Finished] = []
    open_indexes = set(range(len(claims)))
    stored = 0

    with spool.BatchSpool() as batch:

        def keep(index: int, body: RawBody) -> None:
            claimed = claims[index]
            batch.append(spool.Record(claimed.response_id, claimed.lease, elapsed_ms(started), body))
            bodies[index].append(body)

        def finish(index: int, result: Answer | AssistantError) -> None:
            open_indexes.discard(index)
            claimed = claims[index]
            waiting.append(
                Finished(
                    claimed.response_id,
                    claimed.lease,
                    tuple(bodies.pop(index, ())),
                    result,
                    elapsed_ms(started),
                )
            )

        try:
            for index, result in assistant.answer_many([c.question() for c in claims], keep):
                finish(index, result)
                if len(waiting) >= STORE_SIZE or time.monotonic() - last_stored > STORE_SECONDS:
                    stored += store(waiting)
                    waiting.clear()
                    last_stored = time.monotonic()
                    _renew([claims[i] for i in open_indexes])
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            # A fault of the assistant's own code must not take its neighbours' answers with it.
            log.exception("%s failed on a batch of %d", claims[0].assistant, len(claims))
            for index in sorted(open_indexes):
                finish(index, AssistantError("server", f"{type(error).__name__}: {error}"))
        stored += store(waiting)
    return stored


def _index_folder(generation_id: int | None) -> Any:
    if generation_id is None:
        return None
    generation = IndexGeneration.objects.unscoped().get(pk=generation_id)
    return indexes.ready_path(generation=generation)


def elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _renew(claims: list[Claim]) -> None:
    """Keep the leases of a long batch's unanswered rest."""
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    for claimed in claims:
        Response.objects.unscoped().filter(pk=claimed.response_id, lease=claimed.lease, status="sending").update(
            lease_until=until
        )


def store(finished: Sequence[Finished]) -> int:
    """Write what came back, in one short transaction, behind the fence; how many responses it moved.

    An answer whose lease has passed on is kept as a late attempt and changes nothing else. Delivered twice, the
    second time changes nothing.
    """
    if not finished:
        return 0
    with transaction.atomic():
        rows = {
            row.pk: row
            for row in Response.objects.unscoped()
            .select_for_update()
            .filter(pk__in=[f.response_id for f in finished])
            .order_by("pk")
        }
        extractions = reading.active_extractions({row.workspace_id for row in rows.values()})
        attempts = {
            (attempt.response_id, attempt.lease): attempt
            for attempt in Attempt.objects.unscoped().filter(response_id__in=rows)
        }
        store_bodies: list[Body] = []
        sources: list[ResponseSource] = []
        mentions: list[Mention] = []
        answered: list[tuple[Response, Answer]] = []
        moved: list[Response] = []
        ended: list[Attempt] = []
        for item in finished:
            row, attempt = rows.get(item.response_id), attempts.get((item.response_id, item.lease))
            if row is None or attempt is None or attempt.status not in (AttemptStatus.SENT, AttemptStatus.UNKNOWN):
                continue  # its workspace was deleted, or this was stored before
            store_bodies += _bodies(item, attempt)
            _end_attempt(attempt, item.result)
            ended.append(attempt)
            if row.status != ResponseStatus.SENDING or row.lease != item.lease:
                if isinstance(item.result, Answer):
                    attempt.status = AttemptStatus.LATE
                continue
            if isinstance(item.result, Answer):
                _answer(row, item.result, item.latency_ms)
                answered.append((row, item.result))
                for extraction in extractions[row.workspace_id]:
                    read = reading.read(extraction=extraction, response=row, answer=item.result)
                    sources += read.sources
                    mentions += read.mentions
            else:
                _failed(row, item.result)
            moved.append(row)
        Body.objects.bulk_create(store_bodies, ignore_conflicts=True)
        _write_attempts(ended)
        _write_responses(moved)
        ResponseSource.objects.bulk_create(sources)
        Mention.objects.bulk_create(mentions)
    finish_runs({row.run_id for row in moved})
    return len(moved)


def _bodies(item: Finished, attempt: Attempt) -> list[Body]:
    compressor = zstandard.ZstdCompressor(level=3)
    return [
        Body(
            workspace_id=attempt.workspace_id,
            attempt=attempt,
            sequence=sequence,
            status=body.status,
            headers=dict(body.headers),
            content=compressor.compress(body.content),
            size=len(body.content),
            sha256=hashlib.sha256(body.content).hexdigest(),
        )
        for sequence, body in enumerate(item.bodies)
    ]


def _end_attempt(attempt: Attempt, result: Answer | AssistantError) -> None:
    attempt.ended_at = timezone.now()
    if isinstance(result, Answer):
        attempt.status = AttemptStatus.ANSWERED
        attempt.cost_usd = result.usage.cost_usd
    else:
        attempt.status = AttemptStatus.UNKNOWN if result.kind == "unknown" else AttemptStatus.FAILED
        attempt.error_kind, attempt.error_message = result.kind, reading.storable(result.message)


def _answer(row: Response, answer: Answer, latency_ms: int) -> None:
    row.status = ResponseStatus.ANSWERED
    row.text = reading.storable(answer.text)
    row.model_reported = reading.storable(answer.model or "")[:120]
    row.finish = answer.finish
    row.searches = [reading.storable(query) for query in answer.searches]
    row.retrieval_reported = answer.retrieved is not None
    row.input_tokens, row.output_tokens = answer.usage.input_tokens, answer.usage.output_tokens
    row.cost_usd = answer.usage.cost_usd
    row.latency_ms = latency_ms
    row.answered_at = timezone.now()
    row.error_kind = row.error_message = ""
    row.lease_until = row.next_try_at = None
    if row.assistant == "local":
        row.page_versions = assistants.page_versions(answer)


def _failed(row: Response, error: AssistantError) -> None:
    """Plan the next try, or end it: permanent errors and unreadable answers are never sent again."""
    row.error_kind, row.error_message = error.kind, reading.storable(error.message)
    row.lease_until = None
    unknown_and_paid = error.kind == "unknown" and row.queue not in FREE_QUEUES
    if unknown_and_paid and not row.options.get("retry_unknown"):
        row.status = ResponseStatus.UNKNOWN
    elif error.permanent or error.kind == "malformed" or row.tries >= settings.MAX_TRIES:
        row.status = ResponseStatus.FAILED
    else:
        wait = max(error.retry_after or 0, BACKOFF_SECONDS[min(row.tries, len(BACKOFF_SECONDS)) - 1])
        if error.kind == "unknown":
            wait = 0
        row.status = ResponseStatus.PENDING
        row.next_try_at = timezone.now() + timedelta(seconds=wait)


_ATTEMPT_FIELDS = ("status", "ended_at", "error_kind", "error_message", "cost_usd")
_RESPONSE_FIELDS = (
    *("status", "lease_until", "next_try_at", "error_kind", "error_message", "page_versions", "text"),
    *(
        "model_reported",
        "finish",
        "searches",
        "retrieval_reported",
        "input_tokens",
        "output_tokens",
        "cost_usd",
    ),
    *("latency_ms", "answered_at"),
)


def _write_attempts(attempts: list[Attempt]) -> None:
    _update_each("monitor_attempt", _ATTEMPT_FIELDS, attempts)


def _write_responses(rows: list[Response]) -> None:
    """All fields of all rows, in one pipelined round trip; search words are made by PostgreSQL from folded text."""
    _update_each("monitor_response", _RESPONSE_FIELDS, rows)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE monitor_response SET search = to_tsvector('simple', %s), generation_id = "
            "(SELECT generation_id FROM monitor_run WHERE id = run_id) WHERE id = %s",
            [(search_text(row.text), row.pk) for row in rows if row.status == ResponseStatus.ANSWERED],
        )


def _update_each(table: str, fields: Sequence[str], rows: Iterable[Any]) -> None:
    rows = list(rows)
    if not rows:
        return
    assignments = ", ".join(f"{field} = %s" for field in fields)
    columns = [rows[0]._meta.get_field(field) for field in fields]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {assignments} WHERE id = %s",  # noqa: S608 - both are constants of this module
            [(*(f.get_db_prep_save(getattr(row, f.attname), connection) for f in columns), row.pk) for row in rows],
        )


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
    return store(
        [
            Finished(
                response_id,
                lease,
                tuple(record.body for record in group),
                _read_back(known[response_id], group[-1].body),
                group[-1].latency_ms,
            )
            for (response_id, lease), group in by_lease.items()
            if response_id in known
        ]
    )


def _read_back(assistant: str, body: RawBody) -> Answer | AssistantError:
    try:
        return assistants.parse(assistant, body)
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
            _end_attempt(attempt, lost)
        for row in rows:
            _failed(row, lost)
        _write_attempts(attempts)
        _update_each("monitor_response", _RESPONSE_FIELDS, rows)
    finish_runs({row.run_id for row in rows})
    return len(rows)


def finish_runs(run_ids: Iterable[int] | None = None) -> int:
    """Complete runs whose last response is done, by a commit of its own; then their counts are rolled up."""
    Response.objects.unscoped().filter(status=ResponseStatus.PENDING, run__status=RunStatus.CANCELLED).update(
        status=ResponseStatus.CANCELLED
    )
    running = Run.objects.unscoped().filter(status=RunStatus.RUNNING)
    if run_ids is not None:
        running = running.filter(pk__in=list(run_ids))
    with transaction.atomic():
        # Locked first and looked at after, in a second statement: a retry in between is then seen.
        locked = list(
            running.select_for_update(skip_locked=run_ids is None).order_by("pk").values_list("pk", flat=True)
        )
        done = (
            Run.objects.unscoped()
            .filter(pk__in=locked)
            .exclude(responses__status__in=OPEN)
            .update(status=RunStatus.COMPLETED, finished_at=timezone.now(), rolled_up_at=None)
        )
        if done:
            transaction.on_commit(nudge.housekeeping)
    return done


def roll_up_finished() -> int:
    """Count every ended run that was not counted yet; safe to run beside itself."""
    ended = (
        Run.objects.unscoped()
        .filter(status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED), rolled_up_at=None, panel__isnull=False)
        .exclude(responses__status__in=OPEN)
    )
    counted = 0
    for run in ended.order_by("pk"):
        rollups.roll_up(run=run)
        counted += 1
    return counted


def sweep() -> None:
    """Put right whatever a crash left: spooled answers first, then leases, then runs."""
    recover_spool()
    expire_leases()
    finish_runs()
    roll_up_finished()


def queues_with_work() -> list[str]:
    """Queues that have a response due now."""
    return sorted(
        Response.objects.unscoped()
        .filter(status=ResponseStatus.PENDING)
        .exclude(next_try_at__gt=timezone.now())
        .values_list("queue", flat=True)
        .distinct()
    )
