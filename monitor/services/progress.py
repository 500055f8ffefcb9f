"""How long work tells whoever watches: a job's row, a terminal, or nobody. Knows nothing of either."""

from __future__ import annotations

from typing import Protocol


class Cancelled(Exception):  # noqa: N818 - an outcome that a person asked for, not an error
    """Raised out of `Watch.step` when the work should stop; what is stored stays."""


class Paused(Exception):  # noqa: N818 - as above
    """Raised out of `Watch.step` when the work should stop for now and go on later from where it was."""


class Watch(Protocol):
    """What long work reports to. `step` may be called as often as one likes, and may raise `Cancelled`."""

    def step(self, phase: str, done: int, total: int) -> None: ...

    def problem(self, where: str, reason: str) -> None: ...


class Unwatched:
    """For work that nobody follows; problems are kept."""

    def __init__(self) -> None:
        self.problems: list[dict[str, str]] = []

    def step(self, phase: str, done: int, total: int) -> None:
        return

    def problem(self, where: str, reason: str) -> None:
        self.problems.append({"where": where, "reason": reason})
