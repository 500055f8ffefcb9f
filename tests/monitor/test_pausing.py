"""Pausing a run: nothing further is asked until somebody resumes it, what was under way is kept, nobody is alarmed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor import supervisor
from monitor.models import (
    AlertRule,
    Attempt,
    Budget,
    DayCounts,
    IndexGeneration,
    Response,
    ResponseStatus,
    Role,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.queries import runs as queries
from monitor.queries import waiting
from monitor.services import budgets, indexes, ledger, nudge, recovery, rollups, runs
from tests.factories import make_member
from tests.factories_history import make_history
from tests.monitor import test_ledger
from tests.monitor.test_alert_findings import LAST_DAY, NOW, daily, rule_for, told
from tests.monitor.test_ledger import finished, make_panel, scripted, start, work

__all__ = ["scripted"]

pytestmark = pytest.mark.django_db(transaction=True)
workspace = test_ledger.workspace


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues whose workers would be woken."""
    sent: list[str] = []
    monkeypatch.setattr(nudge, "queue", sent.append)
    return sent


def state(run: Run) -> tuple[str, list[str]]:
    run.refresh_from_db()
    return run.status, sorted(run.responses.values_list("status", flat=True))


def at(name: str, run: Run) -> str:
    return reverse(name, args=[run.workspace.slug, run.pk])


# --- what is asked -----------------------------------------------------------------------------------------------


def test_nothing_is_claimed_while_paused_and_what_was_under_way_is_kept(workspace: Workspace, woken: list[str]) -> None:
    run = start(make_panel(workspace, prompts=3, repeats=1))
    (under_way,) = ledger.claim(queues=["external"], limit=1)
    assert runs.pause_run(run=run, by="ann@example.com") and not runs.pause_run(run=run, by="bob@example.com")
    assert ledger.claim(queues=["external"]) == [] and work() == 0
    assert recovery.queues_with_work() == []
    assert ledger.store([finished(under_way)]) == 1
    recovery.sweep()
    assert state(run) == (RunStatus.PAUSED, ["answered", "pending", "pending"])
    assert [pause["by"] for pause in run.pauses] == ["ann@example.com"]
    assert not DayCounts.objects.for_workspace(workspace).exists() and not rollups.uncounted().exists()

    woken.clear()
    assert runs.resume_run(run=run) and not runs.resume_run(run=run)
    assert woken == ["external"], "at once, and not at the next tick"
    assert work() == 2
    assert state(run) == (RunStatus.COMPLETED, ["answered"] * 3)
    assert Attempt.objects.for_workspace(workspace).count() == 3, "asked once each"
    assert not runs.pause_run(run=run) and not runs.resume_run(run=run)


def test_what_failed_on_its_way_waits_for_the_resume(workspace: Workspace) -> None:
    run = start(make_panel(workspace, texts=["fail rate_limited one", "two"], repeats=1))
    (first,) = ledger.claim(queues=["external"], limit=1)
    runs.pause_run(run=run)
    error = test_ledger.AssistantError("rate_limited", "Too many.")
    assert ledger.store([ledger.Finished(first.response_id, first.lease, (), error, 5)]) == 1
    run.responses.update(next_try_at=timezone.now() - timedelta(hours=1))
    recovery.sweep()
    assert work() == 0 and state(run) == (RunStatus.PAUSED, ["pending", "pending"])


def test_a_lease_that_ends_while_paused_is_settled_as_ever(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=2, repeats=1))
    ledger.claim(queues=["external"], limit=1)
    runs.pause_run(run=run)
    run.responses.filter(status="sending").update(lease_until=timezone.now() - timedelta(seconds=1))
    recovery.sweep()
    assert state(run) == (RunStatus.PAUSED, ["pending", "unknown"])


def test_a_paused_run_that_had_nothing_more_to_ask_ends(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=1, repeats=1))
    (last,) = ledger.claim(queues=["external"])
    assert runs.pause_run(run=run)
    recovery.sweep()
    assert state(run)[0] == RunStatus.PAUSED, "its answer may still fail and be asked again"
    ledger.store([finished(last)])
    assert state(run)[0] == RunStatus.COMPLETED
    assert run.paused_spans[0][1] == run.finished_at


