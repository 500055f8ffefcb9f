"""Counts the answers of one assistant in one run: a pure function of what they say, name and cite.

Whoever calls it hands in the rows, and the same rows in another order give the same counts. Knows no database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from inference.pages import host_of
from monitor import packed
from monitor.ownership import brand_hosts, owns


@dataclass(frozen=True, slots=True)
class Call:
    """A response that was asked for and ended, however it ended."""

    pk: int
    prompt: int
    answered: bool
    valid: bool
    refused: bool
    truncated: bool
    reporting: bool
    searched: bool
    latency_ms: int | None
    first_text_ms: int | None
    output_tokens: int | None
    tries: int
    micros: int | None
    error: str
    model: str
    model_reported: str


@dataclass(frozen=True, slots=True)
class Named:
    """A brand in an answer: its best rank, what its mentions say, in words of `packed.SAID` for each of them, and its
    best place in a list, None where it is in none."""

    rank: int
    said: str
    place: int | None = None


@lru_cache(maxsize=4096)  # most answers name a brand once or twice
def _times(said: str) -> tuple[tuple[int, int], ...]:
    """How often words are said, as their places in `packed.SAID`."""
    return tuple(sorted(Counter(map(packed.SAID.index, said.split())).items()))


@dataclass(frozen=True, slots=True)
class Source:
    """A page that an answer cites or retrieved; `page` is empty where none is known."""

    url: str
    page: str
    domain: str
    title: str
    cited: bool
    retrieved: bool
    pawc: float | None


class Owners:
    """Whose a page is, by the domains of a brand set."""

    def __init__(self, brands: Sequence[Mapping[str, Any]]) -> None:
        self.own = frozenset(int(brand["id"]) for brand in brands if brand["kind"] == "own")
        self.rivals = frozenset(int(brand["id"]) for brand in brands) - self.own
        self._hosts = brand_hosts(brands)
        self._known: dict[tuple[str, str], frozenset[int]] = {}

    def of(self, source: Source) -> frozenset[int]:
        place = source.domain, host_of(source.page)
        if place not in self._known:
            domain, host = place
            self._known[place] = frozenset(brand for brand, owned in self._hosts if owns(owned, domain, host))
        return self._known[place]


@dataclass(slots=True)
class Tally:
    """The counts, still as rows; `packed` makes a DayCounts' columns of them."""

    cells: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    brands: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    named: list[tuple[int, Mapping[int, Named]]] = field(default_factory=list)
    places: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    domains: dict[tuple[str, int], list[float]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0.0, 0.0])
    )
    answers: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    pages: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    page_texts: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def columns(self) -> dict[str, Any]:
        """The values of a DayCounts, in an order that depends on nothing but the counts."""
        names = packed.CELLS.names or ()
        domains = {name: packed.key(name) for name, _ in self.domains}
        pages = {page: packed.key(page) for page, _ in self.pages}
        kinds = sorted({text for call in self.calls for text in (call.error, call.model)})
        kind = {text: number for number, text in enumerate(kinds)}
        return {
            "prompts": len(self.cells),
            "valid": sum(cell["valid"] for cell in self.cells.values()),
            "named": dict(sorted(self._named().items())),
            "reported_models": sorted({call.model_reported for call in self.calls if call.model_reported}),
            "cells": packed.pack(
                ((prompt, *(cell[name] for name in names[1:])) for prompt, cell in sorted(self.cells.items())),
                packed.CELLS,
            ),
            "brands": packed.pack(((*key, count) for key, count in sorted(self.brands.items())), packed.BRANDS),
            "mentions": packed.pack(mention_rows(self.named), packed.MENTIONS),
            "places": packed.pack(((*key, count) for key, count in sorted(self.places.items())), packed.PLACES),
            "domains": packed.pack(
                sorted((domains[name], prompt, *found) for (name, prompt), found in self.domains.items()),
                packed.DOMAINS,
            ),
            "domain_names": packed.pack_texts(sorted(domains, key=domains.__getitem__)),
            "answers": packed.pack(
                (
                    (number, prompt, at)
                    for number, (prompt, cited) in enumerate(self.answers)
                    for at in (sorted(domains[name] for name in cited) or [0])
                ),
                packed.ANSWERS,
            ),
            "pages": packed.pack(
                sorted((pages[page], prompt, *found) for (page, prompt), found in self.pages.items()),
                packed.PAGES,
            ),
            "page_names": packed.pack_texts(
                [[page, *self.page_texts[page]] for page in sorted(pages, key=pages.__getitem__)]
            ),
            "calls": packed.pack((_call(call, kind) for call in self.calls), packed.CALLS),
            "call_names": packed.pack_texts(kinds),
        }

    def _named(self) -> Counter[str]:
        """Answers naming each brand; keys are texts, as JSON has them."""
        found = Counter[str]()
        for (_, brand, rank), count in self.brands.items():
            if rank:
                found[str(brand)] += count
        return found


