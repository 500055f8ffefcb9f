"""How stable what answers cite is: drift against the period before, beyond the noise within a day, and the core.

Reads alone. The distances are `monitor.metrics`' business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter

import numpy as np

from monitor import metrics
from monitor.metrics import Drift
from monitor.models import Workspace
from monitor.queries import counts
from monitor.queries.counts import Key, Row
from monitor.queries.domains import Domains
from monitor.queries.filters import Filter

#: Answers of each prompt and period that are compared, the latest ones: more change the means little.
ANSWERS_COMPARED = 12


@dataclass(frozen=True, slots=True)
class Stability:
    """One assistant's drift, and the domains nearly every run cites (None: too few runs)."""

    drift: Drift
    core: tuple[str, ...] | None
    runs: int
    domains: int


def stability(workspace: Workspace, chosen: Filter, known: Mapping[Key, Domains]) -> dict[str, Stability]:
    """By section key; `known` are the domains under the filter."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return {}
    found = {}
    read = counts.rows_of(workspace, extraction, chosen, "cells", "answers")
    for key, rows in read.items():
        runs = len({row.run for row in rows if row.day in chosen.period and row.tables["cells"]["valid"].any()})
        if not runs:
            continue
        citing = known[key].runs_citing() if key in known else {}
        core = metrics.core(citing, runs)
        found["-".join(key)] = Stability(
            drift=metrics.drift(_answers(rows, chosen) if chosen.before else ()),
            core=None if core is None else tuple(core),
            runs=runs,
            domains=len(citing),
        )
    return found


#: The domains of answers, by their keys.
Answers = dict[date, list[frozenset[int]]]


def _answers(rows: Sequence[Row], chosen: Filter) -> list[tuple[metrics.Days, metrics.Days]]:
    """Each prompt with the domains of its latest answers by day, before and now."""
    found: dict[int, tuple[Answers, Answers]] = defaultdict(lambda: (defaultdict(list), defaultdict(list)))
    prompts = counts.prompts_of(rows)
    taken = np.zeros((2, len(prompts)), int)
    for day, group in groupby(reversed(rows), key=lambda row: row.day):  # the latest day first, its runs in order
        for row in reversed(list(group)):
            is_now, table = day in chosen.period, row.tables["answers"]
            here = np.searchsorted(prompts, table["prompt"])
            if (taken[int(is_now), here] >= ANSWERS_COMPARED).all():
                continue
            for _, one in groupby(table.tolist(), key=itemgetter(0)):
                listed = list(one)
                prompt = listed[0][1]
                place = int(np.searchsorted(prompts, prompt))
                if taken[int(is_now), place] < ANSWERS_COMPARED:
                    taken[int(is_now), place] += 1
                    found[prompt][is_now][day].append(frozenset(domain for _, _, domain in listed if domain))
    return [(list(before.values()), list(now.values())) for before, now in found.values()]
