"""The reviewed labels as CSV: a row for every mention that was found or is named in a reviewed answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from monitor.exports.text import guarded
from monitor.queries.reviews import MISSED, WRONG, Found

COLUMNS = (
    "answer",
    "day",
    "assistant",
    "prompt",
    "brand",
    "start",
    "end",
    "words",
    "found",
    "named",
    "sentiment_found",
    "sentiment_said",
    "reviewed_by",
    "reviewed_at",
)


def labels_csv(rows: Iterable[Found]) -> bytes:
    """`found` and `named` are yes or no; offsets are code points of the answer's text."""
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(COLUMNS)
    for row in rows:
        response, place = row.review.response, row.place
        cells = (
            response.pk,
            response.run.day.isoformat(),
            response.assistant,
            response.prompt_text,
            row.brand,
            place.start,
            place.end,
            response.text[place.start : place.end],
            "no" if row.outcome == MISSED else "yes",
            "no" if row.outcome == WRONG else "yes",
            row.heard or "",
            row.said or "",
            row.review.reviewed_by.email if row.review.reviewed_by else "",
            row.review.reviewed_at.isoformat(timespec="seconds") if row.review.reviewed_at else "",
        )
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    return output.getvalue().encode("utf-8-sig")  # the mark tells Excel that this is UTF-8
