"""A workspace is deleted while others work in it: nobody's work is broken off for that, and nothing is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from monitor.assistants import engine
from monitor.models import DayCounts, Job, JobKind, Pointers, Response, Role, Run, User, Workspace
from monitor.services import corrections, judging, reading, rollups, workspaces
from tests.factories import make_member
from tests.factories_history import History, make_history

#: PostgreSQL ends whoever comes to wait last, once the other has waited for a second.
LONG = 1.2

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def history() -> History:
    history = make_history(days=2, prompts=3, repeats=1)
    reading.recompute(workspace=history.workspace)
    return history


def recount(history: History, editor: User) -> None:
    rollups.roll_up(run=history.runs[-1])


def judge(history: History, editor: User) -> None:
    assert judging.judge_some(pointers=Pointers.objects.get(workspace=history.workspace))


def correct(history: History, editor: User) -> None:
    workspace = history.workspace
    answers = Response.objects.for_workspace(workspace).select_related("run", "workspace").filter(status="answered")
    corrections.correct(
        response=answers[0], brand=history.brands[0], start=0, end=8, what="mention", value="no", by=editor
    )


def add_a_job(history: History, editor: User) -> None:
    """Locks a row and adds another, as much of the product does that does not hold the workspace first."""
    with transaction.atomic():
        Run.objects.for_workspace(history.workspace).select_for_update().get(pk=history.runs[-1].pk)
        rollups.follow_judged(pointers=Pointers.objects.get(workspace=history.workspace), responses=[])
        Job.objects.create(workspace=history.workspace, kind=JobKind.RECOMPUTE)


class Deletion:
    """A workspace's deletion in a thread of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.backend = workspace, 0

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (self.backend,) = cursor.fetchone() or (0,)
            workspaces.delete(workspace=self.workspace)
        finally:
            connection.close()

    def is_waiting(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", [self.backend])
            return cursor.fetchone() is not None


@pytest.mark.parametrize("work", [recount, judge, correct, add_a_job])
def test_work_that_has_begun_is_done_and_the_workspace_goes_afterwards(
    history: History, monkeypatch: pytest.MonkeyPatch, work: Callable[[History, User], None]
) -> None:
    editor = make_member(history.workspace, Role.EDITOR)
    deletion = Deletion(history.workspace)
    in_the_middle, done = Event(), []

    def once_the_deletion_waits(what: Callable[..., Any]) -> Callable[..., Any]:
        def waits(*args: Any, **kwargs: Any) -> Any:
            in_the_middle.set()
            until = time.monotonic() + 20
            while not deletion.is_waiting():
                assert time.monotonic() < until
                time.sleep(0.01)
            time.sleep(LONG)
            return what(*args, **kwargs)

        return waits

    monkeypatch.setattr(engine, "judge_sentiment", lambda named: [None] * len(named))  # what it finds is no matter here
    monkeypatch.setattr(rollups, "_write", once_the_deletion_waits(rollups._write))
    monkeypatch.setattr(rollups, "follow_judged", once_the_deletion_waits(rollups.follow_judged))

    def working() -> None:
        try:
            work(history, editor)
            done.append(work)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        at_work = pool.submit(working)
        assert in_the_middle.wait(60)
        deleting = pool.submit(deletion.run)
        at_work.result(60)
        deleting.result(60)
    assert done == [work]
    assert not Workspace.objects.filter(pk=history.workspace.pk).exists()
    assert not DayCounts.objects.unscoped().filter(workspace_id=history.workspace.pk).exists()
