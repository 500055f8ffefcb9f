"""A site crawled by its links and sitemaps: which address is visited next is the frontier's, what became of it is told.

One Visit at a time: whoever receives it stores what it brought and gives its links to the frontier before asking for
the next. So a crawl can stop anywhere and go on elsewhere. Knows neither a database nor how pages are read safely.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from inference.pages import identify
from rag.fetch import Fetched, Fetcher, LeadsOn, NotFetched, tidy
from rag.page_facts import PageFacts, SitemapFacts

Kind = Literal["page", "sitemap"]
#: page: read, to be kept; unchanged: as it was when it was last kept; moved: leads to another page of the site, which
#: the first of `links`; other: names another address as its own, the first of `links`; gone: is no more; again: may be
#: had later; barred: robots.txt forbids it, so that nothing was asked; refused: not to be had, or not wanted; sitemap.
Outcome = Literal["page", "unchanged", "moved", "other", "gone", "again", "barred", "refused", "sitemap"]

MOST_HOPS = 5
#: Addresses that are taken from one sitemap.
MOST_LISTED = 50_000


@dataclass(frozen=True, slots=True)
class Target:
    """An address to visit. `hops`: redirects that led here one after the other; the rest is known from last time."""

    url: str
    depth: int = 0
    kind: Kind = "page"
    hops: int = 0
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What became of one target. `url` is where it was found; `reason` is for people."""

    target: Target
    outcome: Outcome
    url: str
    reason: str = ""
    facts: PageFacts | None = None
    html: bytes = b""
    etag: str = ""
    last_modified: str = ""
    links: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: Seconds after which the site wants to be asked again.
    wait: float = 0.0
    #: Whether the site wants nothing kept under this address: it moved for good, or asks not to be indexed.
    leaves: bool = False


class Frontier(Protocol):
    def following(self) -> Target | None:
        """The next target; None where nothing is left to visit."""


class Reader(Protocol):
    """Reads what strangers wrote, under limits of time and memory; a string says why it could not."""

    def page(self, html: bytes, url: str, charset: str, headers: Mapping[str, str]) -> PageFacts | str: ...

    def sitemap(self, body: bytes, url: str, most: int) -> SitemapFacts | str: ...


def crawl(fetcher: Fetcher, frontier: Frontier, reader: Reader) -> Iterator[Visit]:
    """Visit what the frontier names until it names nothing."""
    while target := frontier.following():
        yield visit(fetcher, reader, target)


def visit(fetcher: Fetcher, reader: Reader, target: Target) -> Visit:
    try:
        if target.kind == "sitemap":
            return _sitemap(fetcher, reader, target)
        fetched = fetcher.page(target.url, etag=target.etag, last_modified=target.last_modified)
    except LeadsOn as redirect:
        return _moved(target, redirect)
    except NotFetched as error:
        return Visit(target, error.kind, target.url, error.reason, wait=error.wait)
    if fetched.unchanged:
        return Visit(target, "unchanged", fetched.url, etag=target.etag, last_modified=target.last_modified)
    return _page(fetcher, reader, target, fetched)


def _moved(target: Target, redirect: LeadsOn) -> Visit:
    location = redirect.location
    if target.hops >= MOST_HOPS:
        return Visit(target, "refused", target.url, f"Redirects lead on and on; the last one to {location[:200]}")
    told = f"It leads to {location[:200]}"
    return Visit(target, "moved", target.url, told, links=(location,), leaves=redirect.for_good)


def _page(fetcher: Fetcher, reader: Reader, target: Target, fetched: Fetched) -> Visit:
    facts = reader.page(fetched.body, fetched.url, fetched.charset, fetched.headers)
    if isinstance(facts, str):
        return Visit(target, "refused", fetched.url, facts)
    links = tuple(link for link in facts.links if fetcher.scope.has(link))
    if facts.noindex:
        told = "It asks not to be indexed (noindex)."
        return Visit(target, "refused", fetched.url, told, links=links, leaves=True)
    notes = list(facts.notes)
    if facts.canonical and identify(facts.canonical).page != identify(fetched.url).page:
        if not fetcher.scope.has(facts.canonical):
            notes.append(f"It names an address elsewhere as its own, and was kept under this one: {facts.canonical}")
        elif _is_home(facts.canonical):
            notes.append("It names the home page as its own address, which was taken for a mistake.")
        else:
            reason = f"It names another address as its own: {facts.canonical[:200]}"
            return Visit(target, "other", fetched.url, reason, links=(facts.canonical, *links), leaves=True)
    if not facts.text.text.strip():
        return Visit(target, "refused", fetched.url, "No text was found in it.", links=links)
    return Visit(
        *(target, "page", fetched.url, "", facts, fetched.body if facts.html is None else facts.html),
        # what is longer would not be sent back whole
        etag=_short(fetched.headers.get("etag", "")),
        last_modified=_short(fetched.headers.get("last-modified", "")),
        links=links,
        notes=tuple(notes),
    )


def _is_home(url: str) -> bool:
    page = identify(url).page or ""
    return "/" not in page and "?" not in page


def _short(value: str) -> str:
    return value if len(value) <= 200 and value.isascii() and value.isprintable() else ""


def _sitemap(fetcher: Fetcher, reader: Reader, target: Target) -> Visit:
    try:
        fetched = fetcher.sitemap(target.url)
    except LeadsOn as redirect:
        if target.hops >= MOST_HOPS:
            raise NotFetched("Redirects lead on and on.") from None
        return Visit(target, "sitemap", target.url, sitemaps=(redirect.location,))
    facts = reader.sitemap(fetched.body, fetched.url, MOST_LISTED)
    if isinstance(facts, str):
        return Visit(target, "refused", fetched.url, facts)
    links = tuple(link for link in facts.pages if fetcher.scope.has(link))
    return Visit(target, "sitemap", fetched.url, links=links, sitemaps=facts.sitemaps)


def first_targets(fetcher: Fetcher, url: str) -> list[Target]:
    """Where a crawl begins: the address itself, and the sitemaps that the site names, or the one it may have."""
    named = fetcher.sitemaps(url) or [tidy(url, "/sitemap.xml")]
    return [Target(url), *(Target(sitemap, kind="sitemap") for sitemap in named)]


def following(seen: Visit) -> list[Target]:
    """The targets that a visit leads to: where a page says it lies at the same depth, its links one deeper."""
    target, moved = seen.target, seen.outcome == "moved"
    here = 1 if moved or seen.outcome == "other" else 0
    return [
        *(Target(url, target.depth, hops=target.hops + 1 if moved else 0) for url in seen.links[:here]),
        *(Target(url, target.depth + 1) for url in seen.links[here:]),
        *(Target(url, kind="sitemap", hops=target.hops + 1) for url in seen.sitemaps),
    ]
