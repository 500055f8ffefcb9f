"""What changed beyond noise, as rules about change and sentiment see it on each measured day of a period.

On each day the days up to it are compared with as many before, paired by prompt, and everything that the rule looks at
on that day is weighed together (Benjamini and Hochberg). Reads counts by `counts`, weighs them by `monitor.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt

from monitor import assistants, metrics, packed
from monitor.firings import Firing
from monitor.metrics import Change
from monitor.models import AlertRule, Extraction
from monitor.plain import day as day_words
from monitor.plain import days as days_words
from monitor.plain import percent, points
from monitor.queries import counts, measuring
from monitor.queries.counts import CITED, NAMED, BrandInfo, Counts
from monitor.queries.filters import Filter, Period
from monitor.queries.measuring import Break

Breaks = dict[str, list[Break]]
_NEGATIVE, _JUDGED = (packed.SAID.index(what) for what in ("negative", "judged"))


@dataclass(frozen=True, slots=True)
class Series:
    """What one assistant's answers say in one measure: [days, prompts]. `n` is what stands under `hits`.

    `measured` has the valid responses: what pairs a prompt where `n` counts something else.
    """

    watch: str
    assistant: str
    stratum: str
    days: tuple[date, ...]
    hits: Counts
    n: Counts
    measured: Counts

    def of(self, period: Period) -> tuple[Counts, Counts, Counts]:
        """Hits, n and measured of the period: [prompts] each."""
        rows: npt.NDArray[np.bool_] = np.array([day in period for day in self.days], bool)
        return self.hits[rows].sum(axis=0), self.n[rows].sum(axis=0), self.measured[rows].sum(axis=0)


@dataclass(frozen=True, slots=True)
class Window:
    """The days up to one of them, and as many before."""

    now: Period
    before: Period

    @classmethod
    def up_to(cls, end: date, days: int) -> Window:
        now = Period(end - timedelta(days=days - 1), end)
        return cls(now, now.earlier(days))


def changes(rule: AlertRule, period: Period) -> list[Firing]:
    """Mention rate, citation rate and share of voice of the rule's brand, by assistant."""
    chosen = _filter(rule, period)
    extraction, brands, brand = _read_for(rule)
    if extraction is None or brand is None:
        return []
    blocks = counts.load(rule.workspace, extraction, chosen)
    series = []
    for block in blocks:
        ours, key = block.brand(brand.pk), (block.assistant, block.stratum, block.days)
        everyone = np.sum([block.brand(each.pk)[NAMED] for each in brands], axis=0)
        measures = {
            "mention": (ours[NAMED], block.n),
            "citation": (ours[CITED], block.n),
            "voice": (ours[NAMED], everyone),
        }
        series += [Series(watch, *key, *measures[watch], block.n) for watch in rule.watches]
    return _told(rule, brand, series, period, chosen, extraction)


def _read_for(rule: AlertRule) -> tuple[Extraction | None, list[BrandInfo], BrandInfo | None]:
    """The present reading, its brands, and the rule's among them; None where there is none."""
    extraction = counts.current_extraction(rule.workspace)
    brands = counts.brands_of(rule.workspace, extraction) if extraction else []
    return extraction, brands, next((brand for brand in brands if brand.pk == rule.brand_id), None)


def sentiment(rule: AlertRule, period: Period) -> list[Firing]:
    """Answers that are negative toward the rule's brand, among those that name it and were judged."""
    chosen = _filter(rule, period)
    extraction, _, brand = _read_for(rule)
    if extraction is None or brand is None:
        return []
    series = _sentiment_series(rule, brand, extraction, chosen)
    found = []
    if "rise" in rule.watches:
        found += _told(rule, brand, series, period, chosen, extraction)
    if "any" in rule.watches:
        found += [firing for each in series for firing in _any_negative(rule, brand, each, period)]
    return found


def _filter(rule: AlertRule, period: Period) -> Filter:
    """All days that some day of the period is compared with."""
    span = Period(Window.up_to(period.start, rule.days).before.start, period.end)
    return Filter(span, compare="none", panel=rule.panel_id, assistants=tuple(rule.assistants))


def _sentiment_series(rule: AlertRule, brand: BrandInfo, extraction: Extraction, chosen: Filter) -> list[Series]:
    """Of each assistant on each day and prompt, the answers negative toward the brand of those judged toward it."""
    found = []
    for (assistant, stratum), rows in counts.rows_of(rule.workspace, extraction, chosen, "mentions").items():
        tables = [(row.day, row.tables["mentions"]) for row in rows]
        ours = [(day, table[table["brand"] == brand.pk]) for day, table in tables]
        judged = [(day, table) for day, table in ours if (table["said"] == _JUDGED).any()]
        if not judged:
            continue
        days = tuple(dict.fromkeys(day for day, _ in judged))
        prompts = np.unique(np.concatenate([table["prompt"] for _, table in judged]))
        arrays = np.zeros((2, len(days), len(prompts)))
        for day, table in judged:
            for place, what in enumerate((_NEGATIVE, _JUDGED)):
                cells = table[table["said"] == what]  # each prompt once in a row
                arrays[place, days.index(day), np.searchsorted(prompts, cells["prompt"])] += cells["answers"]
        found.append(Series("rise", assistant, stratum, days, arrays[0], arrays[1], arrays[1]))
    return found


