"""Making what is due of saved reports, and sending it. May be delivered twice or cut short anywhere.

An issue is claimed under a lease, made with no transaction open, and stored in one with its files and one mail for each
recipient. A mail is noted as being sent before it is handed over and as sent after; what is known to be sent is never
sent again. Where a worker died in between nobody knows: it is sent once more under the same Message-ID, and never a
third time. `make` is handed in: this knows no figures.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from monitor.models import (
    IssueStatus,
    MailStatus,
    ReportFile,
    ReportIssue,
    ReportMail,
    ReportSettings,
    SavedReport,
    Workspace,
)
from monitor.services import report_settings, rollups, saved_reports
from monitor.services.delivery import NO_WORD, End, deliver
from monitor.services.locks import alone

if TYPE_CHECKING:
    from monitor.exports.saved import Made

Make = Callable[[SavedReport, datetime], "Made"]

log = logging.getLogger(__name__)

_LOCK = 1_128_481_131
MOST_TRIES = 5
WAITS = (60, 5 * 60, 30 * 60, 2 * 3600)
#: A report of a large workspace takes minutes; a mail with its files does not.
MAKING, SENDING = timedelta(minutes=20), timedelta(minutes=5)
MOST_FILE_BYTES = 60_000_000
#: All files of an issue together; beyond it mail servers refuse, and the mail has a link.
MOST_ATTACHED_BYTES = 7_000_000
NOT_ALLOWED = "They are no member any more and not allowed by an owner."
NO_SERVER = "No mail server is set up (EMAIL_URL), so nothing was sent."


def has_work() -> bool:
    """Whether an issue is to be made or a mail to be sent."""
    return bool(
        _due_issues().exists()
        or ReportMail.objects.unscoped().filter(_is_due(MailStatus.WAITING, MailStatus.SENDING)).exists()
    )


def work(
    *, make: Make, expected: tuple[type[Exception], ...] = (), keep_going: Callable[[], bool] = lambda: True
) -> int:
    """Make and send all that is due, unless another worker does. Of `make`, `expected` errors say what is to be mended.

    One worker at a time, for drawing takes memory.
    """
    done = 0
    with alone(_LOCK) as is_alone:
        while is_alone and keep_going() and (issue := _claim_issue()):
            _make(issue, make, expected)
            done += 1
        while is_alone and keep_going() and (mail := _claim_mail()):
            _send(mail)
            done += 1
    return done


def _is_due(waiting: str, under_way: str) -> Q:
    now = timezone.now()
    rested = Q(next_try_at=None) | Q(next_try_at__lte=now)
    return (Q(status=waiting) & rested) | Q(status=under_way, lease_until__lt=now)


# --- making -----------------------------------------------------------------------------------------------------------


def _due_issues() -> QuerySet[ReportIssue]:
    """Those that can be made now: where runs are still to be counted, a report would say too little."""
    due = ReportIssue.objects.unscoped().filter(_is_due(IssueStatus.WAITING, IssueStatus.MAKING))
    return due.exclude(workspace__in=rollups.uncounted().values("workspace"))


def _claim_issue() -> ReportIssue | None:
    with transaction.atomic():
        issue = _due_issues().select_for_update(skip_locked=True).order_by("pk").first()
        if issue is None:
            return None
        issue.status, issue.lease, issue.tries = IssueStatus.MAKING, issue.lease + 1, issue.tries + 1
        issue.lease_until = timezone.now() + MAKING
        issue.save(update_fields=["status", "lease", "tries", "lease_until"])
    return issue


def _make(issue: ReportIssue, make: Make, expected: tuple[type[Exception], ...]) -> None:
    if issue.tries > MOST_TRIES:
        _give_up(issue, f"Given up: its worker died {MOST_TRIES} times.")
        return
    report = SavedReport.objects.for_workspace(issue.workspace_id).select_related("workspace").get(pk=issue.report_id)
    try:
        made = make(report, issue.moment)
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
            ReportMail.objects.bulk_create(
                ReportMail(workspace_id=issue.workspace_id, issue=issue, address=address, key=uuid.uuid4())
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
    _held(issue).update(status=IssueStatus.WAITING, message=message, lease_until=None, next_try_at=_after(issue.tries))


def _after(tries: int) -> datetime:
    return timezone.now() + timedelta(seconds=WAITS[min(tries, len(WAITS)) - 1])


# --- sending ----------------------------------------------------------------------------------------------------------


def _claim_mail() -> ReportMail | None:
    """The next mail, noted as being sent before anything is; one whose second sender did not come back is let go."""
    with transaction.atomic():
        due = ReportMail.objects.unscoped().filter(_is_due(MailStatus.WAITING, MailStatus.SENDING))
        lost = due.filter(status=MailStatus.SENDING)
        lost.filter(unsure=True).update(status=MailStatus.UNKNOWN, message=NO_WORD, lease_until=None)
        mail = due.select_for_update(skip_locked=True).order_by("pk").first()
        if mail is None:
            return None
        mail.unsure |= mail.status == MailStatus.SENDING
        mail.status, mail.tries, mail.lease_until = MailStatus.SENDING, mail.tries + 1, timezone.now() + SENDING
        mail.save(update_fields=["status", "unsure", "tries", "lease_until"])
    return mail


def _send(mail: ReportMail) -> None:
    if not settings.EMAIL_HOST:
        _end(mail, MailStatus.FAILED, NO_SERVER)
        return
    workspace = Workspace.objects.get(pk=mail.workspace_id)
    if mail.address not in report_settings.allowed_addresses(workspace=workspace):
        _end(mail, MailStatus.FAILED, NOT_ALLOWED)  # they left between two tries
        return
    heard = deliver(_message(mail))
    match heard.end:
        case End.TAKEN:
            _end(mail, MailStatus.SENT, "", sent_at=timezone.now())
        case End.UNHEARD if not mail.unsure:
            _end(mail, MailStatus.WAITING, heard.words, next_try_at=_after(mail.tries), unsure=True)
        case End.UNHEARD:
            _end(mail, MailStatus.UNKNOWN, heard.words)
        case End.REFUSED if mail.tries < MOST_TRIES:
            _end(mail, MailStatus.WAITING, heard.words, next_try_at=_after(mail.tries))
        case _:
            _end(mail, MailStatus.FAILED, heard.words)


def _end(mail: ReportMail, status: MailStatus, message: str, **fields: object) -> None:
    """Only from the try at hand: a later one may have begun."""
    rows = ReportMail.objects.for_workspace(mail.workspace_id)
    held = rows.filter(pk=mail.pk, status=MailStatus.SENDING, tries=mail.tries)
    held.update(status=status, message=message, lease_until=None, **fields)


def _message(mail: ReportMail) -> EmailMessage:
    """The mail with its files, or with where they are when they are too much for one."""
    issue = (
        ReportIssue.objects.for_workspace(mail.workspace_id).select_related("report", "workspace").get(pk=mail.issue_id)
    )
    report, workspace = issue.report, issue.workspace
    look = ReportSettings.objects.for_workspace(workspace).first()
    files = ReportFile.objects.for_workspace(workspace).filter(issue=issue)
    attached = 0 < sum(files.values_list("size", flat=True)) <= MOST_ATTACHED_BYTES
    context = {
        "issue": issue,
        "report": report,
        "workspace": workspace,
        "attached": attached,
        "names": list(files.values_list("name", flat=True)),
        "link": f"{settings.PUBLIC_URL}{reverse('saved_report', args=[workspace.slug, report.pk])}"
        if settings.PUBLIC_URL
        else "",
        "footer": look.footer if look else "",
    }
    sender = (look.name if look else "") or "Citescope"
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    message = EmailMessage(
        report.subject or f"{report.name}: {workspace.name}",
        render_to_string("email/report.txt", context),
        formataddr((sender, address)),
        [mail.address],
        headers={"Message-ID": f"<{mail.key}@{address.rpartition('@')[2] or 'localhost'}>"},
    )
    if attached:
        for file in files:
            message.attach(file.name, bytes(file.content), file.content_type)
    return message
