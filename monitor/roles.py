"""In what part an answer names a brand: set against another, as an entry of a list, or neither.

`compared`: its sentence sets it against something else by name ("X is cheaper than Y", "unlike X", "alternatives to
X"). `listed`: it is one of three or more things told in a row, or opens an item of a list or a row of a table; what is
both is compared. Otherwise `named`. What is listed also has its place there. A pure function of the text and of the
places of its mentions; knows neither brands nor feelings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from inference.sentiment_scene import sentence_span
from monitor.comparing import AFTER, AMONG, BEFORE, BETWEEN, FRONTED
from monitor.list_places import ListPlaces

Role = Literal["compared", "listed", "named"]

FEWEST_LISTED = 3
#: Words that an entry in a row may have, and one that holds a listed brand.
_ENTRY_WORDS, _OWN_ENTRY_WORDS = 4, 8
_ITEM = re.compile(r"\s*(?:[-*+\u2022\u2013]|#{1,6}\s*\d{1,3}[.):]|\(?\d{1,3}[.):])[ \t]+|\s*\|")
#: What an item may say before the name that it is about: "Best for families:".
_LEAD = re.compile(r"[*_\s]*[^\W\d_][^\n:|.,]{0,40}[:：]")
_MARKS = re.compile(r"[\s*_`~\"'“”„«»「」『』#|>()\[\]\u2018\u2019:]*")
_SEPARATOR = re.compile(
    r"\s*[,،、，](?:\s*(?:and|or|und|oder|et|ou|y|e|o|u|en|of|och|eller|og|i|oraz|lub|и|или|та|або|ve|veya|dan|atau|và|hoặc|و)\s)?\s*"
    r"|\s+(?:and|or|und|oder|et|ou|y|e|o|u|en|of|och|eller|og|i|oraz|lub|и|или|та|або|ve|veya|dan|atau|và|hoặc|&)\s+"
    r"|(?:和|与|與|以及|及|或|と|や|과|와)\s*"
)
_NUMBER = re.compile(r"(?<=\d)[,،](?=\d)")
_WORD = re.compile(r"[^\W_]+(?:['’.&-][^\W_]+)*")
_NAME = re.compile(r"(?:the |die |der |das |la |le |el |il )?[^\W\d_a-z]\S*(?: \S+){0,3}$")
_BLANK = re.compile(r"\s*")
_CAPITAL = re.compile(r"(?:the )?(?=[^\W\d_])[A-Z]\w+")
#: What may stand between a comparison's words and the name: "than its rivals", "instead of tools like".
_OPENERS = re.compile(
    r"(?:[*_\"'“«„\[(]*(?:both|either|the|its|their|that|those|of|from|in|on|at|with|like|such|as|rivals?|competitors?|tools"
    r"|apps|services|brands|options|den|der|dem|die|das|bei|la|le|el|il|les|los|las|o|a|os|de)\s+){0,4}"
    r"[*_\"'“«„\[(\s]*",
    re.I,
)


class Placed(Protocol):
    """A mention: whose name stands where."""

    @property
    def brand_id(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Part(NamedTuple):
    """The role of a mention, and which place it has among what it is listed with, from 1; None where it is not."""

    role: Role
    place: int | None


def parts(text: str, mentions: Sequence[Placed]) -> list[Part]:
    """The part of each mention, in order; spans are code points of `text`."""
    told: dict[int, Part] = {}
    items = _Items(text)
    by_sentence: dict[tuple[int, int], list[int]] = {}
    left = right = -1
    for number, mention in enumerate(mentions):
        if not left <= mention.start <= mention.end <= right:
            left, right = sentence_span(text, mention.start, mention.end)
        by_sentence.setdefault((left, right), []).append(number)
    for (left, right), numbers in by_sentence.items():
        sentence = _Sentence(text, left, right, [mentions[number] for number in numbers])
        listed, compared = sentence.listed(), sentence.compared()
        for own, number in enumerate(numbers):
            place = items.place(mentions[number]) or listed.get(own)
            told[number] = Part("compared" if own in compared else "listed" if place else "named", place)
    return [told[number] for number in range(len(mentions))]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A stretch between separators and the mentions in it."""

    start: int
    end: int
    places: tuple[int, ...]


