"""Title, main text, author, language and date of an HTML page, whatever state the page is in.

Bytes are decoded as browsers would, parsed by lxml, and cut into blocks that `rag.main_text` judges. The text has one
line for each paragraph, heading, list item or table row and no markup. Does not fetch, run scripts, or know where pages
lie.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import numpy as np
from bs4.dammit import UnicodeDammit
from lxml import etree, html
from w3lib.encoding import html_body_declared_encoding

from rag import declared
from rag.blocks import BREAKING, Block, blocks
from rag.main_text import log_odds, main_blocks

#: Larger files are no pages that people read; parsing them would take minutes and gigabytes.
MAX_BYTES = 10_000_000
MAX_TITLE = 500

_MAGIC = {
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x1f\x8b": "compressed by gzip",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"RIFF": "a media file",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
}
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
# what XML cannot hold; lone surrogates too
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
# each runs to the end where it is never closed, and so is linear
_UNSEEN = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.S | re.I)
_TAG = re.compile(r"</?([a-z][a-z0-9]*)[^>]*(?:>|\Z)", re.I)
_SPACE = re.compile(r"\s+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?![a-z])")
_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_JSON_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]{8,40})"')
_DATE_METAS = (
    "article:published_time", "og:published_time", "datepublished", "date", "dc.date", "dc.date.issued",
    "dcterms.date", "dcterms.created", "citation_publication_date", "publish-date", "pubdate", "parsely-pub-date",
)  # fmt: skip


class UnreadablePage(ValueError):  # noqa: N818 (the name says what is wrong, as the other refusals do)
    """The bytes are no page to read; the message says why."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What a reader gets from a page. `text` may be empty; `published` is a date, YYYY-MM-DD.

    `structured` is what the page says of itself for machines, as `rag.declared.structured` keeps it.
    """

    title: str
    text: str
    language: str | None
    published: str | None
    author: str | None = None
    structured: dict[str, Any] = field(default_factory=dict)


def extract(html: bytes, url: str | None = None) -> PageText:
    """The main text of a page. Raises UnreadablePage for bytes that are no page: empty, binary or too large."""
    text = decode(html)
    document = parse(text)
    if document is None:
        return PageText("", "", None, None)
    metas = metas_of(document)
    nodes = declared.nodes(list(linked_data(document)))
    found = page_blocks(document)
    main = _rejoined(found, declared.is_article(nodes, metas))
    if not main:
        # a page that scripts would fill: what it says of itself is all there is
        main = _clean(declared.article_body(nodes) or metas.get("og:description") or metas.get("description"))
    return PageText(
        title=_title(document, metas),
        text=main,
        language=_language(document, metas),
        published=_published(document, metas),
        author=declared.author(nodes, metas),
        structured=declared.structured(nodes, metas),
    )


def decode(body: bytes) -> str:
    """The page's characters. Raises UnreadablePage with the reason where it can have none."""
    if not body.strip(b"\0 \t\r\n\f"):
        raise UnreadablePage("The file is empty.")
    if len(body) > MAX_BYTES:
        raise UnreadablePage(
            f"The file has {len(body) / 1e6:.0f} MB; pages of more than {MAX_BYTES / 1e6:.0f} MB are not read."
        )
    if kind := next((kind for magic, kind in _MAGIC.items() if body.startswith(magic)), None):
        raise UnreadablePage(f"The file is {kind}, not an HTML page.")
    for mark, name in _MARKS.items():
        if body.startswith(mark):
            return body.decode(name, "replace")
    sample = body[:65536]
    if wide := _wide(sample):
        return body.decode(wide, "replace")
    if len(sample.translate(None, _CONTROL)) < 0.98 * len(sample):
        raise UnreadablePage("The file is binary, not an HTML page.")
    declared = html_body_declared_encoding(body[:4096])
    if not (declared or "").startswith(("iso2022", "iso-2022", "hz")):
        try:
            # whatever a page declares: bytes that are valid UTF-8 beyond ASCII are hardly ever anything else
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    if declared is None:
        guessed = UnicodeDammit(sample, is_html=True).original_encoding
        # a few broken bytes do not make a page less UTF-8
        broken = body.decode("utf-8", "replace").count("\ufffd")
        declared = "utf-8" if broken < 0.1 * sum(byte > 127 for byte in sample) else guessed
    try:
        return body.decode(declared or "cp1252", "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of its ASCII characters is zero."""
    half = len(sample) // 2
    if half >= 8:
        for name, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
            if zeros.count(0) > 0.7 * half:
                return name
    return None


def parse(text: str) -> Any | None:
    """The page as a tree; None where there is nothing to parse."""
    source = _UNPRINTABLE.sub(" ", _DECLARATION.sub("", text))
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        document = html.document_fromstring(source, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return _flat(source)
    # where elements are nested too deeply the parser stops, and what follows would be lost
    stopped = any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)
    return _flat(source) if stopped else document


def _flat(source: str) -> Any | None:
    """A page beyond what the parser takes, as a tree of lines: what stands in it must not be lost."""
    plain = unescape(_TAG.sub(lambda tag: "\n" if tag[1].lower() in BREAKING else "", _UNSEEN.sub("", source)))
    document = html.Element("html")
    for line in _UNPRINTABLE.sub(" ", plain).split("\n"):
        if line.strip():
            etree.SubElement(document, "p").text = line
    return document if len(document) else None


def page_blocks(document: Any) -> list[Block]:
    """The blocks that hold a page's text."""
    body = document.find("body")
    return blocks(document if body is None else body)


def _rejoined(found: Sequence[Block], article: bool) -> str:
    """The main blocks, a line each; the cells of a table row share one."""
    keep = main_blocks(log_odds(found, article), np.array([block.words for block in found], np.float64))
    lines: list[str] = []
    row: int | None = None
    for block, kept in zip(found, keep, strict=True):
        if not kept:
            continue
        if block.row is not None and block.row == row:
            lines[-1] += "\t" + block.text
        else:
            lines.append(block.text)
        row = block.row
    return "\n".join(lines)


def _clean(text: str | None) -> str:
    return _SPACE.sub(" ", text or "").strip()


def metas_of(document: Any) -> dict[str, str]:
    """The contents of `meta` elements by lower-case name, the first of each."""
    metas: dict[str, str] = {}
    for element in document.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        if name and (content := _clean(element.get("content"))):
            metas.setdefault(name.strip().lower(), content)
    return metas


def _title(document: Any, metas: dict[str, str]) -> str:
    """What the page calls itself, without the site's name."""
    title = _clean(next((element.text_content() for element in document.iter("title")), ""))
    headings = [_clean(element.text_content()) for element in document.iter("h1")]
    shown = metas.get("og:title", "") or title
    if len(headings) == 1 and headings[0] and headings[0].lower() in f"{title} {shown}".lower():
        return headings[0][:MAX_TITLE]
    site = metas.get("og:site_name", "")
    if site:
        shown = re.sub(rf"\s+[-|–—·:]\s+{re.escape(site)}$", "", shown, flags=re.I)
    return (shown or next(filter(None, headings), ""))[:MAX_TITLE]


def _language(document: Any, metas: dict[str, str]) -> str | None:
    """The primary language subtag the page declares."""
    root = document.getroottree().getroot()
    told = (
        root.get("lang"),
        root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang"),
        metas.get("content-language"),
        metas.get("og:locale"),
        metas.get("language"),
    )
    matches = (_LANGUAGE.match(value.strip().lower()) for value in told if value)
    return next((match[0] for match in matches if match), None)


def _published(document: Any, metas: dict[str, str]) -> str | None:
    """The day the page says it was published."""
    for value in _dates_told(document, metas):
        if match := _DATE.search(value.replace("/", "-")):
            year, month, day = map(int, match.groups())
            if 1990 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31:
                return match[0]
    return None


def _dates_told(document: Any, metas: dict[str, str]) -> Iterator[str]:
    yield from (metas[name] for name in _DATE_METAS if name in metas)
    for script in linked_data(document):
        yield from _JSON_DATE.findall(script)
    for element in document.iter("time", "span", "meta"):
        if element.tag == "time" or element.get("itemprop") == "datePublished":
            yield element.get("datetime") or element.get("content") or ""


def linked_data(document: Any) -> Iterator[str]:
    for element in document.iter("script"):
        if "ld+json" in (element.get("type") or "") and element.text:
            yield element.text
