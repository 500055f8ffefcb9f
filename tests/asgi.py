"""Requests through the ASGI application itself, as its server puts them, body by pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from monitor.asgi import application


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    *,
    pieces: Iterable[bytes] = (),
    leaves: bool = False,
) -> Reply | None:
    """The reply, None where the connection is closed without one. `leaves`: the visitor does, after the last piece."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    sent: list[Any] = []
    coming = iter(pieces)
    upcoming = next(coming, None if leaves else b"")

    async def receive() -> Any:
        nonlocal upcoming
        if upcoming is not None:
            piece, upcoming = upcoming, next(coming, None)
            return {"type": "http.request", "body": piece, "more_body": leaves or upcoming is not None}
        if leaves:
            return {"type": "http.disconnect"}
        return await asyncio.Event().wait()  # the visitor waits for the reply

    async def send(message: Any) -> None:
        sent.append(message)

    async def talk() -> None:
        await application(scope, receive, send)

    with ThreadPoolExecutor(1) as other:  # Playwright may keep a loop of its own in this thread
        other.submit(asyncio.run, talk()).result()
    if not sent:
        return None
    start, *parts = sent
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], found, b"".join(part.get("body", b"") for part in parts))


def streamed(answer: Iterable[bytes]) -> bytes:
    """The whole of a streamed answer, read in a thread without a loop, for the same reason."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(b"".join, answer).result()
