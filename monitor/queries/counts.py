"""The rolled-up counts of a filter as arrays, ready for `monitor.metrics`: days x prompts for each assistant.

A fixed number of SQL queries, whatever the range. Knows what was counted and for whom, not what is shown of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from monitor.models import Brand, BrandKind, Extraction, Pointers, Workspace
from monitor.models.runs import VALID_FINISHES
from monitor.queries.filters import Filter, Period

Counts = npt.NDArray[np.float64]
#: Answers by brand and by the brand's rank in them.
BrandRanks = dict[int, dict[int, int]]

#: What is counted of a brand, in the order of the first axis of `Block.brands`.
NAMED, FIRST, TOP3, RECIPROCAL, CITED = range(5)
NO_BRAND = -1


@dataclass(frozen=True, slots=True)
class BrandInfo:
    """A brand of the current reading. `colour` is its stable place in the palette."""

    pk: int
    name: str
    own: bool
    colour: int
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One assistant's counts in one stratum. Arrays are [days, prompts], those of a brand [5, days, prompts]."""

    assistant: str
    stratum: str
    days: tuple[date, ...]
    prompts: tuple[int, ...]
    n: Counts
    with_citation: Counts
    with_pawc: Counts
    reporting: Counts
    failed: Counts
    refused: Counts
    brands: dict[int, Counts] = field(default_factory=dict)

    def rows(self, period: Period | None) -> npt.NDArray[np.bool_]:
        """Which days lie in the period: [days]."""
        return np.array([period is not None and day in period for day in self.days], bool)

    def brand(self, pk: int) -> Counts:
        """A brand's counts; a brand that was never found was found 0 times."""
        return self.brands.get(pk, np.zeros((5, len(self.days), len(self.prompts))))


@dataclass(frozen=True, slots=True)
class DomainCounts:
    """A domain's counts in the period shown and the one before: [prompts] in the order of its Block."""

    domain: str
    cited: Counts
    cited_before: Counts
    retrieved: Counts
    share: float
    pawc: float


def current_extraction(workspace: Workspace) -> Extraction | None:
    """The reading that every figure is made under; None before anything was asked."""
    pointers = Pointers.objects.filter(workspace=workspace).select_related("extraction__brand_set").first()
    return pointers.extraction if pointers else None


def brands_of(workspace: Workspace, extraction: Extraction) -> list[BrandInfo]:
    """The brands of the reading, own ones first, with the colours they have now."""
    colours = dict(Brand.objects.for_workspace(workspace).values_list("pk", "colour"))
    found = [
        BrandInfo(
            pk=item["id"],
            name=item["name"],
            own=item["kind"] == BrandKind.OWN,
            colour=colours.get(item["id"], 7),
            domains=tuple(item["domains"]),
        )
        for item in extraction.brand_set.brands
    ]
    return sorted(found, key=lambda brand: (not brand.own, brand.name.casefold()))


def current_brands(workspace: Workspace) -> list[BrandInfo]:
    """The brands of the present reading; none while there is no reading."""
    extraction = current_extraction(workspace)
    return brands_of(workspace, extraction) if extraction else []


def load(workspace: Workspace, extraction: Extraction, chosen: Filter) -> list[Block]:
    """The counts of both periods, by assistant and stratum."""
    values = values_of(workspace, extraction, chosen)
    grouped: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for assistant, stratum, *rest in fetch(_CELLS.format(where=conditions(chosen)), values):
        grouped.setdefault((assistant, stratum), []).append(rest)
    blocks: dict[tuple[str, str], Block] = {}
    for key, rows in grouped.items():
        blocks[key] = _block(key, rows)
    places = {key: places_of(block.prompts) for key, block in blocks.items()}
    for assistant, stratum, day, brand, prompts, *counts in fetch(_BRANDS.format(where=conditions(chosen)), values):
        key = (assistant, stratum)
        block = blocks[key]
        found = block.brands.setdefault(brand, block.brand(NO_BRAND))
        columns = [places[key][prompt] for prompt in prompts]
        found[:, block.days.index(day), columns] = counts
    return list(blocks.values())


