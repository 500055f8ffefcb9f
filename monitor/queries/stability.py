"""How stable what answers cite is: drift against the period before, beyond the noise within a day, and the core.

Reads alone. The distances are `monitor.metrics`' business.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from monitor import metrics
from monitor.metrics import Drift
from monitor.models import Workspace
from monitor.queries import counts
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


def stability(workspace: Workspace, chosen: Filter) -> dict[str, Stability]:
    """By section key."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return {}
    where = counts.conditions(chosen)
    values = counts.values_of(workspace, extraction, chosen) | {"compared": ANSWERS_COMPARED}
    cited: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for assistant, stratum, domain, runs in counts.fetch(_RUNS_CITING.format(where=where), values):
        cited[assistant, stratum][domain] = runs
    drifts = {key: metrics.drift(prompts) for key, prompts in _answers(where, values).items()} if chosen.before else {}
    found = {}
    for assistant, stratum, runs in counts.fetch(_RUNS.format(where=where), values):
        key = assistant, stratum
        core = metrics.core(cited[key], runs)
        found["-".join(key)] = Stability(
            drift=drifts.get(key) or metrics.drift(()),
            core=None if core is None else tuple(core),
            runs=runs,
            domains=len(cited[key]),
        )
    return found


Answers = dict[date, list[frozenset[str]]]


def _answers(where: str, values: dict[str, object]) -> dict[tuple[str, str], list[tuple[metrics.Days, metrics.Days]]]:
    """For each assistant its prompts, each with the domains of its answers by day, before and now."""
    found: dict[tuple[str, str], dict[int, tuple[Answers, Answers]]] = defaultdict(
        lambda: defaultdict(lambda: (defaultdict(list), defaultdict(list)))
    )
    for assistant, stratum, prompt, day, is_now, domains in counts.fetch(_ANSWERS.format(where=where), values):
        found[assistant, stratum][prompt][is_now][day].append(frozenset(domains or ()))
    return {
        key: [(list(before.values()), list(now.values())) for before, now in prompts.values()]
        for key, prompts in found.items()
    }


_RUNS = """
SELECT c.assistant, c.stratum, count(DISTINCT c.run_id)::int FROM monitor_daycell c
WHERE c.valid > 0 AND c.day BETWEEN %(start)s AND %(end)s AND {where} GROUP BY 1, 2
"""
_RUNS_CITING = """
SELECT c.assistant, c.stratum, d.domain, count(DISTINCT c.run_id)::int
FROM monitor_daycell c JOIN monitor_daydomain d ON d.cell_id = c.id
WHERE d.cited > 0 AND c.day BETWEEN %(start)s AND %(end)s AND {where} GROUP BY 1, 2, 3
"""
_ANSWERS = """
WITH r AS (
    SELECT c.assistant, c.stratum, c.prompt_id, c.day, c.extraction_id, r.id,
           c.day BETWEEN %(start)s AND %(end)s AS is_now,
           row_number() OVER (PARTITION BY c.assistant, c.stratum, c.prompt_id, c.day BETWEEN %(start)s AND %(end)s
                              ORDER BY c.day DESC, r.id) AS place
    FROM monitor_daycell c
    JOIN monitor_response r ON r.run_id = c.run_id AND r.prompt_id = c.prompt_id AND r.assistant = c.assistant
        AND r.status = 'answered' AND r.finish = ANY(%(finishes)s)
    WHERE {where}
)
SELECT r.assistant, r.stratum, r.prompt_id, r.day, r.is_now,
       (SELECT array_agg(DISTINCT s.domain) FROM monitor_responsesource s
        WHERE s.response_id = r.id AND s.extraction_id = r.extraction_id AND s.cited AND s.domain <> '')
FROM r WHERE r.place <= %(compared)s
ORDER BY r.assistant, r.stratum, r.prompt_id, r.day, r.id
"""
