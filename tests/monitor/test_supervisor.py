"""The supervisor restarts what dies and leaves nothing behind; what stops a start is said in one sentence."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from monitor import supervisor

ROOT = Path(__file__).resolve().parents[2]


def sleeper(folder: Path) -> supervisor.Service:
    """A process with a child of its own, as a web server has workers."""
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    return supervisor.Service("sleeper", [sys.executable, "-c", f"{child}; time.sleep(60)"], folder / "log")


def wait_for_child(pid: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children():
            return children
        time.sleep(0.05)
    raise AssertionError("no child came up")


def test_what_dies_is_started_again_and_stopping_ends_whole_groups(tmp_path: Path) -> None:
    service = sleeper(tmp_path)
    service.pause = 0.05
    with supervisor.Supervisor([service], data_dir=tmp_path, owns_postgres=False) as everything:
        everything.tend()
        assert service.process
        first = service.process.pid
        orphan = wait_for_child(first)[0]
        os.kill(first, signal.SIGKILL)
        service.process.wait()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not (service.is_alive() and service.process.pid != first):
            everything.tend()
            time.sleep(0.05)
        assert service.is_alive() and service.process.pid != first
        assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE, "the old group is gone"
        family = [psutil.Process(service.process.pid), *wait_for_child(service.process.pid)]
    gone, alive = psutil.wait_procs(family, timeout=5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_one_supervisor_a_data_folder(tmp_path: Path) -> None:
    with supervisor.Supervisor([], data_dir=tmp_path, owns_postgres=False):
        assert supervisor.is_running(tmp_path)
        with (
            pytest.raises(supervisor.AlreadyRunning),
            supervisor.Supervisor([], data_dir=tmp_path, owns_postgres=False),
        ):
            pass
    assert not supervisor.is_running(tmp_path)


def serve(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path / "data"), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(tmp_path, PORT=str(port))
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith(f"citescope: Port {port} on 127.0.0.1 is in use.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PORT", "http", "PORT='http': give a port number"),
        ("DATABASE_URL", "mysql://x", "only PostgreSQL is supported"),
        ("CELERY_BROKER_URL", "sqs://x", "give a redis:// or amqp:// URL"),
        ("MODEL_DEVICE", "tpu", "give auto, cpu, cuda or mps"),
        ("EMBEDDING_PRECISION", "fp8", "give auto, fp32, bf16 or int8"),
        ("MAX_UPLOAD_MB", "0", "at least 1"),
        ("DEBUG", "maybe", "give 1 or 0"),
    ],
)
def test_a_bad_setting_ends_the_start_with_its_name(tmp_path: Path, variable: str, value: str, said: str) -> None:
    done = serve(tmp_path, **{variable: value})
    assert done.returncode == 2
    assert said in done.stderr and variable in done.stderr and "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file stands in the way")
    done = serve(tmp_path)
    assert done.returncode == 2
    assert "DATA_DIR cannot be used" in done.stderr and "Traceback" not in done.stderr
