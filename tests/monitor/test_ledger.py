"""The ledger's promises: asked once, stored once, delivered twice without harm, late answers kept aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from inference.answer import (
    Answer,
    Assistant,
    AssistantError,
    Citation,
    Keep,
    Question,
    RawBody,
    Source,
    Usage,
)
from monitor import assistants
from monitor.models import (
    Attempt,
    AttemptStatus,
    Body,
    DayCounts,
    Mention,
    Panel,
    Response,
    ResponseSource,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.services import brands, costs, ledger, panels, reading, recovery, rollups, runs, spool
from monitor.services.errors import Problem
from tests.factories import make_brand, make_suite, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


class Scripted(Assistant):
    """An assistant of the tests: its body is JSON, its errors are what the prompt says."""

    name: ClassVar[str] = "scripted"
    label: ClassVar[str] = "Scripted"
    models: ClassVar[tuple[str, ...]] = ("scripted-1",)
    asked: ClassVar[list[str]] = []

    def parse(self, body: RawBody) -> Answer:
        said = json.loads(body.content)
        page = Citation(
            "https://www.acme.example/a?utm_source=x",
            "acme.example/a",
            "acme.example",
            "A",
            "link",
            ((0, 4),),
        )
        other = Source("https://other.example/b", "other.example/b", "other.example", "B")
        return Answer(
            text=said["text"],
            citations=(page,),
            retrieved=(other,),
            model="scripted-1",
            usage=Usage(3, 4, 1, 0.01),
        )

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = lambda index, body: None
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        for index, question in enumerate(questions):
            self.asked.append(question.text)
            if question.text.startswith("fail "):
                kind: Any = question.text.split()[1]
                yield index, AssistantError(kind, "As the script says.")
                continue
            body = RawBody(
                json.dumps({"text": f"Acme\x00 is good, Zenko too. {question.text} {question.seed}"}).encode()
            )
            keep(index, body)
            yield index, self.parse(body)


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    Scripted.asked = []
    found = {"scripted": Scripted, "local": assistants.assistant_class("local")}
    monkeypatch.setattr(assistants, "_classes", lambda: found)


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_brand(workspace, name="Acme", domains=["acme.example"], kind="own")
    costs.save_price(
        workspace=workspace, assistant="scripted", model="scripted-1", figures={"request": Decimal("0.01")}
    )
    return workspace


def make_panel(workspace: Workspace, *, prompts: int = 3, repeats: int = 2, texts: Sequence[str] = ()) -> Panel:
    suite = make_suite(workspace, prompts=0 if texts else prompts)
    for text in texts:
        suite.prompts.create(workspace=workspace, text=text)
    return panels.save_panel(
        workspace=workspace,
        panel=None,
        revision=None,
        fields={
            "name": suite.name,
            "suite": suite,
            "assistants": [{"assistant": "scripted", "model": "", "options": {}}],
            "repeats": repeats,
            "cron": "",
            "time_zone": "UTC",
        },
    )


def start(panel: Panel, **fields: Any) -> Run:
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL, **fields)


def work() -> int:
    return ledger.work(queues=["external"])


def test_a_run_creates_every_response_at_once_and_completes_when_the_last_is_answered(
    workspace: Workspace,
) -> None:
    run = start(make_panel(workspace))
    assert list(run.responses.values_list("status", flat=True)) == ["pending"] * 6
    assert work() == 6
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED and run.finished_at
    response = run.responses.first()
    assert response.status == "answered" and response.text.startswith("Acme\ufffd is good, Zenko")
    assert (response.input_tokens, response.output_tokens, float(response.cost_usd)) == (3, 4, 0.01)
    attempt = response.attempts.get()
    assert attempt.status == AttemptStatus.ANSWERED and attempt.bodies.get().sha256
    assert [m.text for m in Mention.objects.for_workspace(workspace).filter(response=response)] == ["Acme"]
    sources = ResponseSource.objects.for_workspace(workspace).filter(response=response)
    assert [(s.page, s.cited, s.retrieved) for s in sources] == [
        ("acme.example/a", True, False),
        ("other.example/b", False, True),
    ]


def test_seeds_differ_between_repeats_and_are_the_same_for_the_same_slot(workspace: Workspace) -> None:
    slot = datetime(2026, 11, 2, 6, tzinfo=UTC)
    panel = make_panel(workspace)
    run = start(panel, slot_at=slot)
    seeds = list(run.responses.values_list("seed", flat=True))
    assert len(set(seeds)) == 6
    Run.objects.for_workspace(workspace).delete()
    assert list(start(panel, slot_at=slot).responses.values_list("seed", flat=True)) == seeds


def test_a_slot_starts_once_however_often_it_is_asked_for(workspace: Workspace) -> None:
    panel, slot = make_panel(workspace), datetime(2026, 11, 2, 6, tzinfo=UTC)
    first, second = start(panel, slot_at=slot), start(panel, slot_at=slot)
    assert first.pk == second.pk
    assert Response.objects.for_workspace(workspace).count() == 6


def test_the_day_of_a_run_is_its_slots_date_in_the_workspaces_zone(workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(time_zone="Asia/Tokyo")
    run = start(make_panel(Workspace.objects.get(pk=workspace.pk)), slot_at=datetime(2026, 11, 2, 20, tzinfo=UTC))
    assert run.day.isoformat() == "2026-11-03"


def test_an_empty_suite_is_refused_in_words(workspace: Workspace) -> None:
    with pytest.raises(Problem, match="has no prompts"):
        start(make_panel(workspace, prompts=0))
    assert not Run.objects.for_workspace(workspace).exists()


def test_two_claims_never_hold_the_same_response(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=5))
    first, second = ledger.claim(queues=["external"], limit=6), ledger.claim(queues=["external"], limit=6)
    assert len(first) == 6 and len(second) == 4
    assert not {c.response_id for c in first} & {c.response_id for c in second}
    assert Attempt.objects.for_workspace(workspace).filter(status="sent").count() == 10


def finished(claim: ledger.Claim) -> ledger.Finished:
    body = RawBody(json.dumps({"text": "Acme is fine."}).encode())
    return ledger.Finished(claim.response_id, claim.lease, (body,), Scripted().parse(body), 5)


def test_an_answer_delivered_twice_is_stored_once(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=1, repeats=1))
    item = finished(ledger.claim(queues=["external"])[0])
    assert ledger.store([item]) == 1
    assert ledger.store([item]) == 0
    assert Body.objects.for_workspace(workspace).count() == 1
    assert Mention.objects.for_workspace(workspace).count() == 1


def test_an_answer_after_its_lease_passed_on_is_kept_as_late_and_moves_nothing(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=1, repeats=1))
    old = ledger.claim(queues=["external"])[0]
    Response.objects.for_workspace(workspace).update(status="pending")
    new = ledger.claim(queues=["external"])[0]
    assert ledger.store([finished(old)]) == 0
    assert Response.objects.for_workspace(workspace).get().status == ResponseStatus.SENDING
    assert ledger.store([finished(new)]) == 1
    statuses = Attempt.objects.for_workspace(workspace).values_list("lease", "status")
    assert dict(statuses) == {old.lease: AttemptStatus.LATE, new.lease: AttemptStatus.ANSWERED}


def test_an_expired_lease_of_a_paid_assistant_is_unknown_and_not_sent_again(workspace: Workspace) -> None:
    run = start(make_panel(workspace, prompts=1, repeats=1))
    ledger.claim(queues=["external"])
    Response.objects.for_workspace(workspace).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert recovery.expire_leases() == 1
    assert Response.objects.for_workspace(workspace).get().status == ResponseStatus.UNKNOWN
    assert Attempt.objects.for_workspace(workspace).get().status == AttemptStatus.UNKNOWN
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED and work() == 0


def test_an_expired_lease_of_a_free_assistant_is_asked_again(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=1, repeats=1))
    ledger.claim(queues=["external"])
    Response.objects.for_workspace(workspace).update(lease_until=timezone.now() - timedelta(seconds=1), queue="local")
    recovery.expire_leases()
    assert Response.objects.for_workspace(workspace).get().status == ResponseStatus.PENDING
    assert ledger.work(queues=["local"]) == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rate_limited", "pending"),
        ("server", "pending"),
        ("unreachable", "pending"),
        ("auth", "failed"),
        ("quota", "failed"),
        ("malformed", "failed"),
        ("invalid_request", "failed"),
        ("blocked", "failed"),
        ("unknown", "unknown"),
    ],
)
def test_what_is_tried_again_follows_the_kind_of_error(workspace: Workspace, kind: str, status: str) -> None:
    start(make_panel(workspace, texts=[f"fail {kind}", "and this one works"], repeats=1))
    assert work() == 2
    failed, answered = Response.objects.for_workspace(workspace).order_by("pk")
    assert (failed.status, failed.error_kind) == (status, kind)
    assert answered.status == "answered"
    if status == "pending":
        assert failed.next_try_at > timezone.now()
        assert work() == 0, "it waits for its time"


def test_tries_end(workspace: Workspace, settings: Any) -> None:
    settings.MAX_TRIES = 3
    run = start(make_panel(workspace, texts=["fail server"], repeats=1))
    for _ in range(3):
        Response.objects.for_workspace(workspace).update(next_try_at=None)
        work()
    response = Response.objects.for_workspace(workspace).get()
    assert response.status == "failed" and len(Scripted.asked) == 3
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED


def test_cancel_takes_back_what_waits_and_keeps_what_is_answered_and_retry_asks_the_rest(
    workspace: Workspace,
) -> None:
    run = start(make_panel(workspace))
    first = ledger.claim(queues=["external"], limit=2)
    ledger.store([finished(c) for c in first])
    assert runs.cancel_run(run=run) == 4
    assert work() == 0
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert runs.retry_failed(run=run) == 4
    assert work() == 4
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED
    assert run.responses.filter(status="answered").count() == 6


def test_what_fails_after_its_run_was_cancelled_is_not_asked_again(workspace: Workspace) -> None:
    run = start(make_panel(workspace, texts=["fail server"], repeats=1))
    claimed = ledger.claim(queues=["external"])[0]
    runs.cancel_run(run=run)
    ledger.store([ledger.Finished(claimed.response_id, claimed.lease, (), AssistantError("server", "Down."), 1)])
    recovery.sweep()
    assert Response.objects.for_workspace(workspace).get().status == ResponseStatus.CANCELLED


def test_a_dead_workers_spool_is_stored_by_the_sweeper(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=2, repeats=1))
    claims = ledger.claim(queues=["external"])
    body = RawBody(json.dumps({"text": "Acme, from the spool."}).encode())
    with pytest.raises(RuntimeError), spool.BatchSpool() as batch:
        for claim in claims:
            batch.append(spool.Record(claim.response_id, claim.lease, 7, body))
        assert recovery.recover_spool() == 0, "a living worker's file is left alone"
        raise RuntimeError("the worker dies")
    with batch.path.open("ab") as file:
        file.write(b"CSP1 cut short")
    assert recovery.recover_spool() == 2
    assert not batch.path.exists()
    assert {r.text for r in Response.objects.for_workspace(workspace)} == {"Acme, from the spool."}


def test_recompute_follows_a_new_brand_and_answers_that_arrive_meanwhile(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(make_panel(workspace, prompts=2, repeats=1))
    work()
    before = reading.ensure_current(workspace=workspace)
    make_brand(workspace, name="Zenko")
    start(make_panel(workspace, prompts=1, repeats=1))
    read_chunk: Callable[..., None] = reading._read_chunk

    def answer_meanwhile(target: Any, responses: Any) -> None:
        read_chunk(target, responses)
        work()

    monkeypatch.setattr(reading, "_read_chunk", answer_meanwhile)
    after = reading.recompute(workspace=workspace)
    assert after and after.number == before.number + 1
    for response in Response.objects.for_workspace(workspace):
        mentions = Mention.objects.for_workspace(workspace).filter(response=response)
        assert {m.extraction_id for m in mentions} == {after.pk}
        assert sorted(m.text for m in mentions) == ["Acme", "Zenko"]
    assert ResponseSource.objects.for_workspace(workspace).filter(extraction=after).count() == 6


def test_a_recompute_that_nobody_lived_to_start_is_started_once_by_the_tick(workspace: Workspace) -> None:
    start(make_panel(workspace, prompts=1, repeats=1))
    work()
    assert brands.follow_missed() == 0
    make_brand(workspace, name="Zenko")
    brands.current_brand_set(workspace=workspace)
    assert [brands.follow_missed(), brands.follow_missed()] == [1, 0]


def test_a_question_by_hand_goes_ahead_of_panels_and_counts_nowhere(workspace: Workspace) -> None:
    with pytest.raises(Problem, match="Import pages first"):
        runs.ask(workspace=workspace, text="Which kettle?")
    with pytest.raises(Problem, match="10,000"):
        runs.ask(workspace=workspace, text="x" * 10_000)


def test_a_spool_file_that_cannot_be_stored_stops_nobody_and_is_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(make_panel(workspace, prompts=1, repeats=1))
    claimed = ledger.claim(queues=["external"])[0]
    body = RawBody(json.dumps({"text": "Acme."}).encode())
    with pytest.raises(RuntimeError), spool.BatchSpool() as batch:
        batch.append(spool.Record(claimed.response_id, claimed.lease, 7, body))
        raise RuntimeError("the worker dies")
    monkeypatch.setattr(recovery, "_recover", lambda records: int("no number"))
    recovery.sweep()
    assert not batch.path.exists() and batch.path.with_name(batch.path.name + ".bad").exists()


def test_a_run_retried_while_it_was_counted_is_counted_again_when_it_ends(workspace: Workspace) -> None:
    run = start(make_panel(workspace, texts=["fail auth", "fine"], repeats=1))
    work()
    runs.retry_failed(run=run)
    rollups.roll_up(run=run)  # decided on before the retry
    run.refresh_from_db()
    assert run.rolled_up_at is None
    work()
    recovery.roll_up_finished()
    run.refresh_from_db()
    assert run.rolled_up_at and DayCounts.objects.for_workspace(workspace).filter(run=run).exists()


def test_a_panel_whose_assistant_is_gone_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = make_panel(workspace)
    monkeypatch.setattr(assistants, "_classes", dict)
    with pytest.raises(Problem, match="not installed here"):
        start(panel)
    assert not Run.objects.for_workspace(workspace).exists()


def test_a_wait_that_no_calendar_holds_is_cut_short() -> None:
    row = Response(tries=1)
    ledger.plan_retry(row, AssistantError("rate_limited", "Slow down.", retry_after=1e297))
    assert row.status == ResponseStatus.PENDING
    assert row.next_try_at is not None and row.next_try_at < timezone.now() + timedelta(days=32)
