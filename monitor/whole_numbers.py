"""Whole numbers as addresses and forms send them: text that a person, or anybody, may have typed."""

from __future__ import annotations

from collections.abc import Iterable

#: As many digits as ids of rows have at most; PostgreSQL's largest has one more.
ID_DIGITS = 17


def whole_number(text: str, digits: int = ID_DIGITS) -> int | None:
    """The number that ASCII digits alone say; None for all else, and for more of them than that."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def row_ids(texts: Iterable[str]) -> list[int]:
    """The ids among them, in order."""
    return [number for text in texts if (number := whole_number(text)) is not None]
