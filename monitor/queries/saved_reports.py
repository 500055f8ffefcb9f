"""Saved reports as pages show them: their filter for a day, what came of each making, and their links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.http import QueryDict

from monitor.models import (
    Membership,
    ReportFile,
    ReportIssue,
    ReportPeriod,
    SavedReport,
    ShareLink,
    Workspace,
)
from monitor.queries import branding, filters, panels
from monitor.queries.filters import Filter, FilterBar, Period
from monitor.queries.panels import Plan

ISSUES_SHOWN = 20


class Unusable(Exception):
    """The filter names what the workspace no longer has: showing the rest would show more than was chosen."""


@dataclass(frozen=True, slots=True)
class Row:
    """A saved report in the list, with its latest issue."""

    report: SavedReport
    plan: Plan
    latest: ReportIssue | None


def period_at(kind: str, day: date) -> Period:
    """The days of a period that ends before `day`: whole days, so that the same report of the same slot is the same."""
    last = day - timedelta(days=1)
    if kind == ReportPeriod.MONTH:
        end = day.replace(day=1) - timedelta(days=1)
        return Period(end.replace(day=1), end)
    return Period(last - timedelta(days=int(kind) - 1), last)


def bar_at(report: SavedReport, moment: datetime) -> FilterBar:
    """The filter as the bar shows it, with the days counted from a moment."""
    period = period_at(report.period, moment.astimezone(report.workspace.zone).date())
    params = QueryDict(mutable=True)
    for name, values in report.filter.items():
        params.setlist(name, values)
    params["from"], params["to"] = period.start.isoformat(), period.end.isoformat()
    return filters.read(report.workspace, params)


def filter_at(report: SavedReport, moment: datetime) -> Filter:
    """Raises Unusable, with what to do."""
    bar = bar_at(report, moment)
    if bar.problems:
        raise Unusable(f"{bar.problems[0]} Edit the report “{report.name}” to choose anew.")
    return bar.filter


def query(report: SavedReport, moment: datetime) -> str:
    """The report's filter as the query string of other pages."""
    return bar_at(report, moment).query


def filter_query(values: Mapping[str, Sequence[str]]) -> str:
    return urlencode(values, doseq=True)


def rows(workspace: Workspace) -> list[Row]:
    """All of a workspace, by name."""
    found = list(SavedReport.objects.for_workspace(workspace))
    newest = ReportIssue.objects.for_workspace(workspace).filter(report__in=found)
    latest = newest.order_by("report_id", "-pk").distinct("report_id").select_related("report")
    by_report = {issue.report_id: issue for issue in latest.prefetch_related("mails")}
    return [
        Row(report, panels.plan(report.cron, workspace.time_zone, count=1), by_report.get(report.pk))
        for report in found
    ]


def issues(report: SavedReport) -> list[ReportIssue]:
    """The latest, with their files but not what is in them."""
    files = ReportFile.objects.for_workspace(report.workspace_id).defer("content")
    found = ReportIssue.objects.for_workspace(report.workspace_id).filter(report=report).select_related("report")
    return list(found.prefetch_related("mails", Prefetch("files", files))[:ISSUES_SHOWN])


def links(report: SavedReport) -> list[ShareLink]:
    return list(ShareLink.objects.for_workspace(report.workspace_id).filter(report=report))


def recipients_on_offer(workspace: Workspace) -> list[tuple[str, str]]:
    """(address, words) of everybody that a report may go to."""
    members = Membership.objects.for_workspace(workspace).filter(user__is_active=True).order_by("user__email")
    inside = list(members.values_list("user__email", flat=True))
    outside = [address for address in branding.outside_addresses(workspace) if address not in inside]
    return [(address, address) for address in inside] + [(address, f"{address} (outside)") for address in outside]
