"""Where outbound calls may go: no spelling of a private place, no name for one and no second answer leads there."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import AssistantError
from inference.guard import Forbidden, GuardedBackend, is_public
from inference.http import Call, Client

PRIVATE_V4 = """
0.0.0.0 0.0.0.1 0.1.2.3 0.255.255.255 10.0.0.0 10.0.0.1 10.1.2.3 10.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200
100.127.255.255 127.0.0.0 127.0.0.1 127.0.0.53 127.1.1.1 127.255.255.255 169.254.0.1 169.254.169.254 169.254.170.2
169.254.255.255 172.16.0.0 172.16.0.1 172.17.0.1 172.18.0.1 172.24.0.1 172.20.10.1 172.31.255.255
192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1
192.88.99.1 192.168.0.1 192.168.1.254 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1
224.0.0.251 225.1.2.3 232.1.1.1 233.252.0.1 234.5.6.7 239.255.255.250 240.0.0.1 250.1.1.1 255.255.255.254
255.255.255.255
""".split()  # noqa: SIM905
PRIVATE_V6 = """
:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
::ffff:0:8.8.8.8 ::ffff:192.168.1.1 ::ffff:0.0.0.0 ::ffff:100.64.0.1 ::ffff:224.0.0.1 64:ff9b::127.0.0.1
64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::192.168.0.1 64:ff9b:1::1 64:ff9b:1:ffff::8.8.8.8 100::1 100::ffff
100:0:0:1::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:0:7f00:1:: 2001:2::1 2001:10::1 2001:20::1 2001:db8::1
2001:db8:ffff::1 2002:7f00:1:: 2002:a00:1:: 2002:a9fe:a9fe:: 2002:c0a8:101::1 2002:808:808::1 3fff::1 3fff:fff::1
5f00::1 fc00:: fc00::1 fc00:1:2::3 fcff::1 fd00::1 fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::a9fe:a9fe febf::1
fec0::1 feff::1 ff00::1
ff01::1 ff02::1 ff02::fb ff05::2 ff0e::1 4000::1 8000::1 e000::1
""".split()  # noqa: SIM905
PUBLIC = """
1.1.1.1 8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1 192.0.1.1 198.17.255.255
223.255.255.254 2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:81b::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8
""".split()  # noqa: SIM905
#: Spellings of 127.0.0.1, 0.0.0.0 and 169.254.169.254 that resolvers take, and hosts that stand beside a decoy.
SPELLINGS = """
2130706433 017700000001 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 0177.0.0.01 0177.1 127.1 127.0.1 0 0x0 00000000 0.0
2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 0xa9.0xfe.0xa9.0xfe 3232235777 0xc0a80101 0300.0250.1.1
167772161 0xa000001 012.1 localhost LOCALHOST localhost. good.example@127.0.0.1 127.0.0.1:80 127.0.0.1.
[::1] [::1]:443 [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:0:0:1] [::127.0.0.1] [fe80::1%25lo] [64:ff9b::7f00:1]
１２７.０.０.１ ①②⑦.⓪.⓪.① 127。0。0。1 0x7f.0x0.0x0.0x1 0177.0000.0000.0001 127.000.000.001 127.65535
""".split()  # noqa: SIM905


class Canary:
    """A listener that counts connections and answers none."""

    def __enter__(self) -> Canary:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    with Canary() as listener:
        yield listener


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every connection that the guard let through, none of which is made."""
    made: list[tuple[str, int]] = []

    async def connect_tcp(self: Any, host: str, port: int, **options: Any) -> Any:
        made.append((host, port))
        raise OSError("no connection is made in this test")

    monkeypatch.setattr("httpcore2.AnyIOBackend.connect_tcp", connect_tcp)
    return made


