"""What a reading finds in an answer's text, and what people's corrections make of it. Reads brand sets, writes nothing.

Services and queries share it. A reading's mentions are a function of the text, a frozen brand set, the rules of now
and what was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from monitor import corrections, extract
from monitor.corrections import Said
from monitor.models import BrandSet, Correction, Extraction, Response


@lru_cache(maxsize=64)
def matcher(brand_set_id: int) -> extract.Matcher:
    """The matcher of one frozen brand set, kept per process: brand sets never change."""
    brand_set = BrandSet.objects.unscoped().get(pk=brand_set_id)
    return extract.Matcher([extract.Brand(**brand) for brand in brand_set.brands])


def brand_ids(brand_set: BrandSet) -> frozenset[int]:
    """The brands that a reading under this set looks for."""
    return frozenset(brand["id"] for brand in brand_set.brands)


def said_of(row: Correction) -> Said:
    return Said(row.what, row.value, row.brand_id, row.start, row.end, row.text)


def corrected(*, extraction: Extraction, response: Response, said: Sequence[Said]) -> corrections.Applied:
    """The mentions of an answer under an extraction, with these corrections."""
    found = matcher(extraction.brand_set_id).mentions(response.text)
    # without corrections the set of brands is not asked for: that is the way of every new answer
    brands = brand_ids(extraction.brand_set) if said else ()
    return corrections.applied(response.text, found, said, brands)
