"""What was checked of an answer's citations: whether the pages it cites say what it cites them for."""

from __future__ import annotations

from django.db import models

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.pages import PageVersion
from monitor.models.runs import Response


class SupportCheck(WorkspaceModel):
    """The check of one answer. `recall` and `precision` are None where there was nothing to judge.

    `sentences` and `citations` were judged; `unknown` sentences were not, for they cite a page whose text is not here.
    """

    response = models.OneToOneField(Response, on_delete=models.CASCADE, related_name="support")
    version = models.CharField(max_length=20)
    recall = models.FloatField(null=True)
    precision = models.FloatField(null=True)
    sentences = models.PositiveIntegerField()
    citations = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = within_workspace("response")
        indexes = [models.Index(fields=["version"], name="supportcheck_by_version")]

    def __str__(self) -> str:
        return f"check of response {self.response_id}"


class SupportVerdict(WorkspaceModel):
    """A sentence `text[start:end]` of an answer beside a page it cites, in code points.

    `url` is as the answer's source has it. No `version`, `score` and `supported` where the page's text is not here.
    """

    of_check = models.ForeignKey(SupportCheck, on_delete=models.CASCADE, related_name="verdicts")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    url = models.TextField()
    page = models.TextField(blank=True, default="")
    version = models.ForeignKey(PageVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    score = models.FloatField(null=True)
    supported = models.BooleanField(null=True)

    class Meta:
        ordering = ["start", "id"]
        constraints = within_workspace("of_check", "version")
        indexes = [
            models.Index(fields=["workspace", "page"], name="verdict_unknown", condition=models.Q(supported=None)),
        ]

    def __str__(self) -> str:
        return f"{self.page or self.url}: {self.score}"
