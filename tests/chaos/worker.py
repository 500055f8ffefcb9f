"""A real Celery worker that dies by SIGKILL at a planned point.

`DRILL_DIR` holds `plan` (one `POINT NTH` a line: a worker takes the first line when it starts and kills itself at the
NTH passage of POINT) and `engine.log`, where every body the engine makes is noted before anything else sees it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
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


def note(name: str, line: str) -> None:
    descriptor = os.open(FOLDER / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, (line + "\n").encode())
    os.close(descriptor)


def reach(point: str) -> None:
    global passages
    if plan is None or plan[0] != point:
        return
    passages += 1
    if passages == plan[1]:
        note("kills.log", point)
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


def main() -> None:
    global plan
    plan = take_plan()
    import django

    django.setup()
    from inference.answer import RawBody
    from monitor.services import ledger, spool
    from rag.assistant import LocalAssistant

    ask = LocalAssistant.answer_many

    def logged(self: LocalAssistant, questions: Any, keep: Any) -> Any:
        def keep_logged(index: int, body: RawBody) -> None:
            question = questions[index]
            digest = hashlib.sha256(body.content).hexdigest()
            note("engine.log", json.dumps([question.text, question.seed, digest]))
            reach("after sending")
            keep(index, body)

        reach("before sending")
        return ask(self, questions, keep_logged)

    LocalAssistant.answer_many = logged  # type: ignore[method-assign]
    spool.BatchSpool.append = after("after the spool", spool.BatchSpool.append)  # type: ignore[method-assign]
    ledger.write_responses = after("before the commit", ledger.write_responses)
    ledger.store = after("after the commit", ledger.store)

    from monitor.celery import app

    app.worker_main(
        ["worker", "--pool", "solo", "-Q", "online,local", "-n", "models@%h", "--loglevel", "WARNING"]
        + ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


if __name__ == "__main__":
    sys.exit(main())
