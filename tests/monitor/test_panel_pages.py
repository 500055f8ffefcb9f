"""Panels in the browser: the form and its preview, schedules that cannot run, edits that collide, pause and archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import (
    IndexGeneration,
    Panel,
    PanelRevision,
    Pointers,
    Response,
    Role,
    Run,
    Suite,
    Trigger,
    Workspace,
)
from monitor.queries import panels as queries
from monitor.services import credentials, panels, runs
from monitor.services.errors import Problem
from tests.factories import make_member, make_suite, make_workspace
from tests.world import AS_PART

pytestmark = pytest.mark.django_db

LOCAL = {"assistant": "local", "model": "", "options": {}}


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace(time_zone="Europe/Berlin")


@pytest.fixture
def editor(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


@pytest.fixture
def suite(workspace: Workspace) -> Suite:
    return make_suite(workspace, prompts=4, name="Kettles")


@pytest.fixture
def panel(suite: Suite) -> Panel:
    return save(suite)


def plan(suite: Suite, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Daily",
        "suite": suite,
        "assistants": [LOCAL],
        "repeats": 3,
        "cron": "0 6 * * *",
        "time_zone": "Europe/Berlin",
        **changes,
    }


def save(suite: Suite, panel: Panel | None = None, revision: int | None = None, **changes: Any) -> Panel:
    return panels.save_panel(workspace=suite.workspace, panel=panel, fields=plan(suite, **changes), revision=revision)


def typed(suite: Suite, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Daily",
        "suite": suite.pk,
        "assistants": ["local"],
        "repeats": 3,
        "schedule": "0 6 * * *",
        "cron": "",
        "time_zone": "Europe/Berlin",
        **changes,
    }


def at(name: str, workspace: Workspace, *args: int) -> str:
    return reverse(name, args=[workspace.slug, *args])


def with_index(workspace: Workspace) -> None:
    generation = IndexGeneration.objects.create(workspace=workspace, number=1)
    Pointers.objects.update_or_create(workspace=workspace, defaults={"generation": generation})


def test_a_panel_is_made_and_its_plan_frozen(editor: Client, workspace: Workspace, suite: Suite) -> None:
    page = editor.post(at("panel_new", workspace), typed(suite), follow=True).content.decode()
    panel = Panel.objects.for_workspace(workspace).get()
    assert "4 prompts × 1 assistant × 3 repeats = 12 answers a run" in page
    assert "At 06:00 every day, Europe/Berlin time" in page
    frozen = PanelRevision.objects.for_workspace(workspace).get()
    assert (frozen.number, frozen.panel) == (1, panel)
    suite_named = {"id": suite.pk, "name": "Kettles"}
    assert frozen.plan == {**plan(suite), "adaptive": False, "suite": suite_named, "tags": [], "persona": None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "Fill this in."),
        ({"name": "n" * 121}, "120 characters"),
        ({"suite": ""}, "Choose one of these."),
        ({"suite": "999999"}, "This is not on offer"),
        ({"assistants": []}, "Choose at least one assistant"),
        ({"assistants": ["nobody"]}, "This is not on offer"),
        ({"repeats": "0"}, "Write a whole number from 1 to 50."),
        ({"repeats": "51"}, "Write a whole number from 1 to 50."),
        ({"repeats": "three"}, "Write a whole number"),
        ({"schedule": "own", "cron": ""}, "Write the cron schedule"),
        ({"schedule": "own", "cron": "0 0 30 2 *"}, "“0 0 30 2 *” never comes"),
        ({"schedule": "own", "cron": "*/5 * * * *"}, "every 15 minutes at most"),
        ({"schedule": "own", "cron": "every day"}, "five fields"),
        ({"time_zone": "Mars/Base"}, "This is not on offer"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    editor: Client, workspace: Workspace, suite: Suite, changes: dict[str, Any], said: str
) -> None:
    reply = editor.post(at("panel_new", workspace), {**typed(suite, name="My typed name"), **changes})
    page = unescape(reply.content.decode())
    assert reply.status_code == 422
    assert said in page
    if "name" not in changes:
        assert 'value="My typed name"' in page
    assert not Panel.objects.for_workspace(workspace).exists()


def test_a_name_that_is_taken_is_said(editor: Client, workspace: Workspace, panel: Panel) -> None:
    reply = editor.post(at("panel_new", workspace), typed(panel.suite, name="DAILY"))
    assert reply.status_code == 422
    assert "a panel called “DAILY” already" in reply.content.decode()


def test_the_preview_follows_what_is_typed(editor: Client, workspace: Workspace, suite: Suite) -> None:
    address = at("schedule_preview", workspace)
    page = editor.get(address, typed(suite, schedule="own", cron="30 2 * * *"), headers=AS_PART).content.decode()
    assert "4 prompts × 1 assistant × 3 repeats = <strong>12 answers</strong>" in page
    assert page.count("<time") == 5
    assert "the clock skips 02:30; it runs at 03:00 instead" in page
    assert "the clock shows 02:30 twice; it runs the first time only" in page
    assert (
        "never comes"
        in editor.get(address, typed(suite, schedule="own", cron="0 0 31 6 *"), headers=AS_PART).content.decode()
    )
    assert (
        "Write the cron schedule" in editor.get(address, typed(suite, schedule="own"), headers=AS_PART).content.decode()
    )
    empty = make_suite(workspace, prompts=0)
    assert "no prompts yet" in editor.get(address, typed(empty), headers=AS_PART).content.decode()
    odd = {"suite": "x", "repeats": "²", "time_zone": "../x", "schedule": "own", "cron": "\x00 * * * *"}
    assert editor.get(address, odd, headers=AS_PART).status_code == 200
    assert editor.get(address, headers=AS_PART).status_code == 200


def test_slots_are_shown_in_the_panels_own_zone(workspace: Workspace) -> None:
    shown = queries.plan("0 6 * * *", "Asia/Tokyo")
    assert all(slot.astimezone(UTC).hour == 21 for slot in shown.slots)
    assert queries.plan("0 6 * *", "UTC").problem


def test_without_javascript_a_button_works_the_preview_out_and_saves_nothing(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    reply = editor.post(at("panel_new", workspace), typed(suite, preview="1", name="Kept"))
    page = reply.content.decode()
    assert reply.status_code == 200
    assert "At 06:00 every day" in page
    assert 'value="Kept"' in page
    assert not Panel.objects.for_workspace(workspace).exists()


def form_values(page: Any) -> dict[str, Any]:
    """What the browser would send of the form as it is shown."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_two_people_who_change_the_same_choose_knowingly(editor: Client, workspace: Workspace, panel: Panel) -> None:
    address = at("panel_edit", workspace, panel.pk)
    opened = editor.get(address)
    assert 'name="revision" value="1"' in opened.content.decode()
    save(panel.suite, panel, revision=1, repeats=5, name="Theirs", cron="0 7 * * *")
    mine = form_values(opened) | {"name": "Mine", "schedule": "own", "cron": "0 9 * * 1"}
    reply = editor.post(address, mine)
    page = unescape(reply.content.decode())
    assert reply.status_code == 409
    assert reply.context["differing"] == [
        ("Name", "Theirs", "Mine"),
        ("Schedule", "Another schedule (cron): 0 7 * * *", "Another schedule (cron): 0 9 * * 1"),
    ]
    for words in ("Save mine over theirs", "Keep theirs", 'name="revision" value="2"', 'value="Mine"'):
        assert words in page
    panel.refresh_from_db()
    assert (panel.name, panel.repeats, panel.cron, panel.revision) == ("Theirs", 5, "0 7 * * *", 2)
    editor.post(address, form_values(reply))
    panel.refresh_from_db()
    assert (panel.name, panel.repeats, panel.cron, panel.revision) == ("Mine", 5, "0 9 * * 1", 3)
    kept = PanelRevision.objects.for_workspace(workspace).order_by("number")
    assert [revision.plan["name"] for revision in kept] == ["Daily", "Theirs", "Mine"]


