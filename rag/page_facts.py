"""What a crawler needs of a page beside its text: where it leads, which address it calls its own, what it forbids.

Also the addresses in sitemaps of every kind. All of it comes from strangers, so that this runs under limits of time and
memory. Fetches nothing.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from rag import extract
from rag.duplicates import fingerprint
from rag.fetch import LARGEST_SITEMAP, tidy

MOST_LINKS = 5000
#: A page of which so many characters could not be read has a charset that it does not tell.
_MOST_BROKEN = 0.02
#: Codecs of Python's that are no charset of the web.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7"})
_UNWANTED = re.compile(r";jsessionid=|[?&](?:phpsessid|jsessionid|sessionid|sid)=", re.I)
_AGENT = "citescope"
#: Directives of X-Robots-Tag that hold a colon themselves, and so name no agent.
_WITH_VALUES = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page as a crawl needs it. `html`: the page in UTF-8 with a mark, where its header alone told its charset."""

    text: extract.PageText
    html: bytes | None = None
    links: tuple[str, ...] = ()
    canonical: str = ""
    noindex: bool = False
    print: int | None = None
    notes: tuple[str, ...] = field(default=())


def read(html: bytes, url: str, charset: str, headers: Mapping[str, str]) -> PageFacts:
    """Read a page as it was fetched. Raises `extract.UnreadablePage` with the reason."""
    notes = []
    known = _codec(charset)
    if charset and known is None:
        notes.append(f"The server names a charset that does not exist ({charset}); it was told from the page itself.")
    recoded = _in_utf8(html, known) if known else html
    came_so, html = recoded is html, recoded
    text = extract.decode(html)
    broken = text.count("\ufffd")
    if broken > _MOST_BROKEN * len(text):
        notes.append(f"{broken:,} of its characters could not be read: its charset is not what it says.")
    document = extract.parse(text)
    page = extract.extract(html, url)
    if document is None:
        return PageFacts(page, None if came_so else html, notes=tuple(notes))
    directives = _directives(document, headers)
    base = next((tidy(url, element.get("href")) for element in document.iter("base") if element.get("href")), "") or url
    follows = not directives & {"nofollow", "none"}
    return PageFacts(
        text=page,
        html=None if came_so else html,
        links=tuple(dict.fromkeys(_links(document, base))) if follows else (),
        canonical=_canonical(document, base, headers),
        noindex=bool(directives & {"noindex", "none"}),
        print=fingerprint(page.text),
        notes=tuple(notes),
    )


def _codec(charset: str) -> str | None:
    try:
        found = codecs.lookup(charset)
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name.replace("-", "_") not in _NO_CHARSETS else None


def _in_utf8(html: bytes, codec: str) -> bytes:
    """The page in UTF-8, with a mark, where its header's charset is the best that is known of its characters."""
    if html.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or codec in {"utf-8", "ascii"}:
        return html
    if not codec.startswith(("utf-16", "utf-32", "iso2022", "hz")):
        try:
            html.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return html
    return codecs.BOM_UTF8 + html.decode(codec, "replace").encode("utf-8", "replace")


def _directives(document: Any, headers: Mapping[str, str]) -> set[str]:
    """What the page asks of robots, in words such as noindex."""
    found: set[str] = set()
    for element in document.iter("meta"):
        if (element.get("name") or "").strip().lower() in {"robots", _AGENT}:
            found.update(word.strip().lower() for word in (element.get("content") or "").split(","))
    for line in headers.get("x-robots-tag", "").lower().splitlines():
        agent = ""  # a name holds for what follows it on its line
        for part in line.split(","):
            name, colon, word = part.rpartition(":")
            agent = name.strip() if colon and name.strip() not in _WITH_VALUES else agent
            if agent in {"", _AGENT}:
                found.add(word.strip())
    return found


def _links(document: Any, base: str) -> Iterator[str]:
    count = 0
    for element in document.iter("a", "area", "link"):
        relations = (element.get("rel") or "").lower().split()
        if element.tag == "link" and not {"next", "prev", "alternate"} & set(relations):
            continue
        if element.tag == "link" and (element.get("type") or "text/html").lower() != "text/html":
            continue
        link = tidy(base, element.get("href") or "") if element.get("href") and "nofollow" not in relations else ""
        if link and not _is_trap(link):
            yield link
            count += 1
            if count >= MOST_LINKS:
                return


def _is_trap(url: str) -> bool:
    """Whether the address is one of endlessly many for the same: with a session's name, or folders that repeat."""
    segments = [segment for segment in url.partition("://")[2].partition("?")[0].split("/")[1:] if segment]
    return bool(_UNWANTED.search(url)) or any(segments.count(segment) > 3 for segment in set(segments))


def _canonical(document: Any, base: str, headers: Mapping[str, str]) -> str:
    for element in document.iter("link"):
        if "canonical" in (element.get("rel") or "").lower().split() and element.get("href"):
            return tidy(base, element.get("href"))
    match = re.search(r"<([^>]{1,2000})>\s*;[^,]{0,200}rel=\"?canonical", headers.get("link", ""), re.I)
    return tidy(base, match[1]) if match else ""


@dataclass(frozen=True, slots=True)
class SitemapFacts:
    """The addresses in a sitemap, and the further sitemaps that an index of them names."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


def read_sitemap(body: bytes, url: str, most: int) -> SitemapFacts:
    """A sitemap in XML, a feed, or a list of addresses, each gzip or not. Raises ValueError with the reason."""
    body = _unfolded(body)
    pages: dict[str, None] = {}
    further: dict[str, None] = {}
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        for line in body.decode("utf-8-sig", "replace").splitlines()[: most * 2]:
            if line.strip().lower().startswith(("http://", "https://")) and (link := tidy(url, line)):
                pages[link] = None
        return SitemapFacts(tuple(pages)[:most], ())
    events = etree.iterparse(
        io.BytesIO(body), events=("end",), recover=True, resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for _, element in events:
            name = etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""
            if name in {"loc", "link"}:
                parent = element.getparent()
                place = etree.QName(parent).localname.lower() if parent is not None else ""
                if link := tidy(url, element.text or element.get("href") or ""):
                    if place == "sitemap":
                        further[link] = None
                    elif place in {"url", "item", "entry"}:
                        pages[link] = None
            elif name in {"url", "sitemap", "item", "entry"}:
                element.clear()
            if len(pages) + len(further) >= most:
                break
    except etree.XMLSyntaxError as error:
        if not pages and not further:
            raise ValueError(f"It is no sitemap: {error.msg}") from None
    return SitemapFacts(tuple(pages), tuple(further))


def _unfolded(body: bytes) -> bytes:
    """Raises ValueError for what unfolds to more than a sitemap may have."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        with gzip.open(io.BytesIO(body)) as file:
            found = file.read(LARGEST_SITEMAP + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"It is damaged: {error}") from None
    if len(found) > LARGEST_SITEMAP:
        raise ValueError(f"It unfolds to more than {LARGEST_SITEMAP // 1024**2} MB.")
    return found
