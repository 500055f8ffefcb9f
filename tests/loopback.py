"""A service on this machine that replays bodies, misbehaves on demand, and logs what it really sent.

A request names its fault in a header `x-loopback: FAULT` or anywhere in its body as `loopback:FAULT`, and may name
itself by `id:NAME` in its body. An answer carries the request's own name where the replayed body says LOOPBACK-ID, so
that no two bodies are alike. The log says of each request what was asked and the SHA-256 of the body that answered it.

In a test: `with Loopback([body]) as service: ... service.url ... service.log`. As a process of its own, to outlive
workers that are killed: `python -m tests.loopback --latency 1 --log FILE BODY...` prints its port on a line.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

_FAULT = re.compile(rb"loopback:([a-z_0-9]+)")
_NAME = re.compile(rb"\bid:([A-Za-z0-9_.-]+)")
_MARK = b"LOOPBACK-ID"

OVERLOADED = b'{"error":{"message":"Too many requests, slow down.","type":"rate_limit_error"}}'
FAILED = b'{"error":{"message":"The server had an error.","type":"server_error"}}'
SPENT = (
    b'{"error":{"message":"Nothing is left of this account.","type":"insufficient_quota","code":"insufficient_quota"}}'
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: `sha256` is that of the body sent, None where none was sent whole."""

    number: int
    name: str
    path: str
    fault: str
    status: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """When one request came and when its connection was done with it (Unix time), and how many were there then."""

    number: int
    name: str
    at: float
    until: float
    at_once: int


