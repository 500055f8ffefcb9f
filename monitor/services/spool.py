"""Answers on disk between the wire and the database: what came back is safe before anything else happens to it.

A worker appends each raw body to its batch's file, which is synced before anything of it is stored. The file is locked
while its worker lives, so that the sweeper takes up only what a dead one left. A record cut short by a crash fails its
checksum and ends the file.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings

from inference.answer import RawBody

_HEAD = struct.Struct("<4sIII")  # magic, length of the header, length of the content, CRC-32 of both
_MAGIC = b"CSP1"
SUFFIX = ".spool"


@dataclass(frozen=True, slots=True)
class Record:
    """One body and the lease it was asked for under."""

    response_id: int
    lease: int
    latency_ms: int
    body: RawBody


class BatchSpool:
    """The file of one batch. Leaving the block without an error removes it: everything in it is stored.

    The file is made with its first record. Each record is written at once, which outlives the process, and synced,
    which outlives the machine: one by one, or where `sync_each` is false when `sync` is called.
    """

    def __init__(self, *, sync_each: bool = True) -> None:
        self._sync_each = sync_each
        self.path: Path = settings.SPOOL_DIR / f"{uuid.uuid4().hex}{SUFFIX}"
        self._file: FileIO | None = None

    def _open(self) -> FileIO:
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file = file = FileIO(descriptor, "wb")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = os.open(settings.SPOOL_DIR, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file

    def append(self, record: Record) -> None:
        """Write one record, and wait until the disk has it where each is synced.

        Raises OSError when it cannot; the file then ends as it did before, so that what comes next can still be read.
        """
        body = record.body
        header = json.dumps(
            {
                "response": record.response_id,
                "lease": record.lease,
                "latency_ms": record.latency_ms,
                "status": body.status,
                "headers": dict(body.headers),
            }
        ).encode()
        checksum = zlib.crc32(body.content, zlib.crc32(header))
        self._write(_HEAD.pack(_MAGIC, len(header), len(body.content), checksum) + header + body.content)
        if self._sync_each:
            self.sync()

    def _write(self, data: bytes) -> None:
        """All of it or nothing: a disk that fills up takes a part, and says so only at the next piece."""
        file = self._file or self._open()
        end = os.fstat(file.fileno()).st_size
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            file.truncate(end)
            raise

    def sync(self) -> None:
        """Wait until the disk has every record."""
        if self._file:
            os.fdatasync(self._file.fileno())

    def close(self, *, remove: bool) -> None:
        """Let go of the file: remove it when all in it is stored, else leave it to recovery."""
        if remove:
            self.path.unlink(missing_ok=True)
        if self._file:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(remove=error is None)


def abandoned() -> Iterator[tuple[Path, list[Record]]]:
    """Files whose worker is gone, with their records. Locked while the caller holds them; the caller unlinks."""
    for path in sorted(settings.SPOOL_DIR.glob(f"*{SUFFIX}")):
        try:
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                if path.exists():
                    yield path, list(_read(file.read()))
        except FileNotFoundError:
            continue


def _read(data: bytes) -> Iterator[Record]:
    at = 0
    while at + _HEAD.size <= len(data):
        magic, header_size, content_size, checksum = _HEAD.unpack_from(data, at)
        start = at + _HEAD.size
        end = start + header_size + content_size
        if magic != _MAGIC or end > len(data) or zlib.crc32(data[start:end]) != checksum:
            return
        header = json.loads(data[start : start + header_size])
        yield Record(
            response_id=header["response"],
            lease=header["lease"],
            latency_ms=header["latency_ms"],
            body=RawBody(data[start + header_size : end], header["status"], header["headers"]),
        )
        at = end
