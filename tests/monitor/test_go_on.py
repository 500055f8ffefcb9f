"""Ctrl-C while an index is built, then *Resume*: the job comes to its end, and nothing is there twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from monitor.models import IndexGeneration, Job, JobKind, JobStatus, Page, PageVersion, Passage, Role, Workspace
from monitor.services import imports, indexes, job_kinds, jobs, nudge
from tests.factories import make_member, make_workspace
from tests.monitor.test_crawls import WORDS
from tests.monitor.test_jobs import jsonl, some_pages
from tests.website import Website, page

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = 3
Interrupt = Callable[[], None]


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """The messages that would wake workers: (job, needs a model)."""
    sent: list[tuple[int, bool]] = []
    monkeypatch.setattr(nudge, "job", lambda job_id, *, needs_model: sent.append((job_id, needs_model)))
    return sent


@pytest.fixture(params=["while passages are embedded", "once the generation is stored"])
def interrupted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Ctrl-C at this place of the index stage, each time that it is come to; an empty list ends that."""
    armed = [request.param]
    step, tidy = jobs.JobWatch.step, indexes.collect_garbage

    def while_embedding(self: jobs.JobWatch, phase: str, done: int, total: int) -> None:
        step(self, phase, done, total)
        if armed == ["while passages are embedded"] and phase == job_kinds.INDEXING and done:
            raise KeyboardInterrupt

    def once_stored(*, workspace: Workspace) -> int:
        if armed == ["once the generation is stored"]:
            raise KeyboardInterrupt
        return tidy(workspace=workspace)

    monkeypatch.setattr(jobs.JobWatch, "step", while_embedding)
    monkeypatch.setattr(indexes, "collect_garbage", once_stored)
    yield armed


def editor(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


def goes_on(client: Client, job: Job, nudges: list[tuple[int, bool]]) -> None:
    """The button, pressed twice."""
    shown = client.get(reverse("job", args=[job.workspace.slug, job.pk])).content.decode()
    assert "Paused" in shown and ">Resume<" in shown
    nudges.clear()
    for _ in range(2):
        client.post(reverse("job_resume", args=[job.workspace.slug, job.pk]))
    assert nudges == [(job.pk, True)], "one message, to a worker with the model"


def is_whole(job: Job) -> None:
    """The job is done, and everything is there once."""
    job.refresh_from_db()
    assert (job.status, job.message) == (JobStatus.DONE, "")
    workspace = job.workspace
    assert Page.objects.for_workspace(workspace).count() == PAGES
    assert PageVersion.objects.for_workspace(workspace).count() == PAGES
    (generation,) = IndexGeneration.objects.for_workspace(workspace)
    assert indexes.current(workspace=workspace) == generation and len(generation.page_versions) == PAGES
    spans = Passage.objects.for_workspace(workspace).values_list("version", "start", "end")
    assert len(spans) == len(set(spans)) == generation.passages == job.result["passages"] > 0
    assert (job.result["added"], job.result["generation"]) == (PAGES, 1), "the first stage's facts are kept"
    assert not jobs.run(job_id=job.pk), "delivered again, it does nothing"


def test_an_import_goes_on_however_often_it_is_stopped(
    nudges: list[tuple[int, bool]], interrupted: list[str], settings: Any
) -> None:
    workspace = make_workspace()
    job = imports.upload(workspace=workspace, files=[jsonl(*some_pages(PAGES), "{oops")])
    assert jobs.run(job_id=job.pk), "the pages are stored, and the index comes next"
    client = editor(workspace)
    for _ in range(settings.MAX_TRIES + 1):
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job_id=job.pk)
        assert jobs.stop_here(job=job)
        job.refresh_from_db()
        assert job.status == JobStatus.PAUSED and jobs.resume_abandoned() == 0, "it waits to be told"
        goes_on(client, job, nudges)
    assert list(Path(settings.UPLOAD_DIR).iterdir()), "what was uploaded stays until the end"
    interrupted.clear()
    assert jobs.run(job_id=nudges.pop()[0])
    is_whole(job)
    assert [problem["where"] for problem in job.problems] == ["pages.jsonl, line 4"], "told once"
    assert not list(Path(settings.UPLOAD_DIR).iterdir())


def test_a_crawl_stopped_in_the_terminal_goes_on_from_the_browser(
    nudges: list[tuple[int, bool]], interrupted: list[str], settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace()
    places = {"/": page("Home", WORDS["a"], "/b", "/c"), "/b": page("B", WORDS["b"]), "/c": page("C", WORDS["c"])}
    with Website(places) as site:
        settings.ALLOWED_CRAWL_HOSTS = [site.host]
        call_command("crawl", site.url, "--workspace", workspace.slug)
        assert json.loads(capsys.readouterr().out)["status"] == "paused"
        asked = list(site.paths)
        job = Job.objects.for_workspace(workspace).get(kind=JobKind.CRAWL)
        assert job.input["stage"] == job_kinds.INDEX_STAGE
        interrupted.clear()
        goes_on(editor(workspace), job, nudges)
        assert jobs.run(job_id=nudges.pop()[0])
        assert site.paths == asked, "nothing is asked for again"
    is_whole(job)
