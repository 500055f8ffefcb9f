"""The drill of budgets: many threads reserve and settle under many budgets at once, and none may ever be over.

    python -m tests.chaos.budgets --threads 64 --workspaces 500 --calls 20 --seed 7

Each workspace has a month's budget and a run's, so 500 of them are 1,000 budgets. Threads ask in batches that mix
workspaces, settle at random true costs, leave some unknown and give some back, while another keeps reading every
budget. Prints one JSON line. Makes its own database, so it disturbs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--workspaces", type=int, default=500)
    parser.add_argument("--calls", type=int, default=20, help="Calls of each workspace.")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="citescope-budgets-"))
    os.environ.update(DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="monitor.settings", LOG_LEVEL="ERROR")
    os.environ.pop("DATABASE_URL", None)
    from monitor import embedded_postgres

    try:
        embedded_postgres.start(folder)
        from monitor import bootstrap

        bootstrap.migrate()
        report = drill(**vars(options))
    finally:
        embedded_postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report))
    return 0 if report["over"] == report["wrong"] == 0 else 1


def drill(*, threads: int, workspaces: int, calls: int, seed: int) -> dict[str, Any]:
    """Run it in the present database; what was found."""
    from django.db import connection

    from monitor.services import budgets

    rng = random.Random(seed)
    limit = Decimal(calls) * Decimal("0.01") / 2
    wishes = _prepare(workspaces, calls, limit)
    rng.shuffle(wishes)
    size = 32
    batches = [wishes[start : start + size] for start in range(0, len(wishes), size)]
    tally = {"sent": 0, "refused": 0}
    lock, done = threading.Lock(), threading.Event()

    def work(number: int) -> None:
        own = random.Random(seed * 1000 + number)
        try:
            for batch in batches[number::threads]:
                refused = budgets.reserve(batch)
                sent = [wish for wish in batch if (wish.response_id, wish.lease) not in refused]
                back = [wish for wish in sent if own.random() < 0.1]
                budgets.release((wish.response_id, wish.lease) for wish in back)
                budgets.settle([_outcome(wish, own) for wish in sent if wish not in back])
                with lock:
                    tally["sent"] += len(sent)
                    tally["refused"] += len(refused)
        finally:
            connection.close()

    over_seen = 0

    def watch() -> None:
        nonlocal over_seen
        try:
            while not done.is_set():
                over_seen += _over()
                time.sleep(0.02)
        finally:
            connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.monotonic()
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
    finally:
        done.set()
        watcher.join()
    return {
        "threads": threads,
        "budgets": workspaces * 2,
        **tally,
        "over": over_seen + _over(),
        "wrong": _wrong(),
        "seconds": round(time.monotonic() - started, 2),
    }


def _outcome(wish: Any, rng: random.Random) -> Any:
    from monitor.services.budgets import Outcome

    cost = None if rng.random() < 0.1 else wish.maximum_usd * Decimal(rng.randint(0, 100)) / 100
    return Outcome(wish.response_id, wish.lease, cost)


def _prepare(workspaces: int, calls: int, limit: Decimal) -> list[Any]:
    """Workspaces with a month's limit, each with a run whose own limit is a little lower."""
    from monitor.models import Budget
    from monitor.services import budgets
    from monitor.services.budgets import Wish
    from tests.factories import make_workspace
    from tests.monitor.test_budgets import make_run

    wishes = []
    for _ in range(workspaces):
        workspace = make_workspace()
        budgets.set_month_limit(workspace=workspace, limit_usd=limit)
        run = make_run(workspace, responses=calls)
        Budget.objects.create(workspace=workspace, run=run, limit_usd=limit * Decimal("0.9"))
        wishes += [
            Wish(pk, 1, workspace.pk, run.pk, Decimal("0.01"))
            for pk in run.responses.order_by("pk").values_list("pk", flat=True)
        ]
    return wishes


def _over() -> int:
    """Budgets with more reserved and spent than allowed, as they are at this moment."""
    from django.db.models import F

    from monitor.models import Budget

    return Budget.objects.unscoped().filter(limit_usd__lt=F("reserved_usd") + F("spent_usd")).count()


def _wrong() -> int:
    """Budgets that are not the sum of their charges."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM monitor_budget b LEFT JOIN LATERAL ("
            " SELECT COALESCE(sum(usd) FILTER (WHERE state = 'reserved'), 0) AS reserved,"
            " COALESCE(sum(usd) FILTER (WHERE state <> 'reserved'), 0) AS spent"
            " FROM monitor_charge c WHERE b.id IN (c.of_month_id, c.of_run_id)) s ON true"
            " WHERE (b.reserved_usd, b.spent_usd) <> (s.reserved, s.spent) OR b.over_usd > 0"
        )
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
