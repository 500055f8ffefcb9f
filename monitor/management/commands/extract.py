"""`manage.py extract --brands BRANDS.json`: the brands that answers name, JSON Lines in and out, without a database."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitor.environment import refuse
from monitor.extract import Brand, Matcher


class Command(BaseCommand):
    help = 'Read {"id", "text"} lines from standard input, write {"id", "mentions": [...]} for each.'
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--brands", type=Path, required=True, help='JSON list of {"name", "aliases", "domains", "kind"}'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        brands = _read_brands(options["brands"])
        matcher = Matcher(brands)
        for number, line in enumerate(sys.stdin.buffer, start=1):
            if line.strip():
                answer_id, text = _read_line(line, number)
                mentions = [
                    {
                        "brand": brands[found.brand_id].name,
                        "start": found.start,
                        "end": found.end,
                        "text": found.text,
                        "rank": found.rank,
                        # feelings take a classifier, which reads answers on the model queue
                        "sentiment": None,
                    }
                    for found in matcher.mentions(text)
                ]
                # escaped, so that what is no valid Unicode passes as it came
                self.stdout.write(json.dumps({"id": answer_id, "mentions": mentions}))


def _read_brands(path: Path) -> list[Brand]:
    """The brands, each with its place in the list for an id. What cannot be read ends the command."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        if not isinstance(rows, list):
            raise TypeError("it must hold a list of brands")
        return [_brand(number, row) for number, row in enumerate(rows)]
    except OSError as error:
        refuse(f"{path} cannot be read: {error.strerror}.")
    except (ValueError, TypeError) as error:
        refuse(f"{path}: {error}.")


def _brand(number: int, row: Any) -> Brand:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"].strip():
        raise TypeError(f"brand {number + 1} needs a name")
    lists = [row.get(field) or [] for field in ("aliases", "domains")]
    for values in lists:
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise TypeError(f"aliases and domains of {row['name']!r} must be lists of texts")
    kind = row.get("kind") or "competitor"
    if kind not in {"own", "competitor"}:
        raise TypeError(f"the kind of {row['name']!r} must be own or competitor")
    return Brand(number, row["name"], tuple(lists[0]), tuple(lists[1]), kind)


def _read_line(line: bytes, number: int) -> tuple[Any, str]:
    """(id, text) of one line; a line that cannot be read ends the command with its number."""
    try:
        row = json.loads(line)
    except ValueError as error:
        refuse(f"Line {number} is not JSON: {error}.")
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        refuse(f'Line {number} needs to be an object with "id" and "text".')
    return row.get("id"), row["text"]
