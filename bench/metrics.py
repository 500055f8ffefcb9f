"""How fast the figures are: one line of JSON with milliseconds for an overview's worth of intervals and changes.

Two months of a panel of 60 prompts x 3 repeats and 12 brands, which is what the Overview asks of `monitor.metrics`; and
how well the interval keeps its word on simulated panels of that size.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from monitor import metrics

PROMPTS, REPEATS, BRANDS, DAYS = 60, 3, 12, 30
PANELS = 1000
ANSWER = "Acme makes good pens [1]. Beta is cheaper, but its paper tears [2]. " * 20


def milliseconds(work: Callable[[], object], times: int = 7) -> float:
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken) * 1000, 2)


def coverage(generator: np.random.Generator, mean: float = 0.35) -> float:
    covered = 0
    for _ in range(PANELS):
        own = generator.beta(2 * mean, 2 * (1 - mean), PROMPTS)
        found = metrics.rate((hits, REPEATS) for hits in generator.binomial(REPEATS, own).tolist())
        covered += found.low is not None and found.high is not None and found.low <= mean <= found.high
    return covered / PANELS


def main() -> None:
    generator = np.random.default_rng(1)
    n = np.full(PROMPTS, float(REPEATS))
    days = generator.binomial(REPEATS, 0.4, (DAYS, PROMPTS, 2 * BRANDS)).astype(float)
    before, after = (generator.binomial(REPEATS * DAYS, 0.4, (PROMPTS, 5 * BRANDS)).astype(float) for _ in range(2))
    whole = n * DAYS
    spans = [("a.example", [(24, 27)]), ("b.example", [(64, 67)])]
    print(
        json.dumps(
            {
                "bench": "metrics",
                "prompts": PROMPTS,
                "brands": BRANDS,
                "days": DAYS,
                "series_ms": milliseconds(lambda: [metrics.rates(day, n) for day in days]),
                "table_ms": milliseconds(
                    lambda: (metrics.rates(after, whole), metrics.changes(before, whole, after, whole))
                ),
                "one_interval_ms": milliseconds(lambda: metrics.rate([(k % 4, REPEATS) for k in range(PROMPTS)])),
                "pawc_ms": milliseconds(lambda: metrics.pawc(ANSWER, spans)),
                "coverage_of_95": coverage(generator),
            }
        )
    )


if __name__ == "__main__":
    main()
