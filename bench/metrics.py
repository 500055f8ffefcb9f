"""How fast the figures are: one line of JSON with milliseconds for an overview's worth of intervals and changes.

Two months of a panel of 60 prompts x 3 repeats and 12 brands, which is what the Overview asks of `monitor.metrics`; and
how well the interval keeps its word on simulated panels of that size. `adaptive` says the same of adaptive repeats
beside panels asked in full (`full_`), for several sizes: coverage of a run and of a week, unmoved panels called moved
between two weeks (`began`: where they begin in between; `bare`: by the bootstrap's p alone, not by the verdict), the
trace of bias that a week keeps, in points, what is saved, and how many points a run has to move to be told in 80 % of
cases. `stopped_within_a_run` is the rule that suggests itself, and why it is not the product's. `drift_false_alarms`:
of 25 prompts whose cited domains did not move. A share of simulated panels stands with its standard error after it.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable

import numpy as np

from monitor import metrics, planning
from tests.monitor import simulated

PROMPTS, REPEATS, BRANDS, DAYS = 60, 3, 12, 30
PANELS = 1000
#: Of adaptive repeats: (prompts, repeats, mean rate), and how many panels of each, so many at a time.
SIZES = (
    *((25, 5, 0.35), (60, 3, 0.35), (60, 5, 0.35), (60, 10, 0.35)),
    *((120, 5, 0.1), (120, 5, 0.35), (200, 3, 0.35), (200, 5, 0.5)),
)
ADAPTIVE_PANELS, AT_A_TIME = 12_000, 2_000
RUNS = 24
#: A share, and its standard error.
Share = tuple[float, float]
ANSWER = "Acme makes good pens [1]. Beta is cheaper, but its paper tears [2]. " * 20


def milliseconds(work: Callable[[], object], times: int = 7) -> float:
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken) * 1000, 2)


def share(part: float, panels: int) -> Share:
    return round(part, 4), round(math.sqrt(part * (1 - part) / panels), 4)


def coverage(generator: np.random.Generator, mean: float = 0.35) -> Share:
    covered = 0
    for _ in range(PANELS):
        own = generator.beta(2 * mean, 2 * (1 - mean), PROMPTS)
        found = metrics.rate((hits, REPEATS) for hits in generator.binomial(REPEATS, own).tolist())
        covered += found.low is not None and found.high is not None and found.low <= mean <= found.high
    return share(covered / PANELS, PANELS)


def adaptive(prompts: int, repeats: int, mean: float) -> dict[str, object]:
    generator = np.random.default_rng([prompts, repeats])
    parts = [_panels(generator, prompts, repeats, mean) for _ in range(ADAPTIVE_PANELS // AT_A_TIME)]
    found = {name: statistics.fmean(part[name] for part in parts) for name in parts[0]}
    within, full_within = found.pop("within"), found.pop("full_within")
    return {
        "prompts": prompts,
        "repeats": repeats,
        "mean": mean,
        "saved": round(found.pop("saved"), 3),
        "week_bias_points": round(100 * found.pop("week_bias"), 3),
        "detects_points": round(100 * (planning.smallest_change(prompts, 1, within=within) or 1), 2),
        "full_detects_points": round(100 * (planning.smallest_change(prompts, 1, within=full_within) or 1), 2),
        **{name: share(part, ADAPTIVE_PANELS) for name, part in found.items()},
    }


def _panels(generator: np.random.Generator, prompts: int, repeats: int, mean: float) -> dict[str, float]:
    """What some panels say: means over them, and shares of them."""
    own = simulated.prompts_of(generator, mean, (AT_A_TIME, prompts))
    by_rule = simulated.runs_of(generator, [own] * RUNS, simulated.adaptive(repeats))
    full = simulated.runs_of(generator, [own] * RUNS, simulated.in_full(repeats))
    run, week, before = slice(RUNS - 1, RUNS), slice(RUNS - 7, RUNS), slice(RUNS - 14, RUNS - 7)
    hits, n = simulated.pooled(by_rule, week)
    full_before, full_week = (simulated.pooled(full, period) for period in (before, week))
    answers = by_rule[1][run]
    return {
        "saved": 1 - float(answers.mean()) / repeats,
        "within": float((own * (1 - own) / answers).mean()),
        "full_within": float((own * (1 - own) / repeats).mean()),
        "week_bias": float((hits / n - own).mean()),
        "run_covered": simulated.covered(*simulated.pooled(by_rule, run), mean),
        "full_run_covered": simulated.covered(*simulated.pooled(full, run), mean),
        "week_covered": simulated.covered(hits, n, mean),
        "full_week_covered": simulated.covered(*full_week, mean),
        "false_alarms": simulated.called(simulated.pooled(by_rule, before), (hits, n)),
        "full_false_alarms": simulated.called(full_before, full_week),
        "began_false_alarms": simulated.called(full_before, (hits, n)),
        "bare_false_alarms": simulated.called_bare(simulated.pooled(by_rule, before), (hits, n)),
        "full_bare_false_alarms": simulated.called_bare(full_before, full_week),
    }


def stopped_within(prompts: int = 200, repeats: int = 10, mean: float = 0.1) -> dict[str, object]:
    generator = np.random.default_rng(3)
    own = simulated.prompts_of(generator, mean, (AT_A_TIME, prompts))
    hits, n = simulated.stopped_within(generator, own, repeats)
    return {
        "prompts": prompts,
        "repeats": repeats,
        "mean": mean,
        "covered": share(simulated.covered(hits, n, mean), AT_A_TIME),
        "bias_points": round(100 * float((hits / n - own).mean()), 3),
    }


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
                "adaptive": [adaptive(*size) for size in SIZES],
                "stopped_within_a_run": stopped_within(),
                "drift_false_alarms": share(simulated.drifts_called(generator, moved=0.0, panels=PANELS), PANELS),
            }
        )
    )


if __name__ == "__main__":
    main()
