"""OpenRouter: Chat Completions of many models with its web plugin; sources come as annotations, placed or listed.

A persona stands in the user's message, which is what it is searched by.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from inference.answer import Question
from inference.assistants.openai import chat_body
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, bearer, prefaced
from inference.shapes import chat
from inference.wire import Json, Payload, decimal, mapping, total


class OpenRouter(Service):
    name: ClassVar[str] = "openrouter"
    label: ClassVar[str] = "OpenRouter"
    models: ClassVar[tuple[str, ...]] = ("perplexity/sonar", "openai/gpt-5-mini", "deepseek/deepseek-chat")
    base_url: ClassVar[str] = "https://openrouter.ai/api/v1"
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = chat_body(prefaced(question), question.model or self.models[0], stream=stream)
        body |= {"plugins": [{"id": "web"}], "usage": {"include": True}, "seed": question.seed}
        return Call.of_json(f"{self.address}/chat/completions", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        found = chat.read(payload)
        found.draft.mark(found.unplaced)
        usage = mapping(found.document.get("usage"))
        tools = mapping(usage.get("server_tool_use_details"))
        found.draft.usage = replace(
            found.draft.usage,
            searches=total(tools.get("web_search_requests")),
            cost_usd=decimal(usage.get("cost")),
        )
        return found.draft

    def delta(self, event: Json) -> str:
        return chat.text_deltas(event)
