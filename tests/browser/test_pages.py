"""Every page in a real browser: no error, nothing refused by the CSP, nothing serious for axe, in light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import override_settings

from monitor.models import Role, User
from tests.browser.conftest import Visit
from tests.browser.walk import NO_PAGE, TWO_FACTOR, Stop, can_be_opened, enable_two_factor, stops
from tests.world import routes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}
#: Answered with another status than 200 on purpose: a link that is no longer good.
STATUS = {"account_confirm_email": {200, 404}}


def test_every_named_url_is_walked_or_known_to_be_no_page(owner: Visit, invited: User) -> None:
    walked = {stop.name for stop in stops(owner.world, owner.empty, invited)}
    assert {route.name for route in routes() if can_be_opened(route)} == walked
    assert set(NO_PAGE) <= {route.name for route in routes()}


@pytest.mark.parametrize("part", [0, 1], ids=["first half", "second half"])
def test_pages_have_no_errors_and_nothing_serious_for_axe(owner: Visit, invited: User, part: int) -> None:
    found: list[str] = []
    walk = [stop for stop in stops(owner.world, owner.empty, invited) if stop.is_document]
    for stop in walk[part::2]:
        if stop.name in TWO_FACTOR:
            enable_two_factor(owner.world.people[Role.OWNER])
        if stop.signed_in:
            found += _look(owner, owner.page, stop)
            continue
        stranger = owner.page.context.browser.new_context()
        page = stranger.new_page()
        found += _look(owner, page, stop)
        stranger.close()
    assert found == []


def _look(visit: Visit, page: Any, stop: Stop) -> list[str]:
    answer = page.goto(f"{visit.base}{stop.url}")
    where = f"{stop.name} ({stop.state})"
    found = [] if answer.status in STATUS.get(stop.name, {200}) else [f"{where}: status {answer.status}"]
    headings = page.locator("h1:visible").count()
    found += [] if headings == 1 else [f"{where}: {headings} first headings"]
    page.emulate_media(color_scheme="light")
    found += [f"{where}, light: {line}" for line in axe_violations(page, {})]
    page.emulate_media(color_scheme="dark")
    found += [f"{where}, dark: {line}" for line in axe_violations(page, {"runOnly": ["color-contrast"]})]
    return found


def axe_violations(page: Any, options: dict[str, Any] | None = None) -> list[str]:
    """What is serious or critical for axe, which is loaded into a page once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    # without a list of all that is well, which takes most of its time
    options = {"resultTypes": ["violations"], **(options or {})}
    violations = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in violations if item["impact"] in SERIOUS]


def test_no_page_is_wider_than_a_phone(owner: Visit, invited: User) -> None:
    owner.page.set_viewport_size({"width": 390, "height": 844})
    wide = []
    for stop in stops(owner.world, owner.empty, invited):
        if stop.signed_in and stop.is_document and stop.state == "filled":
            owner.open(stop.url)
            excess = owner.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            wide += [f"{stop.name}: {excess} px"] if excess > 0 else []
    assert wide == []


@override_settings(DEBUG=False)
@pytest.mark.parametrize("url", ["/w/nobody-is-here/", "/no/such/page/"])
def test_what_is_not_there_says_so_in_the_products_own_words(owner: Visit, url: str) -> None:
    assert owner.open(url).status == 404
    assert owner.page.get_by_role("heading", name="There is nothing here").is_visible()
    owner.problems[:] = [problem for problem in owner.problems if "404" not in problem]
