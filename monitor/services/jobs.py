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

from monitor import watchdog
from monitor.models import Job, JobKind, JobStatus, Workspace
from monitor.services import nudge, uploads
from monitor.services.errors import Problem
from monitor.services.progress import Cancelled, Paused, Watch

log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5
#: Problems kept word for word; the rest are counted.
MAX_PROBLEMS = 1000
#: What a result says of the phase at hand, and of nothing else.
_OF_PHASES = ("phase", "phase_at", "phase_done")
ENDED = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


class LeaseLost(Exception):  # noqa: N818 - somebody else has the job now, which is no error
    """Raised out of `Watch.step` when this process should let go of the job without a word."""


class NotNow(Exception):  # noqa: N818 - it only waits
    """Raised by a job that another one is in the way of; it is tried again at the next tick."""


class HandOver(Exception):  # noqa: N818 - the way on, not an error
    """Raised by a job whose next stage belongs on a worker with a model; `stage` goes into the job's input."""

    def __init__(self, stage: str, result: dict[str, Any]) -> None:
        super().__init__(stage)
        self.stage, self.result = stage, result


def start(*, workspace: Workspace, kind: JobKind, input: dict[str, Any], wake: bool = True) -> Job:
    """Create a job and wake a worker for it once that is committed; not where the caller runs it itself."""
    with transaction.atomic():
        job = Job.objects.create(workspace=workspace, kind=kind, input=input)
        if wake:
            transaction.on_commit(lambda: _nudge(job))
    return job


def start_once(*, workspace: Workspace, kind: JobKind, input: dict[str, Any] | None = None) -> Job:
    """The job of this kind that still waits to begin, or a new one: one build serves many changes before it."""
    waiting = Job.objects.for_workspace(workspace).filter(kind=kind, status=JobStatus.WAITING, cancel_asked=False)
    return waiting.first() or start(workspace=workspace, kind=kind, input=input or {})


def cancel(*, job: Job) -> bool:
    """Stop a job at its next step; one that waits ends at once. False when it had ended already.

    A recompute that waits or is paused midway is left to a worker, which takes back what it read so far.
    """
    with transaction.atomic():
        locked = Job.objects.for_workspace(job.workspace).select_for_update(of=("self",)).get(pk=job.pk)
        if locked.status in ENDED:
            return False
        locked.cancel_asked = True
        if locked.kind == JobKind.RECOMPUTE and locked.started_at and locked.status != JobStatus.RUNNING:
            locked.status = JobStatus.WAITING
            transaction.on_commit(lambda: _nudge(locked))
            locked.save(update_fields=["status", "cancel_asked"])
            return True
        locked.save(update_fields=["cancel_asked"])
        if locked.status in (JobStatus.PAUSED, JobStatus.WAITING):
            began = "Cancelled. What was stored by then is kept." if locked.result else "Cancelled before it began."
            _end(locked, locked.lease, JobStatus.CANCELLED, began)
    return True


def pause(*, job: Job) -> bool:
    """Let a job stop at its next step and wait to be resumed. False for what has ended or cannot stop so."""
    with transaction.atomic():
        locked = Job.objects.for_workspace(job.workspace).select_for_update(of=("self",)).get(pk=job.pk)
        if not locked.can_pause or locked.status in ENDED or locked.cancel_asked:
            return False
        if locked.status == JobStatus.WAITING:
            locked.status = JobStatus.PAUSED
        locked.pause_asked = locked.status == JobStatus.RUNNING
        locked.save(update_fields=["status", "pause_asked"])
    return True


def resume(*, job: Job, wake: bool = True) -> bool:
    """Let a paused job go on from where it was, or take back that it should pause. False when it does neither."""
    with transaction.atomic():
        locked = Job.objects.for_workspace(job.workspace).select_for_update(of=("self",)).get(pk=job.pk)
        if locked.status != JobStatus.PAUSED and not locked.pause_asked:
            return False
        locked.pause_asked = False
        if locked.status == JobStatus.PAUSED:
            locked.status = JobStatus.WAITING
            if wake:
                transaction.on_commit(lambda: _nudge(locked))
        locked.save(update_fields=["status", "pause_asked"])
    return True


def replace_paused(*, job: Job) -> int:
    """End the paused jobs of its kind, whose work it has done with its own; how many."""
    with transaction.atomic():
        paused = Job.objects.for_workspace(job.workspace).filter(kind=job.kind, status=JobStatus.PAUSED)
        found = list(paused.exclude(pk=job.pk).select_for_update(of=("self",)))
        for other in found:
            _end(other, other.lease, JobStatus.CANCELLED, "A later one has done its work.")
    return len(found)


