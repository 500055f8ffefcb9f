"""How each assistant answered in a period: how long it took, what failed, what it cost, and which models it was.

Of runs that have ended, errors included. Reads the day's counts alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from monitor import assistants, packed
from monitor.models import Workspace
from monitor.queries import counts
from monitor.queries.counts import Row
from monitor.queries.filters import STRATA, Filter
from monitor.queries.kept import kept

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
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return []

    def made() -> list[Performance]:
        read = counts.rows_of(workspace, extraction, chosen, "calls", "call_names", before=False)
        return [_performance(*key, rows) for key, rows in read.items()]

    return kept(("performance", counts.fingerprint(workspace, extraction, chosen)), made)


def _performance(assistant: str, stratum: str, rows: Sequence[Row]) -> Performance:
    calls = np.concatenate([row.tables["calls"] for row in rows])
    answered = calls[calls["answered"]]
    errors = Counter[str]()
    models: dict[str, ModelSpan] = {}
    for row in rows:
        names, table = row.texts("call_names"), row.tables["calls"]
        failed = table[~table["answered"]]
        for place, count in zip(*np.unique(failed["error"], return_counts=True), strict=True):
            errors[names[place]] += int(count)
        for place, count in zip(*np.unique(table[table["answered"]]["model"], return_counts=True), strict=True):
            known = models.get(names[place])
            models[names[place]] = ModelSpan(
                names[place], (known.answers if known else 0) + int(count), known.first if known else row.day, row.day
            )
    median_ms, slow_ms, slowest_ms = _quantiles(answered["latency_ms"], 0.5, 0.9, 0.99)
    costs = answered["micros"][answered["micros"] >= 0]
    return Performance(
        assistant=assistant,
        label=assistants.label(assistant),
        stratum=STRATA.get(stratum, stratum),
        asked=len(calls),
        answered=len(answered),
        refused=int((~answered["valid"]).sum()),
        truncated=int(answered["truncated"].sum()),
        failed=len(calls) - len(answered),
        errors=tuple(
            (ERRORS.get(kind, kind.replace("_", " ") or "unknown"), count)
            for kind, count in sorted(errors.items(), key=lambda item: (-item[1], item[0]))
        ),
        median_ms=median_ms,
        slow_ms=slow_ms,
        slowest_ms=slowest_ms,
        first_words_ms=_quantiles(answered["first_text_ms"], 0.5)[0],
        tokens=_quantiles(answered["output_tokens"], 0.5)[0],
        searched=float(answered["searched"].mean()) if len(answered) else None,
        cost=Decimal(int(costs.sum())) / len(costs) / 1_000_000 if len(costs) else None,
        tries=float(calls["tries"].mean()),
        models=tuple(sorted(models.values(), key=lambda span: (span.first, span.last, span.model))),
    )


def _quantiles(figures: packed.Table, *shares: float) -> list[float | None]:
    """Quantiles of the figures that are known; None where none is."""
    known = figures[figures >= 0]
    return [float(found) for found in np.quantile(known, shares)] if len(known) else [None] * len(shares)
