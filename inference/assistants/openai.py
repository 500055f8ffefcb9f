"""OpenAI: the Responses API with web search, and Chat Completions for the search-preview models."""

from __future__ import annotations

from typing import Any, ClassVar

from inference.answer import Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, about_asker, bearer, conversation, place
from inference.shapes import responses_or_chat
from inference.wire import Json, Payload


class OpenAI(Service):
    name: ClassVar[str] = "openai"
    label: ClassVar[str] = "ChatGPT (OpenAI API)"
    models: ClassVar[tuple[str, ...]] = ("gpt-5.2", "gpt-5-mini", "gpt-4.1", "gpt-4o-search-preview")
    base_url: ClassVar[str] = "https://api.openai.com/v1"
    takes_country: ClassVar[bool] = True
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        model = question.model or self.models[0]
        headers = bearer(self.key["api_key"])
        if "search-preview" in model:
            body = chat_body(question, model, stream=stream) | {"web_search_options": _nested_place(question)}
            return Call.of_json(f"{self.address}/chat/completions", body, headers)
        return Call.of_json(f"{self.address}/responses", responses_body(question, model, stream=stream), headers)

    def read(self, payload: Payload) -> Draft:
        return responses_or_chat.read(payload)

    def delta(self, event: Json) -> str:
        return responses_or_chat.text_deltas(event)


def _nested_place(question: Question) -> dict[str, Any]:
    if not question.country:
        return {}
    return {"user_location": {"type": "approximate", "approximate": {"country": question.country}}}


def responses_body(question: Question, model: str, *, stream: bool, tool: str = "web_search") -> dict[str, Any]:
    """A question to the Responses API with its web search, nothing kept at the provider's."""
    return {
        "model": model,
        "instructions": about_asker(question),
        "input": question.text,
        "tools": [{"type": tool, **place(question)}],
        "include": ["web_search_call.action.sources"],
        "store": False,
        "stream": stream or None,
        "temperature": question.temperature,
        "max_output_tokens": question.options.get("max_output_tokens"),
    }


def chat_body(question: Question, model: str, *, stream: bool) -> dict[str, Any]:
    """A question to Chat Completions; usage is asked for in streams, where it is not sent unasked."""
    return {
        "model": model,
        "messages": conversation(question),
        "stream": stream or None,
        "stream_options": {"include_usage": True} if stream else None,
        "temperature": question.temperature,
        "max_tokens": question.options.get("max_output_tokens"),
    }
