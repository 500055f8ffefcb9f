"""A run's page while the run goes on: what is shown follows, and what a person is doing there stays."""

from __future__ import annotations

import pytest
from django.urls import reverse

from monitor.models import ResponseStatus, Run, RunStatus
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
