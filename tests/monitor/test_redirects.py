"""Cited pages behind a provider's redirects: resolved once, gently, and the same however the answers were read."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inference.answer import RawBody
from monitor import assistants, packed, tasks
from monitor.models import (
    Attempt,
    Body,
    DayCounts,
    Extraction,
    ExtractionStatus,
    Prompt,
    Redirect,
    RedirectState,
    Response,
    ResponseSource,
    Run,
    RunStatus,
    Workspace,
)
from monitor.services import ledger, nudge, reading, recovery, redirects, resolving
from tests.asgi import streamed
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, make_extraction, make_panel, make_run
from tests.redirects import Redirector, redirect, redirecting

pytestmark = pytest.mark.django_db(transaction=True)

#: Text of three claims, each in a segment of its own.
CLAIMS = ("Ferns like shade. ", "Ferns like rain. ", "Moss likes both. ")
TEXT = "".join(CLAIMS)
SPANS = [[0, 18], [18, 35], [35, 52]]


@pytest.fixture
def redirector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redirector]:
    monkeypatch.setattr(resolving, "PAUSE_SECONDS", 0.0)
    assistants.client.cache_clear()
    with redirecting(monkeypatch) as made:
        yield made
    assistants.client.cache_clear()


@pytest.fixture
def workspace() -> Workspace:
    made = make_workspace()
    make_extraction(made, [])
    return made


def body_of(*cited: str, consulted: Sequence[str] = (), titles: str = "fern.example") -> RawBody:
    """An answer whose n-th claim cites the n-th redirect, after which come those only consulted."""
    start = 0
    supports = []
    for number, claim in enumerate(CLAIMS[: len(cited)]):
        supports.append(
            {"segment": {"startIndex": start, "endIndex": start + len(claim)}, "groundingChunkIndices": [number]}
        )
        start += len(claim)
    chunks = [{"web": {"uri": redirect(name), "title": titles}} for name in (*cited, *consulted)]
    candidate = {
        "content": {"parts": [{"text": TEXT}]},
        "finishReason": "STOP",
        "groundingMetadata": {"groundingChunks": chunks, "groundingSupports": supports},
    }
    return RawBody(json.dumps({"candidates": [candidate], "modelVersion": "gemini-2.5-flash"}).encode())


def asked(workspace: Workspace) -> Response:
    """A response that was sent to Gemini, in a run of its own."""
    panel = make_panel(workspace, prompts=1, name=f"Panel {Run.objects.unscoped().count()}")
    extraction = Extraction.objects.for_workspace(workspace)[0]
    run = make_run(panel, extraction, LAST_DAY, status=RunStatus.RUNNING)
    prompt = Prompt.objects.for_workspace(workspace).filter(suite=panel.suite)[0]
    response = Response.objects.create(
        workspace=workspace, run=run, prompt=prompt, prompt_text=prompt.text, assistant="gemini", repeat=0, seed=0,
        queue="external", stratum="api", status="sending", lease=1,
    )  # fmt: skip
    Attempt.objects.create(workspace=workspace, response=response, lease=1, status="sent", sent_at=timezone.now())
    return response


def store(response: Response, body: RawBody) -> Response:
    """Store an answer as a worker does, and count its run."""
    finished = ledger.Finished(response.pk, 1, (body,), assistants.parse("gemini", body), 5)
    assert ledger.store([finished]) == 1
    assert ledger.store([finished]) == 0
    recovery.roll_up_finished()
    return response


def answered(workspace: Workspace, *cited: str, **parts: Any) -> Response:
    return store(asked(workspace), body_of(*cited, **parts))


def sources(response: Response, extraction: Extraction | None = None) -> list[tuple[Any, ...]]:
    """(redirect, page, domain, cited, retrieved, spans) of each row, under one reading."""
    wanted = extraction or Extraction.objects.get(workspace=response.workspace, status="current")
    rows = ResponseSource.objects.for_workspace(response.workspace).filter(response=response, extraction=wanted)
    assert [row.sequence for row in rows] == list(range(len(rows)))
    return [
        (row.url.rpartition("/")[2], row.page, row.domain, row.cited, row.retrieved, row.spans)
        for row in rows.order_by("sequence")
    ]


def counted(response: Response) -> dict[str, tuple[int, int, float]]:
    row = DayCounts.objects.for_workspace(response.workspace).get(
        run=response.run_id, extraction__status="current", assistant=response.assistant
    )
    names = {packed.key(name): name for name in packed.unpack_texts(row.domain_names)}
    table = packed.unpack(row.domains, packed.DOMAINS)
    return {
        names[int(each["domain"])]: (int(each["cited"]), int(each["retrieved"]), float(each["share"])) for each in table
    }


def states(workspace: Workspace) -> dict[str, str]:
    rows = Redirect.objects.for_workspace(workspace)
    return {row.url.rpartition("/")[2]: str(row.state) for row in rows}


def make_due(workspace: Workspace) -> None:
    Redirect.objects.for_workspace(workspace).filter(state="waiting").update(next_try_at=timezone.now())


def test_a_page_behind_a_redirect_becomes_known(workspace: Workspace, redirector: Redirector) -> None:
    response = answered(workspace, "a", consulted=["b"])
    assert sources(response) == [
        ("a", "", "fern.example", True, True, SPANS[:1]),
        ("b", "", "fern.example", False, True, []),
    ]
    assert states(workspace) == {"a": "waiting", "b": "waiting"}
    assert counted(response) == {"fern.example": (1, 1, 1.0)}
    redirector.lead(a="https://www.moss.example/guide/?utm_source=x", b="https://fern.example/rain")
    assert resolving.resolve() == 2
    # what the provider called its domain gives way to the target's
    assert sources(response) == [
        ("a", "moss.example/guide", "moss.example", True, True, SPANS[:1]),
        ("b", "fern.example/rain", "fern.example", False, True, []),
    ]
    assert counted(response) == {"moss.example": (1, 1, 1.0), "fern.example": (0, 1, 0.0)}
    row = Redirect.objects.for_workspace(workspace).get(url=redirect("a"))
    assert (row.state, row.target) == ("resolved", "https://www.moss.example/guide/?utm_source=x")
    assert redirector.strays == [], "the pages themselves are not visited"


def test_redirects_to_one_page_become_one_citation(workspace: Workspace, redirector: Redirector) -> None:
    response = answered(workspace, "a", "b", "c", consulted=["d", "e", "f"])
    redirector.lead(
        a="https://fern.example/x", b="https://moss.example/y", c="https://www.fern.example/x#part",
        d="https://fern.example/x/", e="https://rain.example/z", f="http://rain.example/z?gclid=1",
    )  # fmt: skip
    resolving.resolve()
    assert sources(response) == [
        ("a", "fern.example/x", "fern.example", True, True, [SPANS[0], SPANS[2]]),
        ("b", "moss.example/y", "moss.example", True, True, [SPANS[1]]),
        ("e", "rain.example/z", "rain.example", False, True, []),
    ]
    assert counted(response) == {
        "fern.example": (1, 1, 0.5),
        "moss.example": (1, 1, 0.5),
        "rain.example": (0, 1, 0.0),
    }


def test_it_comes_to_the_same_whichever_is_resolved_first(workspace: Workspace, redirector: Redirector) -> None:
    places = {"a": "https://fern.example/x", "b": "https://moss.example/y", "c": "https://fern.example/x"}
    at_once = answered(workspace, "a", "b", "c", consulted=["b2"])
    redirector.lead(**places, b2="https://moss.example/y")
    resolving.resolve()
    for order in (("a", "b", "c", "b2"), ("c", "b2", "a", "b")):
        other = make_workspace()
        make_extraction(other, [])
        response = answered(other, "a", "b", "c", consulted=["b2"])
        for name in order:
            later = Redirect.objects.for_workspace(other).exclude(url=redirect(name))
            later.update(next_try_at=timezone.now() + timedelta(hours=1))
            Redirect.objects.for_workspace(other).filter(url=redirect(name)).update(next_try_at=timezone.now())
            assert resolving.resolve() == 1
        assert sources(response) == sources(at_once)
        assert counted(response) == counted(at_once)


def test_what_is_known_already_is_applied_as_an_answer_is_stored(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x", b="https://fern.example/x")
    first = answered(workspace, "a", "b")
    resolving.resolve()
    again = answered(workspace, "a", "b")
    assert sources(again) == sources(first) == [("a", "fern.example/x", "fern.example", True, True, SPANS[:2])]
    assert (resolving.has_work(), resolving.resolve(), len(redirector.asked)) == (False, 0, 2)


def test_delivered_twice_it_changes_nothing(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x", b="https://fern.example/x")
    response = answered(workspace, "a", "b")
    resolving.resolve()
    ids = list(ResponseSource.objects.for_workspace(workspace).values_list("pk", flat=True))
    before = sources(response), counted(response)
    # as after a crash between resolving and applying, or between applying and its note
    Redirect.objects.for_workspace(workspace).update(settled_at=None)
    assert resolving.has_work()
    assert resolving.settle() == 0
    assert resolving.settle() == 0
    assert list(ResponseSource.objects.for_workspace(workspace).values_list("pk", flat=True)) == ids
    assert (sources(response), counted(response)) == before


def test_a_crash_before_the_count_leaves_it_to_the_sweep(
    workspace: Workspace, redirector: Redirector, monkeypatch: pytest.MonkeyPatch
) -> None:
    redirector.lead(a="https://moss.example/x")
    response = answered(workspace, "a")
    other = answered(workspace, "z")
    rolled_up = Run.objects.get(pk=other.run_id).rolled_up_at

    def crash() -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as cut, pytest.raises(RuntimeError):
        cut.setattr(recovery, "roll_up_finished", crash)
        resolving.resolve()
    assert "fern.example" in counted(response)
    recovery.sweep()
    assert counted(response) == {"moss.example": (1, 1, 1.0)}
    assert Run.objects.get(pk=other.run_id).rolled_up_at == rolled_up, "no other run is counted again"


def test_reading_all_history_again_keeps_the_pages(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x", b="https://fern.example/x", c="https://moss.example/y")
    response = answered(workspace, "a", "b", "c")
    resolving.resolve()
    before = sources(response), counted(response)
    reading.recompute(workspace=workspace)
    assert (sources(response), counted(response)) == before
    # retention took the bodies
    Body.objects.for_workspace(workspace).delete()
    reading.recompute(workspace=workspace)
    assert (sources(response), counted(response)) == before
    assert len(redirector.asked) == 3


def test_history_from_before_there_were_redirects_is_resolved_once_read_again(
    workspace: Workspace, redirector: Redirector
) -> None:
    redirector.lead(a="https://moss.example/x")
    response = answered(workspace, "a")
    Redirect.objects.for_workspace(workspace).delete()
    reading.recompute(workspace=workspace)
    assert states(workspace) == {"a": "waiting"}
    resolving.resolve()
    assert sources(response) == [("a", "moss.example/x", "moss.example", True, True, SPANS[:1])]


def test_both_readings_get_the_page_while_history_is_read_again(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x", b="https://fern.example/x")
    response = answered(workspace, "a", "b")
    seen: list[list[tuple[Any, ...]]] = []

    def between(done: int, total: int) -> None:
        building = Extraction.objects.get(workspace=workspace, status=ExtractionStatus.BUILDING)
        seen.append(sources(response, building))
        resolving.resolve()
        seen.append(sources(response, building))

    reading.recompute(workspace=workspace, progress=between)
    one = ("a", "fern.example/x", "fern.example", True, True, SPANS[:2])
    assert [len(seen[0]), seen[1]] == [2, [one]]
    assert sources(response) == [one]
    assert counted(response) == {"fern.example": (1, 1, 1.0)}


def test_a_redirect_resolved_while_its_answer_is_being_stored_is_not_missed(
    workspace: Workspace, redirector: Redirector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store holds the redirect as it found it, so that resolving comes after and finds the rows."""
    redirector.lead(a="https://moss.example/x")
    answered(workspace, "a")
    late = asked(workspace)
    blocked: list[bool] = []
    follow: Callable[..., Any] = redirects.follow

    def slow(rows: Any) -> Any:
        found = follow(rows)
        if not rows:
            return found  # delivered twice
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
                cursor.execute("UPDATE monitor_redirect SET tries = tries WHERE state = 'waiting'")
        except Exception as error:  # noqa: BLE001 - the driver's own
            blocked.append("lock timeout" in str(error))
        finally:
            other.close()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(redirects, "follow", slow)
        store(late, body_of("a"))
    assert blocked == [True]
    resolving.resolve()
    assert sources(late) == [("a", "moss.example/x", "moss.example", True, True, SPANS[:1])]


