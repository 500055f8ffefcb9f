"""Checks in the background whether the pages that answers cite say what they are cited for.

A run is checked once it has ended, on the worker that holds the models and a few answers at a time: as soon as an
answer is due there, checking waits. Everything may be delivered twice, cut short, or run beside itself.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inference.answer import Answer
from monitor.assistants import engine
from monitor.celery import MODEL_QUEUES
from monitor.models import (
    OPEN,
    VALID,
    Page,
    PageVersion,
    Pointers,
    Response,
    ResponseSource,
    ResponseStatus,
    Run,
    RunStatus,
    SupportCheck,
    SupportVerdict,
    Workspace,
)
from monitor.services import bulk, nudge, reading
from monitor.services.locks import alone, hold_workspaces

log = logging.getLogger(__name__)

#: Answers checked together: what somebody who asks meanwhile may have to wait for.
BATCH = 6
SECONDS_A_TURN = 20.0
RUNS_A_TURN = 200
_LOCK = 1_128_481_111
_ENDED = (RunStatus.COMPLETED, RunStatus.CANCELLED)


def has_work() -> bool:
    """Whether an ended run is not checked yet, or was checked by an older version."""
    return _due().exists() or _outdated().exists()


def work(*, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Check what is due, newest runs first, for one turn or until an answer is due here; how many answers.

    Nothing where another worker does it.
    """
    checked = 0
    with alone(_LOCK) as is_alone:
        if not is_alone:
            return 0
        _renew_outdated()
        due = list(_due().order_by("-pk").select_related("workspace")[:RUNS_A_TURN])
        if due:
            engine.support_embedder()  # loading it may take longer than a turn
        until = time.monotonic() + SECONDS_A_TURN
        for run in due:
            while moved := _check_or_pass_over(run):
                checked += moved
                if not keep_going() or answers_wait():
                    return checked  # the next tick goes on
                if time.monotonic() > until:
                    nudge.supporting()
                    return checked
            _finish(run)
    return checked


def check_run(*, run: Run) -> int:
    """Check all of an ended run; the number of answers checked now."""
    checked = 0
    while moved := check_some(run=run):
        checked += moved
    _finish(run)
    return checked


def check_some(*, run: Run) -> int:
    """Check the next few valid answers of a run that have no check of this version; how many."""
    responses = list(_unchecked(run).defer("search").order_by("prompt", "assistant", "repeat")[:BATCH])
    if responses:
        _check(run, responses)
    return len(responses)


def check_again(*, workspace: Workspace) -> int:
    """Have answers checked again that cite a page whose text was not here and is now; how many."""
    here = Page.objects.for_workspace(workspace).filter(versions__isnull=False).values("page")
    verdicts = SupportVerdict.objects.for_workspace(workspace).filter(supported=None, page__in=here)
    checks = SupportCheck.objects.for_workspace(workspace).filter(pk__in=verdicts.values("of_check"))
    responses = list(checks.values_list("response_id", flat=True))
    forget(workspace=workspace, responses=responses)
    return len(responses)


def forget(*, workspace: Workspace | int, responses: Sequence[int]) -> None:
    """Drop what was checked of these answers, so that they are checked again."""
    if not responses:
        return
    with transaction.atomic():
        SupportCheck.objects.for_workspace(workspace).filter(response__in=responses).delete()
        runs = Response.objects.for_workspace(workspace).filter(pk__in=responses).values("run")
        Run.objects.for_workspace(workspace).filter(pk__in=runs).update(support_checked_at=None)


def answers_wait() -> bool:
    """Whether an answer is due on a worker that holds the models: what is done behind answers lets it go first."""
    waiting = Response.objects.unscoped().filter(
        status=ResponseStatus.PENDING, queue__in=MODEL_QUEUES, run__status=RunStatus.RUNNING
    )
    return waiting.exclude(next_try_at__gt=timezone.now()).exists()


# --- inside --------------------------------------------------------------------------------------------------


def _due() -> QuerySet[Run]:
    ended = Run.objects.unscoped().filter(support_checked_at=None, status__in=_ENDED)
    return ended.exclude(responses__status__in=OPEN)


def _outdated() -> QuerySet[SupportCheck]:
    version = engine.support_version()
    return SupportCheck.objects.unscoped().filter(Q(version__lt=version) | Q(version__gt=version))


def _renew_outdated() -> None:
    runs = _outdated().values("response__run")
    Run.objects.unscoped().filter(pk__in=runs, support_checked_at__isnull=False).update(support_checked_at=None)


def _unchecked(run: Run) -> QuerySet[Response]:
    valid = Response.objects.for_workspace(run.workspace_id).filter(VALID, run=run)
    return valid.exclude(support__version=engine.support_version())


