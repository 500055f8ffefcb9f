"""The Responses API, as OpenAI, Azure, xAI and DeepSeek answer in it: a list of output items, whole or streamed.

A stream is read from the response object in its closing event. Does not know how a question is put.
"""

from __future__ import annotations

from collections.abc import Iterator

from inference.answer import Finish, Usage
from inference.draft import Draft
from inference.wire import Json, Payload, decimal, embedded, integer, items, malformed, mapping, string, total

_CLOSING = ("response.completed", "response.incomplete", "response.failed")
_STEP_CALLS = ("web_search_call", "x_search_call", "custom_tool_call")


def holds(payload: Payload) -> bool:
    """Whether this is a Responses body and not another API's of the same provider."""
    if payload.document is not None:
        return "output" in payload.document or payload.document.get("object") == "response"
    return any(string(event.get("type")).startswith("response.") for event in payload.events)


def read(payload: Payload, *, all_calls_search: bool = False) -> Draft:
    """The answer in a Responses body. Raises AssistantError("malformed") for a stream without its closing event.

    `all_calls_search` counts a call that opened a page as a search too, as xAI does.
    """
    response = payload.document if payload.document is not None else _closing(payload.events)
    if not isinstance(response.get("output"), list) or response.get("status") in ("in_progress", "queued"):
        raise malformed("The response has no output: the service had not finished it.")
    draft = Draft(model=string(response.get("model")) or None)
    output = items(response["output"])
    final_only = any(item.get("phase") == "final_answer" for item in output)
    refusals: list[str] = []
    for item in output:
        draft.interrupt()
        if item.get("type") == "message":
            if not (final_only and item.get("phase") == "commentary"):
                refusals += _read_message(draft, item)
        elif item.get("type") in _STEP_CALLS:
            _read_call(draft, item)
    if refusals and not draft.text:
        draft.add("".join(refusals))
    draft.finish = _finish(response, refused=bool(refusals))
    draft.usage = _usage(response, output, all_calls_search)
    return draft


def text_deltas(event: Json) -> str:
    """The text that one event of a stream adds, empty for any other event."""
    return string(event.get("delta")) if event.get("type") == "response.output_text.delta" else ""


def _closing(events: tuple[Json, ...]) -> Json:
    for event in reversed(events):
        if event.get("type") in _CLOSING and (response := mapping(event.get("response"))):
            return response
    raise malformed("The stream broke off before its closing event.")


def _read_message(draft: Draft, message: Json) -> list[str]:
    """Add the text and annotations of one message; returns its refusals' words."""
    refusals = []
    content = message.get("content")
    for part in items(content) if isinstance(content, list) else [{"type": "output_text", "text": content}]:
        if words := string(part.get("refusal")):
            refusals.append(words)
        elif part.get("type") in ("output_text", "text"):
            start = draft.add_thinking_first(string(part.get("text")))
            annotate(draft, items(part.get("annotations")), start)
        else:
            draft.interrupt()
    return refusals


def annotate(draft: Draft, annotations: list[Json], start: int) -> list[tuple[str, str]]:
    """Tie `url_citation`s to the part that begins at `start`; returns (url, title) of those without a position."""
    unplaced = []
    for annotation in annotations:
        if annotation.get("type", "url_citation") != "url_citation":
            continue
        # Chat Completions nests what Responses has flat
        cited = mapping(annotation.get("url_citation")) or annotation
        url, title = string(cited.get("url")), string(cited.get("title"))
        first, last = integer(cited.get("start_index")), integer(cited.get("end_index"))
        if last is None or first == last or not draft.cite(url, start + max(first or 0, 0), start + last, title):
            unplaced.append((url, title))
            draft.reports_sources = True
            draft.consult(url, title)
    return unplaced


def _read_call(draft: Draft, call: Json) -> None:
    """Queries and consulted pages of one call of a search tool."""
    if call.get("type") == "custom_tool_call" and "search" not in string(call.get("name")):
        return
    action = mapping(call.get("action"))
    draft.search(*_queries(call, action))
    if isinstance(action.get("sources"), list):
        draft.reports_sources = True
        for source in items(action["sources"]):
            draft.consult(string(source.get("url")), string(source.get("title")))
    if action.get("type") in ("open_page", "find_in_page", "find"):
        draft.consult(string(action.get("url")))


def _queries(call: Json, action: Json) -> Iterator[str]:
    listed = action.get("queries")
    ways = (
        listed if isinstance(listed, list) else [],
        [action.get("query")],
        [embedded(call.get(key)).get("query") for key in ("arguments", "input")],
    )
    for way in ways:
        # DeepSeek lists the id of its call among the queries
        if found := [query for query in map(string, way) if query and not query.startswith("ws_call_id=")]:
            yield from found
            return


def _finish(response: Json, *, refused: bool) -> Finish:
    reason = string(mapping(response.get("incomplete_details")).get("reason"))
    if reason == "content_filter":
        return "blocked"
    if refused:
        return "refused"
    return "truncated" if response.get("status") == "incomplete" else "complete"


def _usage(response: Json, output: list[Json], all_calls_search: bool) -> Usage:
    usage = mapping(response.get("usage"))
    details = mapping(usage.get("server_side_tool_usage_details"))
    reported = total(details.get("web_search_calls"), details.get("x_search_calls"))
    ticks = decimal(usage.get("cost_in_usd_ticks"))
    return Usage(
        input_tokens=total(usage.get("input_tokens")),
        output_tokens=total(usage.get("output_tokens")),
        searches=_searches(output, all_calls_search) if reported is None else reported,
        cost_usd=None if ticks is None else ticks / 1e10,
    )


def _searches(output: list[Json], all_calls_search: bool) -> int:
    """Calls that searched; a call that only opened a page did not."""
    return sum(
        item.get("type") in ("web_search_call", "x_search_call")
        and (all_calls_search or mapping(item.get("action")).get("type", "search") == "search")
        for item in output
    )
