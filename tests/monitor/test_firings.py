"""Which of what a rule sees is news: told once while its days overlap, in whatever order it comes."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.firings import Firing, latest_news, news

START = date(2026, 1, 1)


@st.composite
def windows(draw: st.DrawFn) -> list[Firing]:
    """The same few things, seen on some of sixty days, over a window of days each."""
    length = draw(st.integers(1, 10))
    ends = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 60)), max_size=60))
    return [
        Firing(
            subject,
            START + timedelta(days=end - length + 1),
            START + timedelta(days=end),
            f"{subject} {end}",
            "overview",
        )
        for subject, end in ends
    ]


def overlap(one: Firing, other: Firing) -> bool:
    return one.subject == other.subject and one.start <= other.end and other.start <= one.end


@given(windows())
def test_nothing_overlapping_is_told_twice_and_nothing_is_left_out(found: list[Firing]) -> None:
    for look in (news, latest_news):
        told = look(found, {})
        assert not any(overlap(one, other) for place, one in enumerate(told) for other in told[place + 1 :])
        assert all(any(overlap(each, one) for one in told) for each in found)
        assert [each.end for each in told] == sorted(each.end for each in told)
        last = {each.subject: each.end for each in told}
        assert look(found, last) == [], "told once"


@given(windows())
def test_day_by_day_tells_what_looking_back_in_order_tells(found: list[Firing]) -> None:
    told: list[Firing] = []
    for day in sorted({each.end for each in found}):
        known = {each.subject: each.end for each in told}
        told += latest_news([each for each in found if each.end == day], known)
    assert told == news(found, {})
