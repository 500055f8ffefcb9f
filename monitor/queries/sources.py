"""Where answers point: the pages behind the cited domains, with what was retrieved and what of that was cited.

Reads the day's counts alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

import numpy as np
from django.core.paginator import Page, Paginator

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import Workspace
from monitor.queries import counts, redirects
from monitor.queries.counts import BrandInfo, Current, Key, Row
from monitor.queries.dashboard import Section, beside, made, measured, owners_of
from monitor.queries.filters import STRATA, Filter, Period
from monitor.queries.kept import kept, stamp
from monitor.queries.prompts import GapSource, behind_gaps
from monitor.queries.redirects import Link
from monitor.queries.source_types import KindRow, by_kind, kinds, said_here
from monitor.queries.stability import Stability, stability

#: Rows of a table, and of each where several assistants have one.
ROWS_SHOWN, ROWS_OF_SEVERAL = 100, 25
#: So many of the cited pages stand open; what follows them unfolds.
PAGES_OPEN = 20
#: Pages newly cited, and cited no more.
NEWS_SHOWN = 5


#: Which rows of a table are shown: a page of their numbers.
Leaf: TypeAlias = "Page[int]"


def _leaf(total: int, number: int, tables: int, most: int | None = None) -> Leaf:
    """The leaf of that number, or the nearest there is; of one of several tables the first, and a short one."""
    if most is None:
        most, number = (ROWS_SHOWN, number) if tables == 1 else (ROWS_OF_SEVERAL, 1)
    return Paginator(range(total), most).get_page(number)


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page over the period. `conversion` is cited of retrieved, over the answers that report what they retrieved.

    `url` is as an assistant gave it; behind a redirect that is not resolved it stands for the page.
    """

    page: str
    url: str
    title: str
    domain: str
    owner: BrandInfo | None
    cited: int
    retrieved: int
    citation: Rate
    conversion: float | None
    last_cited: date | None
    link: Link
    cited_before: int


@dataclass(frozen=True, slots=True)
class PageSection:
    """One assistant's pages, the most cited first; `leaf` knows how many there are beside those shown.

    `new` and `lost` are those cited in one of two measured periods alone: how many, and the most cited of them.
    """

    assistant: str
    stratum: str
    label: str
    stratum_label: str
    responses: int
    reports_retrieval: bool
    leaf: Leaf
    rows: tuple[PageRow, ...]
    new_count: int
    new: tuple[PageRow, ...]
    lost_count: int
    lost: tuple[PageRow, ...]

    @property
    def open(self) -> tuple[PageRow, ...]:
        """The first that are cited, or all where none is: rows of a later leaf begin where others ended."""
        cited = tuple(row for row in self.rows[:PAGES_OPEN] if row.cited)
        return cited or self.rows

    @property
    def folded(self) -> tuple[PageRow, ...]:
        return self.rows[len(self.open) :]

    @property
    def never_cited(self) -> int:
        return sum(not row.cited for row in self.folded)


@dataclass(frozen=True, slots=True)
class Part:
    """One assistant's domains, their kinds, those behind its gaps, and how stable they are; None where not asked."""

    section: Section
    leaf: Leaf
    kinds: tuple[KindRow, ...]
    gaps: tuple[GapSource, ...]
    stability: Stability | None


@dataclass(frozen=True, slots=True)
class Sources:
    """All of the Sources page: a part for each assistant, or one domain alone, and the pages.

    Stamps are other ones for other figures.
    """

    parts: tuple[Part, ...]
    parts_stamp: str
    pages: tuple[PageSection, ...]
    pages_stamp: str
    domain: str


def sources(
    workspace: Workspace,
    chosen: Filter,
    *,
    domain: str = "",
    search: str = "",
    domains_leaf: int = 1,
    pages_leaf: int = 1,
) -> Sources:
    """Domains and pages under a filter; with `domain`, only that domain's pages. A search is for pages alone."""
    current = counts.current(workspace, chosen)
    parts, parts_made_of = ((), ()) if domain else _parts(workspace, current, whole=not search, number=domains_leaf)
    listed, pages_made_of = _pages(workspace, current, domain, search, pages_leaf)
    return Sources(parts, stamp(parts_made_of), listed, stamp(pages_made_of), domain)


