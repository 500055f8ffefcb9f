"""docker-compose.yml parses, and what it runs is what this code has: no engine is needed to see that."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitor import environment
from monitor.celery import QUEUES
from tests.plugin import absent
from tests.ports import free_port, wait_until_ready

ROOT = Path(__file__).resolve().parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def test_every_long_running_service_has_a_health_check() -> None:
    for name, service in COMPOSE["services"].items():
        assert "healthcheck" in service or service["restart"] == "no", name


def test_workers_serve_every_queue_and_none_that_nobody_fills() -> None:
    served = set()
    for service in OURS.values():
        command = service["command"]
        if "-Q" in command:
            served |= set(command[command.index("-Q") + 1].split(","))
    assert served == set(QUEUES)


def test_settings_given_to_services_are_settings_we_read() -> None:
    known = {variable.name for variable in environment.ENVIRONMENT}
    for name, service in OURS.items():
        assert set(service["environment"]) <= known, name


def test_what_env_may_set_reaches_the_services() -> None:
    ours = {"PORT", "HOST", "DEBUG", "DEMO", "DATABASE_POOL", "WEB_WORKERS", "KEY_FILE", "MODEL_ROOT"}
    for name, service in OURS.items():
        missing = {variable.name for variable in environment.ENVIRONMENT} - ours - set(service["environment"])
        assert not missing, name


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]*)`? \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {name: default.strip() for name, default in rows.items()} == {
        variable.name: variable.default or "empty" for variable in environment.ENVIRONMENT
    }


@pytest.mark.drill
@pytest.mark.servers
def test_web_worker_and_beat_commands_start_against_postgresql_and_redis(tmp_path: Path) -> None:
    """The commands of docker-compose.yml by hand, on this machine's servers."""
    if not shutil.which("redis-cli") or subprocess.run(["redis-cli", "ping"], capture_output=True).returncode:
        absent("a Redis server on 127.0.0.1")
    if subprocess.run(["pg_isready", "-h", "127.0.0.1"], capture_output=True).returncode:
        absent("a PostgreSQL server on 127.0.0.1")
    database = f"citescope_compose_{os.getpid()}"
    subprocess.run(["createdb", "-h", "127.0.0.1", "-U", "postgres", database], check=True)
    variables = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:5432/{database}",
        "CELERY_BROKER_URL": "redis://127.0.0.1:6379/9",
        "SECRET_KEY": "only for this test",
    }

    def start(service: str, *replaced: tuple[str, str]) -> subprocess.Popen[str]:
        command = [sys.executable if word == "python" else word for word in OURS[service]["command"]]
        for old, new in replaced:
            command = [word.replace(old, new) for word in command]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, that can be ended whole
        )

    running: dict[str, subprocess.Popen[str]] = {}
    try:
        migrated = start("migrate", ("python ", f"{sys.executable} "))
        assert migrated.wait(120) == 0, migrated.stdout and migrated.stdout.read()
        port = free_port()
        moved = (("/data/", f"{tmp_path}/"), ("8000", str(port)), ("0.0.0.0", "127.0.0.1"))  # noqa: S104
        services = ("worker-models", "worker-housekeeping", "worker-external", "beat", "web")
        running |= {name: start(name, *moved) for name in services}
        wait_until_ready(port)
        time.sleep(4)  # whatever cannot start has ended by now
        alive = {name: process.poll() is None for name, process in running.items()}
        for process in running.values():
            process.terminate()
        output = {name: process.communicate(timeout=30)[0] for name, process in running.items()}
        for name in running:
            assert alive[name] and "Traceback" not in output[name], f"{name}: {output[name]}"
    finally:
        for process in running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        subprocess.run(["dropdb", "--force", "-h", "127.0.0.1", "-U", "postgres", database], check=True)
