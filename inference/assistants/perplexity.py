"""Perplexity's Sonar: Chat Completions whose `[n]` point into a list of search results beside the answer.

Its search reads the user's message alone, so that a persona stands there.
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
from inference.wire import Json, Payload, decimal, mapping, string, total


class Perplexity(Service):
    name: ClassVar[str] = "perplexity"
    label: ClassVar[str] = "Perplexity (Sonar API)"
    models: ClassVar[tuple[str, ...]] = ("sonar", "sonar-pro", "sonar-reasoning-pro")
    base_url: ClassVar[str] = "https://api.perplexity.ai"
    takes_country: ClassVar[bool] = True
    takes_language: ClassVar[bool] = True
    takes_persona: ClassVar[bool] = True

    def call(self, question: Question, *, stream: bool = False) -> Call:
        body = chat_body(prefaced(question), question.model or self.models[0], stream=stream)
        del body["stream_options"]
        location = {"user_location": {"country": question.country}} if question.country else {}
        body |= {
            "web_search_options": location or None,
            "search_language_filter": [question.language] if question.language else None,
        }
        return Call.of_json(f"{self.address}/chat/completions", body, bearer(self.key["api_key"]))

    def read(self, payload: Payload) -> Draft:
        found = chat.read(payload)
        listed = _sources(found.document)
        if listed is not None:
            found.draft.consult_numbered(listed)
        usage = mapping(found.document.get("usage"))
        found.draft.usage = replace(
            found.draft.usage,
            searches=total(usage.get("num_search_queries")),
            cost_usd=decimal(mapping(usage.get("cost")).get("total_cost")),
        )
        return found.draft

    def delta(self, event: Json) -> str:
        return chat.text_deltas(event)


def _sources(document: Json) -> list[tuple[str, str]] | None:
    """(url, title) in the order that markers count by; None where the body has neither list."""
    lists = [listed for key in ("search_results", "citations") if isinstance(listed := document.get(key), list)]
    if not lists:
        return None
    listed = next(filter(None, lists), [])
    return [
        (string(mapping(entry).get("url")) or string(entry), string(mapping(entry).get("title"))) for entry in listed
    ]
