"""Runs one function over many untrusted items in processes of their own, so that no item can stop the others.

An item that hangs, crashes its process or eats its memory costs itself alone. Knows nothing of pages or of Django.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MEMORY_BYTES = 4 * 1024**3
#: Items handed out beyond the oldest one still under work, per process.
WINDOW = 8

_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an item has no result."""

    reason: str


def guarded_map(
    function: Callable[[Item], Result], items: Iterable[Item], *, processes: int, seconds: float
) -> Iterator[tuple[Item, Result | Failed]]:
    """Yield (item, result or Failed) in the order of `items`, which is read only as far as needed.

    `function` is named by its module, and what it raises becomes Failed. Raises RuntimeError when no process starts.
    """
    source = enumerate(items)
    team: list[_Worker[Item, Result]] = []
    under_work: dict[int, Item] = {}
    finished: dict[int, Result | Failed] = {}
    oldest, exhausted = 0, False
    try:
        while True:
            idle = [worker for worker in team if worker.index is None]
            while not exhausted and len(under_work) < processes * WINDOW and (idle or len(team) < processes):
                following = next(source, None)
                if following is None:
                    exhausted = True
                    break
                if not idle:
                    team.append(_Worker(function, seconds))
                    idle.append(team[-1])
                index, item = following
                under_work[index] = item
                idle.pop().take(index, item)
            while oldest in finished:
                yield under_work.pop(oldest), finished.pop(oldest)
                oldest += 1
            busy = [worker for worker in team if worker.index is not None]
            if not busy and exhausted:
                return
            ready = wait([worker.connection for worker in busy]) if busy else []
            for worker in [worker for worker in busy if worker.connection in ready]:
                index, result = worker.result()
                finished[index] = result
                if not worker.alive:
                    team.remove(worker)
    finally:
        for worker in team:
            worker.end()


class Guarded(Generic[Item, Result]):
    """The function for one item after the other, where the next is known only when the last one is done."""

    def __init__(self, function: Callable[[Item], Result], *, seconds: float) -> None:
        self._function, self._seconds = function, seconds
        self._worker: _Worker[Item, Result] | None = None

    def __call__(self, item: Item) -> Result | Failed:
        """Raises RuntimeError when no process starts."""
        if self._worker is None or not self._worker.alive:
            self._worker = _Worker(self._function, self._seconds)
        self._worker.take(0, item)
        return self._worker.result()[1]

    def close(self) -> None:
        if self._worker is not None and self._worker.alive:
            self._worker.end()


class _Worker(Generic[Item, Result]):
    """One process, and the item it has."""

    def __init__(self, function: Callable[[Item], Result], seconds: float) -> None:
        self.connection, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=_serve, args=(theirs, function, seconds), daemon=True)
        self.process.start()
        theirs.close()
        self.index: int | None = None
        self.alive = True
        self._seconds = seconds
        try:
            self.connection.recv()  # it has imported what it needs: only now the clock of its items runs
        except EOFError:
            raise RuntimeError("A process for reading pages could not start; its error is in the log.") from None

    def take(self, index: int, item: Item) -> None:
        self.index = index
        try:
            self.connection.send(item)
        except OSError:
            return  # it died idle: `result` finds the closed pipe

    def result(self) -> tuple[int, Result | Failed]:
        index, self.index = self.index, None
        if index is None:
            raise RuntimeError("This process was given nothing.")
        try:
            return index, self.connection.recv()
        except (EOFError, OSError):
            self.end()
            return index, Failed(self._how_it_died())

    def _how_it_died(self) -> str:
        if self.process.exitcode == -signal.SIGALRM:
            return f"took longer than {self._seconds:g} s to read"
        return f"could not be read: its reader stopped (exit {self.process.exitcode})"

    def end(self) -> None:
        self.alive = False
        self.connection.close()
        self.process.join(0.5)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


def _serve(connection: Connection[Any, Any], function: Callable[[Any], Any], seconds: float) -> None:
    """The process's life. SIGALRM's default action ends it even inside C code, and when its parent is gone too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    connection.send(None)
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            reply = function(item)
        except Exception as error:  # noqa: BLE001 - whatever an item does, the next one comes
            reply = Failed(str(error) or type(error).__name__)
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.send(reply)