def test_two_people_who_change_different_fields_both_get_theirs(
    editor: Client, workspace: Workspace, panel: Panel
) -> None:
    address = at("panel_edit", workspace, panel.pk)
    opened = editor.get(address)
    other_suite = make_suite(workspace)
    save(other_suite, panel, revision=1, repeats=5)
    page = editor.post(address, form_values(opened) | {"name": "Mine"}, follow=True).content.decode()
    assert "“Mine” is saved. What somebody else changed meanwhile is kept." in page
    panel.refresh_from_db()
    assert (panel.name, panel.repeats, panel.suite, panel.revision) == ("Mine", 5, other_suite, 3)
    # the same change by both is none, nor is a form in which nothing was touched
    assert editor.post(address, form_values(opened) | {"name": "Mine"}).status_code == 302
    assert editor.post(address, form_values(opened)).status_code == 302
    panel.refresh_from_db()
    assert (panel.name, panel.repeats, panel.revision) == ("Mine", 5, 3)


def test_an_assistant_that_another_took_out_is_no_clash_for_who_left_it(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    with_model = {"assistant": "openai", "model": "m-1", "options": {"temperature": 0.5, "country": "DE"}}
    panel = save(suite, assistants=[LOCAL, with_model])
    address = at("panel_edit", workspace, panel.pk)
    opened = editor.get(address)
    save(suite, panel, revision=1, assistants=[LOCAL])
    assert editor.post(address, form_values(opened) | {"repeats": 7}).status_code == 302
    panel.refresh_from_db()
    assert (panel.assistants, panel.repeats) == ([LOCAL], 7)


def test_a_revision_that_was_never_there_replaces_nothing_unseen(
    editor: Client, workspace: Workspace, panel: Panel
) -> None:
    reply = editor.post(at("panel_edit", workspace, panel.pk), typed(panel.suite, repeats=9, revision=77))
    assert reply.status_code == 409
    assert reply.context["differing"] == [("Repeats", "3", "9")]
    panel.refresh_from_db()
    assert panel.repeats == 3


def test_saving_what_is_there_already_makes_no_revision(panel: Panel) -> None:
    assert save(panel.suite, panel, revision=1).revision == 1
    assert PanelRevision.objects.for_workspace(panel.workspace).count() == 1


def test_an_edit_keeps_an_assistants_model_and_options(editor: Client, workspace: Workspace, suite: Suite) -> None:
    chosen = {"assistant": "local", "model": "m-1", "options": {"temperature": 0.5}}
    panel = save(suite, assistants=[chosen])
    editor.post(at("panel_edit", workspace, panel.pk), typed(suite, repeats=2, revision=1))
    panel.refresh_from_db()
    assert (panel.assistants, panel.repeats) == ([chosen], 2)


def with_key(workspace: Workspace, assistant: str) -> None:
    credentials.save(workspace=workspace, assistant=assistant, values={"api_key": "no key of anybody's"})


def test_each_assistant_is_asked_as_its_row_says(editor: Client, workspace: Workspace, suite: Suite) -> None:
    for name in ("openai", "perplexity", "kagi"):
        with_key(workspace, name)
    chosen = {
        "assistants": ["openai", "perplexity"],
        "openai-model": " gpt-5-mini ",
        "openai-country": "uk",
        "openai-retry_unknown": "on",
        "perplexity-language": "DE",
        "perplexity-max_output_tokens": "500",
        "kagi-retry_unknown": "on",
    }
    page = editor.post(at("panel_new", workspace), typed(suite, **chosen), follow=True).content.decode()
    panel = Panel.objects.for_workspace(workspace).get()
    assert panel.assistants == [
        {"assistant": "openai", "model": "gpt-5-mini", "options": {"country": "GB", "retry_unknown": True}},
        {"assistant": "perplexity", "model": "", "options": {"language": "de", "max_output_tokens": 500}},
    ]
    assert "ChatGPT (OpenAI API) (gpt-5-mini, GB, asked again when no answer came back)" in page
    assert "Perplexity (Sonar API) (de, at most 500 tokens)" in page
    opened = form_values(editor.get(at("panel_edit", workspace, panel.pk)))
    assert editor.post(at("panel_edit", workspace, panel.pk), opened).status_code == 302
    panel.refresh_from_db()
    assert panel.revision == 1  # what the form shows is what is there
    del opened["openai-retry_unknown"]
    editor.post(at("panel_edit", workspace, panel.pk), opened | {"openai-country": "", "openai-model": ""})
    panel.refresh_from_db()
    assert panel.assistants[0] == {"assistant": "openai", "model": "", "options": {}}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("openai-model", "two words", "no blanks"),
        ("openai-country", "Deutschland", "two letters"),
        ("openai-max_output_tokens", "3", "Write a whole number from 16 to 200,000"),
        ("perplexity-language", "?", "two letters"),
    ],
)
def test_what_no_service_takes_is_said_at_its_field_unless_nobody_chose_it(
    editor: Client, workspace: Workspace, suite: Suite, field: str, value: str, said: str
) -> None:
    name = field.partition("-")[0]
    with_key(workspace, name)
    reply = editor.post(at("panel_new", workspace), typed(suite, assistants=[name], **{field: value}))
    assert reply.status_code == 422
    assert said in " ".join(reply.context["form"].errors[field])
    assert said in unescape(reply.content.decode())
    reply = editor.post(at("panel_new", workspace), typed(suite, **{field: value}))
    assert reply.status_code == 302
    assert Panel.objects.for_workspace(workspace).get().assistants == [LOCAL]


