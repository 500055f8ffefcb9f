"""The kill drill: a run through the real worker, broker and database while each is killed with -9.

    python -m tests.chaos.drill --responses 500 --worker-kills 20 --postgres-kills 3 --seed 7

Prints one JSON line: what was lost, doubled or wrong, compared by prompt, seed and SHA-256 with what the engine itself
noted. Makes its own data folder, so it disturbs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

PAGES = [
    (
        f"https://site{number % 7}.example/page-{number}",
        f"<html><head><title>Kettle number {number}</title></head><body><main><h1>Kettle number {number}</h1>"
        f"<p>The Brightkettle model {number} boils one litre of water in {90 + number} seconds.</p>"
        f"<p>Testers at site {number % 7} gave kettle number {number} a score of {number % 10} out of 10.</p>"
        f"<p>A replacement lid for kettle number {number} costs {number + 4} dollars.</p></main></body></html>",
    )
    for number in range(24)
]


def main() -> int:
    options = arguments()
    folder = Path(tempfile.mkdtemp(prefix="citescope-drill-"))
    os.environ.update(
        DATA_DIR=str(folder / "data"), DRILL_DIR=str(folder), LEASE_SECONDS="4", MAX_TRIES="100",
        OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", DJANGO_SETTINGS_MODULE="monitor.settings", LOG_LEVEL="ERROR",
    )  # fmt: skip
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("CELERY_BROKER_URL", None)
    try:
        report = drill(folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report))
    return 0 if report["lost"] == report["doubled"] == report["wrong"] == 0 else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=500)
    parser.add_argument("--worker-kills", type=int, default=20)
    parser.add_argument("--postgres-kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=900, help="Give up after this long.")
    return parser.parse_args()


def drill(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import bootstrap, embedded_postgres, supervisor
    from tests.chaos.worker import POINTS

    rng = random.Random(options.seed)
    points = [POINTS[number % len(POINTS)] for number in range(options.worker_kills)]
    rng.shuffle(points)
    per_batch = {"before sending", "before the commit", "after the commit"}
    plan = [f"{point} {1 if point in per_batch else rng.randint(1, 30)}" for point in points]
    (folder / "plan").write_text("\n".join(plan))
    data_dir = Path(os.environ["DATA_DIR"])
    embedded_postgres.start(data_dir)
    bootstrap.migrate()
    run = start_run(options.responses)

    worker = supervisor.Service("worker", [sys.executable, "-m", "tests.chaos.worker", "local"], folder / "worker.log")
    started = time.monotonic()
    postgres_kills = 0
    with supervisor.Supervisor([worker], data_dir=data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            worker.pause = 0.1
            answered = tick_and_count(run)
            if answered is not None:
                due = options.responses * (postgres_kills + 1) // (options.postgres_kills + 1)
                if postgres_kills < options.postgres_kills and answered >= min(due, options.responses - 1):
                    kill_postgres(data_dir)
                    postgres_kills += 1
                elif answered == options.responses and not (folder / "plan").read_text():
                    break
                elif answered == options.responses:
                    run = more_work(run)
            time.sleep(0.3)
        report = verify(folder)
    kills = [line.split("\t")[0] for line in read_lines(folder / "kills.log")]
    return report | {
        "worker_kills": len(kills),
        "postgres_kills": postgres_kills,
        "points": sorted(set(kills)),
        "seconds": round(time.monotonic() - started, 1),
    }


def start_run(responses: int) -> Any:
    """A workspace with a few pages and a run of as many responses as asked for."""
    from monitor.models import Panel, Prompt, Suite, Trigger
    from monitor.services import brands, indexes, pages, panels, runs
    from monitor.services.page_rows import PageRow
    from tests.factories import make_workspace

    workspace = make_workspace()
    brands.save_brand(
        workspace=workspace,
        brand=None,
        fields={"name": "Brightkettle", "aliases": [], "domains": [], "kind": "own"},
    )
    rows = [PageRow(url, url, url.removeprefix("https://"), url.split("/")[2], html.encode()) for url, html in PAGES]
    pages.import_rows(workspace=workspace, rows=rows, total=len(rows), trusted=True)
    indexes.next_generation(workspace=workspace)
    suite = Suite.objects.create(workspace=workspace, name="Kettles")
    repeats = 10
    for number in range(responses // repeats):
        Prompt.objects.create(
            workspace=workspace,
            suite=suite,
            text=f"How fast does kettle number {number} boil, and what does it cost?",
        )
    panel: Panel = panels.save_panel(
        workspace=workspace,
        panel=None,
        fields={
            "name": "Drill", "suite": suite, "assistants": [{"assistant": "local", "model": "", "options": {}}],
            "repeats": repeats, "cron": "", "time_zone": "UTC",
        },
        revision=None,
    )  # fmt: skip
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL)


def more_work(run: Any) -> Any:
    """Another run of the same panel, while kills are still planned."""
    from monitor.models import Trigger
    from monitor.services import runs

    return runs.start_run(panel=run.panel, trigger=Trigger.MANUAL)


def tick_and_count(run: Any) -> int | None:
    """What beat does each half minute, done at once; None while the database is away."""
    from django.db import InterfaceError, OperationalError, connection

    from monitor import tasks

    try:
        tasks.tick()
        return int(run.responses.filter(status="answered").count())
    except (OperationalError, InterfaceError):
        connection.close()
        return None


def kill_postgres(data_dir: Path) -> None:
    from monitor import embedded_postgres

    pid = int((embedded_postgres.folder(data_dir) / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)


def verify(folder: Path) -> dict[str, Any]:
    """Hold the ledger against the engine's own log."""
    from monitor.models import Attempt, Body, Response, Run

    made: dict[tuple[str, int], set[str]] = defaultdict(set)
    for line in read_lines(folder / "engine.log"):
        text, seed, digest = json.loads(line)
        made[(text, seed)].add(digest)
    responses = list(Response.objects.unscoped())
    lost = [r.pk for r in responses if r.status != "answered"]
    bodies: dict[int, list[str]] = defaultdict(list)
    for body in Body.objects.unscoped().select_related("attempt").filter(attempt__status="answered"):
        bodies[body.attempt.response_id].append(body.sha256)
    doubled = [r.pk for r in responses if len(bodies[r.pk]) > 1]
    wrong = [r.pk for r in responses if bodies[r.pk] and not set(bodies[r.pk]) <= made[(r.prompt_text, r.seed)]]
    return {
        "responses": len(responses),
        "runs_completed": Run.objects.unscoped().filter(status="completed").count(),
        "lost": len(lost),
        "doubled": len(doubled),
        "wrong": len(wrong) + sum(not bodies[r.pk] for r in responses if r.status == "answered"),
        "bodies_made": sum(len(digests) for digests in made.values()),
        "attempts": Attempt.objects.unscoped().count(),
        "attempts_lost_in_kills": Attempt.objects.unscoped().filter(status="unknown").count(),
        "answers_too_late": Attempt.objects.unscoped().filter(status="late").count(),
        "spool_files_left": len(list((Path(os.environ["DATA_DIR"]) / "spool").glob("*"))),
    }


def read_lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


if __name__ == "__main__":
    sys.exit(main())
