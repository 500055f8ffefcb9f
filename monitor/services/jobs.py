"""Long work with progress: jobs are rows, held under a lease, taken up again when their worker dies.

A job may be run twice or cut short anywhere, so what it does must be idempotent. Its steps say how far they are
through a Watch; `job_kinds` knows what each kind does.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from monitor.models import Job, JobKind, JobStatus, Workspace
from monitor.services import nudge, uploads
from monitor.services.errors import Problem
from monitor.services.progress import Cancelled

log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5
#: Problems kept word for word; the rest are counted.
MAX_PROBLEMS = 1000
ENDED = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


class LeaseLost(Exception):  # noqa: N818 - somebody else has the job now, which is no error
    """Raised out of `Watch.step` when this process should let go of the job without a word."""


class HandOver(Exception):  # noqa: N818 - the way on, not an error
    """Raised by a job whose next stage belongs on a worker with a model; `stage` goes into the job's input."""

    def __init__(self, stage: str, result: dict[str, Any]) -> None:
        super().__init__(stage)
        self.stage, self.result = stage, result


def start(*, workspace: Workspace, kind: JobKind, input: dict[str, Any]) -> Job:
    """Create a job and wake a worker for it once that is committed."""
    with transaction.atomic():
        job = Job.objects.create(workspace=workspace, kind=kind, input=input)
        transaction.on_commit(lambda: _nudge(job))
    return job


def start_once(*, workspace: Workspace, kind: JobKind, input: dict[str, Any] | None = None) -> Job:
    """The job of this kind that still waits to begin, or a new one: one build serves many changes before it."""
    waiting = Job.objects.for_workspace(workspace).filter(kind=kind, status=JobStatus.WAITING, cancel_asked=False)
    return waiting.first() or start(workspace=workspace, kind=kind, input=input or {})


def cancel(*, job: Job) -> bool:
    """Stop a job at its next step; one that waits ends at once. False when it had ended already."""
    with transaction.atomic():
        locked = Job.objects.for_workspace(job.workspace).select_for_update(of=("self",)).get(pk=job.pk)
        if locked.status in ENDED:
            return False
        locked.cancel_asked = True
        locked.save(update_fields=["cancel_asked"])
        if locked.status == JobStatus.WAITING:
            _end(locked, locked.lease, JobStatus.CANCELLED, "Cancelled before it began.")
    return True


def run(*, job_id: int) -> bool:
    """Do the job if it is free to take. False when it has ended, or another process holds it."""
    from monitor.services import job_kinds  # its services start jobs of their own

    job = _claim(job_id)
    if job is None:
        return False
    watch = JobWatch(job)
    try:
        tries = job.lease - (1 if "stage" in job.input else 0)
        if tries > settings.MAX_TRIES:
            raise Problem(f"Given up: its worker died {settings.MAX_TRIES} times. What it stored by then is kept.")
        try:
            result = job_kinds.perform(job, watch)
        except HandOver as next_stage:
            _hand_over(job, watch, next_stage)
            return True
    except LeaseLost:
        log.info("Job %d went on elsewhere.", job.pk)
    except Cancelled:
        watch.end(JobStatus.CANCELLED, "Cancelled. What was stored by then is kept.", watch.outcome)
    except Problem as problem:
        watch.end(JobStatus.FAILED, str(problem), watch.outcome)
    except (InterfaceError, OperationalError, OSError):
        # The database or the disk, not the job: its lease runs out and it is taken up again.
        raise
    except Exception as error:
        log.exception("Job %d failed.", job.pk)
        watch.end(JobStatus.FAILED, f"It broke: {type(error).__name__}: {error}. The log has more.", watch.outcome)
        raise
    else:
        watch.end(JobStatus.DONE, "", result)
    return True


def resume_abandoned() -> int:
    """Wake workers for jobs that wait or whose worker is gone; how many. Called at every tick."""
    free = list(Job.objects.unscoped().filter(_free()).order_by("pk").select_related("workspace"))
    for job in free:
        _nudge(job)
    uploads.remove_orphans()
    return len(free)


