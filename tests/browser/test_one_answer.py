"""One new answer, followed as a person would: from the panel's button to its words, the chart, and the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from monitor.models import Brand, BrandKind, Response, ResponseStatus
from monitor.services import brands, indexes, judging, ledger, nudge, panels, reading, recovery, suites, supporting
from monitor.services.prompt_rows import PromptRow
from tests.browser.conftest import Visit
from tests.monitor.test_pages_import import html, import_all, row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

QUESTION = "How fast does the Bluewater kettle boil a litre of water?"
SENTENCE = "The Bluewater kettle boils a litre of water in two minutes and keeps it warm for an hour."


def test_one_answer_goes_from_the_run_to_the_chart_and_into_the_report(
    owner: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)  # the worker's turns are taken below, one by one
    page, workspace = owner.page, owner.empty
    import_all(workspace, [row("https://bluewater.example/kettle", html(SENTENCE, "The Bluewater kettle"))])
    indexes.next_generation(workspace=workspace)
    Brand.objects.create(workspace=workspace, name="Bluewater", kind=BrandKind.OWN, domains=["bluewater.example"])
    brands.current_brand_set(workspace=workspace)
    reading.recompute(workspace=workspace)
    suite = suites.save_suite(workspace=workspace, suite=None, name="Kettles")
    suites.add_prompts(suite=suite, rows=[PromptRow(QUESTION)])
    asked = {"name": "Kettles", "suite": suite, "assistants": [{"assistant": "local", "model": "", "options": {}}]}
    plan = {**asked, "repeats": 1, "cron": "", "time_zone": "UTC"}
    panel = panels.save_panel(workspace=workspace, panel=None, revision=None, fields=plan)

    # the run: begun by a person, answered by a worker, followed on its page
    owner.open(reverse("panel", args=[workspace.slug, panel.pk]))
    page.get_by_role("button", name="Run panel now").click()
    page.wait_for_url("**/runs/*/")
    response = Response.objects.for_workspace(workspace).get()
    assert response.status == ResponseStatus.PENDING
    assert ledger.work(queues=["local"]) == 1
    answered = page.get_by_role("link", name="Answered: read the answer")
    expect(answered).to_be_visible()
    recovery.sweep()
    judging.work()
    supporting.work()

    # its words, with what was read out of them
    answered.click()
    page.wait_for_url(f"**/answers/{response.pk}/")
    expect(page.locator("mark.mention", has_text="Bluewater").first).to_be_visible()
    expect(page.get_by_role("link", name="The Bluewater kettle").first).to_be_visible()
    expect(page.get_by_text("Supported", exact=False).first).to_be_visible()

    # the chart and the table under it, which lead back to this one answer
    owner.open(reverse("overview", args=[workspace.slug]))
    chart = page.locator("[data-chart^='comparison-mention'] svg, [data-chart^='series-mention'] svg").first
    expect(chart.locator(".mark-symbol path").first).to_be_attached()
    brand = page.get_by_role("row").filter(has_text="Bluewater").filter(has=page.get_by_title("1 of 1 answers")).first
    brand.get_by_title("1 of 1 answers").first.click()
    page.wait_for_url("**/answers/?*figure=named*")
    expect(page.locator("table.answers tbody tr")).to_have_count(1)
    expect(page.get_by_role("link", name=QUESTION)).to_have_attribute(
        "href", reverse("answer", args=[workspace.slug, response.pk])
    )

    # the report: the same answer and the same figure
    owner.open(reverse("reports", args=[workspace.slug]))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    response.refresh_from_db()
    assert any(response.text in cells and QUESTION in cells for cells in rows)
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    report = json.loads(Path(download.value.path()).read_text())
    (figures,) = report["brands"]
    assert (figures["brand"], figures["n"], figures["named"], figures["mention_rate"]) == ("Bluewater", 1, 1, 1.0)
