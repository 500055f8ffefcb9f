"""`manage.py crawl URL --workspace W`: a site's pages into the local engine, and a new index over them."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from monitor.environment import refuse
from monitor.management.arguments import workspace_named
from monitor.management.console import ConsoleWatch
from monitor.models import Job, JobStatus
from monitor.queries import jobs as queries
from monitor.services import crawls, jobs
from monitor.services.errors import Problem

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Crawl a site by its sitemaps and links, as its robots.txt allows, and index its pages. What could not be used "
        "is named on stderr; prints one JSON line. Ctrl-C pauses: the same command goes on from there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", help="Address of the site.")
        parser.add_argument("--workspace", required=True, help="Name or slug of the workspace.")
        parser.add_argument("--pages", type=int, default=crawls.PAGES, help="Pages to visit at most.")
        parser.add_argument("--depth", type=int, default=crawls.DEPTH, help="Links from the start page at most.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        watch, started = ConsoleWatch(), time.monotonic()
        limits = {name: options[name] for name in ("pages", "depth")}
        try:
            job = crawls.open_crawl(workspace=workspace, url=options["url"])
            if job is None:
                job = crawls.start(workspace=workspace, url=options["url"], **limits, wake=False)
            else:
                jobs.resume(job=job, wake=False)
                self.stderr.write(f"Going on with the crawl of {job.input['url']} that was begun before.")
            job = self._finish(job, watch)
        except Problem as problem:
            refuse(str(problem))
        finally:
            watch.close()
        if job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
            refuse(job.message)
        facts = {key: job.result[key] for key, _ in queries.FACTS if key in job.result}
        self.stdout.write(json.dumps({"job": job.pk, "status": job.status, **facts, "seconds": _since(started)}))

    def _finish(self, job: Job, watch: ConsoleWatch) -> Job:
        """Run the job's stages here, or wait for the worker that has taken one up."""
        try:
            while job.status not in jobs.ENDED and job.status != JobStatus.PAUSED:
                before = job.input
                held = jobs.run(job_id=job.pk, beside=watch)
                job.refresh_from_db()
                if not held or (job.status == JobStatus.WAITING and job.input.get("stage") == before.get("stage")):
                    time.sleep(LOOK_SECONDS)  # a worker has it, or another crawl is in its way
        except KeyboardInterrupt:
            jobs.stop_here(job=job)
            job.refresh_from_db()
        return job


def _since(started: float) -> float:
    return round(time.monotonic() - started, 1)
