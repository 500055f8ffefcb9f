"""How each prompt stands with each assistant: who is named and cited in its answers, and where only competitors are.

Reads the day's counts alone. Knows nothing of suites.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import BrandKind, Prompt, Workspace
from monitor.queries import counts
from monitor.queries.counts import Current, Key, Row
from monitor.queries.domains import Domains
from monitor.queries.filters import STRATA, Filter
from monitor.queries.kept import kept, stamp

Measure = Literal["named", "cited", "gap"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
#: Rows of the table; those with the largest gaps come first.
ROWS_SHOWN = 200
GAP_SOURCES_SHOWN = 20
#: Shares from which a cell is shaded more darkly.
LEVELS = (0.001, 0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt's valid answers by one assistant. `gap`: a competitor is named or cited and no own brand is."""

    pk: int
    key: tuple[str, str]
    prompt: str
    tags: tuple[str, ...]
    n: int
    own_named: int
    own_cited: int
    rival_named: int
    rival_cited: int
    gap: int

    @property
    def assistant(self) -> str:
        return assistants.label(self.key[0])

    def hits(self, measure: Measure) -> int:
        return {"named": self.own_named, "cited": self.own_cited, "gap": self.gap}[measure]


@dataclass(frozen=True, slots=True)
class Cell:
    """One prompt with one assistant: so many of `n` answers; `level` 0 to 4 is how darkly it is shaded."""

    assistant: str
    stratum: str
    hits: int
    n: int
    gap: int

    @property
    def share(self) -> float:
        return self.hits / self.n

    @property
    def level(self) -> int:
        return sum(self.share >= least for least in LEVELS)


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A prompt and its cell with each assistant, None where it was not answered there."""

    pk: int
    prompt: str
    tags: tuple[str, ...]
    cells: tuple[Cell | None, ...]
    widest_gap: float


@dataclass(frozen=True, slots=True)
class Column:
    """An assistant, with the measure over all prompts, and the gap."""

    label: str
    stratum: str
    rate: Rate
    gap: Rate


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Prompts by assistants, the widest gaps first; `total` counts the prompts not shown too.

    `stamp` is another one for other figures.
    """

    measure: Measure
    columns: tuple[Column, ...]
    rows: tuple[HeatRow, ...]
    total: int
    has_own_brand: bool
    stamp: str = ""


def heatmap(workspace: Workspace, chosen: Filter, measure: Measure) -> Heatmap:
    """The share of answers that name or cite an own brand, or leave it a gap, by prompt and assistant."""
    current = counts.current(workspace, chosen)
    if current is None:
        return Heatmap(measure, (), (), 0, False)
    found, made_of = _rows(workspace, current)
    has_own = any(brand["kind"] == BrandKind.OWN for brand in current.extraction.brand_set.brands)
    key = made_of, measure, has_own
    return kept(("heat", *key), lambda: _heatmap(found, measure, has_own, stamp(key)))


def _heatmap(found: Sequence[PromptRow], measure: Measure, has_own: bool, stamped: str) -> Heatmap:
    keys = list(dict.fromkeys(row.key for row in found))
    by_prompt: dict[int, list[PromptRow]] = {}
    for row in found:
        by_prompt.setdefault(row.pk, []).append(row)
    columns = tuple(
        Column(
            label=assistants.label(key[0]),
            stratum=STRATA.get(key[1], key[1]),
            rate=metrics.rate([(row.hits(measure), row.n) for row in found if row.key == key]),
            gap=metrics.rate([(row.gap, row.n) for row in found if row.key == key]),
        )
        for key in keys
    )
    heat = sorted((_heat_row(group, keys, measure) for group in by_prompt.values()), key=_widest_first)
    return Heatmap(measure, columns, tuple(heat[:ROWS_SHOWN]), len(heat), has_own, stamped)


def widest_gaps(workspace: Workspace, current: Current | None, *, most: int) -> list[PromptRow]:
    """Each prompt with each assistant, the widest gaps first."""
    found = rows(workspace, current) if current else ()
    return sorted(found, key=lambda row: -row.gap / row.n if row.n else 0)[:most]


def _heat_row(group: Sequence[PromptRow], keys: Sequence[tuple[str, str]], measure: Measure) -> HeatRow:
    cells = {row.key: Cell(*row.key, row.hits(measure), row.n, row.gap) for row in group}
    first = group[0]
    return HeatRow(
        pk=first.pk,
        prompt=first.prompt,
        tags=first.tags,
        cells=tuple(cells.get(key) for key in keys),
        widest_gap=max(row.gap / row.n for row in group),
    )


