"""When a panel runs: cron terms in a time zone, read, described in words, and turned into UTC slots.

Cron has five fields as in Debian: a time of day that the clock skips in spring runs when the clock goes on, one that
comes twice in autumn runs the first time; terms that start with `*` in minute or hour follow elapsed time. Pure: knows
no panels and no clock of its own. Bad terms are a ValueError that says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, available_timezones

from cron_descriptor import Options, get_description
from cronsim import CronSim, CronSimError

MAX_LENGTH = 120
SHORTEST_MINUTES = 15
FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
EXAMPLE = "0 6 * * 1 means Mondays at 06:00"

#: (cron, words) of what most people want.
PRESETS = (
    ("0 6 * * *", "Every day at 06:00"),
    ("0 6,18 * * *", "Every day at 06:00 and 18:00"),
    ("0 6 * * 1-5", "Monday to Friday at 06:00"),
    ("0 6 * * 1", "Every Monday at 06:00"),
    ("0 6 1 * *", "On the first day of each month at 06:00"),
)


def validate(cron: str, time_zone: str) -> None:
    """Refuse what cannot be run: an unknown zone, terms nobody can read, that never come, or come too often.

    An empty `cron` means "only by hand". A clock change may still bring two slots closer together, once a year.
    """
    _zone(time_zone)
    if not cron:
        return
    sim = _parse(cron)
    if (closest := _closest_minutes(sim, cron)) < SHORTEST_MINUTES:
        minute = cron.split()[0]
        why = f" where the hour turns, as “{minute}” begins anew at each full hour" if _is_uneven(minute, 60) else ""
        raise ValueError(
            f"This would run every {_minutes(closest)}{why}. A panel may run every {SHORTEST_MINUTES} minutes at most: "
            f"write for example */{SHORTEST_MINUTES} in the first field."
        )


def slots(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """Every slot later than `after`, in UTC and in order. An empty `cron` has none. ValueError as `validate`."""
    zone = _zone(time_zone)
    if not cron:
        return
    _parse(cron)
    for moment in CronSim(cron, after.astimezone(zone)):
        slot = moment.astimezone(UTC)
        if slot > after:  # in the repeated hour of autumn, a local time alone cannot say which one was meant
            yield slot


def next_slots(cron: str, time_zone: str, after: datetime, count: int) -> list[datetime]:
    """The next `count` slots later than `after`, in UTC."""
    return list(islice(slots(cron, time_zone, after), count))


def latest_slot(cron: str, time_zone: str, *, after: datetime, until: datetime) -> datetime | None:
    """The last slot in (after, until]; None where none came. Looks back no further than it must."""
    days = 1
    while True:
        since = max(after, until - timedelta(days=days))
        latest = None
        for slot in slots(cron, time_zone, since):
            if slot > until:
                break
            latest = slot
        if latest is not None or since <= after:
            return latest
        days *= 8


def describe(cron: str, time_zone: str) -> str:
    """`At 06:00 every day, Europe/Berlin time`; ValueError as `validate`."""
    _zone(time_zone)
    if not cron:
        return "Only when somebody runs it"
    sim = _parse(cron)
    minute, hour, day, _, weekday = fields = cron.split()
    if day != "*" and weekday != "*":
        words = _both_days(*fields) or sim.explain()
    else:
        words = _in_words(*fields)
        if fields[2:] == ["*", "*", "*"] and words.startswith("At "):
            words += " every day"
    for step, whole, unit in ((minute, 60, "hour"), (hour, 24, "day")):
        if _is_uneven(step, whole):
            words += f" ({step} begins anew each {unit})"
    return f"{words}, {time_zone}" + ("" if time_zone == "UTC" else " time")


def _in_words(*fields: str) -> str:
    return str(get_description(" ".join(fields), Options(use_24hour_time_format=True, locale_code="en_US")))


def _both_days(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    """Words for terms with a day of the month and a day of the week; empty where they cannot be put together.

    Cron runs when either comes; only where one of the two begins with `*` must both agree.
    """
    time = _in_words(minute, hour, "*", "*", "*")
    parts = [
        _in_words(minute, hour, *days)
        for days in ((day, "*", "*"), ("*", "*", weekday), *([("*", month, "*")] if month != "*" else []))
    ]
    if not all(part.startswith(f"{time}, ") for part in parts):
        return ""
    of_month, of_week, *in_month = (part.removeprefix(f"{time}, ").removeprefix("only ") for part in parts)
    both = day.startswith("*") or weekday.startswith("*")
    joined = (
        f"{of_month} and {of_week} (only where both agree)" if both else f"{of_month} or {of_week} (either is enough)"
    )
    return ", ".join([time, *in_month, joined])


def _is_uneven(field: str, whole: int) -> bool:
    """Whether steps such as */7 do not divide the hour or the day: the last of them is shorter."""
    step = field.removeprefix("*/")
    return step != field and step.isdecimal() and 1 < int(step) < whole and whole % int(step) != 0


def clock_notes(cron: str, time_zone: str, after: datetime) -> list[str]:
    """What the clock changes of the next year do to this schedule, a sentence each; none where it is not touched."""
    zone = _zone(time_zone)
    if not cron:
        return []
    _parse(cron)
    if cron.split()[1] == "*":
        return []  # every hour, whatever the clock calls it: none is lost or doubled
    notes = []
    for change in _clock_changes(zone, after, timedelta(days=366)):
        wall = change.astimezone(zone).replace(tzinfo=None)
        wall_before = (change - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None) + timedelta(minutes=1)
        touched = _wall_times(cron, min(wall, wall_before), max(wall, wall_before))
        if touched:
            notes.append(_note(cron, touched, forward=wall > wall_before, resumes=wall))
    return notes


def _note(cron: str, touched: list[datetime], *, forward: bool, resumes: datetime) -> str:
    times = ", ".join(f"{moment:%H:%M}" for moment in touched[:3]) + (" …" if len(touched) > 3 else "")
    on = f"On {touched[0].day} {touched[0]:%b %Y}"
    if forward and _is_fixed(cron):
        return f"{on} the clock skips {times}; it runs at {resumes:%H:%M} instead."
    if forward:
        return f"{on} the clock skips {times}; {'that slot falls' if len(touched) == 1 else 'those slots fall'} out."
    if _is_fixed(cron):
        return f"{on} the clock shows {times} twice; it runs the first time only."
    return f"{on} the clock shows {times} twice; it runs both times."


def _is_fixed(cron: str) -> bool:
    """Times of day rather than steps of elapsed time: Debian's rule."""
    minute, hour = cron.split()[:2]
    return not minute.startswith("*") and not hour.startswith("*")


