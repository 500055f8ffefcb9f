"""The Ask page's questions: who can be asked and at what cost, and what an answer has said so far.

`follow` is read by a web server that many people's streams share: it holds no thread, and one connection of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection

from monitor import assistants, pricing
from monitor.models import OPEN, Credential, Delta, OwnPrice, Persona, Prompt, Response, ResponseStatus, Workspace
from monitor.models.deltas import CHANNEL

#: The table is looked at so often also when nothing was told: a pooler in between may swallow what is.
LOOK_SECONDS = 1.0
#: A sign of life, so that no proxy takes a quiet stream for a dead one.
HEARTBEAT_SECONDS = 15.0
#: A stream is ended after so long; browsers come back for the rest, and are then asked again who they are.
LONGEST_SECONDS = 600.0
#: No character has more bytes than this, and no token is shorter than a byte.
_LONGEST_QUESTION = "\U0001f58b" * Prompt.MAX_LENGTH
_LONGEST_PERSONA = "\U0001f58b" * Persona.MAX_WORDS


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be asked; `maximum` is the most that one question can cost, None where nobody knows."""

    value: str
    model: str
    maximum: Decimal | None
    selected: bool


@dataclass(frozen=True, slots=True)
class AssistantChoice:
    """An assistant that can be asked now, with its models."""

    name: str
    label: str
    models: tuple[ModelChoice, ...]

    @property
    def takes_persona(self) -> bool:
        return assistants.takes_persona(self.name)

    @property
    def is_free(self) -> bool:
        return assistants.is_free(self.name)


def choices(
    workspace: Workspace, *, has_pages: bool, chosen: str = "", as_persona: bool = False
) -> list[AssistantChoice]:
    """The local engine where it has pages, then every assistant whose key is here. `chosen` is a value `NAME/MODEL`.

    `as_persona`: one may be chosen beside, whose words cost as well.
    """
    held = set(Credential.objects.for_workspace(workspace).values_list("assistant", flat=True))
    own: dict[str, list[str]] = {}
    for name, model in OwnPrice.objects.for_workspace(workspace).values_list("assistant", "model"):
        own.setdefault(name, []).append(model)
    book = pricing.book(workspace.pk)
    found = []
    for name, label in assistants.choices():
        if not has_pages if assistants.needs_index(name) else name not in held and assistants.needs_key(name):
            continue
        models = [*assistants.assistant_class(name).models, *(m for m in own.get(name, ()) if "*" not in m)]
        rows = []
        for model in dict.fromkeys(models or [""]):
            price = pricing.find(book, name, model)
            longest = _LONGEST_PERSONA + _LONGEST_QUESTION if as_persona else _LONGEST_QUESTION
            maximum = Decimal(0) if assistants.is_free(name) else book.maximum(price, prompt=longest)
            value = f"{name}/{model}"
            rows.append(ModelChoice(value, model or "its own model", maximum, selected=value == chosen))
        found.append(AssistantChoice(name, label, tuple(rows)))
    return found


def said(response: Response) -> str:
    """What the try under way has said so far, or what one that failed had."""
    if response.status != ResponseStatus.SENDING:
        return response.text
    rows = Delta.objects.for_workspace(response.workspace_id).filter(response=response, lease=response.lease)
    return "".join(rows.order_by("sequence").values_list("text", flat=True))


def per_token_ms(response: Response) -> float | None:
    """How long each token took after the first; None where its text did not come piece by piece."""
    if response.first_text_ms is None or response.latency_ms is None or (response.output_tokens or 0) < 2:
        return None
    return max(response.latency_ms - response.first_text_ms, 0) / ((response.output_tokens or 2) - 1)


# --- following an answer while it comes ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of text: the try it belongs to, and its number there."""

    lease: int
    sequence: int
    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The response is in another state than before."""


_LOOK = """
SELECT r.status, d.lease, d.sequence, d.text FROM monitor_response r
LEFT JOIN monitor_delta d ON d.response_id = r.id AND d.lease = r.lease AND (d.lease, d.sequence) > (%s, %s)
WHERE r.id = %s ORDER BY d.sequence
"""


async def follow(response_id: int, *, lease: int = 0, sequence: int = -1) -> AsyncIterator[Said | Moved | None]:
    """What a response says after the given piece, as it comes, until it is over; None is a sign of life.

    Ends without a word when the database goes away or the stream grew too old: whoever reads comes back.
    """
    began = quiet_since = time.monotonic()
    status = None
    try:
        async with await _connect() as own:
            is_told = await _listen(own)
            while time.monotonic() - began < LONGEST_SECONDS:
                rows = await (await own.execute(_LOOK, [lease, sequence, response_id])).fetchall()
                for _, at, number, text in rows:
                    if text is not None:
                        lease, sequence, quiet_since = at, number, time.monotonic()
                        yield Said(at, number, text)
                now = rows[0][0] if rows else None
                if now not in OPEN:
                    yield Moved()
                    return
                if status not in (None, now):
                    yield Moved()
                status = now
                if time.monotonic() - quiet_since > HEARTBEAT_SECONDS:
                    quiet_since = time.monotonic()
                    yield None
                await _wait(own, response_id, is_told=is_told)
    except psycopg.OperationalError:
        return


async def _connect() -> psycopg.AsyncConnection[Any]:
    """A connection of this stream alone, to the database that Django uses."""
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)


async def _listen(own: psycopg.AsyncConnection[Any]) -> bool:
    """Whether the database will tell; some poolers refuse."""
    try:
        await own.execute(f"LISTEN {CHANNEL}")
    except psycopg.errors.Error:
        return False
    return True


async def _wait(own: psycopg.AsyncConnection[Any], response_id: int, *, is_told: bool) -> None:
    """Until the database tells of the response, or it is time to look."""
    if not is_told:
        await asyncio.sleep(LOOK_SECONDS)
        return
    async with aclosing(own.notifies(timeout=LOOK_SECONDS)) as notices:
        async for told in notices:
            if told.payload == str(response_id):
                return
