"""What people say of answers: where a reading is wrong, and which of them, drawn at random, they looked through."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.brands import Brand, BrandSet
from monitor.models.people import User
from monitor.models.runs import Response


class CorrectedPart(models.TextChoices):
    """What of a mention a correction is about."""

    MENTION = "mention", "Whether the brand is named"
    SENTIMENT = "sentiment", "Sentiment"


class Correction(WorkspaceModel):
    """What a person says of one brand at `[start, end)` of an answer, in code points; `text` stood there then.

    `value` is yes or no for a mention, and one of `Sentiment` for its sentiment. A correction that was taken back, or
    whose place was taken by another, has `undone_at` and counts no more. Kept by the answer and not by a reading: each
    applies it anew (`monitor.corrections`). `brand` is None once the brand was deleted; its name stays.
    """

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="corrections")
    brand = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, related_name="+")
    brand_name = models.CharField(max_length=120)
    what = models.CharField(max_length=12, choices=CorrectedPart.choices)
    value = models.CharField(max_length=12)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    undone_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("response", "brand"),
            models.UniqueConstraint(
                fields=["response", "brand", "start", "what"], name="correction_once", condition=Q(undone_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand_name} at {self.start}: {self.what} {self.value}"


class Review(WorkspaceModel):
    """An answer drawn at random for people to look through, `place` in the order of its draw.

    Once one has: `brands` are the ids looked for then, and `labels` what the answer really names, a list of
    `[brand, start, end, sentiment or null]`.
    """

    response = models.OneToOneField(Response, on_delete=models.CASCADE, related_name="review")
    draw = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    brands = models.JSONField(default=list)
    labels = models.JSONField(default=list)
    reviewed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["draw", "place"]
        constraints = [
            *within_workspace("response"),
            models.UniqueConstraint(fields=["workspace", "draw", "place"], name="review_place_once"),
        ]

    def __str__(self) -> str:
        return f"review of response {self.response_id}"


class ReviewReading(WorkspaceModel):
    """What one version of the rules found by itself, before corrections, in a reviewed answer.

    `found` is a list of `[brand, start, end]`. Kept when the version is no longer in use: it is what it was.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="readings")
    rule_version = models.CharField(max_length=20)
    brand_set = models.ForeignKey(BrandSet, on_delete=models.PROTECT, related_name="+")
    found = models.JSONField(default=list)

    class Meta:
        constraints = [
            *within_workspace("review", "brand_set"),
            models.UniqueConstraint(fields=["review", "rule_version", "brand_set"], name="reviewreading_once"),
        ]

    def __str__(self) -> str:
        return f"rules {self.rule_version} in {self.review}"
