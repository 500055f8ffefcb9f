"""What Google writes above and instead of its results, as SerpApi tells it: blocks of text that point into references.

The text is put together as markdown: headings, lists in lists, tables, code, and the links that lie on words. Which
words Google highlighted is not kept. Written after SerpApi's documentation; no recording was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from inference import errors
from inference.answer import Question
from inference.draft import Draft
from inference.http import Call
from inference.wire import Json, Payload, integer, items, malformed, mapping, string

ADDRESS = "https://serpapi.com"
#: Links into Google's own search open a panel there; they lead to no source.
_OWN_SEARCH = re.compile(r"https?://(?:www\.)?google\.[a-z.]+/search\b", re.I)


class _Text(NamedTuple):
    """A piece of markdown and the places in it that point at a source: start, end, a reference's index or a URL."""

    words: str
    pointers: tuple[tuple[int, int, int | str], ...] = ()


def call(address: str, key: str, parameters: Mapping[str, str | None]) -> Call:
    """A search. What was cached an hour ago is not taken: it would repeat an earlier answer."""
    known = {name: value for name, value in parameters.items() if value}
    query = urlencode({**known, "no_cache": "true", "output": "json", "api_key": key})
    return Call(f"{address}/search.json?{query}", b"", {"Accept": "application/json"}, method="GET")


def place(question: Question) -> dict[str, str | None]:
    """Country and language of the asker in Google's own codes, by which the United Kingdom is `uk`."""
    country = (question.country or "").lower()
    return {"gl": "uk" if country == "gb" else country, "hl": (question.language or "").lower()}


def overview(payload: Payload) -> Json:
    """What holds the blocks: the overview among a search's results, else the whole body.

    Raises AssistantError for a search that is still running and for an overview that could not be fetched.
    """
    document = payload.document or {}
    if mapping(document.get("search_metadata")).get("status") in ("Queued", "Processing"):
        raise malformed("The search was not finished yet.")
    found = mapping(document.get("ai_overview")) or document
    if error := found.get("error"):
        raise errors.failure(error)
    return found


def read(found: Json) -> Draft:
    """The answer in blocks and references. Raises AssistantError("malformed") where there are no blocks."""
    if not isinstance(found.get("text_blocks"), list):
        raise malformed("This is no answer of Google's: it has no blocks of text.")
    draft = Draft(reports_sources=isinstance(found.get("references"), list))
    references = _references(found)
    for url, title in references.values():
        draft.consult(url, title)
    text = _join("\n\n", map(_block, items(found["text_blocks"])))
    start = draft.add(text.words)
    for first, last, target in text.pointers:
        url, title = (target, "") if isinstance(target, str) else references.get(target, ("", ""))
        draft.cite(url, start + first, start + last, title)
    return draft


def _references(found: Json) -> dict[int, tuple[str, str]]:
    """(url, title) by the number that blocks point with: the one it states, else its place in the list."""
    listed: dict[int, tuple[str, str]] = {}
    for position, row in enumerate(items(found.get("references"))):
        index = integer(row.get("index"))
        listed[position if index is None else index] = string(row.get("link")), string(row.get("title"))
    return listed


def _block(block: Json) -> _Text:
    """One block: its own words, and what lies in it."""
    own = _words(block)
    if block.get("type") == "heading" and own.words:
        level = integer(block.get("level")) or 0
        own = _join("", [_Text("#" * (level if 1 <= level <= 6 else 2) + " "), own])
    video = mapping(block.get("video"))
    parts = [
        own,
        _Text(string(block.get("subtitle"))),
        _list(block.get("list"), ""),
        _table(block),
        _Text(_code(block)),
        _Text(_link(string(video.get("source")), string(video.get("link")))),
        _list(block.get("top_stories"), ""),
        *map(_block, items(block.get("text_blocks"))),
    ]
    return _pointed(_join("\n\n", parts), block)


