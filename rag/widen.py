"""Ranked passages as they are shown: widened by the sentences around them, none overlapping another.

What a model reads at once is often shorter than what may be shown, and an answer may stand just beside the words that
were found. Knows no question and no scores but the ranking's.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.chunk import MAX_CHARACTERS
from rag.index import Index
from rag.retrieve import Ranking


@dataclass(frozen=True, slots=True)
class Extract:
    """`text[start:end]` of a document, in code points, at most MAX_CHARACTERS; the score is its best passage's."""

    document: int
    start: int
    end: int
    score: float


def widened(index: Index, ranking: Ranking, k: int) -> list[Extract]:
    """The best `k` extracts: whole sentences around each passage that no better one holds, its own section first.

    A page without text has none.
    """
    taken: set[int] = set()
    found: list[Extract] = []
    for passage, score in zip(ranking.passages.tolist(), ranking.scores.tolist(), strict=True):
        if len(found) == k:
            break
        row = index.passages[passage]
        first, last = int(row["first"]), int(row["last"])
        # what a better extract reaches into, it reaches from one side
        while first < last and first in taken:
            first += 1
        while first < last and last - 1 in taken:
            last -= 1
        if first == last:
            continue
        first, last = _grown(index, passage, first, last, taken)
        taken.update(range(first, last))
        start, end = int(index.sentences["start"][first]), int(index.sentences["end"][last - 1])
        found.append(Extract(int(row["document"]), start, end, score))
    return found


def _grown(index: Index, passage: int, first: int, last: int, taken: set[int]) -> tuple[int, int]:
    """Sentences [first, last) with as many of their free neighbours as fit, evenly on both sides."""
    sentences, passages = index.sentences, index.passages
    start, end = int(sentences["start"][first]), int(sentences["end"][last - 1])
    middle = start + end
    for fields in (["document", "heading_start", "heading_end"], ["document"]):
        home = [passages[field][passage] for field in fields]
        while True:
            nearest: tuple[int, int] | None = None
            for at in (first - 1, last):
                if not 0 <= at < len(sentences) or at in taken:
                    continue
                if [passages[field][sentences["passage"][at]] for field in fields] != home:
                    continue
                low, high = min(start, int(sentences["start"][at])), max(end, int(sentences["end"][at]))
                if high - low <= MAX_CHARACTERS:
                    nearest = min(nearest or (abs(low + high - middle), at), (abs(low + high - middle), at))
            if nearest is None:
                break
            first, last = min(first, nearest[1]), max(last, nearest[1] + 1)
            start, end = int(sentences["start"][first]), int(sentences["end"][last - 1])
    return first, last
