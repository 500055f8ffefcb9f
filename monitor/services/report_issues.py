"""Making what is due of saved reports. May be delivered twice or cut short anywhere.

An issue is claimed under a lease, made with no transaction open, and stored in one with its files and one e-mail for
each recipient, which `services.mailing` sends. `make` is handed in, and says how many files it has written: this knows
no figures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from monitor.models import IssueStatus, Mail, MailKind, ReportFile, ReportIssue, SavedReport
from monitor.services import report_settings, rollups, saved_reports
from monitor.services.delivery import NO_SERVER
from monitor.services.locks import alone

if TYPE_CHECKING:
    from monitor.exports.saved import Made

Make = Callable[[SavedReport, datetime, Callable[[int], None]], "Made"]

log = logging.getLogger(__name__)

_LOCK = 1_128_481_131
MOST_TRIES = 5
WAITS = (60, 5 * 60, 30 * 60, 2 * 3600)
#: A report of a large workspace takes minutes.
MAKING = timedelta(minutes=20)
MOST_FILE_BYTES = 60_000_000


def has_work() -> bool:
    return _due_issues().exists()


def work(
    *, make: Make, expected: tuple[type[Exception], ...] = (), keep_going: Callable[[], bool] = lambda: True
) -> int:
    """Make all that is due, unless another worker does. Of `make`, `expected` errors say what is to be mended.

    One worker at a time, for drawing takes memory.
    """
    done = 0
    with alone(_LOCK) as is_alone:
        while is_alone and keep_going() and (issue := _claim_issue()):
            _make(issue, make, expected)
            done += 1
    return done


# --- making -----------------------------------------------------------------------------------------------------------


def _due_issues() -> QuerySet[ReportIssue]:
    """Those that can be made now: where runs are still to be counted, a report would say too little."""
    now = timezone.now()
    rested = Q(status=IssueStatus.WAITING) & (Q(next_try_at=None) | Q(next_try_at__lte=now))
    lost = Q(status=IssueStatus.MAKING, lease_until__lt=now)
    return (
        ReportIssue.objects.unscoped()
        .filter(rested | lost)
        .exclude(workspace__in=rollups.uncounted().values("workspace"))
    )


def _claim_issue() -> ReportIssue | None:
    with transaction.atomic():
        issue = _due_issues().select_for_update(skip_locked=True).order_by("pk").first()
        if issue is None:
            return None
        issue.status, issue.lease, issue.tries = IssueStatus.MAKING, issue.lease + 1, issue.tries + 1
        issue.lease_until, issue.written = timezone.now() + MAKING, 0
        issue.save(update_fields=["status", "lease", "tries", "lease_until", "written"])
    return issue


def _make(issue: ReportIssue, make: Make, expected: tuple[type[Exception], ...]) -> None:
    if issue.tries > MOST_TRIES:
        _give_up(issue, f"Given up: its worker died {MOST_TRIES} times.")
        return
    report = SavedReport.objects.for_workspace(issue.workspace_id).select_related("workspace").get(pk=issue.report_id)

    def wrote(count: int) -> None:
        _held(issue).update(written=count)

    try:
        made = make(report, issue.moment, wrote)
    except expected as error:
        _give_up(issue, str(error))
    except (InterfaceError, OperationalError):
        raise  # the database, not the report: its lease runs out and it is taken up again
    except Exception as error:
        log.exception("Issue %d of a report could not be made.", issue.pk)
        _try_again(issue, f"It broke: {type(error).__name__}: {error}. The log has more.")
    else:
        _store(issue, report, made)


def _store(issue: ReportIssue, report: SavedReport, made: Made) -> None:
    large = [file for file in made.files if len(file.content) > MOST_FILE_BYTES]
    files = [file for file in made.files if file not in large]
    allowed = report_settings.allowed_addresses(workspace=report.workspace)
    left = [address for address in report.recipients if address not in allowed]
    notes = (
        f"Left out, being larger than {MOST_FILE_BYTES // 1_000_000} MB: {', '.join(file.name for file in large)}."
        if large
        else "",
        f"Passed over, being no member any more and not allowed by an owner: {', '.join(left)}." if left else "",
        NO_SERVER if report.recipients and not settings.EMAIL_HOST else "",
    )
    with transaction.atomic():
        stored = _held(issue).update(
            status=IssueStatus.MADE,
            start=made.start,
            end=made.end,
            summary=list(made.summary),
            made_at=timezone.now(),
            lease_until=None,
            message=" ".join(filter(None, notes)),
        )
        if not stored:
            return  # somebody else has it now
        ReportFile.objects.bulk_create(
            ReportFile(
                workspace_id=issue.workspace_id,
                issue=issue,
                format=file.format,
                name=file.name,
                content_type=file.content_type,
                size=len(file.content),
                content=file.content,
            )
            for file in files
        )
        if settings.EMAIL_HOST:
            Mail.objects.bulk_create(
                Mail(
                    workspace_id=issue.workspace_id,
                    issue=issue,
                    address=address,
                    kind=MailKind.REPORT,
                    key=f"report {issue.pk}",
                )
                for address in report.recipients
                if address in allowed
            )
        saved_reports.remove_old_files(report_id=report.pk, workspace_id=issue.workspace_id)


def _held(issue: ReportIssue) -> QuerySet[ReportIssue]:
    rows = ReportIssue.objects.for_workspace(issue.workspace_id)
    return rows.filter(pk=issue.pk, lease=issue.lease, status=IssueStatus.MAKING)


def _give_up(issue: ReportIssue, message: str) -> None:
    _held(issue).update(status=IssueStatus.FAILED, message=message, lease_until=None)


def _try_again(issue: ReportIssue, message: str) -> None:
    if issue.tries >= MOST_TRIES:
        _give_up(issue, message)
        return
    after = timezone.now() + timedelta(seconds=WAITS[min(issue.tries, len(WAITS)) - 1])
    _held(issue).update(status=IssueStatus.WAITING, message=message, lease_until=None, next_try_at=after)
