"""Jobs: taken up again after a crash, stopped when asked, and nothing done twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import Job, JobKind, JobStatus, Page, PageVersion, Role, Workspace
from monitor.queries import jobs as queries
from monitor.queries import pages as page_queries
from monitor.services import imports, jobs, nudge, pages, uploads
from monitor.services.errors import Problem
from tests.factories import make_member, make_workspace
from tests.monitor.test_pages_import import LONG, html

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """The messages that would wake workers: (job, needs a model)."""
    sent: list[tuple[int, bool]] = []
    monkeypatch.setattr(nudge, "job", lambda job_id, *, needs_model: sent.append((job_id, needs_model)))
    return sent


def jsonl(*rows: Any) -> SimpleUploadedFile:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
    return SimpleUploadedFile("pages.jsonl", "\n".join(lines).encode())


def some_pages(count: int = 3) -> list[dict[str, str]]:
    return [{"url": f"https://a.example/{n}", "html": html(f"{LONG} This is page {n}.").decode()} for n in range(count)]


def run_all(nudges: list[tuple[int, bool]]) -> None:
    while nudges:
        jobs.run(job_id=nudges.pop(0)[0])


def started(workspace: Workspace, nudges: list[tuple[int, bool]], *rows: Any) -> Job:
    job = imports.upload(workspace=workspace, files=[jsonl(*rows)])
    assert nudges == [(job.pk, False)]
    return job


Pausing = Callable[[Job, int], None]


@pytest.fixture
def paused_at(monkeypatch: pytest.MonkeyPatch) -> Pausing:
    """Run a job, and ask it to pause once it has done so much."""
    step = jobs.JobWatch.step

    def run_until(job: Job, count: int) -> None:
        asked = False

        def stepped(self: jobs.JobWatch, phase: str, done: int, total: int) -> None:
            nonlocal asked
            if done >= count and not asked:
                asked = jobs.pause(job=job)
                self._saved_at = 0.0
            step(self, phase, done, total)

        with monkeypatch.context() as here:
            here.setattr(jobs.JobWatch, "step", stepped)
            assert jobs.run(job_id=job.pk)
        job.refresh_from_db()
        assert (job.status, job.lease_until, job.pause_asked) == (JobStatus.PAUSED, None, False)
        assert jobs.resume_abandoned() == 0 and not jobs.run(job_id=job.pk), "paused until somebody says so"

    return run_until


def resumed(job: Job, nudges: list[tuple[int, bool]]) -> Job:
    """Resumed twice, which wakes one worker, and run to its end."""
    nudges.clear()
    assert jobs.resume(job=job) and not jobs.resume(job=job)
    assert [job_id for job_id, _ in nudges] == [job.pk]
    while nudges:
        jobs.run(job_id=nudges.pop(0)[0])
    job.refresh_from_db()
    assert job.status == JobStatus.DONE, job.message
    return job


def test_an_upload_becomes_pages_and_an_index(nudges: list[tuple[int, bool]], settings: Any) -> None:
    workspace = make_workspace()
    job = started(workspace, nudges, *some_pages(), "{oops")
    (spooled,) = Path(settings.UPLOAD_DIR).iterdir()
    assert spooled.stat().st_mode & 0o777 == 0o600
    jobs.run(job_id=nudges.pop(0)[0])
    assert nudges == [(job.pk, True)], "the index is built where the model is"
    run_all(nudges)

    job.refresh_from_db()
    assert job.status == JobStatus.DONE, job.message
    assert job.problems == [
        {"where": "pages.jsonl, line 4", "reason": job.problems[0]["reason"]},
    ]
    facts = dict(queries.progress(job).facts)
    assert (facts["New pages"], facts["Refused"], facts["Index generation"]) == (3, 1, 1)
    assert not list(Path(settings.UPLOAD_DIR).iterdir()), "the upload goes when the job ends"
    assert page_queries.engine_facts(workspace).pending == 0
    assert not jobs.run(job_id=job.pk), "delivered again, it does nothing"


def test_a_job_whose_worker_was_killed_is_taken_up_again(
    nudges: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace()
    job = started(workspace, nudges, *some_pages(5))
    nudges.clear()
    with monkeypatch.context() as broken:
        store, calls = pages._store_one, []

        def die_at_the_fourth(*args: Any) -> str:
            calls.append(1)
            if len(calls) == 4:
                raise SystemExit
            return store(*args)

        broken.setattr(pages, "_store_one", die_at_the_fourth)
        broken.setattr(pages, "STORE_SIZE", 1)
        with pytest.raises(SystemExit):
            jobs.run(job_id=job.pk)
    assert jobs.resume_abandoned() == 0, "its lease still runs"
    Job.objects.for_workspace(workspace).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.resume_abandoned() == 1
    run_all(nudges)
    job.refresh_from_db()
    assert (job.status, job.lease) == (JobStatus.DONE, 3)
    assert PageVersion.objects.for_workspace(workspace).count() == 5


def test_a_worker_that_lost_its_lease_lets_go(nudges: list[tuple[int, bool]]) -> None:
    workspace = make_workspace()
    job = started(workspace, nudges, *some_pages())
    claimed = jobs._claim(job.pk)
    assert claimed is not None
    watch = jobs.JobWatch(claimed)
    Job.objects.for_workspace(workspace).update(lease=claimed.lease + 1)
    with pytest.raises(jobs.LeaseLost):
        watch.step("Reading", 1, 3)
    watch.end(JobStatus.DONE, "", {})
    job.refresh_from_db()
    assert job.status == JobStatus.RUNNING


def test_cancelling(nudges: list[tuple[int, bool]], settings: Any) -> None:
    workspace = make_workspace()
    waiting = started(workspace, nudges, *some_pages())
    assert jobs.cancel(job=waiting)
    assert not jobs.cancel(job=waiting)
    run_all(nudges)
    waiting.refresh_from_db()
    assert waiting.status == JobStatus.CANCELLED
    assert not Page.objects.for_workspace(workspace).exists()
    assert not list(Path(settings.UPLOAD_DIR).iterdir())

    running = started(workspace, nudges, *some_pages())
    Job.objects.for_workspace(workspace).filter(pk=running.pk).update(cancel_asked=True)
    run_all(nudges)
    running.refresh_from_db()
    assert running.status == JobStatus.CANCELLED
    assert "kept" in running.message


def test_a_job_that_kills_its_workers_ends(nudges: list[tuple[int, bool]], settings: Any) -> None:
    job = started(make_workspace(), nudges, *some_pages())
    Job.objects.unscoped().filter(pk=job.pk).update(lease=settings.MAX_TRIES)
    run_all(nudges)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "Given up" in job.message


def test_one_waiting_build_serves_many_changes(nudges: list[tuple[int, bool]]) -> None:
    workspace = make_workspace()
    one, two = imports.build_index(workspace=workspace), imports.build_index(workspace=workspace)
    assert one == two
    assert one.kind == JobKind.BUILD_INDEX
    assert nudges == [(one.pk, True)]


def test_uploads_that_are_no_use_are_refused_with_a_reason(settings: Any) -> None:
    workspace = make_workspace()
    with pytest.raises(Problem, match="at least one file"):
        imports.upload(workspace=workspace, files=[])
    with pytest.raises(Problem, match="neither HTML"):
        imports.upload(workspace=workspace, files=[SimpleUploadedFile("a.exe", b"x")])
    with pytest.raises(Problem, match="not a full address"):
        imports.upload(workspace=workspace, files=[jsonl()], url="guide")
    settings.MAX_UPLOAD_BYTES = 10
    with pytest.raises(Problem, match="more than"):
        imports.upload(workspace=workspace, files=[jsonl("x" * 50)])
    assert not Job.objects.for_workspace(workspace).exists()


def test_forgotten_uploads_are_removed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = imports.upload(workspace=make_workspace(), files=[jsonl("a")])
    orphan = Path(settings.UPLOAD_DIR) / "left-over"
    orphan.write_bytes(b"x")
    monkeypatch.setattr(uploads, "ORPHAN_SECONDS", -1)
    assert uploads.remove_orphans() == 1
    assert uploads.path_of(job.input["uploads"][0]).exists()


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (JobKind.IDEAS, "suites"),
        (JobKind.IMPORT_ANSWERS, "answers"),
        (JobKind.RECOMPUTE, "brands"),
        (JobKind.CRAWL, "engine"),
    ],
)
def test_the_page_of_a_job_stands_where_the_job_was_started(client: Client, kind: JobKind, place: str) -> None:
    workspace = make_workspace()
    client.force_login(make_member(workspace))
    job = Job.objects.create(workspace=workspace, kind=kind, status=JobStatus.DONE)
    page = client.get(reverse("job", args=[workspace.slug, job.pk])).content.decode()
    assert f'href="{reverse(place, args=[workspace.slug])}" aria-current="page"' in page


def test_an_import_of_pages_goes_on_and_counts_every_page_once(
    nudges: list[tuple[int, bool]], paused_at: Pausing, settings: Any, monkeypatch: Any
) -> None:
    workspace = make_workspace()
    monkeypatch.setattr(pages, "STORE_SIZE", 1)
    rows: list[Any] = some_pages(6)
    job = imports.upload(workspace=workspace, files=[jsonl("{oops", rows[0], *rows)])
    paused_at(job, 4)
    stored = PageVersion.objects.for_workspace(workspace).count()
    assert 0 < stored < 6 and job.done >= 4
    assert dict(queries.progress(job).facts)["New pages"] == stored, "what was kept is said"
    assert list(Path(settings.UPLOAD_DIR).iterdir()), "the upload waits with it"
    jobs.resume(job=job)
    paused_at(job, 5)
    again = resumed(job, nudges)
    assert PageVersion.objects.for_workspace(workspace).count() == 6
    assert (again.result["added"], again.result["unchanged"], again.result["refused"]) == (6, 0, 2)
    assert len(again.problems) == 2, "each told once"
    assert not list(Path(settings.UPLOAD_DIR).iterdir())


def test_a_paused_import_can_be_cancelled_and_keeps_its_pages(
    nudges: list[tuple[int, bool]], paused_at: Pausing, settings: Any, monkeypatch: Any
) -> None:
    workspace = make_workspace()
    monkeypatch.setattr(pages, "STORE_SIZE", 1)
    job = imports.upload(workspace=workspace, files=[jsonl(*some_pages(4))])
    paused_at(job, 2)
    stored = PageVersion.objects.for_workspace(workspace).count()
    assert stored and jobs.cancel(job=job) and not jobs.cancel(job=job) and not jobs.resume(job=job)
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED and not list(Path(settings.UPLOAD_DIR).iterdir())
    assert PageVersion.objects.for_workspace(workspace).count() == stored


@pytest.mark.parametrize(
    ("kind", "given", "can"),
    [
        (JobKind.IMPORT_PAGES, {}, True),
        (JobKind.IMPORT_PAGES, {"stage": "index"}, False),
        (JobKind.CRAWL, {"url": "https://a.example/"}, True),
        (JobKind.CRAWL, {"url": "https://a.example/", "stage": "index"}, False),
        (JobKind.IMPORT_ANSWERS, {}, True),
        (JobKind.BUILD_INDEX, {}, False),
        (JobKind.RECOMPUTE, {}, True),
        (JobKind.RANK, {"run": 1}, True),
        (JobKind.IDEAS, {}, False),
    ],
)
def test_the_page_offers_a_pause_where_work_can_go_on_from_where_it_was(
    client: Client, kind: JobKind, given: dict[str, Any], can: bool
) -> None:
    workspace = make_workspace()
    client.force_login(make_member(workspace, Role.EDITOR))
    job = Job.objects.create(
        workspace=workspace, kind=kind, input=given, status=JobStatus.RUNNING, done=2, total=5, lease=1
    )
    address = reverse("job", args=[workspace.slug, job.pk])
    assert (">Pause<" in client.get(address).content.decode()) == can
    pause = reverse("job_pause", args=[workspace.slug, job.pk])
    said = client.post(pause, follow=True).content.decode()
    assert ("cannot be paused" in said) == (not can)
    assert (">Resume<" in said and "Pausing" in said) == can
    Job.objects.for_workspace(workspace).update(status=JobStatus.PAUSED)
    paused = client.get(address).content.decode()
    assert '<span class="badge warn">Paused</span>' in paused and ">Resume<" in paused and "hx-trigger" not in paused
    assert "2 of 5" in paused
    client.force_login(make_member(workspace, Role.VIEWER))
    assert ">Resume<" not in client.get(address).content.decode()
    assert client.post(reverse("job_resume", args=[workspace.slug, job.pk])).status_code == 403
