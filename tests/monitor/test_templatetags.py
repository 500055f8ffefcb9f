"""Figures and times as people read them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html import unescape
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitor.metrics import Change
from monitor.templatetags import citescope as tags


def words(html: Any) -> str:
    return (
        re.sub(r"<[^>]+>", "", str(html))
        .replace("\u00a0", " ")
        .replace("\u200a", "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
    )


def rate(
    value: float | None, low: float | None = None, high: float | None = None, reason: str = "", **more: int
) -> Any:
    return SimpleNamespace(**{"rate": value, "low": low, "high": high, "reason": reason, "prompts": 20, **more})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (tags.percent(rate(0.38, 0.32, 0.44)), "38 % (32–44)"),
        (tags.percent(rate(0.38, reason="too thin")), "38 % (too thin)"),
        (tags.percent(0.004), "<1 %"),
        (tags.percent(0.997), ">99 %"),
        (tags.percent(0), "0 %"),
        (tags.points(-0.021), "−2 pts"),
        (tags.bounds(Change(-0.2, -0.45, 0.02, 0.2, 15)), "(−45 to +2)"),
        (tags.moved(Change(-0.2, -0.45, 0.02, 0.2, 15, fell=4)), "4 of 15 prompts fell"),
        (tags.moved(Change(0.1, -0.1, 0.2, 0.2, 15, rose=5, fell=3)), "5 rose and 3 fell of 15 prompts"),
        (tags.n(12345), "12,345"),
        (tags.money(Decimal("1.5")), "$1.50"),
        (tags.money(Decimal("0.0004")), "< $0.01"),
        (tags.tokens(12400), "12.4 k"),
        (tags.tokens(87.0), "87"),
        (tags.size(50_000_000), "50 MB"),
        (tags.took(30_000), "30 s"),
        (tags.said_day("2026-08-20T10:00:00Z"), "20 Aug 2026"),
        (tags.said_day("last spring"), "last spring"),
        (tags.tokens(999_960), "1 M"),
        (tags.took(38), "38 ms"),
        (tags.took(0.2), "<1 ms"),
        (tags.took(200_000), "3 min 20 s"),
        (tags.day(date(2026, 11, 20)), "20 Nov 2026"),
    ],
)
def test_figures(written: Any, expected: str) -> None:
    assert words(written) == expected


@given(st.text())
def test_an_address_with_breaks_stays_what_it_is(address: str) -> None:
    assert unescape(tags.breakable(address).replace("<wbr>", "")) == address


def test_an_address_breaks_after_its_parts() -> None:
    assert tags.breakable("a.b/c-d?e=<f>") == "a.<wbr>b/<wbr>c-<wbr>d?<wbr>e=<wbr>&lt;f&gt;"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (rate(0.38, 0.32, 0.44), "from resampling 20 prompts"),
        (rate(0.0, 0.0, 0.16), "20 prompts that all agree"),
        (rate(1.0, 0.84, 1.0), "20 prompts that all agree"),
        (rate(1 / 3, 1 / 3, 1 / 3), "that is not certainty"),
        (rate(0.5, 0.1, 0.9, prompts=1), "one prompt"),
    ],
)
def test_an_interval_says_where_it_comes_from(found: Any, said: str) -> None:
    assert said in str(tags.percent(found))


def test_what_was_not_measured_is_a_dash_with_its_reason() -> None:
    for written in (
        tags.percent(None),
        tags.percent(rate(None, reason="no valid response")),
        tags.n(None),
        tags.when(None),
    ):
        assert words(written).startswith("–") and "Not measured" in written
    assert 'title="Not measured: no valid response"' in tags.percent(rate(None, reason="no valid response"))


def test_times_are_of_the_workspaces_zone_and_relative_ones_carry_the_absolute() -> None:
    moment = datetime(2026, 11, 20, 13, 5, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert words(tags.when(moment)) == "20 Nov 2026, 14:05 CET"
        soon = timezone.now() + timedelta(minutes=5, seconds=20)
        assert re.fullmatch(r"in 5 min \d+ \w{3} \d{4}, \d\d:\d\d CES?T", words(tags.ago(soon)))
