"""The drill of a database that goes away while answers arrive: they wait in the spool, and none is lost or asked again.

    python -m tests.chaos.database --responses 400 --stops 4

PostgreSQL is killed with -9 or stopped at once while many calls are in flight, and stays away until the service has
answered them all. Prints one JSON line, held against the service's own log.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from tests.chaos import stage
from tests.chaos.drill import kill_postgres, tick_and_count

LATENCY = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=400)
    parser.add_argument("--stops", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=600, help="Give up after this long.")
    options = parser.parse_args()
    with stage.paid_calls(latency=LATENCY, CALLS_IN_FLIGHT="64", LEASE_SECONDS="60") as here:
        report = drill(here, options)
    print(json.dumps(report))
    good = report["lost"] == report["wrong"] == report["repeats"] == 0
    return 0 if good and report["spooled_while_away"] and not report["spool_files_left"] else 1


def drill(here: stage.Stage, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import embedded_postgres, supervisor

    prompts = [f"Which kettle is best? id:k{number}" for number in range(options.responses)]
    run = stage.start(stage.make_panel(stage.make_workspace(), prompts, "Away"))
    worker = here.worker()
    started, stops, spooled = time.monotonic(), 0, 0
    with supervisor.Supervisor([worker], data_dir=here.data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            answered = tick_and_count(run)
            if answered == options.responses:
                break
            in_flight = _in_flight(run)
            if stops < options.stops and in_flight and (answered or 0) >= options.responses * stops // options.stops:
                (kill_postgres if stops % 2 == 0 else embedded_postgres.stop)(here.data_dir)
                stops += 1
                time.sleep(LATENCY + 1.5)  # what was in flight is answered by now
                spooled += _spooled(here)
            time.sleep(0.2)
        report = stage.against_the_log(here, run.responses.all())
        time.sleep(1)  # the last spool file goes after the last answer is stored
    return report | {
        "stops": stops,
        "spooled_while_away": spooled,
        "spool_files_left": here.spool_files(),
        "seconds": round(time.monotonic() - started, 1),
    }


def _in_flight(run: Any) -> int:
    """Calls that are sent and not stored; none while the database is away."""
    from django.db import InterfaceError, OperationalError, connection

    try:
        return int(run.responses.filter(status="sending").count())
    except (OperationalError, InterfaceError):
        connection.close()
        return 0


def _spooled(here: stage.Stage) -> int:
    """Answers that lie in the spool now."""
    return sum(path.read_bytes().count(b'"lease"') for path in here.spool())


if __name__ == "__main__":
    sys.exit(main())
