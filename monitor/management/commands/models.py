"""`manage.py models [DIR...]`: what the installed embedding model and the one in use are worth on this machine."""

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
        "Measure the embedding models that the settings name, and others beside them, in each precision: size, "
        "passages a second here, milliseconds a question, nDCG on a small built-in set. One JSON line each."
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
