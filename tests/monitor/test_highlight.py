"""Answers are shown safely, and marking what was named and cited never changes what they say."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.highlight import ATTRIBUTES, TAGS, Mark, render

MARKDOWN = """# Best pens

**Fernwood** makes a *good* pen ([review](https://a.example/x?b=1&c=2)), so does `Nib` [1].

- One: Fernwood & Sons https://b.example/p
- Two: ~~old~~ [Quillmark](https://c.example)

| pen | price |
|---|---:|
| Fernwood | 3 |

> quoted Fernwood

```python
Fernwood = 1
```
"""


def span(text: str, words: str, kind: str = "mention", start: int = 0) -> Mark:
    at = text.index(words, start)
    return Mark(at, at + len(words), kind, words)  # type: ignore[arg-type]


class Marked(HTMLParser):
    """The text under marks of each class, and every tag that was met; closing tags must match."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.classes: list[str] = []
        self.feed(html)
        assert not self.stack, self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self.stack.append(tag)
        if tag == "mark":
            self.classes.append(dict(attrs)["class"] or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        if tag == "mark":
            self.classes.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((data, self.classes[-1] if self.classes else ""))

    def under(self, kind: str) -> str:
        return "".join(text for text, classes in self.texts if kind in classes.split())


def without_marks(html: str) -> str:
    return re.sub(r"</?mark[^>]*>", "", html)


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("The **Fernwood** pen", "Fernwood", "Fernwood"),
        ("The **Fernwood** pen", "**Fernwood** pen", "Fernwood pen"),
        ("See [Fernwood pens](https://a.example/f)", "Fernwood", "Fernwood"),
        ("See ([Fernwood](https://a.example/f)).", "([Fernwood](https://a.example/f))", "(Fernwood)"),
        ("Read https://a.example/f?x=1&y=2 now", "https://a.example/f?x=1&y=2", "https://a.example/f?x=1&y=2"),
        ("It is `Fernwood` here", "Fernwood", "Fernwood"),
        ("Good [1][2].", "[1]", "[1]"),
        ("# Fernwood\n\n- one\n- two", "# Fernwood\n\n- one\n- two", "Fernwoodonetwo"),
        ("| a | b |\n|---|---|\n| Fernwood | 2 |", "| Fernwood | 2 |", "Fernwood2"),
        ("日本のペンは書きやすい", "ペン", "ペン"),
        ("e\u0301té 🖋 Fernwood", "Fernwood", "Fernwood"),
    ],
)
def test_a_mark_stands_on_the_words_it_was_given_for(text: str, words: str, shown: str) -> None:
    html = render(text, [span(text, words)])
    assert Marked(html).under("mention") == shown
    assert without_marks(html) == render(text)


def test_overlapping_marks_share_their_words() -> None:
    text = "Take the **Fernwood Classic** pen today."
    marks = [span(text, "the **Fernwood"), span(text, "Fernwood Classic** pen", "cited")]
    html = Marked(render(text, marks))
    assert html.under("mention") == "the Fernwood"
    assert html.under("cited") == "Fernwood Classic pen"


def test_markup_scripts_and_odd_links_of_an_answer_stay_text() -> None:
    hostile = (
        "<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](/w/x/settings/) "
        '![c](https://evil.example/pixel.gif) [d](https://ok.example "t\\" onclick=x") <a href="data:text/html,x">e</a>'
    )
    met = Marked(render(hostile, [Mark(0, len(hostile), "cited", '"><script>')]))
    assert {tag for tag, _ in met.tags} <= {"p", "a", "mark"}
    assert [attrs["href"] for tag, attrs in met.tags if tag == "a"] == ["https://ok.example"]
    assert all(set(attrs) <= {"class", "title"} for tag, attrs in met.tags if tag == "mark")


WILD = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("*_`~[]()|#->!&<>\"'\\ \n\t.:/1ab\x01\x02\x03\x0e\x17\u00e9字🖋")), st.characters()
    ),
    max_size=60,
)


@given(
    text=st.one_of(WILD, st.just(MARKDOWN)),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 80)), max_size=5),
)
@example(text="*foo.*bar", cuts=[(5, 1)])
@example(text="a\x01\x0e\x03b", cuts=[(0, 3)])
@example(text="[x]: https://a.example\n\n[x]", cuts=[(0, 27)])
def test_marking_never_changes_the_answer_and_stays_well_formed(text: str, cuts: list[tuple[int, int]]) -> None:
    kinds = ("mention", "cited")
    marks = [Mark(a, a + n, kinds[i % 2], "l") for i, (a, n) in enumerate(cuts)]  # type: ignore[arg-type]
    html = render(text, marks)
    assert without_marks(html) == render(text)
    assert not re.search("[\x01-\x03\x0e-\x17]", html)
    for tag, attrs in Marked(html).tags:
        assert tag in TAGS | {"mark"}
        assert set(attrs) <= ATTRIBUTES.get(tag, set()) | {"class", "title", "rel"}


@given(
    st.lists(
        st.sampled_from(["Fernwood", "pen", "is *good*", "and **bold** too", "`code`", "[1]"]), min_size=1, max_size=12
    )
)
def test_every_mention_of_ordinary_prose_is_marked(words: list[str]) -> None:
    text = " ".join(words)
    marks = [Mark(m.start(), m.end(), "mention", "F") for m in re.finditer("Fernwood", text)]
    assert Marked(render(text, marks)).under("mention") == "Fernwood" * len(marks)