class Loopback:
    """The service: `bodies` are replayed in turn, with `status`. `on_seen` gets each request as it is answered,
    `on_done` when nothing more of it is to come, as also when its caller hung up. `places` has paths that are answered
    otherwise: with a redirect to there, or with a status alone."""

    def __init__(
        self,
        bodies: Sequence[bytes],
        *,
        latency: float = 0.0,
        content_type: str = "application/json",
        status: int = 200,
        on_seen: Callable[[Seen], None] | None = None,
        on_done: Callable[[Span], None] | None = None,
        places: Mapping[str, str | int] | None = None,
    ) -> None:
        self.log: list[Seen] = []
        self.most_at_once = 0
        #: how many events of its stream `loopback:held` may send by now; a test raises it
        self.let_go = 0
        #: headers of each request, in order, for tests that ask what was sent
        self.headers: list[dict[str, str]] = []
        self._bodies = bodies
        self._latency = latency
        self._content_type = content_type
        self._status = status
        self._on_seen = on_seen
        self._on_done = on_done
        self._places = {} if places is None else places
        self._at_once = 0
        self._count = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        async def begin() -> None:
            await self.start()
            started.set()

        def run() -> None:
            self._loop.create_task(begin())
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="loopback", daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("The loopback service did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def hang_up(self) -> None:
        """End every connection, answered or not, and take no more."""

        async def end() -> None:
            self._server.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)

    async def start(self, port: int = 0) -> None:
        """Listen on the running loop."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while await self._answer_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read a request and answer it; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self._count += 1
        number = self._count
        self.headers.append(headers)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        came, at_once = time.time(), self._at_once
        named, asked = _NAME.search(body), _FAULT.search(body)
        fault = headers.get("x-loopback") or (asked[1].decode() if asked else "")
        seen = Seen(number, named[1].decode() if named else str(number), first.split(" ")[1], fault, 200, None)
        try:
            await asyncio.sleep(self._latency)
            return await self._misbehave(fault, seen, reader, writer)
        finally:
            self._at_once -= 1
            if self._on_done:
                self._on_done(Span(number, seen.name, came, time.time(), at_once))

    def _note(self, seen: Seen, status: int, body: bytes | None) -> None:
        known = Seen(
            seen.number,
            seen.name,
            seen.path,
            seen.fault,
            status,
            None if body is None else hashlib.sha256(body).hexdigest(),
        )
        self.log.append(known)
        if self._on_seen:
            self._on_seen(known)

    async def _misbehave(
        self, fault: str, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer as the fault has it, without one as it should be; whether the connection goes on."""
        if place := self._places.get(seen.path):
            status, extra = (302, f"Location: {place}\r\n") if isinstance(place, str) else (place, "")
            self._note(seen, status, b"")
            writer.write(self._head(status, 0, seen, extra, "text/html"))
            await writer.drain()
            return True
        body = self._bodies[(seen.number - 1) % len(self._bodies)].replace(_MARK, seen.name.encode())
        errors = {
            "429": (429, OVERLOADED, ""),
            "429_after": (429, OVERLOADED, "Retry-After: 7\r\n"),
            "500": (500, FAILED, ""),
            "error_inside": (200, SPENT, ""),
            "redirect": (302, b"", "Location: http://127.0.0.1:1/elsewhere?key=abc\r\n"),
            "html": (200, b"<html><body>Be right back</body></html>", ""),
        }
        if fault in errors:
            status, body, extra = errors[fault]
            self._note(seen, status, body)
            writer.write(self._head(status, len(body), seen, extra, "text/html" if fault == "html" else "") + body)
            await writer.drain()
            return True
        if fault in _BROKEN:
            self._note(seen, 200, body if fault in {"bytes", "gzip", "stream", "slow", "held"} else None)
            work = asyncio.create_task(_BROKEN[fault](self, seen, body, writer))
            hung_up = asyncio.create_task(reader.read(1))
            try:
                await asyncio.wait({work, hung_up}, return_when=asyncio.FIRST_COMPLETED)
                if work.done():
                    work.result()
            finally:
                work.cancel()
                hung_up.cancel()
            return False
        self._note(seen, self._status, body)
        writer.write(self._head(self._status, len(body), seen) + body)
        await writer.drain()
        return True

    def _head(self, status: int, length: int | None, seen: Seen, extra: str = "", content_type: str = "") -> bytes:
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return (
            f"HTTP/1.1 {status} Said\r\nContent-Type: {content_type or self._content_type}\r\n{size}\r\n"
            f"X-Request-Id: {seen.number}\r\nSet-Cookie: session=of-the-service\r\n{extra}\r\n"
        ).encode("latin-1")

    async def _closed(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Hang up before an answer."""

    async def _cut(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Hang up in the middle of the body."""
        writer.write(self._head(200, len(body), seen) + body[: len(body) // 2])
        await writer.drain()

    async def _cut_stream(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Hang up in the middle of a body whose length was not told."""
        writer.write(self._head(200, None, seen) + _chunk(body[: len(body) // 2]))
        await writer.drain()

    async def _silent(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Never answer."""
        await asyncio.sleep(3600)

    async def _stall(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Begin to answer, then say no more."""
        await self._cut(seen, body, writer)
        await asyncio.sleep(3600)

    async def _drip(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """A byte a second."""
        writer.write(self._head(200, len(body), seen))
        for at in range(len(body)):
            writer.write(body[at : at + 1])
            await writer.drain()
            await asyncio.sleep(1)

    async def _bytes(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """The whole body, each byte in a chunk of its own."""
        writer.write(self._head(200, None, seen))
        for at in range(len(body)):
            writer.write(_chunk(body[at : at + 1]))
            await writer.drain()
        writer.write(_chunk(b""))
        await writer.drain()

    async def _garbage(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """What is no HTTP."""
        writer.write(bytes(range(256)) * 4)
        await writer.drain()

    async def _large(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """50 MB of white space."""
        writer.write(self._head(200, 50 * 1024**2, seen))
        for _ in range(50):
            writer.write(b" " * 1024**2)
            await writer.drain()

    async def _bomb(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """A gigabyte of white space in a megabyte of gzip."""
        writer.write(self._head(200, None, seen, "Content-Encoding: gzip\r\n"))
        bomb = await asyncio.to_thread(_gigabyte)  # made at first use, and nobody else may wait for that
        for at in range(0, len(bomb), 16 * 1024):
            writer.write(_chunk(bomb[at : at + 16 * 1024]))
            await writer.drain()
        writer.write(_chunk(b""))
        await writer.drain()

    async def _gzip(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """The body as it should be, compressed, in pieces."""
        packed = zlib.compressobj(9, zlib.DEFLATED, 31)
        whole = packed.compress(body) + packed.flush()
        writer.write(self._head(200, None, seen, "Content-Encoding: gzip\r\n"))
        for at in range(0, len(whole), 100):
            writer.write(_chunk(whole[at : at + 100]))
        writer.write(_chunk(b""))
        await writer.drain()

    async def _stream(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter, pause: float = 0.01) -> None:
        """The body as it should be, event by event."""
        writer.write(self._head(200, None, seen, "", "text/event-stream"))
        for event in _events(body):
            writer.write(_chunk(event))
            await writer.drain()
            await asyncio.sleep(pause)
        writer.write(_chunk(b""))
        await writer.drain()

    async def _slow(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """The body as it should be, a few events a second."""
        await self._stream(seen, body, writer, pause=0.3)

    async def _held(self, seen: Seen, body: bytes, writer: asyncio.StreamWriter) -> None:
        """The body as it should be, each event when the test lets it go."""
        writer.write(self._head(200, None, seen, "", "text/event-stream"))
        for number, event in enumerate(_events(body)):
            while number >= self.let_go:
                await asyncio.sleep(0.02)
            writer.write(_chunk(event))
            await writer.drain()
        writer.write(_chunk(b""))
        await writer.drain()


_BROKEN = {
    "closed": Loopback._closed,
    "cut": Loopback._cut,
    "cut_stream": Loopback._cut_stream,
    "silent": Loopback._silent,
    "stall": Loopback._stall,
    "drip": Loopback._drip,
    "bytes": Loopback._bytes,
    "garbage": Loopback._garbage,
    "large": Loopback._large,
    "bomb": Loopback._bomb,
    "gzip": Loopback._gzip,
    "stream": Loopback._stream,
    "slow": Loopback._slow,
    "held": Loopback._held,
}


@cache
def _gigabyte() -> bytes:
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packed.compress(b" " * 1024**2) for _ in range(1024)) + packed.flush()


def _events(body: bytes) -> list[bytes]:
    return [event for event in re.split(rb"(?<=\n\n)", body) if event]


def _chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def main() -> None:
    """Serve until killed, writing the log as JSON Lines, and the spans beside it as `.times`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bodies", nargs="+", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--log", type=Path, required=True)
    arguments = parser.parse_args()

    async def serve() -> None:
        times_path = arguments.log.with_suffix(".times")
        with arguments.log.open("a", buffering=1) as log, times_path.open("a", buffering=1) as times:
            service = Loopback(
                [path.read_bytes() for path in arguments.bodies],
                latency=arguments.latency,
                on_seen=lambda seen: print(json.dumps(asdict(seen)), file=log),
                on_done=lambda span: print(json.dumps(asdict(span)), file=times),
            )
            await service.start(arguments.port)
            print(service.port, flush=True)
            await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