def test_cancel_works_while_paused_and_a_retry_of_a_paused_run_asks_nothing(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=2, repeats=1))
    runs.pause_run(run=run)
    run.responses.filter(pk=run.responses.first().pk).update(status=ResponseStatus.FAILED)
    assert runs.retry_failed(run=run) == 1
    assert state(run) == (RunStatus.PAUSED, ["pending", "pending"]) and work() == 0
    assert runs.cancel_run(run=run) == 2 and runs.cancel_run(run=run) == 0
    assert state(run) == (RunStatus.CANCELLED, ["cancelled", "cancelled"])
    assert run.finished_at and run.paused_spans[0][1] == run.finished_at
    assert runs.retry_failed(run=run) == 2
    assert state(run)[0] == RunStatus.RUNNING
    assert run.paused_for < timedelta(minutes=1), "the pause was over when the run was cancelled"
    assert work() == 2 and state(run)[0] == RunStatus.COMPLETED


def test_the_next_slot_of_the_panel_is_a_run_of_its_own(workspace: Workspace) -> None:
    panel = make_panel(workspace, prompts=1, repeats=1)
    paused = start(panel)
    runs.pause_run(run=paused)
    following = start(panel, slot_at=timezone.now())
    assert work() == 1
    assert (state(paused)[0], state(following)[0]) == (RunStatus.PAUSED, RunStatus.COMPLETED)


def test_questions_of_the_ask_page_are_not_paused(workspace: Workspace) -> None:
    run = runs.ask(workspace=workspace, text="Which kettle?", assistant="scripted").run
    assert not runs.pause_run(run=run) and state(run)[0] == RunStatus.RUNNING


def test_the_index_of_a_paused_run_stays_and_its_budget_can_be_raised(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=1, repeats=1))
    old, *_ = (IndexGeneration.objects.create(workspace=workspace, number=number) for number in range(1, 6))
    Run.objects.for_workspace(workspace).update(generation=old)
    folders = [indexes._workspace_folder(workspace.pk) / str(number) for number in (1, 2)]
    for folder in folders:
        folder.mkdir(parents=True)
    runs.pause_run(run=run)
    indexes.collect_garbage(workspace=workspace)
    assert [folder.exists() for folder in folders] == [True, False]
    Budget.objects.create(workspace=workspace, run=run, is_full=True)
    budgets.set_run_limit(panel=run.panel, limit_usd=Decimal(5))
    assert Budget.objects.for_workspace(workspace).get(run=run).limit_usd == 5


# --- what is told ------------------------------------------------------------------------------------------------


def pause_of(run: Run, since: Any, until: Any, **fields: Any) -> None:
    span = {"since": since.isoformat(), "until": until and until.isoformat(), "by": ""}
    Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(pauses=[span], **fields)


def missed(rule: AlertRule) -> list[str]:
    return [firing.words for firing in told(rule)]


def test_a_pause_puts_off_when_a_run_is_late() -> None:
    history = daily(make_history(days=2, prompts=2))
    rule = rule_for(history.workspace, "silence", watches=["missed"], hours=2)
    run = history.runs[-1]
    six = NOW.replace(hour=6)  # the slot; now is noon
    hour = timedelta(hours=1)
    pause_of(run, six + hour, None, status=RunStatus.PAUSED, finished_at=None)
    assert missed(rule) == [], "somebody knows why it stands still"
    pause_of(run, six + hour, six + 5.5 * hour, status=RunStatus.RUNNING)
    assert missed(rule) == [] and run.day == LAST_DAY, "four hours and a half more"
    pause_of(run, six + hour, six + 2 * hour, status=RunStatus.RUNNING)
    assert missed(rule)[0].endswith("its run has not ended yet."), "the pause is long over, and it is late all the same"
    pause_of(run, six + 3 * hour, None, status=RunStatus.PAUSED)
    assert missed(rule)[0].endswith("its run has not ended yet."), "it was late before it was paused"
    pause_of(run, six + hour, six + 4 * hour, status=RunStatus.COMPLETED, finished_at=six + 4.5 * hour)
    assert missed(rule) == []


