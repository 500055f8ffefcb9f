"""The spool's files: a disk that fills up costs the record that found no room, and none after it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inference.answer import RawBody
from monitor.services import spool


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a full disk: a file of this process takes so many bytes, a part of a write too, and then no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def record(number: int) -> spool.Record:
    return spool.Record(number, 1, 7, RawBody(bytes([number]) * 1000))


def test_what_finds_no_room_leaves_no_trace_and_the_next_record_can_be_read() -> None:
    batch = spool.BatchSpool()
    batch.append(record(1))
    one = batch.path.stat().st_size
    with largest_file(one + one // 2), pytest.raises(OSError, match="large"):
        batch.append(record(2))
    assert batch.path.stat().st_size == one
    batch.append(record(3))
    batch.close(remove=False)
    [(path, records)] = list(spool.abandoned())
    assert (path, [r.response_id for r in records]) == (batch.path, [1, 3])
