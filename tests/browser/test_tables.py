"""Tables in a browser: the CSV of what is shown, in the order it is sorted in; and counts that open their answers."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from monitor.models import Prompt
from tests.browser.conftest import Visit
from tests.browser.walk import SIZES, axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def saved(page: Page, button: str) -> tuple[str, list[dict[str, str]]]:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    return download.value.suggested_filename, list(csv.DictReader(text.splitlines()))


def test_a_table_is_saved_as_it_is_shown_and_sorted(owner: Visit) -> None:
    page, workspace = owner.page, owner.world.workspace
    texts = ('=HYPERLINK("x"), or a "pen"', "\u200b\uff1d1+1")
    for prompt, text in zip(owner.world.history.prompts, texts, strict=False):
        Prompt.objects.for_workspace(workspace).filter(pk=prompt.pk).update(text=text)
    owner.open(reverse("suites", args=[workspace.slug]))
    name, rows = saved(page, "Save as CSV: Where you stand, prompt by prompt")
    assert name == "citescope-prompts-where-you-stand-prompt-by-prompt.csv"
    shown = page.locator("table.heat tbody tr")
    assert len(rows) == shown.count() > 3
    assert {f"'{text}" for text in texts} <= {row["Prompt"].split(" · ")[0] for row in rows}
    for row in rows:
        hits, of = row["Local engine, as shown"].split(" · ")[-1].split(" of ")
        assert float(row["Local engine"]) == pytest.approx(int(hits) / int(of))

    page.get_by_role("columnheader", name="Local engine").get_by_role("button").click()
    _, by_share = saved(page, "Save as CSV: Where you stand, prompt by prompt")
    assert sorted(map(str, rows)) == sorted(map(str, by_share))
    shares = [float(row["Local engine"]) for row in by_share]
    assert shares == sorted(shares, reverse=True) != [float(row["Local engine"]) for row in rows]


def test_of_a_table_that_is_a_form_the_file_has_what_is_chosen_in_it(owner: Visit) -> None:
    owner.open(reverse("settings", args=[owner.world.workspace.slug]))
    _, rows = saved(owner.page, "Save as CSV: Members")
    roles = {row["Person"].removesuffix(" You"): row["Role"] for row in rows}
    assert roles == {user.email: role.label for role, user in owner.world.people.items()}


def test_what_is_said_of_brands_follows_the_filter_and_opens_its_answers(owner: Visit) -> None:
    page, (ours, *_) = owner.page, owner.world.history.brands
    owner.open(reverse("brands", args=[owner.world.workspace.slug]))
    said = page.get_by_role("region", name="Sentiment toward each brand, and its role").locator("tbody tr")
    listed = page.get_by_role("region", name="Brands", exact=True).locator("tbody tr")
    brands, every = listed.count(), said.count()
    page.locator("summary", has_text="Brands").click()
    page.get_by_label(ours.name).check()
    page.wait_for_url(f"**brand={ours.pk}*")
    expect(said).to_have_count(1)
    assert listed.count() == brands and every > 1
    opens = said.locator("a").first
    answers = opens.inner_text()
    opens.click()
    page.wait_for_url("**/answers/**")
    expect(page.get_by_text(f"{answers} answer").first).to_be_visible()
    chosen = page.get_by_label("Sentiment").input_value() or page.get_by_label("Role").input_value()
    assert chosen in ("recommended", "neutral", "negative", "waiting", "compared", "listed", "named")


def test_on_a_phone_ticks_come_first_and_what_is_done_with_them_stays_in_sight(owner: Visit) -> None:
    page, suite = owner.page, owner.world.history.prompts[0].suite
    page.set_viewport_size(SIZES["phone"])
    owner.open(reverse("suite", args=[owner.world.workspace.slug, suite.pk]))
    rows = page.get_by_role("region", name="Prompts").locator("tbody tr")
    assert page.locator(".table-wrap.scrolls").count() == 0, "nothing waits off screen"
    tick, name = rows.last.get_by_role("checkbox"), rows.last.get_by_role("link").first
    places = tick.bounding_box(), name.bounding_box()
    assert places[0] and places[1] and places[0]["x"] < places[1]["x"]
    tick.check()
    button = page.get_by_role("button", name="Archive ticked prompts")
    expect(button).to_be_in_viewport()
    button.click()
    page.get_by_text("1 prompt archived.").wait_for()


def test_on_a_phone_folded_rows_are_sorted_by_a_choice_above_them(owner: Visit) -> None:
    page = owner.page
    page.set_viewport_size(SIZES["phone"])
    owner.open(reverse("overview", args=[owner.world.workspace.slug]))
    box = page.get_by_role("region", name=re.compile("^Brands")).first

    def rates() -> list[float]:
        return [float(cell.get_attribute("data-value") or -1) for cell in box.locator("td[data-label=named]").all()]

    listed = rates()
    assert len(listed) > 3 and page.locator(".table-wrap.scrolls").count() == 0, "nothing waits off screen"
    choice, header = box.get_by_label("Sort by"), box.locator("th", has_text="Mention rate")
    choice.select_option("Mention rate")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert rates() == sorted(listed, reverse=True)
    box.get_by_role("button", name="Sort ascending").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert rates() == sorted(listed)
    choice.select_option("Brand")
    names = box.locator("tbody th").all_inner_texts()
    assert names == sorted(names)
    choice.select_option("as listed")
    assert rates() == listed
    assert axe_violations(page) == []

    page.set_viewport_size(SIZES["desktop"])
    expect(choice).to_be_hidden()
    header.get_by_role("button").click()
    expect(choice).to_have_value("1")
    assert rates() == sorted(listed, reverse=True)
