"""A Watch for terminals: one line on standard error that moves, problems on lines of their own."""

from __future__ import annotations

import sys
import time

SHOW_SECONDS = 0.2
#: A log wants the last word of a phase, and a sign of life in a long one.
LOG_SECONDS = 20.0


class ConsoleWatch:
    def __init__(self) -> None:
        self.problems = 0
        #: Seconds that each phase took so far.
        self.seconds: dict[str, float] = {}
        self._phase, self._since, self._shown, self._open_line = "", time.monotonic(), 0.0, False
        self._logs = not sys.stderr.isatty()

    def step(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._break_line()
            self._phase, self._since, self._shown = phase, now, now if self._logs else 0.0
        self.seconds[phase] = now - self._since
        if not done == total > 0 and now - self._shown < (LOG_SECONDS if self._logs else SHOW_SECONDS):
            return
        self._shown = now
        rate = f", {done / (now - self._since):.1f} a second" if done and now - self._since > 1 else ""
        # no total: how much there is to do is still being found out
        text = f"{phase}: {done} of {total}{rate}" if total else f"{phase}: counting"
        print(text if self._logs else f"\r{text}\033[K", end="", file=sys.stderr, flush=True)
        self._open_line = True
        if self._logs:
            self._break_line()

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
