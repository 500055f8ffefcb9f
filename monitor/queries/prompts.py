"""How each prompt stands with each assistant: who is named and cited in its answers, and where only competitors are.

Whether two brands share an answer cannot be read off the rollups, so answers are counted themselves, under the
conditions of the rollups. Knows nothing of suites.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from monitor import assistants, metrics
from monitor.metrics import Rate
from monitor.models import BrandKind, Extraction, Workspace
from monitor.ownership import IS_OWN, PAGE_HOST, brand_hosts
from monitor.queries import counts
from monitor.queries.filters import STRATA, Filter

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
    """Prompts by assistants, the widest gaps first; `total` counts the prompts not shown too."""

    measure: Measure
    columns: tuple[Column, ...]
    rows: tuple[HeatRow, ...]
    total: int
    has_own_brand: bool


def heatmap(workspace: Workspace, chosen: Filter, measure: Measure) -> Heatmap:
    """The share of answers that name or cite an own brand, or leave it a gap, by prompt and assistant."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return Heatmap(measure, (), (), 0, False)
    found = rows(chosen, values_of(workspace, extraction, chosen))
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
    has_own = any(brand["kind"] == BrandKind.OWN for brand in extraction.brand_set.brands)
    return Heatmap(measure, columns, tuple(heat[:ROWS_SHOWN]), len(heat), has_own)


def widest_gaps(workspace: Workspace, chosen: Filter, *, most: int) -> list[PromptRow]:
    """Each prompt with each assistant, the widest gaps first."""
    extraction = counts.current_extraction(workspace)
    found = rows(chosen, values_of(workspace, extraction, chosen)) if extraction else []
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


def values_of(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[str, Any]:
    """What the statements bind: the filter, and whose brands and hosts are own and whose are not."""
    brands = extraction.brand_set.brands
    own = [brand for brand in brands if brand["kind"] == BrandKind.OWN]
    rivals = [brand for brand in brands if brand["kind"] != BrandKind.OWN]
    return counts.values_of(workspace, extraction, chosen) | {
        "own": [brand["id"] for brand in own],
        "rivals": [brand["id"] for brand in rivals],
        "own_hosts": [host for _, host in brand_hosts(own)],
        "rival_hosts": [host for _, host in brand_hosts(rivals)],
    }


def rows(chosen: Filter, values: dict[str, Any]) -> list[PromptRow]:
    """The counts by assistant and prompt; `values` as `values_of` gives them."""
    return [
        PromptRow(pk, (assistant, stratum), text, tuple(tags), n, *found)
        for assistant, stratum, pk, text, tags, n, *found in counts.fetch(counts.of_answers(_PROMPTS, chosen), values)
    ]


@dataclass(frozen=True, slots=True)
class GapSource:
    """A domain that answers without any own brand cite: so many `gaps` of the answers `citing` it, to `prompts`."""

    domain: str
    gaps: int
    citing: int
    prompts: int


def behind_gaps(workspace: Workspace, chosen: Filter) -> dict[str, list[GapSource]]:
    """The domains behind the gaps by section key, those of most gaps first: where one is missing and others are not."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return {}
    found: dict[str, list[GapSource]] = {}
    values = values_of(workspace, extraction, chosen) | {"most": GAP_SOURCES_SHOWN}
    for assistant, stratum, *row in counts.fetch(counts.of_answers(_BEHIND_GAPS, chosen), values):
        found.setdefault(f"{assistant}-{stratum}", []).append(GapSource(*row))
    return found


def gaps(found: Iterable[PromptRow]) -> dict[str, Rate]:
    """The prompt gap of each assistant and stratum, by the key of their section."""
    cells: dict[str, list[tuple[int, int]]] = {}
    for row in found:
        cells.setdefault("-".join(row.key), []).append((row.gap, row.n))
    return {key: metrics.rate(listed) for key, listed in cells.items()}


_OWNS = f"EXISTS (SELECT 1 FROM unnest(%({{who}})s::text[]) AS hosts (host) WHERE {IS_OWN})"  # noqa: S608 - constants
#: The valid answers `seen`, each with who is named and cited in it; a gap is where only competitors are. What is found
#: is put under one another and grouped, not joined: right after many answers came the planner takes them for few.
_SEEN = f"""
WITH r AS ({{responses}}), found AS (
    SELECT r.id, FALSE AS own_named, FALSE AS rival_named, FALSE AS own_cited, FALSE AS rival_cited,
           r.assistant, r.stratum, r.prompt_id, r.extraction_id FROM r
    UNION ALL
    SELECT r.id, m.brand_id = ANY(%(own)s), m.brand_id = ANY(%(rivals)s), FALSE, FALSE,
           r.assistant, r.stratum, r.prompt_id, r.extraction_id
    FROM r JOIN monitor_mention m ON m.response_id = r.id AND m.extraction_id = r.extraction_id
    UNION ALL
    SELECT r.id, FALSE, FALSE, {_OWNS.format(who="own_hosts")}, {_OWNS.format(who="rival_hosts")},
           r.assistant, r.stratum, r.prompt_id, r.extraction_id
    FROM r JOIN monitor_responsesource s ON s.response_id = r.id AND s.extraction_id = r.extraction_id AND s.cited
    CROSS JOIN {PAGE_HOST}
), seen AS (
    SELECT id, assistant, stratum, prompt_id, extraction_id, bool_or(own_named) AS own_named,
           bool_or(rival_named) AS rival_named, bool_or(own_cited) AS own_cited, bool_or(rival_cited) AS rival_cited
    FROM found GROUP BY 1, 2, 3, 4, 5
)"""  # noqa: S608 - constants
_IS_GAP = "(rival_named OR rival_cited) AND NOT (own_named OR own_cited)"

_PROMPTS = f"""{_SEEN}
SELECT seen.assistant, seen.stratum, p.id, p.text, p.tags, count(*)::int, count(*) FILTER (WHERE own_named)::int,
       count(*) FILTER (WHERE own_cited)::int, count(*) FILTER (WHERE rival_named)::int,
       count(*) FILTER (WHERE rival_cited)::int, count(*) FILTER (WHERE {_IS_GAP})::int
FROM seen JOIN monitor_prompt p ON p.id = seen.prompt_id
GROUP BY seen.assistant, seen.stratum, p.id ORDER BY seen.assistant, seen.stratum, p.id
"""  # noqa: S608 - constants

_BEHIND_GAPS = f"""{_SEEN}, domains AS (
    SELECT seen.assistant, seen.stratum, s.domain, count(DISTINCT seen.id) FILTER (WHERE {_IS_GAP})::int AS gaps,
           count(DISTINCT seen.id)::int AS citing,
           count(DISTINCT seen.prompt_id) FILTER (WHERE {_IS_GAP})::int AS prompts,
           row_number() OVER (PARTITION BY seen.assistant, seen.stratum
                              ORDER BY count(DISTINCT seen.id) FILTER (WHERE {_IS_GAP}) DESC, s.domain) AS place
    FROM seen JOIN monitor_responsesource s
        ON s.response_id = seen.id AND s.extraction_id = seen.extraction_id AND s.cited AND s.domain <> ''
    GROUP BY 1, 2, 3
)
SELECT assistant, stratum, domain, gaps, citing, prompts FROM domains
WHERE gaps > 0 AND place <= %(most)s ORDER BY place
"""  # noqa: S608 - constants
