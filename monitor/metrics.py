"""Every figure that Citescope shows, defined once, with its uncertainty.

Pure functions of counts: they know nothing of the database, of days or of assistants, and whoever calls them decides
what is put together. A figure with a zero denominator is None, "not measured", and never 0. Randomness is seeded, so
the same counts give the same interval on every page and in every report.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Cell = tuple[float, int]
Span = tuple[int, int]
Floats = npt.NDArray[np.float64]
Key = TypeVar("Key")
Verdict = Literal["more than noise", "within noise", "too thin"]

#: Under so many prompts a bootstrap over prompts says nothing.
ENOUGH_PROMPTS = 10
DRAWS = 2000
SEED = 20240917
LEVEL = 0.95
#: The share of false alarms accepted among what is called more than noise.
FALSE_DISCOVERIES = 0.05
#: A change of so much needs a word where it is within noise.
LOOKS_LARGE = 0.1

TOO_THIN = "too thin"
NOT_MEASURED = "no valid response"

_Z = 1.959963984540054  # the 97.5 % point of the normal distribution
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_ROUNDING = 1e-12
_BLOCK = 2_000_000  # weights held as floats at a time


# --- rates and their intervals ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate between 0 and 1 with its 95 % interval; `n` responses of `prompts` prompts stand behind it.

    `reason` says why the rate or its interval is None.
    """

    rate: float | None
    low: float | None
    high: float | None
    n: int
    prompts: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """After less before, over the `pairs` prompts measured in both.

    `p` is the bare bootstrap's, which calls 5 % too readily over few prompts: 6 to 7 % of still panels of 25, up to
    5.9 % of 60. `student_p` makes up for that as Student's test does, `q` is `student_p` adjusted by `adjusted`, and
    the verdict rests on these two. Of the prompts, so many `rose` and `fell`; of a share of sums none has a rate.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    pairs: int
    student_p: float | None = None
    q: float | None = None
    rose: int = 0
    fell: int = 0

    @property
    def verdict(self) -> Verdict | None:
        """None where nothing can be compared."""
        if self.difference is None:
            return None
        tested = self.student_p if self.q is None else self.q
        if tested is None:
            return "too thin"
        return "more than noise" if tested <= FALSE_DISCOVERIES else "within noise"

    @property
    def is_real(self) -> bool:
        return self.verdict == "more than noise"

    @property
    def is_real_alone(self) -> bool:
        """Whether it were more than noise, had nothing been looked at beside it."""
        return self.student_p is not None and self.student_p <= FALSE_DISCOVERIES

    @property
    def only_looks_large(self) -> bool:
        """Large enough to be taken for news, and within noise: pages say why."""
        return abs(self.difference or 0) >= LOOKS_LARGE and self.verdict == "within noise"


NO_CHANGE = Change(None, None, None, None, 0)


def rate(cells: Iterable[Cell]) -> Rate:
    """The rate of `(hits, n)` cells, one a prompt: the mean of hits / n over the prompts with n > 0.

    Raises ValueError for counts that cannot be.
    """
    hits, n = _columns(cells)
    return rates(hits, n)[0]


def rates(hits: npt.ArrayLike, n: npt.ArrayLike) -> list[Rate]:
    """Several rates over the same responses at once. `hits`: [prompts, rates]; `n`: [prompts].

    The interval: one prompt, Wilson's; two to nine, none; ten or more, a bootstrap over prompts, each keeping all its
    responses, or Wilson's on the number of prompts where all are 0 or all are 1.
    """
    return rates_apart([(hits, n)])[0]


def rates_apart(groups: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]]) -> list[list[Rate]]:
    """The rates of each of several `(hits, n)`, as of days: each as `rates` gives them, in one bootstrap."""
    each: list[Floats] = []  # [prompts measured, rates] of each group
    sizes: list[int] = []  # responses
    for given_hits, given_n in groups:
        hits, n = np.asarray(given_hits, float), np.asarray(given_n, float)
        measured = n > 0
        each.append(hits[measured] / n[measured, None])
        sizes.append(int(n.sum()))
    enough: dict[int, list[int]] = {}
    for place, group in enumerate(each):
        if len(group) >= ENOUGH_PROMPTS:
            enough.setdefault(len(group), []).append(place)
    bounds: dict[int, Floats] = {}  # [2, rates] of each group
    for places in enough.values():  # draws depend on the number of prompts alone
        columns = [each[place].shape[1] for place in places]
        found = _tails(_resampled_means(np.concatenate([each[place] for place in places], axis=1)))
        bounds |= dict(zip(places, np.split(found, np.cumsum(columns)[:-1], axis=1), strict=True))
    return [
        _rates(group, responses, bounds.get(place))
        for place, (group, responses) in enumerate(zip(each, sizes, strict=True))
    ]


def _rates(each: Floats, responses: int, bounds: Floats | None) -> list[Rate]:
    """`each`: the rate of each prompt, [prompts, rates]; `bounds`: what a bootstrap says, [2, rates]."""
    prompts = len(each)
    if not prompts:
        return [Rate(None, None, None, 0, 0, NOT_MEASURED)] * each.shape[1]
    means = each.mean(axis=0).tolist()
    if prompts == 1:
        intervals = [wilson(mean * responses, responses) for mean in means]
    elif bounds is None:
        return [Rate(mean, None, None, responses, prompts, TOO_THIN) for mean in means]
    else:
        constant = ((each == 0).all(axis=0) | (each == 1).all(axis=0)).tolist()
        intervals = [
            wilson(prompts * mean, prompts) if is_constant else (low, high)
            for mean, (low, high), is_constant in zip(means, bounds.T.tolist(), constant, strict=True)
        ]
    return [Rate(mean, low, high, responses, prompts) for mean, (low, high) in zip(means, intervals, strict=True)]


def change(before: Sequence[Cell], after: Sequence[Cell]) -> Change:
    """The change of a rate; the i-th cells of both are the same prompt. Raises ValueError when they cannot pair."""
    if len(before) != len(after):
        raise ValueError(f"before has {len(before)} cells and after {len(after)}; the i-th cells are paired")
    return changes(*_columns(before), *_columns(after))[0]


def changes(
    hits_before: npt.ArrayLike, n_before: npt.ArrayLike, hits_after: npt.ArrayLike, n_after: npt.ArrayLike
) -> list[Change]:
    """Several changes over the same prompts at once; shapes as in `rates`, prompts in the same order in all four.

    p is two-sided, from the bootstrap shifted to zero, (k + 1) / (draws + 1). Under ten pairs there is neither p nor
    interval.
    """
    n_before, n_after = np.asarray(n_before, float), np.asarray(n_after, float)
    paired = (n_before > 0) & (n_after > 0)
    pairs = int(paired.sum())
    hits_before, hits_after = np.asarray(hits_before, float)[paired], np.asarray(hits_after, float)[paired]
    if not pairs:
        return [NO_CHANGE] * hits_after.shape[1]
    return _differences(hits_after / n_after[paired, None] - hits_before / n_before[paired, None])


def share_change(
    part_before: npt.ArrayLike, whole_before: npt.ArrayLike, part_after: npt.ArrayLike, whole_after: npt.ArrayLike
) -> Change:
    """The change of a share of sums, such as share of voice; each [prompts], of prompts measured in both periods.

    The same bootstrap over prompts as of rates; a prompt without any of the whole in either period says nothing.
    """
    sums = np.stack([np.asarray(each, float) for each in (part_before, whole_before, part_after, whole_after)], axis=1)
    sums = sums[(sums[:, 1] > 0) | (sums[:, 3] > 0)]  # [pairs, 4]
    pairs, totals = len(sums), sums.sum(axis=0)
    if not (pairs and totals[1] and totals[3]):
        return NO_CHANGE
    difference = float(totals[2] / totals[3] - totals[0] / totals[1])
    if pairs < ENOUGH_PROMPTS:
        return Change(difference, None, None, None, pairs)
    drawn = _resampled_means(sums)  # [4, draws]
    drawn = drawn[:, (drawn[1] > 0) & (drawn[3] > 0)]
    draws = drawn[2] / drawn[3] - drawn[0] / drawn[1]
    low, high = _tails(draws[None])[:, 0]
    away = np.full((1, DRAWS), np.inf)  # a draw without any of the whole counts against the change
    away[0, : len(draws)] = np.abs(draws - difference)
    far = np.array([abs(difference)])
    (p,), (student_p,) = _as_far(away, far), _as_far(_shortfall(pairs) * away, far)
    return Change(difference, float(low), float(high), p, pairs, student_p)


@lru_cache(maxsize=4096)
def fisher(hits_before: int, n_before: int, hits_after: int, n_after: int) -> float:
    """Fisher's exact p, two-sided, that hits of n are as many before as after."""
    hits = hits_before + hits_after
    ways = [
        math.comb(n_before, before) * math.comb(n_after, hits - before)
        for before in range(max(0, hits - n_after), min(hits, n_before) + 1)
    ]
    seen = math.comb(n_before, hits_before) * math.comb(n_after, hits_after)
    return sum(way for way in ways if way <= seen) / sum(ways)


