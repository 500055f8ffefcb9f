"""Why a document stands where it does in a ranking: its place, the passage that counted, and what its score is made of.

Also reads what a body of the local engine has recorded of that. Knows nothing of answers, or of whose a document is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.words import terms

if TYPE_CHECKING:
    from inference.embed import Embedder
    from rag.index import Index
    from rag.retrieve import Ranking

#: Passages looked at for the whole of a ranking: beyond, a place says nothing any more.
DEEPEST = 50_000
#: Questions embedded together.
BATCH = 16


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands: its rank from 1, its best passage `text[start:end]`, and the score it has by it.

    `dense` (nearness in meaning) and `lexical` (words in common) sum to `score`. Where a cross-encoder read the
    passage, `rank` is the place that it gave; `read` is its figure, from 0 to 1, and `found` the rank before.
    """

    document: str
    start: int
    end: int
    rank: int
    score: float
    dense: float
    found: int | None = None
    read: float | None = None

    @property
    def lexical(self) -> float:
        return round(self.score - self.dense, 6)

    def as_row(self) -> list[Any]:
        """What a body records of it; the rank is the row's number."""
        row = [self.document, self.start, self.end, round(self.score, 4), round(self.dense, 4)]
        return row if self.read is None else [*row, self.found, round(self.read, 4)]


def places(index: Index, ranking: Ranking, most: int | None = None) -> list[Place]:
    """The documents of a hybrid ranking, best first; each stands where its best passage does.

    `most` of them, and however many a cross-encoder read.
    """
    if ranking.before is not None:
        return _read_places(index, ranking, ranking.before, most)
    dense = ranking.dense if ranking.dense is not None else ranking.scores
    chosen = list(_first(index, ranking, most).values())
    passages = index.passages[ranking.passages[chosen]]
    columns = (passages["document"], passages["start"], passages["end"], ranking.scores[chosen], dense[chosen])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Place(index.documents[document].id, start, end, rank, score, part)
        for rank, (document, start, end, score, part) in enumerate(rows, start=1)
    ]


def _first(index: Index, ranking: Ranking, most: int | None = None) -> dict[int, int]:
    """Where in the ranking each document's best passage stands, the best document first."""
    first: dict[int, int] = {}
    for at, document in enumerate(index.passages["document"][ranking.passages].tolist()):
        if document not in first:
            if most is not None and len(first) >= most:
                break
            first[document] = at
    return first


def _read_places(index: Index, ranking: Ranking, before: Ranking, most: int | None) -> list[Place]:
    """The places that a cross-encoder gave, each with what the search made of the passage that counted."""
    dense = before.dense if before.dense is not None else before.scores
    was_at = {passage: at for at, passage in enumerate(before.passages.tolist())}
    found = {document: rank for rank, document in enumerate(_first(index, before), start=1)}
    # what it read is never below zero, and the rest is
    read = {document: at for document, at in _first(index, ranking).items() if ranking.scores[at] >= 0}
    most = None if most is None else max(most, len(read))
    places = []
    for rank, (document, at) in enumerate(_first(index, ranking, most).items(), start=1):
        passage = int(ranking.passages[at])
        row, old = index.passages[passage], was_at[passage]
        span, parts = (int(row["start"]), int(row["end"])), (float(before.scores[old]), float(dense[old]))
        by_reading = (found[document], float(ranking.scores[at])) if document in read else ()
        places.append(Place(index.documents[document].id, *span, rank, *parts, *by_reading))
    return places


def whole(index: Index, embedder: Embedder, questions: Sequence[str]) -> Iterator[list[Place]]:
    """For each question the places of all documents, as deep as a place says something; in order, as each is ranked."""
    from rag import retrieve

    depth = min(len(index.passages), DEEPEST)
    for at in range(0, len(questions), BATCH):
        batch = questions[at : at + BATCH]
        for text, vector in zip(batch, embedder.encode(batch, "query"), strict=True):
            yield places(index, retrieve.rank(index, text, vector, depth=max(depth, retrieve.DEPTH)))


def recorded(raw: bytes) -> list[Place]:
    """The first documents of the ranking behind an answer; none in bodies that were made before it was recorded."""
    rows = json.loads(raw).get("ranking") or []
    return [
        Place(str(document), int(start), int(end), rank, float(score), float(dense), *by_reading)
        for rank, (document, start, end, score, dense, *by_reading) in enumerate(rows, start=1)
    ]


def asked_words(question: str, text: str) -> tuple[list[str], list[str]]:
    """The question's words that tell something: those that `text` has in some form, and those that it lacks."""
    here = set(terms(text))
    has: list[str] = []
    lacks: list[str] = []
    for word in dict.fromkeys(question.split()):
        found = terms(word)
        # a script without blanks gives many terms of one piece
        for shown, term in (
            [(word.strip(".,;:!?\"'()[]«»“”"), found[0])] if len(found) == 1 else zip(found, found, strict=True)
        ):
            (has if term in here else lacks).append(shown)
    return has, lacks
