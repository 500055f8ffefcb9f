"""How far long work is: a job's row as its page shows it. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from monitor.models import Job, JobKind, JobStatus, Workspace

RECENT = 6
OPEN = (JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED)
#: Below this the rate says nothing yet.
SECONDS_FOR_A_RATE = 2.0

#: The facts of a finished job, in the order and words of its page.
FACTS = (
    ("visited", "Pages visited"),
    ("added", "New pages"),
    ("changed", "Changed pages"),
    ("unchanged", "Unchanged pages"),
    ("put_back", "Pages put back"),
    ("moved", "Led elsewhere"),
    ("gone", "No longer there"),
    ("barred", "Forbidden by robots.txt"),
    ("skipped", "Not used"),
    ("left", "Found, not visited"),
    ("answers_added", "New answers"),
    ("answers_there", "There already"),
    ("refused", "Refused"),
    ("generation", "Index generation"),
    ("pages", "Pages in the index"),
    ("passages", "Passages in the index"),
    ("extraction", "Extraction"),
    ("as_read", "Answers without a raw payload: their sources stay as they were read"),
    ("questions", "Questions ranked"),
    ("ideas", "New ideas"),
)
#: The second stage of an import of pages, as its job's input names it.
INDEX_STAGE = "index"
#: What jobs count, in their last stage.
_OF_PAGES = (JobKind.IMPORT_PAGES, JobKind.CRAWL)
_UNITS = {
    JobKind.IMPORT_ANSWERS: "answers read",
    JobKind.IMPORT_PAGES: "passages indexed",
    JobKind.CRAWL: "passages indexed",
    JobKind.BUILD_INDEX: "passages indexed",
    JobKind.RECOMPUTE: "answers read",
    JobKind.RANK: "questions ranked",
    JobKind.IDEAS: "questions tried",
}


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job, its present phase, and the pace of that phase."""

    job: Job
    phase: str
    per_second: float | None
    seconds_left: float | None
    facts: tuple[tuple[str, int], ...]
    more_problems: int

    @property
    def ended(self) -> bool:
        return self.job.status not in OPEN

    @property
    def stored_nothing(self) -> bool:
        """True of an import that came to its end without one page of its own."""
        kept = ("added", "changed", "unchanged", "put_back")
        imported = self.job.kind in _OF_PAGES and self.job.status == JobStatus.DONE
        return imported and not any(self.job.result.get(key) for key in kept)

    @property
    def unit(self) -> str:
        """What `done` and `total` count in the job's present, or last, stage."""
        if self.job.kind == JobKind.IMPORT_PAGES and self.job.input.get("stage") != INDEX_STAGE:
            return "pages read"
        if self.visits_pages:
            return "pages visited"
        return _UNITS.get(JobKind(self.job.kind), "done")

    @property
    def visits_pages(self) -> bool:
        """Whether it is a crawl in its first stage."""
        return self.job.kind == JobKind.CRAWL and self.job.input.get("stage") != INDEX_STAGE

    @property
    def badge(self) -> str:
        if self.stored_nothing:
            return "warn"
        tone = {JobStatus.DONE: "ok", JobStatus.FAILED: "bad", JobStatus.RUNNING: "accent", JobStatus.PAUSED: "warn"}
        return tone.get(JobStatus(self.job.status), "muted")

    @property
    def counts_pages(self) -> bool:
        return self.job.kind == JobKind.IMPORT_PAGES

    @property
    def milliseconds_left(self) -> float | None:
        return None if self.seconds_left is None else self.seconds_left * 1000

    @property
    def took_ms(self) -> float | None:
        if self.job.started_at is None or self.job.finished_at is None:
            return None
        return (self.job.finished_at - self.job.started_at).total_seconds() * 1000


def progress(job: Job) -> JobProgress:
    """The job's pace now: items a second of its present phase, and the seconds that phase will still take."""
    per_second = seconds_left = None
    since = job.result.get("phase_at")
    if job.status == JobStatus.RUNNING and since and job.done:
        seconds = (timezone.now() - datetime.fromisoformat(since)).total_seconds()
        if seconds >= SECONDS_FOR_A_RATE:
            per_second = (job.done - job.result.get("phase_done", 0)) / seconds
        if per_second:
            seconds_left = max(job.total - job.done, 0) / per_second
    return JobProgress(
        job=job,
        phase=job.result.get("phase", ""),
        per_second=per_second,
        seconds_left=seconds_left,
        facts=tuple((label, job.result[key]) for key, label in FACTS if job.result.get(key) is not None),
        more_problems=job.result.get("more_problems", 0),
    )


def recent(workspace: Workspace, *kinds: JobKind) -> list[JobProgress]:
    """The latest jobs of these kinds, newest first."""
    jobs = Job.objects.for_workspace(workspace).filter(kind__in=kinds).defer("problems")
    return [progress(job) for job in jobs[:RECENT]]
