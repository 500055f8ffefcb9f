"""Reads what a crawl fetched in a process of its own, with limits of memory and time. Imports no Django models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from monitor.assistants import crawler
from monitor.services.guarded import Failed, Guarded

if TYPE_CHECKING:
    from rag.page_facts import PageFacts, SitemapFacts

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    html: bytes
    url: str
    charset: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sitemap:
    body: bytes
    url: str
    most: int


def read(item: Page | Sitemap) -> PageFacts | SitemapFacts | Failed:
    try:
        if isinstance(item, Sitemap):
            return crawler.crawled_sitemap(item.body, item.url, item.most)
        return crawler.crawled_page(item.html, item.url, item.charset, item.headers)
    except ValueError as error:
        return Failed(str(error))
    except RecursionError:
        return Failed("Its elements are nested too deeply to be read.")
    except MemoryError:
        return Failed("It takes more memory to read than a page may.")


class SafeReader:
    """`rag.crawl.Reader` by one other process, which starts with the first page and is replaced when it dies."""

    def __init__(self) -> None:
        self._read: Guarded[Page | Sitemap, PageFacts | SitemapFacts | Failed] = Guarded(read, seconds=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._read.close()

    def page(self, html: bytes, url: str, charset: str, headers: Mapping[str, str]) -> PageFacts | str:
        return self._result(Page(html, url, charset, headers))  # type: ignore[return-value]

    def sitemap(self, body: bytes, url: str, most: int) -> SitemapFacts | str:
        return self._result(Sitemap(body, url, most))  # type: ignore[return-value]

    def _result(self, item: Page | Sitemap) -> PageFacts | SitemapFacts | str:
        found = self._read(item)
        return _sentence(found.reason) if isinstance(found, Failed) else found


def _sentence(reason: str) -> str:
    return reason if reason[:1].isupper() else f"It {reason}."
