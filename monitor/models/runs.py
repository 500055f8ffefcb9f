"""The ledger: runs, their responses, each attempt to get one, and the bodies exactly as they came.

The state of a Response is moved by `services.ledger` alone; every move is fenced on `lease`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import zstandard
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.brands import BrandSet
from monitor.models.pages import IndexGeneration
from monitor.models.panels import Panel, PanelRevision, Prompt


class Trigger(models.TextChoices):
    SCHEDULE = "schedule", "Schedule"
    MANUAL = "manual", "By hand"
    ASK = "ask", "Ask page"
    PASTE = "paste", "Pasted"
    IMPORT = "import", "Imported"


class RunStatus(models.TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"


#: Of a run that has not ended. While it is paused none of its responses is claimed.
UNDER_WAY = (RunStatus.RUNNING, RunStatus.PAUSED)


class Run(WorkspaceModel):
    """One execution of a panel, its plan frozen. `day` is the date it counts on in the workspace's zone.

    `pauses` has a `{"since", "until", "by"}` for each, moments in ISO form; one that nobody ended has no `until`.
    """

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="runs", null=True)
    panel_revision = models.ForeignKey(PanelRevision, on_delete=models.CASCADE, related_name="+", null=True)
    brand_set = models.ForeignKey(BrandSet, on_delete=models.PROTECT, related_name="+")
    generation = models.ForeignKey(IndexGeneration, on_delete=models.PROTECT, related_name="+", null=True)
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    status = models.CharField(max_length=10, choices=RunStatus.choices, default=RunStatus.RUNNING)
    slot_at = models.DateTimeField(null=True)
    day = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    pauses: models.JSONField[Any, Any] = models.JSONField(default=list)
    rolled_up_at = models.DateTimeField(null=True)
    support_checked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            *within_workspace("panel", "panel_revision", "brand_set", "generation"),
            models.UniqueConstraint(fields=["panel", "slot_at"], name="run_slot_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "day"], name="run_workspace_day"),
            models.Index(fields=["status"], name="run_open", condition=Q(status__in=["running", "paused"])),
            models.Index(fields=["id"], name="run_uncounted", condition=Q(rolled_up_at=None)),
            models.Index(fields=["id"], name="run_unchecked", condition=Q(support_checked_at=None)),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def moment(self) -> datetime:
        """When it was due, or started by hand: what people know it by."""
        return self.slot_at or self.created_at

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    @property
    def paused_spans(self) -> list[tuple[datetime, datetime]]:
        """From when to when it was paused; what nobody ended goes on to the run's end, or to now."""
        end = (self.finished_at or timezone.now()).isoformat()
        spans = [(pause["since"], pause["until"] or end) for pause in self.pauses]
        return [(datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in spans]

    @property
    def going_since(self) -> datetime:
        """When it began, or was resumed last."""
        return max([self.created_at, *(until for _, until in self.paused_spans)])

    @property
    def paused_for(self) -> timedelta:
        return sum((until - since for since, until in self.paused_spans), timedelta())


class ResponseStatus(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being asked"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Sent, no answer came back"
    SKIPPED = "skipped", "Not needed"
    CANCELLED = "cancelled", "Cancelled"


OPEN = (ResponseStatus.PENDING, ResponseStatus.SENDING)
VALID_FINISHES = ("complete", "truncated", "paused")
#: What metrics count: answered, and neither refused nor blocked.
VALID = Q(status=ResponseStatus.ANSWERED, finish__in=VALID_FINISHES)


class Response(WorkspaceModel):
    """One cell of a run: a prompt put to an assistant once. Text is cleaned of what PostgreSQL cannot hold."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="responses", db_index=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="responses", null=True)
    prompt_text = models.TextField()
    assistant = models.CharField(max_length=40)
    model = models.CharField(max_length=120, blank=True, default="")
    options = models.JSONField(default=dict)
    repeat = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    queue = models.CharField(max_length=20)
    stratum = models.CharField(max_length=12)

    status = models.CharField(max_length=10, choices=ResponseStatus.choices, default=ResponseStatus.PENDING)
    lease = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    error_kind = models.CharField(max_length=20, blank=True, default="")
    error_message = models.TextField(blank=True, default="")

    generation = models.ForeignKey(IndexGeneration, on_delete=models.PROTECT, related_name="+", null=True)
    page_versions = ArrayField(models.BigIntegerField(), default=list)
    text = models.TextField(blank=True, default="")
    search = SearchVectorField(null=True)
    model_reported = models.CharField(max_length=120, blank=True, default="")
    finish = models.CharField(max_length=10, blank=True, default="")
    searches = models.JSONField(default=list)
    retrieval_reported = models.BooleanField(default=False)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    first_text_ms = models.PositiveIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("run", "prompt", "generation"),
            models.UniqueConstraint(fields=["run", "prompt", "assistant", "repeat"], name="response_cell_once"),
        ]
        indexes = [
            models.Index(
                fields=["queue", "next_try_at", "id"],
                name="response_claimable",
                condition=Q(status="pending"),
            ),
            models.Index(
                fields=["queue", "workspace", "assistant", "id"],
                name="response_fair",
                condition=Q(status="pending"),
            ),
            models.Index(fields=["lease_until"], name="response_leased", condition=Q(status="sending")),
            models.Index(fields=["workspace", "prompt", "-id"], name="response_by_prompt"),
            models.Index(fields=["run", "id"], name="response_by_run"),
            GinIndex(fields=["search"], name="response_search"),
        ]

    @property
    def outcome(self) -> str:
        """What came of it, in words: of an answer that never ended there may be a beginning."""
        broke_off = self.status == ResponseStatus.UNKNOWN and self.text
        return "Answer broke off" if broke_off else self.get_status_display()

    def __str__(self) -> str:
        return f"response {self.pk}"


class AttemptStatus(models.TextChoices):
    SENT = "sent", "Sent"
    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "No answer came back"
    LATE = "late", "Answered after its lease had passed on"


class Attempt(WorkspaceModel):
    """One try at a response, committed before anything is sent. `lease` is the fence it was made under."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="attempts")
    lease = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=AttemptStatus.choices, default=AttemptStatus.SENT)
    sent_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    error_kind = models.CharField(max_length=20, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("response"),
            models.UniqueConstraint(fields=["response", "lease"], name="attempt_lease_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.lease} of {self.response_id}"


class Body(WorkspaceModel):
    """A verbatim body, zstd-compressed; `sha256` and `size` are of what came over the wire."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="bodies")
    sequence = models.PositiveSmallIntegerField()
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            *within_workspace("attempt"),
            models.UniqueConstraint(fields=["attempt", "sequence"], name="body_sequence_once"),
        ]
        indexes = [models.Index(fields=["workspace", "created_at"], name="body_by_age")]

    def __str__(self) -> str:
        return f"body {self.pk}"

    def unpacked(self) -> bytes:
        """The body as it came over the wire."""
        return zstandard.ZstdDecompressor().decompress(bytes(self.content), max_output_size=max(1, self.size))
