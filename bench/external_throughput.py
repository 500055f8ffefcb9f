"""Answers stored per second of an external assistant with calls in flight, against what the latency alone allows.

    python -m bench.external_throughput [--responses 5120] [--in-flight 256]

A loopback service replays recorded answers after one second; real worker process, real broker, embedded PostgreSQL with
fsync on. With 256 in flight 256 answers a second are ideal: `share` is how much of that was stored (aim: 0.8). Also the
worker's CPU milliseconds per answer (aim: 5 or less), and its memory after each fifth of the answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SHARED = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared"))
LATENCY = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=5120)
    parser.add_argument("--in-flight", type=int, default=256)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="citescope-bench-"))
    port = free_port()
    os.environ.update(
        DATA_DIR=str(folder),
        DJANGO_SETTINGS_MODULE="monitor.settings",
        LOG_LEVEL="ERROR",
        ASSISTANT_URLS=f"openai=http://127.0.0.1:{port}/v1",
        CALLS_IN_FLIGHT=str(options.in_flight),
    )
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    bodies = sorted(path for path in (SHARED / "wire" / "openai").glob("*-responses-*websearch*.json"))
    bodies = [path for path in bodies if not path.name.endswith(".headers.json")]
    service = subprocess.Popen([sys.executable, str(ROOT / "bench" / "replay.py"), str(port), str(LATENCY), *bodies])
    from monitor import bootstrap, embedded_postgres, supervisor

    try:
        embedded_postgres.start(folder)
        bootstrap.migrate()
        panel = prepare(options.responses)
        needed = [s for s in supervisor.workers(folder) if s.name in {"external worker", "housekeeping worker"}]
        with supervisor.Supervisor(needed, data_dir=folder, owns_postgres=False) as workers:
            print(json.dumps(measure(panel, workers, options.in_flight)))
    finally:
        service.kill()
        embedded_postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def prepare(responses: int) -> Any:
    """A panel of that many cells, with a key that opens nothing."""
    from monitor.models import Prompt, Suite, User
    from monitor.services import brands, credentials, limits, panels, workspaces

    owner = User.objects.create_user("bench@example.com")
    workspace = workspaces.create(name="Bench", owners=[owner])
    for name in ("Ruby", "Bitcoin", "Verge", "Investopedia"):
        brands.save_brand(workspace=workspace, brand=None, fields={"name": name, "kind": "competitor"})
    key = credentials.save(workspace=workspace, assistant="openai", values={"api_key": "sk-bench-opens-nothing"})
    # how many are in flight is for the worker alone to say
    limits.configure(credential=key, requests_per_minute=None, tokens_per_minute=None, max_in_flight=4096)
    suite = Suite.objects.create(workspace=workspace, name="Bench")
    Prompt.objects.bulk_create(
        Prompt(workspace=workspace, suite=suite, text=f"Which tool is best for case {n}?")
        for n in range(responses // 4)
    )
    fields = {
        "name": "Bench", "suite": suite, "assistants": [{"assistant": "openai", "model": "gpt-5-mini"}], "repeats": 4,
        "cron": "", "time_zone": "UTC",
    }  # fmt: skip
    return panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)


def measure(panel: Any, workers: Any, in_flight: int) -> dict[str, Any]:
    import psutil

    from monitor.models import Attempt, ResponseStatus, Trigger
    from monitor.services import runs

    workers.watch(until=lambda: all(service.is_alive() for service in workers.services))
    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    total = run.responses.count()
    worker = psutil.Process(next(s.process.pid for s in workers.services if s.name == "external worker"))
    memory: list[float] = []
    cpu_before = None
    while runs.is_open(run):
        workers.watch(until=lambda: True, every=0.25)
        done = run.responses.filter(status=ResponseStatus.ANSWERED).count()
        if cpu_before is None and done:
            cpu_before, done_before = cpu_seconds(worker), done
        if done >= total * (len(memory) + 1) / 5:
            memory.append(round(worker.memory_info().rss / 1024**2, 1))
        time.sleep(0.25)
    attempts = Attempt.objects.unscoped().filter(response__run=run)
    first, last = attempts.earliest("sent_at").sent_at, attempts.latest("ended_at").ended_at
    seconds = (last - first).total_seconds()
    answered = run.responses.filter(status=ResponseStatus.ANSWERED).count()
    return {
        "bench": "external_throughput",
        "responses": total,
        "answered": answered,
        "in_flight": in_flight,
        "answers_per_second": round(answered / seconds, 1),
        "share": round(answered / seconds / (in_flight / LATENCY), 3),
        "cpu_ms_per_answer": round(1000 * (cpu_seconds(worker) - (cpu_before or 0)) / (answered - done_before), 2),
        "worker_mb": memory,
    }


def cpu_seconds(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
