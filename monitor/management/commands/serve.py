"""`manage.py serve`: everything on one machine, until Ctrl-C."""

from __future__ import annotations

import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from monitor import bootstrap, environment, supervisor

NEEDED_MEGABYTES = 500
WEB_SECONDS = 60


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """SIGTERM during the preparation ends it as Ctrl-C does."""
    raise KeyboardInterrupt


class Command(BaseCommand):
    help = "Run database, web server, workers and beat; prints the address and the demo's login."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        host, port, data_dir = environment.get("HOST"), settings.PORT, settings.DATA_DIR
        embedded = not environment.get("DATABASE_URL")
        if supervisor.is_running(data_dir):
            environment.refuse(f"Citescope already runs on this data folder ({data_dir}). Stop it, or set DATA_DIR.")
        if not supervisor.port_is_free(host, port):
            environment.refuse(f"Port {port} on {host} is in use. Stop what uses it, or run: make run PORT=8001")
        if (free := supervisor.free_megabytes(data_dir)) < NEEDED_MEGABYTES:
            environment.refuse(f"Only {free} MB of disk are free at {data_dir}; Citescope needs {NEEDED_MEGABYTES} MB.")
        services = [
            supervisor.web(data_dir, host=host, port=port, processes=environment.get("WEB_WORKERS")),
            *supervisor.workers(data_dir),
        ]
        signal.signal(signal.SIGTERM, _as_interrupt)
        try:
            with supervisor.Supervisor(services, data_dir=data_dir, owns_postgres=embedded) as everything:
                self._serve(everything, data_dir, embedded, f"http://{host}:{port}/")
                self.stdout.write("Stopping...")
        except KeyboardInterrupt:
            pass
        self.stdout.write("Stopped.")

    def _serve(self, everything: supervisor.Supervisor, data_dir: Path, embedded: bool, address: str) -> None:
        self._prepare(data_dir, embedded)
        everything.stop_on_signals()
        everything.tend()
        self._wait_for_web(address, everything)
        if everything.stopping:
            return
        self.stdout.write(f"url: {address}")
        for line in self._login_lines():
            self.stdout.write(line)
        self.stdout.write(f"Ctrl-C stops everything. Logs: {data_dir / 'logs'}")
        self.stdout.flush()
        everything.watch()

    def _prepare(self, data_dir: Path, embedded: bool) -> None:
        if embedded:
            self.stdout.write("Starting PostgreSQL...")
            bootstrap.start_embedded(data_dir)
        bootstrap.migrate()
        call_command("check", verbosity=0)
        if environment.get("DEMO"):
            call_command("load_demo")

    def _wait_for_web(self, address: str, everything: supervisor.Supervisor) -> None:
        deadline = time.monotonic() + WEB_SECONDS
        while not everything.stopping and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{address}healthz", timeout=5) as answer:  # noqa: S310 - our own server
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                everything.tend()
                time.sleep(0.2)
        if not everything.stopping:
            environment.refuse(f"The web server did not answer in {WEB_SECONDS} s; see {settings.DATA_DIR / 'logs'}.")

    def _login_lines(self) -> list[str]:
        from monitor.services import demo

        login = demo.login()
        return [f"login: {login.email} {login.password}"] if login else []
