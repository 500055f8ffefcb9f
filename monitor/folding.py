"""Text in its plainest form, so that one spelling finds another: accents, Unicode forms, apostrophes and dashes alike.

Case is kept, and every place in the folded text leads back to the text as given. Does not know what is looked for.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

# Scripts written without spaces between words, and Hangul, whose particles cling to names.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
UNSPACED_RUN = re.compile(rf"[{UNSPACED}]")
_NO_BREAK = re.compile(r"[^\n]")

_SAME = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u2032\u00b4`\uff07\u05f3", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff\u2122\u00ae\u00a9\u2120\ufe0f", ""),
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
        while last < len(self.given) and unicodedata.combining(self.given[last]):
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
    if text.isascii():
        return Folded(text, None, text)
    parts = [_FOLDING[character] for character in text]
    folded = "".join(parts)
    if len(folded) == len(text) and all(parts):
        return Folded(folded, None, text)
    places = [at for at, part in enumerate(parts) for _ in part]
    return Folded(folded, places, text)
