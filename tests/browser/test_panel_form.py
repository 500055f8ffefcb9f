"""The form of a panel: an assistant's fields come with its choice, and size and cost follow what is typed."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitor import assistants
from monitor.models import Panel
from monitor.services import credentials, suites
from monitor.services.prompt_rows import PromptRow
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def enter_key(owner: Visit, name: str) -> None:
    values = {field.name: "of nobody's" for field in assistants.key_fields(name)}
    credentials.save(workspace=owner.world.workspace, assistant=name, values=values)


def test_fields_come_with_the_choice_and_the_forecast_follows_them(owner: Visit) -> None:
    for name in ("openai", "perplexity"):
        enter_key(owner, name)
    page, workspace = owner.page, owner.world.workspace
    owner.open(reverse("panel_new", args=[workspace.slug]))
    form = page.locator("#panel-form")
    model, cost = form.locator("[name=openai-model]"), page.locator("section", has=page.locator("#preview-cost"))
    expect(model).to_be_hidden()
    form.get_by_role("checkbox", name="ChatGPT (OpenAI API)").check()
    expect(model).to_be_visible()
    expect(form.locator("[name=perplexity-model]")).to_be_hidden()
    expect(cost).to_contain_text("gpt-5.2")
    expect(page.locator("#schedule-preview")).to_contain_text("1 assistant")

    assert form.locator("#models-openai option").count() > 1
    model.fill("gpt-5-mini")
    expect(cost).to_contain_text("gpt-5-mini")
    model.fill("a-model-nobody-priced")
    expect(cost).to_contain_text("no price is known")
    model.fill("gpt-5-mini")

    row = form.get_by_role("group", name="How ChatGPT (OpenAI API) is asked")
    country = row.get_by_label("Country")
    expect(country).to_be_hidden()
    form.get_by_text("More for ChatGPT").click()
    expect(country).to_be_visible()
    expect(row.get_by_label("Language")).to_be_hidden()  # this one takes none
    before = cost.inner_text()
    row.get_by_label("Longest answer, in tokens").fill("100")
    expect(cost).to_contain_text("100 written")
    assert cost.inner_text() != before
    country.fill("de")
    row.get_by_label("Ask again when no answer came back").check()
    form.get_by_label("Name").fill("Outside")
    page.get_by_role("button", name="Create panel").click()
    page.get_by_text("“Outside” is saved").wait_for()
    saved = Panel.objects.for_workspace(workspace).get(name="Outside")
    assert saved.assistants == [
        {
            "assistant": "openai",
            "model": "gpt-5-mini",
            "options": {"country": "DE", "max_output_tokens": 100, "retry_unknown": True},
        }
    ]

    owner.open(reverse("panel_edit", args=[workspace.slug, saved.pk]))
    expect(country).to_have_value("DE")  # what is set stands open


def test_assistants_without_a_key_fold_away_and_cannot_be_chosen(owner: Visit) -> None:
    page = owner.page
    owner.open(reverse("panel_new", args=[owner.world.workspace.slug]))
    apart = page.locator("details.without-key")
    expect(apart.get_by_text("Claude (Anthropic API)")).to_be_hidden()
    apart.get_by_text(re.compile("need a key")).click()
    expect(apart.get_by_label("Claude (Anthropic API) needs a key")).to_be_disabled()
    expect(apart.get_by_role("link", name="Assistants and keys")).to_be_visible()


def test_tags_follow_the_suite_and_the_size_follows_both(owner: Visit) -> None:
    page, workspace = owner.page, owner.world.workspace
    suite = suites.save_suite(workspace=workspace, suite=None, name="Kitchen")
    rows = [PromptRow("Which kettle?", ("kettles",)), PromptRow("Which toaster?", ("toast",)), PromptRow("Which pan?")]
    suites.add_prompts(suite=suite, rows=rows)
    enter_key(owner, "openai")
    owner.open(reverse("panel_new", args=[workspace.slug]))
    form, size = page.locator("#panel-form"), page.locator("section", has=page.locator("#preview-size"))
    fold = form.get_by_text("Only prompts with these tags")
    expect(fold).to_be_hidden()
    form.get_by_label("Name").fill("Kettles")
    form.get_by_label("Suite").select_option(str(owner.world.history.panel.suite_id))
    fold.click()
    form.get_by_role("checkbox", name="pens (4 prompts)").check()
    form.get_by_role("checkbox", name="Kagi FastGPT").check()
    expect(size).to_contain_text("4 prompts × 1 assistant")

    # another suite has other tags: what is ticked of the first counts no more
    form.get_by_label("Suite").select_option(label="Kitchen (3 prompts)")
    expect(form.get_by_role("checkbox", name="pens (4 prompts)")).to_have_count(0)
    expect(size).to_contain_text("3 prompts × 1 assistant")
    fold.click()
    form.get_by_role("checkbox", name="kettles (1 prompt)").focus()
    page.keyboard.press("Space")
    expect(size).to_contain_text("1 prompt × 1 assistant")

    note = page.locator("section", has=page.locator("#preview-persona"))
    form.get_by_label("Persona").select_option(label="Bakery owner")
    expect(note).to_contain_text("Kagi FastGPT takes no persona")
    form.get_by_role("checkbox", name="ChatGPT (OpenAI API)").check()
    form.get_by_role("checkbox", name="Kagi FastGPT").uncheck()
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Create panel").click()
    page.get_by_text("“Kettles” is saved").wait_for()
    saved = Panel.objects.for_workspace(workspace).get(name="Kettles")
    assert (saved.suite, saved.tags, saved.persona) == (suite, ["kettles"], owner.world.persona)
