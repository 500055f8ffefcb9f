"""Charts: valid Vega-Lite, honest rows, colours that the stylesheet has too, and SVG for paper."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from django.contrib.staticfiles import finders
from hypothesis import given
from hypothesis import strategies as st

from monitor import chart_axes, chart_theme, charts
from monitor.metrics import Rate
from monitor.queries import dashboard
from monitor.queries.dashboard import Section
from monitor.queries.filters import Filter, Period
from tests.factories_history import LAST_DAY, make_history

STYLES = Path(charts.__file__).parent / "static" / "monitor" / "citescope.css"


def section(**history: Any) -> Section:
    made = make_history(**{"prompts": 12, "days": 9, **history})
    (found,) = dashboard.overview(made.workspace, Filter(Period(LAST_DAY - timedelta(days=29), LAST_DAY))).sections
    return found


def tokens(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(tokens, value.values()))
    if isinstance(value, list):
        return set().union(*map(tokens, value))
    return {value} if isinstance(value, str) and value.startswith("--") else set()


@pytest.mark.django_db
def test_specs_are_valid_and_name_only_colours_that_exist() -> None:
    found = section(missing=(4,))
    light = STYLES.read_text().partition("@media")[0]
    for draw in (charts.series_chart, charts.comparison_chart):
        spec = draw(found, "mention")
        alt.LayerChart.from_dict(spec, validate=True)
        assert tokens(spec) <= set(chart_theme.PAPER)
        assert not tokens(chart_theme.on_paper(spec))
    for name, colour in chart_theme.PAPER.items():
        assert re.search(rf"{name}: {colour};", light), f"the stylesheet has another {name}"


@pytest.mark.django_db
def test_a_missing_day_breaks_the_line_and_the_axis_begins_at_zero() -> None:
    spec = charts.series_chart(section(missing=(4,)), "mention")
    own = [row for row in spec["datasets"]["rows"] if row["own"]]
    assert [row["segment"] for row in own] == [0] * 4 + [1] * 4
    assert all(0 <= row["low"] <= row["rate"] <= row["high"] <= 1 and row["n"] > 0 for row in own)
    scales = [layer["encoding"]["y"]["scale"]["domain"] for layer in spec["layer"] if "y" in layer["encoding"]]
    assert {domain[0] for domain in scales} == {0}


def tops(spec: charts.Spec) -> set[float]:
    found = re.findall(r'"domain": \[0, ([0-9.]+)\]', json.dumps(spec))
    return {float(top) for top in found}


def ticks_of(spec: charts.Spec) -> int:
    """The highest tick that the picture has, in percent."""
    return max(int(said) for said in re.findall(r">(\d+)\xa0%<", chart_theme.to_svg(spec)))


@pytest.mark.parametrize(
    ("highest", "top", "ticks"),
    [
        (0.0, 0.1, [0, 0.02, 0.04, 0.06, 0.08, 0.1]),
        (0.2, 0.25, [0, 0.05, 0.1, 0.15, 0.2, 0.25]),
        (0.4, 0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        (0.6, 0.8, [0, 0.2, 0.4, 0.6, 0.8]),
        (0.97, 1.0185, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (1.0, 1.05, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_an_axis_of_rates_ends_with_room_above_the_highest(highest: float, top: float, ticks: list[float]) -> None:
    assert chart_axes.share_axis([None, highest, 0.0]) == (top, ticks)


@pytest.mark.django_db
def test_nothing_touches_the_edge_and_no_axis_says_more_than_all() -> None:
    found = section()
    whole = Rate(1.0, 0.88, 1.0, n=120, prompts=12)
    full = replace(
        found,
        series=tuple(
            replace(each, points=tuple(replace(point, mention=whole) for point in each.points)) for each in found.series
        ),
        brands=tuple(replace(row, mention=whole, mention_before=whole) for row in found.brands),
    )
    for draw in (charts.series_chart, charts.comparison_chart):
        usual, highest = draw(found, "mention"), draw(full, "mention")
        (top,) = tops(usual)
        rows = usual["datasets"]["rows"]
        shown = max(row["high"] or row["rate"] for row in rows)
        assert shown * 1.05 - 1e-3 <= top <= max(0.1, shown + 0.25)
        assert ticks_of(usual) == round(top * 100), "the highest tick stands above all that is shown"
        assert tops(highest) == {1.05} and ticks_of(highest) == 100


@pytest.mark.django_db
def test_of_many_brands_own_and_the_top_two_are_coloured_and_labelled() -> None:
    spec = charts.series_chart(section(), "mention")
    coloured = {row["brand"] for row in spec["datasets"]["rows"] if row["main"]}
    assert "Fernwood" in coloured
    assert len(coloured) == 3
    labels = spec["datasets"]["labels"]
    assert {label["brand"] for label in labels if label["main"]} == coloured
    assert {label["brand"] for label in labels if not label["main"]} == {"Hollis & Kay", "Nib Street", "Tallow"}


@pytest.mark.django_db
def test_the_legend_names_the_grey_lines_and_those_with_a_band() -> None:
    legend = charts.legend(section())
    assert [brand.name for brand in legend.coloured] == ["Fernwood", "Quillmark", "Ostrava Paper"]
    assert {brand.name for brand in legend.grey} == {"Hollis & Kay", "Nib Street", "Tallow"}
    assert [brand.name for brand in legend.banded] == ["Fernwood"]
    thin = section(prompts=4)
    assert charts.legend(thin).banded == ()
    assert "too thin" in charts.series_chart(thin, "mention")["description"]


@pytest.mark.django_db
def test_days_that_only_are_compared_with_are_marked_off() -> None:
    made = make_history(prompts=12, days=9)

    def compared(days: int) -> list[dict[str, str]]:
        (found,) = dashboard.overview(
            made.workspace, Filter(Period(LAST_DAY - timedelta(days=days - 1), LAST_DAY))
        ).sections
        marked: list[dict[str, str]] = charts.series_chart(found, "mention")["datasets"]["compared"]
        return marked

    (half,) = compared(4)
    assert half["end"] == f"{LAST_DAY - timedelta(days=4)}T12:00:00Z" and half["at"] == half["start"]
    (narrow,) = compared(8)
    assert narrow["at"] == narrow["end"], "named beside it where there is no room within"
    assert compared(9) == []


def test_two_charts_side_by_side_have_one_axis_unless_one_would_be_squeezed() -> None:
    assert chart_axes.axis_of_pair([0.5], [0.7])[0] == chart_axes.axis_of_pair([0.7], [0.5])[0] == 0.8
    assert chart_axes.axis_of_pair([0.1], [0.9])[0] < 0.2


@pytest.mark.django_db
def test_one_day_has_no_lines() -> None:
    assert not charts.has_lines(section(days=1))
    assert charts.has_lines(section(days=2))


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 2])
def test_short_histories_and_odd_names_can_be_drawn(days: int) -> None:
    found = section(days=days, prompts=2)
    for draw in (charts.series_chart, charts.comparison_chart):
        svg = chart_theme.to_svg(draw(found, "citation"))
        assert svg.startswith("<svg")
        assert "Hollis &amp; Kay" in svg or draw is charts.series_chart


def test_characters_that_no_xml_may_hold_are_left_out() -> None:
    mark = {"mark": "text", "encoding": {"text": {"field": "label", "type": "nominal"}}}
    spec = {**mark, "data": {"values": [{"label": "A\x01B\uffff\ud800é"}]}, "config": {}}
    assert "ABé" in chart_theme.to_svg(spec)


@given(st.lists(st.floats(0, 1), max_size=12).map(sorted), st.floats(0.02, 0.08))
def test_labels_are_moved_apart_and_keep_their_order(places: list[float], gap: float) -> None:
    moved = chart_axes.spread(places, gap, 1.0)
    assert moved == sorted(moved)
    assert all(0 <= place <= 1 + 1e-9 for place in moved)
    if len(places) * gap <= 0.5:
        assert all(b - a >= gap - 1e-9 for a, b in zip(moved, moved[1:], strict=False))


def test_the_bundle_is_a_static_file_with_its_gzip_form() -> None:
    found = finders.find("monitor/vega.js")
    assert found
    content = Path(found).read_bytes()
    assert b"window.vegaEmbed" in content
    assert gzip.decompress(Path(f"{found}.gz").read_bytes()) == content
    assert finders.find("monitor/vega.jsx") is None
