"""The frontier of a crawl: every address it found, and what became of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.pages import Job


class TargetKind(models.TextChoices):
    PAGE = "page", "Page"
    SITEMAP = "sitemap", "Sitemap"
    KNOWN = "known", "Page that was here before"


class TargetState(models.TextChoices):
    WAITING = "waiting", "Not visited yet"
    ADDED = "added", "New"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Unchanged"
    PUT_BACK = "put_back", "Put back"
    TWIN = "twin", "Same words as another page"
    OUT = "out", "Taken out by hand"
    MOVED = "moved", "Redirect"
    OTHER = "other", "Another address is its own"
    GONE = "gone", "No longer there"
    BARRED = "barred", "Forbidden by robots.txt"
    REFUSED = "refused", "Could not be used"
    SITEMAP = "sitemap", "Sitemap read"


class CrawlTarget(WorkspaceModel):
    """One address of one crawl. `words` and `print` tell pages that say the same, or nearly so.

    `print` is a 64-bit fingerprint as a signed number; `note` is what there is to say of a page that was kept.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=TargetKind.choices, default=TargetKind.PAGE)
    url = models.CharField(max_length=2000)
    page = models.CharField(max_length=2000)
    depth = models.PositiveSmallIntegerField(default=0)
    hops = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=TargetState.choices, default=TargetState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")
    note = models.TextField(blank=True, default="")
    words = models.CharField(max_length=64, blank=True, default="")
    print = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("job"),
            models.UniqueConstraint(fields=["job", "page"], name="crawltarget_once"),
        ]
        indexes = [
            models.Index(fields=["job", "depth", "id"], name="crawltarget_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.page}"
