"""Whether a number of the evidence bears out one of the claim: "more than 30" by 31, "about 50" by 48, "1.2" by 1.23.

Reads the words before a number, and a plus after it, as a bound. Knows nothing of what is counted beyond the word that
follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from rag.support_words import Kind, Word

#: How well a number is held by one that is not the same but bears it out.
BORNE_OUT = 0.9
#: "More than 30" is said of 31 or 50, hardly of 3,000; "before 1955" of the years before.
RATIO, YEARS = 2.0, 30
#: What "about" allows.
ABOUT = 0.1
#: Words looked at before a number.
BEFORE = 4


class Bound(Enum):
    """How a number is meant."""

    EXACT = ""
    ABOUT = "about"
    ABOVE = "above"
    BELOW = "below"
    LEAST = "least"
    MOST = "most"


_BOUNDS = {
    Bound.LEAST: r"at least|no (?:less|fewer) than|not less than|(?:a )?minimum of",
    Bound.MOST: r"at most|no more than|not more than|up to|(?:a )?maximum of",
    Bound.ABOVE: r"(?:more|\w+er) than|over|above|exceed(?:s|ed|ing)?|beyond",
    Bound.BELOW: r"(?:less|fewer|lower|younger|shorter|smaller|cheaper) than|under|below",
    Bound.ABOUT: r"about|around|roughly|approximately|nearly|almost|circa|some|close to",
}
_ENDS = {bound: re.compile(rf"(?:^| )(?:{words})(?: an?| the)?$") for bound, words in _BOUNDS.items()}
#: Below before above: "fewer than" ends like "larger than".
_ORDER = (Bound.LEAST, Bound.MOST, Bound.BELOW, Bound.ABOVE, Bound.ABOUT)
_DATED = {"after": Bound.ABOVE, "since": Bound.LEAST, "before": Bound.BELOW, "until": Bound.MOST}
#: What is after a day may be in its year.
_IN_YEAR = {Bound.ABOVE: Bound.LEAST, Bound.BELOW: Bound.MOST}
_MONTHS = frozenset(
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_PLAIN_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, how it is meant, its sort (`%`, `year` or empty), and the stem of the word after it."""

    at: int
    value: float
    digits: str
    bound: Bound
    sort: str
    unit: str

    @property
    def bounded(self) -> bool:
        """Whether the number itself is only the edge of what is said."""
        return self.bound not in (Bound.EXACT, Bound.ABOUT)

    @property
    def upward(self) -> bool | None:
        """Whether what is meant lies above the number, or below it; None where it is the number itself."""
        return self.bound in (Bound.ABOVE, Bound.LEAST) if self.bounded else None


def quantities(sentence: Sequence[Word]) -> Iterator[Quantity]:
    """The numbers of a sentence; `at` is the word's place."""
    for at, word in enumerate(sentence):
        if word.kind is not Kind.NUMBER or not _PLAIN_NUMBER.fullmatch(word.stem):
            continue
        after = sentence[at + 1] if at + 1 < len(sentence) else None
        unit = after.stem if after and after.kind is not Kind.FUNCTION else ""
        year = len(word.lower) == 4 and word.lower.isdigit() and 1000 <= int(word.lower) <= 2100
        sort = "%" if unit == "%" else "year" if year else ""
        yield Quantity(at, float(word.stem), word.stem, _bound(sentence, at, sort), sort, unit)


def bears_out(claimed: Quantity, found: Sequence[Quantity]) -> bool:
    """Whether one of the numbers of a sentence is what the claim says, the nearest of its sort deciding."""
    like = [each for each in found if each.sort == claimed.sort]
    like = [each for each in like if claimed.unit and each.unit == claimed.unit] or like
    if not like:
        return False
    nearest = min(like, key=lambda each: _apart(claimed, each))
    value, bound = nearest.value, claimed.bound
    if not claimed.bounded:
        return value == claimed.value or (claimed.sort != "year" and _rounds(claimed, value))
    if value == claimed.value:
        return bound in (Bound.LEAST, Bound.MOST) or nearest.upward is claimed.upward
    return (value > claimed.value) is claimed.upward and _apart(claimed, nearest) <= 1


def _bound(sentence: Sequence[Word], at: int, sort: str) -> Bound:
    if sentence[at].lower.endswith("+"):
        return Bound.LEAST
    before = [word.lower for word in sentence[max(0, at - BEFORE) : at]]
    said = " ".join(before)
    for bound in _ORDER:
        if _ENDS[bound].search(said):
            return bound
    if sort == "year":
        day = len(before)
        while day and (before[day - 1] in _MONTHS or before[day - 1].isdigit()):
            day -= 1
        bound = _DATED.get(before[day - 1], Bound.EXACT) if day else Bound.EXACT
        return bound if day == len(before) else _IN_YEAR.get(bound, bound)
    return Bound.EXACT


def _apart(one: Quantity, other: Quantity) -> float:
    """Nought where they are the same, one at the edge of what a bound may be said of."""
    if one.sort == "year":
        return abs(one.value - other.value) / YEARS
    low, high = sorted((one.value, other.value))
    return 0.0 if low == high else (high / low - 1) / (RATIO - 1) if low > 0 else float("inf")


def _rounds(claimed: Quantity, value: float) -> bool:
    """Whether `value` is the claim's number once rounded to as many digits, or within what "about" allows."""
    if claimed.bound is Bound.ABOUT:
        return abs(value - claimed.value) <= ABOUT * claimed.value
    digits = len(claimed.digits.replace(".", "").strip("0"))
    return digits >= 2 and value != 0 and float(f"{value:.{digits}g}") == claimed.value  # noqa: PLR2004
