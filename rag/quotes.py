"""What pages say that could be quoted in answer to a question, and what each quotation is worth.

A sentence is worth its page's rank, its nearness to the question in meaning and in words, and the cues of its wording
that fit the kind of question. Beside sentences there are awards ("Best overall: ..."), entries of product lists, and
lists of short items. Knows nothing of how quotations are chosen and written down.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rag import wording
from rag.cues import LINE, Cue, bare, names
from rag.index import Index
from rag.retrieve import products
from rag.wording import Kind, kinds_of
from rag.words import term, terms

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
#: For a page whose title or address names what the question is about.
TOPIC = 0.2
#: Of pages that name it, as one does whose share of it is the first, those are left out that reach less than the second
#: share of the best.
NAMES_TOPIC, RIVAL = 0.6, 0.5
#: More capitals than this share of a sentence's longer words make a headline.
HEADLINE = 0.8
#: Spread of the noise on a sentence's worth at temperature 1.
SENTENCE_NOISE = 0.06

#: Never quoted: no statement, or one about the page itself.
_UNFIT = Cue.HEADING | Cue.QUESTION | Cue.FRAGMENT | Cue.BOILERPLATE | Cue.SHOUT | Cue.TABLE | Cue.MARKUP | Cue.LEAD_IN
_NO_AWARD = Cue.QUESTION | Cue.SHOUT | Cue.BOILERPLATE | Cue.TABLE | Cue.MARKUP | Cue.AGAINST
_NO_ITEM = _NO_AWARD | Cue.HEADING | Cue.LEAD_IN | Cue.VAGUE
_NO_REASON = _UNFIT | Cue.DANGLING | Cue.VAGUE | Cue.PERSONAL | Cue.AGAINST
#: Marks an award, or the label above who has it.
IS_AWARD = Cue.VERDICT | Cue.LABEL
_SHORT = Cue.FRAGMENT | Cue.BULLET | Cue.STEP
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
    Kind.COMPARE: {},
    Kind.MEANING: {Cue.DEFINITION: 0.1, Cue.STEP: -0.04, Cue.PICK: -0.02, Cue.NUMBER: 0.02},
}
_ALWAYS: dict[int, float] = {Cue.VAGUE: -0.2, Cue.PERSONAL: -0.1, Cue.DANGLING: -0.05}
#: The cues that show a sentence to serve a kind of question.
SIGN: dict[Kind, int] = {
    Kind.PICK: Cue.CHOICE | IS_AWARD,
    Kind.STEPS: Cue.STEP,
    Kind.COST: Cue.MONEY,
    Kind.LIST: Cue.ENUMERATION,
    Kind.COMPARE: 0,
    Kind.MEANING: Cue.DEFINITION,
}


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


class _Look(NamedTuple):
    """What a closer look at a sentence found: what would be quoted, what that adds to its worth, and its form."""

    rows: tuple[int, ...]
    worth: float
    form: Form


def asked_terms(index: Index, question: str) -> Asked:
    """The question's terms and how rare each is."""
    return {term: float(index.idf[term]) for term in set(index.term_numbers(question))}


def subject_terms(index: Index, question: str) -> Asked:
    """The terms of what the question is about: those before its first condition, else all."""
    subject = wording.WISH.sub(" ", wording.CONDITION.split(wording.OPENING.sub("", question.strip()), maxsplit=1)[0])
    return asked_terms(index, subject) or asked_terms(index, question)


def about(index: Index, document: int) -> set[int]:
    """The terms of a document's title and of the path of its address."""
    path = index.documents[document].url.split("?")[0].split("//")[-1].partition("/")[2]
    return {*index.title_terms(document), *index.term_numbers(wording.SEPARATOR.sub(" ", path))}


def share(asked: Asked, terms: Iterable[int]) -> float:
    """How much of the question's weight these terms hold."""
    total = sum(asked.values())
    return sum(asked[term] for term in set(terms) if term in asked) / total if total else 0.0


