"""Charts as Vega-Lite specs, built with Altair, for the page and the report. Knows typed rows, not their source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from statistics import median
from typing import Any, Literal

import altair as alt

from monitor import chart_axes, chart_theme
from monitor.chart_theme import Spec
from monitor.metrics import Rate
from monitor.queries.counts import BrandInfo
from monitor.queries.dashboard import BrandRow, Measure, Section, Series

#: With more brands than this, all but own ones and the top two are grey until pointed at.
MOST_COLOURED = 5
TOP = 2
SERIES_HEIGHT = 220
ROW_HEIGHT = 26
#: How strong a band is filled, and its edge drawn; pointing at a line, or picking its brand, shows its own.
BAND, EDGE = 0.12, 0.5
#: Brands picked in the page's legend, by name; a signal that `charts.js` sets. None picked: the usual few stand out.
PICKED, POINTED = "picked", "pointed"
_IS_PICKED = f"indexof({PICKED}, datum.brand) >= 0"
_STANDS_OUT = f"length({PICKED}) ? {_IS_PICKED} : datum.main"
_HAS_BAND = f"length({PICKED}) ? {_IS_PICKED} : datum.band"
_IS_LABELLED = f"length({PICKED}) ? {_IS_PICKED} : datum.shown"
#: A tick as the tables write rates.
_PERCENT = "format(datum.value * 100, 'd') + '\u00a0%'"
LABEL_PIXELS = 15
LABEL_LETTERS = 15
LABEL_WIDTH = 120
WORDS: dict[Measure, str] = {"mention": "named", "citation": "cited"}


def series_chart(section: Section, measure: Measure) -> Spec:
    """Rates by day as lines with 95 % bands, from 0; days without a valid run are gaps."""
    main, rest = _split(section)
    banded = _banded(main)
    lines = [row for series in section.series for row in _line_rows(series, measure, series in main, series in banded)]
    # grey bands show when asked for
    top, shares = chart_axes.axis_of_pair(*(_heights(section, each) for each in _with_other(measure)))
    first, last = _ends(section.series)
    what = f"{'Mention' if measure == 'mention' else 'Citation'} rate by {'week' if section.by_week else 'day'}"
    description = f"{what} of {len(section.series)} brands, {section.label}" + _says_bands(lines)
    spec: Spec = chart_theme.filled(
        _series_spec(measure, bool(section.breaks), bool(compared := _compared(section))),
        {
            "$days": [_utc(first), _utc(last)],
            "$ticks": [_utc(day) for day in chart_axes.days_marked(first, last)],
            "$top": top,
            "$shares": shares,
            "$description": description,
            **_brand_colours(section),
        },
    )
    spec["datasets"] = {
        "rows": lines,
        "labels": _labels(main, rest, measure, top),
        "compared": compared,
        "breaks": [{"day": _iso(item.day), "label": _short(item.label)} for item in section.breaks],
    }
    return spec


@cache
def _series_spec(measure: Measure, has_breaks: bool, has_compared: bool) -> Spec:
    """The chart without what a section says: names with a dollar sign stand for that.

    Altair takes 50 to 100 ms for it, checks included; filling it in takes a fifth of one.
    """
    scale = alt.Scale(type="utc", domain=["$days"], nice=False)
    ticks = alt.Axis(values=["$ticks"], format="%-d %b", grid=False, title=None, labelFlush=False)
    x = alt.X("day:T", scale=scale, axis=ticks)
    share = alt.Scale(domain=[0, "$top"], nice=False, clamp=True)
    title = f"Answers that {'name' if measure == 'mention' else 'cite'} the brand"
    y = alt.Y("rate:Q", scale=share, axis=alt.Axis(labelExpr=_PERCENT, values=["$shares"], title=title))
    colour = _COLOUR
    pointed = alt.selection_point(name=POINTED, fields=["brand"], on="pointerover", nearest=True, empty=False)

    base = alt.Chart().encode(x=x, detail=[alt.Detail("brand:N"), alt.Detail("segment:N")])
    band = (
        base.transform_filter("datum.low !== null")
        .mark_area(strokeWidth=1)
        .encode(
            y=alt.Y("low:Q", scale=share),
            y2=alt.Y2("high:Q"),
            color=colour,
            stroke=_STROKE,
            fillOpacity=_where_banded(alt.FillOpacityValue, BAND),
            strokeOpacity=_where_banded(alt.StrokeOpacityValue, EDGE),
        )
    )
    # grey first: a coloured line lies on top of it
    lines = [
        base.transform_filter(which)
        .mark_line()
        .encode(
            y=y,
            color=_told_apart(alt.ColorValue, colour, "--border-strong"),
            strokeWidth=_told_apart(alt.StrokeWidthValue, alt.value(width), 1.25),
        )
        for which, width in (("!datum.main", 2.5), ("datum.main && !datum.own", 1.75), ("datum.main && datum.own", 3))
    ]
    dots = base.transform_filter(_STANDS_OUT).mark_point(filled=True, opacity=1, size=14).encode(y=y, color=colour)
    targets = base.mark_point(filled=True, size=110, opacity=0).encode(y=y, tooltip=_tooltip("day")).add_params(pointed)
    ends = (
        alt.Chart(alt.NamedData("labels"))
        .transform_filter(_IS_LABELLED)
        .encode(x=alt.X("day:T", scale=scale), y=alt.Y("at:Q", scale=share))
    )
    # names in the colour of text: some brands' colours are too pale to read
    marks = ends.mark_point(filled=True, shape="square", size=64, opacity=1, xOffset=12).encode(
        color=_told_apart(alt.ColorValue, colour, "--border-strong")
    )
    names = ends.mark_text(align="left", dx=20, fontSize=12, limit=LABEL_WIDTH).encode(
        text=alt.Text("label:N"), color=_told_apart(alt.ColorValue, alt.value("--text"), "--muted")
    )
    layers = [band, *lines, dots, targets, marks, names]
    if has_breaks:
        layers.insert(0, _break_rules(scale))
    if has_compared:
        layers.insert(0, _compared_days(scale))
    chart = alt.layer(*layers, data=alt.NamedData("rows")).properties(
        width="container", height=SERIES_HEIGHT, description="$description"
    )
    spec = chart_theme.finished(chart)
    spec["params"] = [{"name": PICKED, "value": []}, *spec.get("params", [])]
    return spec


def comparison_chart(section: Section, measure: Measure) -> Spec:
    """Brands side by side over the period: a dot with its 95 % interval, and a ring for the period before."""
    rows = [_comparison_row(row, measure) for row in section.brands]
    top, shares = chart_axes.axis_of_pair(*(_reaches(section, each) for each in _with_other(measure)))
    said = f"How often each brand is {WORDS[measure]}, {section.label}: {len(rows)} brands" + _says_bands(rows)
    spec: Spec = chart_theme.filled(
        _comparison_spec(measure),
        {
            "$top": top,
            "$shares": shares,
            "$order": [row["brand"] for row in rows],
            "$description": said,
            **_brand_colours(section),
        },
    )
    return spec | {"height": ROW_HEIGHT * len(rows), "datasets": {"rows": rows}}


@cache
def _comparison_spec(measure: Measure) -> Spec:
    share = alt.Scale(domain=[0, "$top"], nice=False)
    axis = alt.Axis(
        labelExpr=_PERCENT,
        values=["$shares"],
        title=f"Answers in which it is {WORDS[measure]}",
        labelFlush=False,  # each label stands under its tick, the first and the last one too
    )
    base = alt.Chart().encode(
        y=alt.Y(
            "brand:N",
            sort=["$order"],
            title=None,
            axis=alt.Axis(labelLimit=130, labelPadding=16, ticks=False, grid=False),
        ),
        color=_COLOUR,
    )
    x = alt.X("rate:Q", scale=share, axis=axis)
    whisker = (
        base.transform_filter("datum.low !== null")
        .mark_rule(strokeWidth=2, opacity=0.7)
        .encode(x=alt.X("low:Q", scale=share, axis=axis), x2=alt.X2("high:Q"))
    )
    before = (
        base.transform_filter("datum.before !== null")
        .mark_point(filled=False, size=60, strokeWidth=1.5, fill="--surface-1", opacity=1)
        .encode(x=alt.X("before:Q", scale=share))
    )
    now = base.transform_filter("datum.rate !== null").mark_point(filled=True, size=90, opacity=1)
    layers = whisker, before, now.encode(x=x, tooltip=_tooltip())
    chart = alt.layer(*layers, data=alt.NamedData("rows")).properties(width="container", description="$description")
    return chart_theme.finished(chart)


def _says_bands(rows: Iterable[dict[str, Any]]) -> str:
    return ", with 95 % intervals." if any(row["low"] is not None for row in rows) else "; too thin for intervals."


def can_draw(section: Section) -> bool:
    """Whether there is a brand with a measured day."""
    return any(series.points for series in section.series)


def has_lines(section: Section) -> bool:
    """Whether there are two days to draw a line between; one day is shown by `comparison_chart` alone."""
    return len({point.day for series in section.series for point in series.points}) > 1


@dataclass(frozen=True, slots=True)
class Legend:
    """What the lines are: brands in colour, brands in grey until pointed at or picked, and those with a band."""

    coloured: tuple[BrandInfo, ...]
    grey: tuple[BrandInfo, ...]
    banded: tuple[BrandInfo, ...]


def legend(section: Section) -> Legend:
    """The legend of a section's `series_chart`; `banded` is empty where no day has enough prompts for an interval."""
    main, rest = _split(section)
    order = {row.brand.pk: place for place, row in enumerate(section.brands)}

    def brands(chosen: Iterable[Series]) -> tuple[BrandInfo, ...]:
        return tuple(sorted((series.brand for series in chosen), key=lambda brand: order.get(brand.pk, 0)))

    measured = [series for series in _banded(main) if any(point.mention.low is not None for point in series.points)]
    return Legend(brands(main), brands(rest), brands(measured))


