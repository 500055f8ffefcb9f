"""The Ask page's questions: put to any assistant with a key, ahead of panels, written and followed while they come."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from inference.answer import AssistantError
from monitor import assistants
from monitor.models import (
    Body,
    Charge,
    ChargeState,
    DayCounts,
    Delta,
    Response,
    ResponseSource,
    Role,
    Run,
    Trigger,
    Workspace,
)
from monitor.queries import asking
from monitor.services import budgets, credentials, deltas, indexes, ledger, nudge, outbound, panels, recovery, runs
from monitor.services.errors import Problem
from monitor.views import asking as views
from tests import asgi
from tests.factories import make_brand, make_member, make_suite, make_workspace
from tests.loopback import Loopback
from tests.monitor.test_indexes import workspace_with_pages

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = ("Bright", "kettle ", "boils\n\n", "a litre ", "in two ", "minutes.")
TEXT = "".join(WORDS)


def streamed_answer() -> bytes:
    """A stream of OpenAI's, in the recorded shape: pieces of text, then the whole response with its citation."""
    message = {
        "type": "message",
        "content": [
            {
                "type": "output_text",
                "text": TEXT,
                "annotations": [
                    {"type": "url_citation", "url": "https://k.example/a", "start_index": 0, "end_index": 12}
                ],
            }
        ],
    }
    whole = {
        "object": "response",
        "status": "completed",
        "model": "gpt-5-mini",
        "output": [message],
        "usage": {"input_tokens": 1000, "output_tokens": 500},
    }
    events: list[dict[str, Any]] = [
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": word} for word in WORDS
    ]
    events.append({"type": "response.completed", "response": whole})
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


@pytest.fixture
def service(settings: Any) -> Iterator[Loopback]:
    with Loopback([streamed_answer()]) as loopback:
        settings.ASSISTANT_URLS = {"openai": f"{loopback.url}/v1"}
        assistants.client.cache_clear()
        yield loopback
        assistants.client.cache_clear()


@pytest.fixture
def workspace() -> Workspace:
    made = make_workspace()
    make_brand(made, name="Brightkettle", kind="own")
    credentials.save(workspace=made, assistant="openai", values={"api_key": "sk-asking-0123456789abcdef"})
    return made


def ask(workspace: Workspace, text: str = "Which kettle?", fault: str = "slow") -> Response:
    text = f"{text} loopback:{fault}"
    return runs.ask(workspace=workspace, text=text, assistant="openai", model="gpt-5-mini")


