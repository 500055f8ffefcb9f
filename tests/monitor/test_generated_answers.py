"""Answers that a language model writes from the workspace's pages: through the ledger, and only where there is one."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from monitor import assistants
from monitor.models import Body, Panel, Response, ResponseSource, ResponseStatus, Role, Trigger, Workspace
from monitor.queries import asking
from monitor.services import indexes, ledger, pages, panels, runs
from monitor.services.leases import Leases
from monitor.services.page_rows import PageRow
from tests.factories import make_member, make_suite, make_workspace
from tests.inference.models import make_model
from tests.monitor.test_asking import follow, in_a_thread

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "The Aldera K2 is the best kettle for a small kitchen because it boils a litre in two minutes."


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    make_model(root / "tiny", max_position_embeddings=8192)
    make_model(root / "wordy", seed=28, max_position_embeddings=8192)  # of those tried, one that writes many blanks
    return root


@pytest.fixture
def model(models: Path, settings: Any) -> str:
    settings.MODEL_ROOT, settings.GENERATOR_MODEL = models, "tiny"
    return "tiny"


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    html = f"<html><head><title>Kettles</title></head><body><main><h1>Kettles</h1><p>{WORDS}</p></main></body></html>"
    row = PageRow(
        "https://a.example/kettles", "https://a.example/kettles", "a.example/kettles", "a.example", html.encode()
    )
    pages.import_rows(workspace=workspace, rows=[row], total=1, trusted=True)
    indexes.next_generation(workspace=workspace)
    return workspace


def panel_of(workspace: Workspace) -> Panel:
    suite = make_suite(workspace, 1)
    suite.prompts.update(text="Which kettle is the best?")
    fields = {
        "name": "Written", "suite": suite, "repeats": 2, "cron": "", "time_zone": "UTC",
        "assistants": [{"assistant": "local_generative", "model": "", "options": {"max_output_tokens": 16}}],
    }  # fmt: skip
    return panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)


def test_a_panel_is_answered_by_the_model_through_the_ledger(workspace: Workspace, model: str) -> None:
    assert "local_generative" in dict(assistants.choices())
    run = runs.start_run(panel=panel_of(workspace), trigger=Trigger.MANUAL)
    assert ledger.work(queues=["local"], run=run) == 2
    answered = list(Response.objects.for_workspace(workspace).filter(run=run))
    assert [row.status for row in answered] == [ResponseStatus.ANSWERED] * 2
    for row in answered:
        body = Body.objects.for_workspace(workspace).get(attempt__response=row)
        made = json.loads(body.unpacked())
        assert made["seed"] == row.seed and made["usage"]["output_tokens"] == row.output_tokens > 0
        assert row.generation is not None and row.stratum == "local" and row.finish in {"complete", "truncated"}
        sources = ResponseSource.objects.for_workspace(workspace).filter(response=row)
        assert {source.page for source in sources} <= {"a.example/kettles"} and row.page_versions


def test_its_page_says_how_it_was_made(workspace: Workspace, model: str, client: Client) -> None:
    run = runs.start_run(panel=panel_of(workspace), trigger=Trigger.MANUAL)
    ledger.work(queues=["local"], run=run)
    response = Response.objects.for_workspace(workspace).filter(run=run)[0]
    client.force_login(make_member(workspace, Role.VIEWER))
    url = reverse("answer", args=[workspace.slug, response.pk])
    page = strip_tags(client.get(url).content.decode())
    made = json.loads(Body.objects.for_workspace(workspace).get(attempt__response=response).unpacked())
    words = ("Reading the prompt", "Writing", "Language model", "Markers dropped")
    assert all(told in page for told in (*words, made["model_sha256"][:12], made["dtype"]))
    Body.objects.for_workspace(workspace).delete()
    assert "Reading the prompt" not in client.get(url).content.decode()


def test_a_question_is_followed_while_the_model_writes(workspace: Workspace, model: str, settings: Any) -> None:
    settings.GENERATOR_MODEL = "wordy"
    response = runs.ask(workspace=workspace, text="Which kettle is the best?", assistant="local_generative")
    worker = in_a_thread(lambda: ledger.work(queues=["online", "local"]))
    came = [item for item, _ in follow(response)]
    worker.join(30)
    pieces = [item.text for item in came if isinstance(item, asking.Said)]
    body = json.loads(Body.objects.for_workspace(workspace).get(attempt__response=response).unpacked())
    assert len(pieces) > 1 and "".join(pieces) == body["output"]
    assert isinstance(came[-1], asking.Moved)
    response.refresh_from_db()
    assert response.status == ResponseStatus.ANSWERED
    assert response.first_text_ms is not None and response.latency_ms is not None
    assert response.first_text_ms < response.latency_ms and (asking.per_token_ms(response) or 0) > 0


def test_without_a_model_it_is_not_offered_and_says_why(workspace: Workspace, settings: Any) -> None:
    settings.GENERATOR_MODEL = ""
    assert "local_generative" not in dict(assistants.choices())
    with pytest.raises(ValueError, match="GENERATOR_MODEL"):
        generation = indexes.current(workspace=workspace)
        assert generation
        assistants.build("local_generative", index_folder=indexes.ready_path(generation=generation))


@pytest.mark.parametrize(
    ("name", "told"),
    [("absent", "absent"), ("../elsewhere", "model root"), ("http://127.0.0.1:9/v1#m", "ALLOWED_MODEL_HOSTS")],
)
def test_a_model_that_cannot_be_used_stops_the_start(models: Path, settings: Any, name: str, told: str) -> None:
    settings.MODEL_ROOT, settings.GENERATOR_MODEL, settings.ALLOWED_MODEL_HOSTS = models, name, []
    found = [message for message in checks.run_checks() if message.id == "citescope.E003"]
    assert len(found) == 1 and told in found[0].msg


def test_a_lease_runs_on_while_one_long_answer_is_written(workspace: Workspace, model: str, settings: Any) -> None:
    settings.LEASE_SECONDS = 1
    run = runs.start_run(panel=panel_of(workspace), trigger=Trigger.MANUAL)
    claims = ledger.claim(queues=["local"], run=run)
    with Leases(claims):
        time.sleep(1.4)
        held = Response.objects.for_workspace(workspace).filter(run=run, lease_until__gt=timezone.now())
        assert held.count() == 2
