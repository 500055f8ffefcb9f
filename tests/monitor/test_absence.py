"""Sentences that only say that nothing was found: read once for all that they name, and told as for each by itself."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from monitor import absence
from monitor.absence import Absence
from monitor.extract import Brand, Matcher

BETTER = re.compile(r"\b(?:better|best|cheaper|faster|easier|worse|more|less|other)\b[^.]* than\b")
PIECES = (
    *("acme", "but", " ", ", ", ". ", ": ", "; ", "\n", ".", "but ", ", but ", "however ", "aber ", "但", "ですが"),
    *("i could not find any information about ", "no results for ", "is not mentioned", "nichts gefunden", "找不到"),
    *(
        "cheaper",
        "better ",
        "other",
        " than",
        " than ",
        "than",
        "like ",
        "reasons",
        "it ",
        "they ",
        "overall, it",
        "它",
    ),
)


def by_itself(sentence: str, start: int, end: int) -> bool:
    """The same, said plainly of one name: its clause lies between the turns around it."""
    if not absence._ABSENT.search(sentence):
        return False
    turns = [turn for turn in absence._TURN.finditer(sentence) if not start < turn.end() <= end]
    left = max((turn.end() for turn in turns if turn.end() <= start), default=0)
    right = min((turn.start() for turn in turns if turn.start() >= end), default=len(sentence))
    clause = sentence[left:right]
    if not absence._ABSENT.search(clause) or absence._COMPARED.search(clause) or BETTER.search(clause):
        return False
    after = next((turn.end() for turn in turns if turn.start() == right), None)
    return after is None or not absence._TAKEN_UP.match(sentence, after)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=24).map("".join), st.data())
def test_all_names_of_a_sentence_are_told_as_each_by_itself(sentence: str, data: st.DataObject) -> None:
    known = Absence(sentence)
    for _ in range(4):
        start = data.draw(st.integers(0, len(sentence) - 1))
        end = data.draw(st.integers(start + 1, len(sentence)))
        assert known.is_all_of(start, end) == by_itself(sentence, start, end)


def test_an_answer_of_one_endless_sentence_is_read_to_its_end() -> None:
    matcher = Matcher([Brand(1, "Fernwood"), Brand(2, "Quillmark")])
    sentence = "Fernwood is cheaper than Quillmark, "
    assert len(matcher.mentions(sentence * 5_000)) == 10_000
    denied = "I could not find Fernwood, cheaper and better and "
    assert matcher.mentions(denied * 5_000) == []


def test_runs_of_marks_and_of_letters_are_read_once() -> None:
    matcher = Matcher([Brand(1, "Fernwood", domains=("fernwood.example",))])
    assert len(matcher.mentions(f"Fernwood{'!' * 100_000}x Fernwood")) == 2
    assert len(matcher.mentions(f"{'a' * 200_000} a@b.example Fernwood")) == 1
    found = matcher.mentions("me@fernwood.example+fernwood@x.example, a@fernwood, b.c@d.fernwood.example Fernwood")
    assert [item.text for item in found] == ["fernwood", "Fernwood"]
