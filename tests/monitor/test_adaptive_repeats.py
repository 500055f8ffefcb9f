"""Adaptive repeats: what earlier runs say decides which rows of a run are skipped, before anything is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitor import planning
from monitor.models import (
    Brand,
    BrandKind,
    Charge,
    Extraction,
    IndexGeneration,
    Panel,
    PanelRevision,
    Prompt,
    Response,
    ResponseStatus,
    Role,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.queries import dashboard
from monitor.queries import panels as queries
from monitor.queries import runs as run_queries
from monitor.queries.filters import Filter, Period
from monitor.services import ledger, panels, recovery, rollups, runs
from tests.factories import make_brand, make_member, make_suite, make_workspace
from tests.factories_history import LAST_DAY, add_mention, make_extraction, make_panel, make_response, make_run
from tests.world import AS_PART

pytestmark = pytest.mark.django_db

REPEATS, FEWEST = 5, 3


@dataclass
class World:
    """A panel whose prompts name the own brand never, always, and every other time, in that order."""

    workspace: Workspace
    panel: Panel
    own: Brand
    extraction: Extraction
    prompts: list[Prompt]
    generation: IndexGeneration

    def ask(self, *, days_ago: int, hits: tuple[int, ...] = (0, REPEATS, 2), rolled_up: bool = True) -> Run:
        run = make_run(self.panel, self.extraction, LAST_DAY - timedelta(days=days_ago))
        for prompt, named in zip(self.prompts, hits, strict=True):
            for repeat in range(REPEATS):
                response = make_response(run, prompt, repeat=repeat)
                if repeat < named:
                    add_mention(self.extraction, response, self.own)
        if rolled_up:
            rollups.roll_up(run=run)
        return run

    def ask_often(self, times: int = planning.LEAST_RUNS, **how: Any) -> None:
        for days_ago in range(times, 0, -1):
            self.ask(days_ago=days_ago, **how)

    def start(self, **how: Any) -> Run:
        return runs.start_run(panel=self.panel, trigger=Trigger.MANUAL, generation=self.generation, **how)

    def skipped(self, run: Run) -> list[list[int]]:
        """By prompt, the repeats that are not needed."""
        rows = Response.objects.for_workspace(self.workspace).filter(run=run, status=ResponseStatus.SKIPPED)
        return [
            list(rows.filter(prompt=prompt).order_by("repeat").values_list("repeat", flat=True))
            for prompt in self.prompts
        ]


@pytest.fixture
def world() -> World:
    workspace = make_workspace()
    own = make_brand(workspace, name="Fernwood", kind=BrandKind.OWN)
    extraction = make_extraction(workspace, [own, make_brand(workspace, name="Quillmark")])
    panel = make_panel(workspace, prompts=3, repeats=REPEATS, adaptive=True)
    prompts = list(Prompt.objects.for_workspace(workspace).filter(suite=panel.suite).order_by("pk"))
    generation = IndexGeneration.objects.create(workspace=workspace, number=1)
    return World(workspace, panel, own, extraction, prompts, generation)


NOTHING: list[list[int]] = [[], [], []]
CLEAR = [[3, 4], [3, 4], []]


def test_what_five_runs_make_clear_is_asked_half_as_often(world: World) -> None:
    world.ask_often()
    run = world.start()
    assert world.skipped(run) == CLEAR
    assert run.responses.filter(status=ResponseStatus.PENDING).count() == 11
    assert run.panel_revision is not None and run.panel_revision.plan["adaptive"] is True


def test_four_runs_are_too_few_and_runs_that_are_not_counted_yet_are_none(world: World) -> None:
    world.ask_often(4)
    world.ask(days_ago=0, rolled_up=False)
    assert world.skipped(world.start()) == NOTHING


def test_a_panel_without_adaptive_repeats_is_asked_in_full(world: World) -> None:
    world.ask_often()
    world.panel.adaptive = False
    world.panel.revision += 1
    world.panel.save()
    assert world.skipped(world.start()) == NOTHING


def test_a_cell_whose_answers_begin_to_differ_is_asked_in_full_again(world: World) -> None:
    world.ask_often(10)
    world.ask(days_ago=0, hits=(REPEATS, REPEATS, 2))
    assert world.skipped(world.start()) == CLEAR, "five answers of fifty: still hardly ever"
    world.ask(days_ago=-1, hits=(REPEATS, REPEATS, 2))
    assert world.skipped(world.start()) == [[], [3, 4], []]


def test_every_own_brand_counts(world: World) -> None:
    second = make_brand(world.workspace, name="Fern & Co", kind=BrandKind.OWN)
    world.extraction = make_extraction(world.workspace, [world.own, second])
    for days_ago in range(5):
        run = world.ask(days_ago=days_ago, rolled_up=False)
        for response in run.responses.filter(prompt=world.prompts[1], repeat__lt=2):
            add_mention(world.extraction, response, second, rank=2, start=30)
        rollups.roll_up(run=run)
    assert world.skipped(world.start()) == [[3, 4], [], []]


def test_without_an_own_brand_nothing_is_tracked_and_nothing_clear(world: World) -> None:
    world.ask_often()
    extraction = make_extraction(world.workspace, [make_brand(world.workspace, name="Other")])
    rollups.rebuild(workspace=world.workspace, extraction=extraction)
    assert world.skipped(world.start()) == NOTHING


def test_runs_in_which_the_assistant_was_asked_otherwise_say_nothing(world: World) -> None:
    world.ask_often()
    world.panel.assistants = [{"assistant": "local", "model": "", "options": {"temperature": 1}}]
    world.panel.revision += 1
    world.panel.save()
    assert world.skipped(world.start()) == NOTHING
    world.panel.assistants = [{"assistant": "local"}]
    world.panel.name = "Renamed"
    world.panel.revision += 1
    world.panel.save()
    assert world.skipped(world.start()) == CLEAR, "a name is no way of asking"


def test_another_workspaces_answers_say_nothing(world: World) -> None:
    world.ask_often()
    other = make_workspace()
    extraction = make_extraction(other, [make_brand(other, name="Fernwood", kind=BrandKind.OWN)])
    panel = make_panel(other, prompts=3, repeats=REPEATS, adaptive=True)
    prompts = list(Prompt.objects.for_workspace(other).filter(suite=panel.suite))
    generation = IndexGeneration.objects.create(workspace=other, number=1)
    stranger = World(other, panel, world.own, extraction, prompts, generation)
    assert stranger.skipped(stranger.start()) == NOTHING


# --- the ledger ---------------------------------------------------------------------------------------------------


def test_a_slot_started_twice_skips_the_same_and_keeps_what_was_answered(world: World) -> None:
    slot = datetime(2026, 11, 21, 6, tzinfo=UTC)
    world.ask_often()
    run = world.start(slot_at=slot)
    world.ask(days_ago=0, hits=(3, 2, 1))
    assert world.start(slot_at=slot).pk == run.pk
    assert world.skipped(run) == CLEAR


def test_what_is_skipped_is_never_claimed_and_the_run_completes_without_it(world: World) -> None:
    world.ask_often()
    run = world.start()
    claims = ledger.claim(queues=["local"], limit=100, run=run)
    assert len(claims) == 11
    Response.objects.for_workspace(world.workspace).filter(pk__in=[c.response_id for c in claims]).update(
        status=ResponseStatus.ANSWERED, finish="complete"
    )
    recovery.sweep()
    recovery.sweep()
    run.refresh_from_db()
    assert run.status == RunStatus.COMPLETED and run.rolled_up_at
    assert world.skipped(run) == CLEAR
    assert not Charge.objects.for_workspace(world.workspace).exists()
    with_counts = run_queries.progress(run)
    assert (with_counts.answered, with_counts.done, with_counts.needed, with_counts.skipped) == (11, 11, 11, 4)
    assert run_queries.progress(run).retryable == 0


def test_cancel_and_retry_leave_alone_what_was_not_needed(world: World) -> None:
    world.ask_often()
    run = world.start()
    assert runs.cancel_run(run=run) == 11
    assert runs.retry_failed(run=run) == 11
    assert runs.retry_failed(run=run) == 0
    assert world.skipped(run) == CLEAR


# --- the pages ----------------------------------------------------------------------------------------------------


@pytest.fixture
def editor(world: World, client: Client) -> Client:
    client.force_login(make_member(world.workspace, Role.EDITOR))
    return client


def shown(client: Client, route: str, world: World, *args: int, **query: Any) -> str:
    page = client.get(reverse(route, args=[world.workspace.slug, *args]), query, headers=AS_PART)
    assert page.status_code == 200
    return " ".join(unescape(page.content.decode()).split())


def is_ticked(page: str) -> bool:
    found = re.search(r'<input [^>]*name="adaptive"[^>]*>', page)
    assert found
    return "checked" in found[0]


def test_the_run_says_how_many_answers_were_not_needed(editor: Client, world: World) -> None:
    world.ask_often()
    run = world.start()
    page = shown(editor, "run", world, run.pk)
    assert "0 of 11 done" in page
    assert "4 of 15 answers were not needed" in page
    assert "0 of 11" in shown(editor, "panel", world, world.panel.pk)
    listed = shown(editor, "answers", world, run=run.pk)
    assert "Not needed</span>" not in listed
    assert "Not needed</span>" in shown(editor, "answers", world, run=run.pk, state="skipped")


def test_the_panel_says_what_its_next_run_asks_for(editor: Client, world: World) -> None:
    assert "None is clear yet" in shown(editor, "panel", world, world.panel.pk)
    world.ask_often()
    page = shown(editor, "panel", world, world.panel.pk)
    assert "5 of each prompt, 3 where its answer is clear" in page
    assert "Down to <strong>9</strong> where every answer is clear" in page
    assert "A run started now asks for 11: 2 of its 3 pairs of prompt and assistant are clear." in page
    assert queries.panel_row(world.panel).size.next == world.start().responses.filter(status="pending").count()


def test_the_form_saves_it_and_shows_the_range_and_what_a_run_can_tell(editor: Client, world: World) -> None:
    suite = make_suite(world.workspace, prompts=40)
    typed = {
        "name": "Weekly", "suite": suite.pk, "assistants": ["local"], "repeats": 6, "adaptive": "on",
        "schedule": "", "cron": "", "time_zone": "UTC", "local-model": "",
    }  # fmt: skip
    page = shown(editor, "schedule_preview", world, **typed)
    assert "= <strong>240 answers</strong> a run" in page and "Down to <strong>120</strong>" in page
    assert "about 10 points (15 at the fewest repeats)" in page
    few = shown(editor, "schedule_preview", world, **typed | {"repeats": 2})
    assert "there is nothing to leave out" in few
    assert editor.post(reverse("panel_new", args=[world.workspace.slug]), typed).status_code == 302
    panel = Panel.objects.for_workspace(world.workspace).get(name="Weekly")
    assert panel.adaptive
    address = reverse("panel_edit", args=[world.workspace.slug, panel.pk])
    assert is_ticked(editor.get(address).content.decode())
    del typed["adaptive"]
    assert editor.post(address, typed | {"revision": 1}).status_code == 302
    panel.refresh_from_db()
    assert (panel.adaptive, panel.revision) == (False, 2)
    plans = PanelRevision.objects.for_workspace(world.workspace).filter(panel=panel).order_by("number")
    assert [revision.plan["adaptive"] for revision in plans] == [True, False]


def test_panels_saved_before_there_were_adaptive_repeats_can_be_edited_by_two_people(world: World) -> None:
    revision = PanelRevision.objects.for_workspace(world.workspace).get(panel=world.panel)
    revision.plan.pop("adaptive")
    revision.save()
    opened = {**panels.fields_of(world.panel), "suite": world.panel.suite}
    panels.save_panel(
        workspace=world.workspace, panel=world.panel, fields=opened | {"name": "Theirs", "adaptive": False}, revision=1
    )
    saved = panels.save_panel(
        workspace=world.workspace, panel=world.panel, fields=opened | {"repeats": 4, "adaptive": False}, revision=1
    )
    assert (saved.name, saved.repeats, saved.adaptive) == ("Theirs", 4, False)


def test_charts_mark_the_day_on_which_they_begin_and_not_the_day_of_an_upgrade(world: World) -> None:
    revision = PanelRevision.objects.for_workspace(world.workspace).get(panel=world.panel)
    days = []
    for number, adaptive in enumerate((None, False, True)):
        plan = {key: value for key, value in revision.plan.items() if key != "adaptive"}
        plan |= {} if adaptive is None else {"adaptive": adaptive}
        PanelRevision.objects.create(workspace=world.workspace, panel=world.panel, number=number + 2, plan=plan)
        days.append(world.ask(days_ago=2 - number).day)
    (section,) = dashboard.overview(world.workspace, Filter(Period(days[0], days[-1]))).sections
    assert [(item.day, item.label) for item in section.breaks] == [(days[2], "panel changed")]


def test_two_people_who_disagree_see_both(editor: Client, world: World) -> None:
    opened = {**panels.fields_of(world.panel), "suite": world.panel.suite}
    panels.save_panel(
        workspace=world.workspace, panel=world.panel, fields=opened | {"repeats": 9, "adaptive": False}, revision=1
    )
    typed = {
        "name": "Daily", "suite": world.panel.suite_id, "assistants": ["local"], "repeats": 7, "adaptive": "on",
        "schedule": "", "cron": "", "time_zone": "UTC", "local-model": "", "revision": 1,
    }  # fmt: skip
    answer = editor.post(reverse("panel_edit", args=[world.workspace.slug, world.panel.pk]), typed)
    assert answer.status_code == 409
    assert not is_ticked(answer.content.decode()), "what only they changed stands"
