"""Redirects that providers hide cited pages behind, with where each of them leads."""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace


class RedirectState(models.TextChoices):
    WAITING = "waiting", "Not resolved yet"
    RESOLVED = "resolved", "Resolved"
    GONE = "gone", "The link has expired"


def fingerprint(url: str) -> str:
    """What a redirect is found by: SHA-256 of its URL."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


class Redirect(WorkspaceModel):
    """One such URL. `target`, `page` and `domain` are known once it is resolved, and do not change any more.

    `settled_at` is when the sources read before were given their page; later ones get it as they are read.
    """

    url = models.TextField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=RedirectState.choices, default=RedirectState.WAITING)
    target = models.TextField(blank=True, default="")
    page = models.TextField(blank=True, default="")
    domain = models.CharField(max_length=253, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, default="")
    seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "sha256"], name="redirect_once"),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="redirect_waiting", condition=Q(state="waiting")),
            models.Index(fields=["id"], name="redirect_unsettled", condition=Q(state="resolved", settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.page or self.url}"
