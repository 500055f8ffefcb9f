"""One process that keeps the others alive: database, web server, workers and beat, for a single machine.

It starts what is missing, restarts what dies (after a pause that grows while it keeps dying), and on Ctrl-C or SIGTERM
ends all of it, whole process groups, so that nothing is left behind. Knows nothing of what the processes do.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

import psycopg

from monitor import embedded_postgres, environment
from monitor.celery import EXTERNAL_QUEUES, MODEL_QUEUES

log = logging.getLogger(__name__)

STOP_SECONDS = 15
LONGEST_PAUSE = 30.0


@dataclass
class Service:
    """One child process. `pause` is how long to wait before the next start."""

    name: str
    command: list[str]
    log_file: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 0.5
    start_after: float = 0.0

    def start(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads here
            )
        self.started_at = time.monotonic()

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


def _die_with_parent() -> None:
    """Linux: SIGTERM to the child when its parent dies, even by kill -9."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


class AlreadyRunning(RuntimeError):
    """Another supervisor serves this data folder."""


class Supervisor:
    """Keeps services alive while the block is entered; one a data folder."""

    def __init__(self, services: list[Service], *, data_dir: Path, owns_postgres: bool) -> None:
        self.services = services
        self.data_dir = data_dir
        self.owns_postgres = owns_postgres
        self.stopping = False
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        self._lock = lock(self.data_dir)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._lock:
            self._lock.close()

    def stop_on_signals(self) -> None:
        """Ctrl-C and SIGTERM end `watch`; a second one does not interrupt the stopping."""

        def ask_to_stop(number: int, frame: FrameType | None) -> None:
            self.stopping = True

        signal.signal(signal.SIGINT, ask_to_stop)
        signal.signal(signal.SIGTERM, ask_to_stop)

    def watch(self, until: Callable[[], bool] = lambda: False, every: float = 0.5) -> None:
        """Start and restart services until asked to stop or `until` says so."""
        while not self.stopping and not until():
            self.tend()
            time.sleep(every)

    def tend(self) -> None:
        """One round: the database first, for without it the others only fail."""
        if self.owns_postgres and not embedded_postgres.is_ready(self.data_dir):
            log.warning("The embedded PostgreSQL does not answer; starting it.")
            try:
                embedded_postgres.start(self.data_dir)
            except (RuntimeError, OSError, psycopg.Error) as error:
                log.error("%s", error)
                return
        now = time.monotonic()
        for service in self.services:
            if service.is_alive():
                if now - service.started_at > LONGEST_PAUSE:
                    service.pause = 0.5
                continue
            if service.process is not None and service.start_after <= service.started_at:
                service.signal(signal.SIGKILL)  # what it may have left in its group
                service.start_after = now + service.pause
                log.warning(
                    "%s ended with code %s; starting it again in %.1f s. Its log: %s",
                    *(service.name, service.process.returncode, service.pause, service.log_file),
                )
                service.pause = min(service.pause * 2, LONGEST_PAUSE)
            if now >= service.start_after:
                service.start()

    def stop(self) -> None:
        """End all services, gently first, and the database when it is ours."""
        self.stopping = True
        for service in self.services:
            if service.is_alive():
                service.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.services:
            if service.process is None:
                continue
            try:
                service.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not stop in %d s; ending it.", service.name, STOP_SECONDS)
            service.signal(signal.SIGKILL)
            service.process.wait()
        if self.owns_postgres:
            embedded_postgres.stop(self.data_dir)


def lock(data_dir: Path) -> IO[str]:
    """Hold the data folder as its one supervisor. Raises AlreadyRunning."""
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = (data_dir / "supervisor.lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise AlreadyRunning(f"Citescope already runs on this data folder ({data_dir}). Stop it first.") from None
    return handle


def is_running(data_dir: Path) -> bool:
    """True when a supervisor holds the data folder."""
    try:
        lock(data_dir).close()
    except AlreadyRunning:
        return True
    return False


def workers(data_dir: Path) -> list[Service]:
    """The Celery side: a worker that loads torch once, one for housekeeping, one for many calls at once, and beat."""
    python, logs = sys.executable, data_dir / "logs"
    celery = [python, "-m", "celery", "-A", "monitor"]
    worker = [
        *celery,
        "worker",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--loglevel",
        "INFO",
    ]
    return [
        Service(
            "model worker",
            [*worker, "--pool", "solo", "-Q", ",".join(MODEL_QUEUES), "-n", "models@%h"],
            logs / "worker-models.log",
        ),
        Service(
            "housekeeping worker",
            [
                *worker,
                "--pool",
                "threads",
                "--concurrency",
                "4",
                "-Q",
                "housekeeping",
                "-n",
                "house@%h",
            ],
            logs / "worker-housekeeping.log",
        ),
        Service(
            "external worker",
            [
                *worker,
                "--pool",
                "threads",
                "--concurrency",
                "1",
                "-Q",
                ",".join(EXTERNAL_QUEUES),
                "-n",
                "external@%h",
            ],
            logs / "worker-external.log",
        ),
        Service(
            "beat",
            [
                *celery,
                "beat",
                "--pidfile=",
                "-s",
                str(data_dir / "broker" / "beat-schedule"),
                "--loglevel",
                "WARNING",
            ],
            logs / "beat.log",
        ),
    ]


def web(data_dir: Path, *, host: str, port: int, processes: int) -> Service:
    """The web server."""
    return Service(
        "web server",
        [
            *(sys.executable, "-m", "granian", "--interface", "asginl", "--host", host, "--port", str(port)),
            *("--workers", str(processes), "--no-ws", "monitor.asgi:application"),
        ],
        data_dir / "logs" / "web.log",
        # each request has a thread of its own, which would open a connection and close it again
        {"DATABASE_POOL": str(environment.get("DATABASE_POOL") or environment.WEB_CONNECTIONS)},
    )


def port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_megabytes(folder: Path) -> int:
    """Free disk where the folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 2**20
