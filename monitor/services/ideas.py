"""Looking for prompts in the workspace's own pages, and saying of each whether it is tracked.

What is found is an idea and no prompt: nothing is asked of anybody before a person has added it to a suite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from monitor import ownership
from monitor.assistants import engine
from monitor.models import BrandKind, IdeaState, Job, JobKind, Prompt, PromptIdea, Suite, Workspace
from monitor.models.tracing import INDEXED_PAGES
from monitor.services import brands, indexes, jobs, suites
from monitor.services.errors import Problem
from monitor.services.progress import Watch
from monitor.services.prompt_rows import PromptRow, clean_text
from monitor.services.suites import Added

TRYING = "Putting questions to the index"
MOST = 200


def start(*, workspace: Workspace, own_pages: bool) -> Job:
    """Look for ideas in the pages of own brands, or in all; the job that does it already, if there is one.

    Problem where there are no such pages.
    """
    generation = indexes.current(workspace=workspace)
    if generation is None:
        raise Problem("There are no indexed pages to look in. Crawl a site or import pages first.")
    if own_pages and not _documents(workspace, generation.pk, own_pages=True):
        raise Problem("None of the indexed pages is on a domain of your own brands. Look in all pages instead.")
    return jobs.start_once(workspace=workspace, kind=JobKind.IDEAS, input={"own_pages": own_pages})


def look(
    *, workspace: Workspace, own_pages: bool, watch: Watch, between: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Keep new ideas of the present index; how many came, and how many wait now."""
    generation = indexes.current(workspace=workspace)
    if generation is None:
        raise Problem("There are no indexed pages to look in. Crawl a site or import pages first.")

    def progress(done: int, total: int) -> None:
        watch.step(TRYING, done, total)
        between()

    watch.step(TRYING, 0, 0)
    listed = PromptIdea.objects.for_workspace(workspace)
    known = [
        *Prompt.objects.for_workspace(workspace).filter(archived_at=None).values_list("text", flat=True),
        *listed.exclude(state=IdeaState.ADDED).values_list("text", flat=True),
    ]
    found = engine.prompt_ideas(
        indexes.ready_path(generation=generation),
        _documents(workspace, generation.pk, own_pages=own_pages),
        known,
        most=MOST,
        progress=progress,
    )
    before = listed.count()
    PromptIdea.objects.bulk_create(
        (
            PromptIdea(
                workspace=workspace,
                text=idea.question,
                version_id=int(idea.document),
                start=idea.start,
                end=idea.end,
                rank=idea.rank,
                asked=idea.asked,
            )
            for idea in found
        ),
        ignore_conflicts=True,
    )
    return {"ideas": listed.count() - before}


def _documents(workspace: Workspace, generation: int, *, own_pages: bool) -> set[str]:
    """The index's documents, by their page versions' ids; with `own_pages` those on own brands' domains."""
    own = [brand for brand in brands.current_brand_set(workspace=workspace).brands if brand["kind"] == BrandKind.OWN]
    hosts = [host for _, host in ownership.brand_hosts(own)]
    with connection.cursor() as cursor:
        cursor.execute(INDEXED_PAGES, {"generation": generation})
        return {
            str(version)
            for version, host, domain in cursor.fetchall()
            if not own_pages or any(ownership.owns(own_host, domain, host) for own_host in hosts)
        }


@transaction.atomic
def add(*, suite: Suite, texts: Mapping[int, str], tags: Sequence[str]) -> Added:
    """Put ideas into a suite, in the words that somebody gave them; texts by idea id. Problem for a bad text."""
    rows = [PromptRow(clean_text(text), tuple(tags), line) for line, text in enumerate(texts.values(), start=1)]
    done = suites.add_prompts(suite=suite, rows=rows)
    _say(suite.workspace, texts, IdeaState.ADDED)
    return done


def dismiss(*, workspace: Workspace, ids: Sequence[int]) -> int:
    """Let ideas go; they are not found again. How many."""
    return _say(workspace, ids, IdeaState.DISMISSED, of=IdeaState.NEW)


def bring_back(*, workspace: Workspace, ids: Sequence[int]) -> int:
    return _say(workspace, ids, IdeaState.NEW, of=IdeaState.DISMISSED)


def _say(workspace: Workspace, ids: Any, state: IdeaState, **only: IdeaState) -> int:
    found = PromptIdea.objects.for_workspace(workspace).filter(pk__in=list(ids))
    return found.filter(**({"state": only["of"]} if only else {})).update(state=state)
