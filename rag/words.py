"""Text to index terms: folded, stemmed words without stop words; single characters for CJK.

The same function reads pages and questions. Knows nothing of documents or scores.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

_STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further get got had has have
    having he her here hers him his how i if in into is it its itself just let me more most my myself no nor not
    now of off on once only or other our ours out over own please same shall she should so some such than that
    the their theirs them then there these they this those through to too under until up upon us very was we
    were what when where whether which while who whom whose why will with would you your yours
    """.split()  # noqa: SIM905
)
#: Scripts written without blanks: each letter is a term.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: Such a letter, a number with its decimals, or a word with its inner apostrophes.
_WORD = re.compile(rf"[{_UNSPACED}]|\d+(?:[.,]\d+)+|[^\W_{_UNSPACED}]+(?:['\u2019][^\W_{_UNSPACED}]+)*")
_stemmer = snowballstemmer.stemmer("english")
#: The stemmer keeps state while it works.
_stemming = threading.Lock()


def terms(text: str) -> list[str]:
    """The terms of `text` in order, repeated as they occur; stop words are left out."""
    found = (term(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()))
    return [word for word in found if word]


@lru_cache(maxsize=200_000)
def term(word: str) -> str:
    """The index term of one lower-case word; empty for a stop word."""
    word = word.replace("\u2019", "'")
    if word.endswith("'s"):
        word = word[:-2]
    if word in _STOP_WORDS or word.split("'")[0] in _STOP_WORDS:
        return ""
    if word[0].isdigit():
        return word.replace(",", "")
    if not word.isascii():
        word = "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))
        word = unicodedata.normalize("NFC", word)
    if word.isascii():
        with _stemming:
            stem: str = _stemmer.stemWord(word.replace("'", ""))
        return stem
    return word
