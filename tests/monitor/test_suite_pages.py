"""Suites and prompts in the browser: every way to bring prompts, edits that keep history, archive and restore."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from monitor.models import Panel, Prompt, Response, Role, Run, Suite, Trigger, Workspace
from monitor.services import brands
from tests.factories import make_brand, make_member, make_suite, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def editor(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


@pytest.fixture
def suite(workspace: Workspace) -> Suite:
    return make_suite(workspace, prompts=0, name="Kettles")


def add(client: Client, suite: Suite, **data: Any) -> Any:
    return client.post(reverse("prompts_add", args=[suite.workspace.slug, suite.pk]), data, follow=True)


def texts(suite: Suite) -> list[str]:
    rows = Prompt.objects.for_workspace(suite.workspace).filter(suite=suite, archived_at=None)
    return list(rows.values_list("text", flat=True))


def asked(prompt: Prompt) -> Response:
    """The prompt with an answer in its history."""
    make_brand(prompt.workspace)
    run = Run.objects.create(
        workspace=prompt.workspace,
        brand_set=brands.current_brand_set(workspace=prompt.workspace),
        trigger=Trigger.MANUAL,
        day="2026-11-20",
    )
    return Response.objects.create(
        workspace=prompt.workspace,
        run=run,
        prompt=prompt,
        prompt_text=prompt.text,
        assistant="local",
        repeat=0,
        seed=1,
        queue="local",
        stratum="local",
        status="answered",
    )


def test_a_suite_is_made_renamed_archived_and_restored(editor: Client, workspace: Workspace) -> None:
    reply = editor.post(reverse("suite_new", args=[workspace.slug]), {"name": " Kettles "})
    suite = Suite.objects.for_workspace(workspace).get(name="Kettles")
    assert reply["Location"] == reverse("prompts_add", args=[workspace.slug, suite.pk])
    taken = editor.post(reverse("suite_new", args=[workspace.slug]), {"name": "kettles"})
    assert taken.status_code == 422
    assert "a suite called “kettles” already" in taken.content.decode()
    editor.post(reverse("suite_edit", args=[workspace.slug, suite.pk]), {"name": "Boilers"})
    page = editor.post(reverse("suite_archive", args=[workspace.slug, suite.pk]), follow=True).content.decode()
    assert "Boilers is archived" in page
    assert reverse("suite_restore", args=[workspace.slug, suite.pk]) in page
    editor.post(reverse("suite_restore", args=[workspace.slug, suite.pk]))
    suite.refresh_from_db()
    assert (suite.name, suite.archived_at) == ("Boilers", None)


def test_a_suite_that_a_panel_asks_is_not_archived(editor: Client, suite: Suite) -> None:
    Panel.objects.create(workspace=suite.workspace, suite=suite, name="Daily")
    page = editor.post(reverse("suite_archive", args=[suite.workspace.slug, suite.pk]), follow=True).content.decode()
    assert "The panel “Daily” ask" in unescape(page)
    suite.refresh_from_db()
    assert suite.archived_at is None


def test_one_prompt_and_the_same_again(editor: Client, suite: Suite) -> None:
    add(editor, suite, mode="one", **{"one-text": " Which boils\r\nfastest? ", "one-tags": "speed, Speed; buying"})
    prompt = Prompt.objects.for_workspace(suite.workspace).get()
    assert (prompt.text, prompt.tags) == ("Which boils\nfastest?", ["speed", "buying"])
    reply = add(editor, suite, mode="one", **{"one-text": "Which boils\nfastest?", "one-tags": ""})
    assert reply.status_code == 422
    assert "with these words already" in reply.content.decode()


def test_a_prompt_of_ten_thousand_characters_is_refused_and_nothing_typed_is_lost(editor: Client, suite: Suite) -> None:
    long = "Why? " * 2000
    reply = add(editor, suite, mode="one", **{"one-text": long, "one-tags": "kept"})
    page = reply.content.decode()
    assert reply.status_code == 422
    assert "9,999 characters; 2,000 is the most" in page
    assert long.strip() in page
    assert 'value="kept"' in page
    assert texts(suite) == []


def test_lines_are_added_at_once_when_all_are_good(editor: Client, suite: Suite) -> None:
    page = add(editor, suite, mode="lines", lines="One?\r\n\r\nTwo?\r\nOne?\r\n", tags="a").content.decode()
    assert texts(suite) == ["One?", "Two?"]
    assert "2 prompts added. 1 prompt skipped" in page
    page = add(editor, suite, mode="lines", lines="One?", tags="").content.decode()
    assert "No prompt to add" in page
    assert "It is in this suite already" in page


def test_lines_with_a_bad_one_are_previewed_kept_and_the_good_ones_offered(editor: Client, suite: Suite) -> None:
    typed = "One?\n" + "x" * 2001 + "\nTwo?"
    reply = add(editor, suite, mode="lines", lines=typed, tags="a")
    page = reply.content.decode()
    assert reply.status_code == 422
    assert texts(suite) == []
    assert "2,001 characters" in page
    assert "x" * 2001 in page
    assert "Add 2 prompts" in page
    add(editor, suite, mode="rows", rows=sent_back(page))
    assert texts(suite) == ["One?", "Two?"]


def sent_back(page: str) -> str:
    found = re.search(r'name="rows" value="([^"]*)"', page)
    assert found
    return unescape(found[1])


def upload(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("prompts.csv", data, "text/csv")


def test_a_malformed_csv_is_previewed_by_line_and_its_good_rows_are_imported_once(editor: Client, suite: Suite) -> None:
    add(editor, suite, mode="one", **{"one-text": "Known?", "one-tags": ""})
    data = b'\xef\xbb\xbfprompt;tags\r\nGood?;a,b\r\n"Open;c\r\nKnown?;d\r\n;lonely\r\n<b>Bold?</b>;e\r\n'
    reply = add(editor, suite, mode="csv", file=upload(data))
    page = reply.content.decode()
    assert reply.status_code == 200
    assert texts(suite) == ["Known?"]
    assert "2 prompts ready" in page
    for line, reason in ((3, "opened here and not closed"), (4, "in this suite already"), (5, "no prompt in this row")):
        assert re.search(rf'<td class="number">{line}</td><td class="clip">[^<]*{reason}', page)
    assert "<b>Bold?" not in page
    rows = sent_back(page)
    assert "2 prompts added" in add(editor, suite, mode="rows", rows=rows).content.decode()
    assert "0 prompts added" in add(editor, suite, mode="rows", rows=rows).content.decode()  # delivered twice
    assert texts(suite) == ["Known?", "Good?", "<b>Bold?</b>"]
    assert Prompt.objects.for_workspace(suite.workspace).get(text="Good?").tags == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "This file is empty"),
        (b"prompt,tags\n\n", "no prompt in this file"),
        (b"PK\x03\x04", "This is a workbook"),
        (b"\x89PNG\x00", "not a text file"),
    ],
)
def test_files_without_prompts_say_why(editor: Client, suite: Suite, data: bytes, said: str) -> None:
    reply = add(editor, suite, mode="csv", file=upload(data))
    assert reply.status_code == 422
    assert said in reply.content.decode()


def test_a_forged_preview_adds_nothing(editor: Client, suite: Suite) -> None:
    page = add(editor, suite, mode="rows", rows="{").content.decode()
    assert "Nothing was added" in page


def test_new_words_for_an_asked_prompt_leave_the_old_ones_to_history(editor: Client, suite: Suite) -> None:
    prompt = Prompt.objects.create(workspace=suite.workspace, suite=suite, text="Old words?", tags=["a"])
    response = asked(prompt)
    address = reverse("prompt", args=[suite.workspace.slug, prompt.pk])
    page = editor.post(address, {"text": "New words?", "tags": "a"}, follow=True).content.decode()
    assert "The old words keep their answers" in page
    assert texts(suite) == ["New words?"]
    prompt.refresh_from_db()
    response.refresh_from_db()
    assert prompt.archived_at
    assert (prompt.text, response.prompt_id, response.prompt_text) == ("Old words?", prompt.pk, "Old words?")
    # tags alone make no new prompt, and an archived one says what to do
    fresh = Prompt.objects.for_workspace(suite.workspace).get(text="New words?")
    editor.post(reverse("prompt", args=[suite.workspace.slug, fresh.pk]), {"text": "New words?", "tags": "b"})
    fresh.refresh_from_db()
    assert fresh.tags == ["b"]
    assert editor.post(address, {"text": "Other?", "tags": ""}).status_code == 422


def test_a_prompt_never_asked_simply_changes_but_not_into_one_that_is_there(editor: Client, suite: Suite) -> None:
    prompt = Prompt.objects.create(workspace=suite.workspace, suite=suite, text="Tpyo?")
    Prompt.objects.create(workspace=suite.workspace, suite=suite, text="There?")
    address = reverse("prompt", args=[suite.workspace.slug, prompt.pk])
    editor.post(address, {"text": "Typo?", "tags": ""})
    prompt.refresh_from_db()
    assert (prompt.text, prompt.archived_at) == ("Typo?", None)
    reply = editor.post(address, {"text": "There?", "tags": ""})
    assert reply.status_code == 422
    assert "with these words already" in reply.content.decode()


def test_ticked_prompts_are_archived_and_one_button_brings_them_back(editor: Client, workspace: Workspace) -> None:
    suite = make_suite(workspace, prompts=3)
    ids = list(suite.prompts.values_list("pk", flat=True))
    address = reverse("prompts_archive", args=[workspace.slug, suite.pk])
    page = editor.post(address, {"prompt": [*map(str, ids[:2]), "x", "9" * 30]}, follow=True).content.decode()
    assert "2 prompts archived" in page
    assert len(texts(suite)) == 1
    undo = re.search(r'action="([^"]*prompts/restore/[^"]*)"', page)
    assert undo
    page = editor.post(unescape(undo[1]), follow=True).content.decode()
    assert "2 prompts restored" in page
    assert len(texts(suite)) == 3
    assert "tick the prompts first" in editor.post(address, {}, follow=True).content.decode()


def test_search_and_tags_narrow_the_list(editor: Client, suite: Suite) -> None:
    for text, tags in (("Quiet one?", ["office"]), ("Fast one?", ["speed"]), ("100% pure?", [])):
        Prompt.objects.create(workspace=suite.workspace, suite=suite, text=text, tags=tags)
    address = reverse("suite", args=[suite.workspace.slug, suite.pk])
    shown = editor.get(address, {"q": "quiet"}).content.decode()
    assert "Quiet one?" in shown
    assert "Fast one?" not in shown
    assert "Fast one?" in editor.get(address, {"tag": "speed"}).content.decode()
    assert "100% pure?" in editor.get(address, {"q": "0% p"}).content.decode()
    assert "No prompt has these words" in editor.get(address, {"q": "zz\x00"}).content.decode()


def test_empty_places_teach_and_viewers_are_offered_nothing(editor: Client, suite: Suite) -> None:
    address = reverse("suite", args=[suite.workspace.slug, suite.pk])
    assert "has no prompts yet" in editor.get(address).content.decode()
    editor.force_login(make_member(suite.workspace, Role.VIEWER))
    assert "Add prompts" not in editor.get(address).content.decode()
    assert add(editor, suite, mode="lines", lines="x", tags="").status_code == 403
    empty = make_workspace()
    editor.force_login(make_member(empty, Role.EDITOR))
    assert "Start with a suite" in editor.get(reverse("suites", args=[empty.slug])).content.decode()
