"""Which place a brand has in an answer's lists: the third item, the second of three told in a row.

An item is a point of a list, a numbered heading or a row of a table; its place is the number it is written with where
the list counts up, else how many come before it and one. A point without a number ends its list at the next
paragraph; a numbered one goes on as long as the numbers do, for answers put paragraphs between. Pure functions of the
text; knows neither brands nor what makes a name open an item.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_LINE = re.compile(r"[^\n]*\n?")
_MARK = re.compile(
    r"(?P<indent>[ \t]*)(?:(?P<heading>#{1,6})\s*\(?(?P<told>\d{1,3})[.):]\s|\(?(?P<number>\d{1,3})[.):]\s"
    r"|(?P<bullet>[-*+\u2022\u2013])\s|(?P<row>\|))"
)
#: The line between a table's head and its rows.
_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_HEADING = re.compile(r"#{1,6}\s")
#: Marks one column apart are at one depth: writers are not exact.
_NEAR = 1
#: Places beyond it are not told apart.
LAST = 9999


@dataclass(frozen=True, slots=True)
class _Item:
    kind: str
    depth: int
    number: int | None


@dataclass(slots=True)
class _List:
    """A list that is being read: what its items begin with, the place of the latest, and whether they count up."""

    kind: str
    depth: int
    place: int = 0
    counts: bool = False

    def next(self, number: int | None) -> int:
        """The place of an item with this number. Numbers that stay at 1, as Markdown allows, do not count up."""
        if number is None or (number == 1 and not self.counts):
            self.place = min(self.place + 1, LAST)
        else:
            self.place, self.counts = number, number > 1
        return self.place


class ListPlaces:
    """The places of a text's list items, by where in the text one asks."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._places: list[int | None] = []
        lists: list[_List] = []
        is_new = True  # after a blank line
        for line in _LINE.finditer(text):
            place = None
            if not line[0].strip():
                is_new = True
            elif _RULE.fullmatch(line[0].strip()):
                self._places[-1:] = [None]  # the line above is a table's head
                lists = []
            elif item := _item(line[0]):
                place = _list_of(lists, item).next(item.number)
            else:
                _end(lists, line[0], is_new=is_new)
            is_new = is_new and place is None and not line[0].strip()
            self._starts.append(line.start())
            self._places.append(place)

    def at(self, position: int) -> int | None:
        """The place of the item whose first line the position is on; None elsewhere."""
        line = bisect_right(self._starts, position) - 1
        return self._places[line] if line >= 0 else None


def _item(line: str) -> _Item | None:
    mark = _MARK.match(line)
    if mark is None:
        return None
    if mark["heading"]:
        return _Item("heading", len(mark["heading"]), int(mark["told"]))
    depth = len(mark["indent"].expandtabs(4))
    if mark["number"]:
        return _Item("number", depth, int(mark["number"]))
    return _Item("bullet" if mark["bullet"] else "row", depth, None)


def _list_of(lists: list[_List], item: _Item) -> _List:
    """The list that the item goes on with, or a new one within it; what was open deeper ends."""
    for place in reversed(range(len(lists))):
        here = lists[place]
        if here.kind == item.kind and abs(here.depth - item.depth) <= _NEAR * (item.kind != "heading"):
            del lists[place + 1 :]
            return here
        if here.kind != "heading" and here.depth > item.depth + _NEAR:
            del lists[place:]
    if item.kind == "heading":
        lists[:] = [each for each in lists if each.kind == "heading" and each.depth < item.depth]
    lists.append(_List(item.kind, item.depth))
    return lists[-1]


def _end(lists: list[_List], line: str, *, is_new: bool) -> None:
    """Leave the lists that a line which is no item ends."""
    heading = _HEADING.match(line)
    if heading:
        lists[:] = [each for each in lists if each.kind == "heading" and each.depth < len(heading[0].strip())]
    else:
        depth = len(line) - len(line.lstrip())
        lists[:] = [each for each in lists if _goes_on(each, depth, is_new=is_new)]


def _goes_on(each: _List, depth: int, *, is_new: bool) -> bool:
    """Whether a list stays open after a line of text: numbers do, points where the line belongs to one of them."""
    return each.kind in {"heading", "number"} or (each.kind == "bullet" and (depth > each.depth or not is_new))
