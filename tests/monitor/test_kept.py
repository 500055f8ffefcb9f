"""Figures that are kept are never out of date, and are made once however many ask."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from monitor.models import Brand, Mention, Prompt, Response, Role, Workspace
from monitor.queries import dashboard, kept
from monitor.queries.filters import Filter, Period
from monitor.queries.sources import sources
from monitor.services import (
    brands,
    corrections,
    judging,
    reading,
    rollups,
    saved_reports,
    share_links,
    source_types,
    workspaces,
)
from monitor.views import overview as overview_page
from tests.factories import make_member
from tests.factories_history import LAST_DAY, History, add_source, make_history, make_response, make_run
from tests.monitor.test_saved_reports import FIELDS

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


class Pages:
    """All pages with figures that may be kept, as a member and as a stranger with a link see them."""

    NAMES = ("overview", "sources", "suites", "brands", "performance", "comparison")

    def __init__(self, history: History, role: Role = Role.VIEWER) -> None:
        self.workspace = history.workspace
        self.client = Client()
        self.user = make_member(self.workspace, role)
        self.client.force_login(self.user)
        report = saved_reports.save(workspace=self.workspace, report=None, fields=FIELDS | {"name": f"For a {role}"})
        self.shared = f"/share/{share_links.make(report=report, name='Board', days=30, texts=True).token}/"

    def seen(self) -> dict[str, str]:
        """Each page by its name, without what is another one each time it is asked for."""
        urls = {name: reverse(name, args=[self.workspace.slug]) for name in self.NAMES} | {"shared": self.shared}
        urls |= {"pens": f"{urls['overview']}?tag=pens", "gaps": f"{urls['suites']}?measure=gap"}
        return {name: self._plain(self.client.get(url).content.decode()) for name, url in urls.items()}

    @staticmethod
    def _plain(page: str) -> str:
        assert "<h1" in page
        page = re.sub(r'(nonce|csrfmiddlewaretoken" value|X-CSRFToken"?:) ?=?"[^"]*"', "", page)
        return re.sub(r"Figures of .*?Made with", "", page, flags=re.S)


@pytest.mark.django_db
def test_kept_pages_are_those_that_would_be_made_anew_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    today = timezone.now().date()
    monkeypatch.setattr("tests.factories_history.LAST_DAY", today - timedelta(days=1))
    history = make_history(days=8, prompts=4)
    workspace, editor = history.workspace, make_member(history.workspace, Role.EDITOR)
    reading.recompute(workspace=workspace)
    fernwood, quillmark = history.brands[:2]
    answer = Response.objects.for_workspace(workspace).filter(run=history.runs[-1], status="answered")[0]
    first_prompt = Prompt.objects.for_workspace(workspace).filter(pk=history.prompts[0].pk)
    pages = Pages(history)

    def correct(what: str, value: str) -> corrections.Done:
        return corrections.correct(
            response=Response.objects.for_workspace(workspace).select_related("run", "workspace").get(pk=answer.pk),
            brand=fernwood, start=0, end=len("Fernwood"), what=what, value=value, by=editor,
        )  # fmt: skip

    def take_back() -> None:
        correct("mention", "yes")

    def judge() -> None:
        assert judging.work()

    def run_again() -> None:
        run = make_run(history.panel, history.extraction, today - timedelta(days=1), slot_at=None)
        added = make_response(run, history.prompts[0], text="Tallow makes pens.")
        extraction = reading.active_extractions([workspace.pk])[workspace.pk][0]
        add_source(extraction, added, "fresh.example/a")
        rollups.roll_up(run=run)

    def make_rival() -> None:
        fields = {"name": fernwood.name, "domains": fernwood.domains, "kind": "competitor", "colour": fernwood.colour}
        brands.save_brand(workspace=workspace, brand=fernwood, fields=fields)
        reading.recompute(workspace=workspace)

    def colour() -> None:
        Brand.objects.for_workspace(workspace).filter(pk=quillmark.pk).update(colour=6)

    def move() -> None:
        assert workspaces.save_settings(workspace=workspace, name=workspace.name, time_zone="America/Los_Angeles")
        reading.recompute(workspace=workspace)

    happenings: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: correct("mention", "no"), {"overview", "suites", "brands", "comparison", "shared", "gaps"}),
        (take_back, {"overview", "suites", "brands", "comparison", "shared", "gaps"}),
        (lambda: correct("sentiment", "negative"), {"brands"}),
        (judge, {"brands"}),
        (run_again, {"overview", "sources", "suites", "performance", "comparison", "shared", "pens"}),
        (colour, {"overview", "shared"}),
        (lambda: source_types.choose(workspace=workspace, domain="fresh.example", kind="editorial"), {"sources"}),
        (lambda: Prompt.objects.for_workspace(workspace).update(tags=["pens"]), {"pens", "suites"}),
        (lambda: first_prompt.update(text="Whose pens?"), {"suites", "shared"}),
        (make_rival, {"overview", "sources", "suites", "comparison", "shared"}),
        (move, {"overview", "sources", "shared"}),
    ]
    before = pages.seen()
    for happens, changed in happenings:
        happens()
        shown = pages.seen()
        assert {name for name in changed if shown[name] == before[name]} == set()
        kept.forget()
        assert pages.seen() == shown
        before = shown


@pytest.mark.django_db
def test_what_is_kept_for_one_is_shown_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A viewer beside an owner, and two workspaces alike: whoever comes second sees what they would see first."""
    monkeypatch.setattr("tests.factories_history.LAST_DAY", timezone.now().date() - timedelta(days=1))
    here, there = make_history(days=8, prompts=4), make_history(days=8, prompts=4)
    everybody = [Pages(here), Pages(here, Role.OWNER), Pages(there, Role.EDITOR)]
    alone = []
    for pages in everybody:
        kept.forget()
        alone.append(pages.seen())
    for order in (everybody, everybody[::-1]):
        kept.forget()
        for pages in order:
            assert pages.seen() == alone[everybody.index(pages)]
    for pages, other in ((everybody[0], there), (everybody[2], here)):
        assert not any(f"/w/{other.workspace.slug}/" in page for page in pages.seen().values())


