"""JSON Lines on standard input: how commands read them, and how they end where a line is bad or none can come."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from monitor.environment import refuse


@contextmanager
def given_lines() -> Iterator[Iterator[tuple[int, bytes]]]:
    """The lines that are not blank, with their numbers. Who reads the output and has had enough ends it quietly."""
    if sys.stdin is None:
        refuse("There is no standard input to read.")
    try:
        yield ((number, line) for number, line in enumerate(sys.stdin.buffer, start=1) if line.strip())
        sys.stdout.flush()
    except BrokenPipeError:
        # keep the interpreter from complaining when it flushes on exit
        sys.stderr.close()
        raise SystemExit(0) from None


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
