"""A worker that does one thing at a time and comes no further ends itself; whoever keeps it alive starts it anew.

The clock is one of C's that needs no lock of Python, so it also runs where a model hangs and holds that. Where every
thread stood then is written to the worker's log, and the leases of what was at work end. Knows nothing of the work.
"""

from __future__ import annotations

import faulthandler
import time
from typing import Any

from celery.concurrency.solo import TaskPool
from celery.signals import task_postrun, task_prerun, worker_ready

#: No step takes as long: not a batch of generated answers, nor a page, nor a passage's embedding.
QUIET_SECONDS = 3600.0
#: Setting the clock costs a thread.
LEAST_APART = 5.0
STANDARD_ERROR = 2

_is_watched = False
_set_at: float | None = None


@worker_ready.connect
def watch(sender: Any = None, **sent: Any) -> None:
    """Watch this process where its worker has no other tasks beside the one at hand."""
    global _is_watched
    _is_watched = isinstance(getattr(sender, "pool", None), TaskPool)


@task_prerun.connect
def begin(**sent: Any) -> None:
    """Set the clock for a task."""
    if _is_watched:
        _set()


def step() -> None:
    """Something was done: set the clock anew, where it runs."""
    if _set_at is not None and time.monotonic() - _set_at >= LEAST_APART:
        _set()


@task_postrun.connect
def end(**sent: Any) -> None:
    """Stop the clock: nothing to do is no standstill."""
    global _set_at
    _set_at = None
    faulthandler.cancel_dump_traceback_later()


def _set() -> None:
    global _set_at
    _set_at = time.monotonic()
    # by number: Celery puts something that is no file in the place of `sys.stderr`
    faulthandler.dump_traceback_later(QUIET_SECONDS, exit=True, file=STANDARD_ERROR)
