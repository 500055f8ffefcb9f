"""Where answers point: the pages behind the cited domains, with what was retrieved and what of that was cited.

Pages are too many to roll up, so they are counted from the sources themselves, under the conditions of the rollups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import Workspace
from monitor.queries import counts, redirects
from monitor.queries.counts import Block, BrandInfo
from monitor.queries.dashboard import Section, owners_of, sections_of
from monitor.queries.filters import STRATA, Filter
from monitor.queries.prompts import GapSource, behind_gaps
from monitor.queries.redirects import Link
from monitor.queries.source_types import KindRow, by_kind, kinds
from monitor.queries.stability import Stability, stability

DOMAINS_SHOWN = 100
PAGES_SHOWN = 100


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


@dataclass(frozen=True, slots=True)
class PageSection:
    """One assistant's pages, the most cited first; `total` counts those not shown too."""

    assistant: str
    stratum: str
    label: str
    stratum_label: str
    responses: int
    reports_retrieval: bool
    total: int
    rows: tuple[PageRow, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One assistant's domains, their kinds, those behind its gaps, and how stable they are; None where not asked."""

    section: Section
    kinds: tuple[KindRow, ...]
    gaps: tuple[GapSource, ...]
    stability: Stability | None


@dataclass(frozen=True, slots=True)
class Sources:
    """All of the Sources page: a part for each assistant, or one domain alone, and the pages."""

    parts: tuple[Part, ...]
    pages: tuple[PageSection, ...]
    domain: str


def sources(workspace: Workspace, chosen: Filter, *, domain: str = "", search: str = "") -> Sources:
    """Domains and pages under a filter; with `domain`, only that domain's pages. A search is for pages alone."""
    parts = () if domain else tuple(_parts(workspace, chosen, whole=not search))
    return Sources(parts, pages(workspace, chosen, domain=domain, search=search), domain)


def _parts(workspace: Workspace, chosen: Filter, *, whole: bool) -> Iterator[Part]:
    sections, _ = sections_of(workspace, chosen, most_domains=DOMAINS_SHOWN)
    shares = by_kind(workspace, chosen, _owners(workspace))
    gaps = behind_gaps(workspace, chosen) if whole else {}
    stable = stability(workspace, chosen) if whole else {}
    for section in sections:
        key = section.key
        yield Part(section, shares.get(key, ()), tuple(gaps.get(key, ())), stable.get(key))


def kind(workspace: Workspace, domain: str) -> str:
    """The kind of one domain, as this workspace sees it."""
    return kinds(workspace)(domain, _owners(workspace).get(domain))


def _owners(workspace: Workspace) -> dict[str, BrandInfo]:
    extraction = counts.current_extraction(workspace)
    return owners_of(counts.brands_of(workspace, extraction)) if extraction else {}


def pages(
    workspace: Workspace, chosen: Filter, *, domain: str = "", search: str = "", most: int = PAGES_SHOWN
) -> tuple[PageSection, ...]:
    """The pages that answers of the period cited or retrieved, by assistant."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return ()
    owners = _owners(workspace)
    blocks = [b for b in counts.load(workspace, extraction, chosen) if b.rows(chosen.period).any()]
    values = counts.values_of(workspace, extraction, chosen) | {
        "domain": domain,
        "search": f"%{_escaped(search)}%",
        "most": most,
    }
    where = counts.conditions(chosen)
    where += " AND s.domain = %(domain)s" if domain else ""
    where += " AND (s.page ILIKE %(search)s OR s.title ILIKE %(search)s)" if search else ""
    found: dict[tuple[str, str], list[tuple[PageRow, int]]] = {}
    columns = {(block.assistant, block.stratum): _Columns(block, chosen) for block in blocks}
    fetched = list(counts.fetch(_PAGES.format(where=where), values))
    links = redirects.links(workspace, [url for _, _, _, url, *_ in fetched])
    for assistant, stratum, *row in fetched:
        key = (assistant, stratum)
        found.setdefault(key, []).append(columns[key].row(owners, links, row))
    return tuple(
        PageSection(
            assistant=block.assistant,
            stratum=block.stratum,
            label=assistants.label(block.assistant),
            stratum_label=STRATA.get(block.stratum, block.stratum),
            responses=int(block.n[block.rows(chosen.period)].sum()),
            reports_retrieval=bool(block.reporting[block.rows(chosen.period)].any()),
            total=rows[0][1] if rows else 0,
            rows=tuple(row for row, _ in rows),
        )
        for block in blocks
        for rows in [found.get((block.assistant, block.stratum), [])]
    )


class _Columns:
    """Makes rows of one block's pages: it holds what all of them are divided by."""

    def __init__(self, block: Block, chosen: Filter) -> None:
        self._places = counts.places_of(block.prompts)
        self._n = block.n[block.rows(chosen.period)].sum(axis=0)

    def row(self, owners: dict[str, BrandInfo], links: dict[str, Link], values: list[Any]) -> tuple[PageRow, int]:
        page, url, title, domain, prompts, cited, retrieved, used, last_cited, total = values
        hits = np.zeros((len(self._places), 1))
        hits[[self._places[prompt] for prompt in prompts], 0] = cited
        row = PageRow(
            page=page,
            url=url,
            title=title,
            domain=domain,
            owner=owners.get(domain),
            cited=int(hits.sum()),
            retrieved=retrieved,
            citation=metrics.rates(hits, self._n)[0],
            conversion=metrics.ratio(used, retrieved),
            last_cited=last_cited,
            link=links.get(url) or Link(url),
        )
        return row, total


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_PAGES = """
WITH cells AS (
    SELECT c.assistant, c.stratum, coalesce(nullif(s.page, ''), s.url) AS page, c.prompt_id, max(s.url) AS url,
           max(s.title) AS title, max(s.domain) AS domain, (count(*) FILTER (WHERE s.cited))::int AS cited,
           count(*) FILTER (WHERE s.retrieved) AS retrieved, count(*) FILTER (WHERE s.cited AND s.retrieved) AS used,
           max(c.day) FILTER (WHERE s.cited) AS last_cited
    FROM monitor_daycell c
    JOIN monitor_response r ON r.run_id = c.run_id AND r.prompt_id = c.prompt_id AND r.assistant = c.assistant
        AND r.status = 'answered' AND r.finish = ANY(%(finishes)s)
    JOIN monitor_responsesource s ON s.response_id = r.id AND s.extraction_id = c.extraction_id
    WHERE c.day BETWEEN %(start)s AND %(end)s AND {where}
    GROUP BY 1, 2, 3, 4
),
pages AS (
    SELECT assistant, stratum, page, max(url) AS url, max(title) AS title, max(domain) AS domain,
           array_agg(prompt_id) AS prompts, array_agg(cited) AS cited, sum(retrieved)::int AS retrieved,
           sum(used)::int AS used, max(last_cited) AS last_cited, sum(cited) AS times,
           count(*) OVER (PARTITION BY assistant, stratum) AS total,
           row_number() OVER (PARTITION BY assistant, stratum
                              ORDER BY sum(cited) DESC, sum(retrieved) DESC, page) AS place
    FROM cells GROUP BY 1, 2, 3
)
SELECT assistant, stratum, page, url, title, domain, prompts, cited, retrieved, used, last_cited, total
FROM pages WHERE place <= %(most)s ORDER BY assistant, stratum, place
"""
