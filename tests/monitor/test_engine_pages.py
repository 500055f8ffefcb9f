"""The local engine in the browser: pages, uploads, jobs and questions, for those who may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from monitor.models import Job, JobStatus, Page, Response, Role, Workspace
from monitor.services import indexes, jobs, ledger, nudge
from tests.factories import make_member, make_workspace
from tests.monitor.test_indexes import KETTLE, workspace_with_pages
from tests.monitor.test_pages_import import html, import_all, row
from tests.world import AS_PART

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


def signed_in(workspace: Workspace, role: Role = Role.EDITOR) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role))
    return client


def url(name: str, workspace: Workspace, *arguments: Any) -> str:
    return reverse(name, args=[workspace.slug, *arguments])


def text_of(response: Any) -> str:
    return str(response.content.decode()).replace("<wbr>", "")


def test_an_empty_engine_teaches(client: Client) -> None:
    workspace = make_workspace()
    editor, viewer = signed_in(workspace), signed_in(workspace, Role.VIEWER)
    assert "Import pages" in text_of(editor.get(url("engine", workspace)))
    assert "Import pages" not in text_of(viewer.get(url("engine", workspace)))
    assert "no pages yet" in text_of(editor.get(url("ask", workspace)))
    assert viewer.get(url("pages_import", workspace)).status_code == 403
    asked = editor.post(url("ask", workspace), {"text": "What is a kettle?"})
    assert asked.status_code == 422
    assert "What is a kettle?" in text_of(asked), "what was typed is kept"


def test_upload_to_index_by_way_of_the_job_page() -> None:
    workspace = make_workspace()
    client = signed_in(workspace)
    line = json.dumps({"url": "https://a.example/kettle", "html": html(KETTLE).decode()})
    files = [SimpleUploadedFile("pages.jsonl", f"{line}\nnonsense".encode())]
    followed = client.post(url("pages_import", workspace), {"files": files, "url": ""}, follow=True)
    assert "Waiting for a worker" in text_of(followed)
    job = Job.objects.for_workspace(workspace).get()
    assert 'hx-trigger="every 1s"' in text_of(client.get(url("job_progress", workspace, job.pk), headers=AS_PART))
    jobs.run(job_id=job.pk)
    jobs.run(job_id=job.pk)
    ended = text_of(client.get(url("job_progress", workspace, job.pk), headers=AS_PART))
    assert "hx-trigger" not in ended
    assert "pages.jsonl, line 2" in ended

    refused = client.post(url("pages_import", workspace), {"files": [SimpleUploadedFile("a.pdf", b"%PDF")]})
    assert refused.status_code == 422
    assert "a.pdf is neither HTML" in text_of(refused)


def test_pages_are_found_shown_taken_out_and_put_back() -> None:
    workspace = workspace_with_pages()
    client = signed_in(workspace)
    assert "2 page changes not in the index yet" in text_of(client.get(url("engine", workspace)))
    indexes.next_generation(workspace=workspace)
    found = text_of(client.get(url("engine", workspace) + "?q=kettle&state=in"))
    assert "a.example/kettle" in found
    assert "b.example/toaster" not in found

    page = Page.objects.for_workspace(workspace).get(page="a.example/kettle")
    shown = text_of(client.get(url("page", workspace, page.pk)))
    assert "boils a litre" in shown
    assert "Passages (1)" in shown
    for name, state in (("page_take_out", True), ("page_put_back", False)):
        client.post(url(name, workspace, page.pk))
        page.refresh_from_db()
        assert (page.current is None) is state
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE + " It whistles."))])
    assert "not indexed yet" in text_of(client.get(url("page", workspace, page.pk)))
    old = text_of(client.get(url("page", workspace, page.pk) + "?version=1&view=text"))
    assert "boils a litre" in old
    assert "whistles" not in old
    assert client.get(url("page", workspace, page.pk) + "?version=x").status_code == 200


def test_a_page_shows_what_it_says_of_itself() -> None:
    workspace = make_workspace()
    head = (
        b'<head><meta property="og:site_name" content="Kettle Review"><script type="application/ld+json">'
        b'{"@type": "NewsArticle", "author": {"name": "Ada\\u0000 Stone"}, "dateModified": "2026-04-01"}</script>'
    )
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE).replace(b"<head>", head))])
    page = Page.objects.for_workspace(workspace).get()
    assert page.current and page.current.author == "Ada Stone"
    shown = text_of(signed_in(workspace).get(url("page", workspace, page.pk)))
    for told in ("Ada Stone", "NewsArticle", "1\xa0Apr\xa02026", "Kettle Review"):
        assert told in shown


def test_a_question_and_its_answer_with_the_sources_beside() -> None:
    workspace = workspace_with_pages()
    indexes.next_generation(workspace=workspace)
    client = signed_in(workspace)
    asked = client.post(url("ask", workspace), {"text": "How fast does the kettle boil?"})
    assert asked.status_code == 302
    waiting = text_of(client.get(asked["Location"]))
    assert 'hx-trigger="asked:look"' in waiting, "it is looked at again when something is told"
    assert 'http-equiv="refresh"' in waiting, "or without a script"
    ledger.work(queues=["online"])
    answered = text_of(client.get(asked["Location"], headers={"HX-Request": "true"}))
    assert "hx-trigger" not in answered
    assert "boils a litre" in answered
    assert "a.example/kettle" in answered
    assert "<html" not in answered

    stranger = make_workspace()
    outsider = signed_in(stranger)
    response = Response.objects.for_workspace(workspace).get()
    assert outsider.get(f"{url('ask', stranger)}?answer={response.pk}").status_code == 404
    viewer = signed_in(workspace, Role.VIEWER)
    assert viewer.get(asked["Location"]).status_code == 200
    assert viewer.post(url("ask", workspace), {"text": "And now?"}).status_code == 403


def test_cancelling_a_job_is_for_editors() -> None:
    workspace = make_workspace()
    job = jobs.start_once(workspace=workspace, kind="build_index")  # type: ignore[arg-type]
    assert signed_in(workspace, Role.VIEWER).post(url("job_cancel", workspace, job.pk)).status_code == 403
    assert signed_in(workspace).post(url("job_cancel", workspace, job.pk)).status_code == 302
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