# --- rows -----------------------------------------------------------------------------------------------------------


def _line_rows(series: Series, measure: Measure, main: bool, band: bool) -> Iterable[dict[str, Any]]:
    """Measured points; a new `segment` begins after a gap wider than the usual distance of two points."""
    points = [point for point in series.points if _rate(point, measure).rate is not None]
    distances = [(b.day - a.day).days for a, b in zip(points, points[1:], strict=False)]
    usual = median(distances) if distances else 1
    segment = 0
    for place, point in enumerate(points):
        if place and distances[place - 1] > 1.5 * usual:
            segment += 1
        yield {
            "brand": series.brand.name,
            "own": series.brand.own,
            "main": main,
            "band": band,
            "day": _iso(point.day),
            "segment": segment,
            **_figures(_rate(point, measure)),
        }


def _comparison_row(row: BrandRow, measure: Measure) -> dict[str, Any]:
    now, before = (row.mention, row.mention_before) if measure == "mention" else (row.citation, row.citation_before)
    return {"brand": row.brand.name, "own": row.brand.own, **_figures(now), "before": before.rate}


def _figures(rate: Rate) -> dict[str, Any]:
    """Rounded to what a chart can show, with the words of its tooltip."""
    if rate.rate is None:
        return {"rate": None, "low": None, "high": None, "said": "not measured", "n": 0}
    said = f"{rate.rate * 100:.0f}\u00a0%"
    if rate.low is not None and rate.high is not None:
        said += f" ({rate.low * 100:.0f}–{rate.high * 100:.0f})"
    else:
        said += f" ({rate.reason or 'no interval'})"
    low, high = (None if bound is None else round(bound, 4) for bound in (rate.low, rate.high))
    return {"rate": round(rate.rate, 4), "low": low, "high": high, "said": said, "n": rate.n}


