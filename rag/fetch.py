"""One address of the web at a time: politely, within caps, and never against a site's robots.txt.

Every hop of a redirect is looked at anew: its scheme, its site, its robots.txt and, by the outbound client's guard, its
address. Says of everything that was not fetched why, in words for people. Does not know what a page says, nor which
address comes next.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from inference.answer import AssistantError
from inference.http import Call, Client
from inference.pages import identify
from rag import robots

AGENT = "Citescope"
#: Seconds of asking for one address, from the look-up of its name to the last byte, its redirects together.
DEADLINE = 18.0
ROBOTS_DEADLINE = 8.0
LARGEST_PAGE = 4 * 1024 * 1024
LARGEST_SITEMAP = 10 * 1024 * 1024
#: Redirects from one spelling of an address to another that are followed at once.
MOST_HOPS = 5
LONGEST_URL = 2000
#: Seconds between two requests, drawn evenly from half to one and a half of it, where a site asks for none.
PAUSE = 0.5
#: What a site may ask for at most; beyond it the crawl would never end.
LONGEST_PAUSE = 30.0
#: No site's wish to be left alone is followed for longer than this many seconds; then it is asked again.
LONGEST_WAIT = 120.0
#: Seconds a site is left alone that was asked too much (429) and does not say for how long; twice as long each time.
REST = 5.0
#: What a page of an error may have before its connection is given up rather than read to its end.
MOST_OF_ERRORS = 64 * 1024
_Refusal = Callable[[Mapping[str, str]], str]
_HTML = ("text/html", "application/xhtml+xml")
_SAFE = "!$&'()*+,/:;=?@[]~%-._"


#: gone: the site says it is no more; again: another try may help; barred: nobody was asked, for robots.txt forbids it.
Failure = Literal["gone", "again", "barred", "refused"]


class NotFetched(Exception):
    """An address that brought nothing, and why. `wait`: seconds after which the site wants to be asked again."""

    def __init__(self, reason: str, kind: Failure = "refused", *, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.kind, self.wait = reason, kind, wait


class LeadsOn(Exception):
    """A redirect to another page. `location` is its whole address."""

    def __init__(self, location: str, *, for_good: bool) -> None:
        super().__init__(location)
        self.location, self.for_good = location, for_good


class _Enough(AssistantError):
    """Raised inside the client: no more of this body is wanted, because of `failure` if there is one."""

    def __init__(self, failure: NotFetched | None = None) -> None:
        super().__init__("invalid_request", "Enough was read.")
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address brought. `url` is where it was found; `body` is empty where `unchanged`."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def unchanged(self) -> bool:
        return self.status == 304

    @property
    def charset(self) -> str:
        """What the header says of the body's characters; empty where it says nothing."""
        _, _, parameters = self.headers.get("content-type", "").partition(";")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'").lower()[:40]
        return ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The site that a crawl keeps to: a host without `www.`, with the hosts below it, and no other port."""

    host: str
    port: int | None = None

    @classmethod
    def of(cls, url: str) -> Scope:
        """The site of an address. Raises ValueError where it names none."""
        parts = urlsplit(url)
        page = identify(url).page
        if page is None or not parts.hostname:
            raise ValueError(f"{url[:80]} is not a full address. Give one such as https://example.com/.")
        return cls(_host(parts), _port(parts))

    def has(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host, port = _host(parts), _port(parts)
        except ValueError:
            return False
        return port == self.port and (host == self.host or host.endswith("." + self.host))


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    return host


def _port(parts: SplitResult) -> int | None:
    return None if parts.port in {80, 443} else parts.port


def tidy(base: str, link: str) -> str:
    """A link as it is requested: whole, without its fragment, in ASCII; empty for what is no page's address."""
    try:
        url = urljoin(base, link.strip())
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme.lower() not in {"http", "https"} or not host or "@" in parts.netloc:
            return ""
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        place = f"[{host}]" if ":" in host else host
        netloc = place + (f":{parts.port}" if parts.port is not None else "")
        path, query = (quote(part.encode("utf-8", "replace"), safe=_SAFE) for part in (parts.path or "/", parts.query))
    except (ValueError, UnicodeError):
        return ""
    url = f"{parts.scheme.lower()}://{netloc}{path}" + (f"?{query}" if query else "")
    return url if len(url) <= LONGEST_URL and identify(url).page else ""


