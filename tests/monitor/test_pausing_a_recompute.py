"""Pausing a recompute: what is read stays beside the present reading, and it goes on from there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import Extraction, Job, JobKind, JobStatus, Mention, Response, Role, Workspace
from monitor.services import brands, jobs, reading
from tests.factories import make_brand, make_member
from tests.monitor import test_ledger
from tests.monitor.test_jobs import Pausing, nudges, paused_at, resumed
from tests.monitor.test_ledger import make_panel, scripted, start, work

__all__ = ["nudges", "paused_at", "scripted"]

pytestmark = pytest.mark.django_db(transaction=True)
workspace = test_ledger.workspace


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The answers that recomputes read, in chunks of two."""
    found: list[int] = []
    read_chunk = reading._read_chunk

    def seen(target: Any, responses: list[Response]) -> None:
        read_chunk(target, responses)
        found.extend(response.pk for response in responses)

    monkeypatch.setattr(reading, "_read_chunk", seen)
    monkeypatch.setattr(reading, "CHUNK", 2)
    return found


@pytest.fixture
def history(workspace: Workspace) -> list[int]:
    """Six answers, and a brand that came after them."""
    start(make_panel(workspace, prompts=6, repeats=1))
    assert work() == 6
    make_brand(workspace, name="Zenko")
    return list(Response.objects.for_workspace(workspace).order_by("pk").values_list("pk", flat=True))


def recompute(workspace: Workspace) -> Job:
    return jobs.start_once(workspace=workspace, kind=JobKind.RECOMPUTE)


def named(workspace: Workspace) -> set[tuple[int, str]]:
    current = reading.ensure_current(workspace=workspace)
    rows = Mention.objects.for_workspace(workspace).filter(extraction=current)
    return set(rows.values_list("response_id", "text"))


def unfinished(workspace: Workspace) -> list[int]:
    rows = Extraction.objects.for_workspace(workspace).filter(status="building")
    return list(rows.values_list("read_through", flat=True))


def test_a_recompute_goes_on_behind_the_last_answer_it_read(
    workspace: Workspace, history: list[int], reads: list[int], nudges: list[tuple[int, bool]], paused_at: Pausing
) -> None:
    job = recompute(workspace)
    paused_at(job, 4)
    assert reads == history[:4] and unfinished(workspace) == [history[3]]
    assert {text for _, text in named(workspace)} == {"Acme"}, "figures stay as they were"
    start(make_panel(workspace, prompts=1, repeats=1))
    assert work() == 1, "answers that come meanwhile are read under both"
    everything = list(Response.objects.for_workspace(workspace).order_by("pk").values_list("pk", flat=True))
    resumed(job, nudges)
    assert reads == everything
    assert named(workspace) == {(pk, text) for pk in everything for text in ("Acme", "Zenko")}
    assert unfinished(workspace) == []


def test_a_recompute_whose_worker_was_killed_goes_on_too(
    workspace: Workspace, history: list[int], reads: list[int], nudges: list[tuple[int, bool]], monkeypatch: Any
) -> None:
    job = recompute(workspace)
    with monkeypatch.context() as broken:
        seen = reading._read_chunk

        def die(target: Any, responses: list[Response]) -> None:
            seen(target, responses)
            raise SystemExit

        broken.setattr(reading, "_read_chunk", die)
        with pytest.raises(SystemExit):
            jobs.run(job_id=job.pk)
    Job.objects.for_workspace(workspace).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.resume_abandoned() == 1 and jobs.run(job_id=job.pk)
    assert reads == history, "each once"
    assert len(named(workspace)) == 12


def test_brands_that_change_in_the_pause_are_read_for_and_end_the_paused_job(
    workspace: Workspace, history: list[int], reads: list[int], nudges: list[tuple[int, bool]], paused_at: Pausing
) -> None:
    job = recompute(workspace)
    paused_at(job, 2)
    make_brand(workspace, name="good")
    brands.current_brand_set(workspace=workspace)
    later = recompute(workspace)
    assert later != job and jobs.run(job_id=later.pk)
    assert reads == [*history[:2], *history], "by the brands of now, from the first on"
    assert unfinished(workspace) == []
    job.refresh_from_db()
    assert (job.status, job.message) == (JobStatus.CANCELLED, "A later one has done its work.")


@pytest.mark.parametrize("done", [2, 6])
def test_a_paused_recompute_that_is_cancelled_leaves_nothing_behind(
    workspace: Workspace,
    history: list[int],
    reads: list[int],
    nudges: list[tuple[int, bool]],
    paused_at: Pausing,
    done: int,
) -> None:
    job, before = recompute(workspace), named(workspace)
    paused_at(job, done)
    nudges.clear()
    assert jobs.cancel(job=job) and jobs.cancel(job=job)
    assert not jobs.pause(job=job) and not jobs.resume(job=job)
    assert {job_id for job_id, _ in nudges} == {job.pk}
    assert jobs.run(job_id=job.pk) and not jobs.run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.status, job.message) == (JobStatus.CANCELLED, "Cancelled. Figures stay as they were.")
    assert unfinished(workspace) == []
    assert reads == history[:done] and named(workspace) == before

    waiting = recompute(workspace)
    assert jobs.pause(job=waiting) and jobs.cancel(job=waiting)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.message) == (JobStatus.CANCELLED, "Cancelled before it began.")


def test_every_page_says_that_reading_is_paused(
    client: Client, workspace: Workspace, history: list[int], nudges: list[tuple[int, bool]], paused_at: Pausing
) -> None:
    client.force_login(make_member(workspace, Role.EDITOR))
    job = recompute(workspace)
    jobs.pause(job=job)
    overview = client.get(reverse("brands", args=[workspace.slug])).content.decode()
    assert "Reading earlier answers again is paused." in overview
    assert reverse("job", args=[workspace.slug, job.pk]) in overview