class Reading:
    """A question read against the pages that may answer it: what all its answers share."""

    def __init__(self, index: Index, question: str, vector: Vectors, pages: Sequence[Page]) -> None:
        self.kinds = kinds_of(question)
        self._index = index
        self._subject = subject_terms(index, question)
        self._said = _parts(question) | set(terms(question))
        self._names = {name.split()[0].lower() for name in wording.TITLED.findall(question.partition(" ")[2])}
        self._rivals = [rival for asks, rival in wording.RIVALS if asks.search(question) and not rival.search(question)]
        self._looks: dict[int, _Look | None] = {}

        self._rows, page_of = _sentences(index, pages)
        bounds = np.searchsorted(page_of, np.arange(len(pages) + 1))
        #: Where each page's sentences stand in the arrays, which have a place for every sentence.
        self._places = {page.document: np.arange(*bounds[at : at + 2]) for at, page in enumerate(pages)}
        sentences = index.sentences[self._rows]
        self._flags, self._length = sentences["cues"], sentences["end"] - sentences["start"]
        self._documents = np.array([page.document for page in pages], np.int64)[page_of]
        self._topic_of = {page.document: share(self._subject, about(index, page.document)) for page in pages}
        self._topics = np.array(list(self._topic_of.values()))[page_of]
        self._award = ((self._flags & IS_AWARD) != 0) & ((self._flags & _NO_AWARD) == 0) & (Kind.PICK in self.kinds)
        low, high = CHARACTERS
        self._fit = self._award | ((self._flags & _UNFIT) == 0) & (self._length >= low) & (self._length <= high)
        asked = asked_terms(index, question)
        titles = np.array([share(asked, index.title_terms(page.document)) for page in pages])[page_of]
        self._covered = _covered(index, sentences, asked)
        worth = products(index.sentence_vectors[self._rows], vector) + 0.25 * self._covered
        worth += 0.25 * np.maximum(self._covered, titles) + TOPIC * self._topics + AWARD * self._award
        for cue, value in _bonuses(self.kinds).items():
            worth += value * ((self._flags & cue) != 0)
        self._worth: Floats = worth

    def quotes(self, pages: Sequence[Page], noise: np.random.Generator, temperature: float) -> list[Quote]:
        """The quotations of some of the pages that are worth most, best first."""
        places = [self._places[page.document] for page in pages]
        at = np.concatenate([*places, np.empty(0, np.int64)])
        rows, topics = self._rows[at], self._topics[at]
        worth = self._worth[at] + np.repeat([0.3 * page.score for page in pages], [len(place) for place in places])
        if temperature > 0:
            worth += noise.normal(0.0, SENTENCE_NOISE * temperature, len(at))
        best = max((self._topic_of[page.document] for page in pages), default=0.0)
        same = topics >= RIVAL * best if best >= NAMES_TOPIC else np.ones(len(at), bool)
        quotes = self._lists(at, same, worth) if Kind.LIST in self.kinds else []
        worth = np.where(self._fit[at] & same, worth, -np.inf).round(5)
        for place in np.lexsort((rows, -worth))[:CANDIDATES].tolist():
            row, score = int(rows[place]), float(worth[place])
            if score == -np.inf:
                break
            if (look := self._look(row)) is not None:
                document = int(self._documents[at[place]])
                quotes.append(Quote(document, look.rows, round(score + look.worth, 5), look.form))
        return sorted(quotes, key=lambda quote: (-quote.score, quote.rows))

    def _lists(self, at: Integers, same: npt.NDArray[np.bool_], worth: Floats) -> list[Quote]:
        """Runs of short lines, worth their mean and something for being a list.

        They are worth less for repeating the question: such lines lead to other pages, real items are named things.
        """
        flags, rows, documents = self._flags[at], self._rows[at].tolist(), self._documents[at].tolist()
        item = same & (self._length[at] <= LINE) & ((flags & _NO_ITEM) == 0) & ((flags & _SHORT) != 0)
        worth = worth - 0.5 * self._covered[at]
        quotes = []
        numbered = enumerate(np.flatnonzero(item).tolist())
        for _, run in groupby(numbered, lambda pair: (documents[pair[1]], rows[pair[1]] - pair[0], pair[1] - pair[0])):
            places = [place for _, place in run]
            most = places[: ITEMS[1]]
            items = tuple(rows[place] for place in most)
            if len(places) >= ITEMS[0] and not _contents(self._index, items):
                score = round(float(worth[most].mean()) + 0.2 + 0.02 * min(len(places), 5), 5)
                quotes.append(Quote(documents[places[0]], items, score, "list"))
        return quotes

    def _look(self, row: int) -> _Look | None:
        """A closer look at one sentence; None where it cannot stand alone, or is furniture."""
        if row not in self._looks:
            self._looks[row] = self._look_first(row)
        return self._looks[row]

    def _look_first(self, row: int) -> _Look | None:
        flags = self._index.sentence(row).cues
        pick = Kind.PICK in self.kinds
        if pick and flags & IS_AWARD:
            award = _award(self._index, row, self._said)
            return _Look(award, 0.0, "award") if award else None
        worth = self._merit(row, flags, bare(self._index.sentence_text(row)))
        if worth is None:
            return None
        if pick and (entry := _entry(self._index, row, self._said)) is not None:
            return _Look((entry, row), worth + ENTRY, "award")
        unit = _unit(self._index, row)
        return _Look(unit, worth, "prose") if unit else None

    def _merit(self, row: int, flags: int, text: str) -> float | None:
        """What the wording adds to a sentence's worth; None for furniture."""
        worth = _plain_merit(text)
        if worth is None:
            return None
        kinds = self.kinds
        if any(rival.search(text) for rival in self._rivals):
            worth -= 0.25
        if Kind.PICK in kinds:
            worth += self._favours(row, flags, text)
        if not (Kind.PICK in kinds and flags & Cue.CHOICE) and wording.FIRST_PERSON.search(text):
            worth -= 0.15
        if kinds[0] is Kind.COST and not (Kind.STEPS in kinds and flags & Cue.STEP) and not wording.FIGURE.search(text):
            worth -= 0.3 if len(kinds) == 1 else 0.1
        if kinds == (Kind.STEPS,) and not flags & Cue.STEP and not wording.ADVICE.search(text):
            worth -= 0.12
        if Kind.COMPARE in kinds:
            low = text.lower()
            worth += 0.15 * max(-1, sum(name in low for name in self._names) - 1)
            worth -= 0.3 if wording.HISTORY.search(text) else 0.0
        if Kind.MEANING in kinds and (defined := wording.DEFINES.match(text)):
            worth += 0.2 * share(self._subject, self._index.term_numbers(defined.group(1)))
        return worth

    def _favours(self, row: int, flags: int, text: str) -> float:
        """What a name adds where something is to be picked, and praise of nothing in particular takes away."""
        if proper(text, self._said):
            if flags & (Cue.CHOICE | Cue.PICK):
                return 0.08
            return -0.2 if self._index.terms_of(row, row + 1).isdisjoint(self._subject) else -0.05
        # it may serve another part of the question
        lost = 0.35 if len(self.kinds) == 1 else 0.15
        return -lost - (_BONUS[Kind.PICK][Cue.NAMED] if flags & Cue.NAMED else 0.0)


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
    for number, weight in asked.items():
        weights[number] = weight
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