def _differences(each: Floats, *, for_few: bool = False) -> list[Change]:
    """The changes of which each prompt says so much: [pairs, changes], with at least one pair.

    `for_few` makes up for what the bootstrap falls short by over few prompts.
    """
    pairs = len(each)
    means = each.mean(axis=0)
    rose, fell = ((sign * each > _ROUNDING).sum(axis=0).tolist() for sign in (1, -1))
    if pairs < ENOUGH_PROMPTS:
        return [
            Change(float(mean), None, None, None, pairs, rose=up, fell=down)
            for mean, up, down in zip(means, rose, fell, strict=True)
        ]
    draws, far = _resampled_means(each), np.abs(means)  # [changes, draws], [changes]
    away = np.abs(draws - means[:, None])
    ps, student_ps = _as_far(away, far), _as_far(_shortfall(pairs) * away, far)
    if for_few:
        draws, ps = means[:, None] + _shortfall(pairs) * (draws - means[:, None]), student_ps
    lows, highs = _tails(draws)
    return [
        Change(float(mean), float(low), float(high), p, pairs, student_p, rose=up, fell=down)
        for mean, low, high, p, student_p, up, down in zip(means, lows, highs, ps, student_ps, rose, fell, strict=True)
    ]


def _as_far(away: Floats, far: Floats) -> list[float]:
    """p of each change: how often draws shifted to zero, `away` [changes, draws], are as far from it as `far`."""
    return [(int(k) + 1) / (DRAWS + 1) for k in (away >= far[:, None] - _ROUNDING).sum(axis=1)]


