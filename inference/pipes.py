"""How commands stand in a pipe: what they read when nothing can come, and how they end when nobody reads on.

Shared by the command lines of all packages; knows no command.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


class NoInput(ValueError):
    """There is no standard input; the message says so."""


def standard_input() -> BinaryIO:
    """Its bytes. Raises NoInput where it is closed."""
    if sys.stdin is None:
        raise NoInput("There is no standard input to read.")
    return sys.stdin.buffer


@contextmanager
def read_while_wanted() -> Iterator[None]:
    """Write to standard output within; who reads it and has had enough ends the command quietly."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # keep the interpreter from complaining when it flushes on exit
        sys.stderr.close()
        raise SystemExit(0) from None
