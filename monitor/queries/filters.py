"""The filter bar: what the URL asks for, checked against what the workspace has, as one typed Filter.

Every page reads it the same way and keeps it in the URL. What cannot be (an unknown panel, a day that is no date) is
left out and said in a sentence; the page still shows what the rest asks for. Knows nothing of what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, Func, Max, Min
from django.http import QueryDict
from django.utils import timezone

from monitor import assistants
from monitor.models import Brand, BrandKind, DayCounts, Panel, Pointers, Prompt, Workspace

#: A shorter history is shown whole.
FEWEST_DAYS = 14
DEFAULT_DAYS = 30
MOST_DAYS = 3 * 366
COMPARE = {"previous": "the days before", "month": "four weeks earlier", "year": "a year earlier", "none": "nothing"}
#: Parameters of the bar, in the order of the URL.
PARAMETERS = ("from", "to", "compare", "panel", "assistant", "stratum", "tag", "brand")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    def earlier(self, days: int) -> Period:
        return Period(self.start - timedelta(days=days), self.end - timedelta(days=days))

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. Empty tuples and None mean: all of them."""

    period: Period
    compare: str = "previous"
    panel: int | None = None
    assistants: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brands: tuple[int, ...] = ()

    @property
    def before(self) -> Period | None:
        """The period to compare with; it never reaches into the one shown."""
        days = {"previous": self.period.days, "month": 28, "year": 364, "none": 0}[self.compare]
        if not days:
            return None
        earlier = self.period.earlier(days)
        return Period(earlier.start, min(earlier.end, self.period.start - timedelta(days=1)))

    @property
    def charted(self) -> Period:
        """The days of the series: the period, and the one right before it where that is what it is compared with."""
        if self.compare == "previous" and self.before:
            return Period(self.before.start, self.period.end)
        return self.period


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter, and the query string without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class FilterBar:
    """The bar as the page shows it: the Filter, its choices, active filters, and what was wrong with the URL.

    `is_measured`: whether anything was counted at all, under this filter or another.
    """

    filter: Filter
    is_measured: bool
    compare: tuple[Choice, ...]
    panels: tuple[Choice, ...]
    assistants: tuple[Choice, ...]
    strata: tuple[Choice, ...]
    tags: tuple[Choice, ...]
    brands: tuple[Choice, ...]
    chips: tuple[Chip, ...]
    problems: tuple[str, ...]
    query: str

    @property
    def tags_chosen(self) -> int:
        return len(self.filter.tags)

    @property
    def brands_chosen(self) -> int:
        return len(self.filter.brands)


