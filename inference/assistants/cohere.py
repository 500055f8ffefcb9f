"""Cohere: Chat v2, whole and streamed, with citations of what the caller's own tools or documents gave it.

The API has no web search of its own any more: connectors ended with v1. So a question sent from here is answered from
what the model knows and cites nothing but links in its text; citations come from bodies of callers who brought tools.
It takes neither place nor language.
"""

from __future__ import annotations

from typing import Any, ClassVar

from inference.answer import AssistantError, Finish, Question, Usage
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, bearer, conversation
from inference.wire import Json, Payload, integer, items, malformed, mapping, string, total

_FINISHES: dict[str, Finish] = {"MAX_TOKENS": "truncated", "ERROR_TOXIC": "blocked"}
_FAILED = ("ERROR", "TIMEOUT")


class Cohere(Service):
    name: ClassVar[str] = "cohere"
    label: ClassVar[str] = "Cohere (no web search)"
    models: ClassVar[tuple[str, ...]] = ("command-a-03-2025", "command-a-plus-05-2026")
    base_url: ClassVar[str] = "https://api.cohere.com/v2"
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = {
            "model": question.model or self.models[0],
            "messages": conversation(question),
            "stream": stream,
            "temperature": question.temperature,
            "seed": question.seed,
            "max_tokens": question.options.get("max_output_tokens"),
        }
        return Call.of_json(f"{self.address}/chat", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        whole = payload.document if payload.document is not None else _joined(payload.events)
        if not isinstance(whole.get("message"), dict):
            raise malformed("This is no chat answer: it has no message.")
        reason = string(whole.get("finish_reason"))
        if reason in _FAILED:
            raise AssistantError("server", string(whole.get("error")) or f"The answer ended with {reason}.")
        draft = Draft(finish=_FINISHES.get(reason, "complete"))
        starts = _add_content(draft, whole["message"].get("content"))
        for citation in items(whole["message"].get("citations")):
            _cite(draft, citation, starts)
        tokens = mapping(mapping(whole.get("usage")).get("tokens"))
        draft.usage = Usage(total(tokens.get("input_tokens")), total(tokens.get("output_tokens")))
        return draft

    def delta(self, event: Json) -> str:
        added = _message(event).get("content") if event.get("type") in ("content-start", "content-delta") else None
        return string(mapping(added).get("text"))


def _add_content(draft: Draft, content: Any) -> dict[int, int]:
    """Add a message's parts; returns where offset 0 of each part of text lies, by the part's number."""
    starts: dict[int, int] = {}
    for place, part in enumerate([{"text": content}] if isinstance(content, str) else items(content)):
        if part.get("type", "text") == "text":
            number = integer(part.get("index"))
            starts[place if number is None else number] = draft.add_thinking_first(string(part.get("text")))
        else:
            draft.interrupt()
    return starts


def _cite(draft: Draft, citation: Json, starts: dict[int, int]) -> None:
    """Tie the sources of one citation to its place; those of reasoning and of plans have none in the answer."""
    number = integer(citation.get("content_index"))
    if number not in starts and citation.get("type", "TEXT_CONTENT") == "TEXT_CONTENT":
        number = next(iter(starts), None)
    first, last = integer(citation.get("start")) or 0, integer(citation.get("end"))
    if number not in starts or last is None:
        return
    for source in items(citation.get("sources")):
        found = mapping(source.get("tool_output")) or mapping(source.get("document"))
        url = string(found.get("url")) or string(source.get("id"))
        draft.cite(url, starts[number] + first, starts[number] + last, string(found.get("title")))


def _message(event: Json) -> Json:
    return mapping(mapping(event.get("delta")).get("message"))


def _joined(events: tuple[Json, ...]) -> Json:
    """The answer that the events of a stream build up."""
    whole: Json = {}
    parts: dict[int | None, Json] = {}
    citations: list[Any] = []
    for event in events:
        kind, message = event.get("type"), _message(event)
        if kind in ("message-start", "content-start", "content-delta"):
            whole.setdefault("message", {})
        if kind in ("content-start", "content-delta"):
            number = integer(event.get("index"))
            _extend(parts.setdefault(number, {"index": number}), mapping(message.get("content")))
        elif kind == "citation-start":
            cited = message.get("citations")
            citations += cited if isinstance(cited, list) else [cited]
        elif kind == "message-end":
            whole |= mapping(event.get("delta"))
    if "message" in whole:
        content = [{**part, "text": "".join(part["text"])} for part in parts.values()]
        whole["message"] = {"content": content, "citations": citations}
    return whole


def _extend(part: Json, added: Json) -> None:
    """One more piece of a part; a part that was never begun is of the kind that its pieces show."""
    part.setdefault("type", string(added.get("type")) or ("thinking" if "thinking" in added else "text"))
    part.setdefault("text", []).append(string(added.get("text")))