def _parts(
    workspace: Workspace, current: Current | None, *, whole: bool, number: int
) -> tuple[tuple[Part, ...], Hashable]:
    if current is None:
        return (), ()
    extraction, chosen = current.extraction, current.filter
    now = beside(workspace, current)

    def parts() -> tuple[Part, ...]:
        found = measured(workspace, extraction, chosen)
        leaves = {
            block.key: _leaf(found.domains[block.key].cited(), number, len(found.blocks)) for block in found.blocks
        }
        shares = by_kind(chosen, kinds(now.said), owners_of(now.brands), found.blocks, found.domains)
        gaps = behind_gaps(found.domains) if whole else {}
        stable = stability(workspace, chosen, found.domains) if whole else {}
        first, most = _rows_of(leaves.values())
        return tuple(
            Part(
                section,
                leaves[section.assistant, section.stratum],
                shares.get(section.key, ()),
                tuple(gaps.get(section.key, ())),
                stable.get(section.key),
            )
            for section in made(found, chosen, now, most, first, with_series=False)
        )

    key = "sources", current.fingerprint, now, whole, number
    return kept(key, parts), key


def _rows_of(leaves: Iterable[Leaf]) -> tuple[int, int]:
    """The first row of the leaves, which all begin alike, and how many each has at most."""
    leaf = next(iter(leaves), None)
    return (leaf.paginator.per_page * (leaf.number - 1), leaf.paginator.per_page) if leaf else (0, 0)


def kind(workspace: Workspace, domain: str) -> str:
    """The kind of one domain, as this workspace sees it."""
    return kinds(said_here(workspace))(domain, owners_of(counts.current_brands(workspace)).get(domain))


def pages(workspace: Workspace, chosen: Filter, *, most: int = ROWS_SHOWN) -> tuple[PageSection, ...]:
    """At most so many of the pages that answers of the period cited or retrieved, by assistant."""
    return _pages(workspace, counts.current(workspace, chosen), most=most)[0]


def _pages(
    workspace: Workspace,
    current: Current | None,
    domain: str = "",
    search: str = "",
    number: int = 1,
    most: int | None = None,
) -> tuple[tuple[PageSection, ...], Hashable]:
    """The pages, and what they are made of."""
    if current is None:
        return (), ()
    extraction, chosen = current.extraction, current.filter
    brands = tuple(counts.brands_of(workspace, extraction))

    def sections_made() -> tuple[PageSection, ...]:
        read = counts.rows_of(workspace, extraction, chosen, "cells", "pages", "page_names")
        every = {key: _Pages(rows, chosen.period, domain, search.casefold()) for key, rows in read.items()}
        found = {key: of_key for key, of_key in every.items() if of_key.is_measured}
        return tuple(
            _page_section(key, of_key, _leaf(len(of_key.seen), number, len(found), most), owners_of(brands))
            for key, of_key in found.items()
        )

    key = "pages", current.fingerprint, brands, domain, search, number, most
    sections = kept(key, sections_made)
    listed = [row for section in sections for row in (*section.rows, *section.new, *section.lost)]
    links = redirects.links(workspace, [row.url for row in listed])

    def led(rows: Iterable[PageRow]) -> tuple[PageRow, ...]:
        return tuple(replace(row, link=links.get(row.url) or row.link) for row in rows)

    if links:
        sections = tuple(
            replace(section, rows=led(section.rows), new=led(section.new), lost=led(section.lost))
            for section in sections
        )
    return sections, (key, tuple(sorted((url, link.url, link.note) for url, link in links.items())))


def _page_section(key: Key, found: _Pages, leaf: Leaf, owners: dict[str, BrandInfo]) -> PageSection:
    assistant, stratum = key
    new, lost = found.new(), found.lost()

    def rows(places: Sequence[int]) -> tuple[PageRow, ...]:
        return tuple(found.rows(places, owners))

    return PageSection(
        assistant=assistant,
        stratum=stratum,
        label=assistants.label(assistant),
        stratum_label=STRATA.get(stratum, stratum),
        responses=int(found.n.sum()),
        reports_retrieval=found.reports_retrieval,
        leaf=leaf,
        rows=rows([found.seen[place] for place in leaf.object_list]),
        new_count=len(new),
        new=rows(new[:NEWS_SHOWN]),
        lost_count=len(lost),
        lost=rows(lost[:NEWS_SHOWN]),
    )