STRATA = {"api": "Answers by API", "pasted": "Pasted answers", "local": "Local engine"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What has counts under the current extraction: each (assistant, stratum), and the days from first to last."""

    kinds: tuple[tuple[str, str], ...]
    days: Period | None


def measured(workspace: Workspace) -> Measured:
    current = Pointers.objects.filter(workspace=workspace).values("extraction")[:1]
    counted = DayCounts.objects.for_workspace(workspace).filter(extraction=current)
    kinds = counted.order_by("assistant", "stratum").values_list("assistant", "stratum")
    found = list(kinds.annotate(first=Min("day"), last=Max("day")))
    return Measured(
        kinds=tuple((assistant, stratum) for assistant, stratum, _, _ in found),
        days=Period(min(row[2] for row in found), max(row[3] for row in found)) if found else None,
    )


def read(workspace: Workspace, params: QueryDict) -> FilterBar:
    """The filter bar of a URL."""
    problems: list[str] = []
    panels = {
        str(pk): name
        for pk, name in Panel.objects.for_workspace(workspace).filter(archived_at=None).values_list("pk", "name")
    }
    brands = {
        str(pk): name
        for pk, name, _ in sorted(
            Brand.objects.for_workspace(workspace).filter(archived_at=None).values_list("pk", "name", "kind"),
            key=lambda brand: (brand[2] != BrandKind.OWN, brand[1].casefold()),
        )
    }
    tags = {tag: tag for tag in _tags(workspace)}
    counted = measured(workspace)
    names = {name: assistants.label(name) for name, _ in counted.kinds}
    strata = {stratum: STRATA.get(stratum, stratum) for _, stratum in counted.kinds}

    def several(name: str, known: Mapping[str, str], what: str) -> tuple[str, ...]:
        asked = list(dict.fromkeys(value for value in params.getlist(name) if value))
        if unknown := [value for value in asked if value not in known]:
            problems.append(f"There is no {what} “{unknown[0][:60]}” here; it was left out of the filter.")
        return tuple(value for value in asked if value in known)

    panel = several("panel", panels, "panel")[:1]
    chosen = Filter(
        period=_period(_default_period(workspace, counted.days), params, problems),
        compare=params.get("compare", "") if params.get("compare") in COMPARE else "previous",
        panel=int(panel[0]) if panel else None,
        assistants=several("assistant", names, "assistant"),
        strata=several("stratum", strata, "kind of answer"),
        tags=several("tag", tags, "tag"),
        brands=tuple(int(value) for value in several("brand", brands, "brand")),
    )
    query = _Query(chosen, params)
    return FilterBar(
        filter=chosen,
        is_measured=counted.days is not None,
        compare=_choices(COMPARE, [chosen.compare]),
        panels=_choices(panels, panel),
        assistants=_choices(names, chosen.assistants),
        strata=_choices(strata, chosen.strata),
        tags=_choices(tags, chosen.tags),
        brands=_choices(brands, [str(pk) for pk in chosen.brands]),
        chips=tuple(
            Chip(known[value], query.without(name, value))
            for name, known in (
                ("panel", panels),
                ("assistant", names),
                ("stratum", {kind: f"kind: {label}" for kind, label in strata.items()}),
                ("tag", tags),
                ("brand", brands),
            )
            for value in query.values.get(name, ())
        ),
        problems=tuple(problems),
        query=query.text(),
    )


def default_period(workspace: Workspace) -> Period:
    """The thirty days up to the last measured one, or to today where nothing is measured yet.

    A history of weeks, too short to compare thirty days with those before, is halved: that can be compared.
    """
    return _default_period(workspace, measured(workspace).days)


def _default_period(workspace: Workspace, history: Period | None) -> Period:
    last = history.end if history else timezone.now().astimezone(workspace.zone).date()
    is_short = history is not None and FEWEST_DAYS <= history.days < 2 * DEFAULT_DAYS
    days = history.days // 2 if history and is_short else DEFAULT_DAYS
    return Period(last - timedelta(days=days - 1), last)


def _period(default: Period, params: QueryDict, problems: list[str]) -> Period:
    asked: dict[str, date | None] = {}
    for name, what in (("from", "first"), ("to", "last")):
        value = params.get(name, "").strip()
        try:
            asked[name] = date.fromisoformat(value) if value else None
        except ValueError:
            asked[name] = None
            problems.append(f"“{value[:20]}” is no day for the {what} one; write it as 2026-11-20.")
    start, end = asked["from"], asked["to"]
    if start and end and start > end:
        problems.append("The first day is after the last one; they were exchanged.")
        start, end = end, start
    if start is None and end is None:
        return default
    if start is None or end is None:
        end = end or (default.end if start is None or start <= default.end else start)
        start = start or max(date.min + timedelta(days=MOST_DAYS), end - timedelta(days=DEFAULT_DAYS - 1))
    if (end - start).days >= MOST_DAYS or start.year < 2000 or end.year > 2200:
        problems.append("A page shows three years at most; the last thirty days are shown.")
        return default
    return Period(start, end)


@dataclass(frozen=True, slots=True)
class _Query:
    """The query string of a filter; dates and comparison only where the URL had them, so that defaults move on."""

    filter: Filter
    params: QueryDict
    values: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        chosen = self.filter
        given = {
            "from": chosen.period.start.isoformat() if self.params.get("from") else "",
            "to": chosen.period.end.isoformat() if self.params.get("to") else "",
            "compare": chosen.compare if chosen.compare != "previous" else "",
        }
        values: dict[str, Iterable[Any]] = {
            **{name: [value] for name, value in given.items() if value},
            "panel": [chosen.panel] if chosen.panel else [],
            "assistant": chosen.assistants,
            "stratum": chosen.strata,
            "tag": chosen.tags,
            "brand": chosen.brands,
        }
        found = {name: tuple(map(str, values[name])) for name in PARAMETERS if values.get(name)}
        object.__setattr__(self, "values", found)

    def text(self) -> str:
        return urlencode(self.values, doseq=True)

    def without(self, name: str, value: str) -> str:
        rest = {key: [item for item in items if (key, item) != (name, value)] for key, items in self.values.items()}
        return urlencode(rest, doseq=True)


def _choices(known: Mapping[str, str], chosen: Iterable[str]) -> tuple[Choice, ...]:
    taken = set(chosen)
    return tuple(Choice(value, label, value in taken) for value, label in known.items())


def _tags(workspace: Workspace) -> list[str]:
    tags = Prompt.objects.for_workspace(workspace).exclude(tags=[]).order_by()
    return sorted(set(tags.annotate(tag=Func(F("tags"), function="unnest")).values_list("tag", flat=True)))
