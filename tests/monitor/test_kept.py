"""Figures that are kept are never out of date, and are made once however many ask."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitor.models import Brand, Mention, Prompt, Workspace
from monitor.queries import dashboard, kept
from monitor.queries.filters import Filter, Period
from monitor.queries.sources import sources
from monitor.services import reading, rollups, source_types
from tests.factories_history import LAST_DAY, add_source, make_history, make_response

WEEK = Filter(Period(LAST_DAY - timedelta(days=6), LAST_DAY))


def test_of_many_who_ask_at_once_one_makes_it() -> None:
    made: list[int] = []

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(lambda _: kept.kept("the same", make), range(16))} == {1}


def test_what_failed_is_made_again_and_old_ones_go() -> None:
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        kept.kept("fails once", fail)
    assert kept.kept("fails once", lambda: 3) == 3
    for number in range(kept.MOST):
        kept.kept(number, lambda: 0)
    assert kept.kept("fails once", lambda: 4) == 4


@pytest.mark.django_db
def test_whatever_figures_are_made_of_shows_at_once() -> None:
    history = make_history(days=10, prompts=6)
    workspace: Workspace = history.workspace

    def overview(chosen: Filter = WEEK) -> dashboard.Section:
        (section,) = dashboard.overview(workspace, chosen).sections
        return section

    before = overview()
    with CaptureQueriesContext(connection) as captured:
        assert overview() is before
    assert not any("c.cells" in query["sql"] for query in captured)

    run = history.runs[-1]
    answer = make_response(run, history.prompts[0], repeat=7)
    add_source(history.extraction, answer, "fresh.example/a")
    rollups.roll_up(run=run)
    counted = overview()
    assert counted.responses == before.responses + 1
    assert "fresh.example" in {row.domain for row in counted.domains}
    assert any(row.page == "fresh.example/a" for section in sources(workspace, WEEK).pages for row in section.rows)

    Brand.objects.for_workspace(workspace).filter(pk=history.brands[0].pk).update(colour=5)
    assert overview().brands[0].brand.colour == 5

    source_types.choose(workspace=workspace, domain="fresh.example", kind="editorial")
    assert {row.kind for row in overview().domains if row.domain == "fresh.example"} == {"Editorial"}
    assert "Editorial" in {row.label for part in sources(workspace, WEEK).parts for row in part.kinds}

    tagged = replace(WEEK, tags=("pens",))
    few = overview(tagged).prompts
    Prompt.objects.for_workspace(workspace).update(tags=["pens"])
    assert overview(tagged).prompts > few

    Mention.objects.for_workspace(workspace).all().delete()
    reading.recompute(workspace=workspace)
    named = {row.brand.name: row.named for row in overview().brands}
    assert named["Fernwood"] == overview().responses - 1 and named["Tallow"] == 0
