"""The form of a rule: what it would have told stands beside it by itself, and follows what is typed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from monitor.models import AlertRule
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_preview_comes_by_itself_and_follows_the_form(owner: Visit) -> None:
    from playwright.sync_api import expect

    workspace, page = owner.world.workspace, owner.page
    owner.open(reverse("alert_rule_new", args=[workspace.slug]) + "?kind=change")
    preview = page.locator("#alert-preview")
    expect(preview).to_contain_text("This rule would have raised no alert.")
    page.get_by_label("Days compared").fill("")
    expect(preview).to_contain_text("Fill in the form")
    page.get_by_label("Days compared").fill("2")
    expect(preview).to_contain_text("This rule would have raised no alert.")
    before = AlertRule.objects.for_workspace(workspace).count()
    page.get_by_label("Name").fill("Our own")
    page.get_by_role("button", name="Create rule").click()
    expect(page.locator("[role=status]").first).to_contain_text("“Our own” is saved.")
    assert AlertRule.objects.for_workspace(workspace).count() == before + 1
