"""Text in its plainest form, so that one spelling finds another: accents, Unicode forms, apostrophes and dashes alike.

Case is kept, and every place in the folded text leads back to the text as given. Does not know what is looked for.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape

# Scripts written without spaces between words, and Hangul, whose particles cling to names.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]")
_NO_BREAK = re.compile(r"[^\n]")
#: A character by its name or number, as in HTML.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8}\d?);", re.I)
#: What makes one letter with the one before: voiced marks of kana, of half width too, and vowels and ends of Hangul.
_COMPOSING = re.compile("[\u3099\u309a\uff9e\uff9f\u1161-\u1175\u11a8-\u11c2]")

_SAME = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`\uff07\u05f3", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u2122\u00ae\u00a9\u2120\ufe0f", ""),
    # vowel points of Hebrew and Arabic, the stroke that makes an Arabic word longer, the marks of writing directions
    **dict.fromkeys(map(chr, (*range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C7)), ""),
    **dict.fromkeys(map(chr, (0x640, *range(0x64B, 0x653), 0x670)), ""),
    **dict.fromkeys("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", ""),
    **dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\uff02", '"'),
    "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe",
    **{sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "ß": "ss", "ı": "i", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
}  # fmt: skip


class _Folding(dict[str, str]):
    """One character folded, worked out when first met."""

    def __missing__(self, character: str) -> str:
        if character in _SAME:
            folded = _SAME[character]
        elif character.isspace() and character != "\n":
            folded = " "
        elif UNSPACED_RUN.match(character):
            folded = unicodedata.normalize("NFKC", character)
        else:
            decomposed = unicodedata.normalize("NFKD", character)
            plain = "".join(part for part in decomposed if not "\u0300" <= part <= "\u036f")
            folded = unicodedata.normalize("NFC", plain)
        self[character] = folded
        return folded


_FOLDING = _Folding()


@dataclass(frozen=True, slots=True)
class Folded:
    """Text in its plainest form, case kept; `places[i]` is where in `given` its i-th character came from, None: i."""

    text: str
    places: list[int] | None
    given: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the text as given, with the combining marks that follow its last letter."""
        if self.places is None or start == end:
            return start, end
        last = self.places[end - 1] + 1
        if self.given[last - 1] == "&" and self.text[end - 1] != "&":
            entity = _ENTITY.match(self.given, last - 1)
            last = entity.end() if entity else last
        while last < len(self.given) and (
            unicodedata.combining(self.given[last]) or _COMPOSING.match(self.given, last)
        ):
            last += 1
        return self.places[start], last

    def without(self, spans: Iterable[tuple[int, int]]) -> str:
        """The folded text with these spans of the text as given, in order and apart, blank; line breaks stay."""
        parts, at = [], 0
        for start, end in spans:
            if self.places is not None:
                start, end = bisect_left(self.places, start), bisect_left(self.places, end)
            parts += [self.text[at:start], _NO_BREAK.sub(" ", self.text[start:end])]
            at = end
        return "".join([*parts, self.text[at:]])


def fold(text: str) -> Folded:
    """Accents, Unicode forms, apostrophes and dashes made alike."""
    has_entities = "&" in text and _ENTITY.search(text) is not None
    if text.isascii() and not has_entities:
        return Folded(text, None, text)
    if has_entities:
        starts, characters = zip(*_characters(text), strict=True)
        parts = [_FOLDING[character] for character in characters]
    else:
        starts, parts = (), [_FOLDING[character] for character in text]
    if _COMPOSING.search(text):
        _compose(parts)
    folded = "".join(parts)
    if not has_entities and len(folded) == len(text) and all(parts):
        return Folded(folded, None, text)
    places = [at for at, part in zip(starts or range(len(parts)), parts, strict=True) for _ in part]
    return Folded(folded, places, text)


def _characters(text: str) -> Iterator[tuple[int, str]]:
    """The characters with their places, those meant by entities in their stead."""
    at = 0
    for match in _ENTITY.finditer(text):
        meant = unescape(match[0])
        if meant != match[0]:
            yield from enumerate(text[at : match.start()], at)
            yield from ((match.start(), character) for character in meant)
            at = match.end()
    yield from enumerate(text[at:], at)


def _compose(parts: list[str]) -> None:
    """Kana with their marks, and Hangul of parts, as one letter each, at the place of its first part."""
    last = 0
    for at, part in enumerate(parts):
        whole = unicodedata.normalize("NFC", parts[last] + part) if _COMPOSING.match(part) and at else ""
        if whole and len(whole) == len(parts[last]):
            parts[last], parts[at] = whole, ""
        elif part:
            last = at
