"""Markdown as running words: nothing said is lost, no sign is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.prose import beginning, prose


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        (
            "**Fernwood** is best [1].\n\n- Quillmark is *cheaper*\n- Ask!\n",
            "Fernwood is best [1]. Quillmark is cheaper. Ask!",
        ),
        ("## Pens\n\nSee [the guide](https://a.example)\nand `ink`.", "Pens: See the guide and ink."),
        ("| a | b |\n|---|---|\n| 1 | |\n", "a, b. 1."),
        ("Named first [1][2].\n\n[1]: https://a.example\n[2]: https://b.example", "Named first [1][2]."),
        (
            "1. One\n   - two\n2. Three\n\nand <b>so</b> ![a pen](https://a.example/p.png)",
            "One. two. Three. and <b>so</b> a pen",
        ),
        ("- A guide [2]  \n  It says so. [2]", "A guide [2]: It says so. [2]"),
        ("", ""),
    ],
)
def test_markdown_becomes_running_words(markdown: str, words: str) -> None:
    assert prose(markdown) == words


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_none_runs_over_lines(text: str) -> None:
    assert "\n" not in prose(text)


@given(st.lists(st.from_regex(r"[a-zß好]{1,12}", fullmatch=True), min_size=1, max_size=40), st.integers(20, 200))
def test_a_beginning_fits_and_ends_with_a_whole_word(words: list[str], letters: int) -> None:
    text = " ".join(words)
    kept = beginning(text, letters)
    assert len(kept) <= letters + 2
    assert set(kept.split()) - {"…"} <= set(words)
