"""A website on this machine for crawls: pages by path, honest about what changed, and a log of what was asked.

`with Website({"/": page("Home", "words", "/a")}) as site: ... site.url ... site.asked`. Pages may be changed meanwhile.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Place:
    """What lies at a path. With `etag` a request that names it is told that nothing changed."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = True


def page(title: str, words: str, *links: str, head: str = "", **options: Any) -> Place:
    listed = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    top = f"<html><head><title>{title}</title>{head}</head>"
    return Place(f"{top}<body><h1>{title}</h1><p>{words}</p><ul>{listed}</ul></body>".encode(), **options)


def redirect(location: str, status: int = 302) -> Place:
    return Place(status=status, headers={"Location": location})


class Website:
    def __init__(self, places: Mapping[str, Place | Callable[[BaseHTTPRequestHandler], None]]) -> None:
        self.places = dict(places)
        #: (path, request headers) in order
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                site.connections += 1

            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                place = site.places.get(self.path, Place(status=404))
                if callable(place):
                    self.close_connection = True
                    with suppress(OSError):  # who asked may hang up
                        place(self)
                    return
                tag = f'"{hashlib.sha256(place.body).hexdigest()[:16]}"'
                same = place.etag and place.status == 200 and self.headers.get("If-None-Match") == tag
                body = b"" if same else place.body
                self.send_response(304 if same else place.status)
                sent = {"Content-Type": "text/html", **({"ETag": tag} if place.etag else {}), **place.headers}
                for name, value in sent.items():
                    self.send_header(name, value.encode().decode("latin-1"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Tests read `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}/"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
