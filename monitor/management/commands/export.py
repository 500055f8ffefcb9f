"""`manage.py export`: a citation report of one panel as a file."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor import exports
from monitor.environment import refuse
from monitor.exports.parquet import EXTRA
from monitor.management.arguments import panel_named, workspace_named
from monitor.queries import report as queries
from monitor.queries.filters import MOST_DAYS, Filter, Period, default_period


class Command(BaseCommand):
    help = "Write a citation report: every table as CSV, XLSX or JSON, a PDF with charts, or the raw rows as Parquet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="Name or slug.")
        parser.add_argument("--panel", required=True, help="Name of the panel.")
        parser.add_argument("--from", dest="start", help="First day, as 2026-11-01; default: thirty days up to --to.")
        parser.add_argument("--to", dest="end", help="Last day; default: the last measured one.")
        parser.add_argument("--format", required=True, choices=sorted(exports.FORMATS))
        parser.add_argument("--out", required=True, type=Path, help="The file to write.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        panel = panel_named(options["panel"], workspace.slug)
        period = _period(default_period(workspace), options["start"], options["end"])
        written = exports.FORMATS[options["format"]]
        if not written.is_available():
            refuse(f"Parquet files need pyarrow, which is not installed here. Install it: {EXTRA}")
        found = queries.report(workspace, Filter(period=period, panel=panel.pk))
        try:
            with options["out"].open("wb") as file:
                written.write(found, None, file)
                size = file.tell()
        except OSError as error:
            refuse(f"{options['out']} cannot be written: {error.strerror}.")
        answers = sum(section.responses for section in found.sections)
        self.stderr.write(f"{options['out']}: {size:,} bytes, {answers:,} answers, {period.start} to {period.end}")


def _period(default: Period, start: str | None, end: str | None) -> Period:
    last = _day(end, "--to") if end else None
    first = _day(start, "--from") if start else None
    if last is None:
        last = max(default.end, first) if first else default.end
    if first is None:
        first = last - (default.end - default.start)
    if first > last:
        refuse(f"--from {first} is after --to {last}.")
    if (last - first).days >= MOST_DAYS:
        refuse("A report covers three years at most.")
    return Period(first, last)


def _day(value: str, option: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        refuse(f"{option} {value!r} is no day; write it as 2026-11-01.")
