"""`manage.py run_panel NAME`: the main job from the command line, through Celery like any other run."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Count

from monitor import environment, supervisor
from monitor.management.arguments import panel_named
from monitor.management.console import ConsoleWatch
from monitor.models import Response, ResponseStatus, Run, RunStatus, Trigger
from monitor.services import recovery, runs
from monitor.services.errors import Problem

_AT_A_PAUSE: dict[str, str] = {
    RunStatus.PAUSED: "is paused: it goes on when somebody resumes it on its page, and this waits until then",
    RunStatus.RUNNING: "goes on",
}


class Command(BaseCommand):
    help = "Run a panel now. With --wait, return when every response is done."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("panel", help="Name of the panel.")
        parser.add_argument("--workspace", help="Name or slug, needed where two workspaces have such a panel.")
        parser.add_argument("--wait", action="store_true", help="Wait until the run is done and print its result.")

    def handle(self, *args: Any, **options: Any) -> None:
        panel = panel_named(options["panel"], options["workspace"])
        try:
            run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
        except Problem as problem:
            environment.refuse(str(problem))
        print(f"run {run.pk} of {panel.name}: {run.responses.count()} responses", file=sys.stderr)
        if not options["wait"]:
            return
        started = time.monotonic()
        self._wait(run)
        self.stdout.write(json.dumps(summary(run, time.monotonic() - started)))

    def _wait(self, run: Run) -> None:
        """Wait for the workers; where none runs on this machine's file broker, run them as long as it takes."""

        watch = ConsoleWatch()

        def finished() -> bool:
            counts = counts_by_status(run)
            needed = sum(counts.values()) - counts.get(ResponseStatus.SKIPPED, 0)
            watch.step("Answered", counts.get(ResponseStatus.ANSWERED, 0), needed)
            before = run.status
            run.refresh_from_db()
            if run.status != before and RunStatus.PAUSED in (run.status, before):
                watch.close()
                print(f"run {run.pk} {_AT_A_PAUSE.get(run.status, 'has ended')}", file=sys.stderr)
            return not run.is_under_way and not runs.is_open(run)

        if environment.get("CELERY_BROKER_URL") or supervisor.is_running(settings.DATA_DIR):
            wait_until(finished)
        else:
            services = supervisor.workers(settings.DATA_DIR)
            with supervisor.Supervisor(services, data_dir=settings.DATA_DIR, owns_postgres=False) as own:
                own.stop_on_signals()
                own.watch(until=finished)
        watch.close()
        recovery.roll_up_finished()


def wait_until(finished: Callable[[], bool]) -> None:
    while not finished():
        time.sleep(0.5)


def counts_by_status(run: Run) -> dict[str, int]:
    rows = Response.objects.for_workspace(run.workspace).filter(run=run).order_by()
    return dict(rows.values_list("status").annotate(Count("pk")))


def summary(run: Run, seconds: float) -> dict[str, Any]:
    """What a script wants to know of a finished run."""
    counts = counts_by_status(run)
    answered = counts.get(ResponseStatus.ANSWERED, 0)
    return {
        "run": run.pk,
        "status": run.status,
        "responses": sum(counts.values()),
        **counts,
        "seconds": round(seconds, 1),
        "answers_per_second": round(answered / seconds, 1) if seconds else None,
    }
