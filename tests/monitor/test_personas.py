"""Personas: kept, chosen by a panel, told to assistants that take them, and said wherever their figures stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import assistants, planning
from monitor.exports.tables import tables
from monitor.models import (
    BrandKind,
    Panel,
    PanelRevision,
    Persona,
    Response,
    Role,
    Run,
    Trigger,
    Workspace,
)
from monitor.queries import dashboard, report
from monitor.queries import panels as panel_queries
from monitor.queries.filters import Filter, Period
from monitor.services import credentials, ledger, outbound, panels, personas, rollups, runs
from monitor.services.errors import Problem
from tests.factories import make_brand, make_member, make_suite, make_workspace
from tests.factories_history import LAST_DAY, add_mention, make_extraction, make_panel, make_response, make_run
from tests.inference.loopback import Loopback, loopback
from tests.world import AS_PART

pytestmark = pytest.mark.django_db

WORDS = "I run a bakery with six employees in Leeds and know little about software."
OTHER_WORDS = "I run two bakeries in York."
ABOUT = "About the person who asks, in their own words: "
MONTH = Filter(Period(LAST_DAY - timedelta(days=29), LAST_DAY), compare="none")


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def editor(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


def at(name: str, workspace: Workspace, *args: int) -> str:
    return reverse(name, args=[workspace.slug, *args])


def post(editor: Client, address: str, **fields: Any) -> str:
    return unescape(editor.post(address, fields, follow=True).content.decode())


def keep(workspace: Workspace, name: str = "Bakery owner", words: str = WORDS) -> Persona:
    return personas.save_persona(workspace=workspace, persona=None, name=name, words=words)


def save(workspace: Workspace, names: list[str], *, panel: Panel | None = None, **changes: Any) -> Panel:
    fields = {"name": "Daily", "repeats": 1, "cron": "", "time_zone": "UTC"}
    fields["suite"] = panel.suite if panel else make_suite(workspace, prompts=1)
    fields["assistants"] = [{"assistant": name} for name in names]
    return panels.save_panel(workspace=workspace, panel=panel, fields=fields | changes, revision=None)


# --- keeping them ----------------------------------------------------------------------------------------------------


def test_a_persona_is_made_changed_archived_and_brought_back(editor: Client, workspace: Workspace) -> None:
    assert "Describe a typical customer" in editor.get(at("personas", workspace)).content.decode()
    assert at("personas", workspace) in editor.get(at("suites", workspace)).content.decode()
    page = post(editor, at("persona_new", workspace), name=" Bakery  owner ", words=f"{WORDS}\n")
    assert "“Bakery owner” is saved." in page and WORDS in page
    persona = Persona.objects.for_workspace(workspace).get()
    assert (persona.name, persona.words) == ("Bakery owner", WORDS)
    for _ in range(2):
        post(editor, at("persona_edit", workspace, persona.pk), name="Baker", words=OTHER_WORDS)
        persona.refresh_from_db()
        assert (persona.name, persona.words) == ("Baker", OTHER_WORDS)
    for _ in range(2):
        page = post(editor, at("persona_archive", workspace, persona.pk))
        assert "Baker is archived." in page and at("persona_restore", workspace, persona.pk) in page
    assert "Baker" in editor.get(at("personas", workspace), {"show": "archived"}).content.decode()
    for _ in range(2):
        assert "Baker is back." in post(editor, at("persona_restore", workspace, persona.pk))
    persona.refresh_from_db()
    assert persona.archived_at is None


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("", WORDS, "Fill this in."),
        ("\x00 ", WORDS, "a character that cannot be kept"),
        ("n" * 61, WORDS, "60 characters"),
        ("Baker", "", "Fill this in."),
        ("Baker", "w" * 601, "600 characters"),
        ("BAKERY owner", WORDS, "a persona called “BAKERY owner” already"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    editor: Client, workspace: Workspace, name: str, words: str, said: str
) -> None:
    keep(workspace)
    reply = editor.post(at("persona_new", workspace), {"name": name, "words": words})
    page = unescape(reply.content.decode())
    assert reply.status_code == 422 and said in page and words in page
    assert Persona.objects.for_workspace(workspace).count() == 1


@settings(max_examples=30, deadline=None)
@given(name=st.text(max_size=80), words=st.text(max_size=700))
def test_any_words_are_kept_clean_or_refused(name: str, words: str) -> None:
    workspace = make_workspace()
    try:
        saved = keep(workspace, name, words)
    except Problem as problem:
        assert str(problem)
        return
    saved.refresh_from_db()
    assert saved.name and saved.words and "\n" not in saved.words + saved.name
    assert personas.save_persona(workspace=workspace, persona=saved, name=name, words=words).words == saved.words


def test_viewers_read_and_a_name_can_be_taken_while_one_is_archived(client: Client, workspace: Workspace) -> None:
    persona = keep(workspace)
    client.force_login(make_member(workspace, Role.VIEWER))
    page = client.get(at("personas", workspace)).content.decode()
    assert WORDS in page and "Archive<" not in page
    assert client.post(at("persona_archive", workspace, persona.pk)).status_code == 403
    personas.archive_persona(persona=persona)
    keep(workspace)
    with pytest.raises(Problem, match="another persona called “Bakery owner” now"):
        personas.restore_persona(persona=persona)


def test_a_persona_that_panels_ask_as_is_not_archived(editor: Client, workspace: Workspace) -> None:
    persona = keep(workspace)
    panel = save(workspace, ["local"], persona=persona)
    assert "The panel “Daily” asks as it. Archive or change the panel first." in post(
        editor, at("persona_archive", workspace, persona.pk)
    )
    panels.archive_panel(panel=panel)
    personas.archive_persona(persona=persona)
    panel = Panel.objects.for_workspace(workspace).get()
    with pytest.raises(Problem, match="Restore the persona first"):
        panels.restore_panel(panel=panel)
    personas.restore_persona(persona=persona)
    panels.restore_panel(panel=Panel.objects.for_workspace(workspace).get())


def test_no_panel_asks_as_another_workspaces_persona(editor: Client, workspace: Workspace) -> None:
    foreign = keep(make_workspace())
    with pytest.raises(Problem, match="persona of this workspace"):
        save(workspace, ["local"], persona=foreign)
    suite = make_suite(workspace)
    reply = editor.post(at("panel_new", workspace), typed(suite, persona=foreign.pk))
    assert reply.status_code == 422 and not Panel.objects.for_workspace(workspace).exists()
    panel = save(workspace, ["local"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Panel.objects.for_workspace(workspace).filter(pk=panel.pk).update(persona=foreign)
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- asking as one ---------------------------------------------------------------------------------------------------


def typed(suite: Any, **changes: Any) -> dict[str, Any]:
    fields = {"name": "Daily", "suite": suite.pk, "assistants": ["local"], "repeats": 1, "schedule": "", "cron": ""}
    return {**fields, "time_zone": "UTC", **changes}


def test_the_form_says_whom_a_persona_does_not_reach(editor: Client, workspace: Workspace) -> None:
    persona, suite = keep(workspace), make_suite(workspace, prompts=2)
    for name in ("openai", "kagi"):
        credentials.save(workspace=workspace, assistant=name, values={"api_key": "of nobody's"})
    asked = typed(suite, assistants=["openai", "kagi"], persona=persona.pk)

    def preview(**changes: Any) -> str:
        return unescape(
            editor.get(at("schedule_preview", workspace), {**asked, **changes}, headers=AS_PART).content.decode()
        )

    assert "Kagi FastGPT takes no persona: it is asked the prompt alone." in preview()
    assert "takes no persona" not in preview(persona="")
    assert "takes no persona" not in preview(assistants=["openai"])
    assert "changes nothing here" in preview(assistants=["kagi"]) and "changes nothing" not in preview()
    without_script = unescape(editor.post(at("panel_new", workspace), {**asked, "preview": "1"}).content.decode())
    assert "Kagi FastGPT takes no persona" in without_script
    page = post(editor, at("panel_new", workspace), **asked)
    assert f"“{WORDS}”" in page and "Kagi FastGPT takes no persona" in page
    frozen = PanelRevision.objects.for_workspace(workspace).get().plan
    assert frozen["persona"] == {"id": persona.pk, "name": "Bakery owner", "words": WORDS}
    panel = Panel.objects.for_workspace(workspace).get()
    opened = editor.get(at("panel_edit", workspace, panel.pk)).context["form"]
    assert opened["persona"].value() == persona.pk
    assert "as Bakery owner" in editor.get(at("panels", workspace)).content.decode()


SAID = {
    "openai": {
        "object": "response",
        "status": "completed",
        "model": "gpt-5.2",
        "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "Brightkettle.", "annotations": []}]}
        ],
    },
    "perplexity": {"model": "sonar", "choices": [{"message": {"role": "assistant", "content": "Brightkettle."}}]},
    "kagi": {"data": {"output": "Brightkettle.", "references": []}},
}


@pytest.fixture
def services(settings: Any, tmp_path: Path) -> Iterator[dict[str, Loopback]]:
    """A service for each of three assistants, that keeps what it was sent."""
    settings.DATA_DIR = tmp_path
    with loopback() as one, loopback() as two, loopback() as three:
        found = dict(zip(SAID, (one, two, three), strict=True))
        for name, service in found.items():
            for _ in range(4):
                service.will_answer(json.dumps(SAID[name]).encode())
        settings.ASSISTANT_URLS = {name: service.url for name, service in found.items()}
        assistants.client.cache_clear()
        yield found
        assistants.client.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_from_the_form_to_what_each_service_is_sent(
    client: Client, workspace: Workspace, services: dict[str, Loopback]
) -> None:
    make_brand(workspace, name="Brightkettle", kind=BrandKind.OWN)
    client.force_login(make_member(workspace, Role.OWNER))
    for name in SAID:
        credentials.save(workspace=workspace, assistant=name, values={"api_key": "of nobody's"})
    persona, suite = keep(workspace), make_suite(workspace, prompts=1)
    post(client, at("panel_new", workspace), **typed(suite, assistants=list(SAID), persona=persona.pk))
    panel = Panel.objects.for_workspace(workspace).get()

    def run() -> dict[str, Response]:
        post(client, at("panel_run", workspace, panel.pk))
        while outbound.work(queues=["external"]):
            pass
        made = Run.objects.for_workspace(workspace).order_by("pk").last()
        assert made is not None
        return {row.assistant: row for row in Response.objects.for_workspace(workspace).filter(run=made)}

    def sent(name: str) -> Any:
        return services[name].received[-1].json

    text = "What about thing 0?"
    first = run()
    assert {row.text for row in first.values()} == {"Brightkettle."}
    assert (sent("openai")["instructions"], sent("openai")["input"]) == (ABOUT + WORDS, text)
    assert sent("perplexity")["messages"] == [{"role": "user", "content": f"{WORDS}\n\n{text}"}]
    assert sent("kagi") == {"query": text, "cache": False}
    frozen = {"id": persona.pk, "name": "Bakery owner", "words": WORDS}
    assert {name: row.options.get("persona") for name, row in first.items()} == {
        "openai": frozen,
        "perplexity": frozen,
        "kagi": None,
    }
    assert {row.prompt_text for row in first.values()} == {text}

    # new words are taken by the next run, as a revision of their own; what was asked keeps its own
    post(client, at("persona_edit", workspace, persona.pk), name="Bakery owner", words=OTHER_WORDS)
    second = run()
    assert sent("openai")["instructions"] == ABOUT + OTHER_WORDS
    first["openai"].refresh_from_db()
    assert first["openai"].options["persona"]["words"] == WORDS
    assert [r.plan["persona"]["words"] for r in panel.revisions.order_by("number")] == [WORDS, OTHER_WORDS]
    page = unescape(client.get(at("answer", workspace, second["openai"].pk)).content.decode())
    assert f"Bakery owner: “{OTHER_WORDS}”" in page

    for done in Run.objects.for_workspace(workspace):
        rollups.roll_up(run=done)
    day = second["openai"].run.day
    made = report.report(workspace, Filter(Period(day, day), compare="none"))
    answers = next(table for table in tables(made) if table.key == "answers")
    rows = [dict(zip([column.key for column in answers.columns], row, strict=True)) for row in answers.rows]
    said = sorted((row["assistant"], row["persona"]) for row in rows)
    assert said[:2] == [("ChatGPT (OpenAI API)", f"Bakery owner: {words}") for words in (WORDS, OTHER_WORDS)]
    assert said[2:4] == [("Kagi FastGPT", "")] * 2


@pytest.mark.django_db(transaction=True)
def test_a_question_on_the_ask_page_may_be_asked_as_one(
    client: Client, workspace: Workspace, services: dict[str, Loopback]
) -> None:
    client.force_login(make_member(workspace, Role.EDITOR))
    for name in ("openai", "kagi"):
        credentials.save(workspace=workspace, assistant=name, values={"api_key": "of nobody's"})
    assert 'name="persona"' not in client.get(at("ask", workspace)).content.decode(), "there is none yet"
    persona, other = keep(workspace), keep(make_workspace())
    page = client.get(at("ask", workspace)).content.decode()
    assert "Who asks. Not told to Kagi FastGPT." in page
    asked = {"text": "Which kettle?", "assistant": "openai/gpt-5-mini", "persona": persona.pk}
    page = post(client, at("ask", workspace), **asked)
    outbound.work(queues=["asking"])
    assert services["openai"].received[-1].json["instructions"] == ABOUT + WORDS
    response = Response.objects.for_workspace(workspace).get()
    assert response.options["persona"] == {"id": persona.pk, "name": "Bakery owner", "words": WORDS}
    assert "as Bakery owner" in page and f'<option value="{persona.pk}" selected>' in page
    post(client, at("ask", workspace), **{**asked, "persona": ""})
    outbound.work(queues=["asking"])
    assert services["openai"].received[-1].json.get("instructions", "") == ""

    for changes, said in (
        ({"assistant": "kagi/"}, "Kagi FastGPT is not told who asks."),
        ({"persona": other.pk}, "This persona is not there any more."),
        ({"persona": "x"}, "This persona is not there any more."),
    ):
        refused = client.post(at("ask", workspace), {**asked, **changes})
        page = unescape(refused.content.decode())
        assert refused.status_code == 422 and said in page and ">Which kettle?</textarea>" in page
    assert Response.objects.for_workspace(workspace).count() == 2
    assert (
        f'<option value="{persona.pk}" selected>'
        in client.post(at("ask", workspace), {**asked, "assistant": "kagi/"}).content.decode()
    ), "what was chosen stays"


def test_saving_a_persona_as_it_is_makes_no_revision(workspace: Workspace) -> None:
    persona = keep(workspace)
    panel = save(workspace, ["openai"], persona=persona)
    other = save(workspace, ["openai"], name="Other")
    for words in (WORDS, f" {WORDS} ", OTHER_WORDS, OTHER_WORDS):
        personas.save_persona(workspace=workspace, persona=persona, name="Bakery owner", words=words)
    assert (panel.revisions.count(), other.revisions.count()) == (2, 1)
    panel.refresh_from_db()
    assert panel.revision == 2
    # a panel that was loaded before its persona's words changed freezes those that hold
    save(workspace, ["openai"], panel=panel, persona=persona, repeats=2)
    newest = panel.revisions.order_by("-number").first()
    assert newest is not None and newest.plan["persona"]["words"] == OTHER_WORDS


def test_two_people_who_choose_other_personas_decide_knowingly(editor: Client, workspace: Workspace) -> None:
    baker, manager = keep(workspace), keep(workspace, "IT manager", "I buy software for 900 people.")
    panel = save(workspace, ["local"], persona=baker)
    address = at("panel_edit", workspace, panel.pk)
    save(workspace, ["local"], panel=panel, persona=manager)
    reply = editor.post(address, typed(panel.suite, revision="1"))
    assert reply.status_code == 409
    assert reply.context["differing"] == [("Persona", "IT manager", "Nobody in particular")]


def test_a_call_may_cost_as_much_as_prompt_and_persona_together(workspace: Workspace) -> None:
    from monitor.services import costs

    book = costs.prices_of(workspace_id=workspace.pk)
    told = {"persona": {"id": 1, "name": "B", "words": WORDS}}
    both, long = (costs.maximum(book, "openai", "gpt-5.2", *asked) for asked in (("Why?", told), (WORDS + "Why?", {})))
    assert both == long and both != costs.maximum(book, "openai", "gpt-5.2", "Why?", {})


# --- saying so -------------------------------------------------------------------------------------------------------


def asked_as(panel: Panel, names: list[str], persona: dict[str, Any] | None, **plan: Any) -> PanelRevision:
    number = panel.revisions.count() + 1
    frozen = {"suite": panel.suite_id, "repeats": 1, "assistants": [{"assistant": name} for name in names], **plan}
    if persona is not None:
        frozen["persona"] = persona
    return PanelRevision.objects.create(workspace=panel.workspace, panel=panel, number=number, plan=frozen)


def days_asked_as(workspace: Workspace, names: list[str], *told: dict[str, Any] | None) -> Panel:
    """A day of answers for each persona, up to the last day."""
    panel, extraction = make_panel(workspace, prompts=2), make_extraction(workspace, [])
    for number, persona in enumerate(told, start=1):
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=len(told) - number))
        revision = asked_as(panel, names, persona)
        Run.objects.for_workspace(workspace).filter(pk=run.pk).update(panel_revision=revision)
        for name in names:
            make_response(run, panel.suite.prompts.first(), assistant=name, model_reported="")
        rollups.roll_up(run=run)
    return panel


def ways(workspace: Workspace) -> dict[str, tuple[str, ...]]:
    return {section.assistant: section.asked for section in dashboard.overview(workspace, MONTH).sections}


BAKER = {"id": 1, "name": "Bakery owner", "words": WORDS}


def test_figures_with_and_without_a_persona_are_never_pooled_in_silence(client: Client, workspace: Workspace) -> None:
    days_asked_as(workspace, ["openai", "kagi", "local", "local_generative"], None, BAKER)
    assert ways(workspace) == {
        "openai": ("gpt-5.2, as “Bakery owner”", "gpt-5.2, without a persona"),
        "local_generative": ("as “Bakery owner”", "without a persona"),
        "kagi": (),  # it was asked in one way both times
        "local": (),
    }
    client.force_login(make_member(workspace))
    page = unescape(client.get(at("overview", workspace)).content.decode())
    assert "was asked in 2 ways that are counted together here: gpt-5.2, as “Bakery owner”; gpt-5.2, without" in page
    (broken,) = dashboard.overview(workspace, MONTH).sections[0].breaks
    assert (broken.day, broken.label) == (LAST_DAY, "now asked as “Bakery owner”")


def test_one_persona_alone_is_said_and_other_words_of_its_name_are_another_way(workspace: Workspace) -> None:
    days_asked_as(workspace, ["openai"], BAKER, {**BAKER, "name": "Baker"})
    assert ways(workspace) == {"openai": ("gpt-5.2, as “Baker”",)}
    assert dashboard.overview(workspace, MONTH).sections[0].breaks == ()  # another name changes no answer
    other = make_workspace()
    days_asked_as(other, ["openai"], BAKER, {**BAKER, "words": OTHER_WORDS}, None)
    assert ways(other)["openai"] == (
        f"gpt-5.2, as “Bakery owner” ({WORDS})",
        f"gpt-5.2, as “Bakery owner” ({OTHER_WORDS})",
        "gpt-5.2, without a persona",
    )
    labels = [item.label for item in dashboard.overview(other, MONTH).sections[0].breaks]
    assert labels == ["now asked as “Bakery owner”", "now without a persona"]


def test_a_change_on_the_first_day_of_the_period_is_a_break_beside_the_days_before(workspace: Workspace) -> None:
    days_asked_as(workspace, ["openai"], None, BAKER)
    today = Filter(Period(LAST_DAY, LAST_DAY))
    (section,) = dashboard.overview(workspace, today).sections
    assert [item.label for item in section.breaks] == ["now asked as “Bakery owner”"]


def test_runs_as_another_persona_tell_nothing_of_clear_prompts(workspace: Workspace) -> None:
    own = make_brand(workspace, kind=BrandKind.OWN)
    extraction = make_extraction(workspace, [own])
    names = ["openai", "kagi"]
    persona = keep(workspace)
    panel = save(workspace, names, repeats=6, adaptive=True)
    panels.set_paused(panel=panel, paused=True)
    for ago in range(planning.LEAST_RUNS):
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=ago))
        for repeat in range(6):
            for name in names:
                response = make_response(run, panel.suite.prompts.get(), repeat=repeat, assistant=name)
                add_mention(extraction, response, own)
        rollups.roll_up(run=run)
    assert panel_queries.panel_row(panel).size.clear == 2
    as_baker = save(workspace, names, panel=panel, repeats=6, adaptive=True, persona=persona)
    assert panel_queries.panel_row(as_baker).size.clear == 1  # Kagi was asked in the same way
    tagless = save(workspace, names, panel=panel, repeats=6, adaptive=True, tags=["none has it"])
    assert panel_queries.panel_row(tagless).size.clear == 0


def test_a_claim_tells_the_persona_of_its_own_response(workspace: Workspace) -> None:
    credentials.save(workspace=workspace, assistant="openai", values={"api_key": "of nobody's"})
    run = runs.start_run(panel=save(workspace, ["openai"], persona=keep(workspace)), trigger=Trigger.MANUAL)
    (granted,) = outbound.claim(queues=["external"], limit=1)
    question = granted.claims[0].question()
    assert (question.persona, question.text) == (WORDS, "What about thing 0?")
    assert isinstance(granted.claims[0], ledger.Claim) and run.responses.get().options["persona"]["words"] == WORDS
