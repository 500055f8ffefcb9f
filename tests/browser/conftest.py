"""A browser, a live server and a filled workspace for the browser tests. Any console error fails a test."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.urls import reverse

from monitor.models import Membership, Role, User, Workspace
from monitor.services import workspaces
from tests.browser.install import chromium
from tests.browser.walk import FLAGS, SIZES
from tests.factories import PASSWORD
from tests.plugin import absent
from tests.world import World, make_world


@dataclass
class Visit:
    """A signed-in owner's browser page on the live server."""

    page: Any
    base: str
    world: World
    empty: Workspace
    problems: list[str] = field(default_factory=list)

    def open(self, url: str) -> Any:
        return self.page.goto(f"{self.base}{url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    path = chromium()
    if path is None:
        absent("chromium (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    # Playwright's own loop runs in this thread, and Django would take it for ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture
def visitor(browser: Any, live_server: Any) -> Iterator[Visit]:
    """Nobody yet: a fresh browser context, its console watched."""
    world = make_world(workspaces.create(name="Fernwood pens", owners=[], is_demo=True), days=3, prompts=10)
    owner = world.people[Role.OWNER]
    owner.set_password(PASSWORD)
    owner.save()
    empty = workspaces.create(name="Empty", owners=[owner])
    context = browser.new_context(viewport=SIZES["desktop"], color_scheme="light")
    context.set_default_timeout(20_000)
    visit = Visit(context.new_page(), live_server.url, world, empty)
    watch(visit.page, visit.problems)
    yield visit
    context.close()
    assert visit.problems == []


@pytest.fixture
def owner(visitor: Visit) -> Visit:
    """The owner, signed in by what the form sends. (That the form sends it is a test of its own.)"""
    url, request = f"{visitor.base}{reverse('account_login')}", visitor.page.context.request
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', request.get(url).text())
    assert token
    form = {"login": visitor.world.people[Role.OWNER].email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    answer = request.post(url, form=form, headers={"Referer": url}, max_redirects=0)
    assert answer.status == 302, "Signing in failed."
    return visitor


@pytest.fixture
def invited(visitor: Visit) -> User:
    user = User.objects.create_user("invited@example.com")
    Membership.objects.create(workspace=visitor.world.workspace, user=user, role=Role.VIEWER)
    return user


def watch(page: Any, problems: list[str]) -> None:
    """Collect what must not happen: script errors, and all that the browser refuses under the CSP."""
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: problems.append(f"{page.url}: {message.text}") if message.type == "error" else None,
    )
