"""The ways to write a name, and what a written word may be of one: less a possessive, an ending, a prefix, a plural.

Works on folded text (`monitor.folding`), whose case is kept. Does not know brands, nor where in a text names stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from monitor.folding import UNSPACED
from monitor.ordinary import is_ordinary

WORD = re.compile(rf"[^\W_{UNSPACED}]+(?:'[^\W_{UNSPACED}]+)*|&(?:amp;)?|\+", re.I)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=[a-z]{2})(?=\d{2})")
_LEGAL = re.compile(
    r"(?:(?:股份)?有限(?:责任|責任)?公司|\s*(?:株式会社|주식회사|\(주\))|[\s,]+(?:&\s*co\b\.?\s*)?"
    r"(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|lp|plc|gmbh|ag|kgaa|kg|se|sas|sarl|srl|spa"
    r"|bv|nv|ab|asa|oyj|oy|aps|pty|pvt|s\.a\.s?|s\.p\.a|s\.r\.l|n\.v|b\.v|l\.l\.c|a/s|co\.,? ltd|& co"
    r"|s\.?a\.?(?:b\.?)? de c\.?v|ltda|s/a|pte|sdn|bhd|berhad|tbk|kft|zrt|nyrt|a\.s|ltd\.? sti|s\.r\.o|d\.o\.o"
    r"|sp\.? ?z ?o\.? ?o|k\.k|pjsc|jsc))\.?$",
    re.I,
)
_LEGAL_BEFORE = re.compile(
    r"^(?:(?:株式会社|有限会社|合同会社|주식회사|\(주\))\s*|(?:ооо|оао|зао|пао|ао|тоо|тов|прат|pt|uab|sia)\s+)", re.I
)
#: Letters that tell a language, those that tell others, and the endings that names take in it.
_ENDINGS = tuple(
    (frozenset(letters), frozenset(unless), frozenset(endings.split()))
    for letters, unless, endings in (
        ("аеиоу", "", "а у ом е ы и і ов ові ам ами ах ои ою ю я ем еи єю ям ями ях"),
        ("äö", "åüß", "n a an en in lla ssa sta lta lle ksi na ta tta ia"),
        ("őű", "", "t at et ot ban ben ba be bol nak nek nal nel hoz hez rol tol val vel ra re on en ert ig ok ek"),
        ("ąęłńśźż", "", "a u owi em iem ie y om ami ach ow"),
        ("řěůčžš", "", "a u em ovi e y ou ech um"),
        ("ğı", "", "un in nin nun dan den tan ten da de ta te ya ye yi yu u i a e la le lar ler"),
    )
)
_STEM, _LONGEST_ENDING = 4, 3
#: Prepositions, articles and the like that Hebrew and Arabic write onto a name.
_CLUNG = re.compile(r"[והבלמשכ]{1,2}|[وف]?(?:[بكل]?ال|لل|[بكل])|[وف]")
_CLITICS = frozenset({"s", "d", "ll", "re", "ve"})
_ELIDED = frozenset({"qu", "all", "dell", "nell", "dall", "sull", "quell", "un"})


class Reading(NamedTuple):
    """A word as a key of the tree, and the part of the text that it is."""

    key: str
    start: int
    end: int


def spellings(name: str) -> Iterator[str]:
    """The name, and the name without its legal form and its article."""
    yield name
    short = name.strip()
    while (stripped := _LEGAL_BEFORE.sub("", _LEGAL.sub("", short))) != short and stripped:
        short = stripped
        yield short
    if short.lower().startswith("the ") and len(short) > 6:
        yield short[4:]


def parts(name: str) -> list[str]:
    """The words of a name, lower-case, cut at spaces, hyphens and inner capitals too."""
    return [_key(part) for match in WORD.finditer(name) for part in CAMEL.split(match[0])]


def _key(written: str) -> str:
    return "and" if written[0] == "&" else written.lower().replace("'", "")


def joined(words: list[str]) -> Iterator[list[str]]:
    """The words, and all ways to write neighbours as one."""
    if not words:
        return
    cuts = len(words) - 1
    if cuts > 3 or "and" in words or "+" in words:
        yield words
        yield ["".join(words)]
        return
    for joins in range(1 << cuts):
        variant = words[:1]
        for index, word in enumerate(words[1:]):
            if joins >> index & 1:
                variant[-1] += word
            else:
                variant.append(word)
        yield variant


def endings_of(text: str) -> frozenset[str]:
    """The endings that names may have in the languages that this text, as given, seems to be in."""
    if text.isascii():
        return frozenset()
    seen = set(text)
    told = (
        endings for letters, unless, endings in _ENDINGS if not seen.isdisjoint(letters) and seen.isdisjoint(unless)
    )
    return frozenset[str]().union(*told)


def stemmed(words: list[str]) -> Iterator[list[str]]:
    """A name less the vowel that is another in every case."""
    if words and words[-1][-1] in "ая" and len(words[-1]) > _STEM:
        yield [*words[:-1], words[-1][:-1]]


def parted(word: str) -> Iterator[list[str]]:
    """How one word may be written as two: "Wal-Mart"."""
    for cut in range(3, len(word) - 2 if word.isalpha() else 0):
        yield [word[:cut], word[cut:]]


def readings(word: re.Match[str], endings: frozenset[str]) -> Iterator[Reading]:
    """What a written word may be: less a possessive or an article, itself, less a plural, an ending, a prefix."""
    written, (start, end) = word[0], word.span()
    if "'" in written:
        head, _, tail = written.rpartition("'")
        if tail.lower() in _CLITICS or _is_ending(head, tail):
            yield Reading(_key(head), start, start + len(head))
        article, _, rest = written.partition("'")
        if len(article) < 3 or article.lower() in _ELIDED:
            yield Reading(_key(rest), start + len(article) + 1, end)
    key = _key(written)
    yield Reading(key, start, end)
    if written.islower():
        return
    # "Canvas" and "Apples" are words of their own, "SAPs" is none
    initials = written[-1] == "s" and written[:-1].isupper()
    if key[-1] == "s" and len(key) > 2 + (not initials) and (initials or not is_ordinary(key)):
        yield Reading(key[:-1], start, end)
    if "\u0590" <= key[0] < "\u0700":
        for size in range(1, min(4, len(key) - 2)):
            if _CLUNG.fullmatch(key, 0, size):
                yield Reading(key[size:], start + size, end)
    if endings:
        for size in range(1, min(_LONGEST_ENDING, len(key) - _STEM) + 1):
            if key[-size:] in endings:
                yield Reading(key[:-size], start, end)


def _is_ending(head: str, tail: str) -> bool:
    """Whether an apostrophe parts a name from a case ending: "Acme'den", "Acme'a"."""
    return not head.islower() and head.lower() not in _ELIDED and len(head) > 1 and tail.islower() and len(tail) < 7


def letters(written: str) -> str:
    """What is left of a name in its own case when its parts are joined."""
    words = (match[0] for match in WORD.finditer(written))
    return "".join("&" if word[0] == "&" or word.lower() == "and" else word.replace("'", "") for word in words)
