"""Chat Completions, the format most providers answer in: one message, whole or in deltas.

Only the first choice counts. Reads what all of them share; sources that a provider lists in fields of its own are read
by that provider's file from the `message` and `document` kept here. Does not know how a question is put.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inference import errors
from inference.answer import Finish, Usage
from inference.draft import Draft
from inference.shapes.responses import annotate
from inference.wire import Json, Payload, integer, items, malformed, mapping, string, total

_TRUNCATED = ("length", "model_length", "max_tokens")
#: Parts that stand in the text without parting it.
_INLINE = ("tool_reference", "reference", "refusal")


@dataclass(slots=True)
class Chat:
    """A completion read as one: `document` has the last value of each top-level field, `message` of the message's."""

    draft: Draft
    document: Json
    message: Json
    #: (url, title) of annotations that have no place in the text, in order
    unplaced: list[tuple[str, str]]


def holds(payload: Payload) -> bool:
    """Whether this is a Chat Completions body, whole or streamed."""
    documents = [payload.document] if payload.document is not None else list(payload.events)
    return any(isinstance(document.get("choices"), list) for document in documents)


def read(payload: Payload) -> Chat:
    """The answer in a completion, whole or streamed. Raises AssistantError where there is none."""
    if not holds(payload):
        raise malformed("This is no completion: it has no choices.")
    document, message, choice = _whole(payload.document) if payload.document is not None else _joined(payload)
    if error := choice.get("error"):
        raise errors.failure(error)
    if not choice:
        raise malformed("The completion has no choice.")
    draft = Draft(model=string(document.get("model")) or None)
    start = _add_content(draft, message.get("content"))
    parts = (string(part.get("refusal")) for part in items(message.get("content")))
    refusal = string(message.get("refusal")) or "".join(parts)
    if refusal and not draft.text:
        draft.add(refusal)
    unplaced = annotate(draft, items(message.get("annotations")), start)
    draft.finish = _finish(string(choice.get("finish_reason")), refused=bool(refusal))
    usage = mapping(document.get("usage"))
    draft.usage = Usage(total(usage.get("prompt_tokens")), total(usage.get("completion_tokens")))
    return Chat(draft, document, message, unplaced)


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds."""
    content = _delta(event).get("content")
    return string(content) or "".join(string(part.get("text")) for part in items(content) if _is_text(part))


def _whole(document: Json) -> tuple[Json, Json, Json]:
    choice = _first(document) or next(iter(items(document.get("choices"))), {})
    return document, mapping(choice.get("message")), choice


def _joined(payload: Payload) -> tuple[Json, Json, Json]:
    """One completion of all deltas: text joined, lists extended, other fields by their last value."""
    document: Json = {}
    choice: Json = {}
    pieces: dict[str, list[Any]] = {}
    for event in payload.events:
        document |= {key: value for key, value in event.items() if value is not None and _keeps(document, key, value)}
        choice |= {key: value for key, value in _first(event).items() if value is not None}
        for key, value in _delta(event).items():
            if value is not None:
                pieces.setdefault(key, []).append(value)
    message = {key: _folded(values) for key, values in pieces.items()}
    message["content"] = _join(pieces.get("content", []))
    message["refusal"] = "".join(map(string, pieces.get("refusal", [])))
    return document, message, choice


def _folded(values: list[Any]) -> Any:
    """A field of the message after all deltas: the last value, but lists go on.

    Items with an index replace their like, others are added, unless the service sends all of them again.
    """
    if not all(isinstance(value, list) for value in values):
        return values[-1]
    by_index = {integer(item.get("index")): item for value in values for item in items(value)}
    if by_index and None not in by_index:
        return list(by_index.values())
    whole: list[Any] = []
    for value in values:
        if len(value) >= len(whole) and value[: len(whole)] == whole:
            whole = list(value)
        else:
            whole += value
    return whole


def _keeps(document: Json, key: str, value: Any) -> bool:
    """The model is the first that is named; everything else the last."""
    return key != "model" or (bool(value) and not document.get("model"))


def _join(pieces: list[Any]) -> Any:
    """Deltas as one content: text as text; where any came in parts, all as parts."""
    if not any(isinstance(piece, list) for piece in pieces):
        return "".join(map(string, pieces))
    parts: list[Json] = []
    for piece in pieces:
        if isinstance(piece, list):
            parts += items(piece)
        elif piece:
            parts.append({"type": "text", "text": piece})
    return parts


def _add_content(draft: Draft, content: Any) -> int:
    """Add a message's content, a text or a list of parts; returns where offset 0 of it would lie."""
    if isinstance(content, str):
        return draft.add_thinking_first(content)
    start = None
    for part in items(content):
        if _is_text(part):
            at = draft.add_thinking_first(string(part.get("text")))
            start = at if start is None else start
        elif part.get("type") not in _INLINE:
            draft.interrupt()
    return start or 0


def _is_text(part: Json) -> bool:
    return part.get("type", "text") in ("text", "output_text")


def _first(document: Json) -> Json:
    """The first choice: the one with index 0, or without an index."""
    return next((choice for choice in items(document.get("choices")) if not choice.get("index")), {})


def _delta(event: Json) -> Json:
    return mapping(_first(event).get("delta"))


def _finish(reason: str, *, refused: bool) -> Finish:
    if reason == "content_filter":
        return "blocked"
    if refused:
        return "refused"
    return "truncated" if reason in _TRUNCATED else "complete"
