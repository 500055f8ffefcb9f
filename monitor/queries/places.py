"""At which places of lists answers name brands, by assistant. Never pooled. Reads the day's counts alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from monitor import assistants, metrics, packed
from monitor.metrics import Rate
from monitor.models import Extraction, Workspace
from monitor.queries import counts
from monitor.queries.counts import BrandInfo
from monitor.queries.filters import STRATA, Filter, Period
from monitor.queries.kept import kept, stamp

#: The last place that is first, for some lists count from nought, and the last that is among the first three.
FIRST, TOP = 1, 3
NEVER_LISTED = Rate(None, None, None, 0, 0, "no answer has it in a list")


@dataclass(frozen=True, slots=True)
class Places:
    """Of the `answers` with the brand in a list, how many have it first there and among the first three, and where.

    Each counts by its best place. The rates are means over prompts.
    """

    answers: int
    first_answers: int
    top3_answers: int
    first: Rate
    top3: Rate
    median: float | None


NOWHERE = Places(0, 0, 0, NEVER_LISTED, NEVER_LISTED, None)
#: An assistant, a stratum and a brand.
Who = tuple[str, str, int]
#: By assistant and stratum, every one that has answers; and of each the brands that are in lists.
Found = dict[counts.Key, dict[int, Places]]


@dataclass(frozen=True, slots=True)
class PlacesRow:
    brand: BrandInfo
    assistant: str
    stratum: str
    label: str
    stratum_label: str
    places: Places


@dataclass(frozen=True, slots=True)
class BrandsPlaces:
    """Own brands first, each with every assistant; no rows where no answer has any in a list."""

    period: Period
    rows: tuple[PlacesRow, ...]
    stamp: str = ""


def of_brands(workspace: Workspace, chosen: Filter) -> BrandsPlaces:
    """The brands of the present reading that the filter asks for."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return BrandsPlaces(chosen.period, ())
    shown = counts.shown(counts.brands_of(workspace, extraction), chosen)
    found, made_of = _counted(workspace, extraction, chosen)
    rows = tuple(
        PlacesRow(
            brand=brand,
            assistant=assistant,
            stratum=stratum,
            label=assistants.label(assistant),
            stratum_label=STRATA.get(stratum, stratum),
            places=listed.get(brand.pk, NOWHERE),
        )
        for brand in shown
        for (assistant, stratum), listed in found.items()
    )
    is_any = any(row.places.answers for row in rows)
    return BrandsPlaces(chosen.period, rows if is_any else (), stamp((made_of, shown)))


def by_brand(workspace: Workspace, chosen: Filter) -> dict[Who, Places]:
    """The brands that answers of the period have in lists, by assistant, stratum and brand."""
    extraction = counts.current_extraction(workspace)
    found = _counted(workspace, extraction, chosen)[0] if extraction else {}
    return {(*key, brand): places for key, listed in found.items() for brand, places in listed.items()}


def _counted(workspace: Workspace, extraction: Extraction, chosen: Filter) -> tuple[Found, Hashable]:
    """The counts, and what they are made of."""
    key = "places", counts.fingerprint(workspace, extraction, chosen)
    return kept(key, lambda: _summed(workspace, extraction, chosen)), key


def _summed(workspace: Workspace, extraction: Extraction, chosen: Filter) -> Found:
    return {
        key: _of_table(np.concatenate([row.tables["places"] for row in rows]))
        for key, rows in counts.rows_of(workspace, extraction, chosen, "places", before=False).items()
    }


def _of_table(table: packed.Table) -> dict[int, Places]:
    """The places of each brand in a table of `packed.PLACES`."""
    answers: dict[int, dict[int, int]] = defaultdict(dict)  # by place
    for brand, place, count in counts.summed(table, "brand", "place", "answers"):
        answers[brand][place] = count
    rates = metrics.rates_apart(_cells(table[table["brand"] == brand]) for brand in answers)
    return {
        brand: Places(
            answers=sum(at.values()),
            first_answers=sum(count for place, count in at.items() if place <= FIRST),
            top3_answers=sum(count for place, count in at.items() if place <= TOP),
            first=first,
            top3=top3,
            median=metrics.median_rank(at),
        )
        for (brand, at), (first, top3) in zip(answers.items(), rates, strict=True)
    }


def _cells(table: packed.Table) -> tuple[counts.Counts, counts.Counts]:
    """Of each prompt, the answers with the brand first and among the first three, [prompts, 2], and in any place."""
    prompts, at = np.unique(table["prompt"], return_inverse=True)
    of = np.stack([table["place"] <= FIRST, table["place"] <= TOP, table["place"] >= 0], axis=1)  # [rows, 3]
    found = np.zeros((len(prompts), 3))
    np.add.at(found, at, of * table["answers"][:, None])
    return found[:, :2], found[:, 2]