def _list(entries: Any, indent: str) -> _Text:
    """The entries of a list, one a line, and beneath each what is nested in it."""
    lines = []
    for entry in entries if isinstance(entries, list) else []:
        item = mapping(entry) or {"snippet": entry}
        lines.append(_line(f"{indent}- ", item))
        deeper = f"{indent}  "
        lines.append(_list(item.get("list"), deeper))
        for block in items(item.get("text_blocks")):
            lines.append(_line(deeper, block))
            lines.append(_pointed(_list(block.get("list"), deeper), block))
    return _join("\n", lines)


def _line(before: str, row: Json) -> _Text:
    """One line of a list; none for a row without words."""
    words = _pointed(_words(row), row)
    return _join("", [_Text(before), words]) if words.words else words


def _table(block: Json) -> _Text:
    """A table of rows, or a comparison of products: a feature a row, a product a column."""
    rows = list(filter(None, map(_cells, _cells(block.get("detailed")) or _cells(block.get("table")))))
    if compared := items(block.get("comparison")):
        rows = [["", *_cells(block.get("product_labels"))]]
        rows += [[row.get("feature"), *_cells(row.get("values"))] for row in compared]
    if not rows:
        return _Text("")
    width = max(map(len, rows))
    lines = [_row(row + [""] * (width - len(row))) for row in rows]
    return _join("\n", [lines[0], _Text("|" + " --- |" * width), *lines[1:]])


def _cells(row: Any) -> list[Any]:
    return row if isinstance(row, list) else []


def _row(cells: list[Any]) -> _Text:
    between = [piece for cell in cells for piece in (_Text(" | "), _cell(cell))]
    return _join("", [_Text("| "), *between[1:], _Text(" |")])


def _cell(value: Any) -> _Text:
    """One cell of a table, on one line and without a bar of its own."""
    text = _pointed(_words(value), value) if isinstance(value, dict) else _Text("" if value is None else str(value))
    words = " ".join(text.words.split()).replace("|", "\\|")
    return _Text(words, tuple((0, len(words), target) for _, _, target in text.pointers) if words else ())


def _code(block: Json) -> str:
    code = string(block.get("code"))
    return f"```{string(block.get('language'))}\n{code}\n```" if code else ""


def _words(row: Json) -> _Text:
    """The words of a block, an entry or a cell; a title before them stands out."""
    snippet, loose = _linked(string(row.get("snippet")), items(row.get("snippet_links")))
    title = _link(string(row.get("title")), string(row.get("link")))
    words = f"**{title}** {snippet}" if title and snippet else title or snippet
    return _Text(words, tuple((0, len(words), url) for url in loose) if words else ())


def _linked(snippet: str, links: list[Json]) -> tuple[str, list[str]]:
    """A snippet with the links that lie on its words; and the URLs of those that lie on none, so on all of it."""
    done, at, loose = "", 0, []
    for link in links:
        words, url = string(link.get("text")), string(link.get("link"))
        found = snippet.find(words, at) if words else -1
        if found >= 0:
            done += snippet[at:found] + _link(words, url)
            at = found + len(words)
        if (found < 0 or _link(words, url) == words) and not _OWN_SEARCH.match(url):
            loose.append(url)
    return done + snippet[at:], loose


def _link(words: str, url: str) -> str:
    """Words with a link on them, where it leads to a source and markdown can say so."""
    if not words or not url or _OWN_SEARCH.match(url) or set("[]\n") & set(words) or set("<>\n") & set(url):
        return words
    return f"[{words}](<{url}>)"


def _pointed(text: _Text, row: Json) -> _Text:
    """The text, all of which points at the references that its block names."""
    indexes = row.get("reference_indexes")
    known = [integer(index) for index in indexes] if isinstance(indexes, list) and text.words else []
    return _Text(text.words, (*((0, len(text.words), index) for index in known if index is not None), *text.pointers))


def _join(separator: str, texts: Iterable[_Text]) -> _Text:
    """Texts as one, those without words left out."""
    words: list[str] = []
    pointers: list[tuple[int, int, int | str]] = []
    at = 0
    for text in texts:
        if text.words:
            pointers += [(at + start, at + end, target) for start, end, target in text.pointers]
            words.append(text.words)
            at += len(text.words) + len(separator)
    return _Text(separator.join(words), tuple(pointers))
