"""A Watch for terminals: one line on standard error that moves, problems on lines of their own."""

from __future__ import annotations

import sys
import time

SHOW_SECONDS = 0.2


class ConsoleWatch:
    def __init__(self) -> None:
        self.problems = 0
        #: Seconds that each phase took so far.
        self.seconds: dict[str, float] = {}
        self._phase, self._since, self._shown, self._open_line = "", time.monotonic(), 0.0, False

    def step(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._break_line()
            self._phase, self._since, self._shown = phase, now, 0.0
        self.seconds[phase] = now - self._since
        quiet = not sys.stderr.isatty()  # a log wants the last word of a phase alone
        if done != total and (quiet or now - self._shown < SHOW_SECONDS):
            return
        self._shown = now
        rate = f", {done / (now - self._since):.1f} a second" if done and now - self._since > 1 else ""
        print(f"\r{phase}: {done} of {total}{rate}\033[K", end="", file=sys.stderr, flush=True)
        self._open_line = True

    def problem(self, where: str, reason: str) -> None:
        self.problems += 1
        self._break_line()
        print(f"{where}: {reason}", file=sys.stderr)

    def close(self) -> None:
        self._break_line()

    def _break_line(self) -> None:
        if self._open_line:
            print(file=sys.stderr)
            self._open_line = False
