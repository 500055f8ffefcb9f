"""A report as CSV, XLSX, JSON and PDF bytes, all made of the same tables.

Nothing that somebody else wrote becomes code on the way: CSV cells that a spreadsheet would take for a formula are
quoted, XLSX cells are written as strings, and the PDF's typesetter reads all of it as data, never as markup.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitor.exports.paper import to_pdf
from monitor.exports.tables import Kind, Table, Value, tables
from monitor.queries.report import Report

#: What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")  # noqa: RUF001 - some take the full-width ones too
#: What it may skip before it looks: blanks, control characters and marks without a width.
_SKIPPED = re.compile(r"[\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
XLSX_CELL = 32_767
#: Tells Excel that a CSV file is UTF-8.
UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report. `write` takes the report and the key of one table, or None for all of them."""

    suffix: str
    label: str
    content_type: str
    write: Callable[[Report, str | None], bytes]


# --- CSV ------------------------------------------------------------------------------------------------------------


def to_csv(report: Report, only: str | None = None) -> bytes:
    """One table, or all of them as one: a first column says which, and each fills the columns it has."""
    chosen = [table for table in tables(report) if only in (None, table.key)]
    keys = list(dict.fromkeys(column.key for table in chosen for column in table.columns))
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(keys if only else ["table", *keys])
    for table in chosen:
        places = {column.key: place for place, column in enumerate(table.columns)}
        for row in table.rows:
            cells = [_csv_cell(row[places[key]]) if key in places else "" for key in keys]
            writer.writerow(cells if only else [table.key, *cells])
    return UTF8_MARK + output.getvalue().encode()


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


# --- XLSX -----------------------------------------------------------------------------------------------------------

NUMBER_FORMATS: dict[Kind, str] = {
    "percent": "0.0 %",
    "points": "+0.0 %;-0.0 %;0.0 %",
    "count": "#,##0",
    "decimal": "0.000",
    "day": "yyyy-mm-dd",
}


def to_xlsx(report: Report, only: str | None = None) -> bytes:
    """A sheet a table, with filters and a frozen header; strings stay strings, there are no formulas."""
    import xlsxwriter

    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(output, options) as book:
        book.set_properties({"title": f"Citescope: {report.about.workspace}"})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats = {kind: book.add_format({"num_format": written}) for kind, written in NUMBER_FORMATS.items()}
        for table in tables(report):
            if only not in (None, table.key):
                continue
            sheet = book.add_worksheet(table.title[:31])
            for place, column in enumerate(table.columns):
                sheet.write_string(0, place, column.title, head)
                sheet.set_column(place, place, _width(table, place))
            for number, row in enumerate(table.rows, start=1):
                for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                    _write_cell(sheet, number, place, value, formats.get(column.kind))
            sheet.freeze_panes(1, 0)
            if table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    return output.getvalue()


def _write_cell(sheet: Any, row: int, place: int, value: Value, number_format: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        sheet.write_string(row, place, value[:XLSX_CELL])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, number_format)
    else:
        sheet.write_number(row, place, value, number_format)


def _width(table: Table, place: int) -> int:
    if table.columns[place].kind != "text":
        return 12
    longest = max((len(str(row[place] or "")) for row in table.rows[:200]), default=0)
    return min(60, max(12, longest + 2))


# --- JSON -----------------------------------------------------------------------------------------------------------


def to_json(report: Report, only: str | None = None) -> bytes:
    """Every table as a list of objects; numbers as they are, null for not measured."""
    content: dict[str, Any] = {"made_at": report.about.made_at.isoformat(timespec="seconds")}
    for table in tables(report):
        if only in (None, table.key):
            keys = [column.key for column in table.columns]
            content[table.key] = [dict(zip(keys, map(_json_value, row), strict=True)) for row in table.rows]
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode()


def _json_value(value: Value) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# --- all of them ---

FORMATS = {
    "pdf": Format("pdf", "PDF report", "application/pdf", to_pdf),
    "xlsx": Format(
        "xlsx", "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx
    ),
    "csv": Format("csv", "CSV", "text/csv; charset=utf-8", to_csv),
    "json": Format("json", "JSON", "application/json", to_json),
}
TABLE_KEYS = ("about", "brands", "series", "domains", "pages", "prompts", "answers", "definitions")


def file_name(report: Report, suffix: str, only: str | None = None) -> str:
    """`citescope-shop-brands-2026-11-01-2026-11-30.csv`, ASCII only."""
    name = re.sub(r"[^a-z0-9]+", "-", report.about.workspace.lower()).strip("-") or "report"
    period = report.filter.period
    return "-".join(filter(None, ["citescope", name, only, f"{period.start}", f"{period.end}"])) + f".{suffix}"
