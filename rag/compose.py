"""An extractive answer: the pages' own sentences that answer the question, each followed by its page's number.

No sentence is changed, so every one stands verbatim in its page; two people who read the pages could check each
marker. Knows nothing of models, files or the assistant's payload.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag.cues import bare
from rag.index import Index
from rag.quotes import IS_AWARD, SIGN, Asked, Form, Page, Quote, Reading, asked_terms, share
from rag.retrieve import Ranking, products
from rag.wording import Kind, kinds_of
from rag.words import terms

if TYPE_CHECKING:
    from inference.embed import Vectors

NOTHING_FOUND = "I found nothing about this in the indexed pages."

#: Pages read for one answer, and passages of each.
CONTEXT_PAGES = 8
PASSAGES_A_PAGE = 4
#: More of a page's passages that name an award, where one is asked for: a long guide says elsewhere what the words of
#: the question stand beside.
AWARDED_A_PAGE = 4
#: Passages of a ranking that are looked at to find them.
READ = 120
SENTENCES = 6
#: From one page, where so many pages have something to say; else 2.
SENTENCES_A_PAGE = {1: 4, 2: 3}
#: A page's cosine must reach this share of the nearest page's, less part of the share of the question in its title.
ON_TOPIC = 0.85
TITLE_COUNTS = 0.4
#: The best passage is about the question at the first cosine, or at the second with so much of the question's words in
#: it. (Of 60 questions that pages answer the lowest was .61, of 10 on other matters the highest .47.)
RELEVANT_COSINE = 0.5
NEAR_COSINE = 0.3
RELEVANT_COVERAGE = 0.75
#: Quotations this alike, in meaning or in words, say the same.
SAME = 0.93
SAME_WORDS = 0.6
#: Share of the best quotation's worth that the others must reach.
WORTH_SAYING = 0.7
#: What serving another part of the question adds.
NEW_PART = 0.2
#: The same for a third page.
WORTH_A_PAGE = 0.82
#: Spread of the noise on a page's score at temperature 1.
PAGE_NOISE = 0.12


@dataclass(frozen=True, slots=True)
class Composition:
    """The answer's text, the pages it was made from, its markers (start, end, page number), and its tokens."""

    text: str
    pages: tuple[Page, ...] = ()
    markers: tuple[tuple[int, int, int], ...] = ()
    tokens: int = 0


class Composer:
    """Answers one question from its ranked passages, as often as it is asked: only the noise is drawn anew."""

    def __init__(self, index: Index, question: str, vector: Vectors, ranking: Ranking) -> None:
        asked = asked_terms(index, question)
        self._index = index
        self._pages = _on_topic(index, asked, ranking, awards=Kind.PICK in kinds_of(question))
        relevant = self._pages and _relevant(index, question, asked, ranking)
        self._reading = Reading(index, question, vector, self._pages) if relevant else None

    def compose(self, noise: np.random.Generator, temperature: float) -> Composition:
        """One answer. `noise` is drawn from only when `temperature` is above zero."""
        if self._reading is None:
            return Composition(NOTHING_FOUND)
        pages = _context(self._pages, noise, temperature)
        quotes = self._reading.quotes(pages, noise, temperature)
        chosen = _choose(self._index, self._reading.kinds, quotes)
        return _write(self._index, chosen, pages) if chosen else Composition(NOTHING_FOUND, tuple(pages))


def context(index: Index, question: str, ranking: Ranking) -> list[Page]:
    """The pages that an answer without noise is made from, best first; none where they are not about the question."""
    asked = asked_terms(index, question)
    pages = _on_topic(index, asked, ranking, awards=Kind.PICK in kinds_of(question))
    return _best(pages) if pages and _relevant(index, question, asked, ranking) else []


def _on_topic(index: Index, asked: Asked, ranking: Ranking, *, awards: bool) -> list[Page]:
    """The best pages that keep to the question's topic, each with its best passages, and those with `awards`."""
    passages: dict[int, list[int]] = {}
    awarded: Counter[int] = Counter()
    scores: dict[int, float] = {}
    cosines: dict[int, float] = {}
    # places keep the scores that the search gave them: what a cross-encoder moves there stands on the same scale
    placed = (ranking.before or ranking).scores
    near = ranking.cosines if ranking.cosines is not None else placed
    numbers = ranking.passages[:READ]
    documents = index.passages["document"][numbers].tolist()
    for document, passage, score, cosine in zip(
        documents, numbers.tolist(), placed[:READ].tolist(), near[:READ].tolist(), strict=True
    ):
        scores.setdefault(document, score)
        cosines.setdefault(document, cosine)
        own = passages.setdefault(document, [])
        if len(own) - awarded[document] < PASSAGES_A_PAGE:
            own.append(passage)
        elif awards and awarded[document] < AWARDED_A_PAGE and _has_award(index, passage):
            own.append(passage)
            awarded[document] += 1
    nearest = max(cosines.values(), default=0.0)
    return [
        Page(document, scores[document], None, tuple(passages[document]))
        for document in list(scores)[: 2 * CONTEXT_PAGES]
        if cosines[document] >= (ON_TOPIC - TITLE_COUNTS * share(asked, index.title_terms(document))) * nearest
    ]


def _has_award(index: Index, passage: int) -> bool:
    row = index.passages[passage]
    flags = index.sentences["cues"][row["first"] : row["last"]]
    return bool(((flags & IS_AWARD) != 0).any())


