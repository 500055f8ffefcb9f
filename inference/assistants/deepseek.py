"""DeepSeek: the Responses API with its own search; Chat Completions, which do not search, are read as well."""

from __future__ import annotations

from typing import ClassVar

from inference.answer import Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, about_asker, bearer
from inference.shapes import responses_or_chat
from inference.wire import Json, Payload


class DeepSeek(Service):
    name: ClassVar[str] = "deepseek"
    label: ClassVar[str] = "DeepSeek"
    models: ClassVar[tuple[str, ...]] = ("deepseek-v4-flash",)
    base_url: ClassVar[str] = "https://api.deepseek.com"
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = {
            "model": question.model or self.models[0],
            "instructions": about_asker(question),
            "input": question.text,
            "tools": [{"type": "web_search"}],
            "stream": stream or None,
            "temperature": question.temperature,
            "max_output_tokens": question.options.get("max_output_tokens"),
        }
        return Call.of_json(f"{self.address}/responses", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        return responses_or_chat.read(payload)

    def delta(self, event: Json) -> str:
        return responses_or_chat.text_deltas(event)
