"""How each assistant answered in a period: how long it took, what failed, what it cost, and which models it was.

Counted from the responses themselves, errors included. Reads alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from monitor import assistants
from monitor.models import Workspace
from monitor.models.runs import VALID_FINISHES, Trigger
from monitor.queries import counts
from monitor.queries.filters import STRATA, Filter

#: How errors are called on the page.
ERRORS = {
    "rate_limited": "rate limited", "server": "fault of the service", "malformed": "unreadable answer",
    "quota": "quota used up", "auth": "key refused", "invalid_request": "request refused", "blocked": "blocked",
    "unreachable": "not reached", "unknown": "sent, no answer came back",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelSpan:
    """A model that the assistant reported, with the days of its first and last answer in the period."""

    model: str
    answers: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Performance:
    """One assistant in one stratum. Percentiles are of answered responses, in milliseconds; None: none was timed.

    `searched` is the share of answers that say what they searched for; `cost` is the mean of those whose cost is known.
    """

    assistant: str
    label: str
    stratum: str
    asked: int
    answered: int
    refused: int
    truncated: int
    failed: int
    errors: tuple[tuple[str, int], ...]
    median_ms: float | None
    slow_ms: float | None
    slowest_ms: float | None
    first_words_ms: float | None
    tokens: float | None
    searched: float | None
    cost: Decimal | None
    tries: float
    models: tuple[ModelSpan, ...]

    @property
    def changed(self) -> bool:
        """Whether another model answers at the end than at the beginning."""
        return len(self.models) > 1 and self.models[0].last < self.models[-1].last


def performance(workspace: Workspace, chosen: Filter) -> list[Performance]:
    """By assistant and stratum; people's own questions on the Ask page are left out, as everywhere."""
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "start": chosen.period.start,
        "end": chosen.period.end,
        "finishes": list(VALID_FINISHES),
        "ask": Trigger.ASK,
        "panel": chosen.panel,
        "assistants": list(chosen.assistants) or None,
        "strata": list(chosen.strata) or None,
        "tags": list(chosen.tags) or None,
    }
    errors: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for assistant, stratum, kind, count in counts.fetch(_ERRORS, values):
        errors[assistant, stratum].append((ERRORS.get(kind, kind.replace("_", " ") or "unknown"), count))
    models: dict[tuple[str, str], list[ModelSpan]] = defaultdict(list)
    for assistant, stratum, *span in counts.fetch(_MODELS, values):
        models[assistant, stratum].append(ModelSpan(*span))
    return [
        Performance(
            assistant=assistant,
            label=assistants.label(assistant),
            stratum=STRATA.get(stratum, stratum),
            errors=tuple(errors[assistant, stratum]),
            models=tuple(models[assistant, stratum]),
            **dict(zip(_NAMES, figures, strict=True)),
        )
        for assistant, stratum, *figures in counts.fetch(_FIGURES, values)
    ]


#: The columns of `_FIGURES` after assistant and stratum.
_NAMES = (
    *("asked", "answered", "refused", "truncated", "failed", "median_ms", "slow_ms", "slowest_ms", "first_words_ms"),
    *("tokens", "searched", "cost", "tries"),
)
_FROM = """
FROM monitor_response r JOIN monitor_run run ON run.id = r.run_id LEFT JOIN monitor_prompt p ON p.id = r.prompt_id
WHERE r.workspace_id = %(workspace)s AND run.day BETWEEN %(start)s AND %(end)s AND run.trigger <> %(ask)s
  AND r.status IN ('answered', 'failed', 'unknown')
  AND (%(panel)s::bigint IS NULL OR run.panel_id = %(panel)s)
  AND (%(assistants)s::text[] IS NULL OR r.assistant = ANY(%(assistants)s))
  AND (%(strata)s::text[] IS NULL OR r.stratum = ANY(%(strata)s))
  AND (%(tags)s::varchar[] IS NULL OR p.tags && %(tags)s::varchar[])
"""
_ANSWERED = "FILTER (WHERE r.status = 'answered')"
_FIGURES = f"""
SELECT r.assistant, r.stratum, count(*)::int, count(*) {_ANSWERED}::int,
       count(*) FILTER (WHERE r.status = 'answered' AND NOT r.finish = ANY(%(finishes)s))::int,
       count(*) FILTER (WHERE r.status = 'answered' AND r.finish = 'truncated')::int,
       count(*) FILTER (WHERE r.status <> 'answered')::int,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.latency_ms) {_ANSWERED},
       percentile_cont(0.9) WITHIN GROUP (ORDER BY r.latency_ms) {_ANSWERED},
       percentile_cont(0.99) WITHIN GROUP (ORDER BY r.latency_ms) {_ANSWERED},
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.first_text_ms) {_ANSWERED},
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.output_tokens) {_ANSWERED},
       avg((jsonb_array_length(r.searches) > 0)::int) {_ANSWERED}::float,
       avg(r.cost_usd) {_ANSWERED}, avg(r.tries)::float
{_FROM} GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - constants
_ERRORS = f"""
SELECT r.assistant, r.stratum, r.error_kind, count(*)::int
{_FROM} AND r.status <> 'answered' GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3
"""  # noqa: S608 - constants
_MODELS = f"""
SELECT r.assistant, r.stratum, coalesce(nullif(r.model_reported, ''), r.model), count(*)::int,
       min(run.day), max(run.day)
{_FROM} AND r.status = 'answered' GROUP BY 1, 2, 3 ORDER BY min(run.day), max(run.day), 3
"""  # noqa: S608 - constants
