"""Schedules: what is refused and why, slots over clock changes, and the words for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import schedule

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
ZONES = ["UTC", BERLIN, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 6 * *", "five fields"),
        ("0 6 * * * *", "five fields"),
        ("x 6 * * *", "“x” is no minute"),
        ("0 24 * * *", "“24” is no hour"),
        ("0 0 * * FOO", "no day of the week"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 0 */31 * 1#5", "never comes"),
        ("* * * * *", "every minute"),
        ("*/14 * * * *", "every 4 minutes where the hour turns, as “.*” begins anew at each full hour"),
        ("0,59 0,23 * * *", "every minute"),
        ("0 6 * * " + "1," * 60 + "1", "120 characters"),
        ("1" * 110 + " * * * *", "no minute"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(cron: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        schedule.validate(cron, "UTC")


@pytest.mark.parametrize("zone", ["Mars/Base", "Europe", "", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        schedule.validate("0 6 * * *", zone)


@pytest.mark.parametrize("cron", ["", "*/15 * * * *", "0 0 29 2 *", "0 0 L * *", "0 0 30 2 1", "0,59 0,23 1 * *"])
def test_what_can_run_passes(cron: str) -> None:
    schedule.validate(cron, BERLIN)


def test_every_preset_and_zone_on_offer_is_valid() -> None:
    for cron, words in schedule.PRESETS:
        schedule.validate(cron, "UTC")
        assert words
    for zone in schedule.time_zones():
        schedule.validate("", zone)


def test_slots_are_utc_and_follow_the_zone() -> None:
    assert schedule.next_slots("0 6 * * *", BERLIN, utc(2026, 3, 27, 5), 3) == [
        utc(2026, 3, 28, 5),
        utc(2026, 3, 29, 4),
        utc(2026, 3, 30, 4),
    ]


def test_a_time_the_clock_skips_runs_when_the_clock_goes_on() -> None:
    assert schedule.next_slots("30 2 * * *", BERLIN, utc(2026, 3, 28, 12), 2) == [
        utc(2026, 3, 29, 1),
        utc(2026, 3, 30, 0, 30),
    ]
    notes = schedule.clock_notes("30 2 * * *", BERLIN, utc(2026, 3, 1))
    assert notes[0] == "On 29 Mar 2026 the clock skips 02:30; it runs at 03:00 instead."
    assert notes[1] == "On 25 Oct 2026 the clock shows 02:30 twice; it runs the first time only."


def test_a_time_that_comes_twice_runs_once_wherever_one_asks_from() -> None:
    first, tomorrow = utc(2026, 10, 25, 0, 30), utc(2026, 10, 26, 1, 30)
    assert schedule.next_slots("30 2 * * *", BERLIN, utc(2026, 10, 24, 12), 2) == [first, tomorrow]
    for minutes in range(0, 90, 7):  # through both hours that the clock calls two
        assert schedule.next_slots("30 2 * * *", BERLIN, first + timedelta(minutes=minutes), 1) == [tomorrow]


def test_steps_follow_elapsed_time_over_a_clock_change() -> None:
    for start in (utc(2026, 3, 28, 23), utc(2026, 10, 24, 22)):
        slots = schedule.next_slots("*/15 * * * *", BERLIN, start, 30)
        assert {later - earlier for earlier, later in pairwise(slots)} == {timedelta(minutes=15)}
    assert schedule.clock_notes("*/15 * * * *", BERLIN, NOW) == []
    assert "fall out" in schedule.clock_notes("*/30 2 * * *", BERLIN, NOW)[0]


@pytest.mark.parametrize(
    ("cron", "zone", "words"),
    [
        ("", "UTC", "Only when somebody runs it"),
        ("0 6 * * *", BERLIN, "At 06:00 every day, Europe/Berlin time"),
        ("0 6 * * 1-5", "UTC", "At 06:00, Monday through Friday, UTC"),
        ("*/15 * * * *", "UTC", "Every 15 minutes, UTC"),
        ("*/40 * * * *", "UTC", "Every 40 minutes (*/40 begins anew each hour), UTC"),
        ("0 */5 * * *", "UTC", "Every 5 hours (*/5 begins anew each day), UTC"),
        ("0 0 31 * 1", "UTC", "At 00:00, on day 31 of the month or on Monday (either is enough), UTC"),
        (
            "0 6 1-7 3 1-5",
            "UTC",
            "At 06:00, in March, between day 1 and 7 of the month or Monday through Friday (either is enough), UTC",
        ),
        ("0 0 */2 * 1", "UTC", "At 00:00, every 2 days and on Monday (only where both agree), UTC"),
    ],
)
def test_words(cron: str, zone: str, words: str) -> None:
    assert schedule.describe(cron, zone) == words


def test_the_words_of_two_days_are_what_the_slots_do() -> None:
    either = schedule.next_slots("0 0 31 * 1", "UTC", utc(2026, 12, 20), 3)
    assert either == [utc(2026, 12, 21), utc(2026, 12, 28), utc(2026, 12, 31)]
    both = schedule.next_slots("0 0 */2 * 1", "UTC", utc(2026, 12, 1), 2)
    assert both == [utc(2026, 12, 7), utc(2026, 12, 21)]


def test_the_latest_slot_is_the_last_one_missed() -> None:
    daily = {"cron": "0 6 * * *", "time_zone": "UTC"}
    assert schedule.latest_slot(**daily, after=utc(2020, 1, 1), until=NOW) == utc(2026, 11, 21, 6)
    assert schedule.latest_slot(**daily, after=utc(2026, 11, 21, 6), until=NOW) is None
    assert schedule.latest_slot(**daily, after=utc(2026, 11, 20, 6), until=utc(2026, 11, 21, 6)) == utc(2026, 11, 21, 6)
    assert schedule.latest_slot("0 0 29 2 *", "UTC", after=utc(2011, 1, 1), until=NOW) == utc(2024, 2, 29)
    assert schedule.latest_slot("", "UTC", after=utc(2020, 1, 1), until=NOW) is None


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high).map(str)
    spans = st.tuples(st.integers(low, high), st.integers(low, high)).map(lambda ends: f"{min(ends)}-{max(ends)}")
    steps = st.integers(1, 40).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), number, spans, steps, st.lists(number, min_size=2, max_size=3).map(",".join))


CRONS = st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7)).map(" ".join)


@given(CRONS, st.sampled_from(ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)))
def test_any_schedule_that_passes_gives_slots_later_in_order_and_at_its_own_times(
    cron: str, zone: str, moment: datetime
) -> None:
    after = moment.replace(tzinfo=UTC)
    try:
        schedule.validate(cron, zone)
    except ValueError as error:
        assert "never comes" in str(error) or "would run every" in str(error)
        return
    slots = schedule.next_slots(cron, zone, after, 5)
    assert len(slots) == 5
    assert all(slot.tzinfo is UTC for slot in slots)
    assert all(later > earlier for earlier, later in pairwise([after, *slots]))
    assert schedule.describe(cron, zone)
    schedule.clock_notes(cron, zone, after)
    # asked from any slot on, the rest is the same: nothing is lost or doubled between two ticks
    assert schedule.next_slots(cron, zone, slots[1], 3) == slots[2:]
    assert schedule.latest_slot(cron, zone, after=after, until=slots[2]) == slots[2]
    for slot in slots:
        assert slot.astimezone(ZoneInfo(zone)).second == 0


@given(st.text(max_size=130), st.text(max_size=20))
def test_no_text_breaks_it(cron: str, zone: str) -> None:
    for read in (schedule.validate, schedule.describe):
        for place in (zone, "UTC"):
            try:
                read(cron, place)
            except ValueError as error:
                assert str(error).endswith(".")
