"""Why a page is cited: every stage of the way, told from what the engine really did."""

from __future__ import annotations

import json
from typing import Any

import pytest
import zstandard
from django.test import Client
from django.urls import reverse

from inference.answer import RawBody
from monitor import assistants
from monitor.models import Body, DeepRanks, Job, JobStatus, PageVersion, Role, Run, Workspace
from monitor.queries import tracing as queries
from monitor.queries.reaches import NEAR, Reach, Subject, domain_subject, funnel
from monitor.queries.tracing import RunTrace
from monitor.services import brands, jobs, nudge, reading, supporting, tracing
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import make_history
from tests.monitor.test_indexes import KETTLE
from tests.monitor.test_jobs import Pausing, nudges, paused_at, resumed
from tests.monitor.test_pages_import import html, import_all, row
from tests.monitor.test_support_checks import local_run

__all__ = ["nudges", "paused_at"]

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "How fast does the blue kettle boil a litre of water?"
OTHERS = 34


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


@pytest.fixture
def market() -> Run:
    """A run over a kettle page that wins, many pages about kettles, and pages of one's own far from the question."""
    workspace = make_workspace()
    make_brand(workspace, name="Brasswind", domains=["brass.example"], kind="own", colour=3)
    make_brand(workspace, name="Kettle House", domains=["a.example"], kind="competitor")
    make_brand(workspace, name="Nowhere", domains=["nowhere.example"], kind="competitor")
    rows = [row("https://a.example/kettle", html(KETTLE, "The blue kettle"))]
    for number in range(OTHERS):
        words = (
            f"Kettle number {number} is a kettle for water. It holds {number + 2} cups and comes in a box of its own."
        )
        rows.append(row(f"https://shop{number}.example/kettle", html(words, f"Kettle {number}")))
    brass = "A trombone slide wants a drop of oil before every rehearsal, and the bell is wiped with a soft cloth."
    rows.append(row("https://brass.example/slide", html(brass, "Caring for a trombone")))
    import_all(workspace, rows)
    brands.current_brand_set(workspace=workspace)
    reading.recompute(workspace=workspace)
    return local_run(workspace, QUESTION)


def subject(run: Run, name: str) -> Subject:
    return next(item for item in queries.subjects(run.workspace) if item.label == name)


def reach(run: Run, name: str) -> Reach:
    return RunTrace(run).reach(subject(run, name), QUESTION)


def signed_in(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role))
    return client


def opened(client: Client, name: str, workspace: Workspace, *arguments: Any, **query: Any) -> Any:
    return client.get(reverse(name, args=[workspace.slug, *arguments]), query)


def test_every_stage_of_the_way_from_the_index_to_support(market: Run) -> None:
    won = reach(market, "Kettle House")
    assert (won.indexed, won.answers, won.context, won.cited) == (1, 2, 2, 2)
    assert won.spot is not None and won.spot.rank == 1 and won.spot.page == "a.example/kettle"
    assert (won.stage, won.checked) == (4, 0) and "not checked" in won.stops
    supporting.work()
    assert reach(market, "Kettle House").stage == 5
    far = reach(market, "Brasswind")
    assert (far.stage, far.indexed, far.spot, far.cited) == (1, 1, None, 0)
    assert reach(market, "Nowhere").stage == 0
    stages = funnel([reach(market, name) for name in ("Kettle House", "Brasswind", "Nowhere")])
    assert [(stage.count, stage.lost) for stage in stages] == [(2, 1), (1, 1), (1, 0), (1, 0), (1, 0)]


