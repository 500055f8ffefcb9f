"""Google's AI Overview through SerpApi, by its documentation; it was not tried live. The key goes in a parameter.

Google often hands out an overview only at a second request: the search's own body is then a paused turn. A search that
shows no overview is an answer without words: whoever searched saw none, and nobody was cited.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from inference import wire
from inference.answer import KeyField, Question, RawBody
from inference.draft import Draft
from inference.http import Call
from inference.service import Service
from inference.shapes import serpapi
from inference.wire import Json, Payload, mapping, string


class GoogleAIOverview(Service):
    name: ClassVar[str] = "google_ai_overview"
    label: ClassVar[str] = "Google AI Overview (SerpApi)"
    models: ClassVar[tuple[str, ...]] = ("ai-overview",)
    key_fields: ClassVar[tuple[KeyField, ...]] = (KeyField("api_key", "SerpApi key"),)
    base_url: ClassVar[str] = serpapi.ADDRESS
    takes_model: ClassVar[bool] = False
    takes_country: ClassVar[bool] = True
    takes_language: ClassVar[bool] = True
    takes_output_limit: ClassVar[bool] = False

    def call(self, question: Question, *, stream: bool = False) -> Call:
        parameters = {"engine": "google", "q": question.text, **serpapi.place(question)}
        return serpapi.call(self.address, self.key["api_key"], parameters)

    def next_call(self, question: Question, bodies: Sequence[RawBody]) -> Call | None:
        token = _token(serpapi.overview(wire.read(bodies[-1].content)))
        parameters = {"engine": "google_ai_overview", "page_token": token}
        return serpapi.call(self.address, self.key["api_key"], parameters)

    def read(self, payload: Payload) -> Draft:
        found = serpapi.overview(payload)
        if _token(found):
            return Draft(finish="paused")
        if _is_without(payload.document or {}):
            return Draft()
        return serpapi.read(found)


def _token(found: Json) -> str:
    """What the overview is fetched by, where the search did not bring it."""
    return "" if found.get("text_blocks") else string(found.get("page_token"))


def _is_without(document: Json) -> bool:
    """Whether this is a finished search that shows no overview."""
    searched = mapping(document.get("search_parameters")).get("engine") == "google" or "organic_results" in document
    return searched and not document.get("ai_overview") and "text_blocks" not in document
