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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import zstandard
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from inference.answer import Answer, Assistant, AssistantError, ErrorKind, Keep, Question, RawBody
from inference.prices import Prices
from monitor import assistants
from monitor.assistants import engine
from monitor.celery import MODEL_QUEUES
from monitor.fulltext import search_text
from monitor.models import (
    OPEN,
    UNDER_WAY,
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
from monitor.services import budgets, bulk, costs, deltas, indexes, nudge, reading, redirects, spool, word_counts
from monitor.services.leases import Leases
from monitor.services.locks import hold_workspaces

log = logging.getLogger(__name__)

CLAIM_SIZE = 64
#: Of the local engine, which embeds many prompts at half the cost of few.
FREE_CLAIM_SIZE = 256
STORE_SIZE = 128
STORE_SECONDS = 0.5
BACKOFF_SECONDS = (5, 30, 120, 600, 1800)
#: A service may ask for any time, also for one that no calendar has.
LONGEST_WAIT_SECONDS = 31 * 24 * 3600.0
#: Questions that a person waits for, of the local engine.
ONLINE = MODEL_QUEUES[0]
#: Queues whose answers cost nothing: what was sent and never came back is simply asked again.
FREE_QUEUES = MODEL_QUEUES


@dataclass(frozen=True, slots=True)
class Claim:
    """A response that this worker may ask, as long as `lease` is its lease."""

    response_id: int
    workspace_id: int
    lease: int
    queue: str
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
            country=self.options.get("country"),
            language=self.options.get("language"),
            persona=(self.options.get("persona") or {}).get("words"),
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
), claimed AS (
    UPDATE monitor_response r
    SET status = 'sending', lease = r.lease + 1, tries = r.tries + 1,
        lease_until = now() + make_interval(secs => %(lease_for)s)
    FROM picked, monitor_run u
    WHERE r.id = picked.id AND u.id = r.run_id
    RETURNING r.id, r.workspace_id, r.lease, r.queue, r.prompt_text, r.assistant, r.model, r.options, r.seed,
        u.generation_id
), attempts AS (
    INSERT INTO monitor_attempt (workspace_id, response_id, lease, status, sent_at, error_kind, error_message)
    SELECT workspace_id, id, lease, 'sent', now(), '', '' FROM claimed
)
SELECT * FROM claimed ORDER BY id
"""


def claim(*, queues: Sequence[str], limit: int = CLAIM_SIZE, run: Run | None = None) -> list[Claim]:
    """Take up to `limit` waiting responses, the first queue's first, and commit an attempt for each."""
    given = {
        "queues": list(queues),
        "run": run.pk if run else None,
        "limit": limit,
        "lease_for": settings.LEASE_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, given)
        names = [column.name for column in cursor.description]
        return [_claim(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def warm_up(*, queues: Sequence[str]) -> None:
    """Load the model before anything is claimed: loading takes seconds, and a lease runs from its claim."""
    if set(queues) & set(MODEL_QUEUES):
        engine.warm_up()


def _claim(row: dict[str, Any]) -> Claim:
    """Django hands JSON of raw queries over as text."""
    return Claim(response_id=row.pop("id"), **{**row, "options": json.loads(row["options"])})


def work(*, queues: Sequence[str], run: Run | None = None, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Answer what is due on these queues until nothing is; the number of responses stored.

    Raises OperationalError when the database goes away; what was answered by then lies in the spool.
    """
    # what a language model writes takes long, and what a reranker reads; people's questions wait for a batch's end
    is_quick = set(queues) <= set(FREE_QUEUES) and not settings.GENERATOR_MODEL and not settings.RERANK_MODEL
    limit = FREE_CLAIM_SIZE if is_quick else CLAIM_SIZE
    with _Storing() as storing:
        while keep_going() and (claims := claim(queues=queues, limit=limit, run=run)):
            # people's questions first, each as a stream; then what is asked together
            claims.sort(key=lambda c: (c.queue != ONLINE, c.assistant, c.model, c.generation_id or 0))
            with Leases(claims) as leases:
                for claimed in (c for c in claims if c.queue == ONLINE):
                    _ask([claimed], storing, leases)
                panels = (c for c in claims if c.queue != ONLINE)
                for _, group in groupby(panels, key=lambda c: (c.assistant, c.model, c.generation_id)):
                    _ask(list(group), storing, leases)
    return storing.moved


def _ask(claims: list[Claim], storing: _Storing, leases: Leases) -> None:
    """Ask one assistant all of a group's questions; what has come is stored while the rest is asked."""
    try:
        assistant = assistants.build(claims[0].assistant, index_folder=_index_folder(claims[0].generation_id))
    except (KeyError, ValueError) as error:
        refusal = AssistantError("invalid_request", f"{claims[0].assistant} cannot be asked: {error}")
        storing.moved += store([Finished(c.response_id, c.lease, (), refusal, 0) for c in claims])
        return
    # an answer that was paid for is synced as it comes, one that costs nothing with those it is stored with
    batch = storing.open_spool(sync_each=claims[0].queue not in FREE_QUEUES)
    started = last_stored = time.monotonic()
    bodies: dict[int, list[RawBody]] = defaultdict(list)
    waiting: list[Finished] = []

    def keep(index: int, body: RawBody) -> None:
        batch.append(spool.Record(claims[index].response_id, claims[index].lease, elapsed_ms(started), body))
        bodies[index].append(body)

    writer = deltas.Writer()
    is_waited_for = claims[0].queue == ONLINE
    asked = deltas.streamed(assistant, claims[0], keep, writer, writes=True) if is_waited_for else None
    for index, result in asked or results(assistant, claims, keep):
        leases.came()
        if is_waited_for:
            writer.write(at_once=True)
        came = tuple(bodies.pop(index, ()))
        waiting.append(Finished(claims[index].response_id, claims[index].lease, came, result, elapsed_ms(started)))
        if len(waiting) >= STORE_SIZE or time.monotonic() - last_stored > STORE_SECONDS:
            storing.put(batch, waiting)
            waiting = []
            last_stored = time.monotonic()
    storing.put(batch, waiting, last=True)


def results(assistant: Assistant, claims: Sequence[Claim], keep: Keep) -> Iterator[tuple[int, Answer | AssistantError]]:
    """What `answer_many` gives; a fault of the assistant's own code takes no neighbour's answer with it.

    What is left then was made here and can be made again, or it may have been sent and cost something: `unknown`.
    """
    open_indexes = set(range(len(claims)))
    try:
        for index, result in assistant.answer_many([c.question() for c in claims], keep):
            open_indexes.discard(index)
            yield index, result
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.exception("%s failed on a batch of %d", claims[0].assistant, len(claims))
        kind: ErrorKind = "server" if claims[0].queue in FREE_QUEUES else "unknown"
        for index in sorted(open_indexes):
            yield index, AssistantError(kind, f"{type(error).__name__}: {error}")


def _index_folder(generation_id: int | None) -> Any:
    if generation_id is None:
        return None
    generation = IndexGeneration.objects.unscoped().get(pk=generation_id)
    return indexes.ready_path(generation=generation)


def elapsed_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


class _Storing:
    """Stores answers in a thread with a connection of its own, some at a time, while others are being made.

    An error of the thread is raised by the call that comes next. The bodies of what was not stored stay in the spool.
    """

    def __init__(self) -> None:
        self.moved = 0
        self._thread = ThreadPoolExecutor(1)
        self._under_way: Future[int] | None = None
        self._spools: set[spool.BatchSpool] = set()

    def open_spool(self, *, sync_each: bool) -> spool.BatchSpool:
        """A file for the bodies of one batch, there until its last answers are stored."""
        batch = spool.BatchSpool(sync_each=sync_each)
        self._spools.add(batch)
        return batch

    def put(self, batch: spool.BatchSpool, finished: Sequence[Finished], *, last: bool = False) -> None:
        """Begin to store these, once those before them are stored."""
        self._wait()
        self._under_way = self._thread.submit(self._store, batch, finished, last)

    def _store(self, batch: spool.BatchSpool, finished: Sequence[Finished], last: bool) -> int:
        batch.sync()
        moved = store(finished)
        if last:
            batch.close(remove=True)
            self._spools.discard(batch)
        return moved

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        self.moved += under_way.result() if under_way else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._wait()
        finally:
            self._thread.submit(connections.close_all)
            self._thread.shutdown()
            for batch in self._spools:
                batch.close(remove=False)


def store(finished: Sequence[Finished]) -> int:
    """Write what came back, in one short transaction, behind the fence; how many responses it moved.

    An answer whose lease has passed on is kept as a late attempt and changes nothing else. Delivered twice, the
    second time changes nothing.
    """
    if not finished:
        return 0
    with transaction.atomic():
        came = Response.objects.unscoped().filter(pk__in=[f.response_id for f in finished]).order_by("pk")
        hold_workspaces(came.values_list("workspace_id", flat=True))
        rows = {row.pk: row for row in came.select_for_update()}
        extractions = reading.active_extractions({row.workspace_id for row in rows.values()})
        generations = dict(
            Run.objects.unscoped().filter(pk__in={row.run_id for row in rows.values()}).values_list("pk", "generation")
        )
        attempts = {
            (attempt.response_id, attempt.lease): attempt
            for attempt in Attempt.objects.unscoped().filter(response_id__in=rows)
        }
        bodies: list[Body] = []
        sources: list[bulk.Row] = []
        mentions: list[bulk.Row] = []
        moved: list[Response] = []
        ended: list[Attempt] = []
        outcomes: list[budgets.Outcome] = []
        books: dict[int, Prices] = {}
        for item in finished:
            row, attempt = rows.get(item.response_id), attempts.get((item.response_id, item.lease))
            if row is None or attempt is None or attempt.status not in (AttemptStatus.SENT, AttemptStatus.UNKNOWN):
                continue  # its workspace was deleted, or this was stored before
            bodies += _bodies(item, attempt)
            end_attempt(attempt, item.result)
            ended.append(attempt)
            if row.queue not in FREE_QUEUES:
                book = books.get(row.workspace_id) or costs.prices_of(workspace_id=row.workspace_id)
                books[row.workspace_id] = book
                attempt.cost_usd = costs.of_result(book, row.assistant, row.model, item.result)
                outcomes.append(budgets.Outcome(row.pk, item.lease, attempt.cost_usd))
            if row.status != ResponseStatus.SENDING or row.lease != item.lease:
                if isinstance(item.result, Answer):
                    attempt.status = AttemptStatus.LATE
                continue
            if isinstance(item.result, Answer):
                _answer(row, item.result, item.latency_ms)
                row.cost_usd = attempt.cost_usd
                row.generation_id = generations[row.run_id]
                for extraction in extractions[row.workspace_id]:
                    read = reading.read(extraction=extraction, response=row, answer=item.result)
                    sources += read.sources
                    mentions += read.mentions
            else:
                plan_retry(row, item.result)
            moved.append(row)
        Body.objects.bulk_create(bodies, ignore_conflicts=True)
        write_attempts(ended)
        write_responses(moved)
        texts = {row.pk: row.text for row in moved}
        bulk.insert(ResponseSource, word_counts.weighed(redirects.follow(sources), texts))
        bulk.insert(Mention, mentions)
        deltas.settle(moved)
        budgets.settle(outcomes)
    finish_runs({row.run_id for row in moved})
    return len(moved)


def _bodies(item: Finished, attempt: Attempt) -> list[Body]:
    return [
        Body(
            workspace_id=attempt.workspace_id,
            attempt=attempt,
            sequence=sequence,
            status=body.status,
            headers=dict(body.headers),
            content=zstandard.compress(body.content, 3),
            size=len(body.content),
            sha256=hashlib.sha256(body.content).hexdigest(),
        )
        for sequence, body in enumerate(item.bodies)
    ]


def end_attempt(attempt: Attempt, result: Answer | AssistantError) -> None:
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
    row.latency_ms = latency_ms
    row.answered_at = timezone.now()
    row.error_kind = row.error_message = ""
    row.lease_until = row.next_try_at = None
    if assistants.needs_index(row.assistant):
        row.page_versions = engine.page_versions(answer)


def plan_retry(row: Response, error: AssistantError) -> None:
    """Plan the next try, or end it: permanent errors and unreadable answers are never sent again."""
    row.error_kind, row.error_message = error.kind, reading.storable(error.message)
    row.lease_until = None
    unknown_and_paid = error.kind == "unknown" and row.queue not in FREE_QUEUES
    if unknown_and_paid and not row.options.get("retry_unknown"):
        row.status = ResponseStatus.UNKNOWN
    elif error.permanent or error.kind == "malformed" or row.tries >= settings.MAX_TRIES:
        row.status = ResponseStatus.FAILED
    else:
        wait = max(
            min(error.retry_after or 0, LONGEST_WAIT_SECONDS), BACKOFF_SECONDS[min(row.tries, len(BACKOFF_SECONDS)) - 1]
        )
        if error.kind == "unknown":
            wait = 0
        row.status = ResponseStatus.PENDING
        row.next_try_at = timezone.now() + timedelta(seconds=wait)


_ATTEMPT_COLUMNS = ("id", "status", "ended_at", "error_kind", "error_message", "cost_usd")
_RESPONSE_COLUMNS = (
    *("id", "status", "lease_until", "next_try_at", "error_kind", "error_message", "generation_id", "page_versions"),
    *("text", "model_reported", "finish", "searches", "retrieval_reported", "input_tokens", "output_tokens"),
    *("cost_usd", "latency_ms", "answered_at"),
)


def write_attempts(attempts: Iterable[Attempt]) -> None:
    bulk.update(Attempt, [{name: getattr(attempt, name) for name in _ATTEMPT_COLUMNS} for attempt in attempts])


def write_responses(rows: Iterable[Response]) -> None:
    """All that answering changes; the search vector is made by PostgreSQL from words folded here."""
    given = [
        {name: getattr(row, name) for name in _RESPONSE_COLUMNS}
        | {"words": search_text(row.text) if row.status == ResponseStatus.ANSWERED else None}
        for row in rows
    ]
    bulk.update(Response, given, search="words")


def finish_runs(run_ids: Iterable[int] | None = None) -> int:
    """Complete runs whose last response is done, by a commit of its own; then their counts are rolled up.

    A paused one too: it had nothing more to ask, and what was being asked has come.
    """
    running = Run.objects.unscoped().filter(status__in=UNDER_WAY)
    if run_ids is not None:
        running = running.filter(pk__in=list(run_ids))
    if not running.exclude(responses__status__in=OPEN).exists():
        return 0
    with transaction.atomic():
        # Locked first and looked at after, in a second statement: a retry in between is then seen.
        locked = list(
            running.select_for_update(skip_locked=run_ids is None).order_by("pk").values_list("pk", flat=True)
        )
        done = (
            Run.objects.unscoped()
            .filter(pk__in=locked)
            .exclude(responses__status__in=OPEN)
            .update(status=RunStatus.COMPLETED, finished_at=timezone.now(), rolled_up_at=None, support_checked_at=None)
        )
        if done:
            transaction.on_commit(nudge.housekeeping)
    return done
