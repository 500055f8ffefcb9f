"""An extractive answer: the passages' own sentences that answer the question, each followed by its page's number.

No sentence is changed, so every one stands verbatim in its page. What a sentence is worth: its page's rank, its
nearness to the question in meaning and in words, and cues of its wording that fit the kind of question. Knows nothing
of models, files or the assistant's payload.
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
from rag.retrieve import Ranking

if TYPE_CHECKING:
    from inference.embed import Vectors

NOTHING_FOUND = "I found nothing about this in the indexed pages."

#: Pages read for one answer, and passages of each.
CONTEXT_PAGES = 8
PASSAGES_A_PAGE = 4
SENTENCES = 6
#: From one page, where so many pages have something to say; else 2.
SENTENCES_A_PAGE = {1: 4, 2: 3}
CHARACTERS = (30, 420)
#: A page's cosine must reach this share of the nearest page's, less part of the share of the question in its title.
ON_TOPIC = 0.85
#: Sentences looked at closely.
CANDIDATES = 48
#: Below this cosine of the best passage, and without most of the question's words in one, nothing was found.
RELEVANT_COSINE = 0.33
RELEVANT_COVERAGE = 0.6
#: Sentences this alike say the same.
SAME = 0.93
SAME_WORDS = 0.6
#: Share of the best sentence's score that the others must reach.
WORTH_SAYING = 0.7
#: Spread of the noise on a page's and on a sentence's score at temperature 1.
PAGE_NOISE = 0.12
SENTENCE_NOISE = 0.06

#: A line that can only be a name: "Niu Kqi3 Max".
_HOLDER = re.compile(
    r"(?![^:]*:\s)(?!(?:The|Understanding|What|Why|Who|How|When|Where|Pros|Cons|Read|See|Check|Key|The Best|Best|Our|"
    r"Rating|Price|Image|Photo)\b)"
    r"(?=.{3,80}$)(?:[A-Z][\w&'\u2019.+/-]*|\d[\w-]*)(?:\s+\S+){0,9}?\s+\(?[A-Z\d]\S*"
)
#: The first name in the heading of an entry: "3. Niu Kqi3 Max".
_ENTRY = re.compile(
    r"(?:#?\d{1,2}[.):]?\s+)?(?!(?:The|What|Why|Who|How|When|Where|Which|Is|Are|Do|Does|Can|Should|Best|Top|Our|"
    r"My|Your|Key|"
    r"Pros|Cons|Features?|Pricing|Price|Benefits?|Conclusion|Final|Other|More|All|For|In|On|If|A|An|And|To|Types?|Step|"
    r"Final|Choosing|Understanding|Compare|Overview)\b)(?=(?:\S+\s*){1,7}$)([A-Z][\w&\u2019'+-]+)"
)
_NAME_PARTS = re.compile(r"[^\W_]+")


Form = Literal["prose", "award", "list"]


class Kind(Enum):
    """What a question asks for, as far as its wording tells. A question may ask for several things."""

    PICK = "pick"
    STEPS = "steps"
    COST = "cost"
    LIST = "list"
    MEANING = "meaning"


_KINDS = {
    Kind.COST: re.compile(r"\bhow much\b|\b(?:costs?|prices?|pricing|fees?)\b", re.I),
    Kind.PICK: re.compile(
        r"^which\b|, which\b|\bbest\b|\brecommend|\btop\b|\bworth\b|\b(?:should|can) i (?:buy|get|use|try|trust)\b|"
        r"\b(?:good|better)\b|\bcheapest\b|\blightest\b|\bprefer|\bis there an?\b|\bwhere can\b",
        re.I,
    ),
    Kind.LIST: re.compile(r"\b(?:checklist|list|belongs?|pack|equipment|gear|types|kinds|what should i bring)\b", re.I),
    Kind.STEPS: re.compile(
        r"\bhow (?:do|can|should|would|to)\b|\bsteps?\b|\bwhat (?:can|should)\b(?! i (?:buy|get))|"
        r"\bdo i need\b|\btips\b",
        re.I,
    ),
}
#: Never quoted: no statement, or one about the page itself.
_UNFIT = Cue.HEADING | Cue.QUESTION | Cue.FRAGMENT | Cue.BOILERPLATE | Cue.SHOUT | Cue.TABLE | Cue.MARKUP | Cue.LEAD_IN
_NO_AWARD = Cue.QUESTION | Cue.SHOUT | Cue.BOILERPLATE | Cue.TABLE | Cue.MARKUP | Cue.AGAINST
_NO_ITEM = _NO_AWARD | Cue.SHOUT | Cue.HEADING | Cue.LEAD_IN | Cue.VAGUE
#: What a cue adds for each kind of question; where a question is of several kinds the highest counts.
_BONUS: dict[Kind, dict[Cue, float]] = {
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
_ALWAYS: dict[Cue, float] = {Cue.VAGUE: -0.2, Cue.PERSONAL: -0.1, Cue.DANGLING: -0.05}
#: The cue that shows a sentence to serve a kind of question.
_SIGN = {
    Kind.PICK: Cue.CHOICE | Cue.VERDICT | Cue.LABEL,
    Kind.STEPS: Cue.STEP,
    Kind.COST: Cue.MONEY,
    Kind.LIST: Cue.ENUMERATION,
    Kind.MEANING: Cue.DEFINITION,
}
#: An award named as such ("Best overall: ...") is what a question for the best asks for.
AWARD = 0.3
#: The same for a product's entry in a list: its heading, within so many sentences, and a sentence that names it again.
ENTRY = 0.12
ENTRY_REACH = 5
#: Items quoted of one list, and the fewest that make one.
ITEMS = (3, 6)


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the answer's context. `number` is that of its marker, None when it is not cited."""

    document: int
    score: float
    number: int | None
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """The answer's text, the pages it was made from, and its markers (start, end, page number)."""

    text: str
    pages: tuple[Page, ...]
    markers: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Quote:
    """What is quoted together of one page: a sentence, or two that only make sense so; an award; items of a list."""

    document: int
    rows: tuple[int, ...]
    score: float
    form: Form = "prose"

    @property
    def size(self) -> int:
        return (len(self.rows) + 1) // 2 if self.form == "list" else 1


