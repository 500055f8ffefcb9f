"""A website that does to a crawler what can be done: `python -m tests.chaos.hostile_site` prints its port and serves.

A process of its own, so that what its pages weigh does not count as the crawler's memory.
"""

from __future__ import annotations

import itertools
import random
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

from tests.website import Place, Website, page, redirect

Answer = Place | Callable[[BaseHTTPRequestHandler], None]
MEGABYTE = 1024 * 1024
WORDS = "A pen for the left hand dries before the hand comes, and costs little more than another. " * 5
HTML = {"Content-Type": "text/html"}


def _start(handler: BaseHTTPRequestHandler, **headers: str) -> None:
    handler.send_response(200)
    for name, value in {"Content-Type": "text/html", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Connection", "close")
    handler.end_headers()


def packed(wbits: int, pieces: Callable[[], Iterator[bytes]], **headers: str) -> Answer:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        _start(handler, **headers)
        packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
        for piece in pieces():
            handler.wfile.write(packer.compress(piece))
        handler.wfile.write(packer.flush())

    return serve


def streamed(pieces: Callable[[], Iterator[bytes]], pause: float = 0.0, **headers: str) -> Answer:
    def serve(handler: BaseHTTPRequestHandler) -> None:
        _start(handler, **headers)
        for piece in pieces():
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)

    return serve


def raw(pieces: Callable[[], Iterator[bytes]], pause: float = 0.0) -> Answer:
    """What need not be HTTP."""

    def serve(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces():
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)

    return serve


def _gigabyte() -> Iterator[bytes]:
    yield b"<p>"
    yield from itertools.repeat(b" " * MEGABYTE, 1024)


