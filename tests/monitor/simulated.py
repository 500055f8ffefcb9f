"""Simulated panels whose true rates are known, to see whether the figures keep their word. Also used by the bench."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from monitor import metrics, planning

Counts = npt.NDArray[np.int64]
Runs = tuple[Counts, Counts]
Rates = npt.NDArray[np.float64]
#: How many repeats each prompt gets: (hits and answers of the runs so far, [runs, ..., prompts]) -> [..., prompts].
Rule = Callable[[Counts, Counts], Counts]


def prompts_of(generator: np.random.Generator, mean: float, size: int | tuple[int, int]) -> Rates:
    """Own rates of prompts that differ as those of real panels do, `mean` on average."""
    return generator.beta(2 * mean, 2 * (1 - mean), size)


def in_full(repeats: int) -> Rule:
    return lambda hits, n: np.full(hits.shape[1:], repeats)


def adaptive(repeats: int) -> Rule:
    """The product's own rule, looked up: is a cell with so many hits of so many answers clear?"""
    most = planning.RUNS_LOOKED_AT * repeats
    is_clear = np.array(
        [
            [
                n > 0 and hits <= n and planning.is_clear(planning.Seen(planning.LEAST_RUNS, n, [hits]))
                for hits in range(most + 1)
            ]
            for n in range(most + 1)
        ]
    )

    def rule(hits: Counts, n: Counts) -> Counts:
        if len(n) < planning.LEAST_RUNS:
            return np.full(hits.shape[1:], repeats)
        latest = slice(-planning.RUNS_LOOKED_AT, None)
        seen = is_clear[n[latest].sum(axis=0), hits[latest].sum(axis=0)]
        return np.where(seen, planning.fewest(repeats), repeats)

    return rule


def runs_of(generator: np.random.Generator, own: Sequence[Rates], rule: Rule) -> Runs:
    """Runs after one another, each with the prompts' own rates at that time: hits and answers, [runs, ..., prompts]."""
    hits = np.zeros((len(own), *own[0].shape), np.int64)
    n = np.zeros_like(hits)
    for number, rates in enumerate(own):
        n[number] = rule(hits[:number], n[:number])
        hits[number] = generator.binomial(n[number], rates)
    return hits, n


def stopped_within(generator: np.random.Generator, own: Rates, repeats: int) -> Runs:
    """What the product does not do: a run that stops asking a prompt once its first two answers say the same."""
    first = generator.binomial(2, own)
    rest = np.where(first == 1, repeats - 2, 0)
    return first + generator.binomial(rest, own), 2 + rest


def covered(hits: Counts, n: Counts, truth: float) -> float:
    """The share of panels, [panels, prompts], whose interval holds the truth."""
    found = [one for part in _parts(hits / n) for one in metrics.rates(part.T, np.ones(part.shape[1]))]
    holds = [one.low is not None and one.high is not None and one.low <= truth <= one.high for one in found]
    return sum(holds) / len(holds)


def called(before: Runs, after: Runs) -> float:
    """The share of panels, [panels, prompts], whose change is called more than noise."""
    found = _changes(before, after)
    return sum(one.verdict == "more than noise" for one in found) / len(found)


def called_bare(before: Runs, after: Runs) -> float:
    """The same by the bootstrap's p alone, which makes up for nothing."""
    found = _changes(before, after)
    return sum(one.p is not None and one.p <= metrics.FALSE_DISCOVERIES for one in found) / len(found)


def _changes(before: Runs, after: Runs) -> list[metrics.Change]:
    pairs = zip(_parts(before[0] / before[1]), _parts(after[0] / after[1]), strict=True)
    return [
        one for was, now in pairs for one in metrics.changes(was.T, np.ones(was.shape[1]), now.T, np.ones(was.shape[1]))
    ]


def _parts(each: Rates) -> list[Rates]:
    """Rates of panels, some at a time: all that a figure takes of a cell is hits / n, so many panels are one call."""
    return np.array_split(each, max(1, len(each) // 500))


def pooled(runs: Runs, of: slice) -> Runs:
    """Several runs counted together, as a period of days is."""
    hits, n = runs
    return hits[of].sum(axis=0), n[of].sum(axis=0)


def drifts_called(generator: np.random.Generator, *, moved: float, panels: int, prompts: int = 25) -> float:
    """The share of panels whose drift is called more than noise, each domain's odds drawn anew with chance `moved`.

    Three days in each period, with two answers each.
    """

    def days(odds: Rates) -> list[list[frozenset[int]]]:
        return [[frozenset(np.flatnonzero(row)) for row in day] for day in generator.random((3, 2, len(odds))) < odds]

    called_so = 0
    for _ in range(panels):
        answers = []
        for _ in range(prompts):
            before = generator.beta(1, 1, 8)
            after = np.where(generator.random(8) < moved, generator.beta(1, 1, 8), before)
            answers.append((days(before), days(after)))
        called_so += metrics.drift(answers).change.verdict == "more than noise"
    return called_so / panels
