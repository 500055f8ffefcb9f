"""Ranks every page of an index generation for the questions of a run: how far a page was from being read.

What an answer's body records ends after the first pages; this goes on to the last. A generation and a question have one
ranking for ever, so what is stored is never made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from monitor import assistants
from monitor.assistants import engine
from monitor.models import DeepRanks, IndexGeneration, Job, JobKind, JobStatus, Response, Run, Workspace
from monitor.models.tracing import INDEXED_PAGES, question_key
from monitor.services import indexes, jobs
from monitor.services.errors import Problem
from monitor.services.progress import Watch

RANKING = "Ranking every page"
#: Hosts kept of one ranking, the best first.
MOST_HOSTS = 2000
DECIMALS = 4


def start(*, run: Run) -> Job:
    """Have every page ranked for the run's questions; the job that does it already, if there is one.

    Problem for a run that asked no local engine.
    """
    if run.generation_id is None or not _questions(run):
        raise Problem("This run asked no local engine, so there is nothing to rank.")
    open_jobs = Job.objects.for_workspace(run.workspace).filter(
        kind=JobKind.RANK,
        input__run=run.pk,
        status__in=(JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED),
        cancel_asked=False,
    )
    return open_jobs.first() or jobs.start(workspace=run.workspace, kind=JobKind.RANK, input={"run": run.pk})


def rank_everything(
    *, workspace: Workspace, run_id: int, watch: Watch, between: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Rank every page for each question of the run that has no such ranking yet; how many questions have one now."""
    run = Run.objects.for_workspace(workspace).select_related("generation").filter(pk=run_id).first()
    if run is None or run.generation is None:
        raise Problem("The run is gone, or it asked no local engine.")
    generation, questions = run.generation, _questions(run)
    known = set(DeepRanks.objects.for_workspace(workspace).filter(generation=generation).values_list("key", flat=True))
    missing = [text for text in questions if question_key(text) not in known]
    watch.step(RANKING, len(questions) - len(missing), len(questions))
    if missing:
        hosts = _hosts(generation)
        folder = indexes.ready_path(generation=generation)
        for text, places in zip(missing, engine.whole_rankings(folder, missing), strict=True):
            DeepRanks.objects.bulk_create([_ranks(generation, text, places, hosts)], ignore_conflicts=True)
            known.add(question_key(text))
            watch.step(RANKING, sum(question_key(text) in known for text in questions), len(questions))
            between()
    return {"questions": len(questions), "pages": len(generation.page_versions)}


def _questions(run: Run) -> list[str]:
    asked = Response.objects.for_workspace(run.workspace_id).filter(run=run, assistant__in=assistants.LOCAL)
    return list(dict.fromkeys(asked.order_by("pk").values_list("prompt_text", flat=True)))


def _hosts(generation: IndexGeneration) -> dict[int, tuple[str, str]]:
    """The host and the domain of each page version of the generation."""
    with connection.cursor() as cursor:
        cursor.execute(INDEXED_PAGES, {"generation": generation.pk})
        return {version: (host, domain) for version, host, domain in cursor.fetchall()}


def _ranks(
    generation: IndexGeneration, text: str, places: Sequence[Any], hosts: dict[int, tuple[str, str]]
) -> DeepRanks:
    best: dict[str, dict[str, Any]] = {}
    for place in places:
        version = int(place.document)
        host, domain = hosts.get(version, ("", ""))
        if host in best or len(best) >= MOST_HOSTS:
            continue
        best[host] = {
            "domain": domain,
            "version": version,
            "start": place.start,
            "end": place.end,
            "rank": place.rank,
            "score": round(place.score, DECIMALS),
            "dense": round(place.dense, DECIMALS),
        }
    return DeepRanks(
        workspace_id=generation.workspace_id,
        generation=generation,
        question=text,
        key=question_key(text),
        best=best,
        ranked=len(places),
    )
