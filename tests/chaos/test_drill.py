"""Killed workers and a killed database lose nothing and double nothing."""

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


@pytest.mark.chaos
def test_a_run_survives_kills_of_worker_and_database() -> None:
    report = drill("drill", "--responses", "60", "--worker-kills", "3", "--postgres-kills", "1")
    assert (report["lost"], report["doubled"], report["wrong"]) == (0, 0, 0), report
    assert report["worker_kills"] == 3 and report["postgres_kills"] == 1, report
    assert report["spool_files_left"] == 0, report


@pytest.mark.chaos
def test_paid_calls_survive_kills_and_the_books_hold_what_they_cost() -> None:
    report = drill("paid_drill", "--responses", "200", "--worker-kills", "3", "--postgres-kills", "1")
    assert (report["lost"], report["wrong"], report["repeats_unmarked"]) == (0, 0, 0), report
    assert report["repeats"] <= report["in_flight_at_kills"], report
    assert report["books_hold"] and report["spool_files_left"] == 0, report
    assert report["worker_kills"] == 3 and report["postgres_kills"] == 1, report


@pytest.mark.chaos
def test_answers_wait_in_the_spool_for_a_database_that_is_away() -> None:
    report = drill("database", "--responses", "96", "--stops", "2")
    assert (report["lost"], report["wrong"], report["repeats"]) == (0, 0, 0), report
    assert report["stops"] == 2 and report["spooled_while_away"], report
    assert report["spool_files_left"] == 0, report


@pytest.mark.chaos
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_full_disk_pauses_asking_says_so_and_loses_nothing() -> None:
    report = drill("disk", "--responses", "96")
    assert (report["lost"], report["wrong"], report["repeats"], report["sent_while_full"]) == (0, 0, 0, 0), report
    assert "disk" in report["said"] and report["could_not_be_spooled"], report


@pytest.mark.chaos
def test_a_flood_does_not_hold_back_the_few_questions_of_another_workspace() -> None:
    report = drill("fairness", "--flood", "600", "--few", "10")
    assert report["few_answered"] == 10 and report["rounds"] <= 2, report


@pytest.mark.chaos
@pytest.mark.servers
@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_killed_and_emptied_brokers_lose_nothing_and_repeat_nothing(broker: str) -> None:
    if not is_here(broker):
        absent(broker)
    report = drill("brokers", broker, "--responses", "30", "--kills", "2")
    assert (report["lost"], report["wrong"], report["repeats"]) == (0, 0, 0), report
    assert (report["kills"], report["flushes"], report["deliveries_each"]) == (2, 1, 5), report
