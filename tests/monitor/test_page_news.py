"""Pages that answers newly cite, and those they cite no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.queries.filters import Filter, Period
from monitor.queries.sources import PageRow, pages
from monitor.services import rollups
from tests.factories import make_workspace
from tests.factories_history import LAST_DAY, add_source, make_extraction, make_panel, make_response, make_run

pytestmark = pytest.mark.django_db

WEEK = Filter(Period(LAST_DAY - timedelta(days=6), LAST_DAY))


def said(rows: tuple[PageRow, ...]) -> list[tuple[str, int, int]]:
    return [(row.page, row.cited, row.cited_before) for row in rows]


def test_new_and_lost_pages_are_those_of_one_measured_period_alone() -> None:
    workspace = make_workspace()
    panel, extraction = make_panel(workspace, prompts=3), make_extraction(workspace, [])
    prompts = list(panel.suite.prompts.order_by("pk"))

    def asked(days_ago: int, *cited: str, retrieved: tuple[str, ...] = ()) -> None:
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=days_ago))
        for number, prompt in enumerate(prompts):
            response = make_response(run, prompt)
            for page in cited[: len(cited) - number]:
                add_source(extraction, response, page)
            for page in retrieved:
                add_source(extraction, response, page, cited=False)
        rollups.roll_up(run=run)

    asked(20, "old.example/long-ago")
    asked(9, "stays.example/a", "lost.example/most", "lost.example/least", retrieved=("read.example/x",))
    asked(2, "stays.example/a", "new.example/b", "read.example/x", retrieved=("lost.example/least",))
    (section,) = pages(workspace, WEEK)
    assert said(section.rows) == [
        ("stays.example/a", 3, 3), ("new.example/b", 2, 0), ("read.example/x", 1, 0), ("lost.example/least", 0, 1)
    ]  # fmt: skip
    assert section.new_count == 2 and said(section.new) == [("new.example/b", 2, 0), ("read.example/x", 1, 0)]
    assert section.lost_count == 2
    assert said(section.lost) == [("lost.example/most", 0, 2), ("lost.example/least", 0, 1)]
    # nothing to compare with: nothing is news
    for chosen in (replace(WEEK, compare="none"), Filter(Period(LAST_DAY - timedelta(days=30), LAST_DAY))):
        (section,) = pages(workspace, chosen)
        assert (section.new_count, section.lost_count) == (0, 0) and section.rows
    # an assistant that was asked before alone has nothing to show now
    assert pages(workspace, Filter(Period(LAST_DAY, LAST_DAY))) == ()
