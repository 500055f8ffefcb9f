"""The drill of fair shares: one workspace floods the worker, another sends a few questions and must not wait for it.

    python -m tests.chaos.fairness --flood 10000 --few 10

The few are sent once the flood is under way. By the service's own log: how many of the flood's calls came between the
start of the few and the last of them, in rounds of what one worker keeps in flight. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from tests.chaos import stage

AT_ONCE = 64
ROUNDS = 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flood", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=300, help="Give up after this long.")
    options = parser.parse_args()
    with stage.paid_calls(latency=0.5, CALLS_IN_FLIGHT=str(AT_ONCE)) as here:
        report = drill(here, options)
    print(json.dumps(report))
    return 0 if report["few_answered"] == options.few and report["rounds"] <= ROUNDS else 1


def drill(here: stage.Stage, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import supervisor, tasks

    flood = _panel("a", options.flood)
    few = _panel("b", options.few)
    stage.start(flood)
    worker = here.worker()
    started, run, asked_at = time.monotonic(), None, 0.0
    with supervisor.Supervisor([worker], data_dir=here.data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            if run is None:
                tasks.tick()
                if len(here.times()) >= 3 * AT_ONCE:
                    run, asked_at = stage.start(few), time.time()
            elif run.responses.filter(status="answered").count() == options.few:
                break
            time.sleep(0.2)
        answered = run.responses.filter(status="answered").count() if run else 0
    before = [span for span in here.times() if span["at"] >= asked_at]
    last = max((place for place, span in enumerate(before) if span["name"].startswith("b")), default=len(before))
    ahead = sum(span["name"].startswith("a") for span in before[:last])
    return {
        "flood": options.flood,
        "few": options.few,
        "few_answered": answered,
        "flood_calls_ahead_of_the_last": ahead,
        "at_once": AT_ONCE,
        "rounds": -(-ahead // AT_ONCE),
        "seconds_to_the_last_call": round(before[last]["at"] - asked_at, 2) if last < len(before) else None,
        "seconds": round(time.monotonic() - started, 1),
    }


def _panel(letter: str, prompts: int) -> Any:
    texts = [f"Which kettle is best? id:{letter}{number}" for number in range(prompts)]
    return stage.make_panel(stage.make_workspace(), texts, f"Panel {letter}")


if __name__ == "__main__":
    sys.exit(main())
