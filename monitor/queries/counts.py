"""The day's counts of a filter as arrays, ready for `monitor.metrics`: days x prompts for each assistant.

One SQL query that reads a row for each run and assistant of the range, whatever the number of answers. Knows what was
counted and for whom, not what is shown of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from monitor import packed
from monitor.models import Brand, BrandKind, Extraction, Pointers, Prompt, Workspace
from monitor.models.runs import VALID_FINISHES
from monitor.queries.filters import Filter, Period

#: An assistant and a stratum: what is never pooled with others.
Key = tuple[str, str]
Keys = npt.NDArray[np.int64]
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
class Row:
    """A run's counts of one assistant: its tables by name, only of the prompts that the filter asks for.

    `keys` are those of all names in the row, in their order, by the table that has them; `packed` are the names.
    """

    run: int
    day: date
    tables: Mapping[str, packed.Table]
    keys: Mapping[str, Keys]
    packed: Mapping[str, bytes]

    def texts(self, column: str) -> list[Any]:
        return packed.unpack_texts(self.packed[column])


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

    @property
    def key(self) -> Key:
        return self.assistant, self.stratum

    def rows(self, period: Period | None) -> npt.NDArray[np.bool_]:
        """Which days lie in the period: [days]."""
        return np.array([period is not None and day in period for day in self.days], bool)

    def brand(self, pk: int) -> Counts:
        """A brand's counts; a brand that was never found was found 0 times."""
        return self.brands.get(pk, np.zeros((5, len(self.days), len(self.prompts))))


@dataclass(frozen=True, slots=True)
class Current:
    """What all figures under a filter are made of now: the reading, and its counts by their `fingerprint`."""

    extraction: Extraction
    filter: Filter
    fingerprint: tuple[Any, ...]


def current(workspace: Workspace, chosen: Filter) -> Current | None:
    """Asked once for all of a page; None before anything was asked."""
    extraction = current_extraction(workspace)
    return Current(extraction, chosen, fingerprint(workspace, extraction, chosen)) if extraction else None


def current_extraction(workspace: Workspace) -> Extraction | None:
    """The reading that every figure is made under; None before anything was asked."""
    pointers = Pointers.objects.filter(workspace=workspace).select_related("extraction__brand_set").first()
    return pointers.extraction if pointers else None


def shown(brands: Iterable[BrandInfo], chosen: Filter) -> list[BrandInfo]:
    """Those that the filter asks for: all, where it asks for none."""
    return [brand for brand in brands if not chosen.brands or brand.pk in chosen.brands]


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


#: The packed columns that can be asked for, and those that hold texts.
_TABLES = {
    "cells": packed.CELLS,
    "brands": packed.BRANDS,
    "mentions": packed.MENTIONS,
    "places": packed.PLACES,
    "domains": packed.DOMAINS,
    "answers": packed.ANSWERS,
    "pages": packed.PAGES,
    "calls": packed.CALLS,
}
#: The columns of names, and in which column of which table their keys stand.
_NAMED = {"domain_names": ("domains", "domain"), "page_names": ("pages", "page")}


def rows_of(
    workspace: Workspace, extraction: Extraction, chosen: Filter, *columns: str, before: bool = True
) -> dict[Key, list[Row]]:
    """The rows of both periods, or without `before` of the one shown, by assistant and stratum, the days in order."""
    where = conditions(chosen) + ("" if before else " AND c.day BETWEEN %(start)s AND %(end)s")
    sql = _ROWS.format(columns="".join(f", c.{column}" for column in columns), where=where)
    tagged = _tagged(workspace, chosen)
    found: dict[Key, list[Row]] = defaultdict(list)
    for assistant, stratum, run, day, *values in fetch(sql, values_of(workspace, extraction, chosen)):
        named = dict(zip(columns, values, strict=True))
        tables = {name: packed.unpack(value, _TABLES[name]) for name, value in named.items() if name in _TABLES}
        keys = {name: np.unique(tables[table][column]) for name, (table, column) in _NAMED.items() if name in named}
        if tagged is not None:
            tables = {name: table[np.isin(table["prompt"], tagged)] for name, table in tables.items()}
            if not any(map(len, tables.values())):
                continue
        texts = {name: value for name, value in named.items() if name not in _TABLES}
        found[assistant, stratum].append(Row(run, day, tables, keys, texts))
    return dict(found)


