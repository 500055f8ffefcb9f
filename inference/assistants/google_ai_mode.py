"""Google's AI Mode through SerpApi, by its documentation; it was not tried live. The key goes in a parameter."""

from __future__ import annotations

from typing import ClassVar

from inference.answer import KeyField, Question
from inference.draft import Draft
from inference.http import Call
from inference.service import Service
from inference.shapes import serpapi
from inference.wire import Payload, string


class GoogleAIMode(Service):
    name: ClassVar[str] = "google_ai_mode"
    label: ClassVar[str] = "Google AI Mode (SerpApi)"
    models: ClassVar[tuple[str, ...]] = ("ai-mode",)
    key_fields: ClassVar[tuple[KeyField, ...]] = (KeyField("api_key", "SerpApi key"),)
    base_url: ClassVar[str] = serpapi.ADDRESS
    takes_model: ClassVar[bool] = False
    takes_country: ClassVar[bool] = True
    takes_language: ClassVar[bool] = True
    takes_output_limit: ClassVar[bool] = False

    def call(self, question: Question, *, stream: bool = False) -> Call:
        parameters = {"engine": "google_ai_mode", "q": question.text, **serpapi.place(question)}
        return serpapi.call(self.address, self.key["api_key"], parameters)

    def read(self, payload: Payload) -> Draft:
        found = serpapi.overview(payload)
        markdown = string(found.get("reconstructed_markdown"))
        if markdown and not found.get("text_blocks"):
            found = {**found, "text_blocks": [{"snippet": markdown}]}
        return serpapi.read(found)
