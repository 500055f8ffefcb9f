"""What a question, an answer and a citation are, and the one abstraction that every assistant implements.

Knows nothing of any provider's wire format, of retrieval, or of Django.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, TypeVar

Via = Literal["annotation", "marker", "link"]
Finish = Literal["complete", "truncated", "refused", "blocked", "paused"]
ErrorKind = Literal[
    "rate_limited",
    "server",
    "malformed",
    "quota",
    "auth",
    "invalid_request",
    "blocked",
    "unreachable",
    "unknown",
]
Span = tuple[int, int]

PERMANENT_KINDS: frozenset[ErrorKind] = frozenset({"quota", "auth", "invalid_request", "blocked"})


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt as it is sent. `seed` and `temperature` are honoured where the assistant has them.

    `persona` is what the person who asks says of themselves, a few sentences that go along with the prompt.
    """

    text: str
    model: str | None = None
    seed: int | None = None
    temperature: float | None = None
    country: str | None = None
    language: str | None = None
    persona: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A URL the assistant says it consulted, cited or not. `page` and `domain` are None when unknown."""

    url: str
    page: str | None = None
    domain: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A page shown to the reader as a source; `spans` are half-open code-point ranges of the answer's text."""

    url: str
    page: str | None
    domain: str | None
    title: str | None
    via: Via
    spans: tuple[Span, ...]


_Number = TypeVar("_Number", int, float)


def _sum(one: _Number | None, two: _Number | None) -> _Number | None:
    if one is None or two is None:
        return two if one is None else one
    return one + two


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, searches and cost in US dollars; None means the provider did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    searches: int | None = None
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Both together; what neither says stays unknown."""

        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.searches, other.searches),
            _sum(self.cost_usd, other.cost_usd),
        )


@dataclass(frozen=True, slots=True)
class RawBody:
    """One body as it came over the wire, before any parsing."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An assistant's answer. `retrieved` is None when the assistant does not report what it consulted."""

    text: str
    citations: tuple[Citation, ...] = ()
    retrieved: tuple[Source, ...] | None = None
    searches: tuple[str, ...] = ()
    model: str | None = None
    finish: Finish = "complete"
    usage: Usage = Usage()
    raw: bytes = b""

    def as_json(self) -> dict[str, Any]:
        """The answer less `raw`, as the command line prints it."""
        return {
            "text": self.text,
            "citations": [
                {
                    "url": c.url,
                    "page": c.page,
                    "domain": c.domain,
                    "title": c.title,
                    "via": c.via,
                    "spans": [list(span) for span in c.spans],
                }
                for c in self.citations
            ],
            "retrieved": None
            if self.retrieved is None
            else [{"url": s.url, "page": s.page, "domain": s.domain, "title": s.title} for s in self.retrieved],
            "searches": list(self.searches),
            "model": self.model,
            "finish": self.finish,
            "usage": {
                "input_tokens": self.usage.input_tokens,
                "output_tokens": self.usage.output_tokens,
                "searches": self.usage.searches,
                "cost_usd": self.usage.cost_usd,
            },
        }


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of streamed text."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyField:
    """One thing a workspace enters to use an assistant: a secret, or an endpoint that goes with it."""

    name: str
    label: str
    secret: bool = True
    required: bool = True
    hint: str = ""