def test_a_place_far_down_is_computed_once_and_stored(market: Run) -> None:
    client = signed_in(market.workspace)
    address = reverse("trace_rank", args=[market.workspace.slug, market.pk])
    client.post(address)
    client.post(address)
    (job,) = Job.objects.for_workspace(market.workspace).filter(kind="rank")
    assert "Waiting for a worker" in opened(client, "trace", market.workspace).content.decode()
    assert jobs.run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.status, job.done, job.total, job.result["questions"]) == (JobStatus.DONE, 1, 1, 1)
    (ranks,) = DeepRanks.objects.for_workspace(market.workspace)
    assert ranks.ranked == OTHERS + 2
    far = reach(market, "Brasswind")
    assert far.spot is not None and far.spot.rank > NEAR and far.stage == 1
    assert f"rank {far.spot.rank}" in far.stops
    version = PageVersion.objects.for_workspace(market.workspace).get(pk=far.spot.version)
    assert "trombone" in version.text[far.spot.start : far.spot.end]
    # what was recorded with the answer and what is computed later are one ranking
    trace = RunTrace(market)
    for spot in trace.recorded[QUESTION]:
        deep = ranks.best[spot.page.split("/")[0]]
        assert (deep["version"], deep["rank"]) == (spot.version, spot.rank)
        assert (deep["score"], deep["dense"]) == pytest.approx((spot.score, spot.dense), abs=2e-4)

    client.post(address)
    again = Job.objects.for_workspace(market.workspace).filter(kind="rank").first()
    assert again is not None and again != job and jobs.run(job_id=again.pk)
    assert list(DeepRanks.objects.for_workspace(market.workspace)) == [ranks]
    page = opened(client, "trace", market.workspace).content.decode()
    assert "Rank every page" not in page


def test_a_ranking_goes_on_with_the_questions_that_are_left(
    market: Run, nudges: list[tuple[int, bool]], paused_at: Pausing
) -> None:
    run = local_run(market.workspace, "Which kettle is the best?", QUESTION, "Who oils a slide?")
    job = tracing.start(run=run)
    paused_at(job, 1)
    ranked = DeepRanks.objects.for_workspace(run.workspace)
    (first,) = ranked.values_list("pk", flat=True)
    assert tracing.start(run=run) == job, "the one that is paused, and no second beside it"
    resumed(job, nudges)
    assert ranked.count() == job.total == 3 and ranked.filter(pk=first).exists()


def test_the_passage_that_won_stands_beside_the_nearest_of_ones_own(market: Run) -> None:
    client = signed_in(market.workspace)
    response = market.responses.order_by("pk").first()
    page = opened(client, "trace_prompt", market.workspace, response.pk)
    compared = page.context["page"].compared
    assert compared.won.text in KETTLE or KETTLE in compared.won.text
    assert compared.other is None and compared.is_cited and not compared.is_subjects
    assert "Rank every page" in page.content.decode()
    assert {"kettle", "litre", "water"} <= set(compared.won.has)

    client.post(reverse("trace_rank", args=[market.workspace.slug, market.pk]))
    assert jobs.run(job_id=Job.objects.for_workspace(market.workspace).get(kind="rank").pk)
    page = opened(client, "trace_prompt", market.workspace, response.pk)
    compared = page.context["page"].compared
    assert "trombone" in compared.other.text and compared.other.spot.page == "brass.example/slide"
    score, dense, lexical = compared.parts
    assert score.difference == pytest.approx(dense.difference + lexical.difference) and score.difference > 0
    said = page.content.decode()
    assert KETTLE in said and "A trombone slide wants a drop of oil" in said

    own_side = opened(client, "trace_prompt", market.workspace, response.pk, of="domain:a.example")
    assert own_side.context["page"].compared.is_subjects
    assert own_side.context["page"].compared.other.spot.domain.startswith("shop")
    assert [step.passed for step in own_side.context["page"].steps] == [True, True, True, True, None]


