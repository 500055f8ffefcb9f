"""Answers that people copied from an assistant's own page: plain text or markdown, often with a list of references.

Reads text alone: a mark cites only what a list at the end of the text has under its number, so that nothing is
invented. Nobody can be asked here, and it does not know which assistant's page the text came from.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from inference.answer import (
    Answer,
    Assistant,
    AssistantError,
    Citation,
    Keep,
    Question,
    RawBody,
    Source,
    Span,
    Via,
    keep_nothing,
)
from inference.links import Markup, read_markup, text_links
from inference.pages import identify

NOT_ASKED = "Pasted answers are brought by people; nobody can be asked for one. Choose another assistant."

#: Whose pages people copy from. Names are stored with answers: add to them, change none.
SURFACES = {
    "chatgpt": "ChatGPT",
    "copilot": "Copilot",
    "gemini": "Gemini",
    "grok": "Grok",
    "perplexity": "Perplexity",
    "claude": "Claude",
    "google_ai_overview": "Google AI Overview",
    "google_ai_mode": "Google AI Mode",
    "meta_ai": "Meta AI",
    "deepseek": "DeepSeek",
    "mistral": "Le Chat",
    "other": "Another page",
}
#: What ChatGPT calls a source of its own search, as in `citeturn0search4`.
_TURN = "turn[0-9]{1,4}[a-z]{1,16}[0-9]{1,4}"

# --- the list --------------------------------------------------------------------------------------------------------

_LINE_END = re.compile(r"\r\n?|\n")
_ENTRY = re.compile(
    rf" {{0,3}}(?:\[\^?(?P<bracket>[0-9]{{1,4}}|{_TURN})\^?\]:?|\((?P<round>[0-9]{{1,4}})\)"
    r"|(?P<plain>[0-9]{1,4})[.)](?=[ \t<\[]|https?:)"
    rf"|(?P<turn>{_TURN}):)(?P<rest>[ \t]*[^ \t].*)"
)
_HEADING = re.compile(
    r"[ \t]{0,3}(?:\#{1,6}[ \t]*)?[*_]{0,3}"
    r"(?:(?:sources?|references?|citations?)[ \t]*:?|source: conversation with (?:bing|copilot)\b[^*_\r\n]{0,60})"
    r"[*_]{0,3}[ \t]*:?[ \t]*\#*[ \t]*",
    re.I,
)
_UNDERLINE = re.compile(r" {0,3}(?:-{2,}|={2,})[ \t]*")
#: An address alone in its entry is taken to the end: some end as no sentence may, such as `/wiki/Yahoo!`.
_ALONE = re.compile(r"https?://[^\s<>\[\]]+?[,;]?", re.I)
_AROUND_TITLE = " \t-–—:|,;.\"'“”()"

# --- the marks -------------------------------------------------------------------------------------------------------

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN_DIGITS = str.maketrans(_RAISED, "0123456789")
_MARK = re.compile(
    rf"(?P<numbers>\\?\[\^?[0-9]{{1,4}}\^?(?:,[ \t]?\^?[0-9]{{1,4}}\^?){{0,30}}\\?\])(?!\()"
    r"|(?P<source>[【\[][0-9]{1,4}†[^】\]\r\n]{1,200}[】\]])"
    rf"|(?P<cite>\ue200?cite(?:\ue202?{_TURN}){{1,30}}\ue201?)"
    r"|(?P<sup><sup>[ \t]?[0-9]{1,4}(?:,[ \t]?[0-9]{1,4}){0,30}[ \t]?</sup>)"
    rf"|(?P<raised>[{_RAISED}]+)"
)
_NUMBER = re.compile(r"[0-9]+")
_TURN_ID = re.compile(_TURN)
_WORD_BEFORE = re.compile(r"[^\W_]+\Z")
#: A raised digit after one of these is a power: 20 m², 5 km³.
_UNITS = frozenset("mm cm dm km nm µm μm ft in mi yd ha sec min kg mg ms".split())  # noqa: SIM905
_LONGEST_UNIT = 4


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the list: under which key, and what it names."""

    key: str
    source: Source
    style: str


@dataclass(frozen=True, slots=True)
class _Mark:
    """A place in the text that points at entries."""

    start: int
    end: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """One time that a source was shown to the reader; `span` is None where the list alone shows it."""

    source: Source
    via: Via
    span: Span | None


class Pasted(Assistant):
    """Answers that were copied from ChatGPT, Copilot, Gemini, Grok, Perplexity and the like, and pasted or imported."""

    name: ClassVar[str] = "pasted"
    label: ClassVar[str] = "Pasted answers"
    stratum: ClassVar[str] = "pasted"
    surfaces: ClassVar[Mapping[str, str]] = SURFACES

    def parse(self, body: RawBody) -> Answer:
        """The text less its reference list, and what it cites. AssistantError where there is no text."""
        pasted = decode(body.content)
        if not pasted.strip():
            raise AssistantError("malformed", "There is no text in what was pasted.")
        text, entries = _part_list(pasted)
        listed = _by_key(entries)
        markup = read_markup(text)
        marks = list(_marks(text, listed, markup)) if listed else []
        shown = [_Shown(listed[key], "marker", (mark.start, mark.end)) for mark in marks for key in mark.keys]
        shown += [_Shown(_source(link.url), "link", (link.start, link.end)) for link in markup.links]
        if not marks:
            shown += [_Shown(entry.source, "link", None) for entry in entries]
        return Answer(
            text=text,
            citations=tuple(_citations(shown)),
            retrieved=tuple(_distinct(entry.source for entry in entries)) if entries else None,
            raw=body.content,
        )

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        """An error for each question: pasted answers have nobody to ask."""
        for index in range(len(questions)):
            yield index, AssistantError("invalid_request", NOT_ASKED)


