"""How a claim or its evidence is read for support: words with their stems, numbers, names, denials and opposites.

A reading keeps the order of words and where each stands, so that later steps can ask what stands near what. Knows
nothing of vectors, scores or weights.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from rag.chunk import sentences
from rag.support_rarity import COMMON
from rag.words import term

#: Longest piece of evidence looked at as one sentence: tables and menus may run on without a full stop.
PIECE_WORDS = 60
#: Longest claim looked at, in words; claims are sentences.
CLAIM_WORDS = 400

_MARKUP = re.compile(
    r"!?\[([^\][\n]*)\]\((?:[^()\s]|\([^()\s]*\))*\)"  # a link keeps its label
    r"|\[(?:\^?\d{1,3}(?:\s?[,;\u2013-]\s?\d{1,3})*|citation needed)\]"  # a marker goes
    r"|https?://\S+|[*_`#]{2,}|^\s{0,3}[#>*+-]+\s",
    re.MULTILINE,
)
_NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.)]|\(\d{1,2}\)|[\u2022\u25aa\u25e6\u2013\u2014\u00b7-])\s+(?=\S)")
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(
    rf"[{_UNSPACED}]"
    r"|\d+(?:[.,]\d+)*(?:(?:st|nd|rd|th|s)(?![^\W\d_])|\+)?"
    rf"|[^\W_{_UNSPACED}]+(?:['\u2019][^\W_{_UNSPACED}]+)*"
)
_ENTRY = re.compile(r"(\d+(?:[.,]\d+)*)")
_SCALES = {
    "hundred": 2,
    "thousand": 3,
    "k": 3,
    "million": 6,
    "m": 6,
    "mn": 6,
    "billion": 9,
    "bn": 9,
    "b": 9,
    "trillion": 12,
}
_SPELT = {
    word: str(value)
    for value, words in {
        0: "zero", 2: "two twice second double", 3: "three thrice third triple", 4: "four fourth", 5: "five fifth",
        6: "six sixth", 7: "seven seventh", 8: "eight eighth", 9: "nine ninth", 10: "ten tenth", 11: "eleven",
        12: "twelve dozen", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen", 17: "seventeen",
        18: "eighteen", 19: "nineteen", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty",
        70: "seventy", 80: "eighty", 90: "ninety", 100: "hundred",
    }.items()
    for word in words.split()
}  # fmt: skip
_SHORT = {
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "jun": "june", "jul": "july",
    "aug": "august", "sep": "september", "sept": "september", "oct": "october", "nov": "november",
    "dec": "december", "percent": "%", "percentage": "%", "usa": "us", "u.s": "us", "tv": "television",
    "km": "kilometre", "kilometer": "kilometre", "kg": "kilogram", "lbs": "pound", "lb": "pound",
    "hrs": "hour", "mins": "minute", "min": "minute", "ft": "feet", "approx": "approximately",
}  # fmt: skip
_DENIALS = frozenset(
    """
    no not never none nobody nothing neither nor without cannot hardly barely scarcely unable rarely seldom unlikely
    fail fails failed failing lack lacks lacked lacking refuse refuses refused refusing deny denies denied denying
    """.split()  # noqa: SIM905
)
#: Words that make a claim larger than "some" or "may".
_SWEEPING = frozenset(
    """
    all always every everyone everything everywhere only never none nobody entirely completely
    exclusively solely invariably any must most proven proves
    """.split()  # noqa: SIM905
)
_OPPOSITES = """
    increase/decrease rise/fall rose/fell raise/lower raise/reduce increase/reduce grow/shrink gain/lose gain/loss
    high/low higher/lower more/less more/fewer most/least better/worse best/worst good/bad large/small
    larger/smaller largest/smallest big/small bigger/smaller long/short longer/shorter longest/shortest old/young
    older/younger old/new older/newer oldest/newest oldest/youngest before/after early/late earlier/later
    first/last above/below over/under up/down upper/lower start/end begin/end began/ended open/close opened/closed
    allow/forbid allow/prohibit allow/prevent permit/forbid cause/prevent improve/worsen strengthen/weaken
    strong/weak stronger/weaker fast/slow faster/slower quick/slow easy/difficult easy/hard easier/harder
    cheap/expensive cheaper/dearer safe/dangerous safe/unsafe legal/illegal public/private internal/external
    positive/negative win/lose won/lost success/failure succeed/fail accept/reject accept/decline approve/reject
    agree/disagree support/oppose include/exclude included/excluded with/without possible/impossible
    likely/unlikely necessary/unnecessary required/optional maximum/minimum major/minor rich/poor hot/cold
    warm/cool wet/dry heavy/light heavier/lighter full/empty north/south northern/southern east/west
    eastern/western male/female men/women man/woman boy/girl husband/wife father/mother son/daughter brother/sister
    buy/sell bought/sold import/export free/paid enable/disable active/inactive alive/dead born/died
    presence/absence present/absent same/different similar/different true/false correct/incorrect deep/shallow
    wide/narrow thick/thin advantage/disadvantage benefit/risk common/rare always/never often/rarely usually/rarely
    all/none everyone/nobody many/few majority/minority direct/indirect known/unknown effective/ineffective
    healthy/unhealthy happy/unhappy able/unable day/night morning/evening left/right inside/outside indoor/outdoor
    add/remove attack/defend arrive/leave arrived/left ancient/modern natural/artificial temporary/permanent
    domestic/foreign rural/urban simple/complex single/double single/multiple
