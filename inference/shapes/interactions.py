"""Gemini's Interactions API: a list of steps, whole or streamed. Its offsets are UTF-8 bytes.

Does not know how a question is put.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from inference.answer import Usage
from inference.draft import Bytes, Draft
from inference.wire import Json, Payload, embedded, integer, items, malformed, mapping, string, total

_CLOSING = ("interaction.completed", "interaction.complete")
_STARTS = ("step.start", "content.start")
_DELTAS = ("step.delta", "content.delta")


def holds(payload: Payload) -> bool:
    """Whether this is an interaction and not another body of the same provider."""
    if payload.document is not None:
        return payload.document.get("object") == "interaction" or isinstance(_steps(payload.document), list)
    return any(_kind(event).startswith(("interaction.", "step.", "content.")) for event in payload.events)


def read(payload: Payload) -> Draft:
    """The answer in an interaction. Raises AssistantError("malformed") for a stream without its closing event."""
    interaction = payload.document if payload.document is not None else _joined(payload.events)
    steps = _steps(interaction)
    if not isinstance(steps, list):
        raise malformed("The interaction has no steps.")
    draft = Draft(model=string(interaction.get("model")) or None)
    for step in items(steps):
        _read_step(draft, step)
    draft.finish = "truncated" if interaction.get("status") == "incomplete" else "complete"
    usage = mapping(interaction.get("usage"))
    draft.usage = Usage(
        input_tokens=total(usage.get("total_input_tokens"), usage.get("total_tool_use_tokens")),
        output_tokens=total(usage.get("total_output_tokens"), usage.get("total_thought_tokens")),
    )
    draft.usage = replace(draft.usage, searches=draft.search_count)
    return draft


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds."""
    delta = mapping(event.get("delta"))
    return string(delta.get("text")) if _kind(event) in _DELTAS and delta.get("type", "text") == "text" else ""


def _read_step(draft: Draft, step: Json) -> None:
    kind = step.get("type")
    if kind == "text":
        # the older form: what a step holds now stood in the list itself
        _read_part(draft, step)
        return
    draft.interrupt()
    if kind == "model_output":
        for part in items(step.get("content")):
            _read_part(draft, part)
    elif kind == "google_search_call":
        queries = embedded(step.get("arguments")).get("queries")
        draft.search(*map(string, queries if isinstance(queries, list) else []))


def _read_part(draft: Draft, part: Json) -> None:
    if part.get("type", "text") != "text":
        draft.interrupt()
        return
    text = string(part.get("text"))
    start = draft.add(text)
    offsets = Bytes(text)
    for annotation in items(part.get("annotations")):
        if annotation.get("type", "url_citation") != "url_citation":
            continue
        url, title = string(annotation.get("url")), string(annotation.get("title"))
        first, last = integer(annotation.get("start_index")) or 0, integer(annotation.get("end_index")) or 0
        if not draft.cite(url, start + offsets.place(first), start + offsets.place(last), title):
            draft.consult(url, title)


def _steps(interaction: Json) -> Any:
    return interaction.get("steps") if "steps" in interaction else interaction.get("outputs")


def _kind(event: Json) -> str:
    return string(event.get("event_type")) or string(event.get("type"))


def _joined(events: tuple[Json, ...]) -> Json:
    """The interaction that the events of a stream build up."""
    whole: Json = {}
    steps: dict[int | None, Json] = {}
    ended = False
    for event in events:
        kind, index = _kind(event), integer(event.get("index"))
        if kind.startswith("interaction."):
            whole |= {key: value for key, value in mapping(event.get("interaction")).items() if value is not None}
            ended = ended or kind in _CLOSING
        elif kind in _STARTS:
            steps[index] = dict(mapping(event.get("step")) or mapping(event.get("content")))
        elif kind in _DELTAS:
            _extend(steps.setdefault(index, {}), mapping(event.get("delta")))
    if not ended:
        raise malformed("The stream broke off before its closing event.")
    return whole if _steps(whole) else whole | {"steps": list(steps.values())}


def _extend(step: Json, delta: Json) -> None:
    """Add a delta to its step: text and annotations to the last part of an output, anything else as fields."""
    if "text" not in delta and "annotations" not in delta:
        step |= {key: value for key, value in delta.items() if key != "type" or "type" not in step}
        return
    if step.setdefault("type", "model_output") == "model_output":
        parts = step["content"] = items(step.get("content")) or [{"type": "text"}]
        part = parts[-1]
    else:
        part = step
    part["text"] = string(part.get("text")) + string(delta.get("text"))
    part["annotations"] = items(part.get("annotations")) + items(delta.get("annotations"))
