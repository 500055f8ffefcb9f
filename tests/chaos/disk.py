"""The drill of a full disk: asking pauses and says so, nothing is lost, and it goes on by itself once there is room.

    python -m tests.chaos.disk --responses 300

The spool lies on a small file system in memory (mounting it takes root), which a filler leaves first too little room
for asking to go on, and then none at all while calls are in flight. Prints one JSON line, held against the service's
own log.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.chaos import stage
from tests.chaos.drill import tick_and_count

MEGABYTE = 1024**2
SIZE = 320 * MEGABYTE
LATENCY = 2.0
#: A worker looks again for room this often.
PATIENCE = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=300, help="Give up after this long.")
    options = parser.parse_args()
    with stage.paid_calls(latency=LATENCY, CALLS_IN_FLIGHT="64") as here:
        spool = here.data_dir / "spool"
        spool.mkdir(mode=0o700, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(spool)], check=True)
        try:
            report = drill(here, spool, options)
        finally:
            subprocess.run(["umount", "--lazy", str(spool)], check=True)
    print(json.dumps(report))
    good = report["lost"] == report["wrong"] == report["repeats"] == 0
    return 0 if good and report["said"] and report["could_not_be_spooled"] and not report["sent_while_full"] else 1


def drill(here: stage.Stage, spool: Path, options: argparse.Namespace) -> dict[str, Any]:
    from monitor import supervisor

    prompts = [f"Which kettle is best? id:k{number}" for number in range(options.responses)]
    run = stage.start(stage.make_panel(stage.make_workspace(), prompts, "Full"))
    worker = here.worker()
    filler = spool.parent / "spool" / "filler"
    started = time.monotonic()
    sent_while_full, said, full = 0, "", False
    with supervisor.Supervisor([worker], data_dir=here.data_dir, owns_postgres=True) as all_of_it:
        while time.monotonic() - started < options.seconds:
            all_of_it.tend()
            answered = tick_and_count(run)
            if answered == options.responses:
                break
            if not full and run.responses.filter(status="sending").count() >= 32:
                _fill(filler)
                full = True
                time.sleep(2 * LATENCY)  # what was in flight is answered, and finds no room
                before = len(here.times())
                time.sleep(2 * LATENCY)
                sent_while_full = len(here.times()) - before
                said = _run_page(run)
                filler.unlink()
                room_since = time.monotonic()
            time.sleep(0.3)
        seconds = time.monotonic() - started
        report = stage.against_the_log(here, run.responses.all())
        time.sleep(1)  # the last spool file goes after the last answer is stored
    return report | {
        "sent_while_full": sent_while_full,
        "could_not_be_spooled": (here.folder / "worker.log").read_text().count("could not be spooled"),
        "said": said,
        "seconds_after_room": round(time.monotonic() - room_since, 1) if full else None,
        "spool_files_left": here.spool_files(),
        "seconds": round(seconds, 1),
    }


def _fill(filler: Path) -> None:
    """Write until the disk takes no more."""
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * MEGABYTE):
                pass
        except OSError:
            return


def _run_page(run: Any) -> str:
    """What the run's page says about the disk."""
    import re

    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from monitor.models import Role
    from tests.factories import make_member

    settings.ALLOWED_HOSTS = ["testserver"]
    browser = Client()
    browser.force_login(make_member(run.workspace, Role.VIEWER))
    page = browser.get(reverse("run", args=[run.workspace.slug, run.pk])).content.decode()
    found = re.search(r"[^<>]*\bdisk\b[^<>]*", page)
    return " ".join(found[0].split()) if found else ""


if __name__ == "__main__":
    sys.exit(main())
