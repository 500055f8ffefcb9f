"""`manage.py extract --brands BRANDS.json`: the brands that answers name, JSON Lines in and out, without a database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from inference.sentiment import Named, SentimentReader, get_sentiment_reader
from monitor.environment import refuse
from monitor.extract import Brand, Matcher, Mention
from monitor.management.lines import given_lines, read_object
from monitor.roles import parts

#: Answers read together, so that their sentences are embedded together.
BATCH = 256


class Command(BaseCommand):
    help = 'Read {"id", "text"} lines from standard input, write {"id", "mentions": [...]} for each.'
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--brands",
            type=Path,
            required=True,
            help='JSON list of {"name", "aliases", "domains", "kind"}; "needs", "excludes", "exact_case" for rules',
        )
        parser.add_argument(
            "--no-sentiment", action="store_true", help="leave every sentiment null: no model is loaded, and it is fast"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        brands = _read_brands(options["brands"])
        matcher = Matcher(brands)
        with given_lines() as lines:
            answers = (_answer(number, read_object(number, line)) for number, line in lines)
            while batch := list(islice(answers, 1 if options["no_sentiment"] else BATCH)):
                found = [matcher.mentions(text) for _, text in batch]
                feelings = iter([None] * sum(map(len, found)) if options["no_sentiment"] else _feelings(batch, found))
                for (answer_id, text), mentions in zip(batch, found, strict=True):
                    rows = [
                        {
                            "brand": brands[mention.brand_id].name,
                            "start": mention.start,
                            "end": mention.end,
                            "text": mention.text,
                            "rank": mention.rank,
                            "role": part.role,
                            "place": part.place,
                            "sentiment": next(feelings),
                        }
                        for mention, part in zip(mentions, parts(text, mentions), strict=True)
                    ]
                    # escaped, so that what is no valid Unicode passes as it came
                    self.stdout.write(json.dumps({"id": answer_id, "mentions": rows}))


def _feelings(answers: Sequence[tuple[Any, str]], found: Sequence[Sequence[Mention]]) -> Sequence[str]:
    """The feeling towards each mention of these answers, in order; the model is loaded for the first."""
    names = [
        Named(text, each.start, each.end, [(o.start, o.end) for o in mentions if o.brand_id != each.brand_id])
        for (_, text), mentions in zip(answers, found, strict=True)
        for each in mentions
    ]
    return _reader().read(names) if names else []


def _reader() -> SentimentReader:
    """The reader of feelings. A model that cannot be loaded ends the command."""
    try:
        return get_sentiment_reader(settings.MODEL_DEVICE)
    except (ValueError, ImportError) as error:
        refuse(f"Sentiment needs MiniLM: {error} --no-sentiment does without.")


def _read_brands(path: Path) -> list[Brand]:
    """The brands, each with its place in the list for an id. What cannot be read ends the command."""
    try:
        rows = json.loads(path.read_text("utf-8"))
        if not isinstance(rows, list):
            raise TypeError("it must hold a list of brands")
        return [_brand(number, row) for number, row in enumerate(rows)]
    except OSError as error:
        refuse(f"{path} cannot be read: {error.strerror}.")
    except (ValueError, TypeError, RecursionError) as error:
        refuse(f"{path}: {error}.")


def _brand(number: int, row: Any) -> Brand:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"].strip():
        raise TypeError(f"brand {number + 1} needs a name")
    lists = {key: row.get(key) or [] for key in ("aliases", "domains", "needs", "excludes")}
    for key, values in lists.items():
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise TypeError(f"{key} of {row['name']!r} must be a list of texts")
    kind, exact_case = row.get("kind") or "competitor", row.get("exact_case") or False
    if kind not in {"own", "competitor"}:
        raise TypeError(f"the kind of {row['name']!r} must be own or competitor")
    if not isinstance(exact_case, bool):
        raise TypeError(f"exact_case of {row['name']!r} must be true or false")
    return Brand(number, row["name"], kind=kind, exact_case=exact_case, **lists)


def _answer(number: int, row: dict[str, Any]) -> tuple[Any, str]:
    """(id, text) of one line; a line without a text ends the command with its number."""
    if not isinstance(row.get("text"), str):
        refuse(f'Line {number} needs to be an object with "id" and "text".')
    return row.get("id"), row["text"]