def test_older_bodies_are_read_and_say_what_they_lack(market: Run) -> None:
    for body in Body.objects.for_workspace(market.workspace):
        said = json.loads(body.unpacked())
        assert len(said.pop("ranking")) == NEAR and said["format"] == 2
        older = json.dumps(said | {"format": 1}).encode()
        assert assistants.parse("local", RawBody(older)).text == said["text"]
        Body.objects.for_workspace(market.workspace).filter(pk=body.pk).update(
            content=zstandard.compress(older), size=len(older)
        )
    client = signed_in(market.workspace)
    assert reach(market, "Kettle House").stage == 4, "what it cited is known all the same"
    assert "The ranking of these answers is not there" in opened(client, "trace", market.workspace).content.decode()
    client.post(reverse("trace_rank", args=[market.workspace.slug, market.pk]))
    assert jobs.run(job_id=Job.objects.for_workspace(market.workspace).get(kind="rank").pk)
    won = reach(market, "Kettle House")
    assert won.spot is not None and won.spot.rank == 1
    page = opened(client, "trace_prompt", market.workspace, market.responses.order_by("pk").first().pk)
    assert KETTLE in page.context["page"].compared.won.text
    assert "The ranking of this answer is not there" not in page.content.decode()


def test_the_page_follows_whom_one_asks_for_and_survives_odd_addresses(market: Run) -> None:
    client = signed_in(market.workspace, Role.VIEWER)
    page = opened(client, "trace", market.workspace)
    assert page.context["subject"].label == "Brasswind", "one's own brand first"
    assert "Rank every page" not in page.content.decode().replace("Rank every page,", ""), "viewers start nothing"
    followed = opened(client, "trace", market.workspace, of="domain:a.example", run=market.pk)
    assert (followed.context["subject"], followed.context["indexed"]) == (domain_subject("a.example"), 1)
    nowhere = subject(market, "Nowhere")
    assert (
        "was in the index of this run" in opened(client, "trace", market.workspace, of=nowhere.value).content.decode()
    )
    for odd in ({"run": "9" * 30}, {"run": "x"}, {"of": "\x00"}, {"of": "domain:"}, {"of": "brand:0"}, {"run": "-1"}):
        assert opened(client, "trace", market.workspace, **odd).status_code == 200
    fragment = client.get(reverse("trace", args=[market.workspace.slug]), headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content


def test_a_question_that_no_page_answers_is_told_so() -> None:
    workspace = make_workspace()
    make_brand(workspace, name="Kettle House", domains=["a.example"], kind="own")
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE))])
    question = "Who won the football championship of 1954?"
    run = local_run(workspace, question)
    (line,) = RunTrace(run).lines(domain_subject("a.example"))
    assert (line.reach.stage, line.reach.read, line.cited_domains) == (2, 0, ())
    assert "no page at all was near enough" in line.reach.stops
    other = local_run(workspace, "Which kettle boils a litre of water in two minutes?")
    client = signed_in(workspace)
    assert opened(client, "trace", workspace).context["run"] == other
    assert opened(client, "trace", workspace, panel=run.panel_id).context["run"] == run
    panel = opened(client, "panel", workspace, run.panel_id).content.decode()
    assert f"{reverse('trace', args=[workspace.slug])}?panel={run.panel_id}" in panel


def test_empty_states_say_what_to_do() -> None:
    workspace = make_workspace()
    editor, viewer = signed_in(workspace), signed_in(workspace, Role.VIEWER)
    assert "Import pages" in opened(editor, "trace", workspace).content.decode()
    assert "Import pages" not in opened(viewer, "trace", workspace).content.decode()
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE))])
    assert "Go to panels" in opened(editor, "trace", workspace).content.decode()
    history = make_history(days=1, prompts=2)
    stranger = history.runs[0].responses.first()
    page = opened(signed_in(history.workspace), "trace_prompt", history.workspace, stranger.pk)
    assert "Only answers of the local engine" in page.content.decode()


def test_a_run_costs_the_same_queries_however_many_prompts(market: Run, django_assert_max_num_queries: Any) -> None:
    client = signed_in(market.workspace)
    with django_assert_max_num_queries(32):
        opened(client, "trace", market.workspace)
