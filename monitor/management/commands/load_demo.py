"""`manage.py load_demo`: thirty days of a made-up market, really answered by the local engine."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from monitor.environment import refuse
from monitor.management.console import ConsoleWatch
from monitor.queries import alerts
from monitor.services import demo
from monitor.services.errors import Problem


class Command(BaseCommand):
    help = "Load the demo workspace, or go on where loading stopped. A demo that was removed stays away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="Load it although it was removed.")
        parser.add_argument("--days", type=int, default=demo.DAYS, help="Days of history (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 365:
            refuse("--days: give a number from 1 to 365.")
        watch, started = ConsoleWatch(), time.monotonic()
        try:
            facts = demo.load(days=options["days"], again=options["again"], watch=watch, find=alerts.found)
        except Problem as problem:
            refuse(str(problem))
        finally:
            watch.close()
        if facts:
            self.stdout.write(json.dumps({**facts, "seconds": round(time.monotonic() - started, 1)}))