def _labels(main: Sequence[Series], rest: Sequence[Series], measure: Measure, top: float) -> list[dict[str, Any]]:
    """Names at the lines' ends, the coloured ones moved apart so that none covers another.

    A grey line's is `shown` where there is room left for it, or else when it is picked.
    """
    gap = LABEL_PIXELS / SERIES_HEIGHT * top
    ends = sorted(_line_ends(main, measure), key=lambda end: end[1])
    at = chart_axes.spread([place for _, place in ends], gap, top)
    found = [{**label, "main": True, "shown": True, "at": place} for (label, _), place in zip(ends, at, strict=True)]
    for label, place in _line_ends(rest, measure):
        shown = all(abs(place - other) >= gap for other in at)
        at += [place] if shown else []
        found.append({**label, "main": False, "shown": shown, "at": place})
    return [{**label, "at": round(label["at"], 4)} for label in found]


def _line_ends(series: Sequence[Series], measure: Measure) -> Iterable[tuple[dict[str, Any], float]]:
    """Each line's name, and how high it ends."""
    for one in series:
        rates = [(point.day, rate) for point in one.points if (rate := _rate(point, measure).rate) is not None]
        if rates:
            day, rate = rates[-1]
            yield {"brand": one.brand.name, "label": _short(one.brand.name), "day": _iso(day)}, rate


def _split(section: Section) -> tuple[list[Series], list[Series]]:
    """The series to colour and those to grey: all are coloured while they are few."""
    if len(section.series) <= MOST_COLOURED:
        return list(section.series), []
    ranked = [row.brand.pk for row in section.brands]  # own first, then by mention rate
    own = [row.brand.pk for row in section.brands if row.brand.own]
    chosen = set(own[:TOP] + [pk for pk in ranked if pk not in own][:TOP])
    main = [series for series in section.series if series.brand.pk in chosen]
    return main, [series for series in section.series if series not in main]


def _banded(main: Sequence[Series]) -> list[Series]:
    """The coloured series whose bands are drawn unasked: own brands, else the first. More would cover each other."""
    return [series for series in main if series.brand.own] or list(main[:1])


def _channel(kind: Any, condition: Any) -> Any:
    """A condition as the channel it is for: left to find that out, Altair tries its whole schema, as long again."""
    return kind(**condition)


def _where_banded(kind: Any, strength: float) -> Any:
    """So strong for the brands whose band is drawn, and for the one that is pointed at; nothing for the rest."""
    either: Any = {"test": {"or": [{"param": POINTED, "empty": False}, _HAS_BAND]}}
    return _channel(kind, alt.when(either).then(alt.value(strength)).otherwise(alt.value(0)))


