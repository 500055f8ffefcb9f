"""Every page in a real browser: no error, nothing that the CSP refuses or axe finds serious, no wider than a phone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from monitor.models import Role, User
from tests.browser.conftest import Visit
from tests.browser.walk import NO_PAGE, SIZES, TWO_FACTOR, Stop, axe_violations, can_be_opened, enable_two_factor, stops
from tests.world import routes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: What a page is made of: tags with their classes, each once.
KINDS = """
() => {
    const kinds = [...document.querySelectorAll("body *")].map(each => `${each.tagName}.${each.getAttribute("class")}`)
    return [...new Set(kinds)]
}
"""
#: Answered with another status than 200 on purpose: a link that is no longer good.
STATUS = {"account_confirm_email": {200, 404}}


def test_every_named_url_is_walked_or_known_to_be_no_page(owner: Visit, invited: User) -> None:
    walked = {stop.name for stop in stops(owner.world, owner.empty, invited)}
    assert {route.name for route in routes() if can_be_opened(route)} == walked
    assert set(NO_PAGE) <= {route.name for route in routes()}


@pytest.mark.parametrize("part", [0, 1], ids=["first half", "second half"])
def test_pages_have_no_errors_suit_axe_and_fit_a_phone(owner: Visit, invited: User, part: int) -> None:
    found: list[str] = []
    seen: set[str] = set()
    walk = stops(owner.world, owner.empty, invited)
    for stop in walk[part::2]:
        if stop.name in TWO_FACTOR:
            enable_two_factor(owner.world.people[Role.OWNER])
        if stop.signed_in:
            found += _look(owner, owner.page, stop, seen)
            continue
        stranger = owner.page.context.browser.new_context()
        page = stranger.new_page()
        found += _look(owner, page, stop, seen)
        stranger.close()
    assert found == []


def _look(visit: Visit, page: Any, stop: Stop, seen: set[str]) -> list[str]:
    """What is wrong with one page. axe is asked where a kind of element is not `seen` yet; the shots ask it always."""
    answer = page.goto(f"{visit.base}{stop.url}")
    where = f"{stop.name} ({stop.state})"
    found = [] if answer.status in STATUS.get(stop.name, {200}) else [f"{where}: status {answer.status}"]
    headings = page.locator("h1:visible").count()
    found += [] if headings == 1 else [f"{where}: {headings} first headings"]
    kinds = set(page.evaluate(KINDS))
    if kinds - seen:
        page.emulate_media(color_scheme="light")
        found += [f"{where}: {line}" for line in axe_violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{where}, dark: {line}" for line in axe_violations(page, {"runOnly": ["color-contrast"]})]
    seen |= kinds
    page.set_viewport_size(SIZES["phone"])
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.set_viewport_size(SIZES["desktop"])
    return found + ([f"{where}: {excess} px wider than a phone"] if excess > 0 else [])


@override_settings(DEBUG=False)
@pytest.mark.parametrize("url", ["/w/nobody-is-here/", "/no/such/page/"])
def test_what_is_not_there_says_so_in_the_products_own_words(owner: Visit, url: str) -> None:
    assert owner.open(url).status == 404
    assert owner.page.get_by_role("heading", name="There is nothing here").is_visible()
    owner.problems[:] = [problem for problem in owner.problems if "404" not in problem]