def _shortfall(pairs: int) -> float:
    """How much wider Student's interval is than the bootstrap's, which takes n for n - 1 and the normal curve for his.

    His quantile by its expansion in the normal one's, good to four digits from nine degrees of freedom on.
    """
    free, z = pairs - 1, _Z
    first = (z**3 + z) / (4 * free)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * free**3)
    return (z + first + second + third) / z * math.sqrt(pairs / free)


def adjusted(found: Sequence[Change]) -> list[Change]:
    """The changes with `q`, adjusted for being looked at together; those too thin to test stay as they are."""
    qs = iter(benjamini_hochberg([item.student_p for item in found if item.student_p is not None]))
    return [item if item.student_p is None else replace(item, q=next(qs)) for item in found]


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Adjusted p values in the order given (Benjamini and Hochberg, 1995)."""
    if not ps:
        return []
    order = np.argsort(ps)[::-1]  # largest first
    ranks = np.arange(len(ps), 0, -1)
    raised = np.asarray(ps, float)[order] * len(ps) / ranks
    result = np.empty(len(ps))
    result[order] = np.minimum(np.minimum.accumulate(raised), 1)
    return [float(value) for value in result]


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of hits / n, for n > 0."""
    share, z2 = hits / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return 0.0 if hits <= 0 else max(0.0, centre - half), 1.0 if hits >= n else min(1.0, centre + half)


def _columns(cells: Iterable[Cell]) -> tuple[Floats, Floats]:
    """Checked hits [prompts, 1] and n [prompts]."""
    table = [(hits, n) for hits, n in cells]
    for hits, n in table:
        if not (math.isfinite(hits) and math.isfinite(n)) or not 0 <= hits <= n or n != int(n):
            raise ValueError(f"a cell is [hits, n] with 0 <= hits <= n and n whole, not [{hits}, {n}]")
    counts = np.asarray(table, float).reshape(-1, 2)
    return counts[:, :1], counts[:, 1]


@lru_cache(maxsize=32)
def _picks(prompts: int) -> npt.NDArray[np.uint16]:
    """How often each draw takes each prompt: [draws, prompts], rows summing to `prompts`."""
    generator = np.random.default_rng([SEED, prompts])
    return generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=DRAWS).astype(np.uint16)


def _resampled_means(each: Floats) -> Floats:
    """Means of `each` [prompts, columns] over prompts drawn with replacement: [columns, draws]."""
    prompts = len(each)
    blocks = np.array_split(_picks(prompts), math.ceil(DRAWS * prompts / _BLOCK))
    columns = np.ascontiguousarray(each.T)
    means: Floats = np.concatenate([columns @ block.astype(float).T for block in blocks], axis=1) / prompts
    return means


