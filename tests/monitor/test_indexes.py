"""Index generations: one for every change of the pages, whole again when damaged, kept while they are needed."""

from __future__ import annotations

import logging

import pytest

from inference.answer import Question
from monitor import assistants
from monitor.assistants import engine
from monitor.models import IndexGeneration, Page, Passage, Run, Workspace
from monitor.services import indexes, pages, runs
from tests.factories import make_workspace
from tests.monitor.test_pages_import import html, import_all, row

pytestmark = pytest.mark.django_db(transaction=True)

KETTLE = "The blue kettle boils a litre of water in two minutes and keeps it warm for an hour."
TOASTER = "The red toaster browns four slices of bread at once and has a drawer for crumbs."


def workspace_with_pages() -> Workspace:
    workspace = make_workspace()
    import_all(
        workspace, [row("https://a.example/kettle", html(KETTLE)), row("https://b.example/toaster", html(TOASTER))]
    )
    return workspace


def build(workspace: Workspace) -> IndexGeneration:
    generation = indexes.next_generation(workspace=workspace)
    assert generation is not None
    return generation


def ask(generation: IndexGeneration, text: str = "Which kettle is fast?") -> str:
    assistant = assistants.build("local", index_folder=indexes.ready_path(generation=generation))
    return assistant.answer(Question(text, seed=7, temperature=0.5)).text


def test_a_generation_for_every_change_and_none_without() -> None:
    workspace = workspace_with_pages()
    first = build(workspace)
    assert build(workspace) == first == indexes.current(workspace=workspace)
    assert first.passages == Passage.objects.for_workspace(workspace).count() > 0
    for passage in Passage.objects.for_workspace(workspace).select_related("version"):
        assert passage.version.text[passage.start : passage.end].strip()

    assert pages.take_out(page=Page.objects.for_workspace(workspace).get(page="b.example/toaster"))
    second = build(workspace)
    assert (second.number, len(second.page_versions)) == (2, 1)
    assert indexes.current(workspace=workspace) == second
    assert "boils a litre" in ask(second)

    for page in Page.objects.for_workspace(workspace).select_related("workspace"):
        pages.take_out(page=page)
    assert indexes.next_generation(workspace=workspace) is None
    assert indexes.current(workspace=workspace) is None


def test_a_damaged_generation_is_built_again_and_answers_the_same(caplog: pytest.LogCaptureFixture) -> None:
    workspace = workspace_with_pages()
    generation = build(workspace)
    before = ask(generation)
    for damage in ("cut", "gone"):
        for file in indexes.path(generation).glob("*.*"):
            if damage == "gone":
                file.unlink()
            elif file.suffix == ".npy":
                file.write_bytes(file.read_bytes()[:-3])
        engine.forget_indexes()
        with caplog.at_level(logging.WARNING):
            assert ask(generation) == before
        assert "missing or damaged" in caplog.text
        caplog.clear()


def test_garbage_is_what_no_open_run_and_no_pointer_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "KEPT_BEHIND", 0)
    workspace = workspace_with_pages()
    first = build(workspace)
    response = runs.ask(workspace=workspace, text="Which kettle is fast?")
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE + " It whistles."))])
    second = build(workspace)
    assert indexes.collect_garbage(workspace=workspace) == 0, "the question is still open"
    Run.objects.for_workspace(workspace).filter(pk=response.run_id).update(status="completed")
    assert indexes.collect_garbage(workspace=workspace) == 1
    assert not indexes.path(first).exists()
    assert indexes.path(second).exists()
    assert "boils a litre" in ask(first), "a generation asked for again is rebuilt"
