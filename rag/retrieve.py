"""The best passages of an index for a question: dense, lexical, or a convex sum of both.

Equal questions get equal rankings whatever else is asked with them: scores are rounded and ties fall to the earlier
passage. Knows nothing of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rag.index import Index

if TYPE_CHECKING:
    from inference.embed import Vectors

Unit = Literal["document", "passage"]
Mode = Literal["dense", "lexical", "hybrid"]
MODES: tuple[Mode, ...] = get_args(Mode)
Passages = npt.NDArray[np.int64]

#: Share of the dense score in the hybrid one. Where documents are looked for, of scores in units of their own spread,
#: so that the leg whose best stand out counts for more; 0.6 to 0.7 do as well on `bench.retrieval`, and of these 0.6
#: is best for long pages. For passages 0.2 finds no less than 0.3 in both halves of `bench.span_recall`'s sets.
DENSE_WEIGHT = {"document": 0.6, "passage": 0.2}
#: Share of a passage's lexical score in the hybrid that is its whole document's.
DOCUMENT_SHARE = {"document": 0.5, "passage": 0.2}
#: The cosine of the passage at this rank counts as nothing: what all passages share says nothing of the question. The
#: spread of scores is that of so many of each leg, however many are asked for.
FLOOR_RANK = 200
#: Passages that each leg hands to the hybrid.
DEPTH = 200
#: Passages of a ranking that a cross-encoder reads.
RERANKED = 50
DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passage numbers, best first, and their scores; `cosines` are those of the dense leg, None without it.

    `dense` is what the dense leg adds to each score of a hybrid; the rest is the lexical one's. `before` is the ranking
    whose first passages a cross-encoder put into this order, None where none did.
    """

    passages: Passages
    scores: Vectors
    cosines: Vectors | None = None
    dense: Vectors | None = None
    before: Ranking | None = None


def rank(
    index: Index, text: str, vector: Vectors | None, mode: Mode = "hybrid", depth: int = DEPTH, by: Unit = "passage"
) -> Ranking:
    """The best `depth` passages for a question; `vector` is its unit vector, not needed for lexical ranking.

    `by` says what is looked for: the hybrid trusts words more where it looks for a passage.
    """
    if not len(index.passages):
        return Ranking(np.empty(0, np.int64), np.empty(0, np.float32))
    if mode == "lexical":
        return Ranking(*_sorted(*_lexical(index, text, depth)))
    if vector is None:
        raise ValueError("Dense ranking needs the question's vector.")
    if mode == "dense":
        passages, cosines = _dense(index, vector, depth)
        passages, cosines = _sorted(passages, cosines)
        return Ranking(passages, cosines, cosines)
    return _hybrid(index, text, vector, depth, by)


def by_document(index: Index, ranking: Ranking, k: int) -> list[tuple[int, float]]:
    """(document number, score) of the best `k` documents: each scores as its best passage."""
    documents = index.passages["document"][ranking.passages]
    _, first = np.unique(documents, return_index=True)
    best = np.sort(first)[:k]
    return [(int(documents[at]), float(ranking.scores[at])) for at in best]


def _dense(index: Index, vector: Vectors, depth: int) -> tuple[Passages, Vectors]:
    """The nearest passages, best first, and their cosines."""
    if index.graph and (found := index.graph.near(vector, depth)) is not None:
        cosines = products(index.vectors[found], vector)
        best = _order(found, cosines)[:depth]
        return found[best], cosines[best]
    scores, passages = index.faiss.search(vector[None, :].astype(np.float32), min(depth, len(index.passages)))
    return passages[0], scores[0]


def _lexical_scores(index: Index, text: str, of: Unit = "passage") -> Vectors:
    """BM25 of every passage, or of every whole document."""
    bm25, scored = (index.bm25, index.passages) if of == "passage" else (index.bm25_documents, index.documents)
    terms = index.term_numbers(text)
    if not terms or bm25 is None:
        return np.zeros(len(scored), np.float32)
    scores: Vectors = bm25.get_scores_from_ids(terms)
    return scores


def _lexical(index: Index, text: str, depth: int) -> tuple[Passages, Vectors]:
    scores = _lexical_scores(index, text)
    passages = _top(scores, depth)
    return passages, scores[passages]


def _top(scores: Vectors, depth: int) -> Passages:
    """The numbers of the best scores above zero, in no order."""
    found = np.flatnonzero(scores > 0)
    if len(found) > depth:
        found = found[np.argpartition(-scores[found], depth - 1)[:depth]]
    return found


