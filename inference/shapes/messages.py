"""Anthropic's Messages: a list of content blocks, whole or streamed, as Anthropic and Bedrock answer in it.

Does not know how a question is put.
"""

from __future__ import annotations

from inference.answer import Finish, Usage
from inference.draft import Draft
from inference.wire import Json, Payload, embedded, integer, items, malformed, mapping, string, total

_FINISHES: dict[str, Finish] = {
    "max_tokens": "truncated",
    "model_context_window_exceeded": "truncated",
    "refusal": "refused",
    "pause_turn": "paused",
}


def message(payload: Payload) -> Json:
    """The message of a body, put together where it was streamed. Raises AssistantError("malformed")."""
    if payload.document is None:
        return _joined(payload.events)
    if not isinstance(payload.document.get("content"), list):
        raise malformed("This is no message: it has no content.")
    return payload.document


def read(payload: Payload) -> Draft:
    """The answer in a message. Raises AssistantError("malformed") for a stream without its end."""
    said = message(payload)
    draft = Draft(model=string(said.get("model")) or None)
    for block in items(said["content"]):
        kind = block.get("type")
        if kind == "text":
            _read_text(draft, block)
            continue
        draft.interrupt()
        if kind == "server_tool_use" and block.get("name") == "web_search":
            draft.search(string(embedded(block.get("input")).get("query")))
        elif kind in ("web_search_tool_result", "web_fetch_tool_result"):
            _read_result(draft, block.get("content"))
    draft.finish = _FINISHES.get(string(said.get("stop_reason")), "complete")
    usage = mapping(said.get("usage"))
    draft.usage = Usage(
        input_tokens=total(
            usage.get("input_tokens"), usage.get("cache_creation_input_tokens"), usage.get("cache_read_input_tokens")
        ),
        output_tokens=total(usage.get("output_tokens")),
        searches=total(mapping(usage.get("server_tool_use")).get("web_search_requests")) or 0,
    )
    return draft


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds."""
    delta = mapping(event.get("delta"))
    return string(delta.get("text")) if delta.get("type") == "text_delta" else ""


def _read_text(draft: Draft, block: Json) -> None:
    """One text block; what it cites is tied to the whole of it."""
    text = string(block.get("text"))
    start = draft.add(text)
    for citation in items(block.get("citations")):
        url = string(citation.get("url")) or string(citation.get("source"))
        draft.cite(url, start, start + len(text), string(citation.get("title")))


def _read_result(draft: Draft, content: object) -> None:
    """Pages that a search found or a fetch read; a failed call reports that there were none."""
    draft.reports_sources = True
    for row in items(content if isinstance(content, list) else [content]):
        if row.get("type") in ("web_search_result", "web_fetch_result"):
            title = string(row.get("title")) or string(mapping(row.get("content")).get("title"))
            draft.consult(string(row.get("url")), title)


def _joined(events: tuple[Json, ...]) -> Json:
    """The message that the events of a stream build up."""
    whole: Json = {}
    blocks: dict[int | None, Json] = {}
    ended = False
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            whole = dict(mapping(event.get("message")))
        elif kind == "content_block_start":
            blocks[integer(event.get("index"))] = dict(mapping(event.get("content_block")))
        elif kind == "content_block_delta":
            _extend(blocks.setdefault(integer(event.get("index")), {}), mapping(event.get("delta")))
        elif kind == "message_delta":
            whole |= {key: value for key, value in mapping(event.get("delta")).items() if value is not None}
            latest = {key: value for key, value in mapping(event.get("usage")).items() if value is not None}
            whole["usage"] = {**mapping(whole.get("usage")), **latest}
        elif kind == "message_stop":
            ended = True
    if not ended:
        raise malformed("The stream broke off before its closing event.")
    return whole | {"content": list(blocks.values())}


def _extend(block: Json, delta: Json) -> None:
    kind = delta.get("type")
    if kind == "text_delta":
        block["text"] = string(block.get("text")) + string(delta.get("text"))
        block.setdefault("type", "text")
    elif kind == "citations_delta":
        block["citations"] = [*items(block.get("citations")), mapping(delta.get("citation"))]
    elif kind == "input_json_delta":
        # the start of a block has an empty object where the text of its input follows
        known = block.get("input")
        block["input"] = (known if isinstance(known, str) else "") + string(delta.get("partial_json"))
    elif kind == "thinking_delta":
        block["thinking"] = string(block.get("thinking")) + string(delta.get("thinking"))
    elif kind == "signature_delta":
        block["signature"] = string(delta.get("signature"))
