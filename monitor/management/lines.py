"""JSON Lines on standard input: how commands read them, and how they end where a line is bad or none can come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from inference.pipes import NoInput, read_while_wanted, standard_input
from monitor.environment import refuse


@contextmanager
def given_lines() -> Iterator[Iterator[tuple[int, bytes]]]:
    """The lines that are not blank, with their numbers. Who reads the output and has had enough ends it quietly."""
    try:
        given = standard_input()
    except NoInput as error:
        refuse(f"{error}")
    with read_while_wanted():
        yield ((number, line) for number, line in enumerate(given, start=1) if line.strip())


def read_object(number: int, line: bytes) -> dict[str, Any]:
    """The object of one line; a line that holds none ends the command with its number and the reason."""
    try:
        row = json.loads(line, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        refuse(f"Line {number} is not JSON: {error.msg} (character {error.pos + 1}).")
    except ValueError as error:
        refuse(f"Line {number} is not JSON: {error}.")
    except RecursionError:
        refuse(f"Line {number} is nested too deeply.")
    if not isinstance(row, dict):
        refuse(f"Line {number} is not a JSON object.")
    return row


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number of JSON")
