"""What goes out compressed, and how: by what the browser takes, and never what is a part, small or packed already."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
import zstandard
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from monitor.compression import SMALL, CompressionMiddleware
from tests.asgi import Reply, ask

STYLES = "/static/monitor/citescope.css"


def get(path: str, **headers: str) -> Reply:
    reply = ask(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert reply
    return reply


def read(content: bytes, encoding: str | None) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompress(content)
    return gzip.decompress(content) if encoding == "gzip" else content


@pytest.mark.parametrize(
    ("taken", "encoding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=0.5, identity", "gzip"),
        ("zstd; q=0, gzip", "gzip"),
        ("br", None),
        ("gzip;q=0", None),
        ("", None),
    ],
)
def test_a_file_comes_as_the_browser_takes_it(taken: str, encoding: str | None) -> None:
    plain, reply = get(STYLES), get(STYLES, accept_encoding=taken)
    assert reply.headers.get("content-encoding") == encoding
    assert read(reply.body, encoding) == plain.body
    assert reply.headers["content-length"] == str(len(reply.body))
    assert (len(reply.body) < len(plain.body) / 2) == bool(encoding)
    assert "Accept-Encoding" in plain.headers["vary"] and "content-encoding" not in plain.headers


def test_what_the_browser_has_is_not_sent_again_and_a_part_is_sent_as_it_is() -> None:
    kept = get(STYLES, accept_encoding="zstd").headers
    assert "etag" not in kept
    again = get(STYLES, accept_encoding="zstd", if_modified_since=kept["last-modified"])
    assert (again.status, again.body) == (304, b"")
    tagged = get(STYLES, accept_encoding="zstd", if_none_match=again.headers["etag"])
    assert (tagged.status, tagged.body) == (304, b"")
    part = get(STYLES, accept_encoding="zstd", range="bytes=0-4999")
    assert (part.status, len(part.body)) == (206, 5000) and "content-encoding" not in part.headers


@pytest.mark.django_db
def test_a_page_is_compressed(client: Client) -> None:
    page = client.get("/accounts/login/", headers={"Accept-Encoding": "gzip, zstd"})
    assert page.headers["Content-Encoding"] == "zstd"
    assert "<h1>" in read(page.content, "zstd").decode()
    assert {"Accept-Encoding", "Cookie"} <= {name.strip() for name in page.headers["Vary"].split(",")}


def sent(response: HttpResponseBase) -> HttpResponseBase:
    request: HttpRequest = RequestFactory(headers={"Accept-Encoding": "zstd"}).get("/")
    return CompressionMiddleware(lambda _: response)(request)


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(b"a" * SMALL),
        HttpResponse(b"a" * 9000, content_type="image/png"),
        HttpResponse(b"a" * 9000, content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        HttpResponse(b"a" * 9000, status=206),
        HttpResponse(b"a" * 9000, headers={"Content-Encoding": "br"}),
    ],
)
def test_some_things_are_left_as_they_are(response: HttpResponse) -> None:
    content, encoding = response.content, response.get("Content-Encoding")
    assert sent(response) is response
    assert (response.content, response.get("Content-Encoding")) == (content, encoding)


def test_what_is_streamed_goes_out_as_it_is_made() -> None:
    def parts() -> Iterator[bytes]:
        yield from [b"data: " + b"a" * 3000] * 2

    streamed = sent(StreamingHttpResponse(parts(), content_type="text/event-stream"))
    assert not streamed.has_header("Content-Encoding")
    assert isinstance(streamed, StreamingHttpResponse) and len(b"".join(streamed)) == 6012  # type: ignore[arg-type]
