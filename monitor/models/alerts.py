"""What people want to be told of, and what they were told.

An Alert is written once for each subject and day, by `services.alerts` alone. What a rule sees is worked out from the
ledger's counts and kept in no row.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.brands import Brand
from monitor.models.panels import Panel
from monitor.models.people import Membership


class AlertKind(models.TextChoices):
    CHANGE = "change", "A change beyond noise"
    CITATIONS = "citations", "Citations won or lost"
    SENTIMENT = "sentiment", "Negative answers"
    SILENCE = "silence", "A missed or failed run"
    BUDGET = "budget", "Budget"


#: What a rule of each kind can watch, and how the form says it.
WATCHES: dict[str, dict[str, str]] = {
    AlertKind.CHANGE: {"mention": "Mention rate", "citation": "Citation rate", "voice": "Share of voice"},
    AlertKind.CITATIONS: {
        "won": "The brand's pages are cited for a prompt, and were not before",
        "lost": "The brand's pages are no longer cited for a prompt",
    },
    AlertKind.SENTIMENT: {
        "rise": "More of the answers that name the brand are negative, beyond noise",
        "any": "Any answer is negative, told once a day and assistant",
    },
    AlertKind.SILENCE: {
        "missed": "A scheduled run has not completed in time",
        "failed": "Too many answers of a run failed",
    },
    AlertKind.BUDGET: {
        "month": "So much of the month's budget is gone",
        "full": "A run waits because its budget, or the month's, has no room",
    },
}
ABOUT_A_BRAND = (AlertKind.CHANGE, AlertKind.CITATIONS, AlertKind.SENTIMENT)
#: What a rule of each kind is called and set to, where nobody says otherwise.
READY_MADE: dict[str, dict[str, Any]] = {
    AlertKind.CHANGE: {"name": "We are named or cited more, or less", "watches": ["mention", "citation"], "days": 7},
    AlertKind.CITATIONS: {"name": "Citations won or lost", "watches": ["won", "lost"], "runs": 5},
    AlertKind.SENTIMENT: {"name": "More negative answers about us", "watches": ["rise"], "days": 7},
    AlertKind.SILENCE: {"name": "A run did not happen", "watches": ["missed", "failed"], "hours": 6, "percent": 20},
    AlertKind.BUDGET: {"name": "Money is running out", "watches": ["month", "full"], "percent": 80},
}


class AlertRule(WorkspaceModel):
    """What to tell of. `watches` are keys of its kind's WATCHES; no assistants, or no panel, means all of them.

    `days`, `runs`, `hours` and `percent` are read by the kinds that have use for them. `revision` guards against two
    people editing at once; `evaluated` says what the ledger held when the rule was last looked at.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    watches = ArrayField(models.CharField(max_length=10))
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+", null=True)
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="+", null=True)
    assistants = ArrayField(models.CharField(max_length=40), default=list)
    days = models.PositiveSmallIntegerField(default=7)
    runs = models.PositiveSmallIntegerField(default=5)
    hours = models.PositiveSmallIntegerField(default=6)
    percent = models.PositiveSmallIntegerField(default=0)
    is_on = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)
    evaluated_at = models.DateTimeField(null=True)
    evaluated = models.CharField(max_length=120, default="")
    archived_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [*within_workspace("brand", "panel")]

    def __str__(self) -> str:
        return self.name


class AlertRecipient(WorkspaceModel):
    """A member whom a rule writes to."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="recipients")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            *within_workspace("rule", "membership"),
            models.UniqueConstraint(fields=["rule", "membership"], name="alertrecipient_once"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} of {self.rule_id}"


class Alert(WorkspaceModel):
    """Something that a rule told of, in words and figures as they were then, about the days from `starts_on`.

    `page`, `about` and `query` lead to the page with the figures: a URL's name, the id in it, and its filters. Seen is
    seen by the team; `good` is from the own brand's side, None where it is neither.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    subject = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    words = models.TextField()
    figures = models.JSONField(default=dict)
    good = models.BooleanField(null=True)
    page = models.CharField(max_length=20)
    about = models.BigIntegerField(null=True)
    query = models.TextField(blank=True, default="")
    seen_at = models.DateTimeField(null=True)
    emailed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            *within_workspace("rule"),
            models.UniqueConstraint(fields=["rule", "subject", "ends_on"], name="alert_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="alert_newest"),
            models.Index(fields=["workspace"], name="alert_unseen", condition=Q(seen_at=None)),
        ]

    def __str__(self) -> str:
        return self.words

    def address(self, slug: str) -> str:
        """The path of the page with its figures, in the workspace of that slug."""
        path = reverse(self.page, args=[slug] if self.about is None else [slug, self.about])
        return f"{path}?{self.query}" if self.query else path
