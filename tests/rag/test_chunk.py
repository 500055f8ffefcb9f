"""Sentences and passages: exact offsets, every word once, never beyond a limit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import MAX_CHARACTERS, heading_text, sentences, split

LIMIT = 60

WILD = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("ab cd. ! ? \n\r\u2028\u3002\u6f22\u0301\u00a0\t1.\u2026)\u201d[2]\ud800")
    ),
    max_size=600,
)


def tokenize(texts: Sequence[str]) -> list[list[int]]:
    """A stand-in with the traits of a real one: a few characters a token, blanks none."""
    return [[1 for word in text.split() for _ in range(-(-len(word) // 4))] for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains. It pours!", ["It rains.", "It pours!"]),
        ("Dr. Ito paid 3.5 dollars, e.g. for tea. Fine.", ["Dr. Ito paid 3.5 dollars, e.g. for tea.", "Fine."]),
        ("J. R. Smith of Foo Inc. wrote it.", ["J. R. Smith of Foo Inc. wrote it."]),
        ("We moved to the U.S. The rest stayed.", ["We moved to the U.S.", "The rest stayed."]),
        ("\u201cReally?\u201d she said. No.", ["\u201cReally?\u201d she said.", "No."]),
        ("He left (at last.) Then she came.", ["He left (at last.)", "Then she came."]),
        ("1. Mix it. 2. Bake it.", ["1. Mix it.", "2.", "Bake it."]),
        ("\u96e8\u304c\u964d\u308b\u3002\u6674\u308c\uff01", ["\u96e8\u304c\u964d\u308b\u3002", "\u6674\u308c\uff01"]),
        ("One line\nand another\r\n\r\nlast", ["One line", "and another", "last"]),
        ("Noted.[12] Next one.", ["Noted.[12]", "Next one."]),
        ("Wait\u2026 what? Yes.", ["Wait\u2026 what?", "Yes."]),
    ],
)
def test_sentences_end_where_a_reader_says(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(WILD)
def test_sentences_hold_every_word_once_and_in_order(text: str) -> None:
    spans = sentences(text)
    assert all(a_end <= b_start for (_, a_end), (b_start, _) in zip(spans, spans[1:], strict=False))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


@given(WILD, st.text(max_size=80))
def test_passages_hold_every_word_once_within_the_limits(text: str, title: str) -> None:
    passages = split(text, tokenize, LIMIT, title)
    for passage in passages:
        assert passage.end - passage.start <= MAX_CHARACTERS
        assert len(passage.tokens) <= LIMIT
        assert text[passage.start : passage.end] == text[passage.start : passage.end].strip() or not passage.sentences
        for (start, end), (first, last) in zip(passage.sentences, passage.token_spans, strict=True):
            assert passage.start <= start < end <= passage.end
            assert list(passage.tokens[first:last]) == tokenize([text[start:end]])[0]
    held = "".join("".join(text[start:end].split()) for passage in passages for start, end in passage.sentences)
    assert held == "".join(text.split())


@pytest.mark.parametrize("text", ["x" * 10_000, "\u6f22" * 10_000, "word " * 5_000, "a" * 1199 + " " + "b" * 1300])
def test_a_text_without_sentences_is_still_cut(text: str) -> None:
    passages = split(text, tokenize, 254, "A title")
    assert all(passage.end - passage.start <= MAX_CHARACTERS and len(passage.tokens) <= 254 for passage in passages)
    assert sum(len(text[passage.start : passage.end].replace(" ", "")) for passage in passages) == len(
        text.replace(" ", "")
    )


def test_a_passage_knows_its_heading_and_a_heading_stays_with_its_text() -> None:
    body = "This sentence belongs to its heading and says something about it. " * 9
    text = f"Boiling\n{body.strip()}\nDescaling\n{body.strip()}"
    passages = split(text, tokenize, 254)
    headings = [heading_text(text, passage.heading) for passage in passages]
    assert headings == sorted(headings) and set(headings) == {"Boiling", "Descaling"}
    assert all(not text[passage.start : passage.end].endswith(("Boiling", "Descaling")) for passage in passages)


def test_a_page_with_a_title_alone_is_one_empty_passage() -> None:
    assert [(p.start, p.end) for p in split(" \n", tokenize, 254, "Only a title")] == [(0, 0)]
    assert split("", tokenize, 254) == []