def test_an_expired_link_is_said_to_be_gone(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a=404, b=410)
    response = answered(workspace, "a", "b")
    resolving.resolve()
    assert states(workspace) == {"a": "gone", "b": "gone"}
    assert [row[:3] for row in sources(response)] == [("a", "", "fern.example"), ("b", "", "fern.example")]
    make_due(workspace)
    assert resolving.resolve() == 0


def test_what_cannot_be_resolved_now_is_tried_again_later_and_given_up_in_the_end(
    workspace: Workspace, redirector: Redirector
) -> None:
    redirector.lead(a=503)
    answered(workspace, "a")
    waits = []
    for tries in range(1, 7):
        assert resolving.resolve() == 1
        row = Redirect.objects.for_workspace(workspace).get()
        assert (row.state, row.tries) == ("waiting", tries)
        assert row.next_try_at is not None
        waits.append(round((row.next_try_at - timezone.now()).total_seconds()))
        assert resolving.resolve() == 0, "not due yet"
        make_due(workspace)
    assert waits == pytest.approx([60, 600, 3600, 21600, 86400, 86400], abs=5)
    Redirect.objects.for_workspace(workspace).update(seen_at=timezone.now() - resolving.GIVE_UP_AFTER)
    resolving.resolve()
    assert states(workspace) == {"a": "gone"}


