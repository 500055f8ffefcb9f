"""An answer's text while it comes: collected from the threads that ask, written in small batches, told, and removed.

A message on the channel carries only a response's id; what was said stands in the table. Nothing here is needed for
the answer itself, which is spooled and stored as all others are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F

from inference.answer import Answer, Assistant, AssistantError, Delta, Keep
from monitor.celery import ASKING, MODEL_QUEUES
from monitor.models import Delta as Piece
from monitor.models import Response, ResponseStatus
from monitor.models.deltas import CHANNEL
from monitor.services import reading

if TYPE_CHECKING:
    from monitor.services.ledger import Claim

log = logging.getLogger(__name__)

#: What has come is written at most so often.
WRITE_SECONDS = 0.1
#: Queues of questions that a person waits for.
WAITED_FOR = frozenset({ASKING, MODEL_QUEUES[0]})


@dataclass(slots=True)
class _Said:
    """What one try has said and is not written yet; `sequence` is the number of its next piece."""

    first_text_ms: int
    sequence: int = 0
    pieces: list[str] = field(default_factory=list)


class Writer:
    """Takes pieces of text from any thread; the thread that owns the database connection writes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[tuple[int, int], _Said] = {}
        self._write_at = time.monotonic()

    def say(self, response_id: int, lease: int, text: str, elapsed_ms: int) -> None:
        """Another piece of one try's text, so long after it was sent."""
        with self._lock:
            self._said.setdefault((response_id, lease), _Said(elapsed_ms)).pieces.append(text)

    def write(self, *, at_once: bool = False) -> None:
        """Write what has come since the last time, a row for each answer. Does nothing when called too soon."""
        if not at_once and time.monotonic() < self._write_at:
            return
        with self._lock:
            rows = [
                (*key, said.sequence, len(said.pieces), "".join(said.pieces), said.first_text_ms)
                for key, said in self._said.items()
                if said.pieces
            ]
        if not rows:
            return
        self._write_at = time.monotonic() + WRITE_SECONDS
        _insert([(pk, lease, sequence, reading.storable(text)) for pk, lease, sequence, _, text, _ in rows])
        for pk, lease, sequence, _, _, first_text_ms in rows:
            if sequence == 0:
                Response.objects.unscoped().filter(pk=pk, lease=lease).update(first_text_ms=first_text_ms)
        with self._lock:  # only now: a database that is away gets them when it is back
            for pk, lease, _, count, _, _ in rows:
                said = self._said[pk, lease]
                del said.pieces[:count]
                said.sequence += 1

    def forget(self, response_id: int, lease: int) -> None:
        """The try has ended, and its outcome is stored."""
        with self._lock:
            self._said.pop((response_id, lease), None)


def streamed(
    assistant: Assistant, claimed: Claim, keep: Keep, writer: Writer, *, writes: bool = False
) -> Iterator[tuple[int, Answer | AssistantError]]:
    """The one result of one question, as `ledger.results` gives it, while its text goes to the writer as it comes.

    `writes`: this thread owns a database connection and writes what has come. Raises OperationalError then.
    """
    started = time.monotonic()
    try:
        for item in assistant.stream(claimed.question(), keep):
            if isinstance(item, Delta):
                after_ms = round((time.monotonic() - started) * 1000)
                writer.say(claimed.response_id, claimed.lease, item.text, after_ms)
                if writes:
                    writer.write()
            else:
                yield 0, item
    except AssistantError as error:
        yield 0, error
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.exception("%s failed on a question", claimed.assistant)
        yield 0, AssistantError("server", f"{type(error).__name__}: {error}")


def _insert(rows: Sequence[tuple[int, int, int, str]]) -> None:
    """Write pieces (response, lease, sequence, text) of tries that still hold their lease, and tell of them."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH written AS ("
            " INSERT INTO monitor_delta (workspace_id, response_id, lease, sequence, text)"
            " SELECT r.workspace_id, r.id, g.lease, g.sequence, g.text"
            " FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::text[]) AS g (id, lease, sequence, text)"
            " JOIN monitor_response r ON r.id = g.id AND r.lease = g.lease AND r.status = 'sending'"
            " ON CONFLICT (response_id, lease, sequence) DO NOTHING RETURNING response_id"
            ") SELECT pg_notify(%s, response_id::text) FROM written",
            [*columns, CHANNEL],
        )


def settle(rows: Iterable[Response]) -> None:
    """Remove the pieces of these, whose outcome has just been written, and tell whoever waits for them.

    To be called in the transaction that stores them. What ended without an answer keeps as its text what had come.
    """
    _remove([row.pk for row in rows if row.queue in WAITED_FOR])


def sweep() -> int:
    """Remove the pieces of tries that are over without anybody having settled them; of how many responses."""
    with transaction.atomic():
        left = Piece.objects.unscoped().exclude(response__status=ResponseStatus.SENDING, response__lease=F("lease"))
        ids = sorted(set(left.values_list("response_id", flat=True)[:1000]))
        _remove(ids)
    return len(ids)


def _remove(ids: Sequence[int]) -> None:
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS ("
            " DELETE FROM monitor_delta d USING monitor_response r"
            " WHERE d.response_id = ANY(%s) AND r.id = d.response_id AND (r.status <> 'sending' OR r.lease <> d.lease)"
            " RETURNING d.response_id, d.lease, d.sequence, d.text"
            ") UPDATE monitor_response r SET text = said.text FROM ("
            " SELECT response_id, lease, string_agg(text, '' ORDER BY sequence) AS text FROM gone GROUP BY 1, 2"
            ") said WHERE r.id = said.response_id AND r.lease = said.lease AND r.status IN ('failed', 'unknown')",
            [list(ids)],
        )
        cursor.execute("SELECT pg_notify(%s, id::text) FROM unnest(%s::bigint[]) AS moved (id)", [CHANNEL, list(ids)])
