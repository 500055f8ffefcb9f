"""The part in which an answer names a brand: compared, listed or only named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.extract import Brand, Matcher, Mention
from monitor.roles import Part, Role, parts

NAMES = ("Plumwick", "Torvane", "Ashlode", "Norvik")
MATCHER = Matcher([Brand(number, name) for number, name in enumerate(NAMES)])


def told(text: str) -> dict[str, Role]:
    """The role of the first mention of each brand."""
    mentions = MATCHER.mentions(text)
    found: dict[str, Role] = {}
    for mention, part in zip(mentions, parts(text, mentions), strict=True):
        found.setdefault(NAMES[mention.brand_id], part.role)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "Plumwick is cheaper than Torvane.",
        "Plumwick's plan is cheaper than Torvane's.",
        "Plumwick is cheaper than rivals like Torvane.",
        "[Plumwick](https://a.example) is better than [Torvane](https://b.example) [1].",
        "Unlike Plumwick, Torvane has an app.",
        "Plumwick vs. Torvane: which one fits?",
        "A good alternative to Plumwick is Torvane.",
        "Plumwick bills by the hour, while Torvane bills by the day.",
        "While Plumwick is cheap, Torvane is fast.",
        "Plumwick is fine, but Torvane is better.",
        "Choose Plumwick over Torvane.",
        "Plumwick beats Torvane on price.",
        "Many teams switched from Plumwick to Torvane.",
        "You have to choose between Plumwick and Torvane.",
        "People often compare Plumwick to Torvane.",
        "- Plumwick: cheaper than Torvane",
        "Im Gegensatz zu Plumwick ist Torvane günstiger.",
        "Plumwick ist günstiger als Torvane.",
        "Plumwick est moins cher que Torvane.",
        "Contrairement à Plumwick, Torvane est gratuit.",
        "Plumwick es más barato que Torvane.",
        "A diferencia de Plumwick, Torvane tiene una app.",
        "Plumwick é mais barato do que Torvane.",
        "Plumwick è più economico di Torvane.",
        "Plumwick is goedkoper dan Torvane.",
        "Plumwick jest tańszy niż Torvane.",
        "Plumwick дешевле, чем Torvane.",
        "В отличие от Plumwick, Torvane бесплатен.",
        "PlumwickはTorvaneより安いです。",
        "Plumwick比Torvane便宜。",
        "与Plumwick相比，Torvane更便宜。",  # noqa: RUF001 - a Chinese comma
        "Plumwick는 Torvane보다 저렴합니다.",
        "Plumwick أرخص من Torvane.",
        "Plumwick lebih murah daripada Torvane.",
        "Plumwick rẻ hơn Torvane.",
        "Plumwick Torvane से सस्ता है।",
    ],
)
def test_two_that_are_set_against_each_other_are_compared(text: str) -> None:
    assert told(text) == {"Plumwick": "compared", "Torvane": "compared"}


@pytest.mark.parametrize(
    "text",
    [
        "Good alternatives to Plumwick are easy to find.",
        "The best Plumwick alternatives of the year",
        "Plumwick is cheaper than Microsoft Excel.",
        "Instead of Notion, use Plumwick.",
    ],
)
def test_one_may_be_set_against_what_is_not_watched(text: str) -> None:
    assert told(text) == {"Plumwick": "compared"}


def test_all_that_stand_together_on_a_side_are_compared() -> None:
    assert set(told("Plumwick, Torvane and Ashlode are cheaper than Norvik.").values()) == {"compared"}
    assert set(told("Norvik is faster than both Torvane and Ashlode.").values()) == {"compared"}
    many = told("Alternatives to Plumwick include Torvane, Ashlode and Norvik.")
    assert many == {"Plumwick": "compared", "Torvane": "listed", "Ashlode": "listed", "Norvik": "listed"}


@pytest.mark.parametrize(
    "text",
    [
        "Popular tools are Plumwick, Torvane and Ashlode.",
        "Plumwick, Torvane, and Ashlode all offer a trial.",
        "Consider **Plumwick** (best for teams), **Torvane** (cheapest), and **Ashlode** (open source).",
        "Try [Plumwick](https://a.example), [Torvane](https://b.example), or [Ashlode](https://c.example).",
        "It costs $39 with Plumwick, $1,076 with Torvane and $96 with Ashlode.",
        "31 percent use Plumwick, 24 percent use Torvane and 20 percent use Ashlode.",
        "Beliebt sind Plumwick, Torvane und Ashlode.",
        "Les outils connus sont Plumwick, Torvane et Ashlode.",
        "Las opciones son Plumwick, Torvane y Ashlode.",
        "推荐Plumwick、Torvane和Ashlode。",
        "おすすめはPlumwick、Torvane、Ashlodeです。",
        "- Plumwick\n- Torvane: three plans\n- **Ashlode**",
        "1. Plumwick\n2) **Torvane** – since 2009\n3. [Ashlode](https://c.example)",
        "| Tool | Price |\n|---|---|\n| Plumwick | $12 |\n| **Torvane** | $9 |\n| Ashlode | $8 |",
        "### 1. Plumwick\nFast.\n### 2. Torvane\nSlow.\n### 3. Ashlode\nNew.",
        "- **Best overall:** Plumwick\n- Best value: Torvane\n- For teams: Ashlode",
    ],
)
def test_three_in_a_row_and_entries_of_lists_are_listed(text: str) -> None:
    assert told(text) == {"Plumwick": "listed", "Torvane": "listed", "Ashlode": "listed"}


def test_a_row_may_hold_others_than_brands_that_are_watched() -> None:
    for text in ("Popular tools are Asana, Trello, Plumwick and Notion.", "Plumwick, Asana and Trello connect to it."):
        assert told(text) == {"Plumwick": "listed"}


@pytest.mark.parametrize(
    "text",
    [
        "Plumwick was founded in 2009.",
        "Plumwick and Torvane are based in Oslo.",
        "Plumwick is owned by Torvane.",
        "Plumwick integrates with Torvane.",
        "But Plumwick costs $5 and Torvane costs $7.",
        "Plumwick is cheaper than ever.",
        "Plumwick makes shoes for men and Torvane for women.",
        "Plumwick has been around for more than ten years, Torvane for two.",
        "Other than Plumwick, nothing was tested.",
        "- The plans of Plumwick start at $5",
        "## Plumwick",
        "If you like speed, Plumwick and others, such as a fast one, are good.",
        "Plumwick is cheap. Torvane is faster than a train.",
        "Plumwick, Plumwick and Plumwick.",
    ],
)
def test_what_is_neither_is_only_named(text: str) -> None:
    assert set(told(text).values()) == {"named"}


words = st.sampled_from(
    [
        *NAMES,
        "than",
        "unlike",
        "and",
        ",",
        ", and",
        "vs",
        "but",
        "while",
        "between",
        "\n- ",
        "| ",
        ". ",
        "**",
        "比",
        "と",
        "(",
        ")",
    ]
)


@given(st.one_of(st.lists(words, max_size=14).map(" ".join), st.text(max_size=60)))
def test_every_mention_of_any_text_has_one_role(text: str) -> None:
    mentions = MATCHER.mentions(text)
    found = parts(text, mentions)
    assert len(found) == len(mentions) and {part.role for part in found} <= {"compared", "listed", "named"}
    # what follows on another line changes nothing, and neither do more mentions of other sentences
    longer = f"{text}\n\nAsana is cheaper than Norvik."
    more = MATCHER.mentions(longer)
    assert parts(longer, more)[: len(found)] == found


@given(st.lists(st.sampled_from(NAMES), min_size=3, max_size=4, unique=True), st.sampled_from(["and", "or", "&"]))
def test_a_row_of_brands_in_any_order_is_a_list(names: list[str], last: str) -> None:
    text = f"You may look at {', '.join(names[:-1])} {last} {names[-1]}."
    assert told(text) == dict.fromkeys(names, "listed")


@given(st.permutations(NAMES), st.sampled_from(["x", "Some say that", "In 2024"]))
def test_the_sides_of_a_comparison_are_compared_whoever_they_are(names: list[str], lead: str) -> None:
    one, other, *_ = names
    assert told(f"{lead} {one} is safer than {other}.") == {one: "compared", other: "compared"}


def test_a_line_without_an_end_is_read_piece_by_piece() -> None:
    text = "Plumwick is cheaper than Torvane, " * 100
    mentions = MATCHER.mentions(text)
    assert len(mentions) == 200 and {part.role for part in parts(text, mentions)} == {"compared"}


def test_mentions_may_be_any_spans() -> None:
    assert parts("", []) == []
    assert parts("abc", [Mention(0, 0, 3, "abc", 1), Mention(1, 0, 1, "a", 2)]) == [Part("named", None)] * 2
