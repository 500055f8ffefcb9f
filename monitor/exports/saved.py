"""A saved report made for a moment: its files, and what changed in words. Knows no schedule and no mail."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from monitor.exports import FORMATS, file_name
from monitor.plain import percent, points
from monitor.queries import report as queries
from monitor.queries import saved_reports
from monitor.queries.dashboard import Finding
from monitor.queries.saved_reports import Unusable

__all__ = ["Made", "MadeFile", "Unusable", "make"]

if TYPE_CHECKING:
    from monitor.models import SavedReport


@dataclass(frozen=True, slots=True)
class MadeFile:
    format: str
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """The days that it covers, its files, and the lines that an e-mail begins with."""

    start: date
    end: date
    files: tuple[MadeFile, ...]
    summary: tuple[str, ...]


def make(report: SavedReport, moment: datetime, wrote: Callable[[int], None] = lambda count: None) -> Made:
    """`wrote` is told after each file how many there are by then.

    Raises `saved_reports.Unusable` where the filter no longer holds, `Missing` where a format cannot be written.
    """
    chosen = saved_reports.filter_at(report, moment)
    found = queries.report(report.workspace, chosen)
    return Made(chosen.period.start, chosen.period.end, tuple(_files(report, found, wrote)), tuple(_summary(found)))


def _files(report: SavedReport, found: queries.Report, wrote: Callable[[int], None]) -> list[MadeFile]:
    made: list[MadeFile] = []
    for name in report.formats:
        written, file = FORMATS[name], io.BytesIO()
        written.write(found, None, file)
        made.append(MadeFile(name, file_name(found, written.suffix), written.content_type, file.getvalue()))
        wrote(len(made))
    return made


def _summary(found: queries.Report) -> list[str]:
    overview = found.overview
    if not overview.sections:
        return ["No answers were counted in this period under this filter."]
    if overview.findings:
        return [_line(finding, several=len(overview.sections) > 1) for finding in overview.findings]
    if overview.compared:
        return [f"No rate over all prompts changed by more than noise: all {overview.compared} are within it."]
    return ["There is too little to compare with the period before."]


def _line(finding: Finding, *, several: bool) -> str:
    verb = "named" if finding.measure == "named" else "cited"
    where = f" by {finding.label}" if several else ""
    return (
        f"{finding.subject} is {verb} in {percent(finding.after.rate)} of answers{where}, "
        f"{'up' if finding.up else 'down'} from {percent(finding.before.rate)} ({points(finding.change.difference)})."
    )
