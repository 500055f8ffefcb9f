"""Why a page is cited by an answer that a language model wrote: what its prompt held, and what its markers point at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from monitor import assistants
from monitor.models import Body, DeepRanks, Job, PageVersion, Panel, Prompt, Response, Run, Trigger, Workspace
from monitor.queries import tracing as queries
from monitor.queries.reaches import NEAR, Reach, domain_subject
from monitor.queries.tracing import RunTrace
from monitor.services import brands, indexes, jobs, ledger, nudge, panels, reading, runs, supporting
from tests.factories import make_brand, make_suite, make_workspace
from tests.inference.loopback import Loopback, loopback
from tests.inference.models import make_model
from tests.monitor.test_indexes import KETTLE
from tests.monitor.test_pages_import import html, import_all, row
from tests.monitor.test_trace import opened, signed_in
from tests.rag.test_generative import completion

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "How fast does the blue kettle boil a litre of water?"
SHOPS, NEAR_SHOPS = 34, 4
REPEATS = 2


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_brand(workspace, name="Kettle House", domains=["a.example"], kind="own")
    rows = [row("https://a.example/kettle", html(KETTLE, "The blue kettle"))]
    for number in range(SHOPS):
        words = f"Kettle number {number} is a kettle for water. It holds {number + 2} cups and comes in a box."
        if number < NEAR_SHOPS:
            words = f"Kettle number {number} boils water. A litre takes it {number + 8} minutes, which is slow."
        rows.append(row(f"https://shop{number}.example/kettle", html(words, f"Kettle {number}")))
    brass = "A trombone slide wants a drop of oil before every rehearsal, and the bell is wiped with a soft cloth."
    rows.append(row("https://brass.example/slide", html(brass, "Caring for a trombone")))
    import_all(workspace, rows)
    brands.current_brand_set(workspace=workspace)
    reading.recompute(workspace=workspace)
    indexes.next_generation(workspace=workspace)
    return workspace


@pytest.fixture
def server(settings: Any) -> Iterator[Loopback]:
    """The language model of the settings, which says what a test tells it to."""
    with loopback() as service:
        settings.GENERATOR_MODEL = f"{service.url}/v1#served-1"
        settings.ALLOWED_MODEL_HOSTS = [service.url.removeprefix("http://")]
        assistants.client.cache_clear()
        yield service
    assistants.client.cache_clear()


def asked(workspace: Workspace, *names: str, question: str = QUESTION) -> Run:
    """A run of a panel that asks these assistants, to its end."""
    suite = make_suite(workspace, prompts=0)
    Prompt.objects.create(workspace=workspace, suite=suite, text=question)
    chosen = [{"assistant": name, "model": "", "options": {}} for name in names]
    fields = {"name": suite.name, "suite": suite, "assistants": chosen, "repeats": REPEATS, "cron": ""}
    panel: Panel = panels.save_panel(
        workspace=workspace, panel=None, revision=None, fields={**fields, "time_zone": "UTC"}
    )
    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    ledger.work(queues=["local"], run=run)
    run.refresh_from_db()
    return run


def written(run: Run, domain: str, question: str = QUESTION) -> Reach:
    return RunTrace(run, assistants.GENERATIVE).reach(domain_subject(domain), question)


def prompt_of(server: Loopback) -> str:
    return str(server.received[0].json["messages"][1]["content"])


def hosts_in(prompt: str) -> list[str]:
    """The hosts of the sources that the prompt held, by their numbers; titles tell them."""
    titles = re.findall(r"^\[\d+\]\n\| Title: (.*)$", prompt, re.M)
    return [f"shop{title.split()[1]}.example" if title.startswith("Kettle ") else "a.example" for title in titles]


def test_context_is_what_the_prompt_held_and_cited_what_the_markers_point_at(
    workspace: Workspace, server: Loopback
) -> None:
    says = "The blue kettle boils a litre of water in two minutes [1]. More is said elsewhere [77]."
    server.will_answer(completion(says))
    server.will_answer(completion("The pages name many kettles."))
    run = asked(workspace, assistants.GENERATIVE)
    shown = hosts_in(prompt_of(server))
    assert shown[0] == "a.example" and 1 < len(shown) < NEAR

    won = written(run, "a.example")
    assert (won.indexed, won.answers, won.context, won.cited, won.checked) == (1, 2, 2, 1, 0)
    assert won.spot is not None and (won.spot.rank, won.spot.page) == (1, "a.example/kettle")
    assert won.stage == 4 and "not checked" in won.stops
    supporting.work()
    assert (written(run, "a.example").supported, written(run, "a.example").stage) == (1, 5)
    for host in shown[1:]:
        reach = written(run, host)
        assert (reach.context, reach.cited, reach.stage) == (2, 0, 3) and "the model cited it in none" in reach.stops
    trace = RunTrace(run, assistants.GENERATIVE)
    ranked = [spot.page.split("/")[0] for spot in trace.recorded[QUESTION]]
    assert len(ranked) == NEAR and ranked[0] == "a.example" and set(shown) < set(ranked)
    for host in set(ranked) - set(shown):
        reach = written(run, host)
        assert (reach.context, reach.stage) == (0, 2) and "the model's prompt" in reach.stops
    assert (written(run, "brass.example").stage, written(run, "nowhere.example").stage) == (1, 0)
    assert trace.cited_domains(QUESTION) == ("a.example",)


def test_the_pages_show_a_run_of_the_model_alone_and_rank_it_to_the_last(
    workspace: Workspace, server: Loopback
) -> None:
    for _ in range(REPEATS):
        server.will_answer(completion("It boils a litre of water in two minutes [1]."))
    run = asked(workspace, assistants.GENERATIVE)
    client = signed_in(workspace)
    page = opened(client, "trace", workspace)
    assert (page.context["run"], page.context["by"]) == (run, assistants.GENERATIVE)
    assert [stage.count for stage in page.context["stages"]] == [1, 1, 1, 1, 0]
    assert "Answers of" not in page.content.decode(), "there is nothing to choose"
    client.post(reverse("trace_rank", args=[workspace.slug, run.pk]))
    assert jobs.run(job_id=Job.objects.for_workspace(workspace).get(kind="rank").pk)
    assert DeepRanks.objects.for_workspace(workspace).get().ranked == SHOPS + 2
    far = written(run, "brass.example")
    assert far.spot is not None and far.spot.rank > NEAR

    response = run.responses.order_by("pk").first()
    assert (
        reverse("trace_prompt", args=[workspace.slug, response.pk])
        in opened(client, "answer", workspace, response.pk).content.decode()
    )
    compared = (
        opened(client, "trace_prompt", workspace, response.pk, of="domain:brass.example").context["page"].compared
    )
    assert compared.is_cited and KETTLE in compared.won.text and "trombone" in compared.other.text
    panel = opened(client, "panel", workspace, run.panel_id).content.decode()
    assert f"{reverse('trace', args=[workspace.slug])}?panel={run.panel_id}" in panel


def test_where_both_answered_each_is_followed_by_itself(workspace: Workspace, server: Loopback) -> None:
    for _ in range(REPEATS):
        server.will_answer(completion("The pages do not say."))
    run = asked(workspace, assistants.EXTRACTIVE, assistants.GENERATIVE)
    assert queries.answering(run) == [assistants.EXTRACTIVE, assistants.GENERATIVE]
    client = signed_in(workspace)
    of = {"of": "domain:a.example", "run": run.pk}
    quoted, wrote = (opened(client, "trace", workspace, **of, by=by) for by in assistants.LOCAL)
    assert [page.context["lines"][0].reach.cited for page in (quoted, wrote)] == [REPEATS, 0]
    assert [page.context["lines"][0].reach.context for page in (quoted, wrote)] == [REPEATS, REPEATS]
    for page in (quoted, wrote):
        assert "Answers of" in page.content.decode()
    for odd in ("", "openai", "\x00"):
        assert opened(client, "trace", workspace, **of, by=odd).context["by"] == assistants.EXTRACTIVE
    for response in Response.objects.for_workspace(workspace).filter(run=run):
        page = opened(client, "trace_prompt", workspace, response.pk, of="domain:a.example")
        assert page.context["page"].reach.cited == (REPEATS if response.assistant == assistants.EXTRACTIVE else 0)


def test_what_no_page_is_about_is_told_so_and_asks_no_model(workspace: Workspace, server: Loopback) -> None:
    question = "Who won the football championship of 1954?"
    run = asked(workspace, assistants.GENERATIVE, question=question)
    reach = written(run, "a.example", question)
    assert server.received == [] and (reach.read, reach.context) == (0, 0)
    assert reach.stage == 2 and "no page at all was near enough" in reach.stops


def test_a_model_of_a_folder_is_followed_by_the_same_record(
    workspace: Workspace, tmp_path: Path, settings: Any
) -> None:
    make_model(tmp_path / "tiny", max_position_embeddings=8192)
    settings.MODEL_ROOT, settings.GENERATOR_MODEL, settings.MODEL_DEVICE = tmp_path, "tiny", "cpu"
    run = asked(workspace, assistants.GENERATIVE)
    bodies = Body.objects.for_workspace(workspace).filter(attempt__response__run=run)
    made = [json.loads(body.unpacked()) for body in bodies]
    versions = dict(PageVersion.objects.for_workspace(workspace).values_list("pk", "page__page"))
    shown = {versions[int(source["document"])].split("/")[0] for body in made for source in body["sources"]}
    cited = {
        versions[int(source["document"])].split("/")[0]
        for body in made
        for source in body["sources"]
        if source["number"] in {number for _, _, number in body["markers"]}
    }
    trace = RunTrace(run, assistants.GENERATIVE)
    assert len(made) == REPEATS and shown
    for host in ("a.example", "brass.example", *(f"shop{number}.example" for number in range(SHOPS))):
        reach = trace.reach(domain_subject(host), QUESTION)
        assert (bool(reach.context), bool(reach.cited)) == (host in shown, host in cited)
