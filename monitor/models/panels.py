"""What is asked, of whom, and when: prompts in suites, suites in panels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.personas import Persona


class Suite(WorkspaceModel):
    """A named set of prompts."""

    name = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(
                Lower("name"),
                "workspace",
                name="suite_name_once",
                condition=models.Q(archived_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Prompt(WorkspaceModel):
    """A tracked question. Its text never changes once asked: an edit archives it and adds a new one."""

    MAX_LENGTH = 2000

    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="prompts")
    text = models.CharField(max_length=MAX_LENGTH)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("suite"),
            models.UniqueConstraint(
                fields=["suite", "text"], name="prompt_text_once", condition=models.Q(archived_at=None)
            ),
        ]

    def __str__(self) -> str:
        return self.text


def asked_prompts(suite_id: int, tags: Sequence[str]) -> models.Q:
    """The prompts that are asked of a suite: the active ones, where tags are named those with any of them."""
    active = models.Q(suite=suite_id, archived_at=None)
    return active & models.Q(tags__overlap=list(tags)) if tags else active


class Panel(WorkspaceModel):
    """A suite x assistants x schedule x repeats.

    `assistants` is a list of `{"assistant", "model", "options"}`. `revision` guards against two people editing at
    once and numbers the frozen `PanelRevision` that runs refer to. An empty `cron` means: only by hand. The schedule
    stands as it is since `scheduled_from`, None for since the panel was made: no slot before that was missed.
    `adaptive`: prompts whose answer is clear are asked less often (`monitor.planning`). `tags`: only prompts with any
    of them are asked, all where there are none. `persona`: who asks, nobody in particular where it is None.
    """

    name = models.CharField(max_length=120)
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="panels")
    tags = ArrayField(models.CharField(max_length=40), default=list, db_default=[], blank=True)
    persona = models.ForeignKey(Persona, on_delete=models.PROTECT, related_name="panels", null=True, blank=True)
    assistants = models.JSONField(default=list)
    repeats = models.PositiveSmallIntegerField(default=3)
    adaptive = models.BooleanField(default=False, db_default=False)
    cron = models.CharField(max_length=120, blank=True, default="")
    time_zone = models.CharField(max_length=64, default="UTC")
    paused = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    last_slot_at = models.DateTimeField(null=True, blank=True)
    scheduled_from = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            *within_workspace("suite", "persona"),
            models.UniqueConstraint(
                Lower("name"),
                "workspace",
                name="panel_name_once",
                condition=models.Q(archived_at=None),
            ),
            models.CheckConstraint(condition=models.Q(repeats__gte=1, repeats__lte=50), name="panel_repeats_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class PanelRevision(WorkspaceModel):
    """A panel as it stood when it was saved: `plan` has all its fields."""

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    plan: models.JSONField[Any, Any] = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            *within_workspace("panel"),
            models.UniqueConstraint(fields=["panel", "number"], name="panelrevision_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.panel} (revision {self.number})"
