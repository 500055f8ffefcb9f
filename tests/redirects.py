"""A provider's redirect service on this machine: its host name leads to a loopback service, through the guard as it is.

The name resolves to a public address, and connections to that address end at the service; any other address is noted
in `strays` and refused, so that a test can say that nothing else was reached.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import pytest

from inference.guard import GuardedBackend
from tests.loopback import Loopback

HOST = "vertexaisearch.cloud.google.com"
ADDRESS = "142.250.74.78"


def redirect(name: str) -> str:
    """The URL of one redirect; without TLS, which the service has not."""
    return f"http://{HOST}{path(name)}"


def path(name: str) -> str:
    return f"/grounding-api-redirect/{name}"


@dataclass
class Redirector:
    """The service, where its paths lead, and what was connected to beside it."""

    service: Loopback
    places: dict[str, str | int]
    strays: list[str] = field(default_factory=list)
    #: what the provider's name resolves to
    address: str = ADDRESS

    def lead(self, **places: str | int) -> None:
        """Lead redirects, by name, to a place; or answer them with a status."""
        self.places.update({path(name): place for name, place in places.items()})

    @property
    def asked(self) -> list[str]:
        """The names of the redirects asked for, in order."""
        return [seen.path.rpartition("/")[2] for seen in self.service.log]


@contextmanager
def redirecting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redirector]:
    """Serve redirects, and lead the provider's name here, for the length of a test."""
    places: dict[str, str | int] = {}
    with Loopback([b"no redirect"], content_type="text/html", places=places) as service:
        made = Redirector(service, places)
        connect = httpcore2.AnyIOBackend.connect_tcp

        async def addresses(self: GuardedBackend, host: str, port: int) -> list[Any]:
            await asyncio.sleep(0)
            return [ipaddress.ip_address(made.address if host == HOST else host)]

        async def reached(self: Any, host: str, port: int, **how: Any) -> Any:
            if host != made.address:
                made.strays.append(host)
                raise httpcore2.ConnectError(f"A test tried to reach {host}.")
            return await connect(self, "127.0.0.1", service.port, **how)

        monkeypatch.setattr(GuardedBackend, "_addresses", addresses)
        monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", reached)
        yield made
