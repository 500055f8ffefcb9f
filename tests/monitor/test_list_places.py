"""Which place a brand has in the lists of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract import Brand, Matcher
from monitor.list_places import LAST, ListPlaces
from monitor.roles import parts

NAMES = ("Plumwick", "Torvane", "Ashlode", "Norvik")
MATCHER = Matcher([Brand(number, name) for number, name in enumerate(NAMES)])


def places(text: str) -> list[tuple[str, int | None]]:
    """Each mention with its place."""
    mentions = MATCHER.mentions(text)
    return [(each.text, part.place) for each, part in zip(mentions, parts(text, mentions), strict=True)]


def lines(text: str) -> list[int | None]:
    """The place of each line that is not blank."""
    listed, at, found = ListPlaces(text), 0, []
    for line in text.split("\n"):
        if line.strip():
            found.append(listed.at(at + len(line) - len(line.lstrip())))
        at += len(line) + 1
    return found


def test_items_rows_and_things_told_in_a_row_have_a_place_and_other_mentions_none() -> None:
    text = (
        "For small teams Ashlode is known.\n\n"
        "1. **Plumwick**: cheap, unlike Ashlode\n2. Best for big teams: Torvane\n3. [Norvik](https://n.example)\n\n"
        "Others are Ashlode, Torvane, Norvik and Plumwick.\n\n"
        "| Tool | Price |\n|---|---|\n| Norvik | $1 |\n| Plumwick | $2 |\n"
    )
    assert places(text) == [
        ("Ashlode", None), ("Plumwick", 1), ("Ashlode", None), ("Torvane", 2), ("Norvik", 3),
        ("Ashlode", 1), ("Torvane", 2), ("Norvik", 3), ("Plumwick", 4), ("Norvik", 1), ("Plumwick", 2),
    ]  # fmt: skip


def test_what_is_compared_within_a_list_has_its_place_there_too() -> None:
    text = "- Torvane\n- Plumwick: cheaper than Ashlode"
    (_, first), (name, second), (_, other) = places(text)
    assert (first, name, second, other) == (1, "Plumwick", 2, None)
    assert [part.role for part in parts(text, MATCHER.mentions(text))] == ["listed", "compared", "compared"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. a\n\ntext\n\n2. b\n\ntext\n\n3. c", [1, None, 2, None, 3]),
        ("1. a\n\ntext\n\n1. b\n\n1. c", [1, None, 2, 3]),
        ("1. a\n2. b\n\nand\n\n1. c\n2. d", [1, 2, None, 1, 2]),
        ("4. a\n5. b", [4, 5]),
        ("- a\n- b\n\ntext\n\n- c", [1, 2, None, 1]),
        ("* a\n  more of it\n* b", [1, None, 2]),
        ("- a\n    - b\n    - c\n- d\n    - e", [1, 1, 2, 2, 1]),
        ("1. a\n- b\n- c\n2. d\n- e", [1, 1, 2, 2, 1]),
        ("1. a\n   - b\n1. c\n   - d", [1, 1, 2, 1]),
        ("### 1. a\ntext\n- b\n### 2. c\n## Others\n### 1. d", [1, None, 1, 2, None, 1]),
        ("(1) a\n(2) b", [1, 2]),
        ("| Tool | a |\n| --- | :-: |\n| b | c |\n| d | e |", [None, None, 1, 2]),
        ("| a |\n|---|\n| b |\n\ntext\n\n| c |\n|---|\n| d |", [None, None, 1, None, None, None, 1]),
        ("text - a\n2 b\n3.5 c\n#4 d", [None, None, None, None]),
    ],
)
def test_lists_are_read_as_people_write_them(text: str, expected: list[int | None]) -> None:
    assert lines(text) == expected


@given(st.text(alphabet="-*+•|#123. \n\tab", max_size=80), st.integers(0, 90))
def test_any_text_has_places_that_can_be_asked_for(text: str, position: int) -> None:
    place = ListPlaces(text).at(position)
    assert place is None or 0 <= place <= LAST


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8), st.sampled_from(["- {}", "{n}. {}", "### {n}. {}\nx"]))
def test_the_items_of_one_list_have_the_places_from_one_on(names: list[str], form: str) -> None:
    text = "\n".join(form.format(name, n=number) for number, name in enumerate(names, start=1))
    assert places(text) == [(name, number) for number, name in enumerate(names, start=1)]


def test_a_list_without_an_end_is_read_in_one_pass() -> None:
    listed = ListPlaces("- a\n" * 50_000)
    assert listed.at(4 * 49_999) == LAST
