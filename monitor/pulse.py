"""When workers of each kind last took up work: a file's time in the data folder that all of them share.

A worker that has something to do is nudged at every tick, so one that was silent for some ticks while work is due is
not there. Knows nothing of the work.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings

from monitor.celery import MODEL_QUEUES, TICK_SECONDS

#: Silence of so long, with work due and none in flight, means that no worker is there.
SILENT_SECONDS = 3 * TICK_SECONDS


def kind_of(queue: str) -> str:
    """The kind of worker that serves a queue."""
    return "models" if queue in MODEL_QUEUES else "external"


def beat(queue: str) -> None:
    """Note that a worker of this queue's kind is at work. A disk that is full changes nothing for it."""
    folder = settings.DATA_DIR / "pulse"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / kind_of(queue)).touch()
    except OSError:
        return


def last(kind: str) -> datetime | None:
    """When a worker of this kind last took up work; None when none ever did."""
    try:
        return datetime.fromtimestamp((settings.DATA_DIR / "pulse" / kind).stat().st_mtime, UTC)
    except OSError:
        return None
