"""What people's corrections make of a reading: mentions taken out, put in, and felt otherwise, with their ranks anew.

Pure functions of (text, what was found, what was said): applied to the same they give the same, however often history
is read anew. A correction meets a mention of its brand where their places overlap, so that it holds when another alias
makes the mention longer. Knows no rows, and not who said what.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.extract import Mention

YES, NO = "yes", "no"
IS_NAMED, SENTIMENT = "mention", "sentiment"

#: Why a correction has no effect on this reading.
NO_BRAND = "the brand was deleted"
NOT_LOOKED_FOR = "the brand is no longer looked for"
NO_WORDS = "its words no longer stand there"
NOT_FOUND = "the reading finds no mention there any more"
FOUND_ITSELF = "the reading now finds the mention itself"


@dataclass(frozen=True, slots=True)
class Said:
    """A correction: `what` is said of the brand where `text` stands at [start, end)."""

    what: str
    value: str
    brand_id: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A mention that counts. `sentiment` is what a person said; None leaves it to the classifier."""

    brand_id: int
    start: int
    end: int
    text: str
    rank: int
    sentiment: str | None = None


Placed = TypeVar("Placed", Mention, Told, Said)


@dataclass(frozen=True, slots=True)
class Applied:
    """The mentions that count, in order of place; and of corrections without effect, by number, the reason."""

    mentions: tuple[Told, ...]
    lapsed: Mapping[int, str]


def applied(text: str, found: Sequence[Mention], said: Sequence[Said], brands: Collection[int]) -> Applied:
    """The reading corrected. `brands` are those that it looks for; later ones of `said` count before earlier ones."""
    lapsed = {number: why for number, each in enumerate(said) if (why := _groundless(text, each, brands))}
    standing = [(number, each) for number, each in enumerate(said) if number not in lapsed]
    told = [Told(each.brand_id, each.start, each.end, each.text, each.rank) for each in found]
    for number, each in standing:
        if each.what == IS_NAMED:
            is_found = bool(touching(found, each.brand_id, *_span(each)))
            if each.value == NO and is_found:
                denied = touching(told, each.brand_id, *_span(each))
                told = [mention for mention in told if mention not in denied]
            elif each.value == YES and not is_found:
                told.append(Told(each.brand_id or 0, each.start, each.end, each.text, 0))
            else:
                lapsed[number] = NOT_FOUND if each.value == NO else FOUND_ITSELF
    for number, each in standing:
        if each.what == SENTIMENT:
            there = touching(told, each.brand_id, *_span(each))
            told = [replace(mention, sentiment=each.value) if mention in there else mention for mention in told]
            if not there:
                lapsed[number] = NOT_FOUND
    return Applied(_ranked(told), lapsed)


def touching(mentions: Iterable[Placed], brand_id: int | None, start: int, end: int) -> list[Placed]:
    """Those of the brand whose places overlap this one."""
    return [each for each in mentions if each.brand_id == brand_id and each.start < end and start < each.end]


def _groundless(text: str, said: Said, brands: Collection[int]) -> str:
    if said.brand_id is None:
        return NO_BRAND
    if said.brand_id not in brands:
        return NOT_LOOKED_FOR
    return "" if text[said.start : said.end] == said.text else NO_WORDS


def _span(said: Said) -> tuple[int, int]:
    return said.start, said.end


def _ranked(told: Iterable[Told]) -> tuple[Told, ...]:
    """In order of place, each with 1 + the number of other brands first named earlier."""
    ranks: dict[int, int] = {}
    ordered = sorted(told, key=lambda mention: (mention.start, -mention.end))
    return tuple(replace(mention, rank=ranks.setdefault(mention.brand_id, len(ranks) + 1)) for mention in ordered)