def fingerprint(
    workspace: Workspace, extraction: Extraction, chosen: Filter, *, mentions: bool = False
) -> tuple[Any, ...]:
    """Another one for other counts under the filter: a row that is written again has a higher id than it had.

    With `mentions` also for others of these alone, as judging makes them batch by batch.
    """
    sql = _FINGERPRINT.format(where=conditions(chosen))
    ((number, ids, judgings),) = fetch(sql, values_of(workspace, extraction, chosen))
    found = workspace.pk, extraction.pk, chosen, number, ids, judgings if mentions else None
    tagged = _tagged(workspace, chosen)
    return *found, None if tagged is None else tuple(sorted(tagged.tolist()))


def _tagged(workspace: Workspace, chosen: Filter) -> Keys | None:
    """The prompts that have one of the filter's tags; None where all are asked for."""
    if not chosen.tags:
        return None
    prompts = Prompt.objects.for_workspace(workspace).filter(tags__overlap=list(chosen.tags)).order_by()
    return np.array(prompts.values_list("pk", flat=True), np.int64)


def load(workspace: Workspace, extraction: Extraction, chosen: Filter) -> list[Block]:
    """The counts of both periods, by assistant and stratum."""
    found = rows_of(workspace, extraction, chosen, "cells", "brands")
    return [block(key, rows) for key, rows in found.items()]


