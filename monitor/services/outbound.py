"""Asking assistants behind services: hundreds of calls in flight in one process, claimed and stored in batches.

Each group of claims is one `answer_many` in a thread of its own; this thread alone talks to the database. An answer is
in the spool before it arrives here, so that a database that goes away delays it and loses nothing. Knows the ledger's
rules for what is paid: a budget is reserved and a place under the limits taken before anything is sent.
"""

from __future__ import annotations

import json
import logging
import queue
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from inference.answer import Answer, AssistantError, RawBody
from monitor import assistants
from monitor.celery import ASKING
from monitor.models import Attempt, Credential, Response, ResponseStatus, Run
from monitor.services import budgets, costs, credentials, deltas, leases, ledger, limits, spool
from monitor.services.errors import Problem

log = logging.getLogger(__name__)

#: Free places worth a claim of their own while others are in flight.
LEAST_CLAIM = 16
#: Answers are stored together when so many have come, or this long after the first of them.
STORE_SIZE = 64
STORE_SECONDS = 0.25
#: After a claim that found less than it asked for, so long until the next.
IDLE_SECONDS = 0.5
#: Questions that people wait for have so many places beside the others, and are looked for so often.
ASKING_PLACES = 16
ASKING_SECONDS = 0.25
#: A worker waits here for a limit that opens sooner than this, instead of for the next tick.
PATIENCE_SECONDS = 20.0
#: Nothing is sent while the spool's disk has less room than this.
LEAST_FREE_BYTES = 256 * 1024**2
#: How long what has come is held in memory for a database that is away, once nothing is in flight any more.
DATABASE_SECONDS = 60.0
#: A service that limits its rate without saying for how long.
PAUSE_SECONDS = 5.0
#: Kinds of error that open a credential's breaker when they come in a row: asking on would not help.
TROUBLE = frozenset({"server", "unreachable", "unknown", "auth", "quota"})