class _Pages:
    """One assistant's pages that are asked for: `texts` has [page, URL, title, domain] of each, by page.

    `seen` are the places of those that the period has, the most cited first, then those retrieved most.
    """

    def __init__(self, rows: Sequence[Row], period: Period, domain: str, search: str) -> None:
        prompts = counts.prompts_of(rows)
        is_now = np.array([row.day in period for row in rows], bool)
        self.n, self.reports_retrieval, self._is_compared = np.zeros(len(prompts)), False, False
        for row, now in zip(rows, is_now.tolist(), strict=True):
            cells = row.tables["cells"]
            if now:
                self.n[np.searchsorted(prompts, cells["prompt"])] += cells["valid"]
                self.reports_retrieval |= bool(cells["reporting"].any())
            else:
                self._is_compared |= bool(cells["valid"].any())
        table, page, texts = counts.put_together(rows, "page_names")
        row_of = np.repeat(np.arange(len(rows)), [len(row.tables["pages"]) for row in rows])
        is_wanted = np.array([_is_wanted(each, domain, search) for each in texts], bool)
        self.texts = [each for each, wanted in zip(texts, is_wanted.tolist(), strict=True) if wanted]
        here = is_wanted[page]
        before, now_here = here & ~is_now[row_of], here & is_now[row_of]
        place = np.cumsum(is_wanted) - 1
        self._before = np.bincount(place[page[before]], table["cited"][before], len(self.texts)).astype(int)
        self._table, self._page, row_of = table[now_here], place[page[now_here]], row_of[now_here]
        self._prompt = np.searchsorted(prompts, self._table["prompt"])
        self._cited, self._retrieved, self._used = (
            np.bincount(self._page, self._table[name], len(self.texts)).astype(int)
            for name in ("cited", "retrieved", "used")
        )
        last = np.full(len(self.texts), -1)
        is_cited = self._table["cited"] > 0
        np.maximum.at(last, self._page[is_cited], row_of[is_cited])
        self._last = [rows[place].day if place >= 0 else None for place in last.tolist()]
        order = np.lexsort((np.arange(len(self.texts)), -self._retrieved, -self._cited))
        self.seen: list[int] = order[(self._cited + self._retrieved > 0)[order]].tolist()

    @property
    def is_measured(self) -> bool:
        """Whether the period has valid answers."""
        return bool(self.n.any())

    def new(self) -> list[int]:
        """The places of pages cited in the period and not in the one before, the most cited first."""
        return [at for at in self.seen if self._cited[at] and not self._before[at]] if self._is_compared else []

    def lost(self) -> list[int]:
        """The places of pages cited in the period before alone, the most cited first."""
        gone = np.flatnonzero((self._before > 0) & (self._cited == 0))
        order: list[int] = gone[np.argsort(-self._before[gone], kind="stable")].tolist()
        return order

    def rows(self, shown: Sequence[int], owners: dict[str, BrandInfo]) -> Iterator[PageRow]:
        column = np.full(len(self.texts), -1)
        column[list(shown)] = np.arange(len(shown))
        hits = np.zeros((len(self.n), len(shown)))  # [prompts, pages shown]
        at = column[self._page]
        np.add.at(hits, (self._prompt[at >= 0], at[at >= 0]), self._table["cited"][at >= 0])
        for place, citation in zip(shown, metrics.rates(hits, self.n), strict=True):
            page, url, title, domain = self.texts[place]
            yield PageRow(
                page=page,
                url=url,
                title=title,
                domain=domain,
                owner=owners.get(domain),
                cited=int(self._cited[place]),
                retrieved=int(self._retrieved[place]),
                citation=citation,
                conversion=metrics.ratio(int(self._used[place]), int(self._retrieved[place])),
                last_cited=self._last[place],
                link=Link(url),
                cited_before=int(self._before[place]),
            )


def _is_wanted(texts: Sequence[str], domain: str, search: str) -> bool:
    page, _, title, of_page = texts
    return (not domain or of_page == domain) and (not search or search in page.casefold() or search in title.casefold())
