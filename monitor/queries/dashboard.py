"""What the Overview shows, as typed rows: per assistant, what changed, the series, the table behind it, and domains.

Assistants and strata are never pooled. Every rate comes with its interval and n, every change with what it is worth
among all changes that are shown beside it. Reads counts by `counts`, makes figures of them by `monitor.metrics`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np

from inference.pages import identify
from monitor import assistants, metrics
from monitor.metrics import Change, Rate
from monitor.models import Extraction, Run, Workspace
from monitor.ownership import as_url
from monitor.queries import counts, domains, measuring, runs, source_types
from monitor.queries.counts import CITED, FIRST, NAMED, RECIPROCAL, TOP3, Block, BrandInfo, BrandRanks, Current, Key
from monitor.queries.domains import DomainCounts, Domains
from monitor.queries.filters import STRATA, Filter
from monitor.queries.kept import kept, stamp
from monitor.queries.measuring import Break
from monitor.queries.source_types import KindOf
from monitor.source_types import LABELS

DOMAINS_SHOWN = 15
RUNS_SHOWN = 5
FINDINGS_SHOWN = 6
#: Ranges longer than this are charted by week: a day's dot would be narrower than a pixel's worth of meaning.
MOST_DAILY = 100

Measure = Literal["mention", "citation"]


@dataclass(frozen=True, slots=True)
class BrandRow:
    """A brand's figures over the period, beside the period before."""

    brand: BrandInfo
    responses: int
    named: int
    cited: int
    mention: Rate
    citation: Rate
    mention_before: Rate
    citation_before: Rate
    mention_change: Change
    citation_change: Change
    share_of_voice: float | None
    first: Rate
    top3: Rate
    median_rank: float | None
    reciprocal_rank: float | None


@dataclass(frozen=True, slots=True)
class DomainRow:
    """A domain's citations over the period. `owner` is the brand whose domain it is, `kind` its type of source."""

    domain: str
    owner: BrandInfo | None
    kind: str
    cited: int
    cited_before: int
    citation: Rate
    citation_before: Rate
    change: Change
    share: float | None
    pawc: float | None
    retrieval: Rate
    reports_retrieval: bool

    @property
    def news(self) -> str:
        """`new` or `lost` where it was cited in one of two measured periods alone."""
        if not self.citation.n or not self.citation_before.n or bool(self.cited) == bool(self.cited_before):
            return ""
        return "new" if self.cited else "lost"


@dataclass(frozen=True, slots=True)
class Point:
    """One brand's rates of one day, or of the week that begins with it."""

    day: date
    mention: Rate
    citation: Rate


@dataclass(frozen=True, slots=True)
class Series:
    brand: BrandInfo
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One assistant in one stratum; its series may have days before the period `begins`, which it is compared with.

    `asked` has each model, place and persona that it was asked with in the period.
    """

    assistant: str
    stratum: str
    label: str
    stratum_label: str
    begins: date
    responses: int
    failed: int
    refused: int
    prompts: int
    days: int
    by_week: bool
    brands: tuple[BrandRow, ...]
    series: tuple[Series, ...]
    domains: tuple[DomainRow, ...]
    breaks: tuple[Break, ...]
    asked: tuple[str, ...]
    reports_retrieval: bool

    @property
    def key(self) -> str:
        return f"{self.assistant}-{self.stratum}"

    @property
    def too_thin(self) -> bool:
        return self.prompts < metrics.ENOUGH_PROMPTS


@dataclass(frozen=True, slots=True)
class Finding:
    """A change that is more than noise. `good` is from the own brand's side; None where it is neither."""

    subject: str
    measure: Literal["named", "cited", "domain"]
    label: str
    before: Rate
    after: Rate
    change: Change
    brand: BrandInfo | None
    good: bool | None

    @property
    def up(self) -> bool:
        return (self.change.difference or 0) > 0


@dataclass(frozen=True, slots=True)
class Overview:
    """All of the page. `sections` is empty where the filter has no counts at all; `stamp` is another for others.

    `current` is what they are made of. `largest` is the largest of the changes within noise, where it looks large and
    nothing else is told.
    """

    filter: Filter
    current: Current | None
    stamp: str
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]
    more_findings: int
    largest: Finding | None
    compared: int
    too_thin: int
    runs: tuple[runs.Progress, ...]
    brands: tuple[BrandInfo, ...]

    @property
    def own(self) -> list[tuple[Section, BrandRow]]:
        """How the own brand stands with each assistant; the most named one of several."""
        return [
            (section, section.brands[0]) for section in self.sections if section.brands and section.brands[0].brand.own
        ]