@dataclass(slots=True)
class _Site:
    """What is known of one origin: its robots.txt, and when it was asked last."""

    rules: bytes = b""
    #: Why nothing is asked of it; for good, or until another try.
    refusal: NotFetched | None = None
    pause: float | None = None
    asked_at: float = -1e9
    #: When the site wants to be asked again at the earliest, whatever the page.
    not_before: float = -1e9
    #: Seconds it was left alone for at last, where it was asked too much and did not say for how long.
    rest: float = 0.0


@dataclass(slots=True)
class _Deadline:
    """Seconds of asking that are left; pauses between requests do not count."""

    left: float


class Fetcher:
    """Fetches for one crawl, one address after the other, over one connection."""

    def __init__(
        self,
        client: Client,
        scope: Scope,
        *,
        pause: float = PAUSE,
        contact: str = "",
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sleep` is called for each wait between two requests, and may raise to end the crawl."""
        self._client, self.scope = client, scope
        self._pause, self._sleep, self._clock = pause, sleep, clock
        self._agent = f"{AGENT}/0.1 (+{contact})" if contact else f"{AGENT}/0.1"
        self._sites: dict[str, _Site] = {}

    def page(self, url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
        """A page, or that it is as it was. Raises NotFetched and LeadsOn."""
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}
        asked = {name: value for name, value in conditions.items() if value}
        fetched = self._follow(url, headers | asked, _only_html)
        if fetched.status == 304 and not asked:
            raise NotFetched("The server says that nothing changed (304), though it was not asked so.")
        return fetched

    def sitemap(self, url: str) -> Fetched:
        """A sitemap of whatever kind. Raises NotFetched and LeadsOn."""
        return self._follow(url, {"Accept": "application/xml,text/xml,text/plain,*/*;q=0.1"}, None)

    def sitemaps(self, url: str) -> list[str]:
        """The sitemaps that the robots.txt of this address's site names. Raises NotFetched."""
        found = (tidy(url, name) for name in robots.sitemaps(self._site(url).rules))
        return list(dict.fromkeys(filter(None, found)))

    def refusal(self, url: str) -> str:
        """Why nothing of this address's site may be asked for at present; empty where its robots.txt was read."""
        refusal = self._site(url).refusal
        return refusal.reason if refusal else ""

    def _follow(self, url: str, headers: dict[str, str], accept: _Refusal | None) -> Fetched:
        page, until = identify(url).page, _Deadline(DEADLINE)
        largest = LARGEST_PAGE if accept else LARGEST_SITEMAP
        for _ in range(MOST_HOPS + 1):
            self._may_fetch(url, is_page=accept is not None)
            fetched = self._request(url, headers, until, largest=largest, accept=accept)
            if fetched.status not in {301, 302, 303, 307, 308}:
                return _successful(fetched)
            location = _location(fetched)
            if identify(location).page != page:
                if accept and not self.scope.has(location):
                    raise NotFetched(f"It leads to another site: {location[:200]}")
                raise LeadsOn(location, for_good=fetched.status in {301, 308})
            url = location
        raise NotFetched(f"It leads to itself again and again; {MOST_HOPS} redirects were followed.")

    def _may_fetch(self, url: str, *, is_page: bool) -> None:
        if "@" in urlsplit(url).netloc:
            raise NotFetched("Its address holds a user name, which no page of the public web needs.")
        if is_page and not self.scope.has(url):
            raise NotFetched(f"It lies outside the site: {url[:200]}")
        site = self._site(url)
        if site.refusal:
            raise NotFetched(site.refusal.reason, site.refusal.kind)
        if is_page and not robots.allowed(site.rules, AGENT, url):
            raise NotFetched("The site's robots.txt does not allow it.", "barred")

    def _site(self, url: str) -> _Site:
        """What the robots.txt of an address's origin says, asked for until it was had once."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.lower()}"
        site = self._sites.get(origin) or _Site()
        if origin not in self._sites or (site.refusal and site.refusal.kind == "again"):
            site.refusal = self._read_robots(site, f"{origin}/robots.txt")
            self._sites[origin] = site
        return site

    def _read_robots(self, site: _Site, url: str) -> NotFetched | None:
        """Why the site may not be asked, after its rules were read.

        What cannot be had for the site's own fault counts as a refusal (RFC 9309, 2.3.1.4); no file as consent.
        """
        until = _Deadline(ROBOTS_DEADLINE)
        told = "The site's robots.txt could not be had:"
        for _ in range(MOST_HOPS + 1):
            try:
                fetched = self._request(url, {}, until, largest=robots.MAX_BYTES, cut=True, site=site)
            except NotFetched as error:
                return NotFetched(f"{told} {error.reason}", error.kind)
            if fetched.status in {301, 302, 303, 307, 308}:
                url = tidy(fetched.url, _text_of(fetched.headers.get("location", "")))
                if url:
                    continue
            elif fetched.status == 429 or fetched.status >= 500:
                return NotFetched(f"{told} the server answered with {fetched.status}.", "again")
            elif fetched.status == 200:
                site.rules = fetched.body
                site.pause = robots.crawl_delay(fetched.body, AGENT)
            break
        return None

    def _request(
        self,
        url: str,
        headers: dict[str, str],
        until: _Deadline,
        *,
        largest: int,
        accept: _Refusal | None = None,
        cut: bool = False,
        site: _Site | None = None,
    ) -> Fetched:
        """One request, after the pause that is due. With `cut` a longer body ends at the cap. Raises NotFetched."""
        site = site or self._site(url)
        pause = self._pause if site.pause is None else min(max(site.pause, self._pause), LONGEST_PAUSE)
        due = site.asked_at + pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        wait = max(due, site.not_before) - self._clock()
        if wait > 0:
            self._sleep(wait)
        head: list[tuple[int, Mapping[str, str]]] = []
        body = bytearray()

        def begin(status: int, received: Mapping[str, str]) -> None:
            head.append((status, received))
            if status >= 300:
                return
            if accept and (refused := accept(received)):
                raise _Enough(NotFetched(refused))
            told = received.get("content-length", "")
            if not cut and told.isascii() and told.isdigit() and int(told[:18]) > largest:
                raise _Enough(_too_large(largest))

        def receive(piece: bytes) -> None:
            body.extend(piece[: largest + 1 - len(body)])
            if head[0][0] >= 300 and len(body) > MOST_OF_ERRORS:
                raise _Enough
            if len(body) > largest:
                raise _Enough(None if cut else _too_large(largest))

        call = Call(
            url,
            b"",
            {"User-Agent": self._agent, "Accept-Language": "*", "Accept-Encoding": "gzip, deflate", **headers},
            deadline=until.left,
            method="GET",
            # one more than is wanted, so that it is here that the end is noticed
            largest=largest + 64 * 1024 + 1,
        )
        began = self._clock()
        try:
            self._client.start(self._client.read_into(call, begin, receive)).result()
        except _Enough as enough:
            if enough.failure:
                raise enough.failure from None
        except AssistantError as error:
            raise _why(error) from None
        finally:
            site.asked_at = self._clock()
            until.left = max(until.left - (site.asked_at - began), 0.1)
        status, received = head[0]
        told = _retry_after(received.get("retry-after", "")) if status in {429, 503} else 0.0
        site.rest = max(2 * site.rest, REST) if status == 429 and not told else 0.0
        site.not_before = self._clock() + min(told or site.rest, LONGEST_WAIT)
        return Fetched(url, status, received, bytes(memoryview(body)[:largest]))


def _only_html(headers: Mapping[str, str]) -> str:
    """Why this is no page to read, known before any of it is; empty where it may be one."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return f"It is {kind[:60]}, not an HTML page." if kind and kind not in _HTML else ""


def _successful(fetched: Fetched) -> Fetched:
    status = fetched.status
    if status in {404, 410}:
        raise NotFetched(f"The site says that it is no more ({status}).", "gone")
    if status == 429 or status >= 500:
        wait = _retry_after(fetched.headers.get("retry-after", ""))
        raise NotFetched(f"The server answered with {status}.", "again", wait=wait)
    if status not in {200, 203, 304}:
        raise NotFetched(f"The server answered with {status}.")
    return fetched


def _location(fetched: Fetched) -> str:
    told = _text_of(fetched.headers.get("location", ""))
    location = tidy(fetched.url, told) if told else ""
    if not location:
        raise NotFetched(f"It leads to no page of the web: {told[:200] or 'the redirect does not say where to'}")
    return location


def _text_of(header: str) -> str:
    return header.encode("latin-1", "replace").decode("utf-8", "replace")


def _retry_after(value: str) -> float:
    """Seconds; 0 where the header says nothing that can be read."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _why(error: AssistantError) -> NotFetched:
    """The client's words are about services and answers; these are about pages."""
    words = error.message.replace("The service ", "The site ").replace("The answer", "The page")
    words = words.replace("No whole answer", "No whole page")
    return NotFetched(words, "again" if error.kind in {"unreachable", "unknown"} else "refused")


def _too_large(largest: int) -> NotFetched:
    return NotFetched(f"It is larger than {largest // 1024**2} MB; the rest was not read.")
