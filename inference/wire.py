"""A raw body as plain JSON: one document, or the events of a stream, found out by looking at it.

Knows JSON and server-sent events, and how to read fields that may be missing or of another type. Does not know what
any provider means by them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

from inference.answer import AssistantError

Json = dict[str, Any]

_LINE = re.compile(r"\r?\n")
_FIELD = re.compile(r"(?:data|event|id|retry)\b")
#: What means nothing before a body: white space, and comments by which a service keeps the connection open.
_KEEP_ALIVE = re.compile(r"(?:\s+|:[^\n]*)*")


@dataclass(frozen=True, slots=True)
class Payload:
    """What a body holds: a `document`, or the `events` of a stream; neither where it cannot be read at all.

    The name of an event (`event:`) is added to its data as `type` where the data has none.
    """

    document: Json | None = None
    events: tuple[Json, ...] = ()

    @property
    def readable(self) -> bool:
        return self.document is not None or bool(self.events)


def read(content: bytes) -> Payload:
    """The JSON of a body. An array of objects is the stream of a service that sends its chunks so."""
    text = content.decode("utf-8-sig", "replace")
    begin = _KEEP_ALIVE.match(text)
    at = begin.end() if begin else 0
    if _FIELD.match(text, at):
        return Payload(events=tuple(events(_LINE.split(text[at:]))))
    value = _loads(text[at:])
    if isinstance(value, dict):
        return Payload(document=value)
    if isinstance(value, list):
        return Payload(events=tuple(items(value)))
    return Payload()


def events(lines: Iterable[str]) -> Iterator[Json]:
    """The objects that lines of server-sent events carry, up to `[DONE]`; a last one cut short is left out."""
    name, data = "", list[str]()
    for line in chain(lines, [""]):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value.strip()
        elif not line:
            if data:
                whole = "\n".join(data).strip()
                if whole == "[DONE]":
                    return
                if (event := _event(name, whole)) is not None:
                    yield event
            name, data = "", []


def _event(name: str, data: str) -> Json | None:
    """One event's object. What is named `error` is an error, be it words alone or an object of a type of its own."""
    event = _loads(data)
    if not isinstance(event, dict):
        return {"type": "error", "message": data} if name == "error" else None
    if not name or event.get("type") == name:
        return event
    if name == "error" and "type" in event:
        return {"type": "error", "error": event.get("error") or event}
    return {"type": name, **event}


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a body that arrives in chunks, each as soon as it is whole."""
    begun: list[bytes] = []
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield b"".join([*begun, line]).removesuffix(b"\r").decode("utf-8", "replace")
            begun = []
        begun.append(rest)
    yield b"".join(begun).decode("utf-8", "replace")


def _loads(text: str) -> Any:
    """The JSON value of a text, None where it is none (as `null` is)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def mapping(value: Any) -> Json:
    """The object, or an empty one for anything else."""
    return cast(Json, value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Json]:
    """The objects of a list, none for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def string(value: Any) -> str:
    """The text, empty for anything else."""
    return value if isinstance(value, str) else ""


#: More tokens than the sum of a few counts may come to: what is stored of them has 32 bits.
_TOO_MANY = 2**28


def integer(value: Any) -> int | None:
    """The whole number, None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def decimal(value: Any) -> float | None:
    """The number, None for anything else: JSON as it comes may also hold `NaN` and `Infinity`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def total(*values: Any) -> int | None:
    """The sum of the counts that are there; None where nothing is. A negative number or a huge one is none."""
    numbers = [number for value in values if (number := integer(value)) is not None and 0 <= number < _TOO_MANY]
    return sum(numbers) if numbers else None


def embedded(value: Any) -> Json:
    """The object that a text holds as JSON, as arguments of tools come; an object is taken as it is."""
    return mapping(_loads(value)) if isinstance(value, str) else mapping(value)


def malformed(what: str) -> AssistantError:
    """The error for a body that holds no answer."""
    return AssistantError("malformed", what)
