"""Where the links, the code and the markup of a markdown answer lie, in code points of the answer as written.

GitHub-flavoured markdown, parsed by markdown-it; that gives no positions inside a line, so each rule that matters here
is wrapped to note where it matched, and the places are mapped back through quotes, lists and tables. Does not know
which links are citations.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, autolink, backtick, html_inline, image, link
from markdown_it.token import Token
from markdown_it.utils import EnvType

Span = tuple[int, int]

_HTTP = re.compile(r"https?://[^\s/?#]", re.I)
# GitHub begins a bare URL after anything but a letter. It would run on through CJK punctuation, which ends one here:
# no writer of those languages means it to belong to the URL.
_BARE = re.compile(
    r"(?<![A-Za-z])https?://[^\s<\u3000-\u3011\u3014-\u301b\uff01-\uff0f\uff1a-\uff20\uff3b-\uff5e]+", re.I
)
_TRAILING = "?!.,:*_~'\""
#: An entity or markers such as `[1][2, 3]` at the end of a URL.
_TAIL = re.compile(r"(?:&[A-Za-z0-9]+;|\[\^?\d{1,3}(?:, ?\d{1,3})*\])$")
_LONGEST_TAIL = 256
_CLOSING = {")": "(", "]": "["}
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_TAG_OR_COMMENT = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.S)
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class TextLink:
    """A link a reader can follow: `[label](url)`, `[label][reference]`, `<url>` or a bare URL; `url` is http(s)."""

    start: int
    end: int
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Markup:
    """What in a text is not prose. `hidden` covers code, images, link targets, URLs and tags, but no link's label."""

    links: tuple[TextLink, ...]
    code: tuple[Span, ...]
    hidden: tuple[Span, ...]


def text_links(text: str) -> list[TextLink]:
    """The http(s) links of a markdown text in order; images, code and relative links are none."""
    return list(read_markup(text).links) if "://" in text else []


def read_markup(text: str) -> Markup:
    """Links, code and hidden places of a markdown text, each in order, in code points of `text`."""
    source = _Source(text)
    tokens: list[Token] = []
    env: EnvType = {}
    _markdown().block.parse(source.normal, _markdown(), env, tokens)
    links: list[TextLink] = []
    code: list[Span] = []
    hidden: list[Span] = [source.lines(*found["map"]) for found in _definitions(env)]
    for token in tokens:
        if token.type in {"fence", "code_block"} and token.map:
            code.append(source.lines(*token.map))
        elif token.type == "html_block" and token.map:
            start, end = source.lines(*token.map)
            hidden.extend(_tags(text, start, end))
        elif token.type == "inline" and token.map and token.content:
            _read_inline(token, env, source, links, code, hidden)
    return Markup(tuple(sorted(links, key=lambda link: link.start)), _merged(code), _merged(code + hidden))


def _tags(text: str, start: int, end: int) -> Iterator[Span]:
    """Tags and comments of an HTML block. After the last `-->` no comment is looked for: none of them would end."""
    last = text.rfind("-->", start, end)
    closed = start if last < 0 else last + 3
    yield from (match.span() for match in _TAG_OR_COMMENT.finditer(text, start, closed))
    yield from (match.span() for match in _TAG.finditer(text, closed, end))


def _read_inline(
    token: Token, env: EnvType, source: _Source, links: list[TextLink], code: list[Span], hidden: list[Span]
) -> None:
    """Add what one paragraph, heading or table cell holds."""
    content = token.content
    if not any(mark in content for mark in ("`", "[", "<", "://")):
        return
    place = source.locate(content, *(token.map or (0, 0)))
    state = _Noting(content, _markdown(), env, [])
    _markdown().inline.tokenize(state)
    covered: list[Span] = []
    for found in state.notes:
        start, end = place(found.start), place(found.end - 1) + 1
        covered.append((found.start, found.end))
        if found.rule == "backticks":
            code.append((start, end))
            continue
        if found.rule != "link":
            hidden.append((start, end))
        else:
            label_end = place(found.label_end - 1) + 1
            hidden += [(start, start + 1), (label_end, end)]
        if _HTTP.match(found.url):
            label = content[found.start + 1 : found.label_end] if found.rule == "link" else found.url
            links.append(TextLink(start, end, found.url, label))
    for start, end in _bare_urls(content, covered):
        whole = (place(start), place(end - 1) + 1)
        hidden.append(whole)
        links.append(TextLink(*whole, content[start:end], content[start:end]))


def _bare_urls(content: str, covered: list[Span]) -> Iterator[Span]:
    """Places of URLs that stand in the text by themselves, outside of what rules matched."""
    if "://" not in content:
        return
    at = 0
    for start, end in [*_merged(covered), (len(content), len(content))]:
        for match in _BARE.finditer(content, at, start):
            url = _trimmed(match[0])
            if _HTTP.match(url):
                yield match.start(), match.start() + len(url)
        at = end