def overview(workspace: Workspace, chosen: Filter) -> Overview:
    """The Overview under a filter; a fixed number of queries."""
    latest = Run.objects.for_workspace(workspace).filter(panel__isnull=False).select_related("panel")
    latest = latest.filter(panel=chosen.panel) if chosen.panel else latest
    lines = tuple(runs.progress_of(latest.order_by("-day", "-pk")[:RUNS_SHOWN]))
    current = counts.current(workspace, chosen)
    sections, brands, made_of = _sections_kept(workspace, current, DOMAINS_SHOWN)
    found = [finding for section in sections for finding in _findings(section)]
    found.sort(key=lambda item: -abs(item.change.difference or 0))
    certain = [item for item in found if item.change.is_real]
    return Overview(
        filter=chosen,
        current=current,
        stamp=stamp(made_of),
        sections=sections,
        findings=tuple(certain[:FINDINGS_SHOWN]),
        more_findings=max(0, len(certain) - FINDINGS_SHOWN),
        largest=next((item for item in found if item.change.only_looks_large), None) if not certain else None,
        compared=sum(item.change.p is not None for item in found),
        too_thin=sum(item.change.verdict == "too thin" for item in found),
        runs=lines,
        brands=brands,
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """The counts that sections are made of, for pages that show more of them; blocks are of the period's assistants."""

    blocks: tuple[Block, ...]
    domains: Mapping[Key, Domains]
    ranks: Mapping[Key, BrandRanks]


def measured(workspace: Workspace, extraction: Extraction, chosen: Filter) -> Measured:
    """The counts under a filter, read once."""
    found = counts.rows_of(workspace, extraction, chosen, "cells", "brands", "domains", "domain_names")
    now = {key: [row for row in rows if row.day in chosen.period] for key, rows in found.items()}
    return Measured(
        # an assistant measured only before has nothing to show now
        blocks=tuple(counts.block(key, rows) for key, rows in found.items() if now[key]),
        domains={key: domains.of_rows(rows, chosen) for key, rows in found.items()},
        ranks={key: counts.ranks_of(rows) for key, rows in now.items() if rows},
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What sections say beside their counts, as it is now."""

    brands: tuple[BrandInfo, ...]
    said: frozenset[tuple[str, str]]
    breaks: tuple[tuple[str, tuple[Break, ...]], ...]
    asked: tuple[tuple[str, tuple[str, ...]], ...]


def beside(workspace: Workspace, current: Current) -> Beside:
    extraction, chosen = current.extraction, current.filter

    def how_measured() -> tuple[tuple[tuple[str, tuple[Break, ...]], ...], tuple[tuple[str, tuple[str, ...]], ...]]:
        breaks = measuring.breaks(workspace, extraction, chosen)
        asked = measuring.asked(workspace, chosen)
        return tuple((name, tuple(found)) for name, found in breaks.items()), tuple(asked.items())

    made_of = current.fingerprint, extraction.sources_from, measuring.runs_now(workspace, chosen)
    breaks, asked = kept(("measuring", *made_of), how_measured)
    brands = tuple(counts.brands_of(workspace, extraction))
    return Beside(brands, source_types.said_here(workspace), breaks, asked)


def sections_of(
    workspace: Workspace, chosen: Filter, *, most_domains: int = DOMAINS_SHOWN
) -> tuple[tuple[Section, ...], tuple[BrandInfo, ...]]:
    """The sections of every assistant that was measured in the period, and the brands they show."""
    sections, brands, _ = _sections_kept(workspace, counts.current(workspace, chosen), most_domains)
    return sections, brands


def _sections_kept(
    workspace: Workspace, current: Current | None, most_domains: int
) -> tuple[tuple[Section, ...], tuple[BrandInfo, ...], Hashable]:
    """The sections, the brands they show, and what they are made of."""
    if current is None:
        return (), (), ()
    chosen, now = current.filter, beside(workspace, current)
    key = "sections", current.fingerprint, now, most_domains
    sections = kept(key, lambda: made(measured(workspace, current.extraction, chosen), chosen, now, most_domains))
    return sections, tuple(counts.shown(now.brands, chosen)), key


def made(
    found: Measured, chosen: Filter, now: Beside, most_domains: int, first: int = 0, *, with_series: bool = True
) -> tuple[Section, ...]:
    """The sections of what was measured; of domains at most so many after the `first`."""
    kind, breaks, asked = source_types.kinds(now.said), dict(now.breaks), dict(now.asked)
    shown = counts.shown(now.brands, chosen)
    return _adjusted(
        [
            _section(
                *(block, chosen, now.brands, shown, found.ranks[block.key]),
                *(found.domains[block.key].most_cited(block, most_domains, first), kind, breaks, asked, with_series),
            )
            for block in found.blocks
        ]
    )


def _section(
    block: Block,
    chosen: Filter,
    every: Sequence[BrandInfo],
    shown: Sequence[BrandInfo],
    ranks: BrandRanks,
    cited: Sequence[DomainCounts],
    kind: KindOf,
    breaks: Mapping[str, tuple[Break, ...]],
    asked: Mapping[str, tuple[str, ...]],
    with_series: bool,
) -> Section:
    now = block.rows(chosen.period)
    n = block.n[now].sum(axis=0)
    reporting = bool(block.reporting[now].any())
    by_week = chosen.charted.days > MOST_DAILY
    return Section(
        assistant=block.assistant,
        stratum=block.stratum,
        label=assistants.label(block.assistant),
        stratum_label=STRATA.get(block.stratum, block.stratum),
        begins=chosen.period.start,
        responses=int(n.sum()),
        failed=int(block.failed[now].sum()),
        refused=int(block.refused[now].sum()),
        prompts=int((n > 0).sum()),
        days=int(block.n[now].any(axis=1).sum()),
        by_week=by_week,
        brands=tuple(_brand_rows(block, chosen, every, shown, ranks)),
        series=tuple(_series(block, chosen, shown, by_week)) if with_series else (),
        domains=tuple(_domain_rows(block, chosen, every, cited, kind)),
        breaks=breaks.get("", ()) + breaks.get(block.assistant, ()),
        asked=asked.get(block.assistant, ()),
        reports_retrieval=reporting,
    )


def _brand_rows(
    block: Block, chosen: Filter, every: Sequence[BrandInfo], shown: Sequence[BrandInfo], ranks: BrandRanks
) -> Iterable[BrandRow]:
    """Own brands first, then by mention rate."""
    now, before = block.rows(chosen.period), block.rows(chosen.before)
    n, n_before = block.n[now].sum(axis=0), block.n[before].sum(axis=0)
    voice = metrics.share_of_voice({brand.pk: int(block.brand(brand.pk)[NAMED][now].sum()) for brand in every})
    # [prompts, brands x 5], so that one bootstrap serves them all
    hits = _columns([block.brand(brand.pk)[:, now].sum(axis=1) for brand in shown], len(block.prompts))
    hits_before = _columns([block.brand(brand.pk)[:, before].sum(axis=1) for brand in shown], len(block.prompts))
    after, earlier = metrics.rates(hits, n), metrics.rates(hits_before, n_before)
    changed = metrics.changes(hits_before, n_before, hits, n)
    rows = []
    for place, brand in enumerate(shown):
        at = 5 * place
        totals = hits[:, at : at + 5].sum(axis=0)
        rows.append(
            BrandRow(
                brand=brand,
                responses=int(n.sum()),
                named=int(totals[NAMED]),
                cited=int(totals[CITED]),
                mention=after[at + NAMED],
                citation=after[at + CITED],
                mention_before=earlier[at + NAMED],
                citation_before=earlier[at + CITED],
                mention_change=changed[at + NAMED],
                citation_change=changed[at + CITED],
                share_of_voice=voice[brand.pk],
                first=after[at + FIRST],
                top3=after[at + TOP3],
                median_rank=metrics.median_rank(ranks.get(brand.pk, {})),
                reciprocal_rank=after[at + RECIPROCAL].rate,
            )
        )
    return sorted(rows, key=lambda row: (not row.brand.own, -(row.mention.rate or 0), row.brand.name.casefold()))


def _series(block: Block, chosen: Filter, shown: Sequence[BrandInfo], by_week: bool) -> Iterable[Series]:
    """A point for each day, or week, on which something was measured."""
    grouped: dict[date, list[int]] = {}
    for row, day in enumerate(block.days):
        if day in chosen.charted and block.n[row].any():
            grouped.setdefault(day - timedelta(days=day.weekday()) if by_week else day, []).append(row)
    points: list[list[Point]] = [[] for _ in shown]
    found = metrics.rates_apart(
        (
            _columns([block.brand(b.pk)[[NAMED, CITED]][:, rows].sum(axis=1) for b in shown], len(block.prompts)),
            block.n[rows].sum(axis=0),
        )
        for rows in grouped.values()
    )
    for day, of_day in zip(grouped, found, strict=True):
        for place in range(len(shown)):
            points[place].append(Point(day, of_day[2 * place], of_day[2 * place + 1]))
    return [Series(brand, tuple(listed)) for brand, listed in zip(shown, points, strict=True)]


def _domain_rows(
    block: Block, chosen: Filter, every: Sequence[BrandInfo], found: Sequence[DomainCounts], kind: KindOf
) -> Iterable[DomainRow]:
    now, before = block.rows(chosen.period), block.rows(chosen.before)
    n, n_before = block.n[now].sum(axis=0), block.n[before].sum(axis=0)
    reporting = block.reporting[now].sum(axis=0)
    with_citation, with_pawc = int(block.with_citation[now].sum()), int(block.with_pawc[now].sum())
    prompts = len(block.prompts)
    cited, earlier = _columns([[d.cited] for d in found], prompts), _columns([[d.cited_before] for d in found], prompts)
    rates, rates_before = metrics.rates(cited, n), metrics.rates(earlier, n_before)
    changed = metrics.changes(earlier, n_before, cited, n)
    retrieval = metrics.rates(_columns([[d.retrieved] for d in found], prompts), reporting)
    owners = owners_of(every)
    return [
        DomainRow(
            domain=domain.domain,
            owner=owners.get(domain.domain),
            kind=LABELS[kind(domain.domain, owners.get(domain.domain))],
            cited=int(domain.cited.sum()),
            cited_before=int(domain.cited_before.sum()),
            citation=rates[place],
            citation_before=rates_before[place],
            change=changed[place],
            share=metrics.citation_share(domain.share, with_citation),
            pawc=metrics.ratio(domain.pawc, with_pawc),
            retrieval=retrieval[place],
            reports_retrieval=bool(reporting.any()),
        )
        for place, domain in enumerate(found)
    ]


def owners_of(brands: Iterable[BrandInfo]) -> dict[str, BrandInfo]:
    """Registrable domain -> the brand that names it, or a host below it, as its own."""
    found: dict[str, BrandInfo] = {}
    for brand in brands:
        for domain in brand.domains:
            registrable = identify(as_url(domain)).domain
            if registrable:
                found.setdefault(registrable, brand)
    return found


def _columns(arrays: Sequence[Sequence[counts.Counts] | counts.Counts], prompts: int) -> counts.Counts:
    """Several [k, prompts] as one [prompts, all of them]."""
    if not arrays:
        return np.zeros((prompts, 0))
    return np.concatenate([np.asarray(array, float) for array in arrays]).T


def _adjusted(sections: Sequence[Section]) -> tuple[Section, ...]:
    """The sections with every change weighed against all others on the page."""
    every = [
        change
        for section in sections
        for change in (
            *(row.mention_change for row in section.brands),
            *(row.citation_change for row in section.brands),
            *(row.change for row in section.domains),
        )
    ]
    weighed = iter(metrics.adjusted(every))
    found = []
    for section in sections:
        mentions = [next(weighed) for _ in section.brands]
        citations = [next(weighed) for _ in section.brands]
        domains = tuple(replace(row, change=next(weighed)) for row in section.domains)
        rows = tuple(
            replace(row, mention_change=mention, citation_change=citation)
            for row, mention, citation in zip(section.brands, mentions, citations, strict=True)
        )
        found.append(replace(section, brands=rows, domains=domains))
    return tuple(found)


def _findings(section: Section) -> list[Finding]:
    """Every change of a section that could be compared."""
    found = []
    for row in section.brands:
        for measure, before, after, change in (
            ("named", row.mention_before, row.mention, row.mention_change),
            ("cited", row.citation_before, row.citation, row.citation_change),
        ):
            up = (change.difference or 0) > 0
            found.append(
                Finding(
                    subject=row.brand.name,
                    measure=measure,  # type: ignore[arg-type]
                    label=section.label,
                    before=before,
                    after=after,
                    change=change,
                    brand=row.brand,
                    good=up if row.brand.own else None,
                )
            )
    for domain in section.domains:
        if domain.owner is None:  # a brand's own domain is said with its brand
            rates = domain.citation_before, domain.citation
            found.append(Finding(domain.domain, "domain", section.label, *rates, domain.change, None, None))
    return [item for item in found if item.change.difference is not None]
