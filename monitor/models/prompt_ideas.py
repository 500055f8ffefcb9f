"""Questions that the workspace's own pages answer, waiting for somebody to say whether they are worth tracking."""

from __future__ import annotations

from django.db import models

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.pages import PageVersion
from monitor.models.panels import Prompt


class IdeaState(models.TextChoices):
    NEW = "new", "New"
    ADDED = "added", "Added"
    DISMISSED = "dismissed", "Dismissed"


class PromptIdea(WorkspaceModel):
    """A question, and the passage `text[start:end]` of the page version that answers it, found at `rank`.

    `asked`: the page asks it in these words; else it was made of the page's title.
    """

    text = models.CharField(max_length=Prompt.MAX_LENGTH)
    version = models.ForeignKey(PageVersion, on_delete=models.CASCADE, related_name="+")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    rank = models.PositiveSmallIntegerField()
    asked = models.BooleanField()
    state = models.CharField(max_length=10, choices=IdeaState.choices, default=IdeaState.NEW)

    class Meta:
        ordering = ["-asked", "rank", "pk"]
        constraints = [
            *within_workspace("version"),
            models.UniqueConstraint(fields=["workspace", "text"], name="promptidea_once"),
        ]

    def __str__(self) -> str:
        return self.text