def decode(content: bytes) -> str:
    """What was pasted or saved as text: UTF-8, or UTF-16 where a mark says so; the mark itself is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.decode("utf-8-sig", "replace")


# --- reading the list ------------------------------------------------------------------------------------------------


def _part_list(pasted: str) -> tuple[str, list[_Entry]]:
    """The text before the list of references that ends it, and the list; the whole text where it ends in none."""
    lines = _Lines(pasted)
    entries: list[_Entry] = []
    keys = set[str]()
    begins = number = len(lines)
    gap = False
    while number:
        number -= 1
        line = lines[number]
        if not line.strip():
            gap = True
            continue
        entry = _entry(line)
        if entry is None or (entries and gap and (entry.style != entries[-1].style or entry.key in keys)):
            break  # beyond an empty line, another way of numbering or a number once more is another list
        entries.append(entry)
        keys.add(entry.key)
        begins, gap = number, False
    if not entries or (text_ends := _above_heading(lines, begins)) is None:
        return pasted, []
    return pasted[: lines.end_of_text(text_ends)], entries[::-1]


def _above_heading(lines: _Lines, begins: int) -> int | None:
    """The line before which the text ends: that of the list's heading, or of its first entry. None within code."""
    at = begins
    while at and not lines[at - 1].strip():
        at -= 1
    if at and _HEADING.fullmatch(lines[at - 1]):
        begins = at - 1
    elif at > 1 and _UNDERLINE.fullmatch(lines[at - 1]) and _HEADING.fullmatch(lines[at - 2]):
        begins = at - 2
    return None if lines.in_fence(begins) else begins


def _entry(line: str) -> _Entry | None:
    """A line that begins with a number and holds one URL."""
    if "://" not in line or not (match := _ENTRY.fullmatch(line)):
        return None
    style = next(name for name in ("bracket", "round", "plain", "turn") if match[name])
    source = _listed(match["rest"].strip())
    key = match[style]
    return _Entry(str(int(key)) if key.isdigit() else key, source, style) if source else None


def _listed(rest: str) -> Source | None:
    """What an entry names after its number; None where that is not one URL."""
    if _ALONE.fullmatch(rest) and identify(rest).page:
        return _source(rest.rstrip(",;"))
    # a word ahead keeps markdown from reading the rest as a list, a heading or indented code
    line = f"x {rest}"
    found = {link.url: link for link in reversed(text_links(line))}
    if len(found) != 1:
        return None
    (link,) = found.values()
    beside = f"{line[2 : link.start]} {_beyond(line, link.end)}"
    return _source(link.url, (link.label if link.label != link.url else beside).strip(_AROUND_TITLE))


def _beyond(rest: str, end: int) -> str:
    """What stands after an entry's link, where that is its title: `[1]: https://a.example "Title"`."""
    after = rest[end:].strip(" \t>")
    return after if after[:1] in {'"', "'", "“"} else ""


def _by_key(entries: Iterable[_Entry]) -> dict[str, Source]:
    """The sources under their keys; of two entries with one number the first counts."""
    listed: dict[str, Source] = {}
    for entry in entries:
        listed.setdefault(entry.key, entry.source)
    return listed


class _Lines:
    """The lines of a text without their ends, and where each lies."""

    def __init__(self, text: str) -> None:
        ends = list(_LINE_END.finditer(text))
        self._text = text
        self._starts = [0, *(end.end() for end in ends)]
        self._ends = [*(end.start() for end in ends), len(text)]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        return self._text[self._starts[number] : self._ends[number]]

    def end_of_text(self, number: int) -> int:
        """Where the text above a line ends, less the line ends and empty lines that part the two."""
        while number and not self[number - 1].strip():
            number -= 1
        return self._ends[number - 1] if number else 0

    def in_fence(self, number: int) -> bool:
        """Whether a line stands inside fenced code that was opened above it."""
        opened = ""
        for above in range(number):
            line = self[above].lstrip(" ")
            mark = line[:1]
            if mark not in {"`", "~"} or not mark:
                continue
            length = len(line) - len(line.lstrip(mark))
            rest = line[length:]
            if opened:
                if mark == opened[0] and length >= len(opened) and not rest.strip():
                    opened = ""
            elif length >= 3 and not (mark == "`" and "`" in rest):
                opened = mark * length
        return bool(opened)


# --- reading the marks -----------------------------------------------------------------------------------------------


