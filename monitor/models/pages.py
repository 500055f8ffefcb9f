"""Pages of the local engine: their versions, the passages of each, and immutable index generations."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from monitor.models.base import WorkspaceModel, within_workspace


class Page(WorkspaceModel):
    """A page by its identity. `current` is the version the next index generation holds; None: taken out.

    `etag` and `last_modified` are what its site said of that version, for asking whether there is a newer one;
    `gone_at` is when a crawl was told that the page is no more.
    """

    page = models.CharField(max_length=2000)
    url = models.CharField(max_length=2000)
    domain = models.CharField(max_length=253)
    current = models.ForeignKey("monitor.PageVersion", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    etag = models.CharField(max_length=200, blank=True, default="")
    last_modified = models.CharField(max_length=200, blank=True, default="")
    checked_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["page"]
        constraints = [
            *within_workspace("current"),
            models.UniqueConstraint(fields=["workspace", "page"], name="page_once"),
        ]

    def __str__(self) -> str:
        return self.page


class PageVersion(WorkspaceModel):
    """What a page said at one time. `html` is zstd-compressed; `sha256` is of the HTML as it came.

    `structured` is what the page said of itself for machines: types, headline, author, dates, OpenGraph.
    """

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    html = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    title = models.TextField(blank=True, default="")
    text = models.TextField()
    language = models.CharField(max_length=16, blank=True, default="")
    published = models.CharField(max_length=32, blank=True, default="")
    author = models.TextField(blank=True, default="")
    structured = models.JSONField(default=dict)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            *within_workspace("page"),
            models.UniqueConstraint(fields=["page", "number"], name="pageversion_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.page} (version {self.number})"


class Passage(WorkspaceModel):
    """A chunk of a version's text: `text[start:end]` in code points, under `heading`."""

    version = models.ForeignKey(PageVersion, on_delete=models.CASCADE, related_name="passages")
    sequence = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    heading = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["sequence"]
        constraints = [
            *within_workspace("version"),
            models.UniqueConstraint(fields=["version", "sequence"], name="passage_sequence_once"),
        ]

    def __str__(self) -> str:
        return f"passage {self.sequence} of {self.version_id}"


class IndexGeneration(WorkspaceModel):
    """An immutable index on disk under `DATA_DIR/indexes/<workspace id>/<number>`, of the versions named here."""

    number = models.PositiveIntegerField()
    page_versions = ArrayField(models.BigIntegerField(), default=list)
    passages = models.PositiveIntegerField(default=0)
    manifest = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "number"], name="indexgeneration_number_once"),
        ]

    def __str__(self) -> str:
        return f"generation {self.number}"


class JobKind(models.TextChoices):
    IMPORT_PAGES = "import_pages", "Import of pages"
    CRAWL = "crawl", "Crawl"
    IMPORT_ANSWERS = "import_answers", "Import of answers"
    BUILD_INDEX = "build_index", "Build of the index"
    RECOMPUTE = "recompute", "Recompute of history"
    RANK = "rank", "Ranking of every page"
    IDEAS = "ideas", "Search for prompt ideas"


class JobStatus(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


#: Kinds that go on from where they were; of work in stages the first alone, for an index is built in one go.
PAUSABLE = (JobKind.IMPORT_PAGES, JobKind.CRAWL, JobKind.IMPORT_ANSWERS, JobKind.RECOMPUTE, JobKind.RANK)


class Job(WorkspaceModel):
    """Long work with progress. `problems` is a list of `{"where", "reason"}`; `input` names its spooled upload."""

    kind = models.CharField(max_length=20, choices=JobKind.choices)
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.WAITING)
    input = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    message = models.TextField(blank=True, default="")
    cancel_asked = models.BooleanField(default=False)
    pause_asked = models.BooleanField(default=False)
    lease = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = within_workspace()
        indexes = [
            models.Index(fields=["status"], name="job_open", condition=Q(status__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def can_pause(self) -> bool:
        """Whether its present stage can stop and go on later without doing anything twice."""
        return self.kind in PAUSABLE and "stage" not in self.input