@pytest.mark.parametrize("place", ["http://10.0.0.7/admin", "http://localhost:8000/", "http://[::1]/x"])
def test_a_private_target_is_refused_and_nothing_connects_to_it(
    place: str, workspace: Workspace, redirector: Redirector
) -> None:
    redirector.lead(a=place)
    response = answered(workspace, "a")
    resolving.resolve()
    row = Redirect.objects.for_workspace(workspace).get()
    assert (row.state, row.target, row.page) == (RedirectState.GONE, "", "")
    assert "no page of the public web" in row.problem
    assert sources(response)[0][:3] == ("a", "", "fern.example")
    assert (redirector.asked, redirector.strays) == (["a"], [])


def test_a_few_are_asked_for_at_a_time_and_fewer_when_the_provider_says_so(
    workspace: Workspace, redirector: Redirector
) -> None:
    names = [f"n{number}" for number in range(12)]
    redirector.lead(**{name: f"https://fern.example/{name}" for name in names[:4]}, **dict.fromkeys(names[4:], 429))
    for name in names:
        answered(workspace, name)
    assert resolving.resolve() == 8, "four, and four that were too many"
    assert redirector.service.most_at_once <= resolving.AT_ONCE
    assert sorted(states(workspace).values()) == ["resolved"] * 4 + ["waiting"] * 8
    assert resolving.resolve() == 4


