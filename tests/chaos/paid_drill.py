"""The kill drill for paid calls: an external assistant's panel while worker and database are killed with -9.

    python -m tests.chaos.paid_drill --responses 20000 --worker-kills 100 --postgres-kills 10 --seed 7

A loopback service answers and keeps its own log of every body it sent. Prints one JSON line: what was lost or wrong by
id and SHA-256 against that log, how many calls were made twice and whether each of them is marked, and whether the
books hold at least what the service was paid.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.chaos.drill import kill_postgres, read_lines, tick_and_count

BODY = {
    "object": "response", "status": "completed", "model": "gpt-5-mini",
    "output": [
        {"type": "web_search_call", "action": {"type": "search", "query": "kettles"}},
        {"type": "message", "content": [{"type": "output_text", "text": "Brightkettle answers LOOPBACK-ID.",
         "annotations": [{"type": "url_citation", "url": "https://kettles.example/LOOPBACK-ID", "title": "Kettles",
                          "start_index": 0, "end_index": 12}]}]},
    ],
    "usage": {"input_tokens": 900, "output_tokens": 300},
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=20_000)
    parser.add_argument("--worker-kills", type=int, default=100)
    parser.add_argument("--postgres-kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2400, help="Give up after this long.")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="citescope-drill-"))
    (folder / "body.json").write_text(json.dumps(BODY))
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.loopback", "--latency", "0.2", "--log", str(folder / "service.log")]
        + [str(folder / "body.json")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert service.stdout
    port = int(service.stdout.readline())
    os.environ.update(
        DATA_DIR=str(folder / "data"), DRILL_DIR=str(folder), LEASE_SECONDS="4", MAX_TRIES="200",
        DJANGO_SETTINGS_MODULE="monitor.settings", LOG_LEVEL="ERROR", CALLS_IN_FLIGHT="128",
        ASSISTANT_URLS=f"openai=http://127.0.0.1:{port}/v1",
    )  # fmt: skip
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("CELERY_BROKER_URL", None)
    try:
        report = drill(folder, options)
    finally:
        service.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report))
    good = report["lost"] == report["wrong"] == report["repeats_unmarked"] == 0
    return 0 if good and report["repeats"] <= report["in_flight_at_kills"] and report["books_hold"] else 1


def drill(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import bootstrap, embedded_postgres, supervisor
    from tests.chaos.worker import POINTS

    rng = random.Random(options.seed)
    points = [POINTS[number % len(POINTS)] for number in range(options.worker_kills)]
    rng.shuffle(points)
    # a worker passes the points of one call often, and those of a batch seldom
    often = max(options.responses // (options.worker_kills + 1), 2)
    plan = [
        f"{point} {rng.randint(1, often) if point.startswith('after s') else rng.randint(1, 4)}" for point in points
    ]
    (folder / "plan").write_text("\n".join(plan))
    data_dir = Path(os.environ["DATA_DIR"])
    embedded_postgres.start(data_dir)
    bootstrap.migrate()
    run = start_run(options.responses)

    command = [sys.executable, "-m", "tests.chaos.worker", "external"]
    worker = supervisor.Service("worker", command, folder / "worker.log")
    started = time.monotonic()
    postgres_kills, answered = 0, None
    with supervisor.Supervisor([worker], data_dir=data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            worker.pause = 0.1
            answered = tick_and_count(run)
            if answered is not None:
                due = options.responses * (postgres_kills + 1) // (options.postgres_kills + 1)
                if postgres_kills < options.postgres_kills and answered >= due:
                    kill_postgres(data_dir)
                    postgres_kills += 1
                elif answered == options.responses:
                    break
            time.sleep(0.3)
        report = verify(folder)
    kills = [line.split("\t") for line in read_lines(folder / "kills.log")]
    return report | {
        "worker_kills": len(kills),
        "kills_by_point": dict(Counter(point for point, _ in kills)),
        "in_flight_at_kills": sum(int(count) for _, count in kills),
        "postgres_kills": postgres_kills,
        "seconds": round(time.monotonic() - started, 1),
    }


def start_run(responses: int) -> Any:
    """A panel of as many prompts as responses, each with a name that the service's log knows it by."""
    from monitor.models import Panel, Prompt, Suite, Trigger
    from monitor.services import brands, credentials, panels, runs
    from tests.factories import make_workspace

    workspace = make_workspace()
    brands.save_brand(workspace=workspace, brand=None, fields={"name": "Brightkettle", "kind": "own"})
    credentials.save(workspace=workspace, assistant="openai", values={"api_key": "sk-drill-opens-nothing"})
    suite = Suite.objects.create(workspace=workspace, name="Kettles")
    Prompt.objects.bulk_create(
        Prompt(workspace=workspace, suite=suite, text=f"Which kettle is best? id:k{number}")
        for number in range(responses)
    )
    panel: Panel = panels.save_panel(
        workspace=workspace,
        panel=None,
        fields={
            "name": "Drill", "suite": suite, "repeats": 1, "cron": "", "time_zone": "UTC",
            "assistants": [{"assistant": "openai", "model": "gpt-5-mini", "options": {"retry_unknown": True}}],
        },
        revision=None,
    )  # fmt: skip
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL)


def verify(folder: Path) -> dict[str, Any]:
    """Hold the ledger and the books against the service's own log."""
    from django.db.models import Sum

    from inference.answer import RawBody
    from monitor import assistants
    from monitor.models import Attempt, Body, Charge, Response
    from monitor.services import costs

    sent: dict[str, list[str]] = defaultdict(list)
    for line in read_lines(folder / "service.log"):
        seen = json.loads(line)
        sent[seen["name"]].append(seen["sha256"])
    bodies: dict[int, set[str]] = defaultdict(set)
    for body in Body.objects.unscoped().select_related("attempt").filter(attempt__status="answered"):
        bodies[body.attempt.response_id].add(body.sha256)
    marked = Counter(
        Attempt.objects.unscoped().filter(status__in=("unknown", "late")).values_list("response_id", flat=True)
    )
    lost = wrong = repeats = unmarked = 0
    for response in Response.objects.unscoped():
        name = response.prompt_text.rpartition("id:")[2]
        lost += response.status != "answered"
        wrong += not (bodies[response.pk] and bodies[response.pk] <= set(sent[name]) and name in response.text)
        again = max(len(sent[name]) - 1, 0)
        repeats += again
        unmarked += max(again - marked[response.pk], 0)
    answer = assistants.parse("openai", RawBody(json.dumps(BODY).encode()))
    workspace_id = Response.objects.unscoped().values_list("workspace_id", flat=True).first() or 0
    book = costs.prices_of(workspace_id=workspace_id)
    one = costs.of_result(book, "openai", "gpt-5-mini", answer) or Decimal(0)
    paid = one * sum(map(len, sent.values()))
    charged = Charge.objects.unscoped().aggregate(all=Sum("usd"))["all"] or Decimal(0)
    return {
        "responses": Response.objects.unscoped().count(),
        "calls": sum(map(len, sent.values())),
        "lost": lost,
        "wrong": wrong,
        "repeats": repeats,
        "repeats_unmarked": unmarked,
        "paid_usd": str(paid),
        "books_usd": str(charged),
        "books_hold": charged >= paid > 0,
        "spool_files_left": len(list((Path(os.environ["DATA_DIR"]) / "spool").glob("*"))),
    }


if __name__ == "__main__":
    sys.exit(main())