def _widest_first(row: HeatRow) -> tuple[float, float, str]:
    shares = [cell.share for cell in row.cells if cell]
    return -row.widest_gap, sum(shares) / len(shares), row.prompt.casefold()


def rows(workspace: Workspace, current: Current) -> tuple[PromptRow, ...]:
    """The counts by assistant and prompt, of prompts with valid answers."""
    return _rows(workspace, current)[0]


def _rows(workspace: Workspace, current: Current) -> tuple[tuple[PromptRow, ...], Hashable]:
    """The rows and what they are made of."""
    texts = {
        pk: (text, tuple(tags))
        for pk, text, tags in Prompt.objects.for_workspace(workspace).order_by("pk").values_list("pk", "text", "tags")
    }
    key = "prompts", current.fingerprint, stamp(tuple(texts.items()))

    def standing() -> tuple[PromptRow, ...]:
        found = counts.rows_of(workspace, current.extraction, current.filter, "cells", before=False)
        return _standing(found, texts)

    return kept(key, standing), key


def _standing(
    found: Mapping[Key, Sequence[Row]], texts: Mapping[int, tuple[str, tuple[str, ...]]]
) -> tuple[PromptRow, ...]:
    names = "valid", "own_named", "own_cited", "rival_named", "rival_cited", "gaps"
    standing = []
    for key, listed in found.items():
        prompts = counts.prompts_of(listed)
        sums = np.zeros((len(names), len(prompts)), np.int64)
        for row in listed:
            cells = row.tables["cells"]
            sums[:, np.searchsorted(prompts, cells["prompt"])] += np.stack([cells[name] for name in names])
        standing += [
            PromptRow(pk, key, *texts[pk], *of_prompt)
            for pk, of_prompt in zip(prompts.tolist(), sums.T.tolist(), strict=True)
            if of_prompt[0]
        ]
    return tuple(standing)


@dataclass(frozen=True, slots=True)
class Standing:
    """One prompt's rates with one assistant, each with the answers it counts."""

    assistant: str
    stratum: str
    label: str
    stratum_label: str
    row: PromptRow
    own_named: Rate
    own_cited: Rate
    rival_named: Rate
    rival_cited: Rate
    gap: Rate


def standing(workspace: Workspace, chosen: Filter, pk: int) -> tuple[Standing, ...]:
    """How one prompt stands with each assistant that answered it in the period."""
    current = counts.current(workspace, chosen)
    found = [row for row in rows(workspace, current) if row.pk == pk] if current else []
    return tuple(_standing_of(row) for row in found)


def _standing_of(row: PromptRow) -> Standing:
    hits = (row.own_named, row.own_cited, row.rival_named, row.rival_cited, row.gap)
    rates = [metrics.rate([(each, row.n)]) for each in hits]
    return Standing(*row.key, row.assistant, STRATA.get(row.key[1], row.key[1]), row, *rates)


@dataclass(frozen=True, slots=True)
class GapSource:
    """A domain that answers without any own brand cite: so many `gaps` of the answers `citing` it, to `prompts`."""

    domain: str
    gaps: int
    citing: int
    prompts: int


def behind_gaps(known: Mapping[Key, Domains]) -> dict[str, list[GapSource]]:
    """The domains behind the gaps by section key, those of most gaps first: where one is missing and others are not."""
    return {"-".join(key): found for key, of_key in known.items() if (found := _behind_gaps(of_key))}


def _behind_gaps(known: Domains) -> list[GapSource]:
    missed, citing = known.sums("gaps", known.now), known.sums("cited", known.now)
    prompts = known.gap_prompts()
    order = np.argsort(-missed, kind="stable")[:GAP_SOURCES_SHOWN]  # names are in order already
    return [
        GapSource(known.names[place], int(missed[place]), int(citing[place]), int(prompts[place]))
        for place in order.tolist()
        if missed[place]
    ]


def gaps(found: Iterable[PromptRow]) -> dict[str, Rate]:
    """The prompt gap of each assistant and stratum, by the key of their section."""
    cells: dict[str, list[tuple[int, int]]] = {}
    for row in found:
        cells.setdefault("-".join(row.key), []).append((row.gap, row.n))
    return {key: metrics.rate(listed) for key, listed in cells.items()}
