"""What stands around a name: its sentence, those beside it, and the words that must or must not be there.

Works on folded text (`monitor.folding`). A word is found in any case, with or without apostrophes or a plural s, and
however its parts are joined. Does not know brands, nor how names are found.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from monitor.folding import UNSPACED, UNSPACED_RUN, fold

_SENTENCE_END = re.compile(r"\n|(?<![.!?])[.!?]+[\"')\]*_]*(?=\s|$)|[。！？]")
_LETTER = re.compile(r"[^\W\d_]")
_JOINTS = re.compile(r"[\s-]+")
#: What may stand between the parts of a phrase: a blank, a hyphen, signs of emphasis.
_BETWEEN = "[ *_-]{0,4}"
_WORD_SIGN = rf"[^\W_{UNSPACED}]"


class Sentences:
    """The sentences of a folded text, found when first asked for."""

    def __init__(self, text: str) -> None:
        lowered = text.lower()
        self.text = lowered if len(lowered) == len(text) else text
        self._ends: list[int] | None = None

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Where the sentence that holds this place begins and ends."""
        ends = self._all_ends()
        first, last = bisect_right(ends, start), bisect_left(ends, end)
        return self._start(first), self._end(last)

    def beside(self, left: int, right: int) -> tuple[int, int]:
        """This sentence's bounds, widened by the nearest sentence with a letter on each side."""
        ends = self._all_ends()
        first, last = bisect_right(ends, left), bisect_left(ends, right)
        before, after = first - 1, last + 1
        while before > 0 and not self._says_something(before):
            before -= 1
        while after < len(ends) and not self._says_something(after):
            after += 1
        return self._start(max(before, 0)), self._end(after)

    def _all_ends(self) -> list[int]:
        if self._ends is None:
            self._ends = [match.end() for match in _SENTENCE_END.finditer(self.text)]
        return self._ends

    def _start(self, number: int) -> int:
        return self._all_ends()[number - 1] if number else 0

    def _end(self, number: int) -> int:
        ends = self._all_ends()
        return ends[number] if number < len(ends) else len(self.text)

    def _says_something(self, number: int) -> bool:
        return _LETTER.search(self.text, self._start(number), self._end(number)) is not None


class Phrases:
    """Words and phrases of which any may stand in a text."""

    def __init__(self, phrases: Iterable[str]) -> None:
        patterns = [pattern for phrase in phrases if (pattern := _pattern(phrase))]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def stand_in(self, folded: str) -> bool:
        if self._pattern is None:
            return False
        plain = folded.lower()
        return bool(self._pattern.search(plain) or ("'" in plain and self._pattern.search(plain.replace("'", ""))))


class Rules:
    """When a name counts: one of `needs` in its sentence or beside it, none of `excludes` in its sentence."""

    def __init__(self, needs: Sequence[str], excludes: Sequence[str]) -> None:
        self._needs, self._excludes = Phrases(needs), Phrases(excludes)

    def __bool__(self) -> bool:
        return bool(self._needs or self._excludes)

    def allow(self, sentences: Sentences, left: int, right: int) -> bool:
        """Whether a name in the sentence with these bounds counts."""
        if self._excludes.stand_in(sentences.text[left:right]):
            return False
        return not self._needs or self._needs.stand_in(sentences.text[slice(*sentences.beside(left, right))])


def is_findable(phrase: str) -> bool:
    """Whether there is a letter or digit to look for."""
    return _pattern(phrase) != ""


def _pattern(phrase: str) -> str:
    plain = fold(phrase).text.lower().replace("'", "")
    if not any(map(str.isalnum, plain)):
        return ""
    parts = [_either_and(part) for part in _JOINTS.split(plain) if part]
    first, last = plain.strip(" -\n")[0], plain.strip(" -\n")[-1]
    before = rf"(?<!{_WORD_SIGN})" if _begins_word(first) else ""
    after = rf"s?(?!{_WORD_SIGN})" if _begins_word(last) else ""
    return before + _BETWEEN.join(parts) + after


def _either_and(part: str) -> str:
    return "(?:&(?:amp;)?|and)" if part in ("&", "and") else re.escape(part)


def _begins_word(sign: str) -> bool:
    return sign.isalnum() and not UNSPACED_RUN.match(sign)
