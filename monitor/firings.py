"""What a rule tells of, and which of it is news. Knows neither how it is found nor where it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Firing:
    """One thing that a rule saw about the days from `start` to `end`, as an Alert holds it.

    `subject` is the same for the same thing seen again: an assistant's mention rate going up, a prompt's citations
    being lost, a panel being silent.
    """

    subject: str
    start: date
    end: date
    words: str
    page: str
    about: int | None = None
    query: str = ""
    good: bool | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


def news(found: Iterable[Firing], told: Mapping[str, date]) -> list[Firing]:
    """What is said for the first time, the oldest first, as if every day had been looked at when it came.

    `told` has the last day of what was said of each subject. A window of days moves on by one a day, and the same
    change stands in each of them: it is said again only once the window has left behind the days it was said about.
    """
    known, fresh = dict(told), []
    for firing in sorted(found, key=lambda firing: firing.end):
        last = known.get(firing.subject)
        if last is None or last < firing.start:
            known[firing.subject] = firing.end
            fresh.append(firing)
    return fresh


def latest_news(found: Iterable[Firing], told: Mapping[str, date]) -> list[Firing]:
    """The same, looking at several days at once: of overlapping ones the latest is said."""
    taken: dict[str, date] = {}
    fresh = []
    for firing in sorted(found, key=lambda firing: firing.end, reverse=True):
        last, next_start = told.get(firing.subject), taken.get(firing.subject)
        if (last is None or last < firing.start) and (next_start is None or firing.end < next_start):
            taken[firing.subject] = firing.start
            fresh.append(firing)
    return sorted(fresh, key=lambda firing: firing.end)
