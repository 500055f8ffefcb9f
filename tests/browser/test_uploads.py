"""Files that are too large are said to be so when they are chosen, before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from monitor.models import Job
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_files_that_are_too_large_together_are_not_sent(owner: Visit, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 2**20
    page, workspace = owner.page, owner.world.workspace
    jobs = Job.objects.for_workspace(workspace).count()
    owner.open(reverse("pages_import", args=[workspace.slug]))
    field, button = page.get_by_label("Files"), page.get_by_role("button", name="Import pages")
    half = {"name": "a.html", "mimeType": "text/html", "buffer": b"<p>" + b"x" * 2**19 + b"</p>"}
    field.set_input_files([half, half])
    button.click()
    assert field.evaluate("field => field.validationMessage").startswith("That is 2 MB, and 1 MB may be sent at once.")
    assert Job.objects.for_workspace(workspace).count() == jobs
    field.set_input_files([half])
    button.click()
    page.wait_for_url("**/jobs/*/")
    assert Job.objects.for_workspace(workspace).count() == jobs + 1