def test_a_paused_run_waits_for_nothing_else_and_its_pace_begins_anew(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=4, repeats=1))
    Run.objects.for_workspace(workspace).update(created_at=timezone.now() - timedelta(hours=2))
    run.refresh_from_db()
    first = run.responses.first()
    Response.objects.for_workspace(workspace).filter(pk=first.pk).update(
        status="answered", answered_at=timezone.now() - timedelta(seconds=5)
    )
    assert queries.progress(run).milliseconds_left is not None
    runs.pause_run(run=run)
    run.refresh_from_db()
    progress = queries.progress(run)
    assert (progress.per_second, progress.milliseconds_left, progress.ended) == (None, None, False)
    assert (progress.tone, progress.waiting) == ("warn", 3)
    assert waiting.reasons(run, has_room=True) == ()
    now = timezone.now()
    pause_of(run, now - timedelta(hours=1), now - timedelta(seconds=10), status=RunStatus.RUNNING)
    run.refresh_from_db()
    assert waiting.reasons(run, has_room=True) == (), "no worker is missed so soon after"
    assert queries.progress(run).per_second == pytest.approx(0.1, rel=0.1), "since the resume, not over the last minute"
    Run.objects.for_workspace(workspace).update(status=RunStatus.COMPLETED, finished_at=now)
    run.refresh_from_db()
    assert queries.progress(run).took_ms == pytest.approx(3_610_000, rel=0.01)


def test_the_page_says_who_paused_what_is_kept_and_how_to_go_on(client: Client, workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=3, repeats=1))
    ledger.store([finished(claim) for claim in ledger.claim(queues=["external"], limit=1)])
    ledger.claim(queues=["external"], limit=1)
    editor = make_member(workspace, Role.EDITOR)
    client.force_login(editor)
    assert ">Pause run</button>" in client.get(at("run", run)).content.decode()
    for said in ("Answers so far are kept, and it goes on when you resume it.", "paused already, or has ended"):
        page = unescape(client.post(at("run_pause", run), follow=True).content.decode())
        assert said in page
    assert f"</strong> by {editor.email}," in page and "1 question waits until the run is resumed." in page
    assert "1 is being asked: what comes back is kept." in page and "schedule is not paused" not in page
    assert ">Resume run</button>" in page and ">Cancel run</button>" in page and ">Pause run</button>" not in page
    for place in ("panels", "overview"):
        assert (
            '<span class="badge warn">Paused</span>'
            in client.get(reverse(place, args=[workspace.slug])).content.decode()
        )
    pending = run.responses.get(status="pending")
    answer = client.get(reverse("answer", args=[workspace.slug, pending.pk])).content.decode()
    assert "Its run is paused." in answer

    for said in ("The run goes on.", "The run is not paused: it goes on, or has ended."):
        page = client.post(at("run_resume", run), follow=True).content.decode()
        assert said in page
    assert ">Pause run</button>" in page and "It was paused for" in page
    client.post(at("run_pause", run))
    page = unescape(client.post(at("run_cancel", run), follow=True).content.decode())
    assert "1 question will not be asked" in page


def test_viewers_see_the_pause_and_cannot_end_it(client: Client, workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=1, repeats=1))
    client.force_login(make_member(workspace, Role.VIEWER))
    assert client.post(at("run_pause", run)).status_code == 403
    runs.pause_run(run=run)
    page = client.get(at("run", run)).content.decode()
    assert 'id="run-paused"' in page and "Resume run" not in page
    assert client.post(at("run_resume", run)).status_code == 403
    assert client.get(at("run_pause", run)).status_code == client.get(at("run_resume", run)).status_code == 405
    assert state(run)[0] == RunStatus.PAUSED


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_terminal_that_waits_says_so_and_waits_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = make_panel(workspace, prompts=2, repeats=1)
    monkeypatch.setattr(supervisor, "is_running", lambda folder: True)

    def wait() -> None:
        try:
            call_command("run_panel", panel.name, "--wait")
        finally:
            connections.close_all()

    waiter = threading.Thread(target=wait)
    waiter.start()
    of_panel = Run.objects.for_workspace(workspace)
    until(of_panel.exists)
    run = of_panel.get()
    said = ""

    def says(words: str) -> bool:
        nonlocal said
        said += "".join(capsys.readouterr())
        return words in said

    time.sleep(0.2)
    runs.pause_run(run=run)
    until(lambda: says(f"run {run.pk} is paused: it goes on when somebody resumes it"))
    assert waiter.is_alive()
    runs.resume_run(run=run)
    until(lambda: says(f"run {run.pk} goes on"))
    work()
    waiter.join(20)
    assert not waiter.is_alive() and says('"status": "completed"')
    assert run.trigger == Trigger.MANUAL
