"""Brands, and the frozen versions of the whole set that runs and extractions refer to."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from monitor.models.base import WorkspaceModel, within_workspace


class BrandKind(models.TextChoices):
    OWN = "own", "Own brand"
    COMPETITOR = "competitor", "Competitor"


class Brand(WorkspaceModel):
    """A brand to look for. `colour` is its stable place, 0 to 7, in the colour-blind-safe palette.

    `needs`, `excludes` and `exact_case` are the rules of `monitor.extract.Brand`.
    """

    name = models.CharField(max_length=120)
    aliases = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    needs = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    excludes = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    exact_case = models.BooleanField(default=False)
    kind = models.CharField(max_length=12, choices=BrandKind.choices, default=BrandKind.COMPETITOR)
    colour = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-kind", "name"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(
                Lower("name"),
                "workspace",
                name="brand_name_once",
                condition=models.Q(archived_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def frozen(self) -> dict[str, Any]:
        """The brand as a set keeps it. Rules stand there only where it has some: sets without them stay the same."""
        content: dict[str, Any] = {"id": self.pk, "name": self.name, "kind": self.kind}
        content |= {"aliases": list(self.aliases), "domains": list(self.domains)}
        rules = {"needs": list(self.needs), "excludes": list(self.excludes), "exact_case": self.exact_case}
        return content | {key: rule for key, rule in rules.items() if rule}


class BrandSet(WorkspaceModel):
    """An immutable version of the workspace's active brands.

    `brands` is a list of `{"id", "name", "aliases", "domains", "kind"}`, with "needs", "excludes" and "exact_case" of
    brands that have such rules.
    """

    number = models.PositiveIntegerField()
    brands = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "number"], name="brandset_number_once"),
        ]

    def __str__(self) -> str:
        return f"brand set {self.number}"
