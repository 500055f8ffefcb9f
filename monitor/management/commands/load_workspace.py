"""`manage.py load_workspace DIR --name NAME`: a folder of pages, prompts and brands as a workspace ready to run."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor.environment import refuse
from monitor.management.console import ConsoleWatch
from monitor.services import workspace_loader
from monitor.services.errors import Problem


class Command(BaseCommand):
    help = (
        "Load DIR/pages.jsonl, DIR/prompts.txt and DIR/brands.json into the workspace NAME, with its index, a suite "
        "and a panel of that name. Loaded again, it updates and doubles nothing. Prints one JSON line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="Folder with pages.jsonl, prompts.txt and brands.json.")
        parser.add_argument("--name", required=True, help="Name of the workspace, its suite and its panel.")
        parser.add_argument("--owner", help="E-mail address of the account that owns a new workspace.")

    def handle(self, *args: Any, **options: Any) -> None:
        watch, started = ConsoleWatch(), time.monotonic()
        try:
            facts = workspace_loader.load(
                folder=options["folder"], name=options["name"], owner=options["owner"], watch=watch
            )
        except Problem as problem:
            refuse(str(problem))
        finally:
            watch.close()
        self.stdout.write(json.dumps(workspace_loader.with_pace(facts, watch.seconds, time.monotonic() - started)))