def load_domains(
    workspace: Workspace, extraction: Extraction, chosen: Filter, blocks: Iterable[Block], *, most: int
) -> dict[tuple[str, str], list[DomainCounts]]:
    """The domains most cited in either period, at most `most` of each assistant; the most cited first."""
    by_key = {(block.assistant, block.stratum): block for block in blocks}
    places = {key: places_of(block.prompts) for key, block in by_key.items()}
    found: dict[tuple[str, str], list[DomainCounts]] = {key: [] for key in by_key}
    values = values_of(workspace, extraction, chosen) | {"most": most}
    for assistant, stratum, domain, share, pawc, prompts, *counts in fetch(
        _DOMAINS.format(where=conditions(chosen)), values
    ):
        key = (assistant, stratum)
        if key not in found:
            continue  # nobody asks for it: it was measured only before
        arrays = np.zeros((3, len(places[key])))
        arrays[:, [places[key][prompt] for prompt in prompts]] = counts
        found[key].append(DomainCounts(domain, arrays[0], arrays[1], arrays[2], share, pawc))
    return found


def load_ranks(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[tuple[str, str], BrandRanks]:
    """By assistant and stratum, how many of the period's answers name each brand at which rank."""
    found: dict[tuple[str, str], BrandRanks] = defaultdict(lambda: defaultdict(dict))
    values = values_of(workspace, extraction, chosen)
    for assistant, stratum, brand, rank, count in fetch(of_answers(_RANKS, chosen), values):
        found[assistant, stratum][brand][rank] = count
    return found


def _block(key: tuple[str, str], rows: Sequence[Sequence[Any]]) -> Block:
    """Rows of (day, prompts, valid, with_citation, with_pawc, reporting, failed, refused) as arrays."""
    prompts = tuple(sorted({prompt for row in rows for prompt in row[1]}))
    place = places_of(prompts)
    arrays = np.zeros((6, len(rows), len(prompts)))
    for number, (_, listed, *counts) in enumerate(rows):
        arrays[:, number, [place[prompt] for prompt in listed]] = counts
    return Block(*key, tuple(row[0] for row in rows), prompts, *arrays)


def places_of(prompts: Sequence[int]) -> Mapping[int, int]:
    """Prompt id -> its place in the arrays."""
    return {prompt: place for place, prompt in enumerate(prompts)}


def values_of(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[str, Any]:
    """What `conditions`, `of_answers` and the statements bind."""
    before = chosen.before
    return {
        "workspace": workspace.pk,
        "extraction": extraction.pk,
        "start": chosen.period.start,
        "end": chosen.period.end,
        "before_start": before.start if before else None,
        "before_end": before.end if before else None,
        "panel": chosen.panel,
        "assistants": list(chosen.assistants),
        "strata": list(chosen.strata),
        "tags": list(chosen.tags),
        "finishes": list(VALID_FINISHES),
    }


def conditions(chosen: Filter) -> str:
    """The filter as conditions on a cell `c`; all values are bound."""
    return " AND ".join(
        [
            "c.workspace_id = %(workspace)s AND c.extraction_id = %(extraction)s",
            "(c.day BETWEEN %(start)s AND %(end)s"
            + (" OR c.day BETWEEN %(before_start)s AND %(before_end)s)" if chosen.before else ")"),
            *(["c.panel_id = %(panel)s"] if chosen.panel else []),
            *(["c.assistant = ANY(%(assistants)s)"] if chosen.assistants else []),
            *(["c.stratum = ANY(%(strata)s)"] if chosen.strata else []),
            *([_TAGGED] if chosen.tags else []),
        ]
    )


def of_answers(statement: str, chosen: Filter) -> str:
    """A statement with the valid answers of the period, each with the cell it counts in, for its `{responses}`."""
    return statement.format(responses=_RESPONSES.format(where=conditions(chosen)))


def fetch(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_TAGGED = (
    "c.prompt_id IN (SELECT id FROM monitor_prompt WHERE workspace_id = %(workspace)s AND tags && %(tags)s::varchar[])"
)

_RESPONSES = """
    SELECT c.assistant, c.stratum, c.day, c.prompt_id, c.extraction_id, r.id, r.model_reported, r.prompt_text, r.repeat
    FROM monitor_daycell c
    JOIN monitor_response r ON r.run_id = c.run_id AND r.prompt_id = c.prompt_id AND r.assistant = c.assistant
        AND r.status = 'answered' AND r.finish = ANY(%(finishes)s)
    WHERE c.day BETWEEN %(start)s AND %(end)s AND {where}
"""

_RANKS = """
WITH r AS ({responses}), ranked AS (
    SELECT r.assistant, r.stratum, m.brand_id, min(m.rank) AS rank
    FROM r JOIN monitor_mention m ON m.response_id = r.id AND m.extraction_id = r.extraction_id
    GROUP BY r.id, r.assistant, r.stratum, m.brand_id
)
SELECT assistant, stratum, brand_id, rank, count(*)::int FROM ranked GROUP BY 1, 2, 3, 4
"""

_CELLS = """
WITH cells AS (
    SELECT c.assistant, c.stratum, c.day, c.prompt_id, sum(c.valid)::int AS valid,
           sum(c.with_citation)::int AS with_citation, sum(c.with_pawc)::int AS with_pawc,
           sum(c.reporting_retrieval)::int AS reporting,
           sum(c.failed)::int AS failed, sum(c.refused)::int AS refused
    FROM monitor_daycell c WHERE {where} GROUP BY 1, 2, 3, 4
)
SELECT assistant, stratum, day, array_agg(prompt_id), array_agg(valid), array_agg(with_citation), array_agg(with_pawc),
       array_agg(reporting), array_agg(failed), array_agg(refused)
FROM cells GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

_BRANDS = """
WITH cells AS (
    SELECT c.assistant, c.stratum, c.day, b.brand_id, c.prompt_id, sum(b.named)::int AS named,
           sum(b.named_first)::int AS first, sum(b.named_top3)::int AS top3, sum(b.reciprocal_rank) AS reciprocal,
           sum(b.cited)::int AS cited
    FROM monitor_daycell c JOIN monitor_daybrand b ON b.cell_id = c.id WHERE {where} GROUP BY 1, 2, 3, 4, 5
)
SELECT assistant, stratum, day, brand_id, array_agg(prompt_id), array_agg(named), array_agg(first), array_agg(top3),
       array_agg(reciprocal), array_agg(cited)
FROM cells GROUP BY 1, 2, 3, 4
"""

_DOMAINS = """
WITH cells AS (
    SELECT c.assistant, c.stratum, d.domain, c.prompt_id,
           coalesce(sum(d.cited) FILTER (WHERE c.day BETWEEN %(start)s AND %(end)s), 0)::int AS cited,
           coalesce(sum(d.cited) FILTER (WHERE c.day NOT BETWEEN %(start)s AND %(end)s), 0)::int AS cited_before,
           coalesce(sum(d.retrieved) FILTER (WHERE c.day BETWEEN %(start)s AND %(end)s), 0)::int AS retrieved,
           coalesce(sum(d.share) FILTER (WHERE c.day BETWEEN %(start)s AND %(end)s), 0) AS share,
           coalesce(sum(d.pawc) FILTER (WHERE c.day BETWEEN %(start)s AND %(end)s), 0) AS pawc
    FROM monitor_daycell c JOIN monitor_daydomain d ON d.cell_id = c.id WHERE {where} GROUP BY 1, 2, 3, 4
),
domains AS (
    SELECT assistant, stratum, domain, sum(share) AS share, sum(pawc) AS pawc, array_agg(prompt_id) AS prompts,
           array_agg(cited) AS cited,
           array_agg(cited_before) AS cited_before, array_agg(retrieved) AS retrieved, sum(cited) AS total,
           row_number() OVER (PARTITION BY assistant, stratum
                              ORDER BY greatest(sum(cited), sum(cited_before)) DESC, domain) AS place
    FROM cells GROUP BY 1, 2, 3 HAVING sum(cited) + sum(cited_before) > 0
)
SELECT assistant, stratum, domain, share, pawc, prompts, cited, cited_before, retrieved
FROM domains WHERE place <= %(most)s ORDER BY total DESC, domain
"""
