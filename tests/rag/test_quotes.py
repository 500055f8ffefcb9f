"""What may be quoted: no furniture, names where something is to be picked, and pages about the thing asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inference.answer import Question
from rag.assistant import LocalAssistant
from rag.index import Document, Index
from rag.index_build import build
from rag.quotes import proper
from rag.wording import Kind, kinds_of

if TYPE_CHECKING:
    from pathlib import Path

    from inference.embed import Embedder


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Aldera is the best kettle for a small kitchen.", True),
        ("For most people we recommend the Brookvale Mini.", True),
        ("The best kettle is the one that boils fast.", False),
        ("Any kettle with a USB port is good.", False),
    ],
)
def test_a_name_is_one_that_the_question_did_not_give(text: str, named: bool) -> None:
    assert proper(text, {"which", "kettle", "is", "best"}) is named


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("How do trams, trains and buses compare?", (Kind.COMPARE,)),
        ("How do trams work and how do I board one?", (Kind.STEPS, Kind.MEANING)),
        ("What is the best kettle?", (Kind.PICK,)),
        ("What is a tram and do I need it?", (Kind.STEPS, Kind.MEANING)),
    ],
)
def test_a_question_for_several_things(question: str, kinds: tuple[Kind, ...]) -> None:
    assert kinds_of(question) == kinds


def test_headlines_praise_of_oneself_and_other_goods_stay_out(embedder: Embedder, tmp_path: Path) -> None:
    tricycles = """The best tricycles for hauling
Best tricycles for hauling 2026: Top picks and expert advice.
A series of videos that introduce the best tricycles for hauling.
Our award-winning tricycles are the best for hauling anything.
For hauling we recommend the Brookvale Hauler tricycle because it carries ninety kilos uphill."""
    barrows = """The best barrows for hauling
For hauling we recommend the Aldera Push barrow because it is the best on gravel."""
    documents = [
        Document("1", "https://a.example/best-tricycles", "The best tricycles for hauling", tricycles),
        Document("2", "https://b.example/best-barrows", "The best barrows for hauling", barrows),
    ]
    build(tmp_path / "1", documents, embedder)
    answer = LocalAssistant(Index.open(tmp_path / "1"), embedder).answer(
        Question("Which tricycle is best for hauling?")
    )
    assert "Brookvale Hauler" in answer.text
    for unsaid in ("Top picks", "series of videos", "award-winning", "Aldera"):
        assert unsaid not in answer.text


def test_a_long_guides_awards_are_found_wherever_they_stand(embedder: Embedder, tmp_path: Path) -> None:
    talk = "\n\n".join(
        f"Which cargo tricycle is recommended this year? Chapter {number}\n"
        + " ".join(
            f"A cargo tricycle of the year is recommended for reason {number}.{reason}, as every cargo tricycle is."
            for reason in range(12)
        )
        for number in range(8)
    )
    awards = """
Best overall: Brookvale Hauler
The Brookvale Hauler carries ninety kilos uphill without a murmur.

Premium protection
Aldera Shed Cover

Best for hills: We tried them all"""
    build(tmp_path / "1", [Document("1", "https://a.example/guide", "Cargo tricycles", talk + awards)], embedder)
    answer = LocalAssistant(Index.open(tmp_path / "1"), embedder).answer(
        Question("Which cargo tricycle is recommended this year?")
    )
    assert "Best overall: Brookvale Hauler [1]" in answer.text
    assert "Aldera" not in answer.text and "We tried" not in answer.text
