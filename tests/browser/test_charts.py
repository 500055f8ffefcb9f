"""Charts in a real browser: drawn under the strict CSP, again in another theme, and again after a filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests.factories import make_member
from tests.factories_history import make_history

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    """A page of the browser that all tests share: a second Playwright cannot run in this thread."""
    found = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield found
    found.close()


def test_charts_are_drawn_redrawn_in_the_dark_and_follow_the_filter(page: Page, live_server: Any) -> None:
    history = make_history(days=6, prompts=10)
    client = Client()
    client.force_login(make_member(history.workspace))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.text} {said.location}") if said.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{live_server.url}/w/{history.workspace.slug}/")
    expect(page.locator("[data-drawn] svg")).to_have_count(4)
    own = "[data-chart^='series-mention'] path[stroke='{}']"
    expect(page.locator(own.format("#0072b2")).first).to_be_attached()

    grey = page.locator("[data-picks] [data-pick='Tallow']")
    labels = page.locator("[data-chart^='series-mention'] .mark-text.role-mark text").filter(has_not_text="before")
    for coloured in ("Fernwood", "Quillmark", "Ostrava Paper"):
        expect(labels.filter(has_text=coloured)).to_have_count(1)
    grey.click()
    expect(grey).to_have_attribute("aria-pressed", "true")
    expect(labels).to_have_text(["Tallow"])

    page.locator("[data-theme-switch]:visible").first.click()
    expect(labels).to_have_text(["Tallow"])
    page.get_by_role("button", name="Show as before").click()
    expect(grey).to_have_attribute("aria-pressed", "false")
    expect(page.locator(own.format("#4aa3df")).first).to_be_attached()

    page.locator("#filter-compare").select_option("none")
    page.wait_for_url("**compare=none**")
    expect(page.locator("#results")).to_contain_text("no period to compare with is chosen")
    expect(page.locator("[data-drawn] svg")).to_have_count(4)

    page.locator("[data-chart^='comparison-mention'] svg").scroll_into_view_if_needed()
    page.locator("[data-chart^='comparison-mention'] path[fill='#4aa3df']").first.hover()
    expect(page.locator(".chart-tip")).to_contain_text("Fernwood")
    assert complaints == []