def stop_here(*, job: Job) -> bool:
    """Pause a job whose process is this one and does no more of it. False when it has ended."""
    with transaction.atomic():
        locked = Job.objects.for_workspace(job.workspace).select_for_update(of=("self",)).get(pk=job.pk)
        if locked.status in ENDED:
            return False
        # a new lease, so that nothing of the old one is written any more; neither counts as a try that failed
        locked.lease += 1
        locked.input["let_go"] = int(locked.input.get("let_go", 0)) + 2
        locked.status, locked.pause_asked, locked.lease_until = JobStatus.PAUSED, False, None
        locked.save(update_fields=["lease", "input", "status", "pause_asked", "lease_until"])
    return True


def run(*, job_id: int, beside: Watch | None = None) -> bool:
    """Do the job if it is free to take. False when it has ended, or another process holds it.

    `beside` is told what the job's own row is told.
    """
    from monitor.services import job_kinds  # its services start jobs of their own

    job = _claim(job_id)
    if job is None:
        return False
    watch = JobWatch(job, beside)
    try:
        tries = job.lease - int(job.input.get("let_go", 1 if "stage" in job.input else 0))
        if tries > settings.MAX_TRIES:
            raise Problem(f"Given up: its worker died {settings.MAX_TRIES} times. What it stored by then is kept.")
        try:
            result = job_kinds.perform(job, watch)
        except HandOver as next_stage:
            _hand_over(job, watch, next_stage)
            return True
    except LeaseLost:
        log.info("Job %d went on elsewhere.", job.pk)
    except NotNow:
        watch.put_back()
    except Paused:
        watch.let_go()
    except Cancelled as cancelled:
        said = str(cancelled) or "Cancelled. What was stored by then is kept."
        watch.end(JobStatus.CANCELLED, said, watch.outcome)
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
            input={**job.input, "stage": following.stage, "let_go": int(job.input.get("let_go", 0)) + 1},
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

    def __init__(self, job: Job, beside: Watch | None = None) -> None:
        self._job, self._lease, self._beside = job, job.lease, beside
        #: What is known of the result so far; a cancelled or failed job keeps it.
        self.outcome: dict[str, Any] = {key: job.result[key] for key in job.result if key not in _OF_PHASES}
        first_stage = "stage" not in job.input
        self._problems: list[dict[str, str]] = [] if first_stage else list(job.problems)
        self._more_problems = 0 if first_stage else int(job.result.get("more_problems", 0))
        self._phase, self._phase_at = "", timezone.now()
        self._done = self._total = self._done_before = 0
        self._saved_at = 0.0

    def step(self, phase: str, done: int, total: int) -> None:
        """Raises Cancelled when somebody asked for that, LeaseLost when the job is no longer ours."""
        watchdog.step()
        if phase != self._phase:
            self._phase, self._phase_at, self._saved_at, self._done_before = phase, timezone.now(), 0.0, done
        if self._beside:
            self._beside.step(phase, done, total)
        self._done, self._total = done, total
        if time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self.save()

    def problem(self, where: str, reason: str) -> None:
        if self._beside:
            self._beside.problem(where, reason)
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
            result=self._with_phase(),
            lease_until=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS),
        ):
            raise LeaseLost
        asked = mine.values_list("cancel_asked", "pause_asked").first()
        if asked and asked[0]:
            raise Cancelled
        if asked and asked[1]:
            raise Paused

    def let_go(self) -> None:
        """Pause the job as it is."""
        self._release(
            status=JobStatus.PAUSED,
            done=self._done,
            total=self._total,
            problems=self._problems,
            result=self._with_phase(),
            pause_asked=False,
        )

    def put_back(self) -> None:
        """Let the job wait as it was before: nothing was done."""
        self._release(status=JobStatus.WAITING)

    def _release(self, **fields: Any) -> None:
        """Hold the job no longer, which counts as no try that failed."""
        let_go = int(self._job.input.get("let_go", 0)) + 1
        _held(self._job.pk, self._lease).update(input={**self._job.input, "let_go": let_go}, lease_until=None, **fields)

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

    def _with_phase(self) -> dict[str, Any]:
        of_phase = (self._phase, self._phase_at.isoformat(), self._done_before)
        return {**self._kept(), **dict(zip(_OF_PHASES, of_phase, strict=True))}

    def _kept(self) -> dict[str, Any]:
        return {**self.outcome, "more_problems": self._more_problems} if self._more_problems else self.outcome