def _told_apart(kind: Any, then: Any, otherwise: Any) -> Any:
    """`then` for a line that is pointed at or stands out, `otherwise` for the rest."""
    either: Any = {"test": {"or": [{"param": POINTED, "empty": False}, _STANDS_OUT]}}
    return _channel(kind, alt.when(either).then(then).otherwise(alt.value(otherwise)))


def _rate(point: Any, measure: Measure) -> Rate:
    found: Rate = point.mention if measure == "mention" else point.citation
    return found


def _ends(series: Sequence[Series]) -> tuple[date, date]:
    days = [point.day for item in series for point in item.points]
    return min(days), max(max(days), min(days) + timedelta(days=1))


def _with_other(measure: Measure) -> tuple[Measure, Measure]:
    return ("mention", "citation") if measure == "mention" else ("citation", "mention")


def _heights(section: Section, measure: Measure) -> list[float | None]:
    """How high the lines and their bands go."""
    rates = [_rate(point, measure) for series in section.series for point in series.points]
    return [rate.rate if rate.high is None else rate.high for rate in rates]


def _reaches(section: Section, measure: Measure) -> list[float | None]:
    """How far dots, whiskers and rings go."""
    rows = [_comparison_row(row, measure) for row in section.brands]
    return [row[name] for row in rows for name in ("rate", "high", "before")]


def _compared(section: Section) -> list[dict[str, Any]]:
    """The days of the series that only are compared with: they end between two points."""
    days = sorted({point.day for series in section.series for point in series.points})
    begins = section.begins - timedelta(days=section.begins.weekday()) if section.by_week else section.begins
    earlier, now = [day for day in days if day < begins], [day for day in days if day >= begins]
    if not earlier or not now:
        return []
    end = datetime.combine(earlier[-1], datetime.min.time(), UTC)
    end += (now[0] - earlier[-1]) / 2
    start, ended = _iso(earlier[0]), f"{end:%Y-%m-%dT%H:%M:%SZ}"
    is_narrow = (earlier[-1] - earlier[0]) * 4 < days[-1] - days[0]
    words = {"at": ended, "label": "← period before"} if is_narrow else {"at": start, "label": "period before"}
    return [{"start": start, "end": ended, **words}]


def _short(name: str) -> str:
    return name if len(name) <= LABEL_LETTERS else name[: LABEL_LETTERS - 1].rstrip() + "…"


def _iso(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _utc(day: date) -> dict[str, Any]:
    return {"year": day.year, "month": day.month, "date": day.day, "utc": True}


# --- theme ------------------------------------------------------------------------------------------------------------


_BRANDS = alt.Scale(domain=["$brands"], range=["$colours"])
_COLOUR = alt.Color("brand:N", legend=None, scale=_BRANDS)
_STROKE = alt.Stroke("brand:N", legend=None, scale=_BRANDS)


def _brand_colours(section: Section) -> dict[str, list[str]]:
    """What `_COLOUR` leaves open."""
    brands = sorted((series.brand for series in section.series), key=lambda brand: brand.name)
    colours = [f"--series-{brand.colour % 8}" for brand in brands]
    return {"$brands": [brand.name for brand in brands], "$colours": colours}


def _tooltip(*leading: Literal["day"]) -> list[alt.Tooltip]:
    day = [alt.Tooltip("utcyearmonthdate(day):T", title="Day", format="%-d %b %Y")] if leading else []
    return [
        alt.Tooltip("brand:N", title="Brand"),
        *day,
        alt.Tooltip("said:N", title="Rate"),
        alt.Tooltip("n:Q", title="n", format=","),
    ]


def _break_rules(scale: alt.Scale) -> Any:
    base = alt.Chart(alt.NamedData("breaks")).encode(x=alt.X("day:T", scale=scale))
    rule = base.mark_rule(strokeDash=[3, 3], color="--border-strong")
    words = base.mark_text(align="left", dx=3, dy=8, y=0, fontSize=10, color="--muted").encode(text=alt.Text("label:N"))
    return alt.layer(rule, words)


def _compared_days(scale: alt.Scale) -> Any:
    base = alt.Chart(alt.NamedData("compared")).encode(x=alt.X("start:T", scale=scale))
    ground = base.mark_rect(color="--border", opacity=0.4).encode(x2=alt.X2("end:T"))
    rule = base.mark_rule(color="--border-strong").encode(x=alt.X("end:T", scale=scale))
    words = base.mark_text(align="left", dx=4, dy=8, y=0, fontSize=11, color="--muted")
    return alt.layer(ground, rule, words.encode(x=alt.X("at:T", scale=scale), text=alt.Text("label:N")))
