"""Crawls as people start them: which site, how many pages, how deep; and the same again for what is known already.

A crawl is a job whose frontier lies in the database. `crawling` does the work.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from monitor.assistants import crawler
from monitor.models import Job, JobKind, JobStatus, Workspace
from monitor.services import jobs
from monitor.services.errors import Problem

PAGES, DEPTH = 500, 5
MOST_PAGES, DEEPEST = 20_000, 20
MOST_URL = 2000
OPEN = (JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED)


def start(*, workspace: Workspace, url: str, pages: int = PAGES, depth: int = DEPTH, wake: bool = True) -> Job:
    """Start a crawl. Problem says what is wrong with the address or the limits, or that the site is being crawled."""
    url = address(url)
    if reason := crawler.crawl_refusal(url):
        raise Problem(reason)
    if not 1 <= pages <= MOST_PAGES:
        raise Problem(f"Give a number of pages from 1 to {MOST_PAGES:,}.")
    if not 0 <= depth <= DEEPEST:
        raise Problem(f"Give a depth from 0 (that page alone) to {DEEPEST}.")
    if open_crawl(workspace=workspace, url=url):
        raise Problem(f"{site_of(url)} is being crawled already. Wait for that crawl, or cancel it.")
    return jobs.start(
        workspace=workspace, kind=JobKind.CRAWL, input={"url": url, "pages": pages, "depth": depth}, wake=wake
    )


def again(*, job: Job) -> Job:
    """The same crawl once more: what is known is asked for by condition, so that only what changed is sent."""
    return start(workspace=job.workspace, **{key: job.input[key] for key in ("url", "pages", "depth")})


def open_crawl(*, workspace: Workspace, url: str) -> Job | None:
    """The crawl of this address's site that has not ended."""
    found = Job.objects.for_workspace(workspace).filter(kind=JobKind.CRAWL, status__in=OPEN).order_by("pk")
    return next((job for job in found if site_of(job.input["url"]) == site_of(address(url))), None)


def address(typed: str) -> str:
    """What somebody typed as a whole address in ASCII, where it is one; https where they left the scheme out."""
    typed = typed.strip()
    if len(typed) > MOST_URL:
        raise Problem(f"The address is longer than {MOST_URL:,} characters.")
    whole = typed if "://" in typed or not typed else f"https://{typed}"
    return crawler.ascii_address(whole) or whole


def site_of(url: str) -> str:
    """What a crawl of this address covers, in words: its host."""
    try:
        return urlsplit(url).netloc.lower().removeprefix("www.")
    except ValueError:
        return url
