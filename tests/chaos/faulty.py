"""The drill of faults: calls to a service that fails in every way it knows, under limits of requests and tokens.

    python -m tests.chaos.faulty --calls 10000 --requests-per-minute 3000 --tokens-per-minute 4000000 --seed 7

Held against the service's own log: no minute with more requests or tokens than allowed, never more calls at once than
allowed, and one call alone from the end of each opening of the breaker until that call is over. Says how long answers
waited to be stored beside calls that stall, and how much memory the worker took. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.chaos import stage

#: Every fault of the loopback service, and how often it comes. What pauses everyone or moves 16 MB comes seldom, and
#: what opens the breaker less often than what does not, so that most probes let it close again.
FAULTS = {
    "429": 1, "429_after": 1, "large": 2, "bomb": 2,
    "500": 4, "error_inside": 4, "closed": 4, "cut": 4, "cut_stream": 4, "silent": 4, "stall": 4, "drip": 4,
    "garbage": 4, "redirect": 12, "html": 12, "bytes": 12, "gzip": 12, "stream": 12, "none": 12,
}  # fmt: skip
#: Those whose answer comes whole in the end, and the tokens that each then used.
WHOLE = {"bytes", "gzip", "stream", "none"}
TOKENS = 1200
DEADLINE = 4
OPEN_SECONDS = 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--requests-per-minute", type=int, default=3000)
    parser.add_argument("--tokens-per-minute", type=int, default=4_000_000)
    parser.add_argument("--at-once", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2400, help="Give up after this long.")
    options = parser.parse_args()
    with stage.paid_calls(
        latency=0.2, CALLS_IN_FLIGHT="512", CALL_SECONDS=str(DEADLINE), MAX_TRIES="2", LEASE_SECONDS="60",
        DRILL_OPEN_SECONDS=str(OPEN_SECONDS),
    ) as here:  # fmt: skip
        report = drill(here, options)
    print(json.dumps(report))
    good = report["ended"] and not report["requests_over"] and not report["tokens_over"] and not report["at_once_over"]
    good = good and report["probes"] == report["openings_probed"] and report["workers"] == 1
    return 0 if good and report["books_hold"] else 1


def drill(here: stage.Stage, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import supervisor, tasks
    from monitor.services import credentials, limits

    rng = random.Random(options.seed)
    faults = rng.choices(list(FAULTS), list(FAULTS.values()), k=options.calls)
    prompts = [f"Which kettle is best? loopback:{fault} id:k{number}" for number, fault in enumerate(faults)]
    workspace = stage.make_workspace()
    credential = credentials.find(workspace_id=workspace.pk, assistant="openai")
    if credential is None:
        raise RuntimeError("The workspace has no key.")
    limits.configure(
        credential=credential,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        max_in_flight=options.at_once,
    )
    run = stage.start(stage.make_panel(workspace, prompts, "Faults"))
    worker = here.worker()
    openings: dict[float, int] = {}
    memory: list[int] = []
    workers: set[int] = set()
    started, next_tick = time.monotonic(), 0.0
    with supervisor.Supervisor([worker], data_dir=here.data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            if time.monotonic() > next_tick:
                tasks.tick()
                run.refresh_from_db()
                if run.status == "completed":
                    break
                if worker.process:
                    workers.add(worker.process.pid)
                    memory.append(_megabytes(worker.process.pid))
                next_tick = time.monotonic() + 1
            _note_opening(credential, openings)
            time.sleep(0.05)
        seconds = time.monotonic() - started
        report = _report(here, run, options, openings)
        if len(workers) > 1:  # nobody kills it here, so that its log says what did
            print((here.folder / "worker.log").read_text()[-5000:], file=sys.stderr)
        return report | {"seconds": round(seconds, 1), "worker_mb": max(memory), "workers": len(workers)}


def _note_opening(credential: Any, openings: dict[float, int]) -> None:
    """Remember until when the breaker is open, and the how manieth opening in a row it is."""
    from monitor.models import Gate

    gate = Gate.objects.unscoped().get(credential=credential)
    if gate.open_until:
        openings[gate.open_until.timestamp()] = gate.opened


def _megabytes(pid: int) -> int:
    """The most that a process has held; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


def _report(here: stage.Stage, run: Any, options: argparse.Namespace, openings: dict[float, int]) -> dict[str, Any]:
    from tests.chaos.paid_drill import verify

    sent, times = {seen["number"]: seen for seen in here.sent()}, here.times()
    tokens = [(span["at"], TOKENS) for span in times if sent[span["number"]]["fault"] in WHOLE]
    probed = [_alone(times, until) for until in sorted(openings)]
    late = sorted(_waits(run, times))
    books = verify(here.folder)
    most = {
        "requests_in_a_minute": _most((span["at"], 1) for span in times),
        "tokens_in_a_minute": _most(tokens),
        "at_once": max(span["at_once"] for span in times),
    }
    return {
        "calls": options.calls,
        "requests": len(times),
        "ended": run.status == "completed",
        "states": dict(Counter(run.responses.values_list("status", flat=True))),
        "kinds": dict(Counter(run.responses.values_list("error_kind", flat=True))),
        **most,
        "requests_over": max(most["requests_in_a_minute"] - options.requests_per_minute, 0),
        "tokens_over": max(most["tokens_in_a_minute"] - options.tokens_per_minute, 0),
        "at_once_over": max(most["at_once"] - options.at_once, 0),
        "openings": len(openings),
        "openings_probed": sum(calls is not None for calls in probed),
        "probes": sum(calls or 0 for calls in probed),
        "answers": len(late),
        "answer_waited_median": round(late[len(late) // 2], 2) if late else None,
        "answer_waited_most": round(late[-1], 2) if late else None,
        "books_hold": books["books_hold"],
        "spool_files_left": books["spool_files_left"],
    }


def _most(marks: Iterable[tuple[float, int]]) -> int:
    """The largest sum in any minute, wherever it begins."""
    marks = sorted(marks)
    most = total = first = 0
    for at, amount in marks:
        total += amount
        while marks[first][0] <= at - 60:
            total -= marks[first][1]
            first += 1
        most = max(most, total)
    return most


def _alone(times: list[dict[str, Any]], until: float) -> int | None:
    """Calls from the end of an opening until the first of them is over: one, the probe. None where none came."""
    after = [span for span in times if span["at"] >= until]
    return sum(span["at"] <= after[0]["until"] for span in after) if after else None


def _waits(run: Any, times: list[dict[str, Any]]) -> Iterator[float]:
    """Seconds from the end of each answer, as the service knows it, until it was stored."""
    over = {span["name"]: span["until"] for span in times}
    for text, at in run.responses.filter(status="answered").values_list("prompt_text", "answered_at"):
        yield at.timestamp() - over[text.rpartition("id:")[2]]


if __name__ == "__main__":
    sys.exit(main())