def _finish(run: Run) -> None:
    """Note that the run is checked, unless an answer came to it meanwhile."""
    with transaction.atomic():
        locked = Run.objects.for_workspace(run.workspace_id).select_for_update().filter(pk=run.pk, status__in=_ENDED)
        if locked.exists() and not _unchecked(run).exists():
            locked.update(support_checked_at=timezone.now())


def _check_or_pass_over(run: Run) -> int:
    """Check the next few answers; a run whose answers break the check is left, so that it holds up no other."""
    try:
        return check_some(run=run)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        log.exception("The citations of run %d cannot be checked; it is passed over.", run.pk)
        Run.objects.for_workspace(run.workspace_id).filter(pk=run.pk).update(support_checked_at=timezone.now())
        return 0


def _check(run: Run, responses: Sequence[Response]) -> None:
    sources = _sources(responses)
    versions = _versions(run.workspace_id, responses, sources)
    texts = dict(
        PageVersion.objects.for_workspace(run.workspace_id)
        .filter(pk__in={pk for known in versions.values() for pk in known.values()})
        .values_list("pk", "text")
    )
    judged = engine.judge_support(
        [
            (
                Answer(row.text, reading.citations(sources[row.pk])),
                {url: texts[pk] for url, pk in versions[row.pk].items()},
            )
            for row in responses
        ]
    )
    pages = {(row.pk, source.url): source.page for row in responses for source in sources[row.pk]}
    with transaction.atomic():
        # a workspace that is being deleted, or another worker that was here first, comes before or after all of this
        hold_workspaces([run.workspace_id])
        if not Run.objects.for_workspace(run.workspace_id).select_for_update().filter(pk=run.pk).exists():
            return
        SupportCheck.objects.for_workspace(run.workspace_id).filter(response__in=responses).delete()
        checks = SupportCheck.objects.bulk_create(
            SupportCheck(
                workspace_id=run.workspace_id,
                response=row,
                version=engine.support_version(),
                recall=found.quality.recall,
                precision=found.quality.precision,
                sentences=found.quality.sentences,
                citations=found.quality.citations,
                unknown=found.quality.unknown,
                checked_at=timezone.now(),
            )
            for row, found in zip(responses, judged, strict=True)
        )
        verdicts: list[bulk.Row] = [
            {
                "workspace_id": run.workspace_id,
                "of_check_id": check.pk,
                "start": pair.span[0],
                "end": pair.span[1],
                "url": pair.url,
                "page": pages[check.response_id, pair.url],
                "version_id": versions[check.response_id].get(pair.url),
                "score": pair.verdict.score if pair.verdict else None,
                "supported": pair.verdict.supported if pair.verdict else None,
            }
            for check, found in zip(checks, judged, strict=True)
            for pair in found.pairs
        ]
        bulk.insert(SupportVerdict, verdicts)


def _sources(responses: Sequence[Response]) -> dict[int, list[ResponseSource]]:
    """The cited sources of each answer, by one statement: a recompute that switches meanwhile drops none of them."""
    current = Pointers.objects.filter(workspace=responses[0].workspace_id).values("extraction")
    rows = ResponseSource.objects.for_workspace(responses[0].workspace_id).filter(
        response__in=responses, extraction__in=current, cited=True
    )
    found: dict[int, list[ResponseSource]] = {row.pk: [] for row in responses}
    for row in rows.order_by("sequence"):
        found[row.response_id].append(row)
    return found


def _versions(
    workspace_id: int, responses: Sequence[Response], sources: dict[int, list[ResponseSource]]
) -> dict[int, dict[str, int]]:
    """The page version to check each cited URL of each answer by; none for a page whose text is not here.

    The one that the local engine had before it; else the last seen when the answer came, else the first seen after.
    """
    wanted = {source.page for rows in sources.values() for source in rows if source.page}
    known: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    rows = PageVersion.objects.for_workspace(workspace_id).filter(page__page__in=wanted).order_by("seen_at", "number")
    for page, seen_at, pk in rows.values_list("page__page", "seen_at", "pk"):
        known[page].append((seen_at, pk))
    return {
        response.pk: {
            source.url: _version(response, known[source.page])
            for source in sources[response.pk]
            if source.page in known
        }
        for response in responses
    }


def _version(response: Response, versions: Sequence[tuple[datetime, int]]) -> int:
    """`versions` are (seen at, id), oldest first."""
    used = [pk for _, pk in versions if pk in response.page_versions]
    before = [pk for seen_at, pk in versions if response.answered_at and seen_at <= response.answered_at]
    return (used or before[-1:] or [versions[0][1]])[0]
