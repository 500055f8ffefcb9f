"""Static files as the ASGI server sends them: whole, in parts, unchanged, and without a word in the log."""

from __future__ import annotations

import asyncio
import gzip
import warnings
from pathlib import Path
from typing import Any

import pytest

from monitor import vega_bundle
from monitor.asgi import application

STYLES = Path(__file__).resolve().parents[2] / "monitor/static/monitor/citescope.css"


def get(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request through the ASGI application."""
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    sent: list[Any] = []
    received = [False, True]

    async def receive() -> Any:
        if received.pop():
            return {"type": "http.request", "body": b""}
        return await asyncio.Event().wait()  # the visitor stays

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    start, *parts = sent
    found = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], found, b"".join(part.get("body", b"") for part in parts)


def test_static_files_are_sent_whole_in_parts_and_not_again(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    address, content = "/static/monitor/citescope.css", STYLES.read_bytes()
    status, headers, body = get(address)
    assert (status, body, headers["content-length"]) == (200, content, str(len(content)))
    assert headers["content-type"].startswith("text/css")
    assert get(address, "HEAD")[::2] == (200, b"")
    assert get(address, range="bytes=10-19")[::2] == (206, content[10:20])
    assert get(address, if_modified_since=headers["last-modified"])[::2] == (304, b"")
    bundle = f"/static/{vega_bundle.NAME}"
    status, headers, body = get(bundle, accept_encoding="gzip")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert gzip.decompress(body) == get(bundle)[2]
    assert [str(warning.message) for warning in recwarn if "iterator" in str(warning.message)] == []
