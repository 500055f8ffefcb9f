"""How assistants answered: times, errors, cost and models of a period."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Prompt, ResponseStatus, Trigger, Workspace
from monitor.queries.filters import Filter, Period
from monitor.queries.performance import performance
from monitor.services import rollups
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, make_extraction, make_panel, make_response, make_run

pytestmark = pytest.mark.django_db
TWO_DAYS = Filter(Period(LAST_DAY - timedelta(days=1), LAST_DAY))


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    extraction = make_extraction(workspace, [])
    panel = make_panel(workspace, prompts=10)
    prompts = list(Prompt.objects.for_workspace(workspace))
    for number, model in enumerate(("gpt-5", "gpt-5.1")):
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=1 - number))
        for place, prompt in enumerate(prompts[:9]):
            make_response(
                run, prompt, assistant="openai", model_reported=model, latency_ms=1000 * (place + 1), output_tokens=100,
                searches=["pens"] if place % 3 else [], cost_usd=Decimal("0.01"),
                finish="refused" if place == 8 else "complete",
            )  # fmt: skip
        make_response(run, prompts[9], assistant="openai", status=ResponseStatus.FAILED, error_kind="quota", finish="")
        rollups.roll_up(run=run)
    asked = make_run(panel, extraction, LAST_DAY, trigger=Trigger.ASK, slot_at=None)
    make_response(asked, None, assistant="openai", latency_ms=900_000)
    return workspace


def test_answers_errors_and_models_are_told_apart(workspace: Workspace) -> None:
    (row,) = performance(workspace, TWO_DAYS)
    assert (row.asked, row.answered, row.failed, row.refused) == (20, 18, 2, 2)
    assert row.errors == (("quota used up", 2),)
    assert (row.median_ms, row.tokens, row.cost) == (5000, 100, Decimal("0.01")) and (row.slow_ms or 0) > 8000
    assert row.searched == pytest.approx(6 / 9)
    assert [(span.model, span.answers, span.first) for span in row.models] == [
        ("gpt-5", 9, LAST_DAY - timedelta(days=1)), ("gpt-5.1", 9, LAST_DAY)
    ]  # fmt: skip
    assert row.changed
    (today,) = performance(workspace, Filter(Period(LAST_DAY, LAST_DAY)))
    assert today.asked == 10 and not today.changed
    assert performance(workspace, Filter(TWO_DAYS.period, assistants=("perplexity",))) == []


def test_the_page_shows_them(workspace: Workspace, client: Client) -> None:
    client.force_login(make_member(workspace))
    page = client.get(reverse("performance", args=[workspace.slug])).content.decode()
    assert "2 quota used up" in page and "model changed" in page and "gpt-5.1" in page
    empty = make_workspace()
    client.force_login(make_member(empty))
    assert "Run a panel first" in client.get(reverse("performance", args=[empty.slug])).content.decode()
