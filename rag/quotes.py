"""What pages say that could be quoted in answer to a question, and what each quotation is worth.

A sentence is worth its page's rank, its nearness to the question in meaning and in words, and the cues of its wording
that fit the kind of question. Beside sentences there are awards ("Best overall: ..."), entries of product lists, and
lists of short items. Knows nothing of how quotations are chosen and written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rag.cues import LINE, Cue, bare, names
from rag.index import Index
from rag.retrieve import products

if TYPE_CHECKING:
    from inference.embed import Vectors

Form = Literal["prose", "award", "list"]
Asked = dict[int, float]
Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

#: Shortest and longest sentence quoted.
CHARACTERS = (30, 420)
#: Sentences looked at closely.
CANDIDATES = 40
#: An award named as such ("Best overall: ...") is what a question for the best asks for.
AWARD = 0.3
#: The same for a product's entry in a list: its heading, within so many sentences, and a sentence that names it again.
ENTRY = 0.12
ENTRY_REACH = 5
#: Items quoted of one list: the fewest that make one, and the most.
ITEMS = (3, 6)
#: Spread of the noise on a sentence's worth at temperature 1.
SENTENCE_NOISE = 0.06


class Kind(Enum):
    """What a question asks for, as far as its wording tells. A question may ask for several things."""

    PICK = "pick"
    STEPS = "steps"
    COST = "cost"
    LIST = "list"
    MEANING = "meaning"


_KINDS = {
    Kind.COST: re.compile(r"\bhow much\b|\b(?:costs?|prices?|pricing|fees?)\b", re.IGNORECASE),
    Kind.PICK: re.compile(
        r"^which\b|, which\b|\bbest\b|\brecommend|\btop\b|\bworth\b|\b(?:should|can) i (?:buy|get|use|try|trust)\b|"
        r"\b(?:good|better)\b|\bcheapest\b|\blightest\b|\bprefer|\bis there an?\b|\bwhere can\b",
        re.IGNORECASE,
    ),
    Kind.LIST: re.compile(
        r"\b(?:checklist|list|belongs?|pack|equipment|gear|types|kinds|what should i bring)\b", re.IGNORECASE
    ),
    Kind.STEPS: re.compile(
        r"\bhow (?:do|can|should|would|to)\b|\bsteps?\b|\bwhat (?:can|should)\b(?! i (?:buy|get))|"
        r"\bdo i need\b|\btips\b",
        re.IGNORECASE,
    ),
}
#: Never quoted: no statement, or one about the page itself.
_UNFIT = Cue.HEADING | Cue.QUESTION | Cue.FRAGMENT | Cue.BOILERPLATE | Cue.SHOUT | Cue.TABLE | Cue.MARKUP | Cue.LEAD_IN
_NO_AWARD = Cue.QUESTION | Cue.SHOUT | Cue.BOILERPLATE | Cue.TABLE | Cue.MARKUP | Cue.AGAINST
_NO_ITEM = _NO_AWARD | Cue.HEADING | Cue.LEAD_IN | Cue.VAGUE
_NO_REASON = _UNFIT | Cue.DANGLING | Cue.VAGUE | Cue.PERSONAL | Cue.AGAINST
_IS_AWARD = Cue.VERDICT | Cue.LABEL
#: What a cue adds for each kind of question; where a question is of several kinds the highest counts.
_BONUS: dict[Kind, dict[int, float]] = {
    Kind.PICK: {
        Cue.CHOICE: 0.14,
        Cue.PICK: 0.06,
        Cue.NAMED: 0.16,
        Cue.AGAINST: -0.2,
        Cue.STEP: -0.08,
        Cue.PERSONAL: 0.0,
    },
    Kind.LIST: {Cue.ENUMERATION: 0.16, Cue.STEP: 0.06, Cue.BULLET: 0.04},
    Kind.STEPS: {Cue.STEP: 0.16, Cue.BULLET: 0.03},
    Kind.COST: {Cue.MONEY: 0.26, Cue.NUMBER: 0.04, Cue.STEP: -0.06},
    Kind.MEANING: {Cue.DEFINITION: 0.1, Cue.STEP: -0.04, Cue.PICK: -0.02, Cue.NUMBER: 0.02},
}
_ALWAYS: dict[int, float] = {Cue.VAGUE: -0.2, Cue.PERSONAL: -0.1, Cue.DANGLING: -0.05}
#: The cues that show a sentence to serve a kind of question.
SIGN: dict[Kind, int] = {
    Kind.PICK: Cue.CHOICE | _IS_AWARD,
    Kind.STEPS: Cue.STEP,
    Kind.COST: Cue.MONEY,
    Kind.LIST: Cue.ENUMERATION,
    Kind.MEANING: Cue.DEFINITION,
}
#: A line that can only be a name: "Niu Kqi3 Max".
_HOLDER = re.compile(
    r"(?![^:]*:\s)"
    r"(?!(?:The|Understanding|What|Why|Who|How|When|Where|Pros|Cons|Read|See|Check|Key|Best|Our|Rating|Price|Image|Photo)\b)"
    r"(?=.{3,80}$)(?:[A-Z][\w&'\u2019.+/-]*|\d[\w-]*)(?:\s+\S+){0,9}?\s+\(?[A-Z\d]\S*"
)
#: The first name in the short heading of an entry: "3. Niu Kqi3 Max".
_ENTRY = re.compile(
    r"(?:#?\d{1,2}[.):]?\s+)?"
    r"(?!(?:The|What|Why|Who|How|When|Where|Which|Is|Are|Do|Does|Can|Should|Best|Top|Our|My|Your|Key|Pros|Cons|Features?|"
    r"Pricing|Price|Benefits?|Conclusion|Final|Other|More|All|For|In|On|If|A|An|And|To|Types?|Step|Choosing|"
    r"Understanding|Compare|Overview)\b)"
    r"([A-Z][\w&\u2019'+-]+)\S*(?:\s+\S+){0,6}\s*$"
)
_NAME_PARTS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the answer's context, by its document's number. `number` is its marker's, None when it is not cited."""

    document: int
    score: float
    number: int | None
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What is quoted together of one page: a sentence, or two that only make sense so; an award; items of a list."""

    document: int
    rows: tuple[int, ...]
    score: float
    form: Form = "prose"

    @property
    def size(self) -> int:
        """How many sentences of an answer it counts for."""
        return (len(self.rows) + 1) // 2 if self.form == "list" else 1


def kinds_of(question: str) -> tuple[Kind, ...]:
    """What the question asks for; MEANING when nothing else shows."""
    return tuple(kind for kind, pattern in _KINDS.items() if pattern.search(question)) or (Kind.MEANING,)


def asked_terms(index: Index, question: str) -> Asked:
    """The question's terms and how rare each is."""
    return {term: float(index.idf[term]) for term in set(index.term_numbers(question))}


