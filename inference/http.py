"""The one outbound client of assistants: many calls in flight on one event loop, each with a deadline and a body cap.

Connects only where the guard allows, follows no redirect, reads no proxy settings and keeps no cookies. Says of every
failure whether anything was sent: only what was not sent may be tried again at no risk of paying twice. Does not know
what a body means.
"""

from __future__ import annotations

import asyncio
import json
import queue
import ssl
import threading
import zlib
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpcore2

from inference.answer import AssistantError, ErrorKind, RawBody
from inference.guard import Forbidden, GuardedBackend, is_inside
from inference.pages import hides_its_page

#: Seconds from sending to the last byte, where neither call nor client says; assistants that search for minutes exist.
DEADLINE = 300.0
CONNECT_SECONDS = 15.0
#: Bytes of one body after decompression. The longest recorded answers have a hundredth of it.
LARGEST_BODY = 16 * 1024 * 1024
MOST_CONNECTIONS = 1024
MOST_IDLE = 512
POOLS = 32
#: Redirects of a provider's that may follow each other, and seconds for each of them.
MOST_HOPS = 4
HOP_SECONDS = 15.0

_KEPT_HEADERS = ("content-type", "date", "retry-after", "request-id", "x-request-id", "x-amzn-errortype")
_KEPT_PREFIXES = ("x-ratelimit-", "ratelimit", "anthropic-ratelimit-", "retry-after-")
_FAULTS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError)


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `url` and `headers` may hold secrets, so that none of this is ever printed."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Seconds; None: the client's own.
    deadline: float | None = None
    method: str = "POST"
    #: Bytes of the body after decompression; None: the client's own.
    largest: int | None = None

    @classmethod
    def of_json(cls, url: str, document: Any, headers: Mapping[str, str]) -> Call:
        """A call whose body is this document; parts that are None are left out."""
        known = {key: value for key, value in document.items() if value is not None}
        return cls(url, json.dumps(known).encode("ascii"), {"Content-Type": "application/json", **headers})


@dataclass(frozen=True, slots=True)
class Failed:
    """A call that brought no body."""

    error: AssistantError


class Redirected(AssistantError):
    """The service redirects. `location` is where to, whole: it may repeat a key, so that the message has less."""

    def __init__(self, location: str) -> None:
        place = location.partition("?")[0][:200] or "elsewhere"
        super().__init__("invalid_request", f"The service redirects to {place}; redirects are not followed.")
        self.location = location


@cache
def _trust() -> ssl.SSLContext:
    """The certificates that this machine trusts; they are many, and read once."""
    return ssl.create_default_context()