def test_an_option_that_an_assistant_would_drop_is_refused(suite: Suite) -> None:
    asked = [{"assistant": "kagi", "model": "", "options": {"country": "DE"}}]
    with pytest.raises(Problem, match="Kagi FastGPT takes no country"):
        save(suite, assistants=asked)


def test_assistants_without_a_key_stand_apart_and_cannot_be_added(
    editor: Client, workspace: Workspace, suite: Suite, client: Client
) -> None:
    with_key(workspace, "openai")
    page = editor.get(at("panel_new", workspace))
    form = page.context["form"]
    assert [row.name for row in form.rows()] == ["local", "openai"]
    apart = {row.name for row in form.rows_without_key()}
    assert {"anthropic", "kagi"} <= apart and not apart & {"local", "openai", "pasted"}
    settings = f'href="{at("assistants", workspace)}"'
    assert settings not in page.content.decode()  # editors do not enter keys
    assert "It has no pages to answer from yet" in page.content.decode()
    with_index(workspace)
    assert "It has no pages to answer from yet" not in editor.get(at("panel_new", workspace)).content.decode()
    reply = editor.post(at("panel_new", workspace), typed(suite, assistants=["anthropic"]))
    assert "Claude (Anthropic API) needs a key" in reply.content.decode()
    client.force_login(make_member(workspace, Role.OWNER))
    assert settings in client.get(at("panel_new", workspace)).content.decode()