def share(asked: Asked, terms: Iterable[int]) -> float:
    """How much of the question's weight these terms hold."""
    total = sum(asked.values())
    return sum(asked[term] for term in set(terms) if term in asked) / total if total else 0.0


def find_quotes(
    index: Index, question: str, vector: Vectors, pages: Sequence[Page], noise: np.random.Generator, temperature: float
) -> list[Quote]:
    """The quotations of the pages that are worth most, best first."""
    kinds, asked = kinds_of(question), asked_terms(index, question)
    rows, page_of = _sentences(index, pages)
    if not len(rows):
        return []
    sentences = index.sentences[rows]
    flags, length = sentences["cues"], sentences["end"] - sentences["start"]
    titles = np.array([share(asked, index.title_terms(page.document)) for page in pages])[page_of]
    covered = _covered(index, sentences, asked)
    worth: Floats = products(index.sentence_vectors[rows], vector)
    worth = worth + 0.25 * covered + 0.25 * np.maximum(covered, titles)
    worth += 0.3 * np.array([page.score for page in pages])[page_of]
    for cue, value in _bonuses(kinds).items():
        worth += value * ((flags & cue) != 0)
    if temperature > 0:
        worth += noise.normal(0.0, SENTENCE_NOISE * temperature, len(rows))
    fit = ((flags & _UNFIT) == 0) & (length >= CHARACTERS[0]) & (length <= CHARACTERS[1])
    if Kind.PICK in kinds:
        award = ((flags & _IS_AWARD) != 0) & ((flags & _NO_AWARD) == 0)
        worth += AWARD * award
        fit |= award
    documents = np.array([page.document for page in pages])[page_of]
    quotes = _lists(rows, flags, length, worth - 0.5 * covered, documents) if Kind.LIST in kinds else []
    worth = np.where(fit, worth, -np.inf).round(5)
    said = _parts(question)
    for at in np.lexsort((rows, -worth))[:CANDIDATES].tolist():
        if not fit[at]:
            break
        quote = _quote(index, int(documents[at]), int(rows[at]), float(worth[at]), Kind.PICK in kinds, said)
        if quote is not None:
            quotes.append(quote)
    return sorted(quotes, key=lambda quote: (-quote.score, quote.rows))