def load_ranks(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[Key, BrandRanks]:
    """The ranks of the period's answers, by assistant and stratum."""
    rows = rows_of(workspace, extraction, chosen, "brands", before=False)
    return {key: ranks_of(of_key) for key, of_key in rows.items()}


def ranks_of(rows: Sequence[Row]) -> BrandRanks:
    """How many answers of some rows name each brand at which rank."""
    found: BrandRanks = defaultdict(dict)
    hits = np.concatenate([row.tables["brands"] for row in rows])
    for brand, rank, answers in summed(hits[hits["rank"] > 0], "brand", "rank", "answers"):
        found[brand][rank] = answers
    return found


def summed(table: packed.Table, one: str, other: str, *of: str) -> Iterator[tuple[int, ...]]:
    """The sums of columns for each pair of what two others have, few each: (one, other, *sums), where any is not 0."""
    if not len(table):
        return
    ones, at_one = np.unique(table[one], return_inverse=True)
    others, at_other = np.unique(table[other], return_inverse=True)
    shape = len(ones), len(others)
    places = np.ravel_multi_index((at_one, at_other), shape)
    sums = np.stack([np.bincount(places, table[name], shape[0] * shape[1]) for name in of]).astype(int)
    for place in np.flatnonzero(sums.any(axis=0)).tolist():
        yield int(ones[place // shape[1]]), int(others[place % shape[1]]), *sums[:, place].tolist()


def put_together(rows: Sequence[Row], names: str) -> tuple[packed.Table, Keys, list[Any]]:
    """The tables of rows under one another, the place of each of their rows among the names, and these in their order.

    Names are read newest first and only where a row has some that were not met yet.
    """
    table_name, column = _NAMED[names]
    table = np.concatenate([row.tables[table_name] for row in rows])
    keys, places = np.unique(table[column], return_inverse=True)
    texts: dict[int, Any] = {}
    unknown = keys
    for row in reversed(rows):
        if not len(unknown):
            break
        here = np.isin(row.keys[names], unknown)
        if here.any():
            listed = row.texts(names)
            texts |= {int(row.keys[names][place]): listed[place] for place in np.flatnonzero(here)}
            unknown = np.setdiff1d(unknown, row.keys[names], assume_unique=True)
    order = sorted(range(len(keys)), key=lambda place: texts[int(keys[place])])
    rank = np.empty(len(keys), np.int64)
    rank[order] = np.arange(len(keys))
    return table, rank[places.reshape(-1)], [texts[int(keys[place])] for place in order]


def prompts_of(rows: Sequence[Row]) -> Keys:
    """The prompts of some rows, in the order of a Block made of them."""
    return np.unique(np.concatenate([row.tables["cells"]["prompt"] for row in rows]))


def block(key: Key, rows: Sequence[Row]) -> Block:
    """Rows with cells and brands as arrays."""
    prompts = prompts_of(rows)
    days = tuple(dict.fromkeys(row.day for row in rows))
    place_of_day = {day: place for place, day in enumerate(days)}
    shape = len(days), len(prompts)
    names = "valid", "with_citation", "with_pawc", "reporting", "failed", "refused"
    arrays = np.zeros((len(names), *shape))
    for row in rows:
        cells = row.tables["cells"]
        at = np.searchsorted(prompts, cells["prompt"])  # each prompt once in a row
        arrays[:, place_of_day[row.day], at] += np.stack([cells[name] for name in names])
    hits = np.concatenate([row.tables["brands"] for row in rows])
    day_of_hit = np.repeat([place_of_day[row.day] for row in rows], [len(row.tables["brands"]) for row in rows])
    found = _brands(hits, day_of_hit, prompts, shape)
    return Block(key[0], key[1], days, tuple(prompts.tolist()), *arrays, brands=found)  # type: ignore[misc]


def _brands(hits: packed.Table, days: Keys, prompts: Keys, shape: tuple[int, int]) -> dict[int, Counts]:
    """For each brand its counts: [5, days, prompts]."""
    brands, brand_of_hit = np.unique(hits["brand"], return_inverse=True)
    places = np.ravel_multi_index(
        (brand_of_hit.reshape(-1), days, np.searchsorted(prompts, hits["prompt"])), (len(brands), *shape)
    )
    rank, answers = hits["rank"], hits["answers"]
    measured = np.zeros((5, len(brands) * shape[0] * shape[1]))
    for measure, weights in {
        NAMED: answers * (rank > 0),
        FIRST: answers * (rank == 1),
        TOP3: answers * ((rank > 0) & (rank <= 3)),
        RECIPROCAL: np.divide(answers, rank, out=np.zeros(len(rank)), where=rank > 0),
        CITED: answers * (rank == 0),
    }.items():
        measured[measure] = np.bincount(places, weights, measured.shape[1])
    by_brand = measured.reshape(5, len(brands), *shape)
    return {brand: by_brand[:, place] for place, brand in enumerate(brands.tolist())}


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
    """The filter as conditions on a row `c` of the day's counts, tags aside; all values are bound."""
    before = chosen.before
    if before is None:
        days = "c.day BETWEEN %(start)s AND %(end)s"
    elif before.end + timedelta(days=1) == chosen.period.start:  # one range of an index, not two
        days = "c.day BETWEEN %(before_start)s AND %(end)s"
    else:
        days = "(c.day BETWEEN %(start)s AND %(end)s OR c.day BETWEEN %(before_start)s AND %(before_end)s)"
    return " AND ".join(
        [
            "c.workspace_id = %(workspace)s AND c.extraction_id = %(extraction)s",
            days,
            *(["c.panel_id = %(panel)s"] if chosen.panel else []),
            *(["c.assistant = ANY(%(assistants)s)"] if chosen.assistants else []),
            *(["c.stratum = ANY(%(strata)s)"] if chosen.strata else []),
        ]
    )


def conditions_of_answers(chosen: Filter) -> str:
    """The whole filter, tags too, as conditions on a response `r` and the row `c` that it is counted in."""
    return conditions(chosen) + (_TAGGED if chosen.tags else "")


def of_answers(statement: str, chosen: Filter) -> str:
    """A statement with the valid answers of the period, each with what it counts in, for its `{responses}`."""
    return statement.format(responses=_RESPONSES.format(where=conditions_of_answers(chosen)))


def fetch(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_TAGGED = """
    AND r.prompt_id IN (
        SELECT id FROM monitor_prompt WHERE workspace_id = %(workspace)s AND tags && %(tags)s::varchar[])"""

_RESPONSES = """
    SELECT c.assistant, c.stratum, c.day, r.prompt_id, c.extraction_id, r.id, r.model_reported, r.prompt_text, r.repeat
    FROM monitor_daycounts c
    JOIN monitor_response r ON r.run_id = c.run_id AND r.assistant = c.assistant AND r.prompt_id IS NOT NULL
        AND r.status = 'answered' AND r.finish = ANY(%(finishes)s)
    WHERE c.day BETWEEN %(start)s AND %(end)s AND {where}
"""

_ROWS = """
SELECT c.assistant, c.stratum, c.run_id, c.day{columns}
FROM monitor_daycounts c WHERE {where} ORDER BY c.assistant, c.stratum, c.day, c.run_id
"""

_FINGERPRINT = "SELECT count(*), sum(c.id), sum(c.judgings) FROM monitor_daycounts c WHERE {where}"
