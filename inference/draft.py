"""An answer while it is being read: text put together from its parts, and what the provider tied to which place.

Holds the one definition of *cited*: a page counts once, by the first of annotation, marker and link that applies. Does
not know any provider's field names.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from inference.answer import Answer, Citation, Finish, Source, Span, Usage, Via
from inference.links import read_markup
from inference.pages import hides_its_page, identify, registrable_domain

_MARKER = re.compile(r"\[([1-9][0-9]{0,3})\](?!\()")
_THINKING = re.compile(r"\s*<think>.*?(?:</think>\s*|\Z)", re.S)
_HOST = re.compile(r"(?=.{4,253}\Z)[^\s/@:]+\.[^\s/@:.\d]{2,63}")


@dataclass(frozen=True, slots=True)
class _Place:
    """One time that a source was shown: where, as what, and in which order the body said so."""

    start: int
    end: int
    source: Source
    via: Via
    sequence: int


@dataclass(slots=True)
class Draft:
    """Parts are added in order; `cite` and `consult` take sources as the body names them."""

    model: str | None = None
    finish: Finish = "complete"
    usage: Usage = field(default_factory=Usage)
    #: False until the body has a list of what was consulted, be it an empty one.
    reports_sources: bool = False
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _gap: bool = False
    _places: list[_Place] = field(default_factory=list)
    _consulted: dict[str, Source] = field(default_factory=dict)
    _searches: dict[str, None] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All parts so far."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def add(self, part: str) -> int:
        """Append a part of the answer; returns where it begins."""
        if not part:
            return self._length
        if self._gap and self._length:
            self._append("\n\n")
        self._gap = False
        start = self._length
        self._append(part)
        return start

    def add_thinking_first(self, part: str) -> int:
        """Append a part that may begin with `<think>...</think>`; returns where its own offset 0 would lie."""
        thought = _THINKING.match(part)
        skipped = thought.end() if thought else 0
        return self.add(part[skipped:]) - skipped

    def interrupt(self) -> None:
        """Something that is not text stood here: a tool call, reasoning, the start of another message."""
        self._gap = True

    def search(self, *queries: str) -> None:
        """Queries the assistant ran; each counts once."""
        self._searches.update(dict.fromkeys(filter(None, queries)))

    @property
    def search_count(self) -> int:
        """How many different queries are known."""
        return len(self._searches)

    def consult(self, url: str, title: str = "", domain: str = "") -> None:
        """A URL that the assistant says it consulted."""
        if source := source_of(url, title, domain):
            self.reports_sources = True
            self._consulted.setdefault(source.page or source.url, source)

    def cite(self, url: str, start: int, end: int, title: str = "", domain: str = "") -> bool:
        """A URL that the provider attached to `text[start:end]`; False where the text has no such place."""
        start, end = max(start, 0), min(end, self._length)
        if start >= end:
            return False
        if source := source_of(url, title, domain):
            self._place(start, end, source, "annotation")
        return True

    def consult_numbered(self, listed: Sequence[tuple[str, str]]) -> None:
        """A list of (url, title) that was consulted, into which `[n]` in the text points."""
        self.reports_sources = True
        for url, title in listed:
            self.consult(url, title)
        self.mark(listed)

    def mark(self, listed: Sequence[tuple[str, str]]) -> None:
        """Cite what `[n]` in the text points at, n counting from 1 in this list of (url, title)."""
        found = [match for match in _MARKER.finditer(self.text) if int(match[1]) <= len(listed)]
        code = read_markup(self.text).code if found else ()
        sources = {number: source_of(*listed[number - 1]) for number in {int(match[1]) for match in found}}
        for match in found:
            before = bisect_right(code, match.start(), key=lambda span: span[0]) - 1
            inside = before >= 0 and match.start() < code[before][1]
            if not inside and (source := sources[int(match[1])]):
                self._place(*match.span(), source, "marker")

    def answer(self, raw: bytes) -> Answer:
        """The answer as it stands, with the links of its text."""
        text = self.text
        for link in read_markup(text).links if "://" in text else ():
            if source := source_of(link.url):
                self._place(link.start, link.end, source, "link")
        return Answer(
            text=text,
            citations=_citations(self._places),
            retrieved=tuple(self._consulted.values()) if self.reports_sources else None,
            searches=tuple(self._searches),
            model=self.model or None,
            finish=self.finish,
            usage=self.usage,
            raw=raw,
        )

    def _append(self, piece: str) -> None:
        self._parts.append(piece)
        self._length += len(piece)

    def _place(self, start: int, end: int, source: Source, via: Via) -> None:
        self._places.append(_Place(start, end, source, via, len(self._places)))


class Bytes:
    """Offsets of a text counted in UTF-8 bytes, as code points."""

    def __init__(self, text: str) -> None:
        self._ends = list(accumulate(len(character.encode("utf-8", "surrogatepass")) for character in text))

    def place(self, offset: int) -> int:
        """The code point that begins at a byte, or holds it; the end for what lies beyond."""
        return bisect_right(self._ends, offset)


def source_of(url: str, title: str = "", domain: str = "") -> Source | None:
    """A source by its URL, None for what is no http(s) URL.

    Behind a provider's redirect the domain is the one it names, or its title where that is a host name.
    """
    address = url.strip()
    if not address.lower().startswith(("http://", "https://")):
        return None
    identity = identify(address)
    known = identity.domain
    if hides_its_page(address):
        known = next((found for name in (domain, title) if (found := _domain_of_host(name))), None)
    return Source(url, identity.page, known, title or None)


def _domain_of_host(name: str) -> str | None:
    host = name.strip().lower()
    return registrable_domain(host) if _HOST.fullmatch(host) else None


def _citations(places: Iterable[_Place]) -> tuple[Citation, ...]:
    """One citation a page, by the first way that applies to it, in order of first appearance."""
    ways: tuple[Via, ...] = ("annotation", "marker", "link")
    pages: dict[str, list[_Place]] = {}
    for place in sorted(places, key=lambda p: (ways.index(p.via), p.start, p.sequence)):
        shown = pages.setdefault(place.source.page or place.source.url, [])
        if not shown or shown[0].via == place.via:
            shown.append(place)
    ordered = sorted(pages.values(), key=lambda shown: (shown[0].start, shown[0].sequence))
    return tuple(map(_citation, ordered))


def _citation(shown: Sequence[_Place]) -> Citation:
    first = shown[0]
    spans: tuple[Span, ...] = tuple(sorted({(place.start, place.end) for place in shown}))
    title = next((place.source.title for place in shown if place.source.title), None)
    return Citation(first.source.url, first.source.page, first.source.domain, title, first.via, spans)
