"""Reads pages out of files: JSON Lines of `{"url", "html"}` or `{"url", "file"}`, and single HTML files, gzip or not.

Every row becomes a PageRow or a Flaw with its line and reason; a bad row never hides the next. Knows nothing of the
database, nor of what the HTML says beside its own address.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from inference.pages import identify

MAX_PAGE_BYTES = 20 * 1024 * 1024
#: A line may hold a page's HTML with every byte escaped; more is refused unread.
MAX_LINE_BYTES = 3 * MAX_PAGE_BYTES
#: What a compressed upload may unfold to.
MAX_UNFOLDED_BYTES = 8 * 1024**3
MAX_URL_LENGTH = 2000

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class PageRow:
    """One page to read. `where` names its line or file; `page` is the identity of `url`.

    `etag` and `last_modified` are what its site said of it, where it was fetched.
    """

    where: str
    url: str
    page: str
    domain: str
    html: bytes
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that gives no page, and why."""

    where: str
    reason: str


def open_maybe_gzip(path: Path) -> IO[bytes]:
    """The file's content, unfolded where it starts as gzip does, whatever its name."""
    with path.open("rb") as file:
        folded = file.read(2) == _GZIP_MAGIC
    if folded:
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def count_lines(path: Path) -> int:
    """How many lines hold something; what a damaged archive still gives. For progress alone."""
    count = 0
    try:
        with open_maybe_gzip(path) as file:
            count = sum(1 for line, _ in _lines(file) if line != b"")
    except (OSError, EOFError, zlib.error):
        pass
    return count


def jsonl_rows(path: Path, *, name: str, folder: Path | None = None) -> Iterator[PageRow | Flaw]:
    """The rows of a JSON Lines file. With `folder`, rows may name files relative to it; uploads may not."""
    number = 0
    try:
        with open_maybe_gzip(path) as file:
            for number, (line, too_long) in enumerate(_lines(file), start=1):
                where = f"{name}, line {number}"
                if too_long:
                    yield Flaw(where, f"The line is longer than {_megabytes(MAX_LINE_BYTES)}.")
                elif line:
                    yield _row(line.removeprefix(_BOM) if number == 1 else line, where, folder)
    except (OSError, EOFError, zlib.error) as error:
        yield Flaw(f"{name}, after line {number}", f"The file is damaged and ends here: {error}.")


def html_row(path: Path, *, name: str, url: str = "") -> PageRow | Flaw:
    """A single HTML file. Without `url` the page must state its own: a canonical link or og:url."""
    html = _read_page(path, name, "The file")  # what it is called on disk says nothing to whoever uploaded it
    if isinstance(html, Flaw):
        return html
    if flaw := _content_flaw(name, html):
        return flaw
    url = url or _own_address(html)
    if not url:
        return Flaw(name, "The page does not state its address. Upload it alone, with its address in the field for it.")
    return _checked(name, url, html)


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """(line without white space around it, whether it was too long and skipped)."""
    seen = 0
    while line := file.readline(MAX_LINE_BYTES):
        seen += len(line)
        too_long = False
        while len(line) >= MAX_LINE_BYTES and not line.endswith(b"\n"):
            too_long = True
            line = file.readline(MAX_LINE_BYTES)
            seen += len(line)
        if seen > MAX_UNFOLDED_BYTES:
            raise OSError(f"it unfolds to more than {_megabytes(MAX_UNFOLDED_BYTES)}")
        yield (b"too long" if too_long else line.strip()), too_long


def _row(line: bytes, where: str, folder: Path | None) -> PageRow | Flaw:
    try:
        row: Any = json.loads(line)
    except UnicodeDecodeError:
        return Flaw(where, "The line is not UTF-8 text.")
    except RecursionError:
        return Flaw(where, "The JSON is nested too deeply.")
    except json.JSONDecodeError as error:
        return Flaw(where, f"Not JSON from character {error.pos + 1} on: {error.msg}.")
    if not isinstance(row, dict):
        return Flaw(where, 'Not a JSON object such as {"url": "https://...", "html": "<html>..."}.')
    url, html, file = row.get("url"), row.get("html"), row.get("file")
    if not isinstance(url, str) or not url.strip():
        return Flaw(where, 'It has no "url".')
    if isinstance(html, str):
        # the text is Unicode already: a mark says so, whatever charset the page once declared
        content = html.encode("utf-8", "replace")
        return _checked(where, url, content if content.startswith(_BOM) else _BOM + content if content else b"")
    if not isinstance(file, str) or not file:
        return Flaw(where, 'It has no "html".' if folder is None else 'It has neither "html" nor "file".')
    if folder is None:
        return Flaw(where, 'It names a "file"; an upload must carry the page itself as "html".')
    content_or_flaw = _read_page(folder / file, where, Path(file).name)
    return content_or_flaw if isinstance(content_or_flaw, Flaw) else _checked(where, url, content_or_flaw)


def _read_page(path: Path, where: str, called: str) -> bytes | Flaw:
    try:
        with open_maybe_gzip(path) as file:
            return file.read(MAX_PAGE_BYTES + 1)
    except FileNotFoundError:
        return Flaw(where, f"There is no file {path.name}.")
    except (OSError, ValueError, EOFError, zlib.error) as error:
        return Flaw(where, f"{called} cannot be read: {error}.")


def _content_flaw(where: str, html: bytes) -> Flaw | None:
    if len(html) > MAX_PAGE_BYTES:
        return Flaw(where, f"The page is larger than {_megabytes(MAX_PAGE_BYTES)}.")
    if not html.removeprefix(_BOM).strip():
        return Flaw(where, "The page is empty.")
    return None


def _checked(where: str, url: str, html: bytes) -> PageRow | Flaw:
    url = url.strip()
    if flaw := _content_flaw(where, html):
        return flaw
    identity = identify(url)
    if identity.page is None:
        return Flaw(where, f"Not a full http or https address: {url[:80]}")
    if len(url) > MAX_URL_LENGTH or len(identity.page) > MAX_URL_LENGTH or "\x00" in url:
        return Flaw(where, f"The address is longer than {MAX_URL_LENGTH:,} characters: {url[:80]}...")
    return PageRow(where, url.encode("utf-8", "replace").decode(), identity.page, identity.domain or "", html)


def _own_address(html: bytes) -> str:
    """The canonical link or og:url that a page's head states, else nothing."""
    from bs4 import BeautifulSoup
    from bs4.filter import SoupStrainer

    head = BeautifulSoup(html[:_HEAD_BYTES], "lxml", parse_only=SoupStrainer(["link", "meta"]))
    candidates = [
        *(link.get("href") for link in head.find_all("link", rel="canonical")),
        *(meta.get("content") for meta in head.find_all("meta", property="og:url")),
    ]
    return next((str(url).strip() for url in candidates if url and identify(str(url)).page), "")


def _megabytes(count: int) -> str:
    return f"{count / 1024**2:,.0f} MB"