"""


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _OPPOSITES.split():
        one, other = pair.split("/")
        for left, right in ((one, other), (other, one)):
            found.setdefault(stem(left), set()).add(stem(right))
    return {word: frozenset(others) for word, others in found.items()}


class Kind(IntEnum):
    """What sort of word it is: a name is written with a capital where no sentence starts."""

    FUNCTION = 0
    PLAIN = 1
    NAME = 2
    NUMBER = 3


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, what it is compared by (`stem`), and its sort."""

    start: int
    end: int
    lower: str
    stem: str
    kind: Kind


def plain(text: str) -> str:
    """`text` as a reader hears it: without citation markers, addresses and marks of emphasis."""
    return _MARKUP.sub(lambda match: match[1] or " ", unicodedata.normalize("NFKC", text))


def entry(claim: str) -> str:
    """A claim without what numbers it in a list: "4. Turn it on" says nothing of four. `claim` is `plain`."""
    return _NUMBERED.sub("", claim, count=1)


def stem(word: str) -> str:
    """What a lower-case word is compared by: its stem, also of a function word; a number's value."""
    word = word.replace("\u2019", "'")
    if word in _SPELT:
        return _SPELT[word]
    word = _SHORT.get(word, word)
    if word[0].isdigit():
        return _value(word)
    return term(word) or word.removesuffix("'s")


def words(text: str) -> list[Word]:
    """The words of `text`, in order. `text` is `plain`."""
    found: list[Word] = []
    after_stop = True
    end = 0
    for match in _WORD.finditer(text):
        written, lower = match[0], match[0].lower()
        between = text[end : match.start()]
        after_stop = after_stop or any(mark in between for mark in '.!?:\n\u2022"\u201c')
        end = match.end()
        if lower in _SCALES and found and found[-1].kind is Kind.NUMBER and (len(lower) > 2 or not between.strip()):
            last = found.pop()
            found.append(Word(last.start, end, last.lower, _scaled(last.stem, _SCALES[lower]), Kind.NUMBER))
        else:
            found.append(Word(match.start(), end, lower, stem(lower), _kind(written, lower, after_stop)))
        after_stop = False
        if text[end : end + 1] == "%":
            found.append(Word(end, end + 1, "%", "%", Kind.PLAIN))
    return found


def pieces(text: str) -> Iterator[list[Word]]:
    """The words of each sentence of evidence; of long runs, in pieces. `text` is `plain`; offsets are its own."""
    for start, end in sentences(text):
        found = words(text[start:end])
        for at in range(0, len(found), PIECE_WORDS):
            yield [Word(each.start + start, each.end + start, each.lower, each.stem, each.kind)
                   for each in found[at : at + PIECE_WORDS]]  # fmt: skip


def weight(word: Word) -> float:
    """How much a word says, in (0, 1]: little where many pages have it; nothing for a function word."""
    if word.kind is Kind.FUNCTION:
        return 0.0
    if word.kind is Kind.NUMBER:
        return 1.0 if len(word.stem) > 1 else 0.6
    common = _RARITY.get(word.stem, 1.0)
    return max(common, 0.6) if word.kind is Kind.NAME else common


def denies(word: Word) -> bool:
    """Whether the word turns its clause round."""
    return word.lower in _DENIALS or word.lower.endswith(("n't", "n\u2019t"))


def sweeps(word: Word) -> bool:
    """Whether the word claims something of all cases."""
    return word.lower in _SWEEPING


def opposites(word: Word) -> frozenset[str]:
    """Stems of the words that say the contrary."""
    return _CONTRARY.get(word.stem, frozenset())


def _kind(written: str, lower: str, after_stop: bool) -> Kind:
    if lower[0].isdigit() or (lower in _SPELT and lower not in ("second", "hundred")):
        return Kind.NUMBER
    if not term(lower):
        return Kind.FUNCTION
    capital = written[0].isupper()
    if capital and (not after_stop or (len(written) > 1 and written[1].isupper())):
        return Kind.NAME
    return Kind.PLAIN


def _value(word: str) -> str:
    match = _ENTRY.match(word)
    number = (match[1] if match else word).rstrip(".,")
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    number = number.replace(",", ".")
    whole, point, rest = number.partition(".")
    rest = rest.rstrip("0") if rest.isdigit() or not rest else rest
    return (whole.lstrip("0") or "0") + (point + rest if rest else "")


def _scaled(value: str, zeros: int) -> str:
    """The value times ten to `zeros`, exactly, so that 1.5 million is 1,500,000."""
    whole, _, rest = value.partition(".")
    if not rest.isdigit() and rest:
        return value
    digits = whole + rest.ljust(zeros, "0")
    return digits[: len(whole) + zeros].lstrip("0") or "0"


_CONTRARY = _opposites()
_RARITY = {word: rarity for rarity, listed in COMMON.items() for word in listed.split()}
