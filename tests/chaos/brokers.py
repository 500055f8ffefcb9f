"""The drill of brokers: Redis or RabbitMQ killed with -9 while runs wait for its messages.

    python -m tests.chaos.brokers redis --responses 400 --kills 10
    python -m tests.chaos.brokers rabbitmq --responses 400 --kills 10

Starts a broker of its own on a free port, so it disturbs nothing. Each kill has a run of its own, started just before:
its messages go with the broker. Once all queues are emptied instead. Every message is sent five times over. Prints one
JSON line: what was lost, wrong or asked twice by the service's own log.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos import stage
from tests.ports import free_port

DELIVERIES = 5
#: What beat does each half minute is done so often here.
TICK_SECONDS = 2.0


class Broker:
    """A broker of one's own, to be killed."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._folder = Path(tempfile.mkdtemp(prefix="citescope-broker-"))
        self._port, self._other_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        if self.kind == "redis":
            return f"redis://127.0.0.1:{self._port}/0"
        return f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self._command(),
                env={**os.environ, **self._environment()},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.kind} did not start; see {self._folder}.")
            time.sleep(0.1)

    def kill(self) -> None:
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def clear_away(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self) -> list[str]:
        if self.kind == "redis":
            return [
                *("redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder)),
                *("--save", "", "--appendonly", "no"),
            ]
        # the script of this name in the path changes the user; the one that it leads to does not
        scripts = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        return [str(scripts[-1]) if scripts else "rabbitmq-server"]

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        return {
            "HOME": folder,
            "RABBITMQ_NODENAME": f"drill{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(self._other_port),
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PLUGINS_EXPAND_DIR": f"{folder}/plugins",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
        }

    def _answers(self) -> bool:
        from kombu import Connection

        try:
            with Connection(self.url, connect_timeout=2) as connection:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=2)
        except Exception:  # noqa: BLE001 - whatever it says while it starts
            return False
        return True


def is_here(kind: str) -> bool:
    """Whether this machine has the broker's program."""
    return bool(shutil.which("redis-server" if kind == "redis" else "rabbitmq-server"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("broker", choices=["redis", "rabbitmq"])
    parser.add_argument("--responses", type=int, default=400)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=900, help="Give up after this long.")
    options = parser.parse_args()
    broker = Broker(options.broker)
    try:
        broker.start()
        with stage.paid_calls(
            latency=0.2, LEASE_SECONDS="30", CALLS_IN_FLIGHT="64", CELERY_BROKER_URL=broker.url
        ) as here:
            report = drill(here, broker, options)
    finally:
        broker.clear_away()
    print(json.dumps(report))
    return 0 if report["lost"] == report["wrong"] == report["repeats"] == 0 else 1


def drill(here: stage.Stage, broker: Broker, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import celery, supervisor
    from monitor.models import Response

    app: Any = celery.app
    send = app.send_task
    messages = 0

    def send_often(*args: Any, **kwargs: Any) -> None:
        nonlocal messages
        messages += 1
        for _ in range(DELIVERIES):
            send(*args, **kwargs, task_id=f"drill-{messages}")

    app.send_task = send_often
    workspace = stage.make_workspace()
    workers = [service for service in supervisor.workers(here.data_dir) if service.name.startswith(("house", "ext"))]
    blows = ["kill"] * options.kills + ["flush"]
    each = max(options.responses // len(blows), 1)
    started, slowest = time.monotonic(), 0.0
    with supervisor.Supervisor(workers, data_dir=here.data_dir, owns_postgres=True) as all_of_it:
        all_of_it.tend()
        for number, blow in enumerate(blows):
            prompts = [f"Which kettle is best? id:r{number}k{prompt}" for prompt in range(each)]
            run = stage.start(stage.make_panel(workspace, prompts, f"Run {number}"))
            begun = time.monotonic()
            strike(broker, blow)
            wait_for(run, all_of_it, until=started + options.seconds, restart=broker.start if blow == "kill" else None)
            slowest = max(slowest, time.monotonic() - begun)
        time.sleep(2 * TICK_SECONDS)  # what is still on its way may do no harm either
        restarts = sum(service.pause > 0.5 for service in workers)
        report = stage.against_the_log(here, Response.objects.unscoped())
    return report | {
        "broker": broker.kind,
        "kills": blows.count("kill"),
        "flushes": blows.count("flush"),
        "messages": messages,
        "deliveries_each": DELIVERIES,
        "workers_ended": restarts,
        "slowest_run_s": round(slowest, 1),
        "spool_files_left": here.spool_files(),
        "seconds": round(time.monotonic() - started, 1),
    }


def strike(broker: Broker, blow: str) -> None:
    """Take the broker's messages away: it dies, or its queues are emptied."""
    if blow == "kill":
        broker.kill()
        return
    from kombu import Connection

    with Connection(broker.url) as connection:
        channel: Any = connection.default_channel
        if broker.kind == "redis":
            channel.client.flushall()
        else:
            for name in ("housekeeping", "external", "asking"):
                channel.queue_purge(name)


def wait_for(run: Any, all_of_it: Any, *, until: float, restart: Callable[[], None] | None) -> None:
    """Tick as beat does until the run ended; the broker comes back at the second tick."""
    from monitor import tasks

    ticks, next_tick = 0, 0.0
    while time.monotonic() < until:
        all_of_it.tend()
        if time.monotonic() > next_tick:
            tasks.tick()
            ticks, next_tick = ticks + 1, time.monotonic() + TICK_SECONDS
            if ticks == 2 and restart:
                restart()
            run.refresh_from_db()
            if run.status == "completed" and (ticks > 2 or not restart):
                return
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
