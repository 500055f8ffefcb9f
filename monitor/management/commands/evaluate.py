"""`manage.py evaluate FOLDER [--workspace W]`: how well the local engine ranks and cites, on judged questions."""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor.assistants import engine
from monitor.environment import refuse
from monitor.management.arguments import workspace_named
from monitor.management.console import ConsoleWatch
from monitor.services import indexes

QRELS = ("qrels/test.tsv", "qrels.tsv")


class Command(BaseCommand):
    help = (
        'Rank the judged questions of a BEIR-shaped folder: queries.jsonl {"_id", "text"}, qrels/test.tsv (query, '
        'document, grade) and corpus.jsonl {"_id", "title", "text", "url"}. With --workspace the index in use there is '
        "ranked instead, and the documents of the qrels are URLs. Prints nDCG, recall and reciprocal rank by mode, and "
        "of the engine's answers citation recall, citation precision and the share of cited pages judged relevant."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--workspace", help="Name or slug of the workspace whose index is ranked.")
        parser.add_argument(
            "--mode", choices=("dense", "lexical", "hybrid"), help="One mode; without it all three, and answers."
        )
        parser.add_argument("-k", type=int, default=10, help="Ranks that count (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if options["k"] < 1:
            refuse("-k: give a number of at least 1.")
        qrels = next((folder / name for name in QRELS if (folder / name).is_file()), folder / QRELS[0])
        generation = _index_of(options["workspace"]) if options["workspace"] else _index_in_passing(folder)
        try:
            with generation as index_folder:
                for row in engine.evaluate(
                    index_folder,
                    folder / "queries.jsonl",
                    qrels,
                    mode=options["mode"],
                    k=options["k"],
                    by_page=bool(options["workspace"]),
                ):
                    self.stdout.write(json.dumps(row))
        except (ValueError, OSError) as error:
            refuse(str(error))


@contextmanager
def _index_of(name: str) -> Iterator[Path]:
    """The index in use in a workspace."""
    generation = indexes.current(workspace=workspace_named(name))
    if generation is None:
        refuse(f"The workspace {name!r} has no index: import pages first.")
    yield indexes.ready_path(generation=generation)


@contextmanager
def _index_in_passing(folder: Path) -> Iterator[Path]:
    """An index over the folder's own corpus, gone afterwards."""
    watch = ConsoleWatch()
    with tempfile.TemporaryDirectory() as place, (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        directory = Path(place) / "1"
        try:
            documents = engine.read_documents(lines)
            engine.build_index(directory, documents, progress=lambda done, total: watch.step("Passages", done, total))
        finally:
            watch.close()
        yield directory
