"""Short forms of three drills: killed workers, databases and brokers lose and double nothing. `make chaos` has all."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.brokers import is_here
from tests.plugin import absent


def drill(module: str, *arguments: str) -> dict[str, Any]:
    """The report of a drill that ran by itself."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.chaos.{module}", *arguments, "--seconds", "150"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "CITESCOPE_TESTS_OWNER": ""},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.mark.drill
def test_a_run_survives_kills_of_worker_and_database() -> None:
    report = drill("drill", "--responses", "60", "--worker-kills", "1", "--postgres-kills", "1")
    assert (report["lost"], report["doubled"], report["wrong"]) == (0, 0, 0), report
    assert report["worker_kills"] == 1 and report["postgres_kills"] == 1, report
    assert report["spool_files_left"] == 0, report


@pytest.mark.drill
def test_paid_calls_survive_kills_and_the_books_hold_what_they_cost() -> None:
    report = drill("paid_drill", "--responses", "200", "--worker-kills", "2", "--postgres-kills", "1")
    assert (report["lost"], report["wrong"], report["repeats_unmarked"]) == (0, 0, 0), report
    assert report["repeats"] <= report["in_flight_at_kills"], report
    assert report["books_hold"] and report["spool_files_left"] == 0, report
    assert report["worker_kills"] == 2 and report["postgres_kills"] == 1, report


@pytest.mark.drill
@pytest.mark.servers
def test_a_killed_and_emptied_broker_loses_nothing_and_repeats_nothing() -> None:
    if not is_here("redis"):
        absent("redis")
    report = drill("brokers", "redis", "--responses", "30", "--kills", "1")
    assert (report["lost"], report["wrong"], report["repeats"]) == (0, 0, 0), report
    assert (report["kills"], report["flushes"], report["deliveries_each"]) == (1, 1, 5), report