def _tails(draws: Floats) -> Floats:
    """The two bounds between which 95 % of each row's draws lie: [2, rows].

    As np.quantile has them, which goes about it along the other axis and takes far longer.
    """
    places = np.array(_TAILS) * (draws.shape[1] - 1)
    below = np.floor(places).astype(int)
    ordered = np.partition(draws, [*below, *(below + 1)], axis=1)
    low, high = ordered[:, below], ordered[:, below + 1]
    bounds: Floats = (low + (high - low) * (places - below)).T
    return bounds


# --- drift ------------------------------------------------------------------------------------------------------

#: The answers of one prompt in one period, by day; an answer is the set of domains that it cites.
Days = Sequence[Sequence[frozenset[Any]]]
CORE_SHARE = 0.8
#: Runs from which a core can be told.
ENOUGH_RUNS = 5


@dataclass(frozen=True, slots=True)
class Drift:
    """How far the cited domains moved between two periods, beyond how far answers of one day are apart anyway.

    `moved` and `floor` are mean distances (1 - Jaccard) across the periods and within days; `change` is their
    difference, with its interval. None where no prompt has two answers on one day and one in either period.
    """

    moved: float | None
    floor: float | None
    change: Change


def drift(prompts: Iterable[tuple[Days, Days]]) -> Drift:
    """The drift over prompts, each with its answers before and now. Two answers that cite nothing are alike.

    The interval and the test are a change's, widened for few prompts: 25 prompts where nothing moved are called moved
    in 5 % of cases, and not in the 6 to 7 % of the bare bootstrap.
    """
    found = [distances for before, now in prompts if (distances := _distances(before, now))]
    if not found:
        return Drift(None, None, NO_CHANGE)
    table = np.asarray(found)  # [prompts, (across, within)]
    across, within = table.mean(axis=0)
    return Drift(float(across), float(within), _differences(table[:, :1] - table[:, 1:], for_few=True)[0])


def _distances(before: Days, now: Days) -> tuple[float, float] | None:
    """Mean distances of one prompt's answers across the periods, and within days."""
    answers = [(period, day, cited) for period, days in enumerate((before, now)) for day, all_of_it in enumerate(days)
               for cited in all_of_it]  # fmt: skip
    names = {name: column for column, name in enumerate(sorted({name for *_, cited in answers for name in cited}))}
    table = np.zeros((len(answers), len(names)))
    for row, (*_, cited) in enumerate(answers):
        table[row, [names[name] for name in cited]] = 1
    shared, sizes = table @ table.T, table.sum(axis=1)
    either = sizes[:, None] + sizes[None, :] - shared
    apart = np.where(either > 0, 1 - shared / np.maximum(either, 1), 0.0)
    periods, days = (np.array([answer[part] for answer in answers]) for part in (0, 1))
    across = (periods[:, None] == 0) & (periods[None, :] == 1)
    within = np.triu((periods[:, None] == periods[None, :]) & (days[:, None] == days[None, :]), 1)
    return (float(apart[across].mean()), float(apart[within].mean())) if across.any() and within.any() else None


def core(runs_citing: Mapping[Key, int], runs: int) -> list[Key] | None:
    """The domains that at least 80 % of the runs cite, the most steadily cited first; None for too few runs."""
    if runs < ENOUGH_RUNS:
        return None
    steady = [name for name, count in runs_citing.items() if count >= CORE_SHARE * runs]
    return sorted(steady, key=lambda name: (-runs_citing[name], str(name)))


# --- shares and positions ---------------------------------------------------------------------------------------


def ratio(part: float, whole: float) -> float | None:
    """part / whole, None when there is no whole: conversion is responses citing / responses retrieving."""
    return part / whole if whole else None


def share_of_voice(mentioning: Mapping[Key, int]) -> dict[Key, float | None]:
    """Each brand's mentioning responses over the sum of all brands'."""
    total = sum(mentioning.values())
    return {brand: ratio(count, total) for brand, count in mentioning.items()}


def citation_share(summed: float, responses_with_citation: int) -> float | None:
    """Mean over responses with a citation of (distinct cited pages of the domain / distinct cited pages).

    `summed` is the sum of those fractions: responses that cite others only add 0.
    """
    return ratio(summed, responses_with_citation)