@pytest.mark.django_db
def test_what_changes_while_a_page_is_written_shows_on_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.factories_history.LAST_DAY", timezone.now().date() - timedelta(days=1))
    history = make_history(days=8, prompts=4)
    pages, written = Pages(history), overview_page._part

    def change(section: dashboard.Section) -> overview_page.Part:
        monkeypatch.setattr(overview_page, "_part", written)
        run = make_run(history.panel, history.extraction, history.runs[-1].day, slot_at=None)
        add_source(history.extraction, make_response(run, history.prompts[0]), "fresh.example/a")
        rollups.roll_up(run=run)
        return written(section)

    monkeypatch.setattr(overview_page, "_part", change)
    pages.seen()
    shown = pages.seen()
    assert "fresh.example" in shown["overview"]
    kept.forget()
    assert pages.seen() == shown


@pytest.mark.django_db
def test_a_new_day_shows_at_once_and_a_link_that_ended_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr("tests.factories_history.LAST_DAY", now.date() - timedelta(days=1))
    pages = Pages(make_history(days=8, prompts=4))
    first = before = pages.seen()
    for days in (1, 29):
        monkeypatch.setattr(timezone, "now", lambda days=days: now + timedelta(days=days))
        pages.client.force_login(pages.user)  # else the session has ended in the meantime
        shown = pages.seen()
        assert shown["shared"] != before["shared"], "it shows the days until now"
        kept.forget()
        assert pages.seen() == shown
        before = shown
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=31))
    ended = pages.client.get(pages.shared)
    assert "reviews.example" in first["shared"]
    assert ended.status_code == HTTPStatus.GONE and "reviews.example" not in ended.content.decode()
