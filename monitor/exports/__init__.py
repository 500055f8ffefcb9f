"""A report as PDF, XLSX, CSV, JSON and Parquet files, all made of the same tables, written as they are read.

Nothing that somebody else wrote becomes code on the way: CSV cells that a spreadsheet would take for a formula are
quoted, XLSX cells are written as strings, and the PDF's typesetter reads all of it as data, never as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from monitor.exports.paper import write_pdf
from monitor.exports.parquet import Missing, is_available, write_parquet
from monitor.exports.sheets import write_xlsx
from monitor.exports.text import write_csv, write_json
from monitor.queries.report import Report

__all__ = ["FORMATS", "TABLE_KEYS", "Format", "Missing", "file_name"]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report. `write` takes the report, the key of one table or None for all, and where to write.

    `alone`: whether one table can be had by itself. `is_available`: whether this installation can write it.
    """

    suffix: str
    label: str
    content_type: str
    write: Callable[[Report, str | None, BinaryIO], None]
    alone: bool = True
    is_available: Callable[[], bool] = lambda: True


FORMATS = {
    "pdf": Format("pdf", "PDF report", "application/pdf", write_pdf, alone=False),
    "xlsx": Format(
        "xlsx", "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
    "csv": Format("csv", "CSV", "text/csv; charset=utf-8", write_csv),
    "json": Format("json", "JSON", "application/json", write_json),
    "parquet": Format(
        "parquet.zip", "Parquet", "application/zip", write_parquet, alone=False, is_available=is_available
    ),
}
TABLE_KEYS = ("about", "brands", "series", "domains", "pages", "prompts", "answers", "definitions")


def file_name(report: Report, suffix: str, only: str | None = None) -> str:
    """`citescope-shop-brands-2026-11-01-2026-11-30.csv`, ASCII only."""
    name = re.sub(r"[^a-z0-9]+", "-", report.about.workspace.lower()).strip("-") or "report"
    period = report.filter.period
    return "-".join(filter(None, ["citescope", name, only, f"{period.start}", f"{period.end}"])) + f".{suffix}"
