"""Paid calls through the pump: asked over HTTP at a service on this machine, stored, and entered in the books."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from monitor import assistants
from monitor.models import Attempt, Body, Charge, ChargeState, Gate, Response, ResponseStatus, Run, Trigger, Workspace
from monitor.services import budgets, credentials, limits, outbound, panels, runs
from tests.factories import make_brand, make_suite, make_workspace
from tests.loopback import Loopback

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "sk-outbound-0123456789abcdef"
ANSWER = {
    "object": "response",
    "status": "completed",
    "model": "gpt-5-mini",
    "output": [
        {"type": "web_search_call", "action": {"type": "search", "query": "kettles"}},
        {
            "type": "message",
            "content": [
                {
                    "type": "output_text",
                    "text": "Brightkettle is good. LOOPBACK-ID",
                    "annotations": [
                        {"type": "url_citation", "url": "https://k.example/a", "start_index": 0, "end_index": 12}
                    ],
                }
            ],
        },
    ],
    "usage": {"input_tokens": 1000, "output_tokens": 500},
}


@pytest.fixture
def service(settings: Any) -> Iterator[Loopback]:
    with Loopback([json.dumps(ANSWER).encode()]) as loopback:
        settings.ASSISTANT_URLS = {"openai": f"{loopback.url}/v1"}
        assistants.client.cache_clear()
        yield loopback
        assistants.client.cache_clear()


@pytest.fixture
def workspace() -> Workspace:
    made = make_workspace()
    make_brand(made, name="Brightkettle", kind="own")
    credentials.save(workspace=made, assistant="openai", values={"api_key": KEY})
    return made


def start(workspace: Workspace, *texts: str, **options: Any) -> Run:
    suite = make_suite(workspace, prompts=0)
    for text in texts:
        suite.prompts.create(workspace=workspace, text=text)
    fields = {
        "name": f"Panel {suite.pk}", "suite": suite, "repeats": 1, "cron": "", "time_zone": "UTC",
        "assistants": [{"assistant": "openai", "model": "gpt-5-mini", "options": options}],
    }  # fmt: skip
    panel = panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL)


def work() -> int:
    return outbound.work(queues=["external"])


def states(run: Run) -> list[str]:
    return list(Response.objects.unscoped().filter(run=run).order_by("pk").values_list("status", flat=True))


def named(count: int, fault: str = "") -> Sequence[str]:
    return [f"Which kettle? id:k{number} {f'loopback:{fault}' if fault else ''}" for number in range(count)]


def test_answers_are_stored_as_they_were_sent_and_paid_for(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(40))
    assert work() == 40
    assert states(run) == ["answered"] * 40
    sent = {seen.name: seen.sha256 for seen in service.log}
    for body in Body.objects.unscoped().select_related("attempt__response"):
        name = body.attempt.response.prompt_text.split("id:")[1].split()[0]
        assert body.sha256 == sent[name]
        assert body.attempt.response.text == f"Brightkettle is good. {name}"
    response = Response.objects.unscoped().filter(run=run)[0]
    assert response.cost_usd and response.searches == ["kettles"] and response.model_reported == "gpt-5-mini"
    charges = Charge.objects.unscoped()
    assert charges.count() == 40 and set(charges.values_list("state", flat=True)) == {ChargeState.SPENT}
    assert sum(charge.usd for charge in charges) == 40 * response.cost_usd
    run.refresh_from_db()
    assert run.status == "completed"
    assert work() == 0 and len(service.log) == 40, "what is answered is not asked again"


def test_a_limited_rate_pauses_the_credential_and_costs_nothing(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(1, "429_after"))
    outbound.work(queues=["external"], keep_going=lambda: not service.log)
    response = Response.objects.unscoped().get(run=run)
    assert (response.status, response.error_kind) == ("pending", "rate_limited")
    gate = Gate.objects.unscoped().get(credential__workspace=workspace)
    assert gate.cool_until and 5 < (gate.cool_until - response.run.created_at).total_seconds() < 60
    assert Charge.objects.unscoped().get().usd == 0
    assert len(service.log) == 1


def test_sent_and_not_answered_is_said_counted_and_left(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(3, "closed"))
    work()
    assert states(run) == ["unknown"] * 3
    assert len(service.log) == 3
    for charge in Charge.objects.unscoped():
        assert charge.state == ChargeState.ASSUMED and charge.usd == charge.maximum_usd > 0
    run.refresh_from_db()
    assert run.status == "completed"


def test_a_panel_may_have_it_asked_again(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(1, "cut"), retry_unknown=True)
    outbound.work(queues=["external"], keep_going=lambda: len(service.log) < 3)
    response = Response.objects.unscoped().get(run=run)
    assert (response.status, response.tries) == ("pending", 3)
    assert Attempt.objects.unscoped().filter(response=response, status="unknown").count() == len(service.log)


def test_a_silent_call_holds_back_no_finished_answer(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(1, "silent"), *[f"Which kettle? id:q{n}" for n in range(20)])
    going = threading.Event()

    def pump() -> None:
        try:
            outbound.work(queues=["external"], keep_going=lambda: not going.is_set())
        finally:
            connections.close_all()

    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while states(run).count("answered") < 20 and time.monotonic() < until:
        time.sleep(0.1)
    try:
        assert sorted(states(run)) == ["answered"] * 20 + ["sending"]
        assert thread.is_alive(), "the silent call is still in flight"
    finally:
        going.set()
        service.hang_up()
        thread.join(20)
    assert not thread.is_alive()


def test_a_full_budget_stops_before_it_is_passed_and_goes_on_when_there_is_more(
    service: Loopback, workspace: Workspace
) -> None:
    run = start(workspace, *named(6))
    assert run.panel
    budgets.set_run_limit(panel=run.panel, limit_usd=Decimal("0.0001"))
    assert work() == 0 and len(service.log) == 0
    assert states(run) == ["pending"] * 6
    budgets.set_run_limit(panel=run.panel, limit_usd=Decimal(100))
    assert work() == 6 and states(run) == ["answered"] * 6


def test_a_worker_of_paid_calls_sends_none_of_a_paused_run_and_others_go_on(
    service: Loopback, workspace: Workspace
) -> None:
    paused, other = (start(workspace, *named(3)) for _ in range(2))
    assert runs.pause_run(run=paused)
    assert work() == 3
    assert (states(paused), states(other)) == (["pending"] * 3, ["answered"] * 3)
    assert outbound.claim(queues=["external"], limit=10) == []
    assert len(service.log) == 3
    assert runs.resume_run(run=paused)
    assert work() == 3
    assert states(paused) == ["answered"] * 3


def test_a_rate_of_our_own_is_kept(service: Loopback, workspace: Workspace) -> None:
    credential = credentials.find(workspace_id=workspace.pk, assistant="openai")
    assert credential
    limits.configure(credential=credential, requests_per_minute=20, tokens_per_minute=None, max_in_flight=3)
    run = start(workspace, *named(30))
    started = time.monotonic()
    outbound.work(queues=["external"], keep_going=lambda: time.monotonic() - started < 3)
    assert 0 < len(service.log) <= 20 and service.most_at_once <= 3
    assert states(run).count("pending") == 30 - len(service.log)


def test_a_key_that_is_gone_fails_what_would_need_it(service: Loopback, workspace: Workspace) -> None:
    run = start(workspace, *named(2))
    credential = credentials.find(workspace_id=workspace.pk, assistant="openai")
    assert credential
    credentials.delete(credential=credential)
    work()
    assert states(run) == ["failed"] * 2 and len(service.log) == 0
    assert "API key" in Response.objects.unscoped().filter(run=run)[0].error_message


def test_an_error_that_quotes_the_key_is_kept_without_it(settings: Any, workspace: Workspace) -> None:
    refusal = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}})
    with Loopback([refusal.encode()], status=401) as loopback:
        settings.ASSISTANT_URLS = {"openai": f"{loopback.url}/v1"}
        assistants.client.cache_clear()
        run = start(workspace, *named(1))
        work()
    assistants.client.cache_clear()
    response = Response.objects.unscoped().get(run=run)
    assert (response.status, response.error_kind) == (ResponseStatus.FAILED, "auth")
    assert KEY not in response.error_message and "Incorrect API key" in response.error_message
    body = Body.objects.unscoped().get()
    assert body.sha256 != hashlib.sha256(refusal.encode()).hexdigest(), "the quoted key is not kept"