def work(*, queues: Sequence[str], run: Run | None = None, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Ask what is due on these queues until nothing is; the number of responses stored.

    When `keep_going` says no, nothing more is sent, and what is in flight is waited for. Raises OperationalError when
    the database stays away; all that came lies in the spool then.
    """
    return _Flight(queues, run).go(keep_going)


def has_room() -> bool:
    """Whether the spool's disk has room for answers; without it asking pauses."""
    folder = settings.SPOOL_DIR if settings.SPOOL_DIR.exists() else settings.DATA_DIR
    return shutil.disk_usage(folder).free >= LEAST_FREE_BYTES


@dataclass(slots=True)
class _Batch:
    """Claims that one `answer_many` asks, and the spool file of what comes back."""

    granted: Granted
    file: spool.BatchSpool
    #: Places of claims that are not stored yet.
    waiting: set[int]
    #: How many of its calls have come to an end.
    arrived: int = 0
    #: Places of claims with an answer that the disk did not take: they are in memory alone.
    unspooled: set[int] = field(default_factory=set)

    @property
    def is_asked(self) -> bool:
        """Whether it is one question that a person waits for, answered as a stream."""
        return self.granted.claims[0].queue == ASKING


class _Flight:
    """The calls that this process has in flight."""

    def __init__(self, queues: Sequence[str], run: Run | None) -> None:
        self._queues, self._run = queues, run
        self._arrived: queue.SimpleQueue[tuple[_Batch, int, ledger.Finished]] = queue.SimpleQueue()
        self._batches: list[_Batch] = []
        self._unstored: list[tuple[_Batch, int, ledger.Finished]] = []
        self._claim_at = self._claim_asked_at = self._renewed_at = self._first_at = time.monotonic()
        self._sends = True
        self._deltas = deltas.Writer()
        self._disk_is_full = False

    def go(self, keep_going: Callable[[], bool]) -> int:
        stored = 0
        away_since: float | None = None
        while True:
            try:
                self._sends = away_since is None and keep_going()
                if self._sends:
                    self._claim_asked()
                    self._claim()
                if not self._batches and not self._unstored and not self._wait_for_opening(keep_going):
                    return stored
                self._collect()
                self._deltas.write(at_once=any(batch.is_asked for batch, _, _ in self._unstored))
                if self._store_is_due:
                    stored += self._store()
                    away_since = None
                self._renew()
            except (OperationalError, InterfaceError):
                away_since = away_since or time.monotonic()
                if self._may_leave and time.monotonic() - away_since > DATABASE_SECONDS:
                    self._leave_to_recovery()
                    raise
                log.warning("The database is away; %d answers wait in the spool.", len(self._unstored))
                connection.close()
                time.sleep(1)

    @property
    def _in_flight(self) -> int:
        """Calls of panels that a service has not answered yet."""
        return sum(len(batch.granted.claims) - batch.arrived for batch in self._batches if not batch.is_asked)

    @property
    def _to_come(self) -> int:
        """Calls in flight, and answers that have not been taken over yet."""
        return sum(len(batch.waiting) for batch in self._batches) - len(self._unstored)

    @property
    def _may_leave(self) -> bool:
        """Whether all that came lies in the spool, for others to store."""
        return not self._to_come and not any(batch.unspooled for batch in self._batches)

    @property
    def _asked(self) -> int:
        """Questions that people wait for, sent and not stored."""
        return sum(len(batch.waiting) for batch in self._batches if batch.is_asked)

    @property
    def _claim_is_due(self) -> bool:
        """Whether there are places enough for a claim, and something may wait for them."""
        if set(self._queues) <= {ASKING} or time.monotonic() < self._claim_at:
            return False
        return self._free >= min(LEAST_CLAIM if self._batches else 1, int(settings.CALLS_IN_FLIGHT))

    @property
    def _free(self) -> int:
        """Places for calls of panels."""
        return int(settings.CALLS_IN_FLIGHT) - self._in_flight

    @property
    def _pause(self) -> float:
        """How long an answer may wait for others to be stored with."""
        return deltas.WRITE_SECONDS if self._asked else STORE_SECONDS

    @property
    def _store_is_due(self) -> bool:
        waited = time.monotonic() - self._first_at
        return bool(self._unstored) and (
            len(self._unstored) >= STORE_SIZE or waited >= self._pause or not self._to_come
        )

    def _claim_asked(self) -> None:
        """Send what people wait for, in places that no panel takes, each as a stream of its own."""
        free = ASKING_PLACES - self._asked
        if ASKING not in self._queues or free < 1 or time.monotonic() < self._claim_asked_at:
            return
        self._claim_asked_at = time.monotonic() + ASKING_SECONDS
        waiting = Response.objects.unscoped().filter(queue=ASKING, status=ResponseStatus.PENDING)
        if self._disk_is_full or not waiting.exists() or not has_room():
            return
        for group in claim(queues=[ASKING], limit=free, run=self._run):
            for claimed in group.claims:
                self._send(replace(group, claims=[claimed]))

    def _claim(self) -> None:
        """Send as many more as there are places for."""
        if not self._claim_is_due:
            return
        queues = [name for name in self._queues if name != ASKING]
        free = self._free
        if self._disk_is_full or not has_room():
            log.error("The disk is nearly full: nothing is sent until there is room.")
            self._disk_is_full = False
            self._claim_at = time.monotonic() + PATIENCE_SECONDS
            return
        granted = claim(queues=queues, limit=free, run=self._run)
        if sum(len(group.claims) for group in granted) < free:
            self._claim_at = time.monotonic() + IDLE_SECONDS
        for group in granted:
            self._send(group)

    def _send(self, group: Granted) -> None:
        batch = _Batch(group, spool.BatchSpool(), set(range(len(group.claims))))
        self._batches.append(batch)
        threading.Thread(target=self._ask, args=(batch,), name="asking", daemon=True).start()

    def _ask(self, batch: _Batch) -> None:
        """Runs in a thread of its own, and reads and writes no row."""
        started = time.monotonic()
        bodies: dict[int, list[RawBody]] = defaultdict(list)
        first, key = batch.granted.claims[0], batch.granted.key

        def keep(index: int, body: RawBody) -> None:
            claimed = batch.granted.claims[index]
            body = _without_secrets(body, key)
            bodies[index].append(body)
            record = spool.Record(claimed.response_id, claimed.lease, ledger.elapsed_ms(started), body)
            try:
                batch.file.append(record)
            except OSError:
                # it is in memory and goes to the database from there; nothing more is sent before there is room
                log.exception("An answer could not be spooled.")
                batch.unspooled.add(index)
                self._disk_is_full = True

        def arrive(index: int, result: Answer | AssistantError) -> None:
            claimed = batch.granted.claims[index]
            came = tuple(bodies.pop(index, ()))
            if isinstance(result, AssistantError):
                result.message = credentials.redact(result.message, key)
            finished = ledger.Finished(claimed.response_id, claimed.lease, came, result, ledger.elapsed_ms(started))
            batch.arrived += 1
            self._arrived.put((batch, index, finished))

        done: set[int] = set()
        try:
            assistant = assistants.build(first.assistant, key=key)
            results = (
                deltas.streamed(assistant, first, keep, self._deltas)
                if batch.is_asked
                else ledger.results(assistant, batch.granted.claims, keep)
            )
            for index, result in results:
                done.add(index)
                arrive(index, result)
            return
        except (KeyError, ValueError, Problem) as error:
            refusal = AssistantError("invalid_request", f"{first.assistant} cannot be asked: {error}")
        except Exception as error:  # noqa: BLE001
            # whatever it was, it may have been sent, and nobody may wait for it for ever
            log.exception("Asking %s broke off.", first.assistant)
            refusal = AssistantError("unknown", f"Asking broke off: {type(error).__name__}.")
        for index in set(range(len(batch.granted.claims))) - done:
            arrive(index, refusal)

    def _collect(self) -> None:
        """Take over what has arrived, until there is enough to store or places enough to fill."""
        while self._to_come and not self._store_is_due:
            try:
                arrived = self._arrived.get(timeout=self._pause)
            except queue.Empty:
                return
            if not self._unstored:
                self._first_at = time.monotonic()
            self._unstored.append(arrived)
            if self._sends and self._claim_is_due:
                return

    def _store(self) -> int:
        moved = ledger.store([finished for _, _, finished in self._unstored])
        for batch, index, finished in self._unstored:
            batch.waiting.discard(index)
            batch.unspooled.discard(index)
            self._deltas.forget(finished.response_id, finished.lease)
        came, self._unstored = self._unstored, []
        for batch in [batch for batch in self._batches if not batch.waiting]:
            batch.file.close(remove=True)
            self._batches.remove(batch)
        if not self._batches:
            self._claim_at = time.monotonic()  # what has just failed may be due again
        _tell_limits(came)
        return moved

    def _renew(self) -> None:
        """Keep the leases of what is in flight."""
        if time.monotonic() - self._renewed_at < settings.LEASE_SECONDS / 4:
            return
        self._renewed_at = time.monotonic()
        leases.renew([batch.granted.claims[index] for batch in self._batches for index in batch.waiting])

    def _wait_for_opening(self, keep_going: Callable[[], bool]) -> bool:
        """True once something that waits behind a limit may go; False where that takes longer, or nothing waits."""
        if not keep_going() or not has_room():
            return False
        opening = limits.next_opening(queues=self._queues)
        if opening is None or opening > PATIENCE_SECONDS:
            return False
        time.sleep(min(opening, 1.0))
        self._claim_at = time.monotonic()
        return True

    def _leave_to_recovery(self) -> None:
        """Let go of the spool files, so that a sweep can take them up."""
        for batch in self._batches:
            batch.file.close(remove=False)


def _without_secrets(body: RawBody, key: Mapping[str, str]) -> RawBody:
    """An error's body as it came, less the key: services quote it when they refuse it."""
    if body.status < 400 or not key:
        return body
    text = body.content.decode("utf-8", "surrogateescape")
    return replace(body, content=credentials.redact(text, key).encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Granted:
    """Responses of one workspace for one assistant, claimed, paid for and free to be sent."""

    claims: Sequence[ledger.Claim]
    #: Empty for an assistant that needs none, and where the key cannot be opened: then building it says so.
    key: Mapping[str, str]
    credential_id: int | None
    expected_tokens: int
    #: Whether it is the one call that tries a service again after trouble.
    is_probe: bool = False


_CLAIM = f"""
WITH picked AS ({limits.FAIR_SHARE})
UPDATE monitor_response r
SET status = 'sending', lease = r.lease + 1, tries = r.tries + 1,
    lease_until = now() + make_interval(secs => %(lease_for)s)
FROM picked WHERE r.id = picked.id
RETURNING r.id, r.workspace_id, r.run_id, r.lease, r.queue, r.prompt_text, r.assistant, r.model, r.options, r.seed
"""  # noqa: S608 - made of constants


def claim(*, queues: Sequence[str], limit: int, run: Run | None = None) -> list[Granted]:
    """Claim up to `limit` responses in fair shares, as far as limits and budgets allow, and commit their attempts.

    What finds no place under a limit or in a budget is put back as it was. All in one transaction.
    """
    with transaction.atomic():
        limits.in_turn()
        with connection.cursor() as cursor:
            values = limits.fair_values(queues=queues, limit=limit, run_id=run.pk if run else None)
            cursor.execute(_CLAIM, values | {"lease_for": settings.LEASE_SECONDS})
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for row in rows:
            row["options"] = json.loads(row["options"])  # Django hands JSON of raw queries over as text
        rows.sort(key=lambda row: (row["workspace_id"], row["assistant"], row["id"]))
        groups = [list(group) for _, group in groupby(rows, key=lambda row: (row["workspace_id"], row["assistant"]))]
        granted = [group for group in map(_grant, groups) if group is not None]
        now = timezone.now()
        Attempt.objects.bulk_create(
            Attempt(workspace_id=c.workspace_id, response_id=c.response_id, lease=c.lease, sent_at=now)
            for group in granted
            for c in group.claims
        )
    return granted


def _grant(rows: list[dict[str, Any]]) -> Granted | None:
    """What of these rows, all of one workspace and assistant, may be sent; the rest is put back."""
    workspace_id, assistant = rows[0]["workspace_id"], rows[0]["assistant"]
    credential = credentials.find(workspace_id=workspace_id, assistant=assistant)
    expected = costs.expected_tokens(workspace_id=workspace_id, assistant=assistant)
    is_probe = False
    if credential is not None:
        taken = limits.take(credential_id=credential.pk, requests=len(rows), tokens=expected)
        is_probe = taken.is_probe
        _put_back(rows[taken.granted :])
        rows = rows[: taken.granted]
    prices = costs.prices_of(workspace_id=workspace_id)
    refused = budgets.reserve(
        [
            budgets.Wish(
                row["id"],
                row["lease"],
                workspace_id,
                row["run_id"],
                costs.maximum(prices, assistant, row["model"], row["prompt_text"], row["options"]),
            )
            for row in rows
        ]
    )
    if refused and credential is not None:
        limits.give_back(credential_id=credential.pk, requests=len(refused), tokens=expected * len(refused))
    without_price = [
        row for row in rows if (why := refused.get((row["id"], row["lease"]))) and why.reason == "no_price"
    ]
    _fail_for_price(without_price)
    _put_back([row for row in rows if (row["id"], row["lease"]) in refused and row not in without_price])
    sent = [row for row in rows if (row["id"], row["lease"]) not in refused]
    if not sent:
        return None
    credential_id = credential.pk if credential else None
    return Granted([_claim(row) for row in sent], _key(credential), credential_id, expected, is_probe)


def _key(credential: Credential | None) -> Mapping[str, str]:
    if credential is None:
        return {}
    try:
        found = credentials.key_for(workspace_id=credential.workspace_id, assistant=credential.assistant)
    except Problem:
        log.exception("The key for %s cannot be opened.", credential.assistant)
        return {}
    return found or {}


def _claim(row: dict[str, Any]) -> ledger.Claim:
    known = {name: value for name, value in row.items() if name not in {"id", "run_id"}}
    return ledger.Claim(response_id=row["id"], generation_id=None, **known)


def _put_back(rows: Sequence[dict[str, Any]]) -> None:
    """Undo the claim of what is not sent after all; nobody has seen its lease yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_response SET status = 'pending', lease = lease - 1, tries = tries - 1, lease_until = NULL "
            "WHERE id = ANY(%s)",
            [[row["id"] for row in rows]],
        )


def _fail_for_price(rows: Sequence[dict[str, Any]]) -> None:
    """A model without a price is not asked: nobody could say what it costs."""
    if not rows:
        return
    Response.objects.unscoped().filter(pk__in=[row["id"] for row in rows]).update(
        status=ResponseStatus.FAILED,
        lease_until=None,
        error_kind="invalid_request",
        error_message=budgets.NO_PRICE.sentence,
    )
    run_ids = {row["run_id"] for row in rows}
    transaction.on_commit(lambda: ledger.finish_runs(run_ids))


def _tell_limits(came: Sequence[tuple[_Batch, int, ledger.Finished]]) -> None:
    """What the answers say about each credential: that it works, that it wants a pause, what it used."""
    told: dict[tuple[int, bool], list[tuple[_Batch, ledger.Finished]]] = defaultdict(list)
    for batch, _, finished in came:
        if batch.granted.credential_id is not None:
            told[batch.granted.credential_id, batch.granted.is_probe].append((batch, finished))
    for (credential_id, is_probe), group in told.items():
        errors = [finished.result for _, finished in group if isinstance(finished.result, AssistantError)]
        failed = sum(error.kind in TROUBLE for error in errors)
        limits.report(credential_id=credential_id, ok=len(group) - failed, failed=failed, is_probe=is_probe)
        pauses = [error.retry_after or PAUSE_SECONDS for error in errors if error.kind == "rate_limited"]
        if pauses:
            limits.cool_down(credential_id=credential_id, seconds=max(pauses))
        used = sum(_tokens(finished.result) - batch.granted.expected_tokens for batch, finished in group)
        limits.spend_tokens(credential_id=credential_id, tokens=used)


def _tokens(result: Answer | AssistantError) -> int:
    """Tokens that an answer used, none for an error."""
    usage = None if isinstance(result, AssistantError) else result.usage
    return (usage.input_tokens or 0) + (usage.output_tokens or 0) if usage else 0
