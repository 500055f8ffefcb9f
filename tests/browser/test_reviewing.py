"""Reviewing an answer by keys and by selection: words marked in the text go into the form, the next answer comes."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitor.models import Correction, Review
from tests.browser.conftest import Visit
from tests.browser.walk import axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_missed_brand_is_selected_and_keys_lead_on(owner: Visit) -> None:
    page, workspace, review = owner.page, owner.world.workspace, owner.world.review
    review.response.text = "Pens by the Owl write well. Fernwood copies the **Owl**, they say."
    review.response.save(update_fields=["text"])
    owner.open(reverse("review_answer", args=[workspace.slug, review.pk]))
    page.locator("[data-answer-text] strong", has_text="Owl").dblclick()  # its second place in the answer
    words = page.get_by_label("The words that name it")
    expect(words).to_have_value("Owl")
    page.get_by_label("Brand", exact=True).select_option(label="Tallow")
    page.get_by_role("button", name="Add this mention").click()
    expect(page.locator("[data-answer-text] mark.mention").last).to_have_text("Owl")
    found = Correction.objects.for_workspace(workspace).get(text="Owl")
    assert (found.brand_name, found.start) == ("Tallow", review.response.text.rindex("Owl"))
    assert axe_violations(page) == []
    page.keyboard.press("m")
    expect(words).to_be_focused()
    page.keyboard.type("rnm")
    expect(words).to_have_value("rnm")  # what is typed presses nothing
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    page.wait_for_url(f"{owner.base}{reverse('review', args=[workspace.slug])}")
    assert Review.objects.for_workspace(workspace).get(pk=review.pk).reviewed_at is not None
