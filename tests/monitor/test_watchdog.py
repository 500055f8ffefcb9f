"""A worker with one task at a time that comes no further ends itself, even where nothing of Python runs any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: A real worker of a broker of its own, with a task that sends itself.
WORKER = """
import os, re, sys, time
import django
django.setup()
import monitor.tasks
from monitor import watchdog
from monitor.celery import app

watchdog.QUIET_SECONDS, watchdog.LEAST_APART = 2.0, 0.0

@app.task(name="hang")
def hang():
    re.match("(a+)+$", "a" * 64 + "b")  # holds the lock of Python for years

@app.task(name="steps")
def steps():
    for _ in range(30):
        time.sleep(0.1)
        watchdog.step()
    os._exit(5)

@app.task(name="quiet")
def quiet():
    time.sleep(3)
    os._exit(5)

app.send_task(sys.argv[1], queue="local")
app.worker_main(["worker", "--pool", sys.argv[2], "-Q", "local", "--without-gossip", "--without-mingle"])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "CELERY_BROKER_URL": "",
        "DJANGO_SETTINGS_MODULE": "monitor.settings",
    }


def run(task: str, pool: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WORKER, task, pool]
    return subprocess.run(command, env=environment, timeout=60, capture_output=True, text=True, check=False)


def test_one_that_hangs_ends_and_its_log_says_where(environment: dict[str, str]) -> None:
    ended = run("hang", "solo", environment)
    assert ended.returncode == 1
    assert "Timeout (0:00:02)" in ended.stderr and "in hang" in ended.stderr


@pytest.mark.parametrize(("task", "pool"), [("steps", "solo"), ("quiet", "threads")])
def test_one_that_comes_further_goes_on_and_one_with_several_tasks_is_not_watched(
    task: str, pool: str, environment: dict[str, str]
) -> None:
    ended = run(task, pool, environment)
    assert ended.returncode == 5
    assert "Timeout" not in ended.stderr
