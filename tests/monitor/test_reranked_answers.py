"""A cross-encoder in the product's own answers: in panels, Ask and the trace, told of, and a break in the charts."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.urls import reverse

from monitor.assistants import engine
from monitor.models import Body, Response, ResponseStatus, Role, Run, Workspace
from monitor.queries import dashboard
from monitor.queries.filters import Filter, Period
from monitor.queries.reaches import domain_subject
from monitor.queries.tracing import RunTrace
from monitor.services import brands, indexes, ledger, nudge, reading, rollups, runs
from tests.factories import make_brand, make_member, make_workspace
from tests.inference.models import make_bert
from tests.monitor.test_indexes import KETTLE, TOASTER
from tests.monitor.test_pages_import import html, import_all, row
from tests.monitor.test_support_checks import local_run
from tests.rag.test_rerank import WORDS, last_first, make_cross_encoder

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "How fast does the blue kettle boil a litre of water?"
SHOPS = 6


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    make_cross_encoder(root / "cross")
    make_cross_encoder(root / "three", labels=3)
    make_bert(root / "embeds", WORDS, window=64)
    return root


@pytest.fixture
def named(models: Path, settings: Any) -> str:
    settings.MODEL_ROOT, settings.RERANK_MODEL, settings.MODEL_DEVICE = models, "cross", "cpu"
    return "all-MiniLM-L6-v2 + cross"


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_brand(workspace, name="Kettle House", domains=["a.example"], kind="own")
    rows = [row("https://a.example/kettle", html(KETTLE, "The blue kettle")), row("https://b.example/t", html(TOASTER))]
    for number in range(SHOPS):
        words = f"Kettle number {number} is a kettle for water. It boils a litre in {number + 3} minutes."
        rows.append(row(f"https://shop{number}.example/kettle", html(words, f"Kettle {number}")))
    import_all(workspace, rows)
    brands.current_brand_set(workspace=workspace)
    reading.recompute(workspace=workspace)
    return workspace


def bodies(run: Run) -> list[dict[str, Any]]:
    found = Body.objects.for_workspace(run.workspace_id).filter(attempt__response__run=run)
    return [json.loads(body.unpacked()) for body in found]


def shown(workspace: Workspace, name: str, *arguments: Any, **query: Any) -> str:
    client = Client()
    client.force_login(make_member(workspace, Role.VIEWER))
    page = client.get(reverse(name, args=[workspace.slug, *arguments]), query)
    assert page.status_code == 200
    return str(page.content.decode())


def test_a_panel_records_which_reranker_made_its_answers(workspace: Workspace, named: str) -> None:
    run = local_run(workspace, QUESTION)
    answered = list(Response.objects.for_workspace(workspace).filter(run=run))
    assert [(answer.status, answer.model_reported) for answer in answered] == [(ResponseStatus.ANSWERED, named)] * 2
    for body in bodies(run):
        assert body["reranker"] == "cross" and len(body["reranker_sha256"]) == 64
        reads = [line[6] for line in body["ranking"]]
        assert reads == sorted(reads, reverse=True) and len(reads) == SHOPS + 2
    assert named in shown(workspace, "answer", answered[0].pk)


def test_a_question_asked_by_hand_is_reranked_as_well(workspace: Workspace, named: str) -> None:
    indexes.next_generation(workspace=workspace)
    response = runs.ask(workspace=workspace, text=QUESTION)
    assert ledger.work(queues=["online", "local"]) == 1
    response.refresh_from_db()
    assert response.model_reported == named and bodies(response.run)[0]["reranker"] == "cross"


def test_the_trace_follows_the_rerankers_order_and_shows_the_searchs(
    workspace: Workspace, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.rerank.Reranker.scores", lambda self, question, texts: last_first(question, texts))
    run = local_run(workspace, QUESTION)
    trace = RunTrace(run)
    spots = trace.recorded[QUESTION]
    assert [spot.rank for spot in spots] == list(range(1, SHOPS + 3))
    assert [spot.rank_found for spot in spots] == list(range(SHOPS + 2, 0, -1)), "turned upside down"
    first = trace.reach(domain_subject("a.example"), QUESTION).spot
    assert first is not None and first.rank_found == 1 and first.rank == SHOPS + 2
    page = shown(workspace, "trace", run=run.pk)
    assert "Before reranking" in page and "the best rank is its own" in page
    response = Response.objects.for_workspace(workspace).filter(run=run).first()
    assert response is not None
    page = shown(workspace, "trace_prompt", response.pk)
    assert "Before reranking" in page and "The reranker gives it" in page and "The search had put it at rank 1;" in page
    assert "The reranker put them in this order" in page


def test_without_the_setting_nothing_tells_of_a_reranker(workspace: Workspace) -> None:
    run = local_run(workspace, QUESTION)
    response = Response.objects.for_workspace(workspace).filter(run=run).first()
    assert response is not None and response.model_reported == "all-MiniLM-L6-v2"
    assert not [name for body in bodies(run) for name in body if name.startswith("reranker")]
    for page in (shown(workspace, "trace", run=run.pk), shown(workspace, "trace_prompt", response.pk)):
        assert "rerank" not in page.lower()


def test_a_change_of_reranker_is_a_break(workspace: Workspace, models: Path, settings: Any) -> None:
    before = local_run(workspace, QUESTION)
    settings.MODEL_ROOT, settings.RERANK_MODEL = models, "cross"
    after = local_run(workspace, QUESTION)
    earlier = after.day - timedelta(days=1)
    Run.objects.for_workspace(workspace).filter(pk=before.pk).update(day=earlier)
    for run in (before, after):
        rollups.roll_up(run=Run.objects.for_workspace(workspace).get(pk=run.pk))
    (section,) = dashboard.overview(workspace, Filter(Period(earlier, after.day))).sections
    assert [(item.day, item.label) for item in section.breaks] == [(after.day, "model: all-MiniLM-L6-v2 + cross")]


@pytest.mark.parametrize(
    ("name", "told"),
    [("absent", "absent"), ("../elsewhere", "model root"), ("three", "ranking needs one"), ("embeds", "cross-encoder")],
)
def test_a_model_that_cannot_rerank_stops_the_start(models: Path, settings: Any, name: str, told: str) -> None:
    settings.MODEL_ROOT, settings.RERANK_MODEL = models, name
    found = [message for message in checks.run_checks() if message.id == "citescope.E004"]
    assert len(found) == 1 and told in found[0].msg and f"RERANK_MODEL={name}" in found[0].msg


def test_one_that_can_is_let_through_and_one_that_went_says_so_in_the_answers(
    workspace: Workspace, named: str, settings: Any
) -> None:
    assert not [message for message in checks.run_checks() if message.id == "citescope.E004"]
    settings.RERANK_MODEL = "gone"
    engine.warm_up()
    run = local_run(workspace, QUESTION)
    answered = Response.objects.for_workspace(workspace).filter(run=run)
    assert {answer.status for answer in answered} <= {ResponseStatus.FAILED, ResponseStatus.PENDING}
    assert all("gone" in answer.error_message for answer in answered), "never answered without it in silence"
