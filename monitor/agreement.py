"""How right a reading is: what it found beside what people say of the same answers, which were drawn at random.

Pure functions of labels. Of each brand, a mention that was found is right where the brand is named at an overlapping
place. Precision is right / found, recall is right / named. Mentions of one answer are alike, so an interval is Wilson's
on the number of independent mentions that the spread between answers leaves. Knows no rows and no days.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from monitor.metrics import TOO_THIN, wilson

Stratum = TypeVar("Stratum", bound=Hashable)

#: Under so many answers with such a mention nothing is said of the rest.
ENOUGH_ANSWERS = 10
NOTHING_FOUND, NOTHING_NAMED = "nothing was found in the reviewed answers", "no reviewed answer names it"
NOTHING_FELT = "no mention is both judged and reviewed"


@dataclass(frozen=True, slots=True)
class Label:
    """A brand at [start, end) of an answer, and what is felt there, if that is known."""

    brand_id: int
    start: int
    end: int
    sentiment: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer: what was found and is named, what was found wrongly, and what was missed."""

    right: tuple[tuple[Label, Label], ...]
    wrong: tuple[Label, ...]
    missed: tuple[Label, ...]

    def of(self, brand_id: int) -> Compared:
        """The same for one brand alone."""
        return Compared(
            tuple(pair for pair in self.right if pair[1].brand_id == brand_id),
            tuple(label for label in self.wrong if label.brand_id == brand_id),
            tuple(label for label in self.missed if label.brand_id == brand_id),
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` mentions in so many `answers`, with its 95 % interval; `reason` says why something is None."""

    rate: float | None
    low: float | None
    high: float | None
    n: int
    answers: int
    reason: str = ""

    @property
    def words(self) -> str:
        """Where the interval comes from."""
        return f"95 % interval (Wilson), of {self.n} mentions in {self.answers} reviewed answers"


@dataclass(frozen=True, slots=True)
class Measured:
    """Precision and recall of mentions over answers."""

    precision: Share
    recall: Share
    right: int
    found: int
    named: int


@dataclass(frozen=True, slots=True)
class Felt:
    """Sentiment over mentions that were found and are named: `counts[said][found]`, agreement, macro F1."""

    counts: Mapping[str, Mapping[str, int]]
    agreement: Share
    macro_f1: float | None
    reason: str = ""


def compare(found: Iterable[Label], named: Iterable[Label]) -> Compared:
    """Pair what was found with what is named, in order of place; each label pairs once."""
    left: dict[int, deque[Label]] = defaultdict(deque)
    for label in sorted(named, key=_place):
        left[label.brand_id].append(label)
    right, wrong, missed = [], [], []
    for label in sorted(found, key=_place):
        of_brand = left[label.brand_id]
        while of_brand and of_brand[0].end <= label.start:
            missed.append(of_brand.popleft())
        if of_brand and of_brand[0].start < label.end:
            right.append((label, of_brand.popleft()))
        else:
            wrong.append(label)
    missed += (label for of_brand in left.values() for label in of_brand)
    return Compared(tuple(right), tuple(wrong), tuple(sorted(missed, key=_place)))


def measured(answers: Sequence[Compared]) -> Measured:
    """Precision and recall of mentions over these answers."""
    right = [len(each.right) for each in answers]
    found = [count + len(each.wrong) for count, each in zip(right, answers, strict=True)]
    named = [count + len(each.missed) for count, each in zip(right, answers, strict=True)]
    return Measured(
        share(list(zip(right, found, strict=True)), NOTHING_FOUND),
        share(list(zip(right, named, strict=True)), NOTHING_NAMED),
        sum(right),
        sum(found),
        sum(named),
    )


def share(answers: Sequence[tuple[int, int]], reason: str) -> Share:
    """The share of (hits, n) pairs, one an answer: sum of hits / sum of n, with Wilson's interval on fewer than n.

    The ratio's variance between answers, m / (m - 1) * sum((hits - share * n)^2) / (sum n)^2 over the m answers with
    n > 0, says how many independent mentions would vary as much: share * (1 - share) / variance, n at most. Where all
    hit or none, answers count as one mention each. Under ten answers there is no interval; `reason` tells of n = 0.
    """
    counted = [(hits, n) for hits, n in answers if n]
    total, groups = sum(n for _, n in counted), len(counted)
    if not total:
        return Share(None, None, None, 0, 0, reason)
    part = sum(hits for hits, _ in counted) / total
    if groups < ENOUGH_ANSWERS:
        return Share(part, None, None, total, groups, TOO_THIN)
    variance = groups / (groups - 1) * sum((hits - part * n) ** 2 for hits, n in counted) / total**2
    independent = min(total, part * (1 - part) / variance) if variance else groups
    return Share(part, *wilson(part * independent, independent), total, groups)


def felt(answers: Sequence[Compared], feelings: Sequence[str]) -> Felt:
    """How far found sentiments are those that people say; only pairs where both are known count.

    Macro F1 is the mean over the feelings that were found or said of 2 * right / (found + said).
    """
    pairs = [
        [(said.sentiment, found.sentiment) for found, said in each.right if found.sentiment and said.sentiment]
        for each in answers
    ]
    counts = {said: dict.fromkeys(feelings, 0) for said in feelings}
    for said, found in (pair for answer in pairs for pair in answer):
        counts[said][found] += 1
    scores = []
    for feeling in feelings:
        either = sum(counts[feeling].values()) + sum(row[feeling] for row in counts.values())
        if either:
            scores.append(2 * counts[feeling][feeling] / either)
    agreement = share([(sum(a == b for a, b in answer), len(answer)) for answer in pairs], NOTHING_FELT)
    thin = agreement.answers < ENOUGH_ANSWERS
    f1 = sum(scores) / len(scores) if scores and not thin else None
    return Felt(counts, agreement, f1, agreement.reason)


def allocated(sizes: Mapping[Stratum, int], n: int) -> dict[Stratum, int]:
    """How many of n to draw from each stratum: in proportion to its size, by largest remainders, all where n suffices.

    In proportion, so that a mean over all that was drawn needs no weights.
    """
    total = sum(sizes.values())
    if total <= n:
        return dict(sizes)
    exact = {stratum: n * size / total for stratum, size in sizes.items()}
    given = {stratum: int(quota) for stratum, quota in exact.items()}
    by_remainder = sorted(exact, key=lambda stratum: (given[stratum] - exact[stratum], -sizes[stratum], str(stratum)))
    for stratum in by_remainder[: n - sum(given.values())]:
        given[stratum] += 1
    return given


def fingerprint(labels: Iterable[Label]) -> str:
    """The same for the same labels: tells whether they are still those that somebody looked at."""
    rows = sorted((each.brand_id, each.start, each.end, each.sentiment or "") for each in labels)
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def _place(label: Label) -> tuple[int, int, int]:
    return label.start, label.end, label.brand_id
