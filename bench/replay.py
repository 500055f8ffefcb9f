"""A service that answers every POST with a recorded body after a fixed latency, as cheaply as Python can.

    python bench/replay.py PORT SECONDS FILE...

Knows HTTP/1.1 with Content-Length and keep-alive alone, for the benches of this folder.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path


class Replay(asyncio.Protocol):
    """One connection; its requests are answered in turn."""

    def __init__(self, answers: itertools.cycle[bytes], latency: float) -> None:
        self._answers, self._latency = answers, latency
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head := self._received.find(b"\r\n\r\n")) >= 0:
            headers = bytes(self._received[:head]).lower()
            at = headers.find(b"content-length:")
            length = int(headers[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._received) < head + 4 + length:
                return
            del self._received[: head + 4 + length]
            asyncio.get_running_loop().call_later(self._latency, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(next(self._answers))


def framed(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(port: int, latency: float, bodies: list[bytes]) -> None:
    answers = itertools.cycle([framed(body) for body in bodies])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replay(answers, latency), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), [Path(name).read_bytes() for name in sys.argv[3:]]))