class AssistantError(Exception):
    """The only exception that leaves an assistant. `retry_after` is in seconds."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        permanent: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.message = message
        self.permanent = kind in PERMANENT_KINDS if permanent is None else permanent
        self.retry_after = retry_after

    def as_json(self) -> dict[str, Any]:
        """The error as the command line prints it."""
        return {
            "kind": self.kind,
            "message": self.message,
            "permanent": self.permanent,
            "retry_after": self.retry_after,
        }


Keep = Callable[[int, RawBody], None]


def keep_nothing(index: int, body: RawBody) -> None:
    """The `keep` of callers that have no spool."""


def joined(turns: Sequence[Answer]) -> Answer:
    """One answer of its consecutive turns; they are joined by a blank line, for a pause stood between."""
    whole = turns[0]
    for turn in turns[1:]:
        gap = "\n\n" if whole.text and turn.text else ""
        whole = Answer(
            text=whole.text + gap + turn.text,
            citations=_both(whole.citations, turn.citations, len(whole.text) + len(gap)),
            retrieved=None
            if whole.retrieved is None and turn.retrieved is None
            else tuple({(s.page or s.url): s for s in (*(turn.retrieved or ()), *(whole.retrieved or ()))}.values()),
            searches=tuple(dict.fromkeys(whole.searches + turn.searches)),
            model=whole.model or turn.model,
            finish=turn.finish,
            usage=whole.usage + turn.usage,
            raw=turn.raw,
        )
    return whole


def _both(first: Sequence[Citation], second: Sequence[Citation], shift: int) -> tuple[Citation, ...]:
    """The citations of two texts of which the second one begins at `shift`; a page counts once, by its better way."""
    pages = {citation.page or citation.url: citation for citation in first}
    ways: tuple[Via, ...] = ("annotation", "marker", "link")
    for citation in second:
        moved = replace(citation, spans=tuple((start + shift, end + shift) for start, end in citation.spans))
        key = moved.page or moved.url
        known = pages.get(key)
        if known is None or ways.index(moved.via) < ways.index(known.via):
            pages[key] = moved
        elif moved.via == known.via:
            pages[key] = replace(known, spans=known.spans + moved.spans)
    return tuple(sorted(pages.values(), key=lambda citation: citation.spans[0]))


class Assistant(ABC):
    """Answers questions. Subclasses state what forms, checks and settings need to know of them.

    `models` are suggestions, the first one the default; any other id the provider knows may be given. `key_fields` is
    what a workspace enters once, empty for an assistant that needs nothing. Prices are found under `name` and model.
    `surfaces` are the pages that people copy its answers from, by name: an assistant with some cannot be asked.
    One that `needs_index` answers from an index generation of the workspace; one that `is_free` costs nothing by the
    call. Panels' questions wait on `queue`, those that a person waits for on `asked_on`. `takes_...` say which parts of
    a question reach the service, in at least one of its formats: what would be dropped is not asked for.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    stratum: ClassVar[str] = "api"
    queue: ClassVar[str] = "external"
    asked_on: ClassVar[str] = "asking"
    needs_index: ClassVar[bool] = False
    is_free: ClassVar[bool] = False
    models: ClassVar[tuple[str, ...]] = ()
    key_fields: ClassVar[tuple[KeyField, ...]] = ()
    surfaces: ClassVar[Mapping[str, str]] = {}
    takes_model: ClassVar[bool] = True
    takes_country: ClassVar[bool] = False
    takes_language: ClassVar[bool] = False
    takes_persona: ClassVar[bool] = False
    takes_output_limit: ClassVar[bool] = True

    @abstractmethod
    def parse(self, body: RawBody) -> Answer:
        """The answer that one raw body holds. Raises AssistantError where it holds none."""

    def parse_turns(self, bodies: Sequence[RawBody]) -> Answer:
        """The answer of several bodies: a turn that paused, and what came when it went on. Raises AssistantError."""
        return joined([self.parse(body) for body in bodies])

    @abstractmethod
    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        """Yield (index, answer or error) as each question finishes, after `keep` received its raw body."""

    def answer(self, question: Question, keep: Keep = keep_nothing) -> Answer:
        """Answer one question. Raises AssistantError."""
        for _, result in self.answer_many([question], keep):
            if isinstance(result, AssistantError):
                raise result
            return result
        raise AssistantError("malformed", f"{self.label} gave neither an answer nor an error.")

    def stream(self, question: Question, keep: Keep = keep_nothing) -> Iterator[Delta | Answer]:
        """Yield text as it comes; the last item is the Answer, its bodies kept. Without streaming: the Answer alone.

        Raises AssistantError, also after some text.
        """
        yield self.answer(question, keep)
