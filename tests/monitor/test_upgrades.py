"""After an upgrade: answers that were read by older rules are read again, once, and the pages say so meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from monitor import extract, tasks
from monitor.models import Extraction, Job, JobKind, JobStatus, Pointers, Workspace
from monitor.services import brands, jobs, nudge
from tests.factories import make_member
from tests.factories_history import make_history

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs that workers would be woken for."""
    woken: list[int] = []
    monkeypatch.setattr(nudge, "job", lambda job_id, **_: woken.append(job_id))
    monkeypatch.setattr(nudge, "_send", lambda *_: None)
    return woken


def read_by(version: str) -> Workspace:
    """A workspace with history that was read by the rules of this version."""
    workspace = make_history(days=2, prompts=2).workspace
    Extraction.objects.for_workspace(workspace).update(rule_version=version)
    return workspace


def recomputes(workspace: Workspace) -> list[Job]:
    return list(Job.objects.for_workspace(workspace).filter(kind=JobKind.RECOMPUTE))


def test_a_tick_after_an_upgrade_has_history_read_again_and_every_page_says_so(
    client: Client, nudged: list[int]
) -> None:
    older, present = read_by("1"), read_by(extract.RULE_VERSION)
    client.force_login(make_member(older))
    tasks.tick()
    tasks.tick()
    (job,) = recomputes(older)
    assert recomputes(present) == []
    assert job.pk in nudged
    notice = "Earlier answers are being read again by the rules of this version."
    progress = reverse("job", args=[older.slug, job.pk])
    for name in ("brands", "answers"):
        page = client.get(reverse(name, args=[older.slug])).content.decode()
        assert notice in page
        assert f'href="{progress}"' in page
    assert client.get(progress).status_code == 200

    assert jobs.run(job_id=job.pk)
    current = Pointers.objects.get(workspace=older).extraction
    assert current and current.rule_version == extract.RULE_VERSION
    assert notice not in client.get(reverse("brands", args=[older.slug])).content.decode()
    tasks.tick()
    assert recomputes(older) == [job]


def test_it_is_tried_once_and_waits_for_one_that_is_under_way() -> None:
    workspace = read_by("1")
    asked = jobs.start(workspace=workspace, kind=JobKind.RECOMPUTE, input={})
    assert brands.follow_missed() == 0
    jobs.cancel(job=asked)
    assert brands.follow_missed() == 1
    (ours,) = [job for job in recomputes(workspace) if job.input == {"rules": extract.RULE_VERSION}]
    jobs.cancel(job=ours)
    assert brands.follow_missed() == 0
    assert {job.status for job in recomputes(workspace)} == {JobStatus.CANCELLED}


@pytest.mark.parametrize("version", [f"{extract.RULE_VERSION}.1", "99"])
def test_readings_by_newer_rules_stay_when_an_older_version_runs_beside(version: str) -> None:
    workspace = read_by(version)
    assert brands.follow_missed() == 0
    assert recomputes(workspace) == []


def test_two_ticks_at_once_start_one() -> None:
    workspace = read_by("1")

    def tick(_: Any) -> int:
        try:
            return brands.follow_missed()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(tick, range(4))) == 1
    assert len(recomputes(workspace)) == 1
