"""Panels that ask only prompts with some tags: chosen in the form, frozen, counted, run, and said where none fits."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import IndexGeneration, Panel, PanelRevision, Pointers, Prompt, Role, Run, Suite, Workspace
from monitor.queries import costs
from monitor.queries import panels as queries
from monitor.services import credentials, panels, runs, suites
from monitor.services.errors import Problem
from monitor.services.prompt_rows import PromptRow
from tests.factories import make_member, make_suite, make_workspace
from tests.world import AS_PART

pytestmark = pytest.mark.django_db

ROWS = (
    ("Quiet kettle?", ["kettles", "home"]),
    ("Fast kettle?", ["kettles"]),
    ("Best toaster?", ["home"]),
    ("Why?", []),
)


@pytest.fixture
def workspace() -> Workspace:
    made = make_workspace()
    generation = IndexGeneration.objects.create(workspace=made, number=1)
    Pointers.objects.create(workspace=made, generation=generation)
    return made


@pytest.fixture
def suite(workspace: Workspace) -> Suite:
    made = make_suite(workspace, prompts=0, name="Kitchen")
    suites.add_prompts(suite=made, rows=[PromptRow(text, tuple(tags)) for text, tags in ROWS])
    return made


@pytest.fixture
def editor(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


def typed(suite: Suite, **changes: Any) -> dict[str, Any]:
    fields = {"name": "Daily", "suite": suite.pk, "assistants": ["local"], "repeats": 2, "schedule": "", "cron": ""}
    return {**fields, "time_zone": "UTC", **changes}


def at(name: str, workspace: Workspace, *args: int) -> str:
    return reverse(name, args=[workspace.slug, *args])


def post(editor: Client, address: str, **fields: Any) -> str:
    return unescape(editor.post(address, fields, follow=True).content.decode())


def made(editor: Client, suite: Suite, **changes: Any) -> Panel:
    post(editor, at("panel_new", suite.workspace), **typed(suite, **changes))
    return Panel.objects.for_workspace(suite.workspace).get()


def asked(run: Run) -> list[str]:
    return sorted(set(run.responses.values_list("prompt_text", flat=True)))


def test_a_panel_by_tags_asks_and_counts_only_its_prompts(editor: Client, workspace: Workspace, suite: Suite) -> None:
    page = editor.get(at("panel_new", workspace), {"suite": suite.pk}).content.decode()
    assert all(words in page for words in ("home (2 prompts)", "kettles (2 prompts)"))
    panel = made(editor, suite, tags=["kettles"])
    frozen = PanelRevision.objects.for_workspace(workspace).get()
    assert frozen.plan["tags"] == panel.tags == ["kettles"]
    page = editor.get(at("panel", workspace, panel.pk)).content.decode()
    assert "2 prompts × 1 assistant × 2 repeats = 4 answers a run" in page
    assert "only prompts with the tag" in page
    assert "only kettles" in editor.get(at("panels", workspace)).content.decode()
    post(editor, at("panel_run", workspace, panel.pk))
    assert asked(Run.objects.for_workspace(workspace).get()) == ["Fast kettle?", "Quiet kettle?"]


def test_prompts_tagged_later_are_taken_by_the_next_run_and_untagged_ones_left(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    panel = made(editor, suite, tags=["kettles"])
    first, second = (
        Prompt.objects.for_workspace(workspace).get(text=text) for text in ("Best toaster?", "Fast kettle?")
    )
    post(editor, at("panel_run", workspace, panel.pk))
    post(editor, at("prompt", workspace, first.pk), text=first.text, tags="Kettles, kettles")
    post(editor, at("prompt", workspace, first.pk), text=first.text, tags="home, kettles")
    post(editor, at("prompt", workspace, second.pk), text=second.text, tags="")
    suites.archive_prompts(suite=suite, prompt_ids=[Prompt.objects.for_workspace(workspace).get(text="Why?").pk])
    post(editor, at("panel_run", workspace, panel.pk))
    earlier, later = Run.objects.for_workspace(workspace).order_by("pk")
    assert (asked(earlier), asked(later)) == (["Fast kettle?", "Quiet kettle?"], ["Best toaster?", "Quiet kettle?"])
    assert earlier.panel_revision == later.panel_revision


def test_several_tags_ask_what_has_any_of_them_each_prompt_once(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    panel = made(editor, suite, tags=["kettles", "home"])
    assert panel.tags == ["home", "kettles"]
    post(editor, at("panel_run", workspace, panel.pk))
    run = Run.objects.for_workspace(workspace).get()
    assert asked(run) == ["Best toaster?", "Fast kettle?", "Quiet kettle?"]
    assert run.responses.count() == 6
    revisions = PanelRevision.objects.for_workspace(workspace)
    post(editor, at("panel_edit", workspace, panel.pk), **typed(suite, tags=["home", "kettles"]), revision="1")
    assert revisions.count() == 1  # the same choice again is no change
    post(editor, at("panel_edit", workspace, panel.pk), **typed(suite), revision="1")
    assert [revision.plan["tags"] for revision in revisions.order_by("number")] == [["home", "kettles"], []]


def test_sizes_costs_and_lists_count_what_is_asked(editor: Client, workspace: Workspace, suite: Suite) -> None:
    credentials.save(workspace=workspace, assistant="openai", values={"api_key": "of nobody's"})
    fields = typed(suite, assistants=["openai"])

    def preview(**changes: Any) -> Any:
        return editor.get(at("schedule_preview", workspace), {**fields, **changes}, headers=AS_PART).context["preview"]

    whole, part = preview(), preview(tags=["home"])
    assert (whole["size"].prompts, part["size"].prompts, part["size"].answers) == (4, 2, 4)
    assert part["forecast"].usual * 2 == whole["forecast"].usual
    tagged = made(editor, suite, assistants=["openai"], tags=["home"])
    other = made_beside(suite)
    rows = {row.panel.pk: row.size.prompts for row in queries.panel_rows(workspace)}
    assert rows == {tagged.pk: 2, other.pk: 4}
    assert costs.panel_forecast(tagged).lines[0].answers == 4


def made_beside(suite: Suite) -> Panel:
    fields = {"name": "All", "suite": suite, "assistants": [{"assistant": "local"}], "repeats": 2, "cron": ""}
    return panels.save_panel(
        workspace=suite.workspace, panel=None, fields={**fields, "time_zone": "UTC"}, revision=None
    )


def test_the_list_of_panels_takes_as_many_queries_for_many(
    workspace: Workspace, suite: Suite, django_assert_num_queries: Any
) -> None:
    for number in range(6):
        panel = made_beside(suite)
        Panel.objects.for_workspace(workspace).filter(pk=panel.pk).update(
            name=f"P{number}", tags=["home"][: number % 2]
        )
    with django_assert_num_queries(3):
        assert len(queries.panel_rows(workspace)) == 6


def test_tags_that_no_prompt_has_are_said_and_nothing_runs(
    editor: Client, workspace: Workspace, suite: Suite, caplog: pytest.LogCaptureFixture
) -> None:
    panel = made(editor, suite, tags=["kettles"], schedule="0 6 * * *")
    for prompt in Prompt.objects.for_workspace(workspace).filter(tags__contains=["kettles"]):
        suites.edit_prompt(prompt=prompt, text=prompt.text, tags=["home"])
    page = unescape(editor.get(at("panel", workspace, panel.pk)).content.decode())
    assert "has the tag “kettles”, so the panel has nothing to ask and does not run" in page
    page = post(editor, at("panel_run", workspace, panel.pk))
    assert "No prompt of the suite “Kitchen” has the tag “kettles”, so “Daily” has nothing to ask" in page
    assert runs.start_due_panels(now=timezone.now() + timedelta(days=2)) == []
    assert "nothing to ask" in caplog.text
    assert not Run.objects.for_workspace(workspace).exists()
    # the form still shows what is chosen, and what it comes to
    opened = editor.get(at("panel_edit", workspace, panel.pk))
    page = unescape(opened.content.decode())
    assert "kettles (no prompts yet)" in page and "No prompt of this suite has the ticked tag." in page
    post(editor, at("panel_edit", workspace, panel.pk), **typed(suite, name="Later", tags=["kettles"]), revision="1")
    panel.refresh_from_db()
    assert (panel.name, panel.tags) == ("Later", ["kettles"])


def test_tags_of_another_suite_are_refused_and_follow_the_choice_of_a_suite(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    other = make_suite(workspace, prompts=0)
    suites.add_prompts(suite=other, rows=[PromptRow("Which pen?", ("pens", "home"))])
    page = post(editor, at("panel_new", workspace), **typed(other, tags=["kettles"]))
    assert "No prompt of this suite has the tag “kettles”. Choose again." in page
    assert not Panel.objects.for_workspace(workspace).exists()
    asked_for = {"suite": other.pk, "tags": ["kettles", "home"]}
    reply = editor.get(at("panel_tags", workspace), asked_for, headers=AS_PART)
    page = reply.content.decode()
    assert "pens (1 prompt)" in page and "kettles" not in page and page.count("checked") == 1
    for odd in ({}, {"suite": "x"}, {"suite": "9" * 30}, {"suite": "9" * 9}, {"suite": suite.pk, "tags": "\x00"}):
        assert editor.get(at("panel_tags", workspace), odd, headers=AS_PART).status_code == 200
    assert (
        editor.get(at("schedule_preview", workspace), {**typed(suite), "tags": "\x00"}, headers=AS_PART).status_code
        == 200
    )


def test_another_workspaces_tags_stay_its_own(editor: Client, workspace: Workspace) -> None:
    foreign = make_suite(make_workspace(), prompts=0)
    suites.add_prompts(suite=foreign, rows=[PromptRow("Whose?", ("secret",))])
    assert (
        "secret" not in editor.get(at("panel_tags", workspace), {"suite": foreign.pk}, headers=AS_PART).content.decode()
    )


def test_two_people_who_choose_other_tags_decide_knowingly(editor: Client, workspace: Workspace, suite: Suite) -> None:
    panel = made(editor, suite, tags=["kettles"])
    address = at("panel_edit", workspace, panel.pk)
    post(editor, address, **typed(suite, tags=["home"]), revision="1")
    reply = editor.post(address, typed(suite, revision="1"))
    assert reply.status_code == 409
    assert reply.context["differing"] == [("Only prompts with these tags", "home", "all prompts")]
    post(editor, address, **typed(suite, name="Mine", tags=["kettles"]), revision="1")
    panel.refresh_from_db()
    assert (panel.name, panel.tags) == ("Mine", ["home"])  # only one of them changed the tags


@pytest.mark.parametrize("tags", [["x" * 41], ["a\x00b"]])
def test_what_can_be_no_tag_is_refused(suite: Suite, tags: list[str]) -> None:
    fields = {"name": "P", "suite": suite, "assistants": [{"assistant": "local"}], "repeats": 1, "cron": ""}
    with pytest.raises(Problem, match="No prompt can have the tag"):
        panels.save_panel(
            workspace=suite.workspace, panel=None, revision=None, fields={**fields, "time_zone": "UTC", "tags": tags}
        )
