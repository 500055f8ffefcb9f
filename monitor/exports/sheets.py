"""A report as an Excel workbook: a sheet a table, written row by row. Strings stay strings, there are no formulas."""

from __future__ import annotations

import io
from datetime import date
from typing import Any, BinaryIO

from monitor.branding import Branding
from monitor.exports.tables import Kind, Table, Value, tables
from monitor.queries.report import Report

XLSX_CELL = 32_767
LONG_TEXT = 40
NUMBER_FORMATS: dict[Kind, str] = {
    "percent": "0.0 %",
    "points": "+0.0 %;-0.0 %;0.0 %",
    "count": "#,##0",
    "decimal": "0.000",
    "day": "yyyy-mm-dd",
}
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_xlsx(report: Report, only: str | None, file: BinaryIO) -> None:
    """With filters and a frozen first line in the accent colour; the logo stands beside what the report is about."""
    import xlsxwriter

    look = report.about.branding
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        properties = {"title": f"Citescope: {report.about.workspace}", "author": look.name, "company": look.name}
        book.set_properties({key: value for key, value in properties.items() if value})
        head = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bg_color": look.accent, "font_color": "#ffffff"}
        )
        formats = {kind: book.add_format({"num_format": written}) for kind, written in NUMBER_FORMATS.items()}
        for table in tables(report):
            if only in (None, table.key):
                _write_sheet(book.add_worksheet(table.title[:31]), table, head, formats, look)


def _write_sheet(sheet: Any, table: Table, head: Any, formats: dict[Kind, Any], look: Branding) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.title, head)
        sheet.set_column(place, place, _width(table, place))
    number = 0
    for number, row in enumerate(table.rows, start=1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write_cell(sheet, number, place, value, formats.get(column.kind))
    sheet.freeze_panes(1, 0)
    if number:
        sheet.autofilter(0, 0, number, len(table.columns) - 1)
    if look.footer:
        sheet.set_footer("&L" + look.footer.replace("&", "&&"))
    if look.logo and table.key == "about":
        options = {"image_data": io.BytesIO(look.logo), "x_scale": 0.25, "y_scale": 0.25, "description": look.name}
        sheet.insert_image(1, len(table.columns) + 1, "logo.png", options)


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
    if not isinstance(table.rows, tuple):
        return LONG_TEXT
    longest = max((len(str(row[place] or "")) for row in table.rows[:200]), default=0)
    return min(60, max(12, longest + 2))
