"""Who a panel asks as: a name, and what such a person would say of themselves."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Lower

from monitor.models.base import WorkspaceModel, within_workspace


class Persona(WorkspaceModel):
    """A kind of customer. `words` are in the first person and go along with every prompt of the panels that take it.

    They may change: what was asked keeps the words it was asked with, in its panel's revision and in each response.
    """

    MAX_NAME = 60
    MAX_WORDS = 600

    name = models.CharField(max_length=MAX_NAME)
    words = models.CharField(max_length=MAX_WORDS)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(
                Lower("name"),
                "workspace",
                name="persona_name_once",
                condition=models.Q(archived_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def frozen(self) -> dict[str, Any]:
        """As plans and responses hold it."""
        return {"id": self.pk, "name": self.name, "words": self.words}
