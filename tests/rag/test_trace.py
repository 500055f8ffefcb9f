"""Places in a ranking: every document once, at its best passage, with a score that its two parts make up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inference.answer import Question
from rag.assistant import RECORDED, LocalAssistant
from rag.index import Index
from rag.retrieve import by_document, rank
from rag.trace import asked_words, places, recorded, whole

if TYPE_CHECKING:
    from inference.embed import Embedder

QUESTION = "Which kettle is the best and how do I descale it?"


def test_every_document_stands_once_where_its_best_passage_does(index: Index, embedder: Embedder) -> None:
    ranking = rank(index, QUESTION, embedder.encode([QUESTION], "query")[0])
    found = places(index, ranking)
    assert [place.rank for place in found] == list(range(1, len(found) + 1))
    expected = by_document(index, ranking, 100)
    assert [(place.document, place.score) for place in found] == [
        (index.documents[number].id, score) for number, score in expected
    ]
    for place in found:
        assert place.dense + place.lexical == pytest.approx(place.score, abs=1e-5)
        assert min(place.dense, place.lexical) >= 0
        text = next(document.text for document in index.documents if document.id == place.document)
        assert text[place.start : place.end].strip()
    assert places(index, ranking, 1) == found[:1]
    # one without words in common stands by its meaning alone
    assert found[-1].lexical < found[0].lexical


def test_an_answer_records_the_ranking_that_it_was_made_from(index: Index, embedder: Embedder) -> None:
    assistant = LocalAssistant(index, embedder)
    first, again = (answer for _, answer in assistant.answer_many([Question(QUESTION, seed=seed) for seed in (1, 2)]))
    here = recorded(first.raw)  # type: ignore[union-attr]
    assert here == recorded(again.raw) and 0 < len(here) <= RECORDED  # type: ignore[union-attr]
    (deep,) = whole(index, embedder, [QUESTION])
    assert [(p.document, p.start, p.end, p.rank) for p in here] == [
        (p.document, p.start, p.end, p.rank) for p in deep[: len(here)]
    ]
    assert [p.score for p in here] == pytest.approx([p.score for p in deep[: len(here)]], abs=1e-4)
    assert {source.url for source in first.retrieved or ()} <= {  # type: ignore[union-attr]
        document.url for document in index.documents if document.id in {place.document for place in here}
    }
    assert recorded(b'{"format": 1, "sources": []}') == []


def test_the_questions_words_are_told_apart() -> None:
    has, lacks = asked_words("Which kettles are best, and cheapest?", "The Aldera is the best kettle of all.")
    assert (has, lacks) == (["kettles", "best"], ["cheapest"])
    assert asked_words("", "text") == asked_words("the and of", "text") == ([], [])
    has, lacks = asked_words("\u6c34\u58f6", "\u6c34")
    assert (has, lacks) == (["\u6c34"], ["\u58f6"])
