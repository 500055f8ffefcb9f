"""Static files as the ASGI server sends them: whole, in parts, unchanged, and without a word in the log."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import pytest

from monitor import vega_bundle
from tests.asgi import ask

STYLES = Path(__file__).resolve().parents[2] / "monitor/static/monitor/citescope.css"


def get(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    reply = ask(path, method, {name.replace("_", "-"): value for name, value in headers.items()})
    assert reply
    return reply.status, reply.headers, reply.body


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
