"""A run's page while the run goes on: what is shown follows, what a person does there stays, and it can be paused."""

from __future__ import annotations

import pytest
from django.urls import reverse

from monitor.models import ResponseStatus, Role, Run, RunStatus
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_table_follows_the_run_and_focus_filter_and_question_stay(owner: Visit) -> None:
    page, run = owner.page, owner.world.history.runs[-1]
    Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(status=RunStatus.RUNNING, finished_at=None)
    responses = run.responses.order_by("pk")
    held, later, last = responses.values_list("pk", flat=True)[:3]
    responses.exclude(pk=held).update(status=ResponseStatus.PENDING)
    address = reverse("run", args=[run.workspace.slug, run.pk])
    owner.open(f"{address}?state=")
    page.locator(f"#response-{held}").focus()
    responses.filter(pk=later).update(status=ResponseStatus.ANSWERED)
    page.locator(f"#response-{later}").wait_for()
    assert page.evaluate("document.activeElement.id") == f"response-{held}"
    assert page.url.endswith(f"{address}?state=")

    page.get_by_role("button", name="Cancel run").click()
    responses.filter(pk=last).update(status=ResponseStatus.ANSWERED)
    page.locator(f"#response-{last}").wait_for(state="attached")  # the form under the question has been put anew
    page.get_by_role("button", name="Cancel this run").click()
    page.get_by_text("The run is cancelled").wait_for()
    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert page.locator("[hx-trigger]").count() == 0


def test_a_run_is_paused_and_resumed_while_its_page_follows(owner: Visit) -> None:
    page, run = owner.page, owner.world.history.runs[-1]
    Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(status=RunStatus.RUNNING, finished_at=None)
    responses = run.responses.order_by("pk")
    under_way = responses.values_list("pk", flat=True)[0]
    responses.update(status=ResponseStatus.PENDING)
    responses.filter(pk=under_way).update(status=ResponseStatus.SENDING)
    owner.open(reverse("run", args=[run.workspace.slug, run.pk]))
    page.get_by_role("button", name="Pause run").press("Enter")
    page.get_by_text("The run is paused.").wait_for()
    note = page.locator("#run-paused")
    assert f"by {owner.world.people[Role.OWNER].email}" in note.inner_text() and "1 is being asked" in note.inner_text()

    page.locator("#run-resume").focus()
    responses.filter(pk=under_way).update(status=ResponseStatus.ANSWERED)  # what was under way comes all the same
    page.locator(f"#response-{under_way}").wait_for(state="attached")
    assert "being asked" not in note.inner_text()
    assert page.evaluate("document.activeElement.id") == "run-resume"
    owner.open(reverse("panels", args=[run.workspace.slug]))
    assert page.get_by_text("Paused", exact=True).first.is_visible()

    page.go_back()
    page.get_by_role("button", name="Resume run").click()
    page.get_by_text("The run goes on.", exact=True).wait_for()
    page.get_by_role("button", name="Pause run").wait_for()
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING and run.pauses[0]["until"]