def in_a_thread(work: Callable[[], Any]) -> threading.Thread:
    """Run it beside the test, on a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def work() -> int:
    return outbound.work(queues=["asking", "external"])


def follow(response: Response, **after: int) -> list[Any]:
    """All that the stream says, each with the moment it came."""

    async def read() -> list[Any]:
        return [(item, time.monotonic()) async for item in asking.follow(response.pk, **after)]

    with ThreadPoolExecutor(1) as other:  # Playwright may keep a loop of its own in this thread
        return other.submit(asyncio.run, read()).result(30)


def test_an_answer_is_followed_while_it_comes_and_stored_as_all_others(service: Loopback, workspace: Workspace) -> None:
    response = ask(workspace)
    worker = in_a_thread(work)
    came = follow(response)
    ended = time.monotonic()
    worker.join(20)
    pieces = [(item, at) for item, at in came if isinstance(item, asking.Said)]
    assert "".join(piece.text for piece, _ in pieces) == TEXT
    assert len(pieces) >= 4 and ended - pieces[0][1] > 0.8, "it came in pieces, long before it was whole"
    assert [piece.sequence for piece, _ in pieces] == list(range(len(pieces)))
    assert isinstance(came[-1][0], asking.Moved)

    response.refresh_from_db()
    assert (response.status, response.text, response.model_reported) == ("answered", TEXT, "gpt-5-mini")
    assert response.first_text_ms is not None and response.latency_ms is not None
    assert response.first_text_ms + 800 < response.latency_ms
    assert not Delta.objects.unscoped().exists()
    source = ResponseSource.objects.for_workspace(workspace).get(response=response)
    assert (source.page, source.cited) == ("k.example/a", True)
    body = Body.objects.for_workspace(workspace).get()
    assert body.sha256 == service.log[0].sha256 == hashlib.sha256(streamed_answer()).hexdigest()
    assert Charge.objects.unscoped().get().state == ChargeState.SPENT
    recovery.sweep()
    assert not DayCounts.objects.unscoped().exists(), "it counts in no metric"
    assert follow(response) and not work(), "whoever comes late is told that it is over"


def test_whoever_comes_back_gets_the_rest_alone(service: Loopback, workspace: Workspace) -> None:
    response = ask(workspace)
    claimed = outbound.claim(queues=["asking"], limit=1)[0].claims[0]
    writer = deltas.Writer()
    for word in WORDS[:3]:
        writer.say(claimed.response_id, claimed.lease, word, 5)
        writer.write(at_once=True)
    assert asking.said(Response.objects.unscoped().select_related("workspace").get()) == "".join(WORDS[:3])

    def finish() -> None:
        time.sleep(0.5)
        ledger.store(
            [ledger.Finished(response.pk, claimed.lease, (), AssistantError("server", "It broke.", permanent=True), 9)]
        )

    thread = in_a_thread(finish)
    started = time.monotonic()
    came = [item for item, _ in follow(response, lease=claimed.lease, sequence=0)]
    thread.join()
    assert [item.text for item in came if isinstance(item, asking.Said)] == list(WORDS[1:3])
    assert isinstance(came[-1], asking.Moved)
    assert time.monotonic() - started < 5


def test_pieces_of_a_lost_lease_are_not_written(service: Loopback, workspace: Workspace) -> None:
    ask(workspace)
    claimed = outbound.claim(queues=["asking"], limit=1)[0].claims[0]
    Response.objects.unscoped().update(lease=claimed.lease + 1)
    writer = deltas.Writer()
    writer.say(claimed.response_id, claimed.lease, "old", 5)
    writer.write(at_once=True)
    assert not Delta.objects.unscoped().exists()


def test_what_cannot_be_stored_in_a_database_is_shown_as_a_mark(service: Loopback, workspace: Workspace) -> None:
    response = ask(workspace)
    claimed = outbound.claim(queues=["asking"], limit=1)[0].claims[0]
    writer = deltas.Writer()
    writer.say(claimed.response_id, claimed.lease, "a\0b\ud800", 5)
    writer.write(at_once=True)
    response.refresh_from_db()
    assert asking.said(response) == "a�b�"


def test_an_answer_that_breaks_off_keeps_what_had_come_and_counts_as_spent(
    service: Loopback, workspace: Workspace
) -> None:
    response = ask(workspace, fault="cut_stream")
    work()
    response.refresh_from_db()
    assert (response.status, response.error_kind) == ("unknown", "unknown")
    assert response.text and TEXT.startswith(response.text) and response.text != TEXT
    assert not Delta.objects.unscoped().exists()
    charge = Charge.objects.unscoped().get()
    assert (charge.state, charge.usd) == (ChargeState.ASSUMED, charge.maximum_usd)
    client = signed_in(workspace)
    page = client.get(address(workspace), {"answer": response.pk}).content.decode()
    assert "What had come until then" in page and "counts as spent" in page and response.text.split()[0] in page


def test_what_a_dead_worker_left_is_kept_as_text_and_swept(service: Loopback, workspace: Workspace) -> None:
    response = ask(workspace)
    claimed = outbound.claim(queues=["asking"], limit=1)[0].claims[0]
    writer = deltas.Writer()
    writer.say(claimed.response_id, claimed.lease, "Half a sent", 5)
    writer.write(at_once=True)
    assert deltas.sweep() == 0, "it is still being asked"
    Response.objects.unscoped().update(lease_until="2026-01-01T00:00Z")
    recovery.sweep()
    response.refresh_from_db()
    assert (response.status, response.text) == ("unknown", "Half a sent")
    assert not Delta.objects.unscoped().exists()
    assert deltas.sweep() == 0


def test_a_question_is_answered_while_a_run_holds_every_place(
    service: Loopback, workspace: Workspace, settings: Any
) -> None:
    settings.CALLS_IN_FLIGHT = 2
    suite = make_suite(workspace, prompts=0)
    for number in range(4):
        suite.prompts.create(workspace=workspace, text=f"Prompt {number}? loopback:slow")
    fields = {
        "name": "Slow", "suite": suite, "repeats": 1, "cron": "", "time_zone": "UTC",
        "assistants": [{"assistant": "openai", "model": "gpt-5-mini", "options": {}}],
    }  # fmt: skip
    panel = panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)
    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    worker = in_a_thread(work)
    deadline = time.monotonic() + 10
    while run.responses.filter(status="sending").count() < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    response = ask(workspace, fault="stream")
    while not Response.objects.unscoped().filter(pk=response.pk, status="answered") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.responses.filter(status="answered").count() == 0, "the run's calls were all still in flight"
    assert run.responses.filter(status="sending").count() == 2, "and no more of them than before"
    worker.join(20)
    assert set(run.responses.values_list("status", flat=True)) == {"answered"}


# --- the page --------------------------------------------------------------------------------------------------------


def signed_in(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role))
    return client


def address(workspace: Workspace) -> str:
    return reverse("ask", args=[workspace.slug])


def test_the_form_offers_who_can_be_asked_with_what_it_costs_at_most(workspace: Workspace) -> None:
    page = signed_in(workspace).get(address(workspace)).content.decode()
    assert f"{assistants.label('openai')}: gpt-5-mini, at most $0." in page
    assert "anthropic/" not in page, "there is no key for it"
    assert "local/" not in page, "there is no page to answer from"
    response = ask(workspace)
    charge_limit = next(
        model.maximum
        for choice in asking.choices(workspace, has_pages=False)
        for model in choice.models
        if model.value == "openai/gpt-5-mini"
    )
    outbound.claim(queues=["asking"], limit=1)
    assert charge_limit and Charge.objects.unscoped().get(response=response).maximum_usd <= charge_limit


def test_the_local_engine_stands_first_and_is_asked_when_nothing_is_chosen() -> None:
    workspace = workspace_with_pages()
    indexes.next_generation(workspace=workspace)
    credentials.save(workspace=workspace, assistant="openai", values={"api_key": "sk-asking-0123456789abcdef"})
    client = signed_in(workspace)
    page = client.get(address(workspace)).content.decode()
    assert page.index("local/") < page.index("openai/")
    client.post(address(workspace), {"text": "How fast does\x00 the kettle boil?"})
    response = Response.objects.for_workspace(workspace).get()
    assert (response.assistant, response.queue) == ("local", "online")
    assert response.prompt_text == "How fast does the kettle boil?"
    follower = in_a_thread(lambda: ledger.work(queues=["online"]))
    came = follow(response)
    follower.join()
    assert isinstance(came[-1][0], asking.Moved)


def test_a_question_without_a_key_or_a_known_assistant_is_refused_with_what_was_typed(workspace: Workspace) -> None:
    client = signed_in(workspace)
    for choice in ("anthropic/claude-sonnet-5", "nobody/x", "pasted/", "openai/" + "m" * 200, "openai/unheard-of"):
        answered = client.post(address(workspace), {"text": "Which kettle?", "assistant": choice})
        assert answered.status_code == 422, choice
        assert "Which kettle?" in answered.content.decode()
    assert not Run.objects.for_workspace(workspace).exists()
    with pytest.raises(Problem, match="cannot be asked"):
        runs.ask(workspace=workspace, text="Which?", assistant="pasted")


def test_a_full_budget_is_said_where_the_answer_would_stand(workspace: Workspace) -> None:
    response = ask(workspace)
    budgets.set_month_limit(workspace=workspace, limit_usd=budgets.ZERO)
    assert outbound.claim(queues=["asking"], limit=1) == []
    page = signed_in(workspace, Role.OWNER).get(address(workspace), {"answer": response.pk}).content.decode()
    assert 'id="run-waiting"' in page and "Raise the budget" in page
    assert "data-stream" in page and "http-equiv" in page


def stream(workspace: Workspace, response: Response, client: Client, **headers: str) -> asgi.Reply:
    url = reverse("ask_stream", args=[workspace.slug, response.pk])
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    reply = asgi.ask(url, headers={"host": "localhost", "cookie": cookie, **headers})
    assert reply
    return reply


def test_the_stream_is_server_sent_events_of_an_asgi_application(service: Loopback, workspace: Workspace) -> None:
    response, client = ask(workspace, fault="slow"), signed_in(workspace, Role.VIEWER)
    worker = in_a_thread(work)
    reply = stream(workspace, response, client)
    worker.join(20)
    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    events = [block.split("\n") for block in reply.body.decode().split("\n\n") if "event: said" in block]
    assert len(events) >= 4
    assert "".join(json.loads(lines[-1].removeprefix("data: "))["text"] for lines in events) == TEXT
    assert events[0][0] == "id: 1.0"
    assert reply.body.endswith(b"event: moved\ndata: {}\n\n")
    assert views._open.total() == 0


def test_who_goes_away_ends_the_stream(workspace: Workspace) -> None:
    response, client = ask(workspace), signed_in(workspace)
    url = reverse("ask_stream", args=[workspace.slug, response.pk])
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    started = time.monotonic()
    with contextlib.suppress(asyncio.CancelledError):
        asgi.ask(url, headers={"host": "localhost", "cookie": cookie}, pieces=[b""], leaves=True)
    assert time.monotonic() - started < 5
    assert views._open.total() == 0
    response.refresh_from_db()
    assert response.status == "pending", "the question waits all the same"


def test_a_person_has_a_few_streams_at_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    response, client = ask(workspace), signed_in(workspace)
    monkeypatch.setattr(views, "STREAMS_A_PERSON", 0)
    assert stream(workspace, response, client).status == 429


def test_a_quiet_stream_gives_signs_of_life_and_looks_also_where_nobody_tells(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(own: Any) -> bool:
        return False

    monkeypatch.setattr(asking, "_listen", refuse)
    monkeypatch.setattr(asking, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(asking, "HEARTBEAT_SECONDS", 0.2)
    response = ask(workspace)

    def cancel() -> None:
        time.sleep(1)
        runs.cancel_run(run=response.run)

    thread = in_a_thread(cancel)
    came = [item for item, _ in follow(response)]
    thread.join()
    assert came.count(None) >= 2 and isinstance(came[-1], asking.Moved)