@dataclass(slots=True)
class _Sentence:
    """One sentence of a text at [left, right), and its mentions in order of place."""

    text: str
    left: int
    right: int
    mentions: Sequence[Placed]

    # --- entries in a row ---

    def listed(self) -> dict[int, int]:
        """The mentions that stand in a row of three or more, and their places there."""
        found: dict[int, int] = {}
        row: list[_Entry] = []
        for entry in self._entries():
            if row and self._is_name(entry):
                row.append(entry)
                continue
            if row and self._begins_with_name(entry):
                row.append(entry)
            found.update(self._places(row))
            row = [entry] if self._ends_with_name(entry) else []
        return found | self._places(row)

    def _places(self, row: Sequence[_Entry]) -> dict[int, int]:
        """The mentions in a row of entries and the entries' places, if enough different things stand in it."""
        brands = [self.mentions[entry.places[0]].brand_id for entry in row if entry.places]
        different = len(row) - len(brands) + len(set(brands))
        if different < FEWEST_LISTED:
            return {}
        return {own: place for place, entry in enumerate(row, start=1) for own in entry.places}

    def _entries(self) -> Iterator[_Entry]:
        start = self.left
        for match in _SEPARATOR.finditer(self.text, self.left, self.right):
            inside = any(each.start < match.end() and match.start() < each.end for each in self.mentions)
            if inside or _NUMBER.match(self.text, match.start()):
                continue
            yield self._entry(start, match.start())
            start = match.end()
        yield self._entry(start, self.right)

    def _entry(self, start: int, end: int) -> _Entry:
        places = (number for number, each in enumerate(self.mentions) if start <= each.start and each.end <= end)
        return _Entry(start, end, tuple(places))

    def _plain(self, entry: _Entry) -> str:
        written = re.sub(r"\([^()]*\)|\[\d+\]|\]\([^()\s]*\)", "", self.text[entry.start : entry.end])
        return written.strip(" \t\n.!?;:*_`~\"'“”«»()[]|")

    def _is_name(self, entry: _Entry) -> bool:
        plain = self._plain(entry)
        count = len(_WORD.findall(plain))
        if entry.places:
            return count <= _OWN_ENTRY_WORDS
        return 0 < count <= _ENTRY_WORDS and bool(_NAME.match(plain))

    def _ends_with_name(self, entry: _Entry) -> bool:
        """Whether a row may begin here: a name is the last thing said."""
        if entry.places:
            after = self.text[self.mentions[entry.places[-1]].end : entry.end]
            return len(_WORD.findall(re.sub(r"\([^()]*\)|\[\d+\]", "", after))) <= 2
        last = self._plain(entry).rpartition(" ")[2]
        return bool(last) and (last[0].isupper() or not (last[0].islower() or last[0].isdigit() or last[0].isascii()))

    def _begins_with_name(self, entry: _Entry) -> bool:
        """Whether a row may end here: a name is the first thing said."""
        if entry.places:
            before = self.text[entry.start : self.mentions[entry.places[0]].start]
            return len(_WORD.findall(before)) <= 4
        plain = self._plain(entry)
        return bool(plain) and plain[0].isupper()

    # --- set against each other ---

    def compared(self) -> set[int]:
        """The mentions that the sentence sets against something else by name, with those named in a row with them."""
        found: set[int] = set()
        for first, second in (*self._by_object(), *self._by_contrast(), *self._side_by_side()):
            for place in (first, second):
                if place is not None:
                    found.update(self._beside(place))
        return found

    def _by_object(self) -> Iterator[tuple[int | None, int | None]]:
        """(what is set against, against what) by the words before or after the latter."""
        for match in BEFORE.finditer(self.text, self.left, self.right):
            blank = _BLANK.match(self.text, match.end(), self.right)
            opened = _OPENERS.match(self.text, blank.end() if blank else match.end(), self.right)
            at = opened.end() if opened else match.end()
            place = next((n for n, each in enumerate(self.mentions) if match.end() <= each.start <= at), None)
            if place is not None:
                yield self._other(place, match.end()), place
            elif _CAPITAL.match(self.text, at, self.right):
                before = self._before(match.end(), None)
                yield (self._after(at, None) if before is None else before), None
        for number, each in enumerate(self.mentions):
            if AFTER.match(self.text, each.end, self.right):
                yield self._other(number, each.start), number

    def _by_contrast(self) -> Iterator[tuple[int | None, int | None]]:
        for match in BETWEEN.finditer(self.text, self.left, self.right):
            second = self._after(match.end(), None)
            if second is None:
                continue
            first = self._before(match.start(), self.mentions[second].brand_id)
            if first is None:
                if not FRONTED.match(match[0]):
                    continue
                other = self._after(self.mentions[second].end, self.mentions[second].brand_id)
                if other is None or self._beside(other) & self._beside(second):
                    continue
                first = other
            yield first, second

    def _side_by_side(self) -> Iterator[tuple[int | None, int | None]]:
        for match in AMONG.finditer(self.text, self.left, self.right):
            first = self._after(match.end(), None)
            if first is None or len(_WORD.findall(self.text[match.end() : self.mentions[first].start])) > 2:
                continue
            second = self._after(self.mentions[first].end, self.mentions[first].brand_id)
            if second is not None:
                yield first, second

    def _other(self, place: int, cue: int) -> int | None:
        """Who is set against the mention at `place`: the last one before, else the first after, but not a row."""
        own = self.mentions[place].brand_id
        before = self._before(cue, own)
        if before is not None:
            return before
        beside = self._beside(place)
        rest = [n for n, each in enumerate(self.mentions) if n > place and n not in beside and each.brand_id != own]
        return rest[0] if rest and len(self._beside(rest[0])) < FEWEST_LISTED else None

    def _before(self, at: int, unless: int | None) -> int | None:
        found = (n for n, each in enumerate(self.mentions) if each.end <= at and each.brand_id != unless)
        return max(found, default=None)

    def _after(self, at: int, unless: int | None) -> int | None:
        return next((n for n, each in enumerate(self.mentions) if each.start >= at and each.brand_id != unless), None)

    def _beside(self, place: int) -> set[int]:
        """The mention, and those joined to it by nothing but a comma or an "and"."""
        first = last = place
        while first > 0 and self._joined(first - 1):
            first -= 1
        while last + 1 < len(self.mentions) and self._joined(last):
            last += 1
        return set(range(first, last + 1))

    def _joined(self, place: int) -> bool:
        between = self.text[self.mentions[place].end : self.mentions[place + 1].start]
        return bool(_SEPARATOR.fullmatch(re.sub(r"[*_`\"“”\[\]()]|\(https?:\S+\)", "", between)))


class _Items:
    """The list items and table rows of a text that mentions open."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _lists(self) -> ListPlaces:
        return ListPlaces(self._text)

    def place(self, mention: Placed) -> int | None:
        """The place of the item or row in which nothing but marks stands before the name; None elsewhere."""
        line = self._text.rfind("\n", 0, mention.start) + 1
        item = _ITEM.match(self._text, line, mention.start)
        if item is None:
            return None
        lead = _LEAD.match(self._text, item.end(), mention.start)
        until = _MARKS.match(self._text, lead.end() if lead else item.end(), mention.start)
        is_open = until is not None and until.end() == mention.start
        return self._lists.at(mention.start) if is_open else None