class Client:
    """A connection pool on an event loop of its own, in one thread of this process; shared by all callers."""

    def __init__(
        self,
        *,
        allowed_hosts: frozenset[str] = frozenset(),
        largest_body: int = LARGEST_BODY,
        deadline: float = DEADLINE,
        connections: int = MOST_CONNECTIONS,
    ) -> None:
        """`allowed_hosts` are the operator's own: `host` or `host:port`, let through though they are private."""
        self._largest = largest_body
        self._deadline = deadline
        self._backend = GuardedBackend(allowed_hosts)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="outbound", daemon=True).start()
        # a pool looks through all its connections at each request, so that many small ones cost less than a large one
        pools = min(POOLS, connections)
        self._pools = cycle([self._pool(connections // pools) for _ in range(pools)])

    def _pool(self, connections: int) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=_trust(),
            max_connections=connections,
            max_keepalive_connections=max(1, connections * MOST_IDLE // MOST_CONNECTIONS),
            keepalive_expiry=30.0,
            network_backend=self._backend,
        )

    def close(self) -> None:
        """Hang up and end the thread, for a client that does not live as long as its process."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    def exchange(self) -> Exchange:
        """Calls sent together, answered in whatever order they finish."""
        return Exchange(self)

    def send(self, call: Call) -> RawBody:
        """One call. Raises AssistantError."""
        with self.exchange() as exchange:
            exchange.send(0, call)
            for _, result in exchange:
                if isinstance(result, Failed):
                    raise result.error
                return result
        raise AssistantError("unknown", "The call came to no end.")

    def where(self, url: str) -> str:
        """The page that a provider's redirect leads to, which is read off the redirect and not visited.

        Goes on only while that is itself a provider's redirect. Raises AssistantError, `invalid_request` where there
        is no such page any more or it is none of the public web.
        """
        for _ in range(MOST_HOPS):
            url = _public(url, self._location(url))
            if not hides_its_page(url):
                return url
        raise AssistantError("malformed", "The redirect leads to ever more redirects.")

    def _location(self, url: str) -> str:
        """What one redirect says. Raises AssistantError."""
        try:
            answer = self.send(Call(url, b"", deadline=HOP_SECONDS, method="GET"))
        except Redirected as found:
            if found.location:
                return found.location
            raise AssistantError("malformed", "The redirect does not say where to.") from None
        except AssistantError as error:
            # a name server may lead to an inner address today and to the right one tomorrow
            raise AssistantError("unreachable", error.message) from None
        if answer.status in {404, 410}:
            raise AssistantError("invalid_request", f"The redirect is gone ({answer.status}).")
        kind: ErrorKind = "rate_limited" if answer.status == 429 else "server"
        raise AssistantError(kind, f"Where a redirect was, the service answered with {answer.status}.")

    def stream(self, call: Call) -> Chunks:
        """One call whose body is read as it comes."""
        return Chunks(self, call)

    def start(self, work: Coroutine[Any, Any, None]) -> Any:
        """Run on the client's loop; the future can be cancelled from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def fetch(self, call: Call) -> RawBody:
        """The whole body of one call. Raises AssistantError and no other exception."""
        body = bytearray()
        head: list[tuple[int, dict[str, str]]] = []
        await self.read_into(call, lambda status, headers: head.append(_answer_head(status, headers)), body.extend)
        status, headers = head[0]
        return RawBody(bytes(body), status, headers)

    async def read_into(self, call: Call, begin: Any, receive: Any) -> None:
        """Call `begin(status, headers)` once, then `receive(bytes)` for each piece. Raises AssistantError alone.

        What these two raise of that kind ends the call, and no more of the body is read.
        """
        sent = False
        deadline = call.deadline or self._deadline

        async def note(event: str, details: Mapping[str, Any]) -> None:
            # no service acts on a request before its body comes
            nonlocal sent
            sent = sent or event.endswith("send_request_body.started")

        try:
            async with asyncio.timeout(deadline):
                async with next(self._pools).stream(
                    call.method,
                    call.url,
                    headers=list({"Accept-Encoding": "gzip", "User-Agent": "Citescope", **call.headers}.items()),
                    content=call.body,
                    extensions={
                        "timeout": {"connect": CONNECT_SECONDS, "pool": deadline, "read": deadline},
                        "trace": note,
                    },
                ) as response:
                    headers = _headers(response.headers)
                    begin(response.status, headers)
                    unpack = _Unpacker(headers.get("content-encoding", ""), call.largest or self._largest)
                    async for chunk in response.aiter_stream():
                        for piece in unpack(chunk):
                            receive(piece)
                    unpack.finish()
        except AssistantError:
            raise
        except Forbidden as error:
            raise AssistantError("invalid_request", str(error)) from None
        except TimeoutError:
            kind: ErrorKind = "unknown" if sent else "unreachable"
            raise AssistantError(kind, f"No whole answer came within {deadline:.0f} seconds.") from None
        except (httpcore2.UnsupportedProtocol, httpcore2.LocalProtocolError, ValueError, TypeError) as error:
            # what these say may repeat a header, and with it the key
            if sent:
                raise AssistantError("unknown", f"The answer broke off: {type(error).__name__}.") from None
            raise AssistantError(
                "invalid_request", "The call cannot be sent: its address or its key holds what HTTP cannot carry."
            ) from None
        except _FAULTS as error:
            if sent:
                raise AssistantError("unknown", f"The answer broke off: {_why(error)}.") from None
            raise AssistantError("unreachable", f"The service could not be reached: {_why(error)}.") from None
        except Exception as error:  # noqa: BLE001
            # whatever it was, it may have been sent
            raise AssistantError("unknown", f"The call failed: {type(error).__name__}.") from None


class Exchange:
    """The calls of one caller. Iterate to receive (number, body or failure); more may be sent meanwhile."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done: queue.SimpleQueue[tuple[int, RawBody | Failed]] = queue.SimpleQueue()
        self._running: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._running.values():
            future.cancel()

    def send(self, number: int, call: Call) -> None:
        self._running[number] = self._client.start(self._fetch(number, call))

    def __iter__(self) -> Iterator[tuple[int, RawBody | Failed]]:
        while self._running:
            number, result = self._done.get()
            del self._running[number]
            yield number, result

    async def _fetch(self, number: int, call: Call) -> None:
        try:
            result: RawBody | Failed = await self._client.fetch(call)
        except AssistantError as error:
            result = Failed(error)
        self._done.put((number, result))


class Chunks:
    """The pieces of one body as they come; `status` and `headers` are known from the first piece on."""

    def __init__(self, client: Client, call: Call) -> None:
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self._arrived: queue.SimpleQueue[bytes | AssistantError | None] = queue.SimpleQueue()
        self._future = client.start(self._read(client, call))
        self._ended = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        """The next piece. Raises AssistantError where the body breaks off."""
        if self._ended:
            raise StopIteration
        piece = self._arrived.get()
        if isinstance(piece, bytes):
            return piece
        self._ended = True
        if piece is None:
            raise StopIteration
        raise piece

    def close(self) -> None:
        """Hang up, for a reader who wants no more."""
        self._future.cancel()

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.headers = _answer_head(status, headers)

    async def _read(self, client: Client, call: Call) -> None:
        try:
            await client.read_into(call, self._begin, self._arrived.put)
        except AssistantError as error:
            self._arrived.put(error)
        else:
            self._arrived.put(None)


class _Unpacker:
    """Undoes gzip piece by piece and stops at the cap, before memory is spent on what lies beyond it."""

    def __init__(self, encoding: str, largest: int) -> None:
        self._left = largest
        self._largest = largest
        self._begun = False
        self._gzip = zlib.decompressobj(47) if encoding.lower() in {"gzip", "x-gzip", "deflate"} else None
        if encoding.lower() not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise AssistantError("malformed", f"The answer came in an encoding nobody asked for: {encoding[:40]}.")

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if self._gzip is None:
            yield self._count(chunk)
            return
        self._begun = True
        # what follows the end of the compressed part is nobody's
        while chunk and not self._gzip.eof:
            try:
                piece = self._gzip.decompress(chunk, 64 * 1024)
            except zlib.error:
                raise AssistantError("malformed", "The answer's compression is damaged.") from None
            chunk = self._gzip.unconsumed_tail
            if piece:
                yield self._count(piece)
            elif not chunk:
                return

    def finish(self) -> None:
        if self._gzip is not None and self._begun and not self._gzip.eof:
            raise AssistantError("unknown", "The answer broke off inside its compression.")

    def _count(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise AssistantError(
                "malformed", f"The answer is larger than {self._largest // 1024**2} MB; the rest was not read."
            )
        return piece


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """By name in lower case; of several of one name the last counts, but those of X-Robots-Tag all do, a line each."""
    found: dict[str, str] = {}
    for raw, value in pairs:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}\n{text}" if name == "x-robots-tag" and name in found else text
    return found


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What a later reading of the body needs; cookies and the like are not kept."""
    return {name: value for name, value in headers.items() if name in _KEPT_HEADERS or name.startswith(_KEPT_PREFIXES)}


def _answer_head(status: int, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    """What is kept of an assistant's answer beside its body. Raises Redirected."""
    if 300 <= status < 400:
        raise Redirected(headers.get("location", ""))
    return status, _kept(headers)


def _public(here: str, location: str) -> str:
    """Where a redirect leads, if that may be a page of the public web. Raises AssistantError."""
    try:
        url = urljoin(here, location.encode("latin-1").decode("utf-8", "replace"))
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.hostname and not is_inside(parts.hostname):
            return url
    except ValueError:
        pass  # what cannot be read is no page either
    raise AssistantError("invalid_request", "The redirect leads to no page of the public web.")


def _why(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


@cache
def default_client() -> Client:
    """The client of those who have no hosts of their own to allow."""
    return Client()
