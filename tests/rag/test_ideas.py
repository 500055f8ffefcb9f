"""Ideas for prompts: which lines are questions that stand by themselves, what titles promise, and what pages answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.embed import get_embedder
from rag.ideas import ideas, of_line, of_title, questions_of
from rag.index import Document, Index
from rag.index_build import build


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("What is a private cloud?", "What is a private cloud?"),
        ("  ## 3. how  do index funds work?", "How do index funds work?"),
        ("Q: Can I withdraw from index funds?", ""),  # "I" leans on somebody who speaks
        ("- Who should buy the Acer Swift 16?", "Who should buy the Acer Swift 16?"),
        ("Wie lange hält eine Wärmepumpe?", "Wie lange hält eine Wärmepumpe?"),
        ("蒸気アイロンの寿命はどのくらいですか？", "蒸気アイロンの寿命はどのくらいですか？"),  # noqa: RUF001
        ("Why Listen to Us?", ""),
        ("So what is the risk?", ""),
        ("Is it worth the money?", ""),
        ("Do you offer refunds on kettles?", ""),
        ("Questions?", ""),
        ("What kettle is best. And why?", ""),
        ("A kettle boils in two minutes.", ""),
        ("What " + "very " * 60 + "long kettle?", ""),
    ],
)
def test_a_line_is_an_idea_when_it_asks_something_by_itself(line: str, question: str) -> None:
    assert of_line(line) == question


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("The 9 Best Kettles of 2026 | Kettle House", "What are the best Kettles?"),
        ("Best accounting software for freelancers (tested)", "What are the best accounting software for freelancers?"),
        ("Best Bread Machine - Kitchen Weekly", "What is the best Bread Machine?"),
        ("Quillmark vs. Fernwood", "Quillmark or Fernwood: which is better?"),
        ("How to Descale a Kettle", "How do I descale a Kettle?"),
        ("Quillmark Alternatives", "What are the alternatives to Quillmark?"),
        ("Quillmark pricing", "How much does Quillmark cost?"),
        ("Best of our blog", ""),
        ("About Kettle House", ""),
        ("", ""),
    ],
)
def test_a_title_promises_an_answer(title: str, question: str) -> None:
    assert of_title(title) == question


def test_endless_lines_and_titles_are_read_to_their_end() -> None:
    question = "What is a kettle made of?"
    assert of_line("1." * 200_000 + question) == of_line("> - " * 100_000 + question) == question
    assert of_line("?" * 200_000) == of_title("(" * 200_000) == of_title("[" * 200_000 + "]") == ""
    assert of_title("Best kettles | " + "Kettle House " * 20_000) == "What are the best kettles?"


@given(st.text(max_size=400), st.text(max_size=200))
def test_whatever_a_page_says_an_idea_is_one_line_that_asks(text: str, title: str) -> None:
    for question, _ in questions_of(title, text):
        assert question == " ".join(question.split()) and question[-1] in "?\uff1f\u061f" and len(question) <= 140


def test_only_what_a_page_answers_is_an_idea_and_nothing_is_asked_twice(tmp_path: Path) -> None:
    faq = (
        "How long does a steel kettle last?\nA steel kettle lasts about ten years when it is descaled twice a year.\n"
        "How fast does a kettle boil water?\nA kettle boils a litre of water in two minutes at full power.\n"
    )
    others = [
        Document(f"o{n}", f"https://o{n}.example/", f"Trombone lesson {n}", f"A trombone slide wants oil, part {n}.")
        for n in range(6)
    ]
    mentions = "What does a trombone cost in Vienna?\nThis page is about kettles, and kettles are all it knows of.\n"
    documents = [
        Document("faq", "https://a.example/faq", "Kettle questions", faq),
        Document("again", "https://b.example/faq", "How long will a steel kettle last?", faq),
        Document("no", "https://c.example/", "Kettles", mentions),
        *others,
    ]
    told: list[Any] = []
    embedder = get_embedder()
    build(tmp_path / "index", documents, embedder)
    index = Index.open(tmp_path / "index")
    known = ["How fast does a kettle boil water?"]
    found = ideas(index, embedder, ["faq", "again", "no"], known, most=20, progress=lambda *at: told.append(at))
    assert [idea.question for idea in found] == ["How long does a steel kettle last?"]
    (idea,) = found
    assert "ten years" in faq[idea.start : idea.end] and idea.asked and idea.rank <= 3
    assert told[0][0] == 0 and told[-1][0] == told[-1][1]
    assert ideas(index, embedder, ["o1"], [], most=20) == []
    assert len(ideas(index, embedder, ["faq"], [], most=1)) == 1