def tally(
    calls: Iterable[Call],
    named: Mapping[int, Mapping[int, Named]],
    sources: Mapping[int, Sequence[Source]],
    owners: Owners,
) -> Tally:
    """Count responses; `named` has what each says of brands, by brand, and `sources` the sources, both by response."""
    found = Tally()
    for call in sorted(calls, key=lambda call: call.pk):
        found.calls.append(call)
        cell = found.cells[call.prompt]
        if not call.valid:
            cell["failed"] += not call.answered
            cell["refused"] += call.refused
            continue
        _count(found, cell, call, named.get(call.pk, {}), sources.get(call.pk, ()), owners)
    return found


def mention_rows(answers: Iterable[tuple[int, Mapping[int, Named]]]) -> list[tuple[int, ...]]:
    """The rows of a table of mentions in answers: each as its prompt, and the brands that it names."""
    found: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0])
    for prompt, named in answers:
        for brand, here in named.items():
            for what, mentions in _times(here.said):
                row = found[prompt, brand, what]
                row[0] += mentions
                row[1] += 1
    return sorted((*key, *row) for key, row in found.items())


def _count(
    found: Tally,
    cell: Counter[str],
    call: Call,
    named: Mapping[int, Named],
    sources: Sequence[Source],
    owners: Owners,
) -> None:
    prompt = call.prompt
    brands_cited = frozenset(brand for source in sources if source.cited for brand in owners.of(source))
    own_named, own_cited = not owners.own.isdisjoint(named), not owners.own.isdisjoint(brands_cited)
    rival_named, rival_cited = not owners.rivals.isdisjoint(named), not owners.rivals.isdisjoint(brands_cited)
    is_gap = (rival_named or rival_cited) and not (own_named or own_cited)
    cell.update(
        valid=1, with_citation=any(source.cited for source in sources),
        with_pawc=any(source.pawc is not None for source in sources), reporting=call.reporting, own_named=own_named,
        own_cited=own_cited, rival_named=rival_named, rival_cited=rival_cited, gaps=is_gap,
    )  # fmt: skip
    found.named.append((prompt, named))
    for brand, here in named.items():
        found.brands[prompt, brand, here.rank] += 1
        if here.place is not None:
            found.places[prompt, brand, here.place] += 1
    for brand in brands_cited:
        found.brands[prompt, brand, 0] += 1
    pages: dict[str, set[str]] = defaultdict(set)
    retrieved: set[str] = set()
    pawc: dict[str, float] = defaultdict(float)
    for source in sources:
        pawc[source.domain] += source.pawc or 0
        page = source.page or source.url
        pages[source.domain].update([page] if source.cited else [])
        retrieved.update([source.domain] if source.retrieved else [])
        row = found.pages[page, prompt]
        row[0] += source.cited
        row[1] += source.retrieved
        row[2] += source.cited and source.retrieved
        texts = source.url, source.title, source.domain
        found.page_texts[page] = max_of(found.page_texts.get(page, texts), texts)
    cited_pages = sum(map(len, pages.values()))
    for domain, cited in pages.items():
        if domain:
            of_domain = found.domains[domain, prompt]
            of_domain[0] += bool(cited)
            of_domain[1] += domain in retrieved
            of_domain[2] += bool(cited) and is_gap
            of_domain[3] += len(cited) / cited_pages if cited else 0
            of_domain[4] += pawc[domain]
    found.answers.append((prompt, frozenset(domain for domain, cited in pages.items() if domain and cited)))


def max_of(one: tuple[str, str, str], other: tuple[str, str, str]) -> tuple[str, str, str]:
    """Of a page's URLs, titles and domains the last by alphabet: which comes first does not matter."""
    return max(one[0], other[0]), max(one[1], other[1]), max(one[2], other[2])


def _call(call: Call, kind: Mapping[str, int]) -> tuple[Any, ...]:
    def known(value: int | None) -> int:
        return -1 if value is None else value

    return (
        *(call.prompt, call.answered, call.valid, call.truncated, call.searched),
        *(known(call.latency_ms), known(call.first_text_ms), known(call.output_tokens), call.tries),
        *(known(call.micros), kind[call.error], kind[call.model]),
    )