def _hybrid(index: Index, text: str, vector: Vectors, depth: int, by: Unit) -> Ranking:
    """w * dense + (1 - w) * lexical over the candidates of both legs.

    Lexical is the share of the best, of passage and document. For passages dense runs from 0 at FLOOR_RANK to 1 at the
    best; for documents both legs are standardised over the first FLOOR_RANK of each.
    """
    all_lexical = _lexical_scores(index, text)
    near, near_cosines = _dense(index, vector, max(depth, FLOOR_RANK))
    passages = np.union1d(near[:depth], _top(all_lexical, depth))
    cosines = products(index.vectors[passages], vector)
    weight = DENSE_WEIGHT[by] if all_lexical.any() else 1.0
    lexical = _stretched(all_lexical[passages], 0.0)
    whole = _stretched(_lexical_scores(index, text, "document")[index.passages["document"][passages]], 0.0)
    lexical = (1 - DOCUMENT_SHARE[by]) * lexical + DOCUMENT_SHARE[by] * whole
    if by == "document":
        first = np.isin(passages, np.union1d(near[:FLOOR_RANK], _top(all_lexical, FLOOR_RANK)))
        dense, lexical = _standardised(cosines, first), _standardised(lexical, first)
    else:
        floor = float(near_cosines[: min(FLOOR_RANK, len(near_cosines))].min())
        dense = np.clip(_stretched(cosines, floor), 0, None)
    scores: Vectors = (weight * dense + (1 - weight) * lexical).astype(np.float32)
    order = _order(passages, scores)
    return Ranking(
        passages[order],
        scores[order].round(DECIMALS),
        cosines[order].round(DECIMALS),
        (weight * dense[order]).astype(np.float32).round(DECIMALS),
    )


def reranked(index: Index, text: str, ranking: Ranking, scores: Callable[[str, Sequence[str]], Vectors]) -> Ranking:
    """The first RERANKED passages in the order of `scores(question, texts)`, each from 0 to 1; the others below 0.

    A passage is read under its page's title.
    """
    first = ranking.passages[:RERANKED]
    rows = index.passages[first]
    documents = [index.documents[number] for number in rows["document"].tolist()]
    spans = zip(documents, rows["start"].tolist(), rows["end"].tolist(), strict=True)
    found = scores(text, [f"{document.title}\n{document.text[start:end]}" for document, start, end in spans])
    order = np.lexsort((np.arange(len(first)), -found.round(DECIMALS)))
    rest = np.arange(len(first), len(ranking.passages))
    below = ranking.scores[rest] - (ranking.scores[len(first)] + 1 if len(rest) else 0)
    whole = np.concatenate([order, rest])
    return Ranking(
        ranking.passages[whole],
        np.concatenate([found[order], below]).astype(np.float32).round(DECIMALS),
        None if ranking.cosines is None else ranking.cosines[whole],
        before=ranking,
    )


def products(rows: npt.NDArray[np.floating[Any]], vector: Vectors) -> Vectors:
    """Inner products [n] of rows [n, d] with a vector [d].

    Not by BLAS: for so few rows its threads cost far more than they save, and starve whoever else is at work.
    """
    found: Vectors = np.einsum("nd,d->n", rows.astype(np.float32, copy=False), vector)
    return found


def _stretched(scores: Vectors, low: float) -> Vectors:
    """Scores from 0 at `low` to 1 at the best of them."""
    high = float(scores.max())
    rows: Vectors = (scores - low) / (high - low) if high > low else np.zeros_like(scores)
    return rows


def _standardised(scores: Vectors, among: npt.NDArray[np.bool_]) -> Vectors:
    """Scores as so many standard deviations above the mean of some of them; zeros where those are alike."""
    spread = float(scores[among].std(dtype=np.float64))
    mean = float(scores[among].mean(dtype=np.float64))
    rows: Vectors = (scores - mean) / spread if spread > 1e-6 else np.zeros_like(scores)
    return rows


def _order(passages: Passages, scores: Vectors) -> Passages:
    return np.lexsort((passages, -np.round(scores, DECIMALS)))


def _sorted(passages: Passages, scores: Vectors) -> tuple[Passages, Vectors]:
    order = _order(passages, scores)
    return passages[order], np.round(scores, DECIMALS)[order]


def rank_many(
    index: Index,
    texts: Sequence[str],
    vectors: Vectors | None,
    mode: Mode = "hybrid",
    depth: int = DEPTH,
    by: Unit = "passage",
) -> list[Ranking]:
    """The rankings of several questions, as `rank` gives each."""
    return [
        rank(index, text, None if vectors is None else vectors[number], mode, depth, by)
        for number, text in enumerate(texts)
    ]
