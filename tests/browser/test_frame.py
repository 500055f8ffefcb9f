"""What people do with the page frame: sign in, find their way by keyboard, switch the theme, confirm, sort, invite."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitor.models import Membership, Response, Role, Workspace
from tests.browser.conftest import Visit
from tests.browser.walk import SIZES, axe_violations, sign_in
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def at(visit: Visit, name: str) -> str:
    return reverse(name, args=[visit.world.workspace.slug])


def test_signing_in_leads_back_to_where_one_wanted_to_go(visitor: Visit) -> None:
    page, wanted = visitor.page, at(visitor, "answers")
    visitor.open(wanted)
    assert "/accounts/login/" in page.url
    page.get_by_label("E-mail address").fill(visitor.world.people[Role.OWNER].email)
    page.get_by_label("Password", exact=True).fill("not this one")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")
    assert page.get_by_role("link", name="Answers").first.get_attribute("aria-current") == "page"
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url("**/accounts/login/**")


def test_a_page_without_a_search_leads_to_the_answers(owner: Visit) -> None:
    owner.open(at(owner, "brands"))
    owner.page.keyboard.press("/")
    owner.page.wait_for_url("**/answers/#q")
    expect(owner.page.locator("#q")).to_be_focused()


def test_an_error_goes_when_its_field_changes(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "panel_new"))
    page.get_by_label("Name").fill("Weekly")
    page.get_by_label("Local engine").check()
    page.get_by_label("Another schedule (cron)").check()
    page.get_by_label("Cron schedule", exact=True).fill("*/7 * * * *")
    page.wait_for_load_state("networkidle")  # the preview, which leaving the page would cut off
    page.get_by_role("button", name="Create panel").click()
    error = page.locator("#id_cron_error")
    expect(error).to_contain_text("every 4 minutes where the hour turns")
    expect(page.locator("#id_cron")).to_be_focused()
    expect(page.locator("#id_cron")).to_have_attribute("aria-describedby", re.compile("id_cron_error"))
    page.get_by_label("Cron schedule", exact=True).fill("*/15 * * * *")
    expect(error).to_have_count(0)
    expect(page.locator("#id_cron[aria-invalid]")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    # the refused save, and previews that a later change overtook
    owner.problems[:] = [said for said in owner.problems if "422" not in said and "htmx:" not in said]


def test_a_wide_table_says_on_a_phone_that_it_goes_on(owner: Visit) -> None:
    page = owner.page
    page.set_viewport_size({"width": 390, "height": 844})
    owner.open(at(owner, "overview"))
    page.locator("summary", has_text="figures as a table").first.click()
    table = page.locator("details[open] .table-wrap").first
    expect(table).to_have_class(re.compile("more"))
    table.evaluate("(element) => element.scrollTo(element.scrollWidth, 0)")
    expect(table).not_to_have_class(re.compile("more"))
    expect(table).to_have_class(re.compile("scrolls"))


def test_keys_search_list_shortcuts_and_close(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "answers"))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    assert shortcuts.is_visible()
    page.keyboard.press("Escape")
    assert not shortcuts.is_visible()
    page.locator("aside .switcher > summary").press("Enter")
    assert page.get_by_role("link", name="New workspace").first.is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("link", name="New workspace").first.is_visible()


def test_the_theme_is_kept_and_there_at_first_paint(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "settings"))
    page.get_by_role("button", name="Use the dark theme").first.click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 21, 25)"


def test_words_of_an_answer_find_it_and_marks_stand_on_it(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "answers"))
    page.get_by_label("Words in the answer").fill("left-handers")
    page.keyboard.press("Enter")
    page.get_by_text("1 answer, the newest first.").wait_for()
    page.locator("#results tbody a").first.click()
    page.wait_for_url(re.compile(r"/answers/\d+/"))
    assert page.locator("article strong").inner_text() == "Fernwood"
    page.get_by_role("link", name="Raw payload").click()
    page.get_by_text("SHA-256").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".json")


def test_removing_asks_once_and_names_what_is_lost(owner: Visit) -> None:
    page, workspace = owner.page, owner.world.workspace
    owner.open(at(owner, "settings"))
    page.get_by_role("button", name="Remove demo data").click()
    asked = page.get_by_role("dialog")
    answers = Response.objects.for_workspace(workspace).filter(status="answered").count()
    assert f"{answers} answers" in asked.inner_text()
    asked.get_by_role("button", name="Go back").click()
    assert Workspace.objects.filter(pk=workspace.pk).exists()
    page.get_by_role("button", name="Remove demo data").click()
    asked.get_by_role("button", name="Remove demo data").click()
    page.get_by_text("The demo data is removed.").wait_for()
    assert not Workspace.objects.filter(pk=workspace.pk).exists()
    assert not Response.objects.for_workspace(workspace).exists()


def test_an_invited_person_sets_a_password_and_is_in(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "settings"))
    page.get_by_label("E-mail address").fill("grace@example.com")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("#invite-link").input_value()
    context = page.context.browser.new_context()
    theirs = context.new_page()
    theirs.goto(link)
    for field in theirs.locator("input[type=password]").all():
        field.fill("a good long password")
    theirs.locator("main form button.primary").click()
    theirs.wait_for_url("**/key/done/")
    sign_in(theirs, owner.base, "grace@example.com", "a good long password")
    assert theirs.get_by_role("heading", level=1).is_visible()
    context.close()
    member = Membership.objects.for_workspace(owner.world.workspace).get(user__email="grace@example.com")
    assert member.role == Role.EDITOR


def test_the_menu_works_on_a_phone_without_javascript(owner: Visit) -> None:
    context = owner.page.context.browser.new_context(
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
        storage_state=owner.page.context.storage_state(),
    )
    page = context.new_page()
    page.goto(f"{owner.base}{at(owner, 'overview')}")
    page.get_by_role("button", name="Menu").click()
    page.locator("#menu").get_by_role("link", name="Settings").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Settings"
    context.close()


def test_tables_sort_by_their_headers(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "overview"))
    header = page.locator("table[data-sortable] th:has(button.sort)").first
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    header.locator("button").press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"


def test_on_a_phone_explanations_fold_and_open_by_their_address(owner: Visit) -> None:
    page, explained = owner.page, reverse("metrics_explained")
    owner.open(explained)
    sections = page.locator("details.section")
    formula = page.locator("#share-of-voice .formula")
    expect(formula).to_be_visible()  # on a wide screen nothing is folded
    page.set_viewport_size(SIZES["phone"])
    expect(formula).to_be_hidden()
    owner.open(f"{explained}#share-of-voice")
    expect(formula).to_be_in_viewport()
    assert sections.count() > page.locator("details.section[open]").count() == 1
    page.evaluate("location.hash = 'days'")
    expect(page.locator("#days p")).to_be_in_viewport()
    linked = {link.get_attribute("href") for link in page.locator(".aside a").all()}
    assert linked == {f"#{section.get_attribute('id')}" for section in sections.all()}
    assert axe_violations(page) == []


def test_a_view_is_saved_opened_and_removed_from_its_menu(owner: Visit) -> None:
    page = owner.page
    owner.open(at(owner, "sources") + "?compare=year")
    page.locator("summary", has_text="Saved views").click()
    page.get_by_label("Save this view as").fill("By the year")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("saved as “By the year”")).to_be_visible()
    owner.open(at(owner, "overview"))
    page.locator("summary", has_text="Saved views").click()
    assert axe_violations(page) == []
    page.get_by_role("link", name="By the year").click()
    page.wait_for_url("**/sources/?compare=year")
    page.locator("summary", has_text="Saved views").click()
    page.get_by_role("button", name="Remove the view By the year").click()
    expect(page.get_by_text("The view “By the year” is removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The view “By the year” is back.")).to_be_visible()


def test_the_accent_colour_is_picked_or_typed_and_shows_at_once(owner: Visit) -> None:
    page = owner.page
    owner.open(reverse("report_settings", args=[owner.world.workspace.slug]))
    field, picker = page.get_by_label("Accent colour", exact=True), page.get_by_label("Pick the accent colour")
    rule = page.locator(".accent-rule rect")
    picker.fill("#123456")
    expect(field).to_have_value("#123456")
    expect(rule).to_have_attribute("fill", "#123456")
    field.fill("#654321")
    expect(picker).to_have_value("#654321")
    expect(rule).to_have_attribute("fill", "#654321")
