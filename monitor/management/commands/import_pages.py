"""`manage.py import_pages PAGES.jsonl --workspace W`: pages into the local engine, and a new index over them."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor.environment import refuse
from monitor.management.arguments import workspace_named
from monitor.management.console import ConsoleWatch
from monitor.services import workspace_loader
from monitor.services.errors import Problem


class Command(BaseCommand):
    help = (
        'Import pages: rows {"url", "html"} or {"url", "file"}, the file relative to PAGES.jsonl; gzip by suffix. '
        "Bad rows are named on stderr, good ones imported; prints one JSON line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pages", type=Path, help="JSON Lines file of pages.")
        parser.add_argument("--workspace", required=True, help="Name or slug of the workspace.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        watch, started = ConsoleWatch(), time.monotonic()
        try:
            facts = workspace_loader.load_pages(workspace=workspace, path=options["pages"], watch=watch)
        except Problem as problem:
            refuse(str(problem))
        finally:
            watch.close()
        self.stdout.write(json.dumps(workspace_loader.with_pace(facts, watch.seconds, time.monotonic() - started)))
