"""A brand tried on the last answers: the part of the page that follows the form, with nothing saved."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitor.models import Brand
from tests.browser.conftest import Visit
from tests.browser.walk import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_trial_follows_the_form_and_keeps_what_is_typed(owner: Visit) -> None:
    page, brand = owner.page, owner.world.history.brands[0]
    owner.open(reverse("brand", args=[owner.world.workspace.slug, brand.pk]))
    page.get_by_text("When a name counts").click()
    page.get_by_label("Words that must not be near").fill("left-handers")
    page.get_by_role("button", name="Try on recent answers").click()
    trial = page.locator("#trial")
    expect(trial).to_contain_text("lost")
    expect(trial.get_by_role("region", name="Lost mentions").locator("mark").first).to_have_text(brand.name)
    expect(page.get_by_label("Words that must not be near")).to_have_value("left-handers")
    assert axe_violations(page) == []
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Try on recent answers").click()
    expect(trial).to_contain_text("Name: Fill this in.")
    assert Brand.objects.for_workspace(owner.world.workspace).get(pk=brand.pk).excludes == []
