"""Where this process may connect to: public addresses on the web's ports, and what the operator named.

A host is resolved once, its addresses are checked, and the connection goes to a checked address, so that no second
answer of the name server can lead elsewhere. Does not know what is asked there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore2
from httpcore2 import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

WEB_PORTS = frozenset({80, 443})
# Python calls some of these global; what they reach is not.
_FORBIDDEN = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "240.0.0.0/4",
            "::/96",
            "::ffff:0:0:0/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2002::/16",
            "2001:db8::/32",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """A place that this process must not connect to; the message says why."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, or stands for an IPv4 address that does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return False
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.is_multicast or address.is_unspecified or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == network.version and address in network for network in _FORBIDDEN)


def is_inside(host: str) -> bool:
    """Whether a host says by itself, before any name is looked up, that it is not on the public internet."""
    name = host.lower().rstrip(".")
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        # resolvers also take addresses in other spellings, and no top-level domain is a number
        last = name.rpartition(".")[2]
        return last == name or last.isdigit() or last.startswith("0x") or last in {"localhost", "local", "internal"}


class GuardedBackend(AsyncNetworkBackend):
    """Opens connections for httpcore2, to checked addresses only."""

    def __init__(self, allowed_hosts: Iterable[str] = ()) -> None:
        """`allowed_hosts` are the operator's: `host` for its every port, or `host:port`."""
        self._allowed = frozenset(host.strip().lower().rstrip(".") for host in allowed_hosts if host.strip())
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        trusted = self._is_allowed(host, port)
        if not trusted and port not in WEB_PORTS:
            raise Forbidden(f"Port {port} is not one of the web's (80, 443), and {host} is not an allowed host.")
        error: Exception | None = None
        for address in await self._addresses(host, port):
            if not trusted and not is_public(address):
                # the address itself would tell a member of a workspace what lies inside the operator's network
                raise Forbidden(f"{host} leads to an address that is not on the public internet.")
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore2.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SOCKET_OPTION] | None = None
    ) -> AsyncNetworkStream:
        raise Forbidden("Sockets of this machine are not reached.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    def _is_allowed(self, host: str, port: int) -> bool:
        name = host.lower().rstrip(".")
        return name in self._allowed or f"{name}:{port}" in self._allowed

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, each once."""
        try:
            return [ipaddress.ip_address(host.strip("[]"))]
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host} cannot be resolved: {error}") from None
        return list(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))
