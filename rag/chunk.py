"""A page's text cut into sentences, and into passages that a model can read whole, with exact offsets.

Offsets are half-open and in code points of the text; a title is given to the model with every passage and is never
part of an offset. Knows nothing of HTML, vectors or files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]
Tokenize = Callable[[Sequence[str]], list[list[int]]]

MAX_CHARACTERS = 1200
#: A new heading starts a new passage once the present one has this many characters.
ENOUGH_CHARACTERS = 400
TITLE_TOKENS = 24
HEADING_TOKENS = 20

_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
#: A run of terminators with the quotes, brackets and reference marks that touch it.
_END = re.compile(
    "[.!?\u2026]+[\"'\u201d\u2019\u00bb)\\]]*(?:\\[\\d{1,3}\\])*(?=\\s|$)"
    "|[\u3002\uff01\uff1f\uff61]+[\u300d\u300f\u201d\u2019\uff09\u3011\"')]*"
)
_WORD_BEFORE = re.compile(r"[^\s(\[\"'\u201c\u2018/]+$")
_BULLET = re.compile(r"(?:[-*+\u2022\u2013\u2014\u00b7\u25cf\u25aa\u2023|>]|\d{1,2}[.)])\s")
_MARK = re.compile(r"#{1,6}\s+")
#: No sentence ends at the full stop of these, or of a single letter.
_NEVER_LAST = frozenset(
    """
    mr mrs ms dr prof st vs e.g i.e eg ie cf fig figs vol vols approx mt gen rev hon capt
    """.split()  # noqa: SIM905
)
#: A sentence may end at these, when a usual first word follows.
_SELDOM_LAST = frozenset(
    """
    etc inc ltd co corp jr sr a.m p.m no nos dept est al oz lb lbs ft sq min max
    """.split()  # noqa: SIM905
)
_MONTHS = frozenset(
    """
    jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()  # noqa: SIM905
)
_FIRST_WORDS = frozenset(
    """
    the a an it its it's this that these those he she they we you i in on at for from with if when while as but
    and so however there here our their his her my your to by after before although because since once what how
    why who where not no yes
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Passage:
    """`text[start:end]` under a heading (a span too), made of whole sentences.

    `tokens` is what the model reads: title, heading where the passage does not hold it, sentences. `token_spans` say
    where in `tokens` each sentence lies.
    """

    start: int
    end: int
    heading: Span
    sentences: tuple[Span, ...]
    #: Whether each sentence is (part of) a heading.
    leads: tuple[bool, ...]
    tokens: tuple[int, ...] = field(repr=False)
    token_spans: tuple[Span, ...] = field(repr=False)


def sentences(text: str) -> list[Span]:
    """Every sentence of `text` without the blanks around it: cut at line breaks and where sentences end."""
    return [span for line in _LINE.finditer(text) for span in _sentences_of_line(text, line.start(), line.end())]


def split(text: str, tokenize: Tokenize, max_tokens: int, title: str = "") -> list[Passage]:
    """Cut a page into passages of at most MAX_CHARACTERS and `max_tokens` tokens, title and heading included.

    Together they hold every sentence once. A page with a title and no text is one empty passage; one with neither is
    none. `tokenize` gives token ids without special ones.
    """
    title_tokens = _label(tokenize, title, min(TITLE_TOKENS, max_tokens // 4))
    heading_limit = min(HEADING_TOKENS, max_tokens // 4)
    if not text.strip():
        return [Passage(0, 0, (0, 0), (), (), tokens=tuple(title_tokens), token_spans=())] if title_tokens else []
    room = max_tokens - len(title_tokens) - heading_limit
    passages: list[Passage] = []
    for group in _groups(_pieces(text, tokenize, room), room):
        heading = group[0].heading
        inside = heading[0] >= group[0].start
        named = [] if inside else _label(tokenize, heading_text(text, heading), heading_limit)
        tokens = [*title_tokens, *named]
        spans = []
        for piece in group:
            spans.append((len(tokens), len(tokens) + len(piece.tokens)))
            tokens.extend(piece.tokens)
        passages.append(
            Passage(
                start=group[0].start,
                end=group[-1].end,
                heading=heading,
                sentences=tuple((piece.start, piece.end) for piece in group),
                leads=tuple(piece.leads for piece in group),
                tokens=tuple(tokens),
                token_spans=tuple(spans),
            )
        )
    return passages


def heading_text(text: str, span: Span) -> str:
    """A heading as people read it: on one line, without its marks."""
    return " ".join(_MARK.sub("", line).strip() for line in text[slice(*span)].splitlines()).strip()


@dataclass(slots=True)
class _Piece:
    start: int
    end: int
    tokens: list[int]
    heading: Span = (0, 0)
    #: Whether the piece is (part of) a heading itself.
    leads: bool = False


def _sentences_of_line(text: str, start: int, end: int) -> list[Span]:
    line_start, found = start, []
    for match in _END.finditer(text, start, end):
        if _ends_sentence(text, line_start, start, match, end):
            found.append((start, match.end()))
            start = match.end()
    found.append((start, end))
    return [trimmed for span in found if (trimmed := _trim(text, *span))]


def _trim(text: str, start: int, end: int) -> Span | None:
    part = text[start:end]
    bare = part.strip()
    if not bare:
        return None
    start += len(part) - len(part.lstrip())
    return start, start + len(bare)


def _ends_sentence(text: str, line_start: int, start: int, match: re.Match[str], end: int) -> bool:
    if match.group()[0] in "\u3002\uff01\uff1f\uff61":
        return True
    rest = text[match.end() : min(end, match.end() + 40)].lstrip()
    if not rest:
        return True
    if rest[0].islower():
        return False
    if match.group() != ".":
        return True
    before = _WORD_BEFORE.search(text, max(start, match.start() - 40), match.start())
    word = before.group() if before else ""
    if word.isdigit():
        # the number of a list item is no sentence
        return match.start() - line_start > 8 or text[line_start : match.start()].strip() != word
    bare = word.lower()
    if bare in _NEVER_LAST or (bare in _MONTHS and rest[0].isdigit()):
        return False
    first = re.split(r"\W", rest, maxsplit=1)[0].lower()
    if bare in _SELDOM_LAST or "." in bare:
        return first in _FIRST_WORDS
    if len(word) == 1 and word.isalpha():
        return first in _FIRST_WORDS and first not in {"a", "i"}
    return True


def _pieces(text: str, tokenize: Tokenize, max_tokens: int) -> list[_Piece]:
    """Sentences with their tokens; one that is too long for a passage is cut at a blank, or anywhere."""
    spans = [part for span in sentences(text) for part in _short(text, span)]
    pieces: list[_Piece] = []
    for span, tokens in zip(spans, tokenize([text[start:end] for start, end in spans]), strict=True):
        pieces.extend(_fitting(text, _Piece(*span, tokens), tokenize, max_tokens))
    _mark_headings(text, pieces)
    return pieces


def _short(text: str, span: Span) -> list[Span]:
    start, end = span
    parts = []
    while end - start > MAX_CHARACTERS:
        blank = re.search(r"\s\S*$", text[start : start + MAX_CHARACTERS])
        cut = start + (blank.start() if blank and blank.start() > MAX_CHARACTERS // 2 else MAX_CHARACTERS)
        parts.append((start, cut))
        start = cut
    parts.append((start, end))
    return [trimmed for part in parts if (trimmed := _trim(text, *part))]


def _fitting(text: str, piece: _Piece, tokenize: Tokenize, max_tokens: int) -> list[_Piece]:
    if len(piece.tokens) <= max_tokens or piece.end - piece.start < 2:
        piece.tokens = piece.tokens[:max_tokens]
        return [piece]
    middle = (piece.start + piece.end) // 2
    blank = re.search(r"\s\S*$", text[piece.start : middle])
    cut = piece.start + blank.start() if blank and blank.start() > 0 else middle
    halves = [half for half in (_trim(text, piece.start, cut), _trim(text, cut, piece.end)) if half]
    tokens = tokenize([text[slice(*half)] for half in halves])
    return [
        part
        for half, ids in zip(halves, tokens, strict=True)
        for part in _fitting(text, _Piece(*half, ids), tokenize, max_tokens)
    ]


def _mark_headings(text: str, pieces: list[_Piece]) -> None:
    """Note on each piece the heading it stands under: one line, or two that follow each other.

    Extracted text seldom says what was a heading: a short line without an end, followed by prose or a list, is one.
    """
    lines = [match.span() for match in _LINE.finditer(text) if match.group().strip()]
    bare = [text[start:end].strip() for start, end in lines]
    leads = [False] * (len(lines) + 1)
    for at in range(len(lines) - 2, -1, -1):
        following = bare[at + 1]
        prose = len(following) > 60 or following[-1] in ".!?:\u3002" or _BULLET.match(following) is not None
        second = leads[at + 1] and not leads[at + 2]
        leads[at] = _MARK.match(bare[at]) is not None or (
            _could_head(bare[at]) and ((prose and not leads[at + 1]) or second)
        )
    heading = (0, 0)
    at = 0
    for number, (start, end) in enumerate(lines):
        if leads[number]:
            heading = (heading[0] if number and leads[number - 1] else start, end)
        while at < len(pieces) and pieces[at].end <= end:
            pieces[at].heading, pieces[at].leads = heading, leads[number]
            at += 1


def _could_head(line: str) -> bool:
    if len(line) > 100 or line[-1] in ".!,;:\u2026\u3002" or _BULLET.match(line) and not line[0].isdigit():
        return False
    first = next((character for character in line if character.isalnum()), "")
    return bool(first) and not first.islower() and any(character.isalpha() for character in line)


def _groups(pieces: list[_Piece], budget: int) -> list[list[_Piece]]:
    """Runs of pieces that fit in a passage; a heading stays with what it heads where there is room."""
    groups: list[list[_Piece]] = []
    group: list[_Piece] = []
    for piece in pieces:
        while group:
            full = (
                piece.end - group[0].start > MAX_CHARACTERS
                or sum(len(part.tokens) for part in group) + len(piece.tokens) > budget
            )
            section = piece.leads and not group[-1].leads
            if not full and not (section and group[-1].end - group[0].start >= ENOUGH_CHARACTERS):
                break
            cut = len(group)
            while cut and group[cut - 1].leads:
                cut -= 1
            cut = cut or len(group)
            groups.append(group[:cut])
            group = group[cut:]
        group.append(piece)
    return [*groups, group] if group else groups


def _label(tokenize: Tokenize, text: str, limit: int) -> list[int]:
    """The first tokens of a title or heading: it says what a passage is about and is no part of it."""
    bare = " ".join(text[:400].split())
    return tokenize([f"{bare}."])[0][:limit] if bare else []
