"""A report as CSV and as JSON, written row by row. CSV cells that a spreadsheet would take for a formula are quoted."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from typing import Any, BinaryIO

from monitor.exports.tables import Table, Value, tables
from monitor.queries.report import Report

#: What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")  # noqa: RUF001 - some take the full-width ones too
#: What it may skip before it looks: blanks, control characters and marks without a width.
_SKIPPED = re.compile(r"[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def write_csv(report: Report, only: str | None, file: BinaryIO) -> None:
    """One table, or all of them as one: a first column says which, and each fills the columns it has."""
    chosen = [table for table in tables(report) if only in (None, table.key)]
    keys = list(dict.fromkeys(column.key for table in chosen for column in table.columns))
    output = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # the mark tells Excel that this is UTF-8
    writer = csv.writer(output)
    writer.writerow(keys if only else ["table", *keys])
    for table in chosen:
        places = {column.key: place for place, column in enumerate(table.columns)}
        for row in table.rows:
            cells = [_csv_cell(row[places[key]]) if key in places else "" for key in keys]
            writer.writerow(cells if only else [table.key, *cells])
    output.detach()


def _csv_cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 6)


def guarded(text: str) -> str:
    """The text with a quote before it where a spreadsheet would take it for a formula."""
    hidden = _SKIPPED.match(text)
    begins = text[hidden.end() :] if hidden else text
    return f"'{text}" if text.startswith(FORMULA) or begins.startswith(FORMULA) else text


def write_json(report: Report, only: str | None, file: BinaryIO) -> None:
    """Every table as a list of objects, one a line; numbers as they are, null for not measured."""
    file.write(b'{"made_at": ' + _json(report.about.made_at.isoformat(timespec="seconds")))
    for table in tables(report):
        if only in (None, table.key):
            file.write(b",\n" + _json(table.key) + b": [")
            _write_objects(table, file)
            file.write(b"]")
    file.write(b"}\n")


def _write_objects(table: Table, file: BinaryIO) -> None:
    keys = [column.key for column in table.columns]
    for number, row in enumerate(table.rows):
        file.write(b",\n " if number else b"\n ")
        file.write(_json(dict(zip(keys, map(_json_value, row), strict=True))))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _json_value(value: Value) -> Any:
    return value.isoformat() if isinstance(value, date) else value