def _free() -> Q:
    return Q(status=JobStatus.WAITING) | Q(status=JobStatus.RUNNING, lease_until__lt=timezone.now())


def _claim(job_id: int) -> Job | None:
    now = timezone.now()
    claimed = (
        Job.objects.unscoped()
        .filter(_free(), pk=job_id)
        .update(
            status=JobStatus.RUNNING,
            lease=F("lease") + 1,
            lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
        )
    )
    if not claimed:
        return None
    Job.objects.unscoped().filter(pk=job_id, started_at=None).update(started_at=now)
    return Job.objects.unscoped().select_related("workspace").get(pk=job_id)


def _nudge(job: Job) -> None:
    from monitor.services import job_kinds  # as in `run`

    nudge.job(job.pk, needs_model=job_kinds.needs_model(job))


def _hand_over(job: Job, watch: JobWatch, following: HandOver) -> None:
    """Put the job back for the other kind of worker."""
    watch.save()
    with transaction.atomic():
        if _held(job.pk, job.lease).update(
            status=JobStatus.WAITING,
            input={**job.input, "stage": following.stage},
            result={**following.result},
            lease_until=None,
        ):
            fresh = Job.objects.for_workspace(job.workspace).get(pk=job.pk)
            transaction.on_commit(lambda: _nudge(fresh))


def _held(job_id: int, lease: int) -> QuerySet[Job]:
    return Job.objects.unscoped().filter(pk=job_id, lease=lease, status=JobStatus.RUNNING)


def _end(job: Job, lease: int, status: JobStatus, message: str, **fields: Any) -> None:
    ended = (
        Job.objects.unscoped()
        .filter(pk=job.pk, lease=lease)
        .exclude(status__in=ENDED)
        .update(status=status, message=message, finished_at=timezone.now(), lease_until=None, **fields)
    )
    if ended:
        transaction.on_commit(lambda: uploads.remove(job.input.get("uploads", [])))


class JobWatch:
    """Writes a job's progress into its row, at most twice a second, and keeps its lease."""

    def __init__(self, job: Job) -> None:
        self._job, self._lease = job, job.lease
        #: What is known of the result so far; a cancelled or failed job keeps it.
        self.outcome: dict[str, Any] = {key: job.result[key] for key in job.result if key not in ("phase", "phase_at")}
        first_stage = "stage" not in job.input
        self._problems: list[dict[str, str]] = [] if first_stage else list(job.problems)
        self._more_problems = 0 if first_stage else int(job.result.get("more_problems", 0))
        self._phase, self._phase_at = "", timezone.now()
        self._done = self._total = 0
        self._saved_at = 0.0

    def step(self, phase: str, done: int, total: int) -> None:
        """Raises Cancelled when somebody asked for that, LeaseLost when the job is no longer ours."""
        if phase != self._phase:
            self._phase, self._phase_at, self._saved_at = phase, timezone.now(), 0.0
        self._done, self._total = done, total
        if time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self.save()

    def problem(self, where: str, reason: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append({"where": where, "reason": reason})
        else:
            self._more_problems += 1

    def save(self) -> None:
        self._saved_at = time.monotonic()
        mine = _held(self._job.pk, self._lease)
        if not mine.update(
            done=self._done,
            total=self._total,
            problems=self._problems,
            result={**self._kept(), "phase": self._phase, "phase_at": self._phase_at.isoformat()},
            lease_until=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS),
        ):
            raise LeaseLost
        if mine.filter(cancel_asked=True).exists():
            raise Cancelled

    def end(self, status: JobStatus, message: str, result: dict[str, Any]) -> None:
        self.outcome = result
        _end(
            self._job,
            self._lease,
            status,
            message,
            done=self._done,
            total=self._total,
            problems=self._problems,
            result=self._kept(),
        )

    def _kept(self) -> dict[str, Any]:
        return {**self.outcome, "more_problems": self._more_problems} if self._more_problems else self.outcome
