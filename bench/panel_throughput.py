"""Answers per second of a panel through the real worker, against the bare cost of embedding and searching.

    python -m bench.panel_throughput [--responses 600] [--folder DIR]

The pages are the demo's, or those of a folder that `manage.py load_workspace` reads (which takes minutes to index).
Real worker process, real broker, embedded PostgreSQL with fsync on. Both sides use the same index and prompts; the bare
side embeds each prompt anew and searches once a response. The worker has answered the same panel before, as one that
runs every day: it knows its prompts' vectors. `cold_ratio` is of the panel's first run on a warm worker, which embeds
them. Prints one JSON line; `ratio` is the panel's time over the bare time (aim: 1.5 or less).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="Pages, prompts and brands instead of the demo's.")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="citescope-bench-"))
    os.environ.update(
        DATA_DIR=str(folder), HF_HUB_OFFLINE="1", DJANGO_SETTINGS_MODULE="monitor.settings", LOG_LEVEL="ERROR"
    )
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    from monitor import bootstrap, embedded_postgres, supervisor

    try:
        embedded_postgres.start(folder)
        bootstrap.migrate()
        if options.folder:
            panel, prompts = load(options.folder, options.repeats)
        else:
            panel, prompts = prepare(options.responses // options.repeats, options.repeats)
        with supervisor.Supervisor(supervisor.workers(folder), data_dir=folder, owns_postgres=False) as workers:
            run_and_wait(panel, workers)  # the first run loads model and index
            reword(panel)
            cold = run_and_wait(panel, workers)
            times = sorted(run_and_wait(panel, workers) for _ in range(3))
        bare = sorted(bare_cost(panel.workspace, prompts, options.repeats) for _ in range(3))
        answers = len(prompts) * options.repeats
        print(
            json.dumps(
                {
                    "bench": "panel_throughput",
                    "passages": panel.workspace.pointers.generation.passages,
                    "responses": answers,
                    "panel_answers_per_second": round(answers / times[1], 1),
                    "bare_answers_per_second": round(answers / bare[1], 1),
                    "ratio": round(times[1] / bare[1], 2),
                    "cold_ratio": round(cold / bare[1], 2),
                    "fsync": fsync(),
                }
            )
        )
    finally:
        embedded_postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def prepare(prompt_count: int, repeats: int) -> tuple[Any, list[str]]:
    """The demo's pages in a workspace of their own, and as many different questions about them as asked for."""
    from monitor.models import Prompt, Suite, User
    from monitor.services import demo_site, indexes, pages, panels, workspaces

    owner = User.objects.create_user("bench@example.com")
    workspace = workspaces.create(name="Bench", owners=[owner])
    site = demo_site.read()
    rows = {row.page: row for row in map(page_row, site.revisions) if row.html}
    pages.import_rows(workspace=workspace, rows=rows.values(), total=len(rows), trusted=True)
    indexes.next_generation(workspace=workspace)
    suite = Suite.objects.create(workspace=workspace, name="Bench")
    texts = [line.partition("\t")[0] for line in site.prompts]
    prompts = [f"{texts[n % len(texts)]} (Question {n} of a small team.)" for n in range(prompt_count)]
    Prompt.objects.bulk_create(Prompt(workspace=workspace, suite=suite, text=text) for text in prompts)
    local = [{"assistant": "local", "model": "", "options": {}}]
    fields = {
        "name": "Bench", "suite": suite, "assistants": local, "repeats": repeats, "cron": "", "time_zone": "UTC",
    }  # fmt: skip
    return panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None), prompts


def load(folder: Path, repeats: int) -> tuple[Any, list[str]]:
    """The folder's pages, prompts and brands, and a panel of all its prompts."""
    from monitor.models import Panel
    from monitor.services import workspace_loader
    from monitor.services.progress import Unwatched

    workspace_loader.load(folder=folder, name="Bench", watch=Unwatched())
    Panel.objects.unscoped().update(repeats=repeats)
    panel = Panel.objects.unscoped().get()
    return panel, list(panel.suite.prompts.values_list("text", flat=True))


def reword(panel: Any) -> None:
    """Ask the same in other words, of which the worker has no vectors yet."""
    from django.db.models import F, Value
    from django.db.models.functions import Concat

    panel.suite.prompts.update(text=Concat(F("text"), Value(" Please.")))


def page_row(revision: Any) -> Any:
    """A revision of the demo as an import's row; one that takes its page away has no HTML."""
    from inference.pages import identify
    from monitor.services.page_rows import PageRow

    known = identify(revision.url)
    html = revision.html(date(2026, 1, 1)) if revision.body else b""
    return PageRow(revision.url, revision.url, known.page, known.domain, html)


def run_and_wait(panel: Any, workers: Any) -> float:
    """Seconds from the first claim to the last stored answer of one run."""
    from monitor.models import Attempt, Trigger
    from monitor.services import runs

    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    workers.watch(until=lambda: not runs.is_open(run), every=0.25)
    attempts = Attempt.objects.unscoped().filter(response__run=run)
    first, last = attempts.earliest("sent_at").sent_at, attempts.latest("ended_at").ended_at
    return float((last - first).total_seconds())


def bare_cost(workspace: Any, prompts: list[str], repeats: int) -> float:
    """Seconds to embed every prompt once and to search once a response: nothing composed, nothing stored."""
    from monitor.assistants import engine
    from monitor.services import indexes
    from rag.index import Index
    from rag.retrieve import rank_many

    generation = indexes.current(workspace=workspace)
    index = Index.open(indexes.ready_path(generation=generation))
    embedder = engine.embedder()
    embedder.encode(["warm up"])
    embedder.forget()
    started = time.perf_counter()
    vectors = embedder.encode(prompts)
    for _ in range(repeats):
        rank_many(index, prompts, vectors)
    return time.perf_counter() - started


def fsync() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW fsync")
        return str(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