def _ten_gigabytes() -> Iterator[bytes]:
    return itertools.repeat(b"<p>word " * (MEGABYTE // 8), 10 * 1024)


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "lol">{entities}]>'.encode()


NOISE = random.Random(7).randbytes(60_000)
HEAD = b"<html><head><title>T</title></head><body>"

#: By what they do. Those in `READABLE` hold words that a reader would see, and are as good kept as told of.
HOSTILE: dict[str, Answer] = {
    "gzip-bomb": packed(31, _gigabyte, Content_Encoding="gzip"),
    "deflate-bomb": packed(15, _gigabyte, Content_Encoding="deflate"),
    "bomb-in-bomb": packed(31, lambda: iter([zlib.compress(b" " * 50 * MEGABYTE, 9)] * 50), Content_Encoding="gzip"),
    "damaged-gzip": Place(b"\x1f\x8b\x08\x00" + NOISE, headers={"Content-Encoding": "gzip"}),
    "cut-gzip": Place(zlib.compress(WORDS.encode(), 9, 31)[:-20], headers={"Content-Encoding": "gzip"}),
    "brotli": Place(NOISE, headers={"Content-Encoding": "br"}),
    "twice-encoded": Place(NOISE, headers={"Content-Encoding": "gzip, gzip"}),
    "ten-gigabytes": streamed(_ten_gigabytes, Content_Length=str(10 * 1024**3)),
    "ten-gigabytes-unannounced": streamed(_ten_gigabytes),
    "endless": streamed(lambda: itertools.repeat(b"<p>word ")),
    "byte-a-second": streamed(lambda: (b"%c" % byte for byte in itertools.cycle(b"word ")), 1.0),
    "byte-a-second-headers": raw(
        lambda: itertools.chain([b"HTTP/1.1 200 OK\r\nX-Slow: "], itertools.repeat(b"a")), 1.0
    ),
    "silent": raw(lambda: iter([b""]), 40.0),
    "stalls": streamed(lambda: iter([HEAD, b""]), 40.0, Content_Length="100000"),
    "cut-short": streamed(lambda: iter([HEAD]), Content_Length="100000"),
    "no-http": raw(lambda: iter([NOISE])),
    "endless-headers": raw(
        lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n"], (b"X-%d: a\r\n" % n for n in itertools.count()))
    ),
    "huge-header": raw(lambda: iter([b"HTTP/1.1 200 OK\r\nX-Huge: " + b"a" * 8 * MEGABYTE + b"\r\n\r\n"])),
    "endless-hints": raw(lambda: itertools.repeat(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
    "bad-length": raw(lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc"])),
    "two-lengths": raw(lambda: iter([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"])),
    "bad-chunks": raw(lambda: iter([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"])),
    "huge-chunk": raw(lambda: iter([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"])),
    "round": redirect("/round"),
    "ring": redirect("/ring-two"),
    "ring-two": redirect("/ring"),
    "nowhere": Place(status=302),
    "to-a-file": redirect("file:///etc/passwd"),
    "to-inside": redirect("http://169.254.169.254/latest/meta-data/"),
    "to-script": redirect("javascript:alert(1)"),
    "to-bad-host": redirect("http://[::1/"),
    "video": Place(NOISE, headers={"Content-Type": "video/mp4"}),
    "program": Place(b"\x7fELF" + NOISE),
    "binary": Place(bytes(range(32)) * 500),
    "nothing": Place(b""),
    "charset-unknown": Place(HEAD + WORDS.encode(), headers={"Content-Type": "text/html; charset=x-none-such"}),
    "charset-no-text": Place(HEAD + WORDS.encode(), headers={"Content-Type": "text/html; charset=zip"}),
    "charset-punycode": Place(HEAD + WORDS.encode(), headers={"Content-Type": "text/html; charset=punycode"}),
    "charset-lies": Place(HEAD + NOISE.replace(b"\0", b"a"), headers={"Content-Type": "text/html; charset=utf-8"}),
    "charset-odd": Place(b"\xff\xfe" + NOISE[:9999], headers={"Content-Type": "text/html; charset=utf-16"}),
    "deep": Place(HEAD + b"<div>" * 100_000 + WORDS.replace("pen", "deep pen").encode() + b"</div>" * 100_000),
    "deep-tables": Place(HEAD + b"<table><tr><td>" * 100_000 + WORDS.replace("pen", "table pen").encode()),
    "laughs": Place(_laughs() + HEAD + b"<p>&l11;</p>" + WORDS.replace("pen", "funny pen").encode()),
    "comments": Place(HEAD + WORDS.replace("pen", "said pen").encode() + b"<!--" * MEGABYTE),
    "open-tags": Place(HEAD + WORDS.replace("pen", "open pen").encode() + b"<a " * MEGABYTE),
    "attributes": Place(
        HEAD
        + b"<p "
        + b" ".join(b"a%d=1" % n for n in range(200_000))
        + b">"
        + WORDS.replace("pen", "fat pen").encode()
    ),
    "links": Place(
        HEAD
        + WORDS.replace("pen", "linked pen").encode()
        + b"".join(b"<a href=/l/%d>x</a>" % n for n in range(200_000))
    ),
    "four-megabytes": Place(HEAD + b"<p>" + b"pen " * (MEGABYTE - 100)),
}
READABLE = {
    *("deep", "deep-tables", "laughs", "comments", "open-tags", "attributes", "links", "four-megabytes"),
    *("charset-unknown", "charset-no-text", "charset-punycode", "two-lengths"),
}


def places() -> dict[str, Answer]:
    """The site: every hostile page between good ones, a chain of redirects without end, and sitemaps as hostile."""
    names = list(HOSTILE)
    links = [link for number, name in enumerate(names) for link in (f"/{name}", f"/good/{number}")]
    sitemap = packed(31, _gigabyte, Content_Encoding="gzip", Content_Length="999999999")
    return {
        "/": page("Home", WORDS, *links, "/chain/0"),
        "/robots.txt": Place(b"Sitemap: /bomb.xml\nSitemap: /laughs.xml\nSitemap: http://127.0.0.1:1/inside.xml\n"),
        "/bomb.xml": sitemap,
        "/laughs.xml": Place(_laughs() + b"<urlset><url><loc>&l11;</loc></url></urlset>"),
        **{f"/{name}": answer for name, answer in HOSTILE.items()},
        **{
            f"/good/{number}": page(f"Good {number}", f"{WORDS} It is number {number}.") for number in range(len(names))
        },
        **{f"/chain/{number}": redirect(f"/chain/{number + 1}") for number in range(1000)},
    }


def main() -> None:
    with Website(places()) as site:
        print(site.host, flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    main()
