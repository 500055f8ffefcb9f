"""What a panel has to ask and what it can tell: adaptive repeats, and the smallest change that a run detects.

Pure functions of counts, like `monitor.metrics`; they know neither panels nor rows.

**Adaptive repeats** ask a cell (prompt x assistant) less often once it is known to name a brand nearly always or hardly
ever, where further answers say least. Stopping on the answers of the run itself would bias the rate: a prompt that
happened to stay silent three times would be left at 0. So the number of repeats follows from *earlier* runs alone. It
is fixed before the run's first question, hits / n of each cell is an unbiased estimate, and the mean over prompts with
its bootstrap over prompts holds as if nothing were left out. What is left is a trace in figures that pool several runs:
runs that looked clear by chance weigh more beside the smaller ones that follow. It stays under a tenth of a point, for
a cell never goes below half of its repeats and is judged by up to twenty runs, which chance moves half as much as ten;
`bench/metrics.py` measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.metrics import ENOUGH_PROMPTS, wilson

#: A cell is judged by so many of its latest runs, and by no fewer than this.
RUNS_LOOKED_AT = 20
LEAST_RUNS = 5
#: A rate is clear when its 95 % interval lies within so much of 0 or of 1.
CLEAR_WITHIN = 0.25
#: So many repeats are asked always: two answers of one day are what drift's noise is measured by.
LEAST_REPEATS = 2

#: The variance of one answer about its prompt's own rate, p (1 - p) (1 - rho), where nothing was measured: the most
#: uncertain rate, and a third of the variance lying between prompts, as in the panels that the metrics are tested on.
TYPICAL_WITHIN = 0.5 * 0.5 * (1 - 1 / 3)
_DETECTS = 1.959963984540054 + 0.8416212335729143  # two-sided 5 %, and 80 % power


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cell's latest runs said: valid answers, and how many of them named each own brand."""

    runs: int
    answers: int
    hits: Sequence[int]


def fewest(repeats: int) -> int:
    """How often a cell is asked at least: half of its repeats, two at the fewest."""
    return min(repeats, max(LEAST_REPEATS, math.ceil(repeats / 2)))


def is_clear(seen: Seen) -> bool:
    """Whether enough runs say that the cell names each own brand nearly always or hardly ever; False without one."""
    if seen.runs < LEAST_RUNS or not seen.hits:
        return False
    intervals = [wilson(hits, seen.answers) for hits in seen.hits]
    return all(high <= CLEAR_WITHIN or low >= 1 - CLEAR_WITHIN for low, high in intervals)


def within(hits: npt.ArrayLike, n: npt.ArrayLike) -> float | None:
    """The variance of one answer about its prompt's own rate, as answers show it: of the brand that varies most.

    `hits`: [prompts, brands]; `n`: [prompts]. None under ten prompts with two answers. The unbiased mean over prompts,
    but no less than few answers leave open where they all agree: what p (1 - p) is expected to be after them, by
    Jeffreys' prior.
    """
    hits, n = np.asarray(hits, float), np.asarray(n, float)
    enough = n >= 2
    if enough.sum() < ENOUGH_PROMPTS or not hits.shape[1]:
        return None
    hits, n = hits[enough], n[enough][:, None]
    unbiased = hits * (n - hits) / (n * (n - 1))
    expected = (hits + 0.5) * (n - hits + 0.5) / ((n + 1) * (n + 2))
    return float(np.maximum(unbiased.mean(axis=0), expected.mean(axis=0)).max())


def smallest_change(prompts: int, repeats: float, *, within: float = TYPICAL_WITHIN) -> float | None:
    """The change of a rate that two periods tell from noise in 80 % of cases; `repeats` of a prompt in each.

    None under ten prompts. A period's mean varies by the design effect 1 + (m - 1) rho, but both periods ask the same
    prompts, and pairing takes out the m rho that they share: what is left is `within` / repeats a prompt.
    """
    if prompts < ENOUGH_PROMPTS or repeats <= 0:
        return None
    return min(1.0, _DETECTS * math.sqrt(2 * within / (prompts * repeats)))