def median_rank(answers: Mapping[int, int]) -> float | None:
    """Median rank among the responses that name the brand, of which so many do at each rank; likewise of places."""
    ranks = sorted(rank for rank, count in answers.items() if count)
    up_to = list(accumulate(answers[rank] for rank in ranks))
    if not ranks:
        return None
    low, high = (ranks[bisect_right(up_to, middle)] for middle in ((up_to[-1] - 1) // 2, up_to[-1] // 2))
    return (low + high) / 2


# --- position-adjusted word count -------------------------------------------------------------------------------

_ENDS, _WIDE_ENDS = ".!?…", "。！？"
_CLOSING = "\"'”’»›)\\]}＂＇）］｝」』】〉》〕"
_CLOSING_SOMEWHERE = "“‘«‹"  # they open in English and close in German: closing where white space follows
_LINE_ENDS = "\\n\\r\\v\\f\\x85\\u2028\\u2029"
_MARKERS = rf"(?:[^\S{_LINE_ENDS}]*\[\d+\](?!\())*"  # `[n](...)` is a link and no marker
_BREAK = re.compile(
    rf"\r\n|[{_LINE_ENDS}]"
    rf"|(?<![{_ENDS}{_WIDE_ENDS}])(?:"  # only from the start of a run, and of whole runs: linear in bad cases too
    rf"(?=[{_ENDS}]*+[{_WIDE_ENDS}])[{_ENDS}{_WIDE_ENDS}]++[{_CLOSING}]*{_MARKERS}"
    rf"|[{_ENDS}]++[{_CLOSING}{_CLOSING_SOMEWHERE}]*{_MARKERS}(?=\s|\Z))"
)
_WORDLESS = re.compile(
    r"(?<=\])\((?:[^()\s]|\([^()\s]*\))*(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)"  # the target of [words](target)
    r"|https?://(?:[^\s<>()\"”»「」（）。、！？]|\([^\s<>()]*\))+"
    r"|\[\d+\]",
    re.IGNORECASE,
)
_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"
_EACH_ONE = _HAN + _KANA
_WORD = re.compile(rf"(?=\w)[{_EACH_ONE}]|[^\W{_EACH_ONE}]+(?:['’\-‐‑][^\W{_EACH_ONE}]+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text[start:end]`, without the white space around it, and its number of words, at least one."""

    start: int
    end: int
    words: int


def sentences(text: str) -> list[Sentence]:
    """The sentences that PAWC counts. A piece without words joins the sentence before it, if there is one."""
    shown = _WORDLESS.sub(lambda match: " " * len(match[0]), text)
    found: list[Sentence] = []
    start = 0
    for stop in (*(match.end() for match in _BREAK.finditer(text)), len(text)):
        piece = text[start:stop]
        first, last = stop - len(piece.lstrip()), start + len(piece.rstrip())
        if words := count_words(shown[start:stop]):
            found.append(Sentence(first, last, words))
        elif found and first < last:
            found[-1] = replace(found[-1], end=last)
        start = stop
    return found


def count_words(text: str) -> int:
    """Words of a text without markers and URLs; accents and vowel signs belong to the letter they stand on."""
    if not text.isascii():
        text = "".join(character for character in text if not unicodedata.category(character).startswith("M"))
    return sum(1 for _ in _WORD.finditer(text))


def pawc(text: str, citations: Iterable[tuple[str | None, Iterable[Span]]]) -> dict[str, float] | None:
    """Position-adjusted word count (GEO, KDD 2024) of each domain, as shares that sum to 1; None when none is cited.

    `citations` are (domain, spans); entries of one domain are merged. A sentence cites a domain when a non-empty span
    overlaps it, and shares words * exp(-i / L) evenly among the domains it cites; i counts from 0 to L - 1.
    """
    spans: dict[str, list[Span]] = {}
    for domain, places in citations:
        if domain:
            spans.setdefault(domain, []).extend((start, end) for start, end in places if start < end)
    parts = sentences(text)
    weights: dict[str, float] = {}
    for index, sentence in enumerate(parts):
        cited = [domain for domain, places in spans.items() if any(_overlaps(sentence, place) for place in places)]
        for domain in cited:
            weight = sentence.words * math.exp(-index / len(parts)) / len(cited)
            weights[domain] = weights.get(domain, 0.0) + weight
    total = sum(weights.values())
    return {domain: weight / total for domain, weight in weights.items()} if total else None


def _overlaps(sentence: Sentence, span: Span) -> bool:
    return max(sentence.start, span[0]) < min(sentence.end, span[1])
