"""How what is shown was measured: the ways in which assistants were asked, and the days on which that changed.

What was asked differently is counted together, so it has to be said: pages show every way, and charts every break.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet, Sum

from monitor import assistants
from monitor.models import DayCounts, Extraction, Run, Workspace
from monitor.queries.filters import Filter, Period

#: What of a plan is measured by; a panel's name and schedule are not.
_MEASURING = ("suite", "tags", "assistants", "repeats", "adaptive")


@dataclass(frozen=True, slots=True)
class Break:
    """A day from which figures may differ because the measuring did."""

    day: date
    label: str


@dataclass(frozen=True, slots=True)
class _Way:
    """How a panel asked an assistant: model and place in words, and who it was told that asks."""

    said: str
    words: str

    def label(self, names: Mapping[str, str], *, several: bool) -> str:
        """With the persona's own words where two of `names` are the same, and what is not set beside ways with it."""
        persona = ""
        if self.words:
            named = names[self.words]
            persona = f"as “{named}”"
            if list(names.values()).count(named) > 1:
                persona += f" ({self.words})"
        elif names:
            persona = "without a persona"
        label = ", ".join(filter(None, (self.said, persona)))
        return label or ("no country or language" if several else "")


def runs_now(workspace: Workspace, chosen: Filter) -> tuple[int | None, ...]:
    """Another one for other runs, whose plans stay as they are: with the counts' fingerprint, all that is said here."""
    found = _runs_of(workspace, chosen, chosen.charted).aggregate(runs=Count("pk"), keys=Sum("pk"))
    return found["runs"], found["keys"]


def asked(workspace: Workspace, chosen: Filter) -> dict[str, tuple[str, ...]]:
    """The models, countries, languages and personas that each assistant was asked with, where it takes any."""
    plans = _runs_of(workspace, chosen, chosen.period).order_by("panel_revision")
    ways: dict[str, set[_Way]] = {}
    names: dict[str, dict[str, str]] = {}  # by assistant, a persona's newest name by its words
    for _, plan in plans.values_list("panel_revision", "panel_revision__plan").distinct():
        persona = (plan or {}).get("persona") or {}
        for item in (plan or {}).get("assistants", ()):
            name = item["assistant"]
            told = persona.get("words", "") if assistants.takes_persona(name) else ""
            ways.setdefault(name, set()).add(_Way(_said(item), told))
            if told:
                names.setdefault(name, {})[told] = persona["name"]
    return {name: _labels(found, names.get(name, {})) for name, found in ways.items()}


def _labels(ways: set[_Way], names: Mapping[str, str]) -> tuple[str, ...]:
    labels = {way.label(names, several=len(ways) > 1) for way in ways}
    return tuple(sorted(filter(None, labels)))


def _said(item: Mapping[str, Any]) -> str:
    name, options = item["assistant"], item.get("options") or {}
    model = (item.get("model") or assistants.default_model(name)) if assistants.takes_model(name) else ""
    return ", ".join(filter(None, (model, options.get("country"), options.get("language"))))


def breaks(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[str, list[Break]]:
    """Days on which a panel, an assistant's model or the reading changed, by assistant; what is of all has no name."""
    found: dict[str, list[Break]] = {}
    if extraction.sources_from and chosen.charted.start < extraction.sources_from <= chosen.charted.end:
        found[""] = [Break(extraction.sources_from, "sources read by newer rules")]
    plans: dict[int | None, tuple[object, str]] = {}
    charted = _runs_of(workspace, chosen, chosen.charted).order_by("day", "pk")
    for panel, day, plan in charted.values_list("panel", "day", "panel_revision__plan"):
        persona = (plan or {}).get("persona") or {}
        now = [(plan or {}).get(key) or None for key in _MEASURING], persona.get("words", "")
        before = plans.setdefault(panel, now)
        if before != now:
            plans[panel] = now
            label = "panel changed"
            if before[0] == now[0]:
                label = f"now asked as “{persona['name']}”" if persona else "now without a persona"
            found.setdefault("", []).append(Break(day, label))
    for assistant, changed in _models_changed(workspace, extraction, chosen).items():
        found.setdefault(assistant, []).extend(changed)
    return found


def _models_changed(workspace: Workspace, extraction: Extraction, chosen: Filter) -> dict[str, list[Break]]:
    found: dict[str, list[Break]] = {}
    models: dict[str, set[str]] = {}
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
        models[assistant] = used
        if known is not None and known != used:
            found.setdefault(assistant, []).append(Break(day, f"model: {', '.join(sorted(used))}"))
    return found


def _runs_of(workspace: Workspace, chosen: Filter, period: Period) -> QuerySet[Run]:
    """The panels' runs of these days."""
    runs = Run.objects.for_workspace(workspace).filter(panel__isnull=False, day__range=(period.start, period.end))
    return runs.filter(panel=chosen.panel) if chosen.panel else runs
