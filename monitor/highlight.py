"""An answer's markdown as safe HTML, with mentions and citations marked where they stand.

Spans are code points of the raw markdown, so boundaries travel through the markdown renderer and the sanitiser as
runs of control characters and become `<mark>` last. Control characters end a bare URL and touch no rule of emphasis;
where a boundary would still change what the markdown means, that mark is left out: marking never changes the answer.
Knows no rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, Literal

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from monitor.nearby import Sentences

OPEN, CLOSE, END = "\x01", "\x02", "\x03"
_DIGITS = "".join(map(chr, range(0x0E, 0x18)))
_ENCODE = str.maketrans("0123456789", _DIGITS)
_DECODE = str.maketrans(_DIGITS, "0123456789")
_BOUNDARY = re.compile(f"([{OPEN}{CLOSE}])([{_DIGITS}]+){END}")
#: What an answer may not hold itself, or no HTML can: it is replaced one for one, so offsets stay.
_RESERVED = re.compile(f"[\x00\ud800-\udfff{OPEN}{CLOSE}{END}{_DIGITS}]")
_TAG = re.compile(r"""(<(?:"[^"]*"|'[^']*'|[^'">])*>)""")
#: What opens a block at the start of a line; a boundary goes behind it, and a sentence shown alone goes without.
_LINE_START = re.compile(r"(?:\s|>|[-*+](?=\s)|#{1,6}(?=\s)|\d{1,9}[.)](?=\s)|\|)*")
_LINE_END = re.compile(r"[\s|]*\Z")
#: Renderings spent on finding which boundaries do no harm; after that the rest is left out.
RENDERINGS = 120
#: How much of a long sentence a snippet shows on either side of its mark.
BESIDE = 160

TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}


@dataclass(frozen=True, slots=True)
class Mark:
    """A span `[start, end)` of the raw text. `label` is said when the pointer rests on it."""

    start: int
    end: int
    kind: Literal["mention", "cited"]
    label: str


def render(text: str, marks: Sequence[Mark] = ()) -> SafeString:
    """HTML of the answer, its marks inside. Nothing of the text can become markup of its own."""
    text = _RESERVED.sub("\ufffd", text)
    plain = _html(text)
    pieces = [piece for number, mark in enumerate(marks) for piece in _pieces(text, number, mark)]
    kept = _harmless(text, plain, pieces)
    marked = _html(_with_boundaries(text, kept)) if kept else plain
    return mark_safe(_marked(marked, marks))  # noqa: S308 - sanitised by nh3 in `_html`


def snippet(text: str, start: int, end: int, label: str) -> SafeString:
    """The sentence that holds this place, long ones cut, with the place marked."""
    left, right = Sentences(text).around(start, end)
    lead = _LINE_START.match(text, left, start)
    left = lead.end() if lead else left
    begin, stop = max(left, start - BESIDE), min(right, end + BESIDE)
    if begin > left:
        begin = text.find(" ", begin, start) + 1 or begin
    if stop < right:
        stop = max(text.rfind(" ", end, stop), end)
    before, after = "… " * (begin > left), " …" * (stop < right)
    mark = Mark(len(before) + start - begin, len(before) + end - begin, "mention", label)
    return render(before + text[begin:stop] + after, [mark])


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a mark that lies on one line."""

    start: int
    end: int
    mark: int


def _pieces(text: str, number: int, mark: Mark) -> Iterator[_Piece]:
    """The mark cut at line breaks, without what opens a block; parts without a word carry nothing to mark."""
    start = max(0, mark.start)
    for line in text[start : max(start, mark.end)].splitlines(keepends=True):
        at_line_start = start == 0 or text[start - 1] in "\n\r"
        lead = _LINE_START.match(line) if at_line_start else re.match(r"\s*", line)
        left = start + (lead.end() if lead else 0)
        right = start + len(_LINE_END.sub("", line))
        if left < right and re.search(r"\w", text[left:right]):
            yield _Piece(left, right, number)
        start += len(line)


def _harmless(text: str, plain: str, pieces: list[_Piece]) -> list[_Piece]:
    """The pieces whose boundaries leave the rendering as it was, found by halving."""
    kept: list[_Piece] = []
    waiting = [pieces] if pieces else []
    for _ in range(RENDERINGS):
        if not waiting:
            break
        group = waiting.pop()
        if _strip(_html(_with_boundaries(text, kept + group))) == plain:
            kept += group
        elif len(group) > 1:
            half = len(group) // 2
            waiting += [group[half:], group[:half]]
    return kept


def _with_boundaries(text: str, pieces: Iterable[_Piece]) -> str:
    """At one place, what closes stands before what opens."""
    boundaries = [(piece.start, 1, OPEN, piece.mark) for piece in pieces]
    boundaries += [(piece.end, 0, CLOSE, piece.mark) for piece in pieces]
    parts, at = [], 0
    for place, _, sign, mark in sorted(boundaries):
        parts += [text[at:place], sign, str(mark).translate(_ENCODE), END]
        at = place
    return "".join([*parts, text[at:]])


def _strip(html: str) -> str:
    return _BOUNDARY.sub("", html)


def _marked(html: str, marks: Sequence[Mark]) -> str:
    """Every stretch of text under an open mark wrapped by itself, so that marks never cross an element."""
    open_marks: dict[int, int] = {}
    out: list[str] = []
    for part in _TAG.split(html):
        if part.startswith("<"):
            out.append(_strip(part))
            continue
        at = 0
        for boundary in _BOUNDARY.finditer(part):
            out.append(_wrapped(part[at : boundary.start()], open_marks, marks))
            number = int(boundary[2].translate(_DECODE))
            open_marks[number] = open_marks.get(number, 0) + (1 if boundary[1] == OPEN else -1)
            at = boundary.end()
        out.append(_wrapped(part[at:], open_marks, marks))
    return "".join(out)


def _wrapped(text: str, open_marks: dict[int, int], marks: Sequence[Mark]) -> str:
    over = [marks[number] for number, times in open_marks.items() if times > 0]
    if not over or not text.strip():
        return text
    kinds = sorted({mark.kind for mark in over}, reverse=True)  # mention before cited
    labels = "; ".join(dict.fromkeys(mark.label for mark in over if mark.label))
    return f'<mark class="{" ".join(kinds)}" title="{escape(labels)}">{text}</mark>'


# --- markdown to safe HTML ------------------------------------------------------------------------------------------


def _html(text: str) -> str:
    """Raw HTML shown as text, images as their description, only http(s) links, then sanitised all the same."""
    parser = _parser()
    environment: dict[str, Any] = {}
    tokens = parser.parse(text, environment)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"  # the page has its own h1 and h2
    html = parser.renderer.render(tokens, parser.options, environment)
    clean: str = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )
    return clean


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("gfm-like", {"html": False, "linkify": True})
    parser.validateLink = _is_web  # type: ignore[method-assign]
    parser.add_render_rule("image", _image)
    return parser


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _image(renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    """An image of an answer is not fetched: its description stands for it."""
    return escape(renderer.renderInlineAsText(tokens[index].children or [], options, environment))