def test_one_worker_resolves_at_a_time(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x")
    answered(workspace, "a")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [resolving._LOCK])
            assert resolving.resolve() == 0
            cursor.execute("SELECT pg_advisory_unlock_all()")
    finally:
        other.close()
    assert resolving.resolve() == 1


def test_a_tick_wakes_a_worker_for_what_is_due(
    workspace: Workspace, redirector: Redirector, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(nudge, "_send", lambda task, *_: sent.append(task))
    redirector.lead(a="https://fern.example/x")
    response = answered(workspace, "a")
    tasks.tick()
    assert "monitor.tasks.resolve_redirects" in sent
    tasks.resolve_redirects()
    assert sources(response)[0][1] == "fern.example/x"
    sent.clear()
    tasks.tick()
    assert "monitor.tasks.resolve_redirects" not in sent


def test_a_workspace_knows_only_its_own(workspace: Workspace, redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/x")
    stranger = make_workspace()
    make_extraction(stranger, [])
    mine, theirs = answered(workspace, "a"), answered(stranger, "a")
    Redirect.objects.for_workspace(stranger).update(next_try_at=timezone.now() + timedelta(hours=1))
    resolving.resolve()
    assert (sources(mine)[0][1], sources(theirs)[0][1]) == ("fern.example/x", "")


def test_storing_resolving_and_reading_again_at_once_leave_nothing_behind(
    workspace: Workspace, redirector: Redirector
) -> None:
    """Answers share their redirects, in other orders, so that all of them meet at the same rows."""
    names = [f"n{number}" for number in range(6)]
    redirector.lead(**{name: f"https://fern.example/{number // 2}" for number, name in enumerate(names)})
    waiting = [(asked(workspace), body_of(*names[n % 4 : n % 4 + 3][:: 1 if n % 2 else -1])) for n in range(24)]
    stored = threading.Event()

    def store_some(first: int) -> None:
        for response, body in waiting[first::3]:
            store(response, body)

    def until_stored(work: Callable[[], object]) -> None:
        while not stored.wait(0.01):
            work()
        work()

    def apart(work: Callable[..., object], *arguments: Any) -> None:
        try:
            work(*arguments)
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        stores = [pool.submit(apart, store_some, first) for first in range(3)]
        beside = [
            pool.submit(apart, until_stored, resolving.resolve),
            pool.submit(apart, until_stored, lambda: reading.recompute(workspace=workspace)),
        ]
        for future in stores:
            future.result(120)
        stored.set()
        for future in beside:
            future.result(120)
    resolving.resolve()
    assert not resolving.has_work()
    assert len(redirector.asked) == len(set(redirector.asked)) == 6, "each was asked for once"
    found = [(sources(response), counted(response)) for response, _ in waiting]
    assert all(page for rows, _ in found for _, page, *_ in rows)
    reading.recompute(workspace=workspace)
    assert [(sources(response), counted(response)) for response, _ in waiting] == found


def exported_pages(client: Client, workspace: Workspace) -> dict[str, str]:
    """URL by page, of the report's table of pages."""
    dates = {"from": str(LAST_DAY), "to": str(LAST_DAY)}
    address = reverse("report_download", args=[workspace.slug])
    answer = client.get(address, {"format": "csv", "table": "pages", **dates})
    content = streamed(answer).decode("utf-8-sig")
    return {row["page"]: row["url"] for row in csv.DictReader(io.StringIO(content))}


def test_pages_and_reports_say_what_is_known(workspace: Workspace, redirector: Redirector, client: Client) -> None:
    client.force_login(make_member(workspace))
    redirector.lead(a="https://moss.example/guide?utm_source=x", b=404, c=503)
    response = answered(workspace, "a", "b", "c")
    answer = reverse("answer", args=[workspace.slug, response.pk])
    listed = reverse("sources", args=[workspace.slug]) + f"?from={LAST_DAY}&to={LAST_DAY}"

    for address in (answer, listed):
        page = client.get(address).content.decode()
        assert page.count("not resolved yet") == 3
        assert "the link has expired" not in page
    assert exported_pages(client, workspace) == {redirect(name): redirect(name) for name in "abc"}

    resolving.resolve()
    for address in (answer, listed):
        page = client.get(address).content.decode()
        assert (page.count("not resolved yet"), page.count("the link has expired")) == (1, 1)
        assert 'href="https://moss.example/guide?utm_source=x"' in page
        assert f'href="{redirect("b")}"' in page
    assert f"given as {redirect('a')}" in client.get(answer).content.decode()
    assert exported_pages(client, workspace) == {
        "moss.example/guide": redirect("a"),
        redirect("b"): redirect("b"),
        redirect("c"): redirect("c"),
    }
