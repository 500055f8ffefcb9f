"""A service on loopback that answers as a test told it and keeps what it was sent, and fixtures with their readings."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from inference.answer import Assistant, AssistantError, RawBody

FIXTURES = Path(__file__).with_name("fixtures")


@dataclass(frozen=True)
class Received:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def parameters(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Loopback:
    """Answers in order: (status, headers, body)."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    def will_answer(self, body: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> None:
        self.answers.append((status, {"Content-Type": kind, **headers}, body))


@contextmanager
def loopback() -> Iterator[Loopback]:
    """A running service; ends with the test."""
    service = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.received.append(Received(self.command, self.path, headers, body))
            status, answered, content = service.answers.pop(0)
            self.send_response(status)
            for name, value in {**answered, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fixture_names(assistant: str) -> list[str]:
    """The fixtures of an assistant, each of which has its reading beside it as NAME.expected.json."""
    folder = FIXTURES / assistant
    return sorted(path.name.removesuffix(".expected.json") for path in folder.glob("*.expected.json"))


def fixture(assistant: str, name: str) -> bytes:
    """A fixture's body."""
    return (FIXTURES / assistant / name).read_bytes()


def expected(assistant: str, name: str) -> Any:
    """What reading a fixture gives."""
    return json.loads((FIXTURES / assistant / f"{name}.expected.json").read_text())


def reading(kind: type[Assistant], body: bytes | RawBody) -> dict[str, Any]:
    """What the command line prints for a body."""
    raw = body if isinstance(body, RawBody) else RawBody(body)
    try:
        return kind.__new__(kind).parse(raw).as_json()
    except AssistantError as error:
        return {"error": error.as_json()}