def _sentences(index: Index, pages: Sequence[Page]) -> tuple[Integers, Integers]:
    """The sentences of the pages' passages, and the page that each is of, by its place in `pages`."""
    passages = np.array([passage for page in pages for passage in page.passages], np.int64)
    owners = np.repeat(np.arange(len(pages)), [len(page.passages) for page in pages])
    first, last = index.passages["first"][passages], index.passages["last"][passages]
    ranges = [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return np.concatenate([*ranges, np.empty(0, np.int64)]), np.repeat(owners, last - first)


def _covered(index: Index, sentences: npt.NDArray[np.void], asked: Asked) -> Floats:
    """The share of the question's weight that each sentence's own words hold."""
    weights = np.zeros(len(index.idf), np.float32)
    for term, weight in asked.items():
        weights[term] = weight
    lengths = sentences["terms_end"] - sentences["terms_start"]
    owner = np.repeat(np.arange(len(sentences)), lengths)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    terms = index.terms[np.repeat(sentences["terms_start"], lengths) + offset]
    hit = weights[terms] > 0
    # a word said twice in a sentence counts once
    pairs = np.unique(owner[hit].astype(np.int64) * len(weights) + terms[hit])
    shares = np.bincount(pairs // max(len(weights), 1), weights[pairs % max(len(weights), 1)], len(sentences))
    found: Floats = shares / (sum(asked.values()) or 1.0)
    return found


def _bonuses(kinds: Sequence[Kind]) -> dict[int, float]:
    found = dict(_ALWAYS)
    for cue in {cue for kind in kinds for cue in _BONUS[kind]}:
        found[cue] = max(_BONUS[kind].get(cue, _ALWAYS.get(cue, 0.0)) for kind in kinds)
    return found


def _lists(rows: Integers, flags: Integers, length: Integers, worth: Floats, documents: Integers) -> list[Quote]:
    """Runs of short lines, worth their mean and something for being a list.

    `worth` is less for lines that repeat the question: those lead to other pages, real items are named things.
    """
    item = (length <= LINE) & ((flags & _NO_ITEM) == 0) & ((flags & (Cue.FRAGMENT | Cue.BULLET | Cue.STEP)) != 0)
    quotes = []
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and item[end] and rows[end] - rows[at] == end - at and documents[end] == documents[at]:
            end += 1
        if end - at >= ITEMS[0]:
            run = slice(at, min(end, at + ITEMS[1]))
            score = round(float(worth[run].mean()) + 0.2 + 0.02 * min(end - at, 5), 5)
            quotes.append(Quote(int(documents[at]), tuple(rows[run].tolist()), score, "list"))
        at = max(end, at + 1)
    return quotes


def _quote(index: Index, document: int, row: int, score: float, pick: bool, said: set[str]) -> Quote | None:
    """What to quote for one sentence; None where it cannot stand alone. `said` holds the question's words."""
    flags = index.sentence(row).cues
    if pick and flags & _IS_AWARD:
        award = _award(index, row)
        return Quote(document, award, score, "award") if award else None
    if pick and (entry := _entry(index, row, said)) is not None:
        return Quote(document, (entry, row), score + ENTRY, "award")
    if pick and flags & Cue.NAMED and said.issuperset(_parts(" ".join(names(index.sentence_text(row))))):
        # it names only what the question named
        score -= _BONUS[Kind.PICK][Cue.NAMED]
    unit = _unit(index, row)
    return Quote(document, unit, score) if unit else None


def _unit(index: Index, row: int) -> tuple[int, ...]:
    """The sentence, with the one before it where it leans on that; empty where that cannot be had."""
    sentence = index.sentence(row)
    if not sentence.cues & Cue.DANGLING:
        return (row,)
    if row == 0 or sentence.cues & Cue.BULLET:
        return ()
    before = index.sentence(row - 1)
    # only within a paragraph: one blank stands between its sentences
    together = before.passage == sentence.passage and sentence.start - before.end <= 1
    if not together or before.cues & (_UNFIT | Cue.DANGLING | Cue.VAGUE):
        return ()
    return (row - 1, row) if sentence.end - before.start <= CHARACTERS[1] else ()


def _award(index: Index, row: int) -> tuple[int, ...]:
    """An award with who has it, which may stand on the next line, and the first sentence that says why."""
    sentence = index.sentence(row)
    last = int(index.passages["last"][sentence.passage])
    unit = [row]
    if not sentence.cues & Cue.VERDICT:
        if row + 1 >= last or not _HOLDER.match(bare(index.sentence_text(row + 1))):
            return ()
        unit.append(row + 1)
    for reason in range(unit[-1] + 1, min(unit[-1] + ENTRY_REACH, last)):
        why = index.sentence(reason)
        if why.cues & (_IS_AWARD | Cue.HEADING):
            break
        if why.cues & Cue.NAMED and not why.cues & _NO_REASON and CHARACTERS[0] <= why.end - why.start <= CHARACTERS[1]:
            unit.append(reason)
            break
    return tuple(unit)


def _entry(index: Index, row: int, said: set[str]) -> int | None:
    """The heading of an entry in a list of products, where the sentence is about what the heading names."""
    sentence = index.sentence(row)
    if sentence.cues & Cue.DANGLING:
        return None
    reach = max(int(index.passages["first"][sentence.passage]), row - ENTRY_REACH)
    for above in range(row - 1, reach - 1, -1):
        flags = index.sentence(above).cues
        if flags & Cue.HEADING:
            named = None if flags & _NO_AWARD else _ENTRY.match(bare(index.sentence_text(above)))
            if named is None or named.group(1).lower() in said:
                return None
            return above if re.search(rf"\b{re.escape(named.group(1))}\b", index.sentence_text(row)) else None
    return None


def _parts(text: str) -> set[str]:
    return set(_NAME_PARTS.findall(text.lower()))
