"""Filtered pages that people gave a name, for the whole workspace."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace

#: The parameters that say where in its lists a page is: no filters.
PLACES = frozenset({"page", "domains_leaf", "pages_leaf"})


class SavedView(WorkspaceModel):
    """A page, by its URL's name, under the query string of its filters. One that was removed can be put back."""

    MAX_NAME = 60
    MAX_QUERY = 2_000

    name = models.CharField(max_length=MAX_NAME)
    page = models.CharField(max_length=20)
    query = models.TextField(blank=True, default="")
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "name"], condition=Q(removed_at=None), name="savedview_name"),
        ]

    def __str__(self) -> str:
        return self.name
