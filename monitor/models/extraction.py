"""What was read out of the answers: sources and mentions under an extraction, and the day's counts over them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.brands import Brand, BrandSet
from monitor.models.pages import IndexGeneration
from monitor.models.panels import Panel
from monitor.models.people import Workspace
from monitor.models.runs import Response, Run


class ExtractionStatus(models.TextChoices):
    BUILDING = "building", "Being computed"
    CURRENT = "current", "Current"
    RETIRED = "retired", "Retired"


class Extraction(WorkspaceModel):
    """One reading of the workspace's whole history: a brand set under a rule version."""

    number = models.PositiveIntegerField()
    rule_version = models.CharField(max_length=20)
    brand_set = models.ForeignKey(BrandSet, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=ExtractionStatus.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    switched_at = models.DateTimeField(null=True)
    #: Responses up to this id are read, where it is still being computed; a recompute goes on behind it.
    read_through = models.BigIntegerField(default=0)
    #: The first day whose sources are read by these rules, where older payloads are deleted and older rules read those.
    sources_from = models.DateField(null=True)

    class Meta:
        constraints = [
            *within_workspace("brand_set"),
            models.UniqueConstraint(fields=["workspace", "number"], name="extraction_number_once"),
        ]

    def __str__(self) -> str:
        return f"extraction {self.number}"


class Pointers(models.Model):
    """What the workspace uses now: one extraction for every figure, one index generation for the next run."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True, related_name="pointers")
    extraction = models.ForeignKey(Extraction, on_delete=models.PROTECT, null=True, related_name="+")
    generation = models.ForeignKey(IndexGeneration, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"pointers of {self.workspace}"


class ResponseSource(WorkspaceModel):
    """A source of one answer, cited or only retrieved. `page` is empty where none is known, as behind a redirect.

    `pawc` is the position-adjusted word count of its domain in this answer; it stands at the first of the domain's
    sources alone, so that they sum up to it.
    """

    extraction = models.ForeignKey(Extraction, on_delete=models.CASCADE, related_name="+")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="sources")
    sequence = models.PositiveIntegerField()
    url = models.TextField()
    page = models.TextField(blank=True, default="")
    domain = models.CharField(max_length=253, blank=True, default="")
    title = models.TextField(blank=True, default="")
    cited = models.BooleanField()
    retrieved = models.BooleanField(null=True)
    via = models.CharField(max_length=10, blank=True, default="")
    spans = models.JSONField(default=list)
    pawc = models.FloatField(null=True)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            *within_workspace("extraction", "response"),
            models.UniqueConstraint(fields=["extraction", "response", "sequence"], name="responsesource_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "extraction", "domain"], name="source_by_domain"),
            HashIndex(fields=["url"], name="source_without_page", condition=Q(page="")),
        ]

    def __str__(self) -> str:
        return self.page or self.url


class Sentiment(models.TextChoices):
    RECOMMENDED = "recommended", "Recommended"
    NEUTRAL = "neutral", "Neutral"
    NEGATIVE = "negative", "Negative"


class MentionRole(models.TextChoices):
    COMPARED = "compared", "Compared"
    LISTED = "listed", "Listed"
    NAMED = "named", "Named"


class Mention(WorkspaceModel):
    """A brand named in an answer's prose, at `[start, end)` in code points, people's corrections applied.

    `role` is the part it is named in, None under rules that did not tell it yet, and `place` which one of the things it
    is listed with it is, None where it is not. `judge` is the version of the
    classifier that went over it, 0 before one did; `sentiment` is what it found, None before, and where it could not
    tell. Where a person said what is felt, `by_hand`, that is the sentiment, and `judged` is what the classifier found.
    """

    # the index that workers look for work by serves for this key as well
    extraction = models.ForeignKey(Extraction, on_delete=models.CASCADE, related_name="+", db_index=False)
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="mentions")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    rank = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=8, choices=MentionRole.choices, null=True)  # noqa: DJ001 - read by older rules
    place = models.PositiveSmallIntegerField(null=True)
    sentiment = models.CharField(max_length=12, choices=Sentiment.choices, null=True)  # noqa: DJ001 - not judged yet
    judge = models.PositiveSmallIntegerField(default=0, db_default=0)
    by_hand = models.BooleanField(default=False, db_default=False)
    judged = models.CharField(max_length=12, choices=Sentiment.choices, null=True)  # noqa: DJ001 - as above

    #: For forms.
    sentiments = Sentiment.choices

    class Meta:
        ordering = ["start"]
        constraints = [
            *within_workspace("extraction", "response", "brand"),
            models.UniqueConstraint(fields=["extraction", "response", "brand", "start"], name="mention_once"),
        ]
        indexes = [models.Index(fields=["extraction", "judge", "-id"], name="mention_by_judge")]

    def __str__(self) -> str:
        return self.text


class DayCounts(WorkspaceModel):
    """All that pages count of one assistant in one run: one row, however many answers. Made by `services.rollups`.

    The tables in it have a row for each prompt and thing found, in the columns of `monitor.packed`; `domain_names`,
    `page_names` and `call_names` are what their places stand for. Pasted answers belong to no panel.
    """

    extraction = models.ForeignKey(Extraction, on_delete=models.CASCADE, related_name="+", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="+", null=True)
    day = models.DateField()
    assistant = models.CharField(max_length=40)
    stratum = models.CharField(max_length=12)
    prompts = models.PositiveIntegerField()
    valid = models.PositiveIntegerField()
    #: answers that name a brand, by its id
    named = models.JSONField()
    #: as reported
    reported_models = ArrayField(models.CharField(max_length=120))
    cells = models.BinaryField()
    brands = models.BinaryField()
    #: None where an older version counted and the sweeper has yet to count anew
    mentions = models.BinaryField(null=True)
    places = models.BinaryField(null=True)
    #: how often judging had these alone counted anew since the row was written
    judgings = models.PositiveIntegerField(default=0, db_default=0)
    domains = models.BinaryField()
    domain_names = models.BinaryField()
    answers = models.BinaryField()
    pages = models.BinaryField()
    page_names = models.BinaryField()
    calls = models.BinaryField()
    call_names = models.BinaryField()

    class Meta:
        constraints = [
            *within_workspace("extraction", "run", "panel"),
            models.UniqueConstraint(fields=["extraction", "run", "assistant"], name="daycounts_once"),
        ]
        indexes = [
            # with all that pages ask of a whole history, so that they need not read the rows, which are wide
            models.Index(
                fields=["workspace", "extraction", "day"],
                include=["id", "assistant", "stratum", "panel", "judgings"],
                name="daycounts_of_days",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.assistant}"