def _told(
    rule: AlertRule,
    brand: BrandInfo,
    series: Sequence[Series],
    period: Period,
    chosen: Filter,
    extraction: Extraction,
) -> list[Firing]:
    """What is more than noise on each measured day; everything of one day is weighed together."""
    found = []
    for end in sorted({day for each in series for day in each.days if day in period}):
        window = Window.up_to(end, rule.days)
        weighed = metrics.adjusted([_change(each, window) for each in series])
        found += [
            (each, window, change)
            for each, change in zip(series, weighed, strict=True)
            if change.verdict == "more than noise" and _is_wanted(rule, each, change)
        ]
    breaks = measuring.breaks(rule.workspace, extraction, chosen) if found else {}
    return [_firing(rule, brand, *each, breaks) for each in found]


def _change(series: Series, window: Window) -> Change:
    hits, n, measured = series.of(window.now)
    hits_before, n_before, measured_before = series.of(window.before)
    if series.watch == "voice":
        both = (measured > 0) & (measured_before > 0)
        return metrics.share_change(hits_before[both], n_before[both], hits[both], n[both])
    return metrics.changes(hits_before[:, None], n_before, hits[:, None], n)[0]


def _is_wanted(rule: AlertRule, series: Series, change: Change) -> bool:
    """Large enough, and with sentiment only for the worse."""
    difference = change.difference or 0.0
    return abs(difference) * 100 >= rule.percent and (series.watch != "rise" or difference > 0)


def _firing(
    rule: AlertRule, brand: BrandInfo, series: Series, window: Window, change: Change, breaks: Breaks
) -> Firing:
    up = (change.difference or 0) > 0
    after, before = (
        _level(series, period, other) for period, other in ((window.now, window.before), (window.before, window.now))
    )
    moved = f"{'up' if up else 'down'} from {percent(before)}"
    who = assistants.label(series.assistant)
    said = {
        "mention": f"{brand.name} is named in {percent(after)} of {who}'s answers, {moved}",
        "citation": f"{brand.name} is cited in {percent(after)} of {who}'s answers, {moved}",
        "voice": f"{brand.name} has {percent(after)} of the share of voice in {who}'s answers, {moved}",
        "rise": f"{percent(after)} of {who}'s answers that name {brand.name} are negative, {moved}",
    }[series.watch]
    return Firing(
        subject=f"{series.watch} {'up' if up else 'down'} {series.assistant} {series.stratum}",
        start=window.now.start,
        end=window.now.end,
        words=f"{said} ({points(change.difference)}; 95 %: {points(change.low)} to {points(change.high)}; "
        f"{change.pairs} prompts), {days_words(window.now.start, window.now.end)} against the {rule.days} days before."
        + _break_words(series, window, breaks),
        page="brands" if series.watch == "rise" else "overview",
        query=_query(rule, series, window.now, brand.pk),
        good=False if series.watch == "rise" else up if brand.own else None,
        figures={
            "before": before,
            "after": after,
            "difference": change.difference,
            "low": change.low,
            "high": change.high,
            "p": change.p,
            "q": change.q,
            "prompts": change.pairs,
        },
    )


def _level(series: Series, period: Period, other: Period) -> float | None:
    """The rate of one period over the prompts that were measured in both: what the change is the difference of."""
    hits, n, measured = series.of(period)
    _, n_other, measured_other = series.of(other)
    if series.watch == "voice":
        both = (measured > 0) & (measured_other > 0)
        return metrics.ratio(float(hits[both].sum()), float(n[both].sum()))
    both = (n > 0) & (n_other > 0)
    return float((hits[both] / n[both]).mean()) if both.any() else None


def _break_words(series: Series, window: Window, breaks: Breaks) -> str:
    """What else changed between the two periods' first and last day, which may be why."""
    span = Period(window.before.start + timedelta(days=1), window.now.end)
    within = [each for each in (*breaks.get("", []), *breaks.get(series.assistant, [])) if each.day in span]
    listed = "; ".join(f"{each.label} on {day_words(each.day)}" for each in within)
    return f" The measuring changed too, which may be why: {listed}." if listed else ""


def _any_negative(rule: AlertRule, brand: BrandInfo, series: Series, period: Period) -> Iterable[Firing]:
    for place, day in enumerate(series.days):
        negative, judged = int(series.hits[place].sum()), int(series.n[place].sum())
        if day in period and negative:
            yield Firing(
                subject=f"any {series.assistant} {series.stratum}",
                start=day,
                end=day,
                words=f"{negative} of the {judged} answers of {assistants.label(series.assistant)} that name "
                f"{brand.name} on {day_words(day)} {'is' if negative == 1 else 'are'} negative toward it.",
                page="answers",
                query=_query(rule, series, Period(day, day), brand.pk, sentiment="negative"),
                good=False,
                figures={"negative": negative, "judged": judged},
            )


def _query(rule: AlertRule, series: Series, period: Period, brand: int, **more: str) -> str:
    """The filters of a page that shows what the rule looked at."""
    given = {
        "from": period.start.isoformat(),
        "to": period.end.isoformat(),
        "panel": rule.panel_id,
        "assistant": series.assistant,
        "stratum": series.stratum,
        "brand": brand,
        **more,
    }
    return urlencode({name: value for name, value in given.items() if value})
