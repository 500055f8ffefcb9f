"""Groq: its compound systems search and visit pages by themselves and say in the message what they ran."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from inference.answer import Question, Usage
from inference.assistants.openai import chat_body
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, bearer
from inference.shapes import chat
from inference.wire import Json, Payload, embedded, items, mapping, string, total


class Groq(Service):
    name: ClassVar[str] = "groq"
    label: ClassVar[str] = "Groq"
    models: ClassVar[tuple[str, ...]] = ("groq/compound", "groq/compound-mini")
    base_url: ClassVar[str] = "https://api.groq.com/openai/v1"
    takes_country: ClassVar[bool] = True
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = chat_body(question, question.model or self.models[0], stream=stream) | {
            "seed": question.seed,
            "search_settings": {"country": question.country.lower()} if question.country else None,
        }
        return Call.of_json(f"{self.address}/chat/completions", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        found = chat.read(payload)
        draft = found.draft
        streamed = mapping(mapping(found.document.get("x_groq")).get("usage"))
        if draft.usage == Usage() and streamed:
            draft.usage = Usage(total(streamed.get("prompt_tokens")), total(streamed.get("completion_tokens")))
        tools = items(found.message.get("executed_tools"))
        draft.usage = replace(draft.usage, searches=sum(tool.get("type") == "search" for tool in tools))
        draft.reports_sources = draft.reports_sources or bool(tools)
        for tool in tools:
            _read_tool(draft, tool)
        return draft

    def delta(self, event: Json) -> str:
        return chat.text_deltas(event)


def _read_tool(draft: Draft, tool: Json) -> None:
    """What one executed tool searched for and found, or which page it visited."""
    arguments = embedded(tool.get("arguments"))
    if tool.get("type") == "search":
        draft.search(string(arguments.get("query")))
    else:
        draft.consult(string(arguments.get("url")))
    found = tool.get("search_results")
    for result in items(mapping(found).get("results") if isinstance(found, dict) else found):
        draft.consult(string(result.get("url")), string(result.get("title")))
