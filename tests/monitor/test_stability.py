"""Drift and core on the Sources page, from the answers themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Prompt, Workspace
from monitor.queries.counts import current_extraction
from monitor.queries.dashboard import measured
from monitor.queries.filters import Filter, Period
from monitor.queries.stability import Stability, stability
from monitor.services import rollups
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, add_source, make_extraction, make_panel, make_response, make_run

pytestmark = pytest.mark.django_db
WEEK = Filter(Period(LAST_DAY - timedelta(days=4), LAST_DAY))


@pytest.fixture
def workspace() -> Workspace:
    """Ten days of two answers to each of ten prompts; from the sixth day on another page is cited."""
    workspace = make_workspace()
    extraction = make_extraction(workspace, [])
    panel = make_panel(workspace, prompts=10)
    prompts = list(Prompt.objects.for_workspace(workspace))
    for number in range(10):
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=9 - number))
        for prompt in prompts:
            for repeat in range(2):
                answer = make_response(run, prompt, repeat=repeat)
                add_source(extraction, answer, "always.example/a")
                add_source(extraction, answer, "old.example/a" if number < 5 else "new.example/a")
                if number == 9 and repeat:
                    add_source(extraction, answer, "once.example/a")
        rollups.roll_up(run=run)
    return workspace


def of(workspace: Workspace, chosen: Filter) -> list[Stability]:
    found = measured(workspace, current_extraction(workspace), chosen)  # type: ignore[arg-type]
    return list(stability(workspace, chosen, found.domains).values())


def test_what_moved_and_what_stays(workspace: Workspace) -> None:
    (found,) = of(workspace, WEEK)
    assert found.core == ("always.example", "new.example") and (found.runs, found.domains) == (5, 3)
    assert found.drift.moved == pytest.approx((9 * (2 / 3) + 3 / 4) / 10, abs=0.05)
    assert 0 < (found.drift.floor or 0) < 0.1 and found.drift.change.verdict == "more than noise"
    (alone,) = of(workspace, Filter(WEEK.period, compare="none"))
    assert alone.drift.moved is None and alone.core == found.core


def test_the_page_says_it_in_words(workspace: Workspace, client: Client) -> None:
    client.force_login(make_member(workspace))
    url = reverse("sources", args=[workspace.slug])
    dates = {"from": WEEK.period.start.isoformat(), "to": WEEK.period.end.isoformat()}
    page = client.get(url, dates).content.decode()
    assert "Drift: +" in page and "more than noise" in page and "Core: 2 of 3 domains" in page
    page = client.get(url, {"from": dates["to"], "to": dates["to"], "compare": "none"}).content.decode()
    assert (
        "Drift</strong> is not measured" in page and "1 run are too few" not in page and "Core</strong> is not" in page
    )
