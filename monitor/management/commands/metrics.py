"""`manage.py metrics interval|change|pawc`: the figures by themselves, JSON Lines in and out, without a database."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from monitor import metrics
from monitor.environment import refuse
from monitor.management.lines import given_lines, read_object


class Command(BaseCommand):
    help = (
        "Read JSON Lines from standard input, write a line for each. "
        'interval: {"id", "cells": [[hits, n], ...]}; change: {"id", "before": cells, "after": cells}; '
        'pawc: {"id", "text", "citations": [{"domain", "spans": [[start, end], ...]}, ...]}.'
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("figure", choices=sorted(FIGURES))

    def handle(self, *args: Any, **options: Any) -> None:
        figure = FIGURES[options["figure"]]
        with given_lines() as lines:
            for number, line in lines:
                self.stdout.write(_answer(figure, number, read_object(number, line)))


def _answer(figure: Callable[[dict[str, Any]], dict[str, Any]], number: int, row: dict[str, Any]) -> str:
    """The figure of one line; a line that has none ends the command with its number and the reason."""
    try:
        # ASCII only: half a surrogate pair, which JSON can spell, has no bytes
        return json.dumps({"id": row.get("id"), **figure(row)}, allow_nan=False)
    except KeyError as error:
        refuse(f"Line {number}: the field {error} is missing.")
    except OverflowError:
        refuse(f"Line {number}: a number is too large.")
    except RecursionError:
        refuse(f"Line {number} is nested too deeply.")
    except (ValueError, TypeError) as error:
        refuse(f"Line {number}: {error}.")


def _interval(row: dict[str, Any]) -> dict[str, Any]:
    found = metrics.rate(_cells(row, "cells"))
    return {"rate": found.rate, "low": found.low, "high": found.high}


def _change(row: dict[str, Any]) -> dict[str, Any]:
    found = metrics.change(_cells(row, "before"), _cells(row, "after"))
    return {"difference": found.difference, "low": found.low, "high": found.high, "p": found.p}


def _pawc(row: dict[str, Any]) -> dict[str, Any]:
    text, listed = row["text"], row["citations"]
    if not isinstance(text, str):
        raise TypeError("text must be a string")
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise TypeError('citations must be a list of {"domain", "spans"}')
    return {"pawc": metrics.pawc(text, [(_domain(item), _pairs(item["spans"], "spans")) for item in listed])}


def _domain(item: dict[str, Any]) -> str | None:
    domain = item["domain"]
    if domain is not None and not isinstance(domain, str):
        raise TypeError("domain must be a string or null")
    return domain


def _cells(row: dict[str, Any], name: str) -> list[tuple[float, int]]:
    return _pairs(row[name], name)


def _pairs(value: Any, name: str) -> list[tuple[Any, Any]]:
    """A list of pairs of numbers; JSON's true and false are none."""
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise TypeError(f"{name} must be a list of pairs of numbers")
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for pair in value for number in pair):
        raise TypeError(f"{name} must hold numbers only")
    return [(first, second) for first, second in value]


FIGURES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "interval": _interval,
    "change": _change,
    "pawc": _pawc,
}
