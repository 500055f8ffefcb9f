"""Figures and days as plain text, for paper, e-mails and sentences that are kept. Pages have filters of their own."""

from __future__ import annotations

from datetime import date


def percent(rate: float | None) -> str:
    if rate is None:
        return "–"
    if 0 < rate < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 < rate < 1 else f"{rate * 100:.0f} %"


def points(difference: float | None) -> str:
    if difference is None:
        return "–"
    written = f"{difference * 100:+.0f}"
    return "0 pts" if written in ("+0", "-0") else f"{written} pts".replace("-", "−")


def counted(number: int, what: str) -> str:
    """`1 prompt`, `1,200 prompts`."""
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def day(when: date) -> str:
    """`20 Nov 2026`."""
    return f"{when.day} {when:%b %Y}"


def days(start: date, end: date) -> str:
    """`20 Nov 2026`, or `14 to 20 Nov 2026`, with no more said twice than must be."""
    if start == end:
        return day(end)
    if start.year != end.year:
        return f"{day(start)} to {day(end)}"
    return f"{start.day} to {day(end)}" if start.month == end.month else f"{start.day} {start:%b} to {day(end)}"
