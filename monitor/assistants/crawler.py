"""The crawler of `rag`, with the operator's settings. Everything that reads pages is imported when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

from inference.guard import WEB_PORTS, is_inside
from inference.http import Client
from monitor.assistants.hosts import named

if TYPE_CHECKING:
    from rag.crawl import Target, Visit
    from rag.extract import PageText
    from rag.fetch import Fetcher
    from rag.page_facts import PageFacts, SitemapFacts


def crawl_refusal(url: str) -> str:
    """Why nothing can be crawled from this address, as far as it says so itself; empty where it may be tried."""
    from rag.fetch import Scope

    try:
        Scope.of(url)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if "@" in parts.netloc:
        return "The address holds a user name. Give it without."
    if named(url, settings.ALLOWED_CRAWL_HOSTS):
        return ""
    if is_inside(host):
        return f"{host} is not on the public internet. An operator can allow it in ALLOWED_CRAWL_HOSTS."
    if port not in {None, *WEB_PORTS}:
        return f"Port {port} is not one of the web's (80, 443). An operator can allow it in ALLOWED_CRAWL_HOSTS."
    return ""


def ascii_address(url: str) -> str:
    """A page's address as it is requested; empty for what is none, and for one with a user name."""
    from rag.fetch import tidy

    return "" if "@" in urlsplit(url).netloc else tidy(url, "")


@contextmanager
def fetcher(url: str, *, sleep: Callable[[float], None]) -> Iterator[Fetcher]:
    """What fetches the site of this address, over a connection of its own. The operator's own hosts need no pauses."""
    from rag.fetch import PAUSE, Fetcher, Scope

    # a site of strangers names sitemaps and redirects: those must not lead to a host of the operator's
    own = named(url, settings.ALLOWED_CRAWL_HOSTS)
    client = Client(allowed_hosts=own, connections=1)
    try:
        pause = 0.0 if own else PAUSE
        yield Fetcher(client, Scope.of(url), pause=pause, contact=settings.CRAWLER_CONTACT, sleep=sleep)
    finally:
        client.close()


def first_targets(fetcher: Fetcher, url: str) -> list[Target]:
    """Where a crawl of this address begins. Raises ValueError with the reason where its site cannot be crawled."""
    from rag.crawl import first_targets as first

    return first(fetcher, url)


def crawl(fetcher: Fetcher, frontier: Any, reader: Any) -> Iterator[Visit]:
    """Visit what the frontier names; see `rag.crawl`."""
    from rag.crawl import crawl as visits

    return visits(fetcher, frontier, reader)


def target(**fields: Any) -> Target:
    """An address to visit, as `rag.crawl.Target` has it."""
    from rag.crawl import Target

    return Target(**fields)


def following(visit: Visit) -> list[Target]:
    """The targets that a visit leads to."""
    from rag.crawl import following as targets

    return targets(visit)


def duplicates() -> Any:
    """An empty table of pages by what they say; see `rag.duplicates.Duplicates`."""
    from rag.duplicates import Duplicates

    return Duplicates()


def crawled_page(html: bytes, url: str, charset: str, headers: Mapping[str, str]) -> PageFacts:
    """What a crawl needs of a page. Raises ValueError with the reason."""
    from rag.page_facts import read

    return read(html, url, charset, headers)


def crawled_sitemap(body: bytes, url: str, most: int) -> SitemapFacts:
    """The addresses in a sitemap. Raises ValueError with the reason."""
    from rag.page_facts import read_sitemap

    return read_sitemap(body, url, most)


def extract_page(html: bytes, url: str | None = None) -> PageText:
    """Title, main text, language and date of a page. Raises `rag.extract.UnreadablePage` with the reason."""
    from rag.extract import extract

    return extract(html, url)
