"""Bedrock's Converse: a list of content blocks, whole or streamed, with blocks of citations between those of text.

Reads events as `{kind: fields}`, as AWS's libraries give them, or with the kind as their `type`. Does not know how a
question is put, nor how a stream is framed.
"""

from __future__ import annotations

from inference.answer import Finish, Span, Usage
from inference.draft import Draft
from inference.wire import Json, Payload, embedded, integer, items, malformed, mapping, string, total

#: Nova's own tool for searching the web.
SEARCH_TOOL = "nova_grounding"

_FINISHES: dict[str, Finish] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
    "guardrail_intervened": "blocked",
    "content_filtered": "blocked",
    "pause_turn": "paused",
}
_EVENTS = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata")


def holds(payload: Payload) -> bool:
    """Whether this is a Converse body and not a model's own."""
    if payload.document is not None:
        return "output" in payload.document
    return any(map(_kinds, payload.events))


def read(payload: Payload) -> Draft:
    """The answer in a Converse body. Raises AssistantError("malformed") where there is none."""
    answer = payload.document if payload.document is not None else _joined(payload.events)
    message = mapping(mapping(answer.get("output")).get("message"))
    if not isinstance(message.get("content"), list):
        raise malformed("This is no Converse answer: it has no message.")
    draft = Draft(finish=_FINISHES.get(string(answer.get("stopReason")), "complete"))
    last: Span = (0, 0)
    calls = 0
    for block in items(message["content"]):
        cited = block.get("citationsContent")
        if isinstance(cited, dict):
            words = "".join(string(part.get("text")) for part in items(cited.get("content")))
            last = _add(draft, words, last)
            for citation in items(cited.get("citations")):
                _cite(draft, citation, last)
        elif "text" in block:
            last = _add(draft, string(block["text"]), last)
        elif block:
            draft.interrupt()
            calls += _read_call(draft, mapping(block.get("toolUse")))
    draft.usage = _usage(mapping(answer.get("usage")), calls)
    return draft


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds."""
    return string(mapping(mapping(_kinds(event).get("contentBlockDelta")).get("delta")).get("text"))


def _add(draft: Draft, words: str, last: Span) -> Span:
    """Add a block's words; returns where they are, or where the last ones are if there are none."""
    if not words:
        return last
    if last == (0, 0):
        return 0, draft.add_thinking_first(words) + len(words)
    start = draft.add(words)
    return start, start + len(words)


def _cite(draft: Draft, citation: Json, span: Span) -> None:
    """Tie a page to the text of its own block, or to the text before; an uploaded document has no URL."""
    web = mapping(mapping(citation.get("location")).get("web"))
    url = string(web.get("url")) or string(citation.get("source"))
    draft.cite(url, *span, string(citation.get("title")), string(web.get("domain")))


def _read_call(draft: Draft, call: Json) -> bool:
    """Whether this is the call of a tool that runs at Amazon's; its query, if it has one, was searched for."""
    if call.get("type") != "server_tool_use" and call.get("name") != SEARCH_TOOL:
        return False
    draft.search(string(embedded(call.get("input")).get("query")))
    return True


def _usage(usage: Json, calls: int) -> Usage:
    # older models count the cache under names of their own, newer ones under both
    cached = (
        total(usage.get(f"{kind}InputTokens")) or total(usage.get(f"{kind}InputTokenCount"))
        for kind in ("cacheRead", "cacheWrite")
    )
    return Usage(total(usage.get("inputTokens"), *cached), total(usage.get("outputTokens")), calls)


def _joined(events: tuple[Json, ...]) -> Json:
    """The body that the events of a stream build up."""
    whole: Json = {}
    blocks: list[Json] = []
    building: dict[int | None, Json] = {}
    for kind, value in ((kind, value) for event in events for kind, value in _kinds(event).items()):
        number = integer(value.get("contentBlockIndex"))
        if kind in {"contentBlockStart", "contentBlockDelta"} and number not in building:
            blocks.append(building.setdefault(number, {}))
        if kind == "contentBlockStart":
            _extend(building[number], mapping(value.get("start")))
        elif kind == "contentBlockDelta":
            _extend(building[number], mapping(value.get("delta")))
        elif kind == "contentBlockStop":
            building.pop(number, None)
        elif kind in {"messageStop", "metadata"}:
            whole |= {name: field for name, field in value.items() if field is not None}
    return whole | {"output": {"message": {"content": list(map(_as_whole, blocks))}}}


def _kinds(event: Json) -> dict[str, Json]:
    """What an event says, by its kind; empty for an event of another API."""
    if event.get("type") in _EVENTS:
        return {string(event["type"]): event}
    return {kind: mapping(event[kind]) for kind in _EVENTS if kind in event}


def _extend(block: Json, delta: Json) -> None:
    """One more piece of a block."""
    if "citation" in delta:
        block.setdefault("citations", []).append(mapping(delta["citation"]))
    elif "text" in delta:
        block.setdefault("text", []).append(string(delta["text"]))
    elif "toolUse" in delta:
        begun, more = mapping(block.get("toolUse")), mapping(delta["toolUse"])
        # the input of a tool comes as pieces of JSON
        pieces = string(begun.get("input")) + string(more.get("input"))
        block["toolUse"] = {**begun, **more, "input": pieces or more.get("input")}
    elif delta:
        block["other"] = delta


def _as_whole(block: Json) -> Json:
    """A streamed block as a whole body has it: text with citations of its own is one block of citations."""
    if "citations" not in block and "text" not in block:
        return block
    words = "".join(block.get("text", []))
    if "citations" not in block:
        return {"text": words}
    return {"citationsContent": {"content": [{"text": words}], "citations": block["citations"]}}