def _marks(text: str, listed: Mapping[str, Source], markup: Markup) -> Iterator[_Mark]:
    """The marks that point at an entry, in order; what stands in code, links and URLs is none."""
    # a raised number in tags begins with one, and a tag is no prose
    found = [match for match in _MARK.finditer(text) if not _hidden(markup, match.start() + (5 if match["sup"] else 0))]
    brackets: dict[int, int] | None = None
    ended = -1
    for match in found:
        start, end = match.span()
        if match["raised"]:
            yield from _raised(text, start, end, listed)
            continue
        keys = tuple(dict.fromkeys(key for key in _keys(match) if key in listed))
        label_follows, ended = start == ended, end
        if match["numbers"]:
            if text[start] == "\\" and not match[0].endswith("\\]"):
                start += 1  # `\[1]`: the stroke only says that no link is meant
            elif text[start - 1 : start] == "]" and not label_follows:
                brackets = _opened(text, markup) if brackets is None else brackets
                start = _label_start(text, start, brackets)
        if keys and start >= 0:
            yield _Mark(start, end, keys)


def _keys(match: re.Match[str]) -> Iterator[str]:
    if match["cite"]:
        return (found[0] for found in _TURN_ID.finditer(match[0]))
    digits = match[0].partition("†")[0] if match["source"] else match[0]
    return (str(int(found[0])) for found in _NUMBER.finditer(digits))


def _raised(text: str, start: int, end: int, listed: Mapping[str, Source]) -> Iterator[_Mark]:
    """Raised digits: one number where the list has it, else one mark a digit. Powers and isotopes are none."""
    before = _WORD_BEFORE.search(text[max(0, start - _LONGEST_UNIT - 1) : start])
    word = before[0] if before else ""
    is_power = len(word) == 1 or word in _UNITS or word[-1:].isdigit() or text[start - 1 : start] in {"⁻", "⁺", "^"}
    if is_power or text[end : end + 1].isalnum() or end - start > 4:
        return
    digits = text[start:end].translate(_PLAIN_DIGITS)
    if (whole := str(int(digits))) in listed:
        yield _Mark(start, end, (whole,))
    elif all(digit in listed for digit in digits):
        for offset, digit in enumerate(digits):
            yield _Mark(start + offset, start + offset + 1, (digit,))


def _hidden(markup: Markup, place: int) -> bool:
    """Whether a place lies in code, a link target, a URL, a tag, or anywhere in a link."""
    at = bisect_right(markup.hidden, place, key=lambda span: span[0]) - 1
    if at >= 0 and place < markup.hidden[at][1]:
        return True
    at = bisect_right(markup.links, place, key=lambda link: link.start) - 1
    return at >= 0 and place < markup.links[at].end


def _opened(text: str, markup: Markup) -> dict[int, int]:
    """Where the bracket was opened that closes at each place; within a paragraph, code and URLs aside."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for match in re.finditer(r"\\.|[\[\]]|(?:\r\n|\r|\n)[ \t]*(?=[\r\n])", text):
        if match[0] == "[":
            if not _hidden(markup, match.start()):
                opened.append(match.start())
        elif match[0] == "]":
            if opened and not _hidden(markup, match.start()):
                pairs[match.start()] = opened.pop()
        elif match[0][0] != "\\":
            opened.clear()
    return pairs


def _label_start(text: str, start: int, brackets: Mapping[int, int]) -> int:
    """Where the reference link `[label][n]` begins whose `[n]` is at `start`; -1 for an image."""
    opens = brackets.get(start - 1)
    if opens is None or not text[opens + 1 : start - 1].strip():
        return start
    return -1 if text[opens - 1 : opens] == "!" and text[opens - 2 : opens - 1] != "\\" else opens


# --- putting together ------------------------------------------------------------------------------------------------


def _source(url: str, title: str = "") -> Source:
    identity = identify(url)
    return Source(url, identity.page, identity.domain, title or None)


def _distinct(sources: Iterable[Source]) -> Iterable[Source]:
    """The first source of each page."""
    first: dict[str, Source] = {}
    for source in sources:
        first.setdefault(source.page or source.url, source)
    return first.values()


def _citations(shown: Iterable[_Shown]) -> list[Citation]:
    """One citation a page, by its markers or else its links, in order of place; those of the list alone come last."""
    ways: tuple[Via, ...] = ("marker", "link")
    pages: dict[str, list[_Shown]] = {}
    for one in sorted(shown, key=lambda one: (ways.index(one.via), one.span is None, one.span or (0, 0))):
        places = pages.setdefault(one.source.page or one.source.url, [])
        if not places or places[0].via == one.via:
            places.append(one)
    ordered = sorted(pages.values(), key=lambda places: (places[0].span is None, (places[0].span or (0, 0))[0]))
    return [_citation(places) for places in ordered]


def _citation(places: Sequence[_Shown]) -> Citation:
    first = places[0]
    spans = tuple(sorted({place.span for place in places if place.span}))
    title = next((place.source.title for place in places if place.source.title), None)
    return Citation(first.source.url, first.source.page, first.source.domain, title, first.via, spans)
