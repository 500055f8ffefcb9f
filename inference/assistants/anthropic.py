"""Anthropic's Claude: Messages with web search and fetch; a turn that pauses is let go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from inference import wire
from inference.answer import Question, RawBody
from inference.draft import Draft
from inference.http import Call
from inference.service import Service, about_asker, place
from inference.shapes import messages
from inference.wire import Json, Payload, embedded

#: Tokens of one answer where the panel does not say; the API wants a number.
MOST_TOKENS = 4096
MOST_SEARCHES = 5


class Anthropic(Service):
    name: ClassVar[str] = "anthropic"
    label: ClassVar[str] = "Claude (Anthropic API)"
    models: ClassVar[tuple[str, ...]] = ("claude-sonnet-5", "claude-haiku-4-5")
    base_url: ClassVar[str] = "https://api.anthropic.com/v1"
    takes_country: ClassVar[bool] = True
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        return self._call(question, [], stream=stream)

    def next_call(self, question: Question, bodies: Sequence[RawBody]) -> Call | None:
        said: list[Json] = []
        for body in bodies:
            said += map(_as_sent_back, messages.message(wire.read(body.content))["content"])
        return self._call(question, [{"role": "assistant", "content": said}])

    def read(self, payload: Payload) -> Draft:
        return messages.read(payload)

    def delta(self, event: Json) -> str:
        return messages.text_deltas(event)

    def _call(self, question: Question, so_far: list[Json], *, stream: bool = False) -> Call:
        body = {
            "model": question.model or self.models[0],
            "max_tokens": question.options.get("max_output_tokens") or MOST_TOKENS,
            "system": about_asker(question),
            "messages": [{"role": "user", "content": question.text}, *so_far],
            "tools": [
                {"type": "web_search_20250305", "name": "web_search", "max_uses": MOST_SEARCHES, **place(question)},
                {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": MOST_SEARCHES},
            ],
            "temperature": question.temperature,
            "stream": stream or None,
        }
        headers = {
            "x-api-key": self.key["api_key"],
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "web-fetch-2025-09-10",
        }
        return Call.of_json(f"{self.address}/messages", body, headers)


def _as_sent_back(block: Json) -> Json:
    """A block as the API takes it back; a streamed one has its tool's input as text."""
    return {**block, "input": embedded(block["input"])} if isinstance(block.get("input"), str) else block
