"""Reports made again and again: whom they go to, what came of each making, and links that show them to others."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from monitor.models.base import WorkspaceModel, within_workspace


class ReportSettings(WorkspaceModel):
    """How a workspace's reports look, and which addresses outside the team they may go to.

    `logo` is a PNG of our own making, whatever was uploaded. Empty fields mean: as Citescope does it.
    """

    name = models.CharField(max_length=80, blank=True, default="")
    accent = models.CharField(max_length=7, blank=True, default="")
    footer = models.CharField(max_length=200, blank=True, default="")
    logo = models.BinaryField(default=bytes, blank=True)
    addresses = ArrayField(models.EmailField(), default=list, blank=True)

    class Meta:
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace"], name="reportsettings_once"),
        ]

    def __str__(self) -> str:
        return f"report settings of {self.workspace_id}"


class ReportPeriod(models.TextChoices):
    WEEK = "7", "The last 7 days"
    FOUR_WEEKS = "28", "The last 28 days"
    QUARTER = "90", "The last 90 days"
    MONTH = "month", "The last month"


class SavedReport(WorkspaceModel):
    """A report with its filter, and when it is made for whom. An empty `cron` means: only by hand.

    `filter` holds the filter bar's parameters but the dates, as lists of strings; `period` ends the day before.
    """

    name = models.CharField(max_length=120)
    filter: models.JSONField[Any, Any] = models.JSONField(default=dict)
    period = models.CharField(max_length=6, choices=ReportPeriod.choices, default=ReportPeriod.FOUR_WEEKS)
    formats = ArrayField(models.CharField(max_length=10), default=list)
    cron = models.CharField(max_length=120, blank=True, default="")
    recipients = ArrayField(models.EmailField(), default=list, blank=True)
    subject = models.CharField(max_length=150, blank=True, default="")
    words = models.TextField(blank=True, default="")
    paused = models.BooleanField(default=False)
    last_slot_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(Lower("name"), "workspace", name="savedreport_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class IssueStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    MAKING = "making", "Being made"
    MADE = "made", "Made"
    FAILED = "failed", "Failed"


class ReportIssue(WorkspaceModel):
    """One making of a saved report: of a slot of its schedule, or by hand (`slot_at` None).

    `moment` is when it is of: its period is counted from there, however late it is made.
    """

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="issues")
    slot_at = models.DateTimeField(null=True)
    moment = models.DateTimeField()
    status = models.CharField(max_length=10, choices=IssueStatus.choices, default=IssueStatus.WAITING)
    start = models.DateField(null=True)
    end = models.DateField(null=True)
    summary: models.JSONField[Any, Any] = models.JSONField(default=list)
    message = models.TextField(blank=True, default="")
    #: Files that are written so far, of as many as the report has formats.
    written = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    lease = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            *within_workspace("report"),
            models.UniqueConstraint(fields=["report", "slot_at"], name="reportissue_slot_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="reportissue_open", condition=Q(status__in=["waiting", "making"])),
        ]

    def __str__(self) -> str:
        return f"issue {self.pk} of {self.report_id}"


class ReportFile(WorkspaceModel):
    """A file of one issue. It lies in the database: web and workers may run on different machines."""

    issue = models.ForeignKey(ReportIssue, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("issue"),
            models.UniqueConstraint(fields=["issue", "format"], name="reportfile_format_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ShareLink(WorkspaceModel):
    """A link that shows a saved report's view to whoever has it. Of its token only the SHA-256 is kept.

    `texts`: whether it shows what was asked, prompt by prompt.
    """

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="links")
    name = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, unique=True)
    texts = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_by = models.EmailField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    opened = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = within_workspace("report")

    def __str__(self) -> str:
        return self.name
