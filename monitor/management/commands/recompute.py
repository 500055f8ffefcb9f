"""`manage.py recompute`: read all history of a workspace under its brands and the rules of now."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from monitor.management.arguments import workspace_named
from monitor.services import reading, rollups


class Command(BaseCommand):
    help = "Extract citations and mentions from all answers again, then switch to the new reading at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="Name or slug of the workspace.")
        parser.add_argument("--counts", action="store_true", help="Only count what was read again, answer by answer.")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_named(options["workspace"])
        if options["counts"]:
            self.stdout.write(f"{rollups.rebuild(workspace=workspace)} runs counted")
            return

        def progress(done: int, total: int) -> None:
            print(f"\r{done} of {total} answers", end="", file=sys.stderr, flush=True)

        extraction = reading.recompute(workspace=workspace, progress=progress)
        print(file=sys.stderr)
        if extraction is not None:
            self.stdout.write(f"extraction {extraction.number} (rules {extraction.rule_version}) is current")
