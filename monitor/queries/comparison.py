"""The figures that other tools' published formulas give for the answers of a filter, beside our own. Reads alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import Extraction, Workspace
from monitor.published_formulas import FORMULAS, Formula, Named
from monitor.queries import counts
from monitor.queries.counts import NAMED, Block, BrandInfo, BrandRanks
from monitor.queries.filters import STRATA, Filter
from monitor.queries.kept import kept, stamp

#: Columns of the tables: own brands first, then those named most.
BRANDS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Line:
    """One tool's measure of each brand of the table; None: not measured."""

    formula: Formula
    figures: tuple[tuple[BrandInfo, float | None], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Answers of one assistant, or of several put together as other tools do it, which has no rate of ours."""

    label: str
    stratum: str
    responses: int
    brands: tuple[BrandInfo, ...]
    ours: tuple[tuple[BrandInfo, Rate], ...] | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The tables; `stamp` is another for others."""

    tables: tuple[Table, ...] = ()
    stamp: str = ""


def comparison(workspace: Workspace, chosen: Filter) -> Comparison:
    """A table for each assistant and, where several were asked in one stratum, one of them put together."""
    current = counts.current(workspace, chosen)
    if current is None:
        return Comparison()
    every = tuple(counts.brands_of(workspace, current.extraction))
    key = "comparison", current.fingerprint, every
    return Comparison(kept(key, lambda: _made(workspace, current.extraction, chosen, every)), stamp(key))


def _made(
    workspace: Workspace, extraction: Extraction, chosen: Filter, every: Sequence[BrandInfo]
) -> tuple[Table, ...]:
    blocks = [b for b in counts.load(workspace, extraction, chosen) if b.rows(chosen.period).any()]
    ranks = counts.load_ranks(workspace, extraction, chosen)
    shown = _shown(every, chosen, ranks.values())
    tables = []
    for stratum in dict.fromkeys(block.stratum for block in blocks):
        alike = [block for block in blocks if block.stratum == stratum]
        for group in [[block] for block in alike] + ([alike] if len(alike) > 1 else []):
            tables.append(_table(group, chosen, every, shown, [ranks[b.assistant, b.stratum] for b in group]))
    return tuple(tables)


def _shown(every: Iterable[BrandInfo], chosen: Filter, ranks: Iterable[BrandRanks]) -> tuple[BrandInfo, ...]:
    named: dict[int, int] = defaultdict(int)
    for of_brand in ranks:
        for brand, counted in of_brand.items():
            named[brand] += sum(counted.values())
    return tuple(
        sorted(counts.shown(every, chosen), key=lambda brand: (not brand.own, -named[brand.pk]))[:BRANDS_SHOWN]
    )


def _table(
    group: list[Block],
    chosen: Filter,
    every: Iterable[BrandInfo],
    shown: tuple[BrandInfo, ...],
    ranks: list[BrandRanks],
) -> Table:
    of_all = sum(count for of_brand in ranks for counted in of_brand.values() for count in counted.values())
    named = [_named(group, chosen, brand, ranks, of_all) for brand in shown]
    first = group[0]
    return Table(
        label=assistants.label(first.assistant) if len(group) == 1 else "All of these put together",
        stratum=STRATA.get(first.stratum, first.stratum),
        responses=sum(int(block.n[block.rows(chosen.period)].sum()) for block in group),
        brands=shown,
        ours=tuple((brand, _ours(first, chosen, brand)) for brand in shown) if len(group) == 1 else None,
        lines=tuple(
            Line(formula, tuple((brand, formula.of(each)) for brand, each in zip(shown, named, strict=True)))
            for formula in FORMULAS
        ),
    )


def _ours(block: Block, chosen: Filter, brand: BrandInfo) -> Rate:
    now = block.rows(chosen.period)
    return metrics.rates(block.brand(brand.pk)[NAMED][now].sum(axis=0)[:, None], block.n[now].sum(axis=0))[0]


def _named(group: list[Block], chosen: Filter, brand: BrandInfo, ranks: list[BrandRanks], of_all: int) -> Named:
    asked: set[int] = set()
    naming: set[int] = set()
    responses = 0
    for block in group:
        now = block.rows(chosen.period)
        n, hits = block.n[now].sum(axis=0), block.brand(brand.pk)[NAMED][now].sum(axis=0)
        responses += int(n.sum())
        asked |= {prompt for prompt, count in zip(block.prompts, n, strict=True) if count}
        naming |= {prompt for prompt, count in zip(block.prompts, hits, strict=True) if count}
    counted: dict[int, int] = defaultdict(int)
    for of_brand in ranks:
        for rank, count in of_brand.get(brand.pk, {}).items():
            counted[rank] += count
    return Named(responses, len(asked), len(naming), counted, of_all)
