"""Why a run stands still, said on its page, and what was sent without an answer: counted, and asked again knowingly."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inference.answer import AssistantError
from monitor import pulse
from monitor.models import (
    Credential,
    Gate,
    IndexGeneration,
    Job,
    JobKind,
    JobStatus,
    ResponseStatus,
    Role,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.queries import waiting
from monitor.services import budgets, credentials, ledger, limits, outbound, panels, runs
from tests.factories import make_member, make_suite, make_workspace
from tests.world import AS_PART

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def credential(workspace: Workspace) -> Credential:
    return credentials.save(workspace=workspace, assistant="openai", values={"api_key": "no key of anybody's"})


@pytest.fixture
def run(workspace: Workspace, credential: Credential) -> Run:
    """Four questions to one outside assistant."""
    return start(workspace, ["openai"])


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.OWNER))
    return client


def start(workspace: Workspace, names: Iterable[str]) -> Run:
    generation = IndexGeneration.objects.create(workspace=workspace, number=1)
    panel = panels.save_panel(
        workspace=workspace,
        panel=None,
        revision=None,
        fields={
            "name": "Daily",
            "suite": make_suite(workspace, prompts=2),
            "assistants": [{"assistant": name} for name in names],
            "repeats": 2,
            "cron": "",
            "time_zone": "UTC",
        },
    )
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL, generation=generation)


def shown(client: Client, run: Run, name: str = "run") -> str:
    return unescape(client.get(reverse(name, args=[run.workspace.slug, run.pk]), headers=AS_PART).content.decode())


def said(run: Run, *, has_room: bool = True) -> list[str]:
    return [reason.text for reason in waiting.reasons(Run.objects.unscoped().get(pk=run.pk), has_room=has_room)]


def long_ago(run: Run) -> None:
    Run.objects.for_workspace(run.workspace).update(created_at=timezone.now() - timedelta(minutes=10))
    run.refresh_from_db()


def fail(run: Run, kind: Any) -> None:
    """Let one call be sent and end with this error, as a worker does."""
    (granted,) = outbound.claim(queues=["external"], limit=1)
    claimed = granted.claims[0]
    ledger.store([ledger.Finished(claimed.response_id, claimed.lease, (), AssistantError(kind, "It said no."), 5)])


def break_open(credential: Credential) -> None:
    limits.report(credential_id=credential.pk, failed=limits.FAILURES)


def test_a_run_that_goes_on_waits_for_nothing(owner: Client, run: Run) -> None:
    assert said(run) == []
    assert 'id="run-waiting"' not in shown(owner, run)


def test_a_cooldown_is_said_with_its_end(owner: Client, run: Run, credential: Credential) -> None:
    limits.cool_down(credential_id=credential.pk, seconds=1800)
    until = timezone.localtime(Gate.objects.for_workspace(run.workspace).get().cool_until)
    page = shown(owner, run, "run_progress")
    assert "ChatGPT (OpenAI API) has reached its rate limit and asked to wait. It is asked again at" in page
    assert f"{until:%H:%M}" in page
    Gate.objects.for_workspace(run.workspace).update(cool_until=timezone.now() - timedelta(seconds=1))
    assert said(run) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [("server", "is having trouble: 5 calls in a row failed"), ("auth", "refused the key"), ("quota", "no credit")],
)
def test_an_open_breaker_says_what_the_service_said(
    owner: Client, run: Run, credential: Credential, kind: str, words: str
) -> None:
    fail(run, kind)
    break_open(credential)
    page = shown(owner, run)
    assert words in page
    assert (reverse("assistants", args=[run.workspace.slug]) + '">Enter a new key' in page) is (kind == "auth")


def test_full_budgets_are_said_with_where_to_raise_them(owner: Client, client: Client, run: Run) -> None:
    assert run.panel
    budgets.set_month_limit(workspace=run.workspace, limit_usd=Decimal("0.000001"))
    budgets.set_run_limit(panel=run.panel, limit_usd=Decimal("0.000001"))
    assert outbound.claim(queues=["external"], limit=4) == []
    page = shown(owner, run)
    assert "The run's own budget has no room" in page
    assert f'{reverse("panel", args=[run.workspace.slug, run.panel_id])}#cost">Raise the budget of a run' in page
    budgets.set_run_limit(panel=run.panel, limit_usd=None)
    assert outbound.claim(queues=["external"], limit=4) == []
    page = shown(owner, run)
    assert "The run's own budget has no room" not in page
    assert f'{reverse("cost", args=[run.workspace.slug])}">Raise the budget' in page
    client.force_login(make_member(run.workspace, Role.VIEWER))
    page = shown(client, run)
    assert "This month's budget has no room" in page
    assert "Raise the budget" not in page
    budgets.set_month_limit(workspace=run.workspace, limit_usd=None)
    assert said(run) == []


def test_a_disk_nearly_full_holds_back_what_costs(
    owner: Client, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    assert "The disk is nearly full" in shown(owner, run)


def test_what_waits_for_its_next_try_or_has_ended_is_not_due(run: Run, credential: Credential) -> None:
    limits.cool_down(credential_id=credential.pk, seconds=1800)
    run.responses.update(next_try_at=timezone.now() + timedelta(minutes=5))
    assert said(run) == []
    run.responses.update(next_try_at=None)
    assert len(said(run)) == 1
    runs.cancel_run(run=run)
    assert said(run) == []


def test_a_limit_of_ones_own_that_sets_the_pace_is_said(run: Run, credential: Credential) -> None:
    limits.configure(credential=credential, requests_per_minute=3, tokens_per_minute=None)
    assert said(run) == ["ChatGPT (OpenAI API) is asked for 3 requests a minute at most, as set here."]
    limits.configure(credential=credential, requests_per_minute=60, tokens_per_minute=None)
    assert said(run) == []


def test_a_worker_that_is_not_there_is_missed_after_some_ticks(run: Run, settings: Any) -> None:
    assert said(run) == []  # it has just begun
    long_ago(run)
    assert said(run)[0].startswith("No worker asks ChatGPT (OpenAI API) at present. Nothing is lost")
    pulse.beat("external")
    assert said(run) == []
    before = timezone.now().timestamp() - 2 * pulse.SILENT_SECONDS
    os.utime(next(iter((settings.DATA_DIR / "pulse").iterdir())), (before, before))
    assert len(said(run)) == 1
    outbound.claim(queues=["external"], limit=1)  # one that is busy with a long batch is there all the same
    assert said(run) == []


def test_a_worker_of_the_engine_that_builds_an_index_is_not_missed(workspace: Workspace) -> None:
    run = start(workspace, ["local"])
    long_ago(run)
    assert said(run)[0].startswith("No worker asks Local engine")
    Job.objects.create(workspace=make_workspace(), kind=JobKind.BUILD_INDEX, status=JobStatus.RUNNING)
    assert said(run) == ["The local engine's worker is building an index. The run goes on after that."]


def test_what_holds_back_paid_calls_says_nothing_of_the_engine(workspace: Workspace, credential: Credential) -> None:
    run = start(workspace, ["local", "openai"])
    long_ago(run)
    first, second = said(run, has_room=False)
    assert first.startswith("The disk is nearly full")
    assert second.startswith("No worker asks Local engine at present")


def test_what_never_came_back_counts_as_spent_and_is_asked_again_only_by_its_own_button(
    owner: Client, run: Run
) -> None:
    fail(run, "unknown")
    fail(run, "auth")
    run.responses.filter(status=ResponseStatus.PENDING).update(status=ResponseStatus.ANSWERED)
    ledger.finish_runs()
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED
    lost = run.responses.get(status=ResponseStatus.UNKNOWN)
    counted = lost.charges.get().usd
    assert counted > 0
    page = shown(owner, run)
    assert "1 sent, no answer came back: counted as spent" in page
    assert f"Repeat {lost.repeat + 1}: Sent, no answer came back: counted as spent, ${counted:,.2f}"[:-1] in page
    assert "1 call counted at the maximum" in page
    assert "This may pay twice: it was sent" in page
    answer = shown_answer(owner, run, lost.pk)
    assert "It is counted as spent, $" in answer
    assert "counted at the maximum where no cost came to light" in answer
    address = reverse("run_retry", args=[run.workspace.slug, run.pk])
    owner.post(address)
    lost.refresh_from_db()
    assert lost.status == ResponseStatus.UNKNOWN
    assert run.responses.filter(status=ResponseStatus.PENDING).count() == 1  # what failed
    owner.post(address, {"state": "unknown"})
    lost.refresh_from_db()
    assert (lost.status, lost.tries) == (ResponseStatus.PENDING, 0)
    assert lost.charges.get().usd == counted  # what was spent stays spent
    outbound.claim(queues=["external"], limit=4)
    assert lost.charges.count() == 2


def shown_answer(client: Client, run: Run, pk: int) -> str:
    return unescape(client.get(reverse("answer", args=[run.workspace.slug, pk])).content.decode())


def test_an_assistant_that_may_pay_twice_is_asked_again_by_itself(workspace: Workspace, credential: Credential) -> None:
    run = start(workspace, ["openai"])
    run.responses.update(options={"retry_unknown": True, "country": "DE", "language": "de", "temperature": 0.5})
    (granted,) = outbound.claim(queues=["external"], limit=1)
    question = granted.claims[0].question()
    assert (question.country, question.language, question.temperature) == ("DE", "de", 0.5)
    claimed = granted.claims[0]
    ledger.store([ledger.Finished(claimed.response_id, claimed.lease, (), AssistantError("unknown", "Cut."), 5)])
    assert run.responses.get(pk=claimed.response_id).status == ResponseStatus.PENDING