def kinds_of(question: str) -> tuple[Kind, ...]:
    """What the question asks for; MEANING when nothing else shows."""
    return tuple(kind for kind, pattern in _KINDS.items() if pattern.search(question)) or (Kind.MEANING,)


def compose(
    index: Index, question: str, vector: Vectors, ranking: Ranking, noise: np.random.Generator, temperature: float
) -> Composition:
    """Answer from the ranked passages. `noise` is drawn from only when `temperature` is above zero."""
    asked = {term: float(index.idf[term]) for term in set(index.term_numbers(question))}
    pages = _context(index, asked, ranking, noise, temperature)
    if not pages or not _relevant(index, asked, ranking):
        return Composition(NOTHING_FOUND, (), ())
    kinds = kinds_of(question)
    quotes = _choose(index, kinds, _quotes(index, question, kinds, asked, vector, pages, noise, temperature))
    if not quotes:
        return Composition(NOTHING_FOUND, tuple(pages), ())
    return _write(index, quotes, pages)


def _context(
    index: Index, asked: dict[int, float], ranking: Ranking, noise: np.random.Generator, temperature: float
) -> list[Page]:
    """The best pages that keep to the question's topic, each with its best passages; noise moves whole pages."""
    passages: dict[int, list[int]] = {}
    scores: dict[int, float] = {}
    cosines: dict[int, float] = {}
    near = ranking.cosines if ranking.cosines is not None else ranking.scores
    documents = index.passages["document"][ranking.passages].tolist()
    for document, passage, score, cosine in zip(
        documents, ranking.passages.tolist(), ranking.scores.tolist(), near.tolist(), strict=True
    ):
        scores.setdefault(document, score)
        cosines.setdefault(document, cosine)
        if len(own := passages.setdefault(document, [])) < PASSAGES_A_PAGE:
            own.append(passage)
    nearest = max(cosines.values(), default=0.0)
    kept = [
        document
        for document in list(scores)[: 2 * CONTEXT_PAGES]
        if cosines[document] >= (ON_TOPIC - 0.4 * _share(asked, index.title_terms(document))) * nearest
    ]
    if temperature > 0:
        draws = noise.normal(0.0, PAGE_NOISE * temperature, len(kept)).tolist()
        scores.update({document: scores[document] + draw for document, draw in zip(kept, draws, strict=True)})
    best = sorted(kept, key=lambda document: (-scores[document], document))[:CONTEXT_PAGES]
    return [Page(document, round(scores[document], 6), None, tuple(passages[document])) for document in best]


def _share(asked: dict[int, float], terms: Iterable[int]) -> float:
    """How much of the question's weight these terms hold."""
    total = sum(asked.values())
    return sum(asked[term] for term in set(terms) if term in asked) / total if total else 0.0


def _relevant(index: Index, asked: dict[int, float], ranking: Ranking) -> bool:
    """Whether the best passages are about the question at all."""
    if ranking.cosines is not None and float(ranking.cosines[:5].max()) >= RELEVANT_COSINE:
        return True
    rows = index.passages[ranking.passages[:5]]
    return any(
        _share(asked, _terms(index, first, last)) >= RELEVANT_COVERAGE
        for first, last in zip(rows["first"].tolist(), rows["last"].tolist(), strict=True)
    )


def _terms(index: Index, first: int, last: int) -> set[int]:
    """The terms of a run of sentences."""
    if last <= first:
        return set()
    start, end = index.sentences["terms_start"][first], index.sentences["terms_end"][last - 1]
    return set(index.terms[start:end].tolist())


def _quotes(
    index: Index,
    question: str,
    kinds: Sequence[Kind],
    asked: dict[int, float],
    vector: Vectors,
    pages: Sequence[Page],
    noise: np.random.Generator,
    temperature: float,
) -> list[_Quote]:
    """The sentences of the pages that are worth most, best first."""
    passages = np.array([passage for page in pages for passage in page.passages])
    first, last = index.passages["first"][passages], index.passages["last"][passages]
    counts = last - first
    if not counts.sum():
        return []
    rows = np.concatenate([np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)])
    page_of = np.repeat(np.repeat(np.arange(len(pages)), [len(page.passages) for page in pages]), counts)
    page_scores = np.array([page.score for page in pages])[page_of]
    titles = np.array([_share(asked, index.title_terms(page.document)) for page in pages])[page_of]
    sentences = index.sentences[rows]
    flags = sentences["cues"]
    covered = _covered(index, sentences, asked)
    worth = index.sentence_vectors[rows].astype(np.float32) @ vector
    worth = worth + 0.25 * covered + 0.25 * np.maximum(covered, titles) + 0.3 * page_scores
    for cue, value in _bonuses(kinds).items():
        worth += value * ((flags & cue) != 0)
    if temperature > 0:
        worth += noise.normal(0.0, SENTENCE_NOISE * temperature, len(rows))
    length = sentences["end"] - sentences["start"]
    fit = ((flags & _UNFIT) == 0) & (length >= CHARACTERS[0]) & (length <= CHARACTERS[1])
    if Kind.PICK in kinds:
        award = (flags & (Cue.VERDICT | Cue.LABEL) != 0) & (flags & _NO_AWARD == 0)
        worth += AWARD * award
        fit |= award
    items: list[_Quote] = []
    if Kind.LIST in kinds:
        items = _lists(rows, flags, length, worth, covered, [pages[at].document for at in page_of.tolist()])
    worth = np.where(fit, worth, -np.inf).round(5)
    order = np.lexsort((rows, -worth))[:CANDIDATES]
    said = _parts(question)
    quotes = []
    for at in order.tolist():
        row, score = int(rows[at]), float(worth[at])
        if score == -np.inf:
            break
        document = pages[int(page_of[at])].document
        form: Form = "prose"
        if Kind.PICK not in kinds:
            unit = _unit(index, row)
        elif flags[at] & (Cue.VERDICT | Cue.LABEL):
            unit, form = _award(index, document, row), "award"
        elif (entry := _entry(index, document, row, said)) is not None:
            unit, form, score = (entry, row), "award", score + ENTRY
        else:
            unit = _unit(index, row)
            if flags[at] & Cue.NAMED and said.issuperset(_parts(" ".join(names(_text(index, document, row))))):
                # it names only what the question named
                score -= _BONUS[Kind.PICK][Cue.NAMED]
        if unit is not None:
            quotes.append(_Quote(document, unit, score, form))
    return sorted(quotes + items, key=lambda quote: (-quote.score, quote.rows))


def _lists(
    rows: npt.NDArray[np.int64],
    flags: npt.NDArray[np.int32],
    length: npt.NDArray[np.int32],
    worth: npt.NDArray[np.floating[Any]],
    covered: Vectors,
    documents: list[int],
) -> list[_Quote]:
    """Runs of short lines, with what stands above them: worth their mean, and something for being a list."""
    item = (length <= LINE) & ((flags & _NO_ITEM) == 0) & ((flags & (Cue.FRAGMENT | Cue.BULLET | Cue.STEP)) != 0)
    quotes = []
    at = 0
    while at < len(rows):
        end = at
        while end < len(rows) and item[end] and rows[end] - rows[at] == end - at and documents[end] == documents[at]:
            end += 1
        if end - at >= ITEMS[0]:
            run = range(at, min(end, at + ITEMS[1]))
            # real items are named things; lines that repeat the question lead to other pages
            score = float((worth - 0.5 * covered)[run.start : run.stop].mean()) + 0.2 + 0.02 * min(end - at, 5)
            quotes.append(_Quote(documents[at], tuple(int(rows[each]) for each in run), round(score, 5), "list"))
        at = max(end, at + 1)
    return quotes


def _covered(index: Index, sentences: npt.NDArray[np.void], asked: dict[int, float]) -> Vectors:
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
    shares = np.bincount(pairs // len(weights), weights[pairs % len(weights)], len(sentences))
    rows: Vectors = (shares / (sum(asked.values()) or 1.0)).astype(np.float32)
    return rows


def _bonuses(kinds: Sequence[Kind]) -> dict[Cue, float]:
    found = dict(_ALWAYS)
    for cue in {cue for kind in kinds for cue in _BONUS[kind]}:
        found[cue] = max(_BONUS[kind].get(cue, _ALWAYS.get(cue, 0.0)) for kind in kinds)
    return found


def _parts(text: str) -> set[str]:
    return set(_NAME_PARTS.findall(text.lower()))


def _entry(index: Index, document: int, row: int, said: set[str]) -> int | None:
    """The heading of an entry in a list of products, where the sentence is about what the heading names."""
    if index.sentences["cues"][row] & Cue.DANGLING:
        return None
    first = int(index.passages["first"][index.sentences["passage"][row]])
    above = row - 1
    while above >= max(first, row - ENTRY_REACH) and not index.sentences["cues"][above] & Cue.HEADING:
        above -= 1
    if above < max(first, row - ENTRY_REACH) or index.sentences["cues"][above] & _NO_AWARD:
        return None
    named = _ENTRY.match(_text(index, document, above))
    if named is None or named.group(1).lower() in said:
        return None
    return above if re.search(rf"\b{re.escape(named.group(1))}\b", _text(index, document, row)) else None


def _text(index: Index, document: int, row: int) -> str:
    """A sentence as its page has it, less the mark of a list item."""
    return bare(index.documents[document].text[int(index.sentences["start"][row]) : int(index.sentences["end"][row])])


def _unit(index: Index, row: int) -> tuple[int, ...] | None:
    """The sentences to quote for one: itself, with the one before it where it leans on that; None where it cannot."""
    sentence = index.sentences[row]
    if not sentence["cues"] & Cue.DANGLING:
        return (row,)
    if row == 0 or sentence["cues"] & Cue.BULLET:
        return None
    before = index.sentences[row - 1]
    if before["passage"] != sentence["passage"] or before["cues"] & (_UNFIT | Cue.DANGLING | Cue.VAGUE):
        return None
    # only within a paragraph: one blank stands between its sentences
    if sentence["start"] - before["end"] > 1 or sentence["end"] - before["start"] > CHARACTERS[1]:
        return None
    return (row - 1, row)


def _award(index: Index, document: int, row: int) -> tuple[int, ...] | None:
    """An award with who has it, which may stand on the next line, and the first sentence that says why."""
    last = int(index.passages["last"][index.sentences["passage"][row]])
    unit = [row]
    if not index.sentences["cues"][row] & Cue.VERDICT:
        if row + 1 >= last or not _HOLDER.match(_text(index, document, row + 1)):
            return None
        unit.append(row + 1)
    for reason in range(unit[-1] + 1, min(unit[-1] + 5, last)):
        flags = index.sentences["cues"][reason]
        if flags & (Cue.LABEL | Cue.VERDICT | Cue.HEADING):
            break
        length = index.sentences["end"][reason] - index.sentences["start"][reason]
        fit = flags & Cue.NAMED and not flags & (_UNFIT | Cue.DANGLING | Cue.VAGUE | Cue.PERSONAL | Cue.AGAINST)
        if fit and CHARACTERS[0] <= length <= CHARACTERS[1]:
            unit.append(reason)
            break
    return tuple(unit)


def _choose(index: Index, kinds: Sequence[Kind], quotes: list[_Quote]) -> list[_Quote]:
    """The best quotes, none repeating another, from several pages, with something for every part of the question."""
    if not quotes:
        return []
    last = [quote.rows[0] if quote.form == "award" else quote.rows[-1] for quote in quotes]
    vectors = index.sentence_vectors[last].astype(np.float32)
    alike = vectors @ vectors.T
    documents = np.array([quote.document for quote in quotes])
    serves = np.array(
        [[bool(flags & _SIGN[kind]) for kind in kinds] for flags in index.sentences["cues"][last].tolist()]
    )
    scores = np.array([quote.score for quote in quotes])
    floor = quotes[0].score * WORTH_SAYING
    most = SENTENCES_A_PAGE.get(len(set(documents.tolist())), 2)
    picked: list[int] = []
    rows: set[int] = set()
    while sum(quotes[at].size for at in picked) < SENTENCES:
        value = scores.copy()
        if picked:
            value -= 0.25 * np.maximum(0.0, alike[:, picked].max(axis=1) - 0.4)
            again = (documents[:, None] == documents[picked]).sum(axis=1)
            value -= 0.08 * again
            value[again >= most] = -np.inf
            if len(kinds) > 1:
                value += 0.12 * (serves & ~serves[picked].any(axis=0)).any(axis=1)
        best = int(value.round(5).argmax())
        if value[best] < floor:
            break
        scores[best] = -np.inf
        quote = quotes[best]
        if rows.isdisjoint(quote.rows) and not _repeats(
            index, quote, [quotes[at] for at in picked], alike[best, picked]
        ):
            picked.append(best)
            rows.update(quote.rows)
    return [quotes[at] for at in picked]


def _repeats(index: Index, quote: _Quote, others: Sequence[_Quote], alike: Vectors) -> bool:
    own = _terms(index, quote.rows[0], quote.rows[-1] + 1)
    return any(near > SAME for near in alike.tolist()) or any(
        _overlap(own, _terms(index, other.rows[0], other.rows[-1] + 1)) > SAME_WORDS for other in others
    )


def _overlap(one: set[int], other: set[int]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _write(index: Index, quotes: list[_Quote], pages: Sequence[Page]) -> Composition:
    """A block for each page, in order of worth: its sentences as a paragraph, its lines as a list, in page order."""
    order = list(dict.fromkeys(quote.document for quote in quotes))
    text = ""
    markers = []

    def quote_row(row: int, number: int) -> None:
        nonlocal text
        text += f"{_text(index, order[number - 1], row)} "
        marker = f"[{number}]"
        markers.append((len(text), len(text) + len(marker), number))
        text += marker

    for number, document in enumerate(order, start=1):
        text += "\n\n" if text else ""
        before: Form | None = None
        for quote in sorted((each for each in quotes if each.document == document), key=lambda each: each.rows):
            if before:
                text += " " if quote.form == before == "prose" else "\n\n" if "prose" in (quote.form, before) else "\n"
            joint = {"prose": " ", "award": "  \n  ", "list": "\n- "}[quote.form]
            text += "" if quote.form == "prose" else "- "
            for position, row in enumerate(quote.rows):
                text += joint if position else ""
                quote_row(row, number)
            before = quote.form
    numbers = {document: number for number, document in enumerate(order, start=1)}
    cited = tuple(Page(page.document, page.score, numbers.get(page.document), page.passages) for page in pages)
    return Composition(text, cited, tuple(markers))
