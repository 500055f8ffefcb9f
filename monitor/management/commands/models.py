"""`manage.py models [DIR...]`: what the models that are installed and in use are worth on this machine."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor.assistants import engine
from monitor.environment import refuse


class Command(BaseCommand):
    help = (
        "Measure the models that the settings name, those under MODEL_ROOT and others beside them: size, speed here "
        "and quality on a small built-in set; embedding models in each precision. One JSON line each."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directories", nargs="*", type=Path, metavar="DIR", help="Other model directories.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            for row in engine.models(options["directories"], _say):
                self.stdout.write(json.dumps(row))
        except ValueError as error:
            refuse(str(error))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