def _trimmed(url: str) -> str:
    """The URL less what GitHub leaves outside: trailing punctuation, entities, unmatched closing brackets."""
    url = _before_unmatched(url)
    end = len(url)
    unmatched = url.count(")") - url.count("(")
    while end:
        if url[end - 1] in _TRAILING:
            end -= 1
        elif url[end - 1] == ")" and unmatched > 0:
            end -= 1
            unmatched -= 1
        elif url[end - 1] in ";]" and (found := _TAIL.search(url[max(end - _LONGEST_TAIL, 0) : end])):
            end -= len(found[0])
        else:
            break
    return url[:end]


def _before_unmatched(url: str) -> str:
    """The URL up to a `]` that nothing opened: there the brackets around it end."""
    depth = 0
    for at, character in enumerate(url):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
            if depth < 0:
                return url[:at]
    return url


@dataclass(frozen=True, slots=True)
class _Note:
    """One match of an inline rule, in offsets of the inline content."""

    rule: str
    start: int
    end: int
    url: str = ""
    label_end: int = 0


class _Noting(StateInline):
    """An inline state that keeps notes of what matched where."""

    def __init__(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> None:
        super().__init__(src, md, env, tokens)
        self.notes: list[_Note] = []


_Rule = Callable[[StateInline, bool], bool]
_NOTED: dict[str, _Rule] = {
    "backticks": backtick,
    "link": link,
    "image": image,
    "autolink": autolink,
    "html_inline": html_inline,
}


@cache
def _markdown() -> MarkdownIt:
    """A parser of blocks and of the inline rules that decide where links are; emphasis does not."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.disable(["emphasis", "entity", "newline"])
    # URLs are wanted as written, and a link to anywhere is still a link
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    for name, rule in _NOTED.items():
        markdown.inline.ruler.at(name, _noting(name, rule))
    return markdown


def _noting(name: str, rule: _Rule) -> _Rule:
    """The rule, leaving a note on the state where it matched for good."""

    def noted(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        if silent or not isinstance(state, _Noting):
            return rule(state, silent)
        label_end = (
            state.md.helpers.parseLinkLabel(state, start, True) if name == "link" and state.src[start] == "[" else 0
        )
        if not rule(state, silent):
            return False
        made = state.tokens[count:]
        if name == "backticks" and not any(token.type == "code_inline" for token in made):
            return True
        url = next((str(token.attrGet("href")) for token in made if token.type == "link_open"), "")
        state.notes.append(_Note(name, start, state.pos, url, label_end))
        return True

    return noted


class _Source:
    """The text as markdown-it sees it, and the way back from its lines to the text as written."""

    def __init__(self, text: str) -> None:
        self.normal = _LINE_END.sub("\n", text).replace("\0", "\ufffd")
        self._lines = self.normal.split("\n")
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        # how far into a line the cells of a table row have been found
        self._reached: dict[int, int] = {}

    def lines(self, first: int, last: int) -> Span:
        """Where lines `first` to before `last` lie, less the last line end."""
        last = min(last, len(self._lines))
        return self._starts[first], self._starts[last - 1] + len(self._lines[last - 1])

    def locate(self, content: str, first: int, last: int) -> Callable[[int], int]:
        """A function from offsets in an inline content, which stands on these lines, to offsets in the text."""
        offsets: list[int] = []
        places: list[int] = []
        at = 0
        for number, line in zip(range(first, last), content.split("\n"), strict=False):
            indent = len(line) - len(line.lstrip())
            for piece, column in self._columns(number, line[indent:], first + 1 == last):
                offsets.append(at + indent + piece)
                places.append(self._starts[number] + column)
            at += len(line) + 1

        def place(offset: int) -> int:
            index = max(bisect_right(offsets, offset) - 1, 0)
            return places[index] + max(offset - offsets[index], 0)

        return place

    def _columns(self, number: int, part: str, single: bool) -> list[tuple[int, int]]:
        """[(offset in `part`, column of the line)] from where on both run alike."""
        line = self._lines[number]
        if not single:
            # quote marks and indentation were taken off the left
            return [(0, max(line.rfind(part), 0))]
        reached = self._reached.get(number, 0)
        if (column := line.find(part, reached)) >= 0:
            self._reached[number] = column + len(part)
            return [(0, column)]
        # a table cell: markdown-it took the backslash off each escaped pipe
        column = max(line.find(part.replace("|", "\\|"), reached), 0)
        columns = [(0, column)]
        for count, match in enumerate(re.finditer(r"\|", part), start=1):
            columns.append((match.start(), column + match.start() + count))
        self._reached[number] = column + len(part) + len(columns) - 1
        return columns


def _definitions(env: EnvType) -> list[dict[str, Any]]:
    """What lines `[label]: url` stand on; a reader sees nothing of them."""
    return [*env.get("references", {}).values(), *env.get("duplicate_refs", [])]


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    """The same places as distinct spans in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
