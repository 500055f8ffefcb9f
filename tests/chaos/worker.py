"""A real Celery worker that dies by SIGKILL at a planned point.

    python -m tests.chaos.worker local|external

`DRILL_DIR` holds `plan` (one `POINT NTH` a line: a worker takes the first line when it starts and kills itself at the
NTH passage of POINT) and `engine.log`, where every body the local engine makes is noted before anything else sees it;
an external service keeps its own log. `kills.log` has each kill's point, and how many calls were in flight.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = ("before sending", "after sending", "after the spool", "before the commit", "after the commit")

FOLDER = Path(os.environ["DRILL_DIR"])


def take_plan() -> tuple[str, int] | None:
    with (FOLDER / "plan").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        file.seek(0)
        file.truncate()
        file.write("\n".join(lines[1:]))
    if not lines:
        return None
    point, nth = lines[0].rsplit(" ", 1)
    return point, int(nth)


plan: tuple[str, int] | None = None
passages = 0
in_flight = 0
lock = threading.Lock()


def note(name: str, line: str) -> None:
    descriptor = os.open(FOLDER / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, (line + "\n").encode())
    os.close(descriptor)


def reach(point: str) -> None:
    global passages
    with lock:
        if plan is None or plan[0] != point:
            return
        passages += 1
        if passages == plan[1]:
            note("kills.log", f"{point}\t{in_flight}")
            os.kill(os.getpid(), signal.SIGKILL)


def before(point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        reach(point)
        return function(*args, **kwargs)

    return wrapped


def after(point: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        reach(point)
        return result

    return wrapped


def log_bodies(kind: Any, *, to_file: bool) -> None:
    """Pass the points before and after sending in an assistant's `answer_many`, and count what is in flight."""
    from inference.answer import RawBody

    ask = kind.answer_many

    def watched(self: Any, questions: Any, keep: Any) -> Any:
        global in_flight

        def keep_watched(index: int, body: RawBody) -> None:
            global in_flight
            if to_file:
                digest = hashlib.sha256(body.content).hexdigest()
                note("engine.log", json.dumps([questions[index].text, questions[index].seed, digest]))
            reach("after sending")
            keep(index, body)
            with lock:
                in_flight -= 1

        reach("before sending")
        with lock:
            in_flight += len(questions)
        return ask(self, questions, keep_watched)

    kind.answer_many = watched


def main() -> None:
    global plan
    plan = take_plan()
    import django

    django.setup()
    from inference.service import Service
    from monitor.services import ledger, limits, spool
    from rag.assistant import LocalAssistant

    if seconds := os.environ.get("DRILL_OPEN_SECONDS"):
        # hours of open breakers in minutes
        limits.OPEN_SECONDS, limits.LONGEST_OPEN_SECONDS = int(seconds), 2 * int(seconds)
    external = sys.argv[1:] == ["external"]
    log_bodies(Service if external else LocalAssistant, to_file=not external)
    spool.BatchSpool.append = after("after the spool", spool.BatchSpool.append)  # type: ignore[method-assign]
    ledger.write_responses = after("before the commit", ledger.write_responses)
    ledger.store = after("after the commit", ledger.store)

    from monitor.celery import app

    kind = ["threads", "--concurrency", "1", "-Q", "external"] if external else ["solo", "-Q", "online,local"]
    app.worker_main(
        ["worker", "--pool", *kind, "-n", "drill@%h", "--loglevel", "WARNING"]
        + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


if __name__ == "__main__":
    main()