def test_a_panel_whose_key_was_deleted_can_still_be_edited(editor: Client, workspace: Workspace, suite: Suite) -> None:
    panel = save(suite, assistants=[{"assistant": "openai", "model": "gpt-4.1", "options": {}}])
    opened = editor.get(at("panel_edit", workspace, panel.pk))
    assert "Its key is gone" in opened.content.decode()
    assert editor.post(at("panel_edit", workspace, panel.pk), form_values(opened) | {"repeats": 2}).status_code == 302
    panel.refresh_from_db()
    assert (panel.repeats, panel.assistants[0]["model"]) == (2, "gpt-4.1")


def test_a_plan_that_says_no_more_than_a_name_can_be_edited(editor: Client, workspace: Workspace, panel: Panel) -> None:
    Panel.objects.for_workspace(workspace).update(assistants=[{"assistant": "local"}])
    opened = editor.get(at("panel_edit", workspace, panel.pk))
    assert editor.post(at("panel_edit", workspace, panel.pk), form_values(opened) | {"repeats": 2}).status_code == 302
    panel.refresh_from_db()
    assert (panel.repeats, panel.assistants) == (2, [LOCAL])


def test_two_people_who_set_an_assistant_up_differently_see_both(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    with_key(workspace, "openai")
    panel = save(suite, assistants=[{"assistant": "openai", "model": "gpt-4.1", "options": {}}])
    opened = form_values(editor.get(at("panel_edit", workspace, panel.pk)))
    save(suite, panel, assistants=[{"assistant": "openai", "model": "gpt-5.2", "options": {}}])
    reply = editor.post(at("panel_edit", workspace, panel.pk), opened | {"openai-country": "DE"})
    assert reply.status_code == 409
    assert reply.context["differing"] == [
        ("Assistants", "ChatGPT (OpenAI API) (gpt-5.2)", "ChatGPT (OpenAI API) (gpt-4.1, DE)")
    ]


def test_the_forecast_follows_the_model_and_the_limit_as_they_are_typed(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    with_key(workspace, "openai")

    def forecast(**typed_fields: str) -> Any:
        fields = typed(suite, assistants=["openai"], **typed_fields)
        return editor.get(at("schedule_preview", workspace), fields, headers=AS_PART).context["preview"]["forecast"]

    usual, cheaper = forecast(), forecast(**{"openai-model": "gpt-5-mini"})
    assert (cheaper.lines[0].model, cheaper.usual < usual.usual) == ("gpt-5-mini", True)
    limited = forecast(**{"openai-max_output_tokens": "100"})
    assert limited.lines[0].typical.output_tokens == 100
    assert limited.most < usual.most
    assert forecast(**{"openai-max_output_tokens": "¹7"}).most == usual.most
    assert [line.model for line in forecast(**{"openai-model": "nobody-knows"}).unpriced] == ["nobody-knows"]


def test_a_run_needs_an_index_only_where_the_local_engine_is_asked(
    editor: Client, workspace: Workspace, suite: Suite
) -> None:
    with_key(workspace, "openai")
    asked = {"assistant": "openai", "model": "gpt-5-mini", "options": {"country": "DE"}}
    panel = save(suite, assistants=[asked])
    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    assert run.generation is None
    first = Response.objects.for_workspace(workspace).filter(run=run).first()
    assert first and (first.model, first.options, first.queue) == ("gpt-5-mini", {"country": "DE"}, "external")
    with pytest.raises(Problem, match="Import pages first"):
        runs.start_run(panel=save(suite, name="Both", assistants=[LOCAL, asked]), trigger=Trigger.MANUAL)


def test_a_new_schedule_or_a_pause_has_no_past_to_catch_up_with(panel: Panel) -> None:
    Panel.objects.for_workspace(panel.workspace).update(created_at=timezone.now() - timedelta(days=3))
    save(panel.suite, panel, cron="0 0 * * *")
    assert runs.start_due_panels() == []
    panels.set_paused(panel=panel, paused=True)
    assert runs.start_due_panels(now=timezone.now() + timedelta(days=2)) == []
    panels.set_paused(panel=panel, paused=False)
    assert runs.start_due_panels() == []


def test_what_services_refuse(suite: Suite) -> None:
    for changes, said in (
        ({"suite": make_suite(make_workspace())}, "suite of this workspace"),
        ({"assistants": [LOCAL, LOCAL]}, "once"),
        ({"assistants": [{"assistant": "gone"}]}, "no assistant called “gone”"),
        ({"repeats": 0}, "1 to 50"),
        ({"cron": "* * * * *"}, "every minute"),
        ({"name": " \x00 "}, "needs a name"),
    ):
        with pytest.raises(Problem, match=said):
            panels.save_panel(workspace=suite.workspace, panel=None, fields={**plan(suite), **changes}, revision=None)


def test_running_now_leads_to_the_run(editor: Client, workspace: Workspace, panel: Panel) -> None:
    with_index(workspace)
    reply = editor.post(at("panel_run", workspace, panel.pk))
    run = Run.objects.for_workspace(workspace).get()
    assert reply["Location"] == at("run", workspace, run.pk)
    assert (run.trigger, run.responses.count()) == (Trigger.MANUAL, 12)


def test_what_cannot_run_says_what_to_do(editor: Client, workspace: Workspace, suite: Suite) -> None:
    panel = save(suite)

    def said() -> str:
        return unescape(editor.post(at("panel_run", workspace, panel.pk), follow=True).content.decode())

    assert "Import pages first" in said()
    with_index(workspace)
    suite.prompts.update(archived_at=timezone.now())
    assert "has no prompts. Add some, then run the panel" in said()
    panels.archive_panel(panel=panel)
    assert "is archived. Restore it, then run it" in said()
    assert not Run.objects.for_workspace(workspace).exists()


def test_pause_archive_and_restore(editor: Client, workspace: Workspace, panel: Panel) -> None:
    page = editor.post(at("panel_pause", workspace, panel.pk), {"paused": "1"}, follow=True).content.decode()
    assert "Resume schedule" in page
    page = editor.post(at("panel_pause", workspace, panel.pk), {"paused": "0"}, follow=True).content.decode()
    assert "Pause schedule" in page
    page = editor.post(at("panel_archive", workspace, panel.pk), follow=True).content.decode()
    assert "Daily is archived. Its history stays." in page
    assert f'action="{at("panel_restore", workspace, panel.pk)}"' in page
    assert runs.start_due_panels(now=timezone.now() + timedelta(days=2)) == []
    assert "Daily" in editor.get(at("panels", workspace), {"show": "archived"}).content.decode()
    save(panel.suite, name="daily")
    page = editor.post(at("panel_restore", workspace, panel.pk), follow=True).content.decode()
    assert "another panel called “Daily” now" in page
    Panel.objects.for_workspace(workspace).filter(name="daily").delete()
    editor.post(at("panel_restore", workspace, panel.pk))
    panel.refresh_from_db()
    assert panel.archived_at is None


def test_empty_places_say_what_comes_first(editor: Client, workspace: Workspace) -> None:
    address = at("panels", workspace)
    assert "There is no suite yet" in editor.get(address).content.decode()
    make_suite(workspace)
    assert "New panel" in editor.get(address).content.decode()


def test_viewers_read_and_change_nothing(client: Client, workspace: Workspace, panel: Panel) -> None:
    client.force_login(make_member(workspace, Role.VIEWER))
    page = client.get(at("panel", workspace, panel.pk)).content.decode()
    assert "Run panel now" not in page
    for name in ("panel_run", "panel_archive", "panel_pause", "panel_edit"):
        assert client.post(at(name, workspace, panel.pk)).status_code == 403
    assert client.get(at("panel_edit", workspace, panel.pk)).status_code == 403


def test_the_list_asks_a_fixed_number_of_questions(
    workspace: Workspace, suite: Suite, django_assert_max_num_queries: Any
) -> None:
    with_index(workspace)
    for number in range(5):
        panel = save(suite, name=f"Panel {number}")
        for _ in range(2):
            runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    with django_assert_max_num_queries(8):
        rows = queries.panel_rows(workspace)
    assert len(rows) == 5
    assert all(row.latest and row.latest.total == 12 for row in rows)
    assert all(row.next_slot and row.next_slot > datetime.now(UTC) for row in rows)
