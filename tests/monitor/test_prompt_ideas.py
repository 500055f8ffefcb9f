"""Ideas for prompts: found in the workspace's pages, read by a person, added to a suite or let go."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import IdeaState, Job, JobStatus, Prompt, PromptIdea, Role, Workspace
from monitor.services import ideas as service
from monitor.services import indexes, jobs, nudge
from tests.factories import make_brand, make_member, make_suite, make_workspace
from tests.monitor.test_pages_import import html, import_all, row

pytestmark = pytest.mark.django_db(transaction=True)

FAQ = (
    "<h2>How long does a steel kettle last?</h2><p>A steel kettle lasts about ten years when it is descaled twice a "
    "year and never boiled dry.</p><h2>Is tap water good for kettles?</h2><p>Tap water is good for kettles as long as "
    "it is soft; hard water leaves lime on the heating element.</p>"
)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


@pytest.fixture
def workspace() -> Workspace:
    workspace = make_workspace()
    make_brand(workspace, name="Kettle House", domains=["a.example"], kind="own")
    make_brand(workspace, name="Rival", domains=["b.example"], kind="competitor")
    page = html("The kettle questions of our customers, answered one by one.", "Kettle questions")
    import_all(
        workspace,
        [
            row("https://a.example/faq", page.replace(b"</article>", FAQ.encode() + b"</article>")),
            row("https://b.example/best", html("The best trombones have a light slide and a bell of red brass.")),
        ],
    )
    indexes.next_generation(workspace=workspace)
    return workspace


def signed_in(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role))
    return client


def look(workspace: Workspace, *, own_pages: bool = True) -> Job:
    job = service.start(workspace=workspace, own_pages=own_pages)
    assert service.start(workspace=workspace, own_pages=own_pages) == job
    assert jobs.run(job_id=job.pk)
    job.refresh_from_db()
    return job


def post(client: Client, name: str, workspace: Workspace, **fields: Any) -> str:
    return client.post(reverse(name, args=[workspace.slug]), fields, follow=True).content.decode()


def states(workspace: Workspace) -> dict[str, str]:
    return dict(PromptIdea.objects.for_workspace(workspace).values_list("text", "state"))


def test_ideas_come_from_own_pages_and_go_into_a_suite_in_ones_own_words(workspace: Workspace) -> None:
    job = look(workspace)
    assert (job.status, job.result["ideas"]) == (JobStatus.DONE, 2)
    editor = signed_in(workspace)
    page = editor.get(reverse("ideas", args=[workspace.slug]))
    lasting, tap = sorted(page.context["found"].rows, key=lambda item: item.text)
    assert lasting.text == "How long does a steel kettle last?" and "ten years" in lasting.excerpt
    assert lasting.page == "a.example/faq" and lasting.excerpt in page.content.decode()
    suite = make_suite(workspace, prompts=0, name="Kettles")
    fields = {
        "idea": [lasting.pk],
        f"text-{lasting.pk}": "How many years does a kettle last?",
        "suite": suite.pk,
        "tags": "kettles, care",
    }
    assert "1 prompt added to Kettles." in post(editor, "ideas_add", workspace, **fields)
    assert "0 prompts added to Kettles. 1 was there already." in post(editor, "ideas_add", workspace, **fields)
    (prompt,) = Prompt.objects.for_workspace(workspace)
    assert (prompt.text, prompt.tags) == ("How many years does a kettle last?", ["kettles", "care"])
    assert states(workspace) == {lasting.text: IdeaState.ADDED, tap.text: IdeaState.NEW}
    # what waits, was dismissed, or is a prompt is not found again
    assert "1 idea dismissed." in post(editor, "ideas_add", workspace, idea=[tap.pk], dismiss="yes")
    assert look(workspace).result["ideas"] == 0
    assert "1 idea brought back." in post(editor, "ideas_restore", workspace, idea=[tap.pk])
    assert states(workspace)[tap.text] == IdeaState.NEW


def test_all_pages_are_looked_in_where_one_asks_for_it(workspace: Workspace) -> None:
    PromptIdea.objects.for_workspace(workspace).delete()
    own = service._documents(workspace, indexes.current(workspace=workspace).pk, own_pages=True)
    every = service._documents(workspace, indexes.current(workspace=workspace).pk, own_pages=False)
    assert len(own) == 1 and own < every and len(every) == 2


def test_what_cannot_be_is_said(workspace: Workspace) -> None:
    editor, empty = signed_in(workspace), make_workspace()
    assert "tick the ideas first" in post(editor, "ideas_add", workspace, dismiss="yes")
    stranger = signed_in(empty)
    assert "Crawl a site or import pages first" in post(stranger, "ideas_look", empty)
    make_brand(empty, name="Nobody", domains=["nobody.example"], kind="own")
    import_all(empty, [row("https://else.example/", html("A page about kettles that nobody owns at all."))])
    indexes.next_generation(workspace=empty)
    assert "Look in all pages instead" in post(stranger, "ideas_look", empty)
    look(workspace)
    idea = PromptIdea.objects.for_workspace(workspace).first()
    assert idea is not None
    bad = {"idea": [idea.pk], f"text-{idea.pk}": " ", "suite": make_suite(workspace, prompts=0).pk}
    assert "Nothing was added" in post(editor, "ideas_add", workspace, **bad)
    for nowhere in ("", "²", "9" * 30):
        bad = {"idea": [idea.pk], f"text-{idea.pk}": "Which kettle lasts?", "suite": nowhere}
        assert editor.post(reverse("ideas_add", args=[workspace.slug]), bad).status_code == 404
    assert Prompt.objects.for_workspace(workspace).count() == 0
    assert set(states(workspace).values()) == {IdeaState.NEW}
