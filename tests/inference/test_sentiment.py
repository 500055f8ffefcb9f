"""Feelings towards one of the names in a sentence: they follow sides, denials and lists, and never the name itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sentiment import FEELINGS, Feeling, Named, SentimentReader, get_sentiment_reader
from inference.sentiment_features import FEATURES, features
from inference.sentiment_scene import scene

NAMES = ("Plumwick", "Torvane", "Ashlode")


@pytest.fixture(scope="module")
def reader() -> SentimentReader:
    return get_sentiment_reader("cpu")


def told(reader: SentimentReader, text: str) -> dict[str, Feeling]:
    """The feeling towards each of NAMES that the text holds."""
    spans = {name: (at, at + len(name)) for name in NAMES if (at := text.find(name)) >= 0}
    named = [Named(text, *span, [other for other in spans.values() if other != span]) for span in spans.values()]
    return dict(zip(spans, reader.read(named), strict=True))


@pytest.mark.parametrize(
    ("text", "feeling"),
    [
        ("Plumwick is the best choice for small studios.", "recommended"),
        ("I would recommend Plumwick to anyone who travels.", "recommended"),
        ("Not only is Plumwick quick, it is also very reliable.", "recommended"),
        ("No tool beats Plumwick.", "recommended"),
        ("You can't go wrong with Plumwick.", "recommended"),
        ("Plumwick isn't cheap, but it is the best.", "recommended"),
        ("Plumwick is not recommended.", "negative"),
        ("Avoid Plumwick.", "negative"),
        ("Plumwick is overpriced and unreliable.", "negative"),
        ("Plumwick lacks basic features.", "negative"),
        ("I don't think Plumwick is a good choice.", "negative"),
        ("Plumwick was founded in 2011 and is based in Ghent.", "neutral"),
        ("Plumwick offers three plans.", "neutral"),
        ("Plumwick shares jump 6% after record profit", "recommended"),
        ("Plumwick slumps to a two-year low on weak demand", "negative"),
        ("Plumwick appoints new finance chief", "neutral"),
        ("Plumwick's quarterly loss narrows", "recommended"),
        ("I can't recommend Plumwick enough.", "recommended"),
        ("No one regrets buying Plumwick.", "recommended"),
        ("Plumwick is rated 4.8 out of 5.", "recommended"),
        ("Plumwick is rated 1.4 out of 5 stars.", "negative"),
        ("Plumwick is rated 3.9 out of 5 stars.", "neutral"),
        ("Plumwick ist die beste Wahl.", "recommended"),
        ("Ich kann Plumwick nicht empfehlen.", "negative"),
        ("Plumwick est trop cher et peu fiable.", "negative"),
        ("Je recommande Plumwick.", "recommended"),
        ("Plumwick no vale la pena.", "negative"),
        ("Plumwick tiene su sede en Sevilla.", "neutral"),
    ],
)
def test_one_name(reader: SentimentReader, text: str, feeling: Feeling) -> None:
    assert told(reader, text) == {"Plumwick": feeling}


@pytest.mark.parametrize(
    "text",
    [
        "Plumwick beats Torvane.",
        "Plumwick is better than Torvane for invoices.",
        "Choose Plumwick over Torvane.",
        "Plumwick is excellent, while Torvane is slow and buggy.",
        "Avoid Torvane and use Plumwick.",
        "Torvane is worse than Plumwick.",
        "Torvane was beaten by Plumwick.",
        "Many teams switched from Torvane to Plumwick.",
        "I prefer Plumwick to Torvane.",
        "Skip Torvane and get a Plumwick instead.",
        "Instead of Torvane, go for Plumwick.",
        "Plumwick, not Torvane, is what I would recommend.",
        "Compared with Torvane, Plumwick offers better value.",
        "Torvane loses a fifth of its readers to Plumwick.",
        "Torvane printers break down more often than Plumwick.",
        "Plumwick ist besser als Torvane.",
        "Torvane es peor que Plumwick.",
    ],
)
def test_two_names_swapped_swap_their_feelings(reader: SentimentReader, text: str) -> None:
    assert told(reader, text) == {"Plumwick": "recommended", "Torvane": "negative"}
    swapped = text.replace("Torvane", "Ashlode").replace("Plumwick", "Torvane").replace("Ashlode", "Plumwick")
    assert told(reader, swapped) == {"Torvane": "recommended", "Plumwick": "negative"}


@pytest.mark.parametrize(
    ("plain", "denied"),
    [
        ("Plumwick is recommended.", "Plumwick is not recommended."),
        ("Plumwick is reliable.", "Plumwick is not reliable."),
        ("Plumwick is a good choice.", "Plumwick is hardly a good choice."),
        ("Plumwick works well.", "Plumwick never works well."),
    ],
)
def test_a_denial_turns_a_feeling_over(reader: SentimentReader, plain: str, denied: str) -> None:
    assert told(reader, plain) == {"Plumwick": "recommended"}
    assert told(reader, denied) == {"Plumwick": "negative"}


def test_names_listed_together_are_felt_about_alike(reader: SentimentReader) -> None:
    assert set(told(reader, "Plumwick, Torvane and Ashlode are excellent choices.").values()) == {"recommended"}
    assert set(told(reader, "Plumwick, Torvane and Ashlode are best avoided.").values()) == {"negative"}
    assert set(told(reader, "Tools to avoid:\n- Plumwick\n- Torvane").values()) == {"negative"}


def test_another_sentence_tells_nothing(reader: SentimentReader) -> None:
    text = "Plumwick offers three plans. Avoid Torvane, it is terrible.\n\nAshlode is excellent."
    assert told(reader, text) == {"Plumwick": "neutral", "Torvane": "negative", "Ashlode": "recommended"}


def test_a_bare_heading_is_read_with_what_follows(reader: SentimentReader) -> None:
    text = (
        "1. **Plumwick**\n   Excellent for remote teams, with superb support.\n2. **Torvane**\n   Slow and overpriced."
    )
    assert told(reader, text) == {"Plumwick": "recommended", "Torvane": "negative"}


@pytest.mark.parametrize("name", ["Best Buy", "Avoid Ltd", "Failsworth", "Superb & Sons", "Ω"])
def test_the_name_itself_counts_for_nothing(reader: SentimentReader, name: str) -> None:
    for text in ("{} offers three plans.", "{} is excellent.", "Avoid {}."):
        at = text.index("{}")
        bland = Named(text.format("Plumwick"), at, at + len("Plumwick"))
        loaded = Named(text.format(name), at, at + len(name))
        assert reader.read([bland]) == reader.read([loaded])


def test_order_and_neighbours_change_nothing(reader: SentimentReader) -> None:
    text = "Plumwick beats Torvane."
    one, other = Named(text, 0, 8, [(15, 22)]), Named(text, 15, 22, [(0, 8)])
    assert reader.read([]) == []
    assert reader.read([one, other]) == [*reader.read([one]), *reader.read([other])]
    assert reader.read([other, one]) == reader.read([one, other])[::-1]


@given(st.text(max_size=80), st.data())
def test_any_text_has_features(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    numbers = features(scene(text, start, end, [(0, start)] if start else []))
    assert numbers.shape == (len(FEATURES),)
    assert abs(numbers).max() < 10


def test_importing_it_loads_no_model() -> None:
    code = (
        "import sys, inference.sentiment; print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
    assert set(FEELINGS) == {"recommended", "neutral", "negative"}
