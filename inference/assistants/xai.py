"""xAI's Grok: the Responses API with search of the web and of X; Chat Completions are read as well."""

from __future__ import annotations

from typing import ClassVar

from inference.answer import Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, bearer, conversation
from inference.shapes import responses_or_chat
from inference.wire import Json, Payload


class XAI(Service):
    name: ClassVar[str] = "xai"
    label: ClassVar[str] = "Grok (xAI API)"
    models: ClassVar[tuple[str, ...]] = ("grok-4.3", "grok-4-fast-reasoning", "grok-4-1-fast-non-reasoning")
    base_url: ClassVar[str] = "https://api.x.ai/v1"
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = {
            "model": question.model or self.models[0],
            # a persona makes messages of it: xAI documents a system's there
            "input": conversation(question) if question.persona else question.text,
            "tools": [{"type": "web_search"}, {"type": "x_search"}],
            "include": ["web_search_call.action.sources"],
            "store": False,
            "stream": stream or None,
            "temperature": question.temperature,
            "max_output_tokens": question.options.get("max_output_tokens"),
        }
        return Call.of_json(f"{self.address}/responses", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        return responses_or_chat.read(payload, all_calls_search=True)

    def delta(self, event: Json) -> str:
        return responses_or_chat.text_deltas(event)
