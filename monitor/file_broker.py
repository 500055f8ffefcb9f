"""Celery's messages as files in a folder: kombu's filesystem transport, with files that appear whole or not at all.

kombu opens a file under its final name and then fills it. A reader that comes in between takes an empty message, and
the error ends the whole worker; a process killed in between leaves a table of queues that nobody can read any more.
Knows nothing of what the messages say.
"""

from __future__ import annotations

import fcntl
import logging
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """Puts messages and tables of queues in place by renaming."""

    # the stubs of kombu contradict one another about what is overridden here
    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:  # type: ignore[override]
        """The queues of an exchange; none where a crash cut the file, so that the next worker writes it anew."""
        try:
            return list(super().get_table(exchange))
        except ValueError:
            log.warning("The broker's table of %s was cut off; it is written anew.", exchange or "queues")
            return []

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None) -> None:
        self.control_folder.mkdir(exist_ok=True)
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        table = self._exchange_file(exchange)  # type: ignore[attr-defined] # newer than its stubs
        with (self.control_folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            queues = self.get_table(exchange)
            if bound not in queues:
                _write(table, [bound, *queues])

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        # names sort by time, and say after the first dot which queue they are for, as `_get` wants them
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                log.warning("A message for %s was cut off, and is dropped: the next tick goes on.", queue)


class Transport(filesystem.Transport):
    """The transport of that channel."""

    Channel = Channel


def _write(file: Path, content: Any) -> None:
    """Write it aside and rename it. Raises OSError."""
    aside = file.with_name(f".{uuid.uuid4()}")
    aside.write_text(dumps(content))
    aside.replace(file)
