"""Any server that speaks Chat Completions: Ollama, vLLM, llama.cpp. It does not search the web.

A persona stands in the user's message: the templates of some models refuse a system's.
"""

from __future__ import annotations

from typing import ClassVar

from inference.answer import KeyField, Question
from inference.assistants.openai import chat_body
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, bearer, prefaced
from inference.shapes import chat
from inference.wire import Json, Payload


class OpenAICompatible(Service):
    name: ClassVar[str] = "openai_compatible"
    label: ClassVar[str] = "OpenAI-compatible server"
    key_fields: ClassVar[tuple[KeyField, ...]] = (
        KeyField("base_url", "Base URL", secret=False, hint="http://localhost:11434/v1, allowed by the operator"),
        KeyField("api_key", "API key", required=False),
    )
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = chat_body(prefaced(question), question.model or "default", stream=stream) | {"seed": question.seed}
        key = self.key.get("api_key")
        return Call.of_json(f"{self.address}/chat/completions", body, bearer(key) if key else {})

    def read(self, payload: Payload) -> Draft:
        return chat.read(payload).draft

    def delta(self, event: Json) -> str:
        return chat.text_deltas(event)