def _contents(index: Index, items: Sequence[int]) -> bool:
    """Whether the lines lead to parts of the page or to other pages: half of them have a word in common."""
    counts = Counter(term for row in items for term in index.terms_of(row, row + 1))
    return max(counts.values(), default=0) * 2 >= len(items)


@lru_cache(maxsize=50_000)
def _plain_merit(text: str) -> float | None:
    """What a sentence is worth less whatever was asked; None for furniture."""
    lower = text.lower()
    if wording.FURNITURE.search(lower) or wording.QUOTED.match(text):
        return None
    words = wording.LEARNED.findall(text)
    if len(words) > 3 and sum(word[0].isupper() for word in words) > HEADLINE * len(words):
        return None
    return (-0.25 if wording.INTRODUCES.search(lower) else 0.0) + (-0.2 if wording.OWN.search(text) else 0.0)


@lru_cache(maxsize=50_000)
def _named(text: str) -> tuple[str, ...]:
    """The names in a sentence, and its first word where it can only be one."""
    first = wording.SUBJECT.match(text)
    return (*names(text), *([first.group(1)] if first else []))


def proper(text: str, said: set[str]) -> bool:
    """Whether the text names something that the question did not."""
    return any(_new(name, said) for name in _named(text))


def _new(name: str, said: set[str]) -> bool:
    return any(term(part) not in said for part in _parts(name) - said - wording.COMMON if len(part) > 1)


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
    look = _plain_merit(bare(index.sentence_text(row - 1)))
    if look is None or look < 0:
        return ()
    return (row - 1, row) if sentence.end - before.start <= CHARACTERS[1] else ()


def _award(index: Index, row: int, said: set[str]) -> tuple[int, ...]:
    """An award with who has it, which may stand on the next line, and the first sentence that says why."""
    sentence = index.sentence(row)
    last = int(index.passages["last"][sentence.passage])
    unit = [row]
    if not sentence.cues & Cue.VERDICT:
        holder = bare(index.sentence_text(row + 1)) if row + 1 < last else ""
        if not wording.HOLDER.match(holder) or not _new(holder, said) or wording.PART.search(holder):
            return ()
        unit.append(row + 1)
    for reason in range(unit[-1] + 1, min(unit[-1] + ENTRY_REACH, last)):
        why = index.sentence(reason)
        if why.cues & (IS_AWARD | Cue.HEADING):
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
            named = None if flags & _NO_AWARD else wording.ENTRY.match(bare(index.sentence_text(above)))
            if named is None or named.group(1).lower() in said | wording.COMMON or wording.PART.search(named.group()):
                return None
            return above if re.search(rf"\b{re.escape(named.group(1))}\b", index.sentence_text(row)) else None
    return None


def _parts(text: str) -> set[str]:
    return set(wording.NAME_PARTS.findall(text.lower()))
