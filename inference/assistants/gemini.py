"""Google's Gemini: generateContent grounded by Google Search, by AI Studio or Vertex AI, and the Interactions API.

Sources are redirects, which the product resolves later; their domain is known at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from inference.answer import Finish, KeyField, Question, Usage
from inference.draft import Bytes, Draft
from inference.google import ServiceAccount
from inference.http import Call, Client
from inference.service import Service, about_asker, bearer
from inference.shapes import interactions
from inference.wire import Json, Payload, integer, items, malformed, mapping, string, total

_LOCATION = re.compile(r"[a-z]+(?:-[a-z0-9]+)*")
_FINISHES: dict[str, Finish] = {
    "": "complete",
    "FINISH_REASON_UNSPECIFIED": "complete",
    "STOP": "complete",
    "MAX_TOKENS": "truncated",
}


class Gemini(Service):
    name: ClassVar[str] = "gemini"
    label: ClassVar[str] = "Gemini (Google API)"
    models: ClassVar[tuple[str, ...]] = ("gemini-2.5-flash", "gemini-3.5-flash", "gemini-2.5-pro")
    base_url: ClassVar[str] = "https://generativelanguage.googleapis.com/v1beta"
    takes_persona: ClassVar[bool] = True
    key_fields: ClassVar[tuple[KeyField, ...]] = (
        KeyField("api_key", "API key", required=False, hint="from AI Studio"),
        KeyField(
            "service_account", "Service account", required=False, hint="instead of a key, for Vertex AI: its JSON"
        ),
        KeyField("location", "Location", secret=False, required=False, hint="of Vertex AI; global when empty"),
    )

    def __init__(self, key: Mapping[str, str], *, base_url: str = "", client: Client | None = None) -> None:
        """Raises ValueError where neither an API key nor a service account is there."""
        super().__init__(key, base_url=base_url, client=client)
        self._account = ServiceAccount(key["service_account"], self._client) if key.get("service_account") else None
        if self._account is None and not key.get("api_key"):
            raise ValueError(f"{self.label} needs an API key, or a service account for Vertex AI.")
        if self._account and not base_url:
            location = key.get("location") or "global"
            if not _LOCATION.fullmatch(location):
                raise ValueError("The location is a name such as europe-west4, or empty.")
            host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
            place = f"projects/{self._account.project}/locations/{location}/publishers/google"
            self.address = f"https://{host}/v1/{place}"

    def call(self, question: Question, *, stream: bool = False) -> Call:
        generation = {
            "temperature": question.temperature,
            "seed": question.seed,
            "maxOutputTokens": question.options.get("max_output_tokens"),
        }
        persona = about_asker(question)
        body: Json = {
            "systemInstruction": {"parts": [{"text": persona}]} if persona else None,
            "contents": [{"role": "user", "parts": [{"text": question.text}]}],
            "tools": [{"google_search": {}}],
            "generationConfig": {key: value for key, value in generation.items() if value is not None},
        }
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        url = f"{self.address}/models/{quote(question.model or self.models[0], safe='')}:{method}"
        return Call.of_json(url, body, self._headers())

    def _headers(self) -> dict[str, str]:
        return bearer(self._account.token()) if self._account else {"x-goog-api-key": self.key["api_key"]}

    def read(self, payload: Payload) -> Draft:
        if interactions.holds(payload):
            return interactions.read(payload)
        return _read(_Generated.of(payload))

    def delta(self, event: Json) -> str:
        parts = items(mapping(_candidate(event).get("content")).get("parts"))
        text = "".join(string(part.get("text")) for part in parts if not part.get("thought"))
        return text or interactions.text_deltas(event)


@dataclass(slots=True)
class _Generated:
    """A generation put together of its chunks; a whole body is its only one."""

    parts: list[Json] = field(default_factory=list)
    #: The last value of each field of the first candidate, and of the body.
    candidate: Json = field(default_factory=dict)
    grounding: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    model: str = ""

    @classmethod
    def of(cls, payload: Payload) -> _Generated:
        chunks = payload.events if payload.document is None else (payload.document,)
        if not any("candidates" in chunk or "promptFeedback" in chunk for chunk in chunks):
            raise malformed("This is no generation: it has neither candidates nor feedback on the prompt.")
        made = cls()
        for chunk in chunks:
            candidate = _candidate(chunk)
            made.parts += items(mapping(candidate.get("content")).get("parts"))
            made.candidate |= _known(candidate)
            made.grounding |= _known(mapping(candidate.get("groundingMetadata")))
            made.body |= _known(chunk)
            made.model = made.model or string(chunk.get("modelVersion"))
        return made


def _candidate(chunk: Json) -> Json:
    return next((row for row in items(chunk.get("candidates")) if not row.get("index")), {})


def _known(row: Json) -> Json:
    return {key: value for key, value in row.items() if value is not None}


def _read(made: _Generated) -> Draft:
    draft = Draft(model=made.model or None)
    for part in made.parts:
        text = string(part.get("text"))
        if text and not part.get("thought"):
            draft.add(text)
        elif part.get("thought") or not part.keys() <= {"text", "thought", "thoughtSignature"}:
            draft.interrupt()
    queries = made.grounding.get("webSearchQueries")
    draft.search(*map(string, queries if isinstance(queries, list) else []))
    _read_sources(draft, made)
    blocked = mapping(made.body.get("promptFeedback")).get("blockReason")
    draft.finish = "blocked" if blocked else _FINISHES.get(string(made.candidate.get("finishReason")), "blocked")
    usage = mapping(made.body.get("usageMetadata"))
    draft.usage = Usage(
        input_tokens=total(usage.get("promptTokenCount"), usage.get("toolUsePromptTokenCount")),
        output_tokens=total(usage.get("candidatesTokenCount"), usage.get("thoughtsTokenCount")),
        searches=draft.search_count,
    )
    return draft


def _read_sources(draft: Draft, made: _Generated) -> None:
    """Chunks are what was consulted; those that a support points at are cited where its segment stands."""
    chunks = made.grounding.get("groundingChunks")
    context = made.candidate.get("urlContextMetadata")
    draft.reports_sources = isinstance(chunks, list) or isinstance(context, dict)
    for row in items(mapping(context).get("urlMetadata")):
        draft.consult(string(row.get("retrievedUrl")))
    # positions in the list count: what is no web page keeps its place
    sources = [_source(chunk) for chunk in chunks] if isinstance(chunks, list) else []
    for url, title, domain in sources:
        draft.consult(url, title, domain)
    offsets = Bytes(draft.text)
    for support in items(made.grounding.get("groundingSupports")):
        start, end = _segment(draft.text, offsets, mapping(support.get("segment")))
        indices = support.get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else []:
            if integer(index) is not None and 0 <= index < len(sources):
                url, title, domain = sources[index]
                draft.cite(url, start, end, title, domain)


def _source(chunk: object) -> tuple[str, str, str]:
    """(url, title, domain) of a chunk of the web or of a map."""
    place = mapping(mapping(chunk).get("web")) or mapping(mapping(chunk).get("maps"))
    return string(place.get("uri")), string(place.get("title")), string(place.get("domain"))


def _segment(text: str, offsets: Bytes, segment: Json) -> tuple[int, int]:
    """Where a segment lies, in code points.

    It is counted in bytes; but where blank lines were put between parts of the text, or a part counts from its own
    start, its words lie elsewhere, and then they decide if they are there only once.
    """
    start, end = (offsets.place(integer(segment.get(key)) or 0) for key in ("startIndex", "endIndex"))
    words = string(segment.get("text"))
    if words and text[start:end] != words and text.count(words) == 1:
        start = text.index(words)
        end = start + len(words)
    return start, end
