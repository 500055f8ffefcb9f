"""Words for full-text search, folded here because the embedded PostgreSQL has no dictionaries of its own.

Case, accents and Unicode forms are folded; scripts without blanks are cut into bigrams. Both sides of a search must
pass through here. Knows no database.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
#: Han, Hiragana and Katakana: written without blanks between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
#: PostgreSQL refuses a word of 2 kB and a vector of 1 MB.
_LONGEST_WORD = 200
_MOST_WORDS = 50_000


def _fold(text: str) -> str:
    return _NOT_ASCII.sub(_plain, text.casefold())


def _plain(match: re.Match[str]) -> str:
    decomposed = unicodedata.normalize("NFKD", match[0])
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _words(text: str) -> list[str]:
    words: list[str] = []
    for match in _WORD.finditer(_fold(text)):
        word = match[0]
        if word.isascii():
            words.append(word)
            continue
        at = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > at:
                words.append(word[at : run.start()])
            words += _bigrams(run[0])
            at = run.end()
        if at < len(word):
            words.append(word[at:])
    return [word[:_LONGEST_WORD] for word in words[:_MOST_WORDS]]


def _bigrams(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def search_text(text: str) -> str:
    """What `to_tsvector('simple', ...)` should be given for this answer."""
    return " ".join(_words(text))


def search_query(typed: str) -> str:
    """What `websearch_to_tsquery('simple', ...)` should be given: every word must occur, quoted ones in a row."""
    parts = []
    for quoted, word in re.findall(r'"([^"]*)"|(\S+)', typed):
        words = _words(quoted or word)
        if words:
            parts.append(f'"{" ".join(words)}"')  # in quotes, so that "or" is a word and no operator
    return " ".join(parts)
