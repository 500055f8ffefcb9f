"""Saved reports: keeping them, starting an issue when a slot comes or somebody asks, and taking old files away.

How a report is made is no business of this module: `report_issues` does that with what it is handed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor import schedule
from monitor.models import IssueStatus, ReportFile, ReportIssue, ReportPeriod, SavedReport, Workspace
from monitor.services import nudge, report_settings
from monitor.services.errors import Problem

MOST_NAME, MOST_SUBJECT, MOST_WORDS = 120, 150, 2000
MOST_RECIPIENTS = 25
#: What a scheduled report can be.
FORMATS = ("pdf", "xlsx", "csv", "parquet")
#: Of so many issues of a report the files are kept; of older ones, what came of them.
FILES_KEPT = 12
OPEN = (IssueStatus.WAITING, IssueStatus.MAKING)


def save(*, workspace: Workspace, report: SavedReport | None, fields: Mapping[str, Any]) -> SavedReport:
    """Make one, or change it. A changed schedule counts from now. Raises Problem."""
    values = _cleaned(workspace, fields, before=report)
    try:
        with transaction.atomic():
            if report is None:
                return SavedReport.objects.create(workspace=workspace, **values)
            if values["cron"] != report.cron:
                values["last_slot_at"] = timezone.now()
            for name, value in values.items():
                setattr(report, name, value)
            report.save(update_fields=list(values))
            return report
    except IntegrityError:
        raise Problem(f"There is a report called “{values['name']}” already. Choose another name.") from None


def set_paused(*, report: SavedReport, paused: bool) -> None:
    """Stop or resume the schedule; slots that passed in the pause are not caught up with."""
    rows = SavedReport.objects.for_workspace(report.workspace_id).filter(pk=report.pk, paused=not paused)
    rows.update(paused=paused, **({} if paused else {"last_slot_at": timezone.now()}))


def delete(*, report: SavedReport) -> None:
    """With its issues, files and links, for good."""
    SavedReport.objects.for_workspace(report.workspace_id).filter(pk=report.pk).delete()


def start_now(*, report: SavedReport) -> ReportIssue:
    """An issue by hand; while one is under way, that one."""
    with transaction.atomic():
        SavedReport.objects.for_workspace(report.workspace_id).select_for_update().get(pk=report.pk)
        under_way = ReportIssue.objects.for_workspace(report.workspace_id).filter(
            report=report, slot_at=None, status__in=OPEN
        )
        found = under_way.first()
        if found is None:
            found = ReportIssue.objects.create(workspace_id=report.workspace_id, report=report, moment=timezone.now())
        transaction.on_commit(nudge.reporting)
    return found


def start_due(*, now: datetime | None = None) -> int:
    """An issue for every report whose slot has come, once; of slots missed meanwhile, only of the latest."""
    now = now or timezone.now()
    started = 0
    scheduled = SavedReport.objects.unscoped().exclude(cron="").filter(paused=False).select_related("workspace")
    for report in scheduled:
        zone = report.workspace.time_zone
        slot = schedule.latest_slot(report.cron, zone, after=report.last_slot_at or report.created_at, until=now)
        if slot is None:
            continue
        _, is_new = ReportIssue.objects.for_workspace(report.workspace_id).get_or_create(
            report=report, slot_at=slot, defaults={"workspace_id": report.workspace_id, "moment": slot}
        )
        SavedReport.objects.for_workspace(report.workspace_id).filter(pk=report.pk).update(last_slot_at=slot)
        started += is_new
    return started


def remove_old_files(*, report_id: int, workspace_id: int) -> int:
    """Keep the files of the latest issues alone; how many went."""
    made = ReportIssue.objects.for_workspace(workspace_id).filter(report=report_id, status=IssueStatus.MADE)
    kept = list(made.order_by("-pk").values_list("pk", flat=True)[:FILES_KEPT])
    old = ReportFile.objects.for_workspace(workspace_id).filter(issue__report=report_id).exclude(issue__in=kept)
    return old.delete()[0]


# --- inside -----------------------------------------------------------------------------------------------------------


def _cleaned(workspace: Workspace, fields: Mapping[str, Any], *, before: SavedReport | None) -> dict[str, Any]:
    cron = " ".join(str(fields["cron"]).split())
    try:
        schedule.validate(cron, workspace.time_zone)
    except ValueError as error:
        raise Problem(str(error)) from None
    formats = [name for name in FORMATS if name in set(fields["formats"])]
    if not formats:
        raise Problem("Choose at least one kind of file.")
    if fields["period"] not in ReportPeriod.values:
        raise Problem("Choose one of the periods.")
    return {
        "name": _line(fields["name"], MOST_NAME) or _needs_name(),
        "filter": {name: list(values) for name, values in fields["filter"].items() if values},
        "period": fields["period"],
        "formats": formats,
        "cron": cron,
        "recipients": _recipients(workspace, fields["recipients"], before.recipients if before else ()),
        "subject": _line(fields["subject"], MOST_SUBJECT),
        "words": _words(fields["words"]),
    }


def _needs_name() -> str:
    raise Problem("A report needs a name.")


def _line(text: str, most: int) -> str:
    line = report_settings.clean_line(text)
    if len(line) > most:
        raise Problem(f"{most} characters are the most; these are {len(line):,}. Shorten it.")
    return line


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(words) > MOST_WORDS:
        raise Problem(f"{MOST_WORDS:,} characters are the most; these are {len(words):,}. Shorten the words.")
    return words


def _recipients(workspace: Workspace, asked: Iterable[str], before: Sequence[str]) -> list[str]:
    """Members, addresses that an owner allows, and those there already: who left is passed over when it is sent."""
    found = list(dict.fromkeys(address.strip().lower() for address in asked))
    if len(found) > MOST_RECIPIENTS:
        raise Problem(f"A report goes to {MOST_RECIPIENTS} people at most; these are {len(found)}.")
    allowed = report_settings.allowed_addresses(workspace=workspace) | set(before)
    if refused := [address for address in found if address not in allowed]:
        raise Problem(
            f"{refused[0][:80]} is no member, and no owner has allowed reports to go there. An owner can, under "
            "Report settings."
        )
    return found