def _context(pages: Sequence[Page], noise: np.random.Generator, temperature: float) -> list[Page]:
    """The best of the pages; noise moves whole pages."""
    if temperature > 0:
        draws = noise.normal(0.0, PAGE_NOISE * temperature, len(pages)).tolist()
        pages = [replace(page, score=page.score + draw) for page, draw in zip(pages, draws, strict=True)]
    return _best(pages)


def _best(pages: Sequence[Page]) -> list[Page]:
    best = sorted(pages, key=lambda page: (-page.score, page.document))[:CONTEXT_PAGES]
    return [replace(page, score=round(page.score, 6)) for page in best]


def _relevant(index: Index, question: str, asked: Asked, ranking: Ranking) -> bool:
    """Whether the best passages are about the question at all."""
    nearest = 0.0 if ranking.cosines is None else float(ranking.cosines[:5].max())
    if nearest >= RELEVANT_COSINE:
        return True
    # a word that no page has is as rare as words get
    unknown = sum(term not in index.vocabulary for term in set(terms(question)))
    total = sum(asked.values()) + unknown * math.log1p(2 * len(index.passages))
    rows = index.passages[ranking.passages[:5]]
    return nearest >= NEAR_COSINE and any(
        sum(asked.get(term, 0.0) for term in index.terms_of(first, last)) >= RELEVANT_COVERAGE * total > 0
        for first, last in zip(rows["first"].tolist(), rows["last"].tolist(), strict=True)
    )


def _choose(index: Index, kinds: Sequence[Kind], quotes: list[Quote]) -> list[Quote]:
    """The best quotations, none repeating another, from several pages, for every part of the question."""
    if not quotes:
        return []
    most = SENTENCES_A_PAGE.get(len({quote.document for quote in quotes}), 2)
    best_score = quotes[0].score
    floor = best_score * WORTH_SAYING
    quotes = [quote for quote in quotes if quote.score >= floor - NEW_PART]
    shown = [quote.rows[0] if quote.form == "award" else quote.rows[-1] for quote in quotes]
    vectors = index.sentence_vectors[shown].astype(np.float32)
    flags = index.sentences["cues"][shown][:, None]
    serves = (flags & np.array([SIGN[kind] for kind in kinds])) != 0
    documents = np.array([quote.document for quote in quotes])
    scores = np.array([quote.score for quote in quotes])
    # of each quotation: nearness to the nearest that is picked, and how many are picked of its page
    alike = np.zeros(len(quotes), np.float32)
    again = np.zeros(len(quotes), np.int64)
    served = np.zeros(len(kinds), bool)
    picked: list[Quote] = []
    while sum(quote.size for quote in picked) < SENTENCES:
        value = scores - 0.25 * np.maximum(0.0, alike - 0.4) - 0.08 * again
        value[again >= most] = -np.inf
        if picked and len(kinds) > 1:
            value += NEW_PART * (serves & ~served).any(axis=1)
        if len({quote.document for quote in picked}) > 1:
            # two good pages need no weak third
            value[(again == 0) & (value < best_score * WORTH_A_PAGE)] = -np.inf
        best = int(value.round(5).argmax())
        if value[best] < floor:
            break
        scores[best] = -np.inf
        quote = quotes[best]
        if alike[best] <= SAME and not _repeats(index, quote, picked):
            picked.append(quote)
            served |= serves[best]
            again += documents == quote.document
            alike = np.maximum(alike, products(vectors, vectors[best]))
    return picked


def _repeats(index: Index, quote: Quote, others: Sequence[Quote]) -> bool:
    """Whether the quotation shares a sentence with another, or has mostly the same words."""
    if any(not set(quote.rows).isdisjoint(other.rows) for other in others):
        return True
    own = index.terms_of(quote.rows[0], quote.rows[-1] + 1)
    bags = [index.terms_of(other.rows[0], other.rows[-1] + 1) for other in others]
    return any(len(own & bag) > SAME_WORDS * max(1, min(len(own), len(bag))) for bag in bags)


def _write(index: Index, quotes: list[Quote], pages: Sequence[Page]) -> Composition:
    """A block for each page, in order of worth: prose as a paragraph, awards and items as a list, in page order."""
    order = list(dict.fromkeys(quote.document for quote in quotes))
    text = ""
    tokens = 0
    markers = []
    for number, document in enumerate(order, start=1):
        text += "\n\n" if text else ""
        before: Form | None = None
        for quote in sorted((each for each in quotes if each.document == document), key=lambda each: each.rows):
            text += _gap(before, quote.form) + ("" if quote.form == "prose" else "- ")
            for position, row in enumerate(quote.rows):
                text += _BETWEEN[quote.form] if position else ""
                text += f"{bare(index.sentence_text(row))} "
                marker = f"[{number}]"
                markers.append((len(text), len(text) + len(marker), number))
                text += marker
                # a marker is three tokens
                tokens += index.sentence(row).tokens + 3
            before = quote.form
    numbers = {document: number for number, document in enumerate(order, start=1)}
    cited = tuple(Page(page.document, page.score, numbers.get(page.document), page.passages) for page in pages)
    return Composition(text, cited, tuple(markers), tokens)


#: Between the sentences of one quotation: an award's stand on lines of one list item.
_BETWEEN: dict[Form, str] = {"prose": " ", "award": "  \n  ", "list": "\n- "}


def _gap(before: Form | None, form: Form) -> str:
    """Between two quotations of one page."""
    if before is None:
        return ""
    if form == before == "prose":
        return " "
    return "\n\n" if "prose" in (form, before) else "\n"
