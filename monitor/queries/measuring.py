"""How the measuring itself went over a period: what assistants were asked with, and the days on which that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from monitor import assistants
from monitor.models import DayCounts, Extraction, Run, Workspace
from monitor.queries.filters import Filter


@dataclass(frozen=True, slots=True)
class Break:
    """A day from which figures may differ because the measuring did."""

    day: date
    label: str


def _runs_of(workspace: Workspace, chosen: Filter) -> QuerySet[Run]:
    """The panels' runs of the period."""
    in_period = Run.objects.for_workspace(workspace).filter(
        panel__isnull=False, day__range=(chosen.period.start, chosen.period.end)
    )
    return in_period.filter(panel=chosen.panel) if chosen.panel else in_period


def asked(workspace: Workspace, chosen: Filter) -> dict[str, tuple[str, ...]]:
    """The models, countries and languages that each assistant was asked with, where it takes any, by their words."""
    plans = _runs_of(workspace, chosen).order_by().values_list("panel_revision__plan", flat=True).distinct()
    found: dict[str, set[str]] = {}
    for item in (item for plan in plans for item in (plan or {}).get("assistants", ())):
        if said := _way(item):
            found.setdefault(item["assistant"], set()).add(said)
    return {name: tuple(sorted(ways)) for name, ways in found.items()}


def _way(item: Mapping[str, Any]) -> str:
    name, options = item["assistant"], item.get("options") or {}
    model = (item.get("model") or assistants.default_model(name)) if assistants.takes_model(name) else ""
    return ", ".join(filter(None, (model, options.get("country"), options.get("language"))))


def breaks(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[str, list[Break]]:
    """Days on which a panel or an assistant's model changed, by assistant; panels under the empty name."""
    in_period = _runs_of(workspace, chosen)
    found: dict[str, list[Break]] = {}
    plans: dict[int | None, object] = {}
    for panel, day, plan in in_period.order_by("day", "pk").values_list("panel", "day", "panel_revision__plan"):
        measuring = {key: (plan or {}).get(key) or None for key in ("suite", "assistants", "repeats", "adaptive")}
        if plans.setdefault(panel, measuring) != measuring:
            plans[panel] = measuring
            found.setdefault("", []).append(Break(day, "panel changed"))
    models: dict[str, tuple[date, set[str]]] = {}
    rows = DayCounts.objects.for_workspace(workspace).filter(
        extraction=extraction, panel__isnull=False, day__range=(chosen.period.start, chosen.period.end)
    )
    rows = rows.filter(panel=chosen.panel) if chosen.panel else rows
    by_day: dict[tuple[str, date], set[str]] = {}
    for assistant, day, reported in rows.order_by("day").values_list("assistant", "day", "reported_models"):
        if reported:
            by_day.setdefault((assistant, day), set()).update(reported)
    for (assistant, day), used in by_day.items():
        known = models.get(assistant)
        models[assistant] = (day, used)
        if known is not None and known[1] != used:
            found.setdefault(assistant, []).append(Break(day, f"model: {', '.join(sorted(used))}"))
    return found
