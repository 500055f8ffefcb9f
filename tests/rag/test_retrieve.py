"""Ranking: each mode, equal results in any company, and questions that match nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag.index import Document, Index
from rag.index_build import build
from rag.retrieve import MODES, Mode, by_document, rank, rank_many
from rag.words import terms

if TYPE_CHECKING:
    from pathlib import Path

    from inference.embed import Embedder

QUESTIONS = ["Which kettle is best?", "How do I get rid of limescale?", "When does the night train leave?", "zzz", ""]


@pytest.mark.parametrize("mode", MODES)
def test_the_page_about_it_comes_first(index: Index, embedder: Embedder, mode: Mode) -> None:
    vectors = embedder.encode(QUESTIONS, "query")
    found = [by_document(index, ranking, 1) for ranking in rank_many(index, QUESTIONS, vectors, mode)]
    assert [index.documents[row[0][0]].id for row in found[:3]] == ["1", "2", "3"]
    if mode == "lexical":
        assert found[3:] == [[], []]


def test_a_question_ranks_alike_alone_and_in_a_batch(index: Index, embedder: Embedder) -> None:
    together = rank_many(index, QUESTIONS, embedder.encode(QUESTIONS, "query"))
    for question, ranking in zip(QUESTIONS, together, strict=True):
        alone = rank(index, question, embedder.encode([question], "query")[0])
        assert alone.passages.tolist() == ranking.passages.tolist()
        assert alone.scores.tobytes() == ranking.scores.tobytes()
        assert list(ranking.scores) == sorted(ranking.scores, reverse=True)


def test_equal_passages_rank_in_document_order(embedder: Embedder, tmp_path: Path) -> None:
    text = "The ferry to the island leaves every hour from the old pier."
    build(tmp_path / "1", [Document(str(n), "", "Ferries", text) for n in range(25)], embedder)
    opened = Index.open(tmp_path / "1")
    for mode in MODES:
        ranking = rank(opened, "When does the ferry leave?", embedder.encode(["When does the ferry leave?"])[0], mode)
        assert ranking.passages.tolist() == list(range(25))


def test_what_the_rest_of_its_page_says_counts_for_a_passage(embedder: Embedder, tmp_path: Path) -> None:
    shared = "The toll is paid at the booth before the barrier.\n" + "It opens at dawn and closes at dusk. " * 30
    rest = "\n" + "Harrowgate bridge was rebuilt in stone. " * 30
    documents = [
        Document("plain", "", "", shared + "\n" + "Weather here is mild. " * 50),
        Document("bridge", "", "", shared + rest),
    ]
    build(tmp_path / "1", documents, embedder)
    opened = Index.open(tmp_path / "1")
    question = "Where is the toll paid at Harrowgate bridge?"
    ranking = rank(opened, question, embedder.encode([question], "query")[0])
    tolls = [int(row) for row in ranking.passages if opened.passages["start"][row] == 0]
    assert [opened.documents[opened.passages["document"][row]].id for row in tolls] == ["bridge", "plain"]


def test_how_many_are_asked_for_does_not_change_how_documents_rank(embedder: Embedder, tmp_path: Path) -> None:
    towns = [f"Town {n} has a ferry to isle {n * 7 % 260} and a market on day {n % 9}." for n in range(260)]
    build(tmp_path / "1", [Document(str(n), "", "", text) for n, text in enumerate(towns)], embedder)
    opened = Index.open(tmp_path / "1")
    question = "Which town has a market on day 4 and ships to isle 21?"
    vector = embedder.encode([question], "query")[0]
    few, many = (rank(opened, question, vector, depth=depth, by="document") for depth in (200, 260))
    assert few.passages[:50].tolist() == many.passages[:50].tolist()
    assert few.scores[:50].tolist() == many.scores[:50].tolist()


def test_documents_rank_alike_where_all_are_alike(embedder: Embedder, tmp_path: Path) -> None:
    build(tmp_path / "1", [Document(str(n), "", "Ferries", "The ferry leaves hourly.") for n in range(9)], embedder)
    opened = Index.open(tmp_path / "1")
    for question in ("When does the ferry leave?", "zzz"):
        ranking = rank(opened, question, embedder.encode([question], "query")[0], by="document")
        assert ranking.passages.tolist() == list(range(9)) and not ranking.scores.any()


def test_an_empty_index_ranks_nothing(embedder: Embedder, tmp_path: Path) -> None:
    build(tmp_path / "1", [], embedder)
    opened = Index.open(tmp_path / "1")
    for mode in MODES:
        assert not len(rank(opened, "kettle", np.ones(embedder.dimension, np.float32), mode).passages)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The kettle's boiling; kettles boiled!", ["kettl", "boil", "kettl", "boil"]),
        ("Caf\u00e9 CAFE\u0301 cafe", ["cafe", "cafe", "cafe"]),
        ("It costs 1,000.50 or 3.5", ["cost", "1000.50", "3.5"]),
        ("\u6f22\u5b57abc \ud55c\uad6d\uc5b4", ["\u6f22", "\u5b57", "abc", "\ud55c\uad6d\uc5b4"]),
        ("What is it that you do?", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected
