"""An extractive answer: the passages' own sentences that answer the question, each followed by its page's number.

No sentence is changed, so every one stands verbatim in its page. What a sentence is worth: its page's rank, its
nearness to the question in meaning and in words, and cues of its wording that fit the kind of question. Knows nothing
of models, files or the assistant's payload.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from rag.cues import Cue, bare
from rag.index import Index
from rag.retrieve import Ranking

if TYPE_CHECKING:
    from inference.embed import Vectors

NOTHING_FOUND = "I found nothing about this in the indexed pages."

#: Passages read, of how many pages, for one answer.
CONTEXT_PASSAGES = 24
CONTEXT_PAGES = 8
PASSAGES_A_PAGE = 4
SENTENCES = 6
SENTENCES_A_PAGE = 2
CHARACTERS = (30, 420)
#: Below this cosine of the best passage, and without most of the question's words in one, nothing was found.
RELEVANT_COSINE = 0.33
RELEVANT_COVERAGE = 0.6
#: Sentences this alike say the same.
SAME = 0.93
#: Share of the best sentence's score that the others must reach.
WORTH_SAYING = 0.55
#: Spread of the noise on a page's and on a sentence's score at temperature 1.
PAGE_NOISE = 0.12
SENTENCE_NOISE = 0.06


class Kind(Enum):
    """What a question asks for, as far as its wording tells."""

    PICK = "pick"
    STEPS = "steps"
    COST = "cost"
    MEANING = "meaning"


_KINDS = (
    (Kind.COST, re.compile(r"\bhow much\b|\b(?:costs?|prices?|pricing|fees?)\b", re.I)),
    (
        Kind.PICK,
        re.compile(
            r"^which\b|\bbest\b|\brecommend|\btop\b|\bworth\b|\bshould i (?:buy|get|use|choose|try)\b|"
            r"\b(?:good|better)\b|\bvs\.?\b|\bcheapest\b|\blightest\b|\bi (?:can )?(?:trust|buy)\b|\bcompare\b",
            re.I,
        ),
    ),
    (
        Kind.STEPS,
        re.compile(
            r"\bhow (?:do|can|should|would|to)\b|\bsteps?\b|\bchecklist\b|\bwhat (?:can|should) \b|\bwhat do i need\b|"
            r"\btips\b|\bguide\b",
            re.I,
        ),
    ),
)
#: Never quoted: no statement, or one about the page itself.
_UNFIT = Cue.HEADING | Cue.QUESTION | Cue.FRAGMENT | Cue.BOILERPLATE | Cue.SHOUT | Cue.TABLE | Cue.MARKUP | Cue.LEAD_IN
_BONUS: dict[Kind, dict[Cue, float]] = {
    Kind.PICK: {Cue.PICK: 0.12, Cue.NAMED: 0.12, Cue.STEP: -0.08, Cue.NUMBER: 0.02, Cue.DEFINITION: 0.02},
    Kind.STEPS: {Cue.STEP: 0.14, Cue.BULLET: 0.03, Cue.NUMBER: 0.02},
    Kind.COST: {Cue.MONEY: 0.22, Cue.NUMBER: 0.04, Cue.STEP: -0.06},
    Kind.MEANING: {Cue.DEFINITION: 0.1, Cue.STEP: -0.04, Cue.PICK: -0.02},
}
_ALWAYS: dict[Cue, float] = {Cue.VAGUE: -0.12, Cue.PERSONAL: -0.06, Cue.DANGLING: -0.05}


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
    """One sentence, or two that only make sense together, of one page."""

    document: int
    rows: tuple[int, ...]
    score: float


def kind_of(question: str) -> Kind:
    """What the question asks for; MEANING when nothing else shows."""
    return next((kind for kind, pattern in _KINDS if pattern.search(question)), Kind.MEANING)


def compose(
    index: Index, question: str, vector: Vectors, ranking: Ranking, noise: np.random.Generator, temperature: float
) -> Composition:
    """Answer from the ranked passages. `noise` is drawn from only when `temperature` is above zero."""
    pages = _context(index, ranking, noise, temperature)
    if not pages or not _relevant(index, question, ranking):
        return Composition(NOTHING_FOUND, (), ())
    quotes = _choose(index, _quotes(index, question, vector, pages, noise, temperature))
    if not quotes:
        return Composition(NOTHING_FOUND, tuple(pages), ())
    return _write(index, quotes, pages)


def _context(index: Index, ranking: Ranking, noise: np.random.Generator, temperature: float) -> list[Page]:
    """The best pages, each with its best passages; noise moves whole pages."""
    passages: dict[int, list[int]] = {}
    scores: dict[int, float] = {}
    for passage, score in zip(ranking.passages.tolist(), ranking.scores.tolist(), strict=True):
        document = int(index.passages["document"][passage])
        scores.setdefault(document, score)
        if len(own := passages.setdefault(document, [])) < PASSAGES_A_PAGE:
            own.append(passage)
    if temperature > 0:
        draws = noise.normal(0.0, PAGE_NOISE * temperature, len(scores)).tolist()
        scores = {document: score + draw for (document, score), draw in zip(scores.items(), draws, strict=True)}
    best = sorted(scores, key=lambda document: (-scores[document], document))[:CONTEXT_PAGES]
    room = CONTEXT_PASSAGES
    pages = []
    for document in best:
        own = passages[document][:room]
        room -= len(own)
        pages.append(Page(document, round(scores[document], 6), None, tuple(own)))
    return [page for page in pages if page.passages]


def _relevant(index: Index, question: str, ranking: Ranking) -> bool:
    """Whether the best passages are about the question at all."""
    best = ranking.passages[:5]
    if ranking.cosines is not None and float(ranking.cosines[:5].max()) >= RELEVANT_COSINE:
        return True
    asked = _weights(index, question)
    total = sum(asked.values())
    found = (
        sum(weight for term, weight in asked.items() if term in _terms(index, *_rows(index, passage)))
        for passage in best.tolist()
    )
    return total > 0 and max(found, default=0.0) / total >= RELEVANT_COVERAGE


def _weights(index: Index, question: str) -> dict[int, float]:
    return {term: float(index.idf[term]) for term in set(index.term_numbers(question))}


def _rows(index: Index, passage: int) -> tuple[int, int]:
    """The sentences of a passage, as a half-open range."""
    row = index.passages[passage]
    return int(row["first"]), int(row["last"])


def _terms(index: Index, first: int, last: int) -> set[int]:
    if last <= first:
        return set()
    start, end = index.sentences["terms_start"][first], index.sentences["terms_end"][last - 1]
    return set(index.terms[start:end].tolist())


def _quotes(
    index: Index,
    question: str,
    vector: Vectors,
    pages: Sequence[Page],
    noise: np.random.Generator,
    temperature: float,
) -> list[_Quote]:
    """Everything on the pages that can be quoted, with its worth."""
    asked = _weights(index, question)
    total = sum(asked.values()) or 1.0
    bonus = _BONUS[kind_of(question)] | _ALWAYS
    quotes = []
    for page in pages:
        for passage in page.passages:
            first, last = _rows(index, passage)
            if last <= first:
                continue
            rows = index.sentences[first:last]
            near = (index.sentence_vectors[first:last].astype(np.float32) @ vector).tolist()
            flags = rows["cues"].tolist()
            spans = list(zip(rows["start"].tolist(), rows["end"].tolist(), strict=True))
            terms = zip(rows["terms_start"].tolist(), rows["terms_end"].tolist(), strict=True)
            for at, (start, end) in enumerate(terms):
                quoted = _unit(at, flags, spans)
                if quoted is None:
                    continue
                words = set(index.terms[start:end].tolist())
                covered = sum(weight for term, weight in asked.items() if term in words) / total
                worth = near[at] + 0.25 * covered + 0.35 * page.score
                worth += sum(value for cue, value in bonus.items() if flags[at] & cue)
                quotes.append(_Quote(page.document, tuple(first + row for row in quoted), worth))
    if temperature > 0:
        draws = noise.normal(0.0, SENTENCE_NOISE * temperature, len(quotes)).tolist()
        quotes = [_Quote(q.document, q.rows, q.score + draw) for q, draw in zip(quotes, draws, strict=True)]
    return quotes


def _unit(at: int, flags: list[int], spans: list[tuple[int, int]]) -> tuple[int, ...] | None:
    """The sentences to quote for sentence `at`: itself, with the one before it where it leans on that; or None."""
    start, end = spans[at]
    if flags[at] & _UNFIT or not CHARACTERS[0] <= end - start <= CHARACTERS[1]:
        return None
    if not flags[at] & Cue.DANGLING:
        return (at,)
    if at == 0 or flags[at - 1] & (_UNFIT | Cue.DANGLING) or flags[at] & Cue.BULLET:
        return None
    before = spans[at - 1]
    # only within a paragraph: one blank stands between its sentences
    if start - before[1] > 1 or end - before[0] > CHARACTERS[1]:
        return None
    return (at - 1, at)


def _choose(index: Index, quotes: list[_Quote]) -> list[_Quote]:
    """The best quotes, none repeating another, from several pages."""
    quotes = sorted(quotes, key=lambda quote: (-quote.score, quote.rows))[:60]
    chosen: list[_Quote] = []
    if not quotes:
        return chosen
    vectors = index.sentence_vectors[[quote.rows[-1] for quote in quotes]].astype(np.float32)
    alike = vectors @ vectors.T
    bags = [_terms(index, quote.rows[0], quote.rows[-1] + 1) for quote in quotes]
    left = set(range(len(quotes)))
    picked: list[int] = []
    taken: set[int] = set()
    per_page: dict[int, int] = {}
    floor = quotes[0].score * WORTH_SAYING
    while left and sum(len(quotes[at].rows) for at in picked) < SENTENCES:

        def value(at: int) -> float:
            repeated = max((float(alike[at, other]) for other in picked), default=0.0)
            again = per_page.get(quotes[at].document, 0)
            return quotes[at].score - 0.25 * max(0.0, repeated - 0.4) - 0.08 * again

        best = max(sorted(left), key=value)
        left.discard(best)
        quote = quotes[best]
        if value(best) < floor:
            break
        if per_page.get(quote.document, 0) >= SENTENCES_A_PAGE or taken & set(quote.rows):
            continue
        if any(alike[best, other] > SAME or _overlap(bags[best], bags[other]) > 0.6 for other in picked):
            continue
        picked.append(best)
        taken.update(quote.rows)
        per_page[quote.document] = per_page.get(quote.document, 0) + 1
    return [quotes[at] for at in picked]


def _overlap(one: set[int], other: set[int]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _write(index: Index, quotes: list[_Quote], pages: Sequence[Page]) -> Composition:
    """A lead from the best page, then a line for each other page, in order of worth; sentences in page order."""
    order = list(dict.fromkeys(quote.document for quote in quotes))
    numbers = {document: number for number, document in enumerate(order, start=1)}
    text = ""
    markers = []
    for document in order:
        rows = sorted(row for quote in quotes if quote.document == document for row in quote.rows)
        text += "" if not text else "\n\n- " if numbers[document] == 2 else "\n- "
        for position, row in enumerate(rows):
            start, end = int(index.sentences["start"][row]), int(index.sentences["end"][row])
            text += (" " if position else "") + bare(index.documents[document].text[start:end]) + " "
            marker = f"[{numbers[document]}]"
            markers.append((len(text), len(text) + len(marker), numbers[document]))
            text += marker
    cited = tuple(Page(page.document, page.score, numbers.get(page.document), page.passages) for page in pages)
    return Composition(text, cited, tuple(markers))
