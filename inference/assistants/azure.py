"""Azure OpenAI and Azure AI Foundry: the same formats as OpenAI's under an address of the customer's own."""

from __future__ import annotations

from typing import ClassVar

from inference.answer import KeyField, Question
from inference.assistants.openai import chat_body, responses_body
from inference.draft import Draft
from inference.http import Call
from inference.service import API_KEY, Service
from inference.shapes import responses_or_chat
from inference.wire import Json, Payload


class Azure(Service):
    """A `model` is the name of a deployment; one whose name begins with `chat:` is asked by Chat Completions."""

    name: ClassVar[str] = "azure"
    label: ClassVar[str] = "Azure OpenAI"
    models: ClassVar[tuple[str, ...]] = ("gpt-4.1-mini",)
    key_fields: ClassVar[tuple[KeyField, ...]] = (
        KeyField("base_url", "Endpoint", secret=False, hint="https://NAME.openai.azure.com"),
        API_KEY,
    )
    takes_country: ClassVar[bool] = True
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        model = question.model or self.models[0]
        headers = {"api-key": self.key["api_key"]}
        root = f"{self.address.removesuffix('/openai/v1')}/openai/v1"
        if model.startswith("chat:"):
            body = chat_body(question, model.removeprefix("chat:"), stream=stream)
            return Call.of_json(f"{root}/chat/completions", body, headers)
        body = responses_body(question, model, stream=stream, tool="web_search_preview")
        return Call.of_json(f"{root}/responses", body, headers)

    def read(self, payload: Payload) -> Draft:
        return responses_or_chat.read(payload)

    def delta(self, event: Json) -> str:
        return responses_or_chat.text_deltas(event)
