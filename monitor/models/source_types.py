"""What a workspace says of domains' kinds, where it knows better than the built-in table."""

from __future__ import annotations

from django.db import models

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.source_types import KINDS, LABELS


class SourceType(WorkspaceModel):
    """The kind of one registrable domain in this workspace."""

    domain = models.CharField(max_length=253)
    kind = models.CharField(max_length=13, choices=[(kind, LABELS[kind]) for kind in KINDS])

    class Meta:
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "domain"], name="sourcetype_once"),
        ]

    def __str__(self) -> str:
        return f"{self.domain}: {self.kind}"
