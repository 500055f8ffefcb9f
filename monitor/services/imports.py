"""What people do with the local engine's pages from the browser; each act ends in a job that renews the index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from inference.pages import identify
from monitor.models import Job, JobKind, Page, Workspace
from monitor.services import jobs, pages, uploads
from monitor.services.errors import Problem


def upload(*, workspace: Workspace, files: Sequence[UploadedFile[Any]], url: str = "") -> Job:
    """Spool the files and start their import. Problem when there is nothing in them to try."""
    url = url.strip()
    if url and identify(url).page is None:
        raise Problem(f"{url[:80]} is not a full address. Give one such as https://example.com/guide.")
    spooled = uploads.spool(files=files, url=url)
    return jobs.start(workspace=workspace, kind=JobKind.IMPORT_PAGES, input={"uploads": spooled})


def take_out(*, page: Page) -> Job | None:
    """Take a page out and renew the index; None when it was out."""
    return build_index(workspace=page.workspace) if pages.take_out(page=page) else None


def put_back(*, page: Page) -> Job | None:
    """Put a page back and renew the index; None when it was in."""
    return build_index(workspace=page.workspace) if pages.put_back(page=page) else None


def build_index(*, workspace: Workspace) -> Job:
    """Bring the index up to the pages as they stand."""
    return jobs.start_once(workspace=workspace, kind=JobKind.BUILD_INDEX)
