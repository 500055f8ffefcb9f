"""The Ask page before a real server: text grows while an answer comes, and its sources stand there at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.urls import reverse

from monitor import assistants
from monitor.models import Response, Role, Run, Trigger
from monitor.services import credentials
from tests.browser.conftest import Visit
from tests.browser.test_pages import axe_violations
from tests.loopback import Loopback
from tests.monitor.test_asking import TEXT, WORDS, in_a_thread, streamed_answer, work
from tests.ports import free_port, wait_until_ready

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def service(settings: Any) -> Iterator[Loopback]:
    with Loopback([streamed_answer()]) as loopback:
        settings.ASSISTANT_URLS = {"openai": f"{loopback.url}/v1"}
        assistants.client.cache_clear()
        yield loopback
        assistants.client.cache_clear()


@pytest.fixture
def asker(visitor: Visit, service: Loopback) -> Iterator[Visit]:
    """The owner, signed in, before the server that people run: the one of the other tests sends no streams."""
    credentials.save(
        workspace=visitor.world.workspace, assistant="openai", values={"api_key": "sk-asking-0123456789abcdef"}
    )
    port = free_port()
    database = connection.settings_dict
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "SECRET_KEY": configured.SECRET_KEY,
    }
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([*command, "monitor.asgi:application"], cwd=ROOT, env=environment) as server:
        try:
            visitor.base = f"http://127.0.0.1:{port}"
            wait_until_ready(port)
            client = Client()
            client.force_login(visitor.world.people[Role.OWNER], backend="django.contrib.auth.backends.ModelBackend")
            session = client.cookies["sessionid"].value
            visitor.page.context.add_cookies([{"name": "sessionid", "value": session, "url": visitor.base}])
            yield visitor
            visitor.page.goto("about:blank")
        finally:
            server.terminate()
            server.wait(20)


@contextmanager
def at_work(service: Loopback) -> Iterator[None]:
    """A worker beside the block; at the block's end what the service still holds back goes, and the worker ends."""
    worker = in_a_thread(work)
    try:
        yield
    finally:
        service.let_go = 10**6
        worker.join(20)


def put_question(visit: Visit, text: str) -> Response:
    page, workspace = visit.page, visit.world.workspace
    visit.open(reverse("ask", args=[workspace.slug]))
    page.get_by_label("Question").fill(text)
    page.get_by_label("Assistant").select_option("openai/gpt-5-mini")
    assert page.locator("#most").inner_text().startswith("At most $0.")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.wait_for_url("**/engine/ask/?answer=*")
    runs = Run.objects.for_workspace(workspace).filter(trigger=Trigger.ASK)
    return Response.objects.for_workspace(workspace).filter(run__in=runs).latest("pk")


def test_text_grows_before_the_answer_is_whole_and_then_its_citations_stand_there(
    asker: Visit, service: Loopback
) -> None:
    page = asker.page
    put_question(asker, "Which kettle? loopback:held")
    assert page.get_by_text("Waiting to be asked.").is_visible()
    with at_work(service):
        for said in range(1, len(WORDS) + 1):
            service.let_go = said
            so_far = "".join(WORDS[:said]).strip()
            page.wait_for_function(
                "text => document.querySelector('[data-said]').textContent.trim() === text", arg=so_far
            )
    page.locator("ol.source-list").first.wait_for()
    assert page.locator("ol.source-list").first.get_by_text("k.example/a").count()
    assert "boils" in page.locator("article.answer .prose").inner_text()
    footer = page.locator("article.answer footer").inner_text()
    assert "first words after" in footer and "whole answer after" in footer and "$0." in footer
    assert page.locator("[data-stream]").count() == 0
    assert axe_violations(page) == []


def test_who_leaves_the_page_loses_nothing_and_who_comes_back_finds_the_text_so_far(
    asker: Visit, service: Loopback
) -> None:
    page = asker.page
    response = put_question(asker, "Which kettle lasts? loopback:held")
    address = page.url
    with at_work(service):
        service.let_go = 3
        page.locator("[data-said]:not(:empty)").wait_for()
        asker.open(reverse("overview", args=[asker.world.workspace.slug]))
        page.goto(address)
        assert page.locator("[data-said]").inner_text().startswith("Bright"), "also before any script runs"
        page.goto("about:blank")
    response.refresh_from_db()
    assert (response.status, response.text) == ("answered", TEXT)
    page.goto(address)
    assert page.locator("article.answer").is_visible()


def test_without_a_script_the_page_is_loaded_again_until_the_answer_stands_there(
    asker: Visit, service: Loopback
) -> None:
    response = put_question(asker, "Which kettle is loud? loopback:stream")
    context = asker.page.context.browser.new_context(java_script_enabled=False)
    context.add_cookies(asker.page.context.cookies())
    plain = context.new_page()
    plain.goto(asker.page.url)
    assert plain.get_by_text("Waiting to be asked.").is_visible()
    with at_work(service):
        pass
    plain.locator("article.answer").wait_for(timeout=10_000)
    response.refresh_from_db()
    assert response.status == "answered"
    context.close()


def test_a_persona_can_be_chosen_where_the_assistant_is_told(asker: Visit) -> None:
    page, workspace = asker.page, asker.world.workspace
    asker.open(reverse("ask", args=[workspace.slug]))
    chosen = page.get_by_label("Assistant")
    chosen.select_option("openai/gpt-5-mini")
    assert page.get_by_label("Persona").is_enabled()
    chosen.select_option(chosen.locator("option[value^='kagi/']").get_attribute("value"))
    assert page.get_by_label("Persona").is_disabled()


def test_an_answer_that_breaks_off_shows_what_had_come(asker: Visit, service: Loopback) -> None:
    page = asker.page
    put_question(asker, "Which kettle breaks? loopback:cut_stream")
    with at_work(service):
        pass
    page.get_by_text("What had come until then").wait_for()
    assert page.get_by_text("It counts as spent").is_visible()
    assert page.locator("article .prose").inner_text().startswith("Bright")