def resolving(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Sequence[Sequence[str]]]) -> list[str]:
    """A name server of this test: each look-up of a name gets its next answer. Returns what was looked up."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in answers:
            return real(host, port, *args, **options)
        asked.append(name)
        given = answers[name][min(asked.count(name), len(answers[name])) - 1]
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in given
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def refused(client: Client, url: str) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        client.send(Call(url, b"{}", deadline=5))
    return caught.value


@pytest.mark.parametrize("address", PRIVATE_V4 + PRIVATE_V6)
def test_an_address_of_no_public_place_is_known(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_a_public_place_is_known(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_as_the_one_inside(address: Any) -> None:
    number = int(address)
    assert is_public(ip_address((0xFFFF << 32) | number)) == is_public(address)
    assert is_public(ip_address((0x64FF9B << 96) | number)) == is_public(address)
    assert not is_public(IPv6Address(number))
    assert not is_public(ip_address((0x2002 << 112) | number << 80))


def test_there_are_enough_addresses_here() -> None:
    assert len(set(PRIVATE_V4 + PRIVATE_V6 + SPELLINGS)) >= 150


def test_no_url_of_a_private_place_makes_a_connection(connections: list[tuple[str, int]]) -> None:
    """Every address above as a URL, over both schemes, and every odd spelling of one."""
    client = Client()
    hosts = [*PRIVATE_V4, *(f"[{address}]" for address in PRIVATE_V6), *SPELLINGS]
    with client.exchange() as exchange:
        calls = [Call(f"{scheme}://{host}/", b"{}", deadline=20) for host in hosts for scheme in ("http", "https")]
        for number, call in enumerate(calls):
            exchange.send(number, call)
        kinds = {calls[number].url: result.error.kind for number, result in exchange}  # type: ignore[union-attr]
    assert len(kinds) >= 300
    assert connections == []
    # what a resolver does not take for an address leads nowhere, which is as good
    assert {kind for url, kind in kinds.items() if "%25" not in url} <= {"invalid_request", "unreachable"}
    assert sum(kind == "invalid_request" for kind in kinds.values()) > 250


@pytest.mark.parametrize(
    "spelling",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.1", "[::ffff:127.0.0.1]", "0", "user:pass@127.0.0.1"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_listener_on_this_machine_is_never_reached(spelling: str, scheme: str, canary: Canary) -> None:
    error = refused(Client(), f"{scheme}://{spelling}:{canary.port}/")
    assert (error.kind, canary.connections) == ("invalid_request", 0)


@pytest.mark.parametrize("address", PRIVATE_V4[::4] + PRIVATE_V6[::4])
def test_a_name_that_leads_to_a_private_place_is_not_followed(
    address: str, connections: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"innocent.example": [[address]]})
    error = refused(Client(), "https://innocent.example/v1/chat")
    assert (error.kind, error.permanent, connections) == ("invalid_request", True, [])
    assert error.message == "innocent.example leads to an address that is not on the public internet."


def test_a_public_address_beside_a_private_one_does_not_open_the_way(
    connections: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"mixed.example": [["8.8.8.8", "127.0.0.1"]]})
    refused(Client(), "http://mixed.example/")
    assert all(host == "8.8.8.8" for host, _ in connections)


def test_a_name_is_looked_up_once_and_the_checked_address_connected_to(
    connections: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that first names a public address and then a private one gains nothing by it."""
    asked = resolving(monkeypatch, {"rebinding.example": [["8.8.8.8"], ["127.0.0.1"]]})
    refused(Client(), "http://rebinding.example/")
    assert asked == ["rebinding.example"]
    assert connections == [("8.8.8.8", 80)]


def test_a_name_without_an_address_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, {"empty.example": [[]]})
    assert refused(Client(), "http://empty.example/").kind == "unreachable"


@pytest.mark.parametrize("port", [1, 22, 25, 81, 5432, 6379, 8000, 8080, 8443, 11211, 65535])
def test_only_the_web_s_ports_are_reached(
    port: int, connections: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"public.example": [["8.8.8.8"]]})
    assert refused(Client(), f"http://public.example:{port}/").kind == "invalid_request"
    assert connections == []


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.1:{port}", " 127.0.0.1 "])
def test_a_host_that_the_operator_named_is_reached(allowed: str, canary: Canary) -> None:
    client = Client(allowed_hosts=frozenset({allowed.format(port=canary.port)}))
    assert refused(client, f"http://127.0.0.1:{canary.port}/").kind == "unknown"
    assert canary.connections == 1


def test_a_host_named_with_a_port_opens_that_port_alone(canary: Canary) -> None:
    client = Client(allowed_hosts=frozenset({"127.0.0.1:1"}))
    assert refused(client, f"http://127.0.0.1:{canary.port}/").kind == "invalid_request"
    assert refused(client, "http://localhost:1/").kind == "invalid_request"
    assert canary.connections == 0


def test_an_allowed_name_may_lead_to_a_private_place(
    connections: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, {"ollama.lan": [["192.168.1.5"]]})
    refused(Client(allowed_hosts=frozenset({"Ollama.LAN."})), "http://OLLAMA.lan:11434/v1")
    assert connections == [("192.168.1.5", 11434)]


def test_sockets_of_this_machine_are_not_reached() -> None:
    with pytest.raises(Forbidden):
        asyncio.run(GuardedBackend(["127.0.0.1"]).connect_unix_socket("/run/docker.sock"))
