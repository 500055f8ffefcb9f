"""Links in markdown answers, where GitHub would end them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from inference.links import read_markup, text_links


def found(text: str) -> list[tuple[str, str]]:
    return [(text[link.start : link.end], link.url) for link in text_links(text)]


def urls(text: str) -> list[str]:
    return [text[link.start : link.end] for link in text_links(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("See https://a.com/x. Or (https://b.com/y), **https://c.com**!", ["https://a.com/x", "https://b.com/y", "https://c.com"]),
        ("(see https://a.com/x_(y)) and https://a.com/z)", ["https://a.com/x_(y)", "https://a.com/z"]),
        ('"https://a.com/q?x=1&y=2", https://a.com/&copy;', ["https://a.com/q?x=1&y=2", "https://a.com/"]),
        ("HTTPS://A.com xhttps://b.com http:// https://", ["HTTPS://A.com"]),
        ("[https://a.com] and https://a.com/p[1][2].", ["https://a.com", "https://a.com/p"]),
        ("看（https://a.com/路径），好。", ["https://a.com/路径"]),
        ("www.a.com and a.com", []),
        ("<https://a.com/x> <me@a.com>", ["<https://a.com/x>"]),
        ("`https://a.com` ``a ` https://a.com``", []),
        ("```\nhttps://a.com\n```\n\n    https://b.com\n\n- a\n\n      https://c.com\n    https://d.com", ["https://d.com"]),
        ("![i](https://a.com/i.png) [rel](/x) [m](mailto:a@b.c) [f](ftp://a.com)", []),
        ('<a href="https://a.com">https://b.com</a>', ["https://b.com</a>".removesuffix("</a>")]),
        (r"\[a](https://a.com) \`https://b.com", ["https://a.com", "https://b.com"]),
        ("| a \\| b https://a.com | [x](https://b.com) |\n|--|--|\n| https://a.com | [x](https://b.com) |",
         ["https://a.com", "[x](https://b.com)", "https://a.com", "[x](https://b.com)"]),
    ],
)  # fmt: skip
def test_ends_links_where_github_does(text: str, wanted: list[str]) -> None:
    assert urls(text) == wanted


def test_tells_a_link_from_its_target() -> None:
    text = (
        "> - [A *b* [c]](<https://a.com/x y> 'title')\r\n>   [![alt](https://i.com)](https://b.com)\r\n\r\n"
        "[Ref]\r\n[two\r\nlines][ref]\n\n[ref]: https://c.com"
    )
    assert found(text) == [
        ("[A *b* [c]](<https://a.com/x y> 'title')", "https://a.com/x y"),
        ("[![alt](https://i.com)](https://b.com)", "https://b.com"),
        ("[Ref]", "https://c.com"),
        ("[two\r\nlines][ref]", "https://c.com"),
    ]
    assert text_links(text)[0].label == "A *b* [c]"


def test_hides_what_is_not_prose() -> None:
    text = "Read [Acme](https://a.com), `code`, ![pic](p.png) and <b>bold</b> https://b.com\n\n```\nfence\n```\n\n[r]: https://c.com"
    prose = list(text)
    for start, end in read_markup(text).hidden:
        prose[start:end] = "·" * (end - start)
    words = "".join(prose).replace("·", "").split()
    assert words == ["Read", "Acme,", ",", "and", "bold"]
    assert [text[start:end] for start, end in read_markup(text).code] == ["`code`", "```\nfence\n```"]


PIECES = [
    "[",
    "]",
    "(",
    ")",
    "](https://a.com/)",
    "[x](https://b.com/y)",
    "https://c.com/z",
    "`",
    "``",
    "\n",
    "\n\n",
    "- ",
]
PIECES += [
    "> ",
    "    ",
    "|",
    "|-|\n",
    "![",
    "<",
    ">",
    "<https://d.com/>",
    "\\",
    "a",
    " ",
    "1. ",
    "# ",
    "```\n",
    "\t",
    "é",
    "\r\n",
    "~",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_agrees_with_markdown_it_on_links(text: str) -> None:
    links = text_links(text)
    assert all(text[link.start] in "[<hH" and link.start < link.end <= len(text) for link in links)
    assert all(a.end <= b.start for a, b in zip(links, links[1:], strict=False))
    bracketed = [link.url for link in links if text[link.start] in "[<"]
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [child for token in tokens for child in token.children or ()]
    assert bracketed == [
        t.attrGet("href") for t in inline if t.type == "link_open" and str(t.attrGet("href")).startswith("http")
    ]
    for link in links:
        if text[link.start] in "[<":
            assert text[link.end - 1] in ")]>"
        else:
            assert text[link.start : link.end] == link.url


@given(st.text(max_size=200))
def test_takes_any_text(text: str) -> None:
    markup = read_markup(text)
    assert all(0 <= start < end <= len(text) for start, end in (*markup.code, *markup.hidden))