def _wall_times(cron: str, start: datetime, end: datetime) -> list[datetime]:
    """The schedule's local times in [start, end), as a clock without changes would show them."""
    found = []
    for moment in CronSim(cron, start - timedelta(seconds=1)):
        if moment >= end:
            break
        found.append(moment)
    return found


def _clock_changes(zone: ZoneInfo, after: datetime, span: timedelta) -> Iterator[datetime]:
    """The moments, in UTC, from which the zone's distance to UTC is another one."""
    one_day, low = timedelta(days=1), after.astimezone(UTC).replace(second=0, microsecond=0)
    end = low + span
    while low < end:
        high = low + one_day
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            before, minutes = low, int(one_day.total_seconds() // 60)
            while minutes > 1:  # halve the day until the minute is found
                middle = before + timedelta(minutes=minutes // 2)
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    before, minutes = middle, minutes - minutes // 2
                else:
                    minutes //= 2
            yield before + timedelta(minutes=1)
        low = high


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zones() -> list[str]:
    """Every zone people may choose: UTC first, then by name, without the database's own odd files."""
    return ["UTC", *sorted(name for name in _zones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))]


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        raise ValueError(f"There is no time zone “{name}”. Choose one such as UTC or Europe/Berlin.")
    return ZoneInfo(name)


def _parse(cron: str) -> CronSim:
    """A readable schedule that comes at all."""
    fields = cron.split()
    if len(cron) > MAX_LENGTH:
        raise ValueError(f"A schedule may have {MAX_LENGTH} characters; this one has {len(cron)}.")
    if len(fields) != 5:
        raise ValueError(
            f"A schedule has five fields (minute, hour, day, month, weekday), this has {len(fields)}: {EXAMPLE}."
        )
    start = datetime(2024, 1, 1, tzinfo=UTC)
    try:
        sim = CronSim(cron, start)
        next(CronSim(cron, start))
    except (CronSimError, ValueError):
        for position, field in enumerate(fields):
            if not _is_readable(field, position):
                raise ValueError(
                    f"“{field}” is no {FIELDS[position]}, which is {_ALLOWED[position]}. For example, {EXAMPLE}."
                ) from None
        raise ValueError(f"“{cron}” never comes: those days do not exist. Change the day or the month.") from None
    except StopIteration:
        raise ValueError(f"“{cron}” never comes: no date has that day. Change the day or the month.") from None
    return sim


_ALLOWED = (
    "0 to 59",
    "0 to 23",
    "1 to 31 or L (the last)",
    "1 to 12 or JAN to DEC",
    "0 to 7 (0 and 7: Sunday) or MON to SUN",
)


def _is_readable(field: str, position: int) -> bool:
    """Whether one field can be read on its own."""
    fields = ["0", "0", "*", "*", "*"]
    fields[position] = field
    try:
        CronSim(" ".join(fields), datetime(2024, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):
        return False
    return True


def _closest_minutes(sim: CronSim, cron: str) -> int:
    """The shortest distance between two slots: within a day, or over midnight where two days in a row have slots."""
    times = sorted(hour * 60 + minute for hour in sim.hours for minute in sim.minutes)
    closest = min((later - earlier for earlier, later in pairwise(times)), default=24 * 60)
    over_midnight = times[0] + 24 * 60 - times[-1]
    if over_midnight < closest and over_midnight < SHORTEST_MINUTES and _has_days_in_a_row(cron):
        return over_midnight
    return closest


def _has_days_in_a_row(cron: str) -> bool:
    days = CronSim(" ".join(["0", "0", *cron.split()[2:]]), datetime(2024, 1, 1, tzinfo=UTC))
    return any(later - earlier == timedelta(days=1) for earlier, later in pairwise(islice(days, 400)))


def _minutes(count: int) -> str:
    return "minute" if count == 1 else f"{count} minutes"
