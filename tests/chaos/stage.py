"""What every drill with paid calls stands on: a folder, a service of its own that keeps a log, a database, a worker.

Nothing here knows what a drill breaks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.drill import read_lines
from tests.chaos.paid_drill import BODY


@dataclass(frozen=True)
class Stage:
    """Where a drill plays."""

    folder: Path
    data_dir: Path

    def sent(self) -> list[dict[str, Any]]:
        """The service's log: every request, in the order of the answers."""
        return [json.loads(line) for line in read_lines(self.folder / "service.log")]

    def times(self) -> list[dict[str, Any]]:
        """When each request came and when it was over, in the order in which they came."""
        spans = [json.loads(line) for line in read_lines(self.folder / "service.times")]
        return sorted(spans, key=lambda span: (span["at"], span["number"]))

    def worker(self) -> Any:
        """A real worker for paid calls, to hand to a supervisor."""
        from monitor import supervisor

        command = [sys.executable, "-m", "tests.chaos.worker", "external"]
        return supervisor.Service("worker", command, self.folder / "worker.log", pause=0.1)

    def spool(self) -> list[Path]:
        """The files of answers on their way into the database."""
        return list((self.data_dir / "spool").glob("*"))

    def spool_files(self) -> int:
        return len(self.spool())


@contextmanager
def paid_calls(*, latency: float, **environment: str) -> Iterator[Stage]:
    """A stage with its service and database, cleared away in the end. To be entered before Django is set up."""
    folder = Path(tempfile.mkdtemp(prefix="citescope-drill-"))
    (folder / "body.json").write_text(json.dumps(BODY))
    (folder / "plan").write_text("")
    service = subprocess.Popen(
        [sys.executable, "-m", "tests.loopback", "--latency", str(latency), "--log", str(folder / "service.log")]
        + [str(folder / "body.json")],
        stdout=subprocess.PIPE,
        text=True,
    )
    if not service.stdout:
        raise RuntimeError("The service's port cannot be read.")
    port = int(service.stdout.readline())
    data_dir = folder / "data"
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("CELERY_BROKER_URL", None)
    os.environ.update(
        {
            "DATA_DIR": str(data_dir),
            "DRILL_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "monitor.settings",
            "LOG_LEVEL": "ERROR",
            "ASSISTANT_URLS": f"openai=http://127.0.0.1:{port}/v1",
            **environment,
        }
    )
    from monitor import bootstrap, embedded_postgres

    try:
        embedded_postgres.start(data_dir)
        bootstrap.migrate()
        yield Stage(folder, data_dir)
    finally:
        service.kill()
        embedded_postgres.stop(data_dir)
        shutil.rmtree(folder, ignore_errors=True)


def make_workspace() -> Any:
    """A workspace with a brand and a key that opens nothing."""
    from monitor.services import brands, credentials
    from tests import factories

    workspace = factories.make_workspace()
    brands.save_brand(workspace=workspace, brand=None, fields={"name": "Brightkettle", "kind": "own"})
    credentials.save(workspace=workspace, assistant="openai", values={"api_key": "sk-drill-opens-nothing"})
    return workspace


def make_panel(workspace: Any, prompts: Sequence[str], name: str, **options: Any) -> Any:
    """A panel that asks each of these once; a prompt is known to the service by the `id:` in it."""
    from monitor.models import Prompt, Suite
    from monitor.services import panels

    suite = Suite.objects.create(workspace=workspace, name=name)
    Prompt.objects.bulk_create(Prompt(workspace=workspace, suite=suite, text=text) for text in prompts)
    return panels.save_panel(
        workspace=workspace,
        panel=None,
        revision=None,
        fields={
            "name": name, "suite": suite, "repeats": 1, "cron": "", "time_zone": "UTC",
            "assistants": [{"assistant": "openai", "model": "gpt-5-mini", "options": options}],
        },
    )  # fmt: skip


def start(panel: Any) -> Any:
    """A run of the panel, from now."""
    from monitor.models import Trigger
    from monitor.services import runs

    return runs.start_run(panel=panel, trigger=Trigger.MANUAL)


def against_the_log(stage: Stage, responses: Any) -> dict[str, int]:
    """Lost, wrong and repeated calls of these responses, each asked once, by the service's own log."""
    from monitor.models import Body

    calls = Counter(seen["name"] for seen in stage.sent())
    digests: dict[str, set[str]] = {}
    for seen in stage.sent():
        digests.setdefault(seen["name"], set()).add(seen["sha256"])
    stored = dict(
        Body.objects.unscoped().filter(attempt__response__in=responses).values_list("attempt__response_id", "sha256")
    )
    rows = list(responses.values_list("pk", "prompt_text", "status"))
    names = {pk: text.rpartition("id:")[2] for pk, text, _ in rows}
    return {
        "responses": len(rows),
        "calls": sum(calls[name] for name in names.values()),
        "lost": sum(status != "answered" for _, _, status in rows),
        "wrong": sum(stored.get(pk) not in digests.get(name, set()) for pk, name in names.items()),
        "repeats": sum(max(calls[name] - 1, 0) for name in names.values()),
    }
