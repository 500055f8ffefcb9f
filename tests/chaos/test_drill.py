"""Killed workers and a killed database lose nothing and double nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.chaos
def test_a_run_survives_kills_of_worker_and_database() -> None:
    environment = {**os.environ, "CITESCOPE_TESTS_OWNER": ""}
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.drill", "--responses", "60", "--worker-kills", "3"]
        + ["--postgres-kills", "1", "--seconds", "150"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
        env=environment,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["lost"], report["doubled"], report["wrong"]) == (0, 0, 0), report
    assert report["worker_kills"] == 3 and report["postgres_kills"] == 1, report
    assert report["spool_files_left"] == 0, report
