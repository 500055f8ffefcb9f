"""What was read out of the answers: sources and mentions under an extraction, and the day's counts over them."""

from __future__ import annotations

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.brands import Brand, BrandSet
from monitor.models.pages import IndexGeneration
from monitor.models.panels import Panel, Prompt
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

    `role` is the part it is named in, None under rules that did not tell it yet. `judge` is the version of the
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


class DayCell(WorkspaceModel):
    """Counts of one prompt x assistant x stratum of one run. All rates are made of these and the two below.

    Pasted answers belong to no panel.
    """

    extraction = models.ForeignKey(Extraction, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="+", null=True)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    assistant = models.CharField(max_length=40)
    stratum = models.CharField(max_length=12)
    valid = models.PositiveIntegerField()
    with_citation = models.PositiveIntegerField()
    with_pawc = models.PositiveIntegerField(default=0, db_default=0)
    reporting_retrieval = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()

    class Meta:
        constraints = [
            *within_workspace("extraction", "run", "panel", "prompt"),
            models.UniqueConstraint(fields=["extraction", "run", "prompt", "assistant"], name="daycell_once"),
        ]
        indexes = [models.Index(fields=["workspace", "extraction", "day"], name="daycell_by_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.assistant}"


class DayBrand(WorkspaceModel):
    """Of a DayCell's valid responses: how many named the brand, named it first or among three, cited its domains."""

    cell = models.ForeignKey(DayCell, on_delete=models.CASCADE, related_name="brands")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, related_name="+")
    named = models.PositiveIntegerField()
    named_first = models.PositiveIntegerField()
    named_top3 = models.PositiveIntegerField()
    reciprocal_rank = models.FloatField()
    cited = models.PositiveIntegerField()

    class Meta:
        constraints = [
            *within_workspace("cell", "brand"),
            models.UniqueConstraint(fields=["cell", "brand"], name="daybrand_once"),
        ]

    def __str__(self) -> str:
        return f"{self.brand_id} in {self.cell_id}"


class DayDomain(WorkspaceModel):
    """Of a DayCell's valid responses: how many cited and retrieved the domain, and its summed citation share.

    `pawc` is likewise a sum, over the responses that the cell counts as `with_pawc`.
    """

    cell = models.ForeignKey(DayCell, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=253)
    cited = models.PositiveIntegerField()
    retrieved = models.PositiveIntegerField()
    share = models.FloatField()
    pawc = models.FloatField(default=0, db_default=0)

    class Meta:
        constraints = [
            *within_workspace("cell"),
            models.UniqueConstraint(fields=["cell", "domain"], name="daydomain_once"),
        ]

    def __str__(self) -> str:
        return f"{self.domain} in {self.cell_id}"
