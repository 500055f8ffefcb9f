"""Pasted answers: the list at the end, the marks that point into it, and everything that only looks like a mark."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import Answer, AssistantError, Question, RawBody
from inference.assistants.pasted import Pasted
from inference.pages import identify

LIST = "\n\nSources\n[1] https://a.example/one\n[2] https://b.example/two\n[3] https://c.example/three"


def parse(pasted: str | bytes) -> Answer:
    content = pasted if isinstance(pasted, bytes) else pasted.encode()
    return Pasted.__new__(Pasted).parse(RawBody(content))


def cited(pasted: str | bytes) -> dict[str, list[str]]:
    """What each cited URL's spans hold."""
    answer = parse(pasted)
    return {c.url: [answer.text[start:end] for start, end in c.spans] for c in answer.citations}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_number_of_the_judged_answers_is_found_in_its_list(shared_data: Path, ends: str) -> None:
    folder = shared_data / "data" / "answers"
    for line in (folder / "expertqa.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        pasted = (folder / row["file"]).read_bytes().decode()
        answer = parse(pasted.replace("\n", ends))
        assert answer.text == row["answer"].replace("\n", ends), row["file"]
        assert {c.page for c in answer.citations} == {identify(c["url"]).page for c in row["cited"]}, row["file"]
        listed = {identify(entry["url"]).page for entry in row["references"]}
        assert {source.page for source in answer.retrieved or ()} == listed
        numbers = {str(entry["n"]): identify(entry["url"]).page for entry in row["references"]}
        for citation in answer.citations:
            assert citation.via == "marker"
            held = [answer.text[start:end] for start, end in citation.spans]
            assert {numbers[mark.strip("[]")] for mark in held} == {citation.page}


def test_the_text_of_a_page_cites_nothing_by_its_chips(shared_data: Path) -> None:
    pasted = (shared_data / "wire" / "pasted" / "01-chatgpt-page-text.txt").read_bytes()
    answer = parse(pasted)
    assert answer.text == pasted.decode()
    assert {c.via for c in answer.citations} <= {"link"}
    assert {c.domain for c in answer.citations} == {"chatgpt.com"}  # the address that stands above the answer
    assert answer.retrieved is None


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("One [1].", ["[1]"]),
        ("One [1, 2] and [1,3].", ["[1, 2]", "[1,3]"]),
        ("One [^1] and [^1^].", ["[^1]", "[^1^]"]),
        ("One [2][1][9][1].", ["[1]", "[1]"]),
        ("See [the guide][1].", ["[the guide][1]"]),
        ("See [the [best] guide][1][2].", ["[the [best] guide][1]"]),
        ("One \\[1\\] and \\[1].", ["\\[1\\]", "[1]"]),
        ("One【1†source】 and [1†source].", ["【1†source】", "[1†source]"]),
        ("A pen¹ and ink.¹²", ["¹", "¹"]),
        ("A pen<sup>1</sup>.", ["<sup>1</sup>"]),
        ("日本語 🖋 [1]。", ["[1]"]),
    ],
)
def test_marks_point_at_their_entry(text: str, marks: list[str]) -> None:
    assert cited(text + LIST).get("https://a.example/one") == marks
    assert parse(text + LIST).text == text


@pytest.mark.parametrize(
    "text",
    [
        "An array `a[1]` here.",
        "```\na[1]\n```",
        "    a[1]\n\ntext",
        "![a picture][1]",
        "An address https://x.example/a[1]b there.",
        "A link [1](https://x.example/) there, or [1](#below).",
        "A link [see [1]](https://x.example/) there.",
        "Beyond the list [4] and [0], [99999999999].",
        "20 m², 5 km³, 10¹, x¹, ¹H and 10⁻¹.",
        "Kept ids citeturn0search1 and \ue200cite\ue202turn0search1\ue202turn1news2\ue201.",
        "Of a file 【4:1†source】 or 【9†source】.",
        "[1\n]",
    ],
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    answer = parse(text + LIST)
    assert answer.text == text
    assert {c.via for c in answer.citations} == {"link"}, "no mark at all: the list is what was shown"
    listed = [c for c in answer.citations if c.domain != "x.example"]
    assert [(c.url, c.spans) for c in listed] == [(u, ()) for u in re.findall(r"https\S+", LIST)]


@pytest.mark.parametrize(
    "heading",
    ["", "Sources", "Sources:", "## References", "**Citations:**", "**Sources**:", "SOURCES", "Sources\n-------"]
    + ["Source: Conversation with Copilot, 11/21/2026"],
)
def test_the_list_is_found_under_its_heading(heading: str) -> None:
    answer = parse(f"One [1].\n\n{heading}\n\n1. https://a.example/one\n2) <https://b.example/two>\n\n")
    assert answer.text == "One [1]."
    assert [c.url for c in answer.citations] == ["https://a.example/one"]
    assert [s.url for s in answer.retrieved or ()] == ["https://a.example/one", "https://b.example/two"]


@pytest.mark.parametrize(
    ("line", "url", "title"),
    [
        ("[1] https://a.example/one", "https://a.example/one", None),
        ("[1]: <https://a.example/one>", "https://a.example/one", None),
        ('[1]: https://a.example/one "The guide"', "https://a.example/one", "The guide"),
        ("[^1]: The guide, https://a.example/one.", "https://a.example/one", "The guide"),
        ("1. [The guide](https://a.example/one_(two)) - a paper", "https://a.example/one_(two)", "The guide"),
        ("1) [https://a.example/one](https://a.example/one)", "https://a.example/one", None),
        ("(1) The guide. https://a.example/one.", "https://a.example/one", "The guide"),
        ("[1] https://w.example/wiki/Yahoo!", "https://w.example/wiki/Yahoo!", None),
        ("[1]: https://w.example/wiki/Acme_Inc.", "https://w.example/wiki/Acme_Inc.", None),
        ("1.https://a.example/one,", "https://a.example/one", None),
        ("[1](https://a.example/one)", "https://a.example/one", None),
        ("[turn0search4] https://a.example/one", "https://a.example/one", None),
    ],
)
def test_an_entry_is_a_number_and_one_url(line: str, url: str, title: str | None) -> None:
    (citation,) = parse(f"Marked [1] and citeturn0search4.\n{line}").citations
    assert (citation.url, citation.title, citation.via) == (url, title, "marker")


@pytest.mark.parametrize(
    "end",
    [
        "[1] The guide",
        "[1] https://a.example/ or https://b.example/",
        "- https://a.example/",
        "[1] `https://a.example/`",
        "1.5 million, says https://a.example/",
        "[1] ![a picture](https://a.example/)",
        "[1] https://a.example/\n\nAnything else?",
        "```\n[1] https://a.example/",
    ],
)
def test_what_is_no_list_stays_in_the_text(end: str) -> None:
    text = f"One [1].\n\n{end}"
    answer = parse(text)
    assert (answer.text, answer.retrieved) == (text, None)
    assert "marker" not in {c.via for c in answer.citations}


def test_a_numbered_list_of_the_answer_is_not_taken_for_its_references() -> None:
    answer = parse("1. Pens https://p.example [1]\n2. Ink https://i.example [1]\n\n[1] https://a.example")
    assert answer.text.endswith("https://i.example [1]")
    assert [(c.domain, c.via) for c in answer.citations] == [
        ("p.example", "link"),
        ("a.example", "marker"),
        ("i.example", "link"),
    ]


def test_empty_lines_and_any_order_are_of_the_list() -> None:
    answer = parse("One [2] and [1].\n\nReferences\n\n[2] https://b.example\n\n[1] https://a.example\n")
    assert answer.text == "One [2] and [1]."
    assert [c.domain for c in answer.citations] == ["b.example", "a.example"]


def test_a_page_counts_once_and_by_its_mark() -> None:
    text = "See [one](https://www.a.example/one/?utm_source=chatgpt.com), again [1], [2] and https://d.example/."
    answer = parse(text + LIST + "\n[4] http://a.example/one#there\n[4] https://z.example")
    found = [(c.url, c.via, [text[s:e] for s, e in c.spans]) for c in answer.citations]
    assert found == [
        ("https://a.example/one", "marker", ["[1]"]),
        ("https://b.example/two", "marker", ["[2]"]),
        ("https://d.example/", "link", ["https://d.example/"]),
    ]
    assert [s.url for s in answer.retrieved or ()][-1] == "https://z.example"


def test_text_without_a_list_is_kept_to_the_letter() -> None:
    for text in ("  One [1].\r\n\r\n", "Sources\n", "a\tb  \n"):
        assert parse(text).text == text
        assert not parse(text).citations
    assert parse("\ufeffOne [1].").text == "One [1]."
    assert parse("Öl [1].".encode("utf-16")).text == "Öl [1]."
    assert parse(b"One.\n\n[1]: https://a.example").citations[0].spans == ()


def test_a_list_alone_is_all_there_is() -> None:
    answer = parse(LIST)
    assert (answer.text, len(answer.citations)) == ("", 3)


@pytest.mark.parametrize("empty", [b"", b" \r\n\t", b"\xef\xbb\xbf"])
def test_nothing_pasted_is_no_answer(empty: bytes) -> None:
    with pytest.raises(AssistantError) as caught:
        parse(empty)
    assert caught.value.kind == "malformed"


def test_nobody_can_be_asked() -> None:
    questions = [Question("Which pen?"), Question("Which ink?")]
    results = dict(Pasted().answer_many(questions))
    assert set(results) == {0, 1}
    assert all(isinstance(found, AssistantError) and found.permanent for found in results.values())
    with pytest.raises(AssistantError, match="nobody can be asked"):
        Pasted().answer(questions[0])


_PIECES = st.sampled_from(
    [*("[1]", "[1, 2]", "[^1]", "[a][2]", "![", "[", "]", "(", ")", "(https://b.example)", "https://a.example/x")]
    + [*("<sup>1</sup>", "¹²", "m²", "【1†source】", "citeturn0search1", "\ue200", "\ue201", "\ue202", "🖋", "\u0301")]
    + [*("```", "~~~", "`", "\\", "<", ">", "<!--", "-->", "|", "##", "-", "---", "1.", "2)", "[1]:", "[2] ", ":")]
    + [*("Sources", "**References:**", "http://", "text", "\x00", "\u2028", " ", "\t", "    ", "\n", "\r\n", "\r")]
)


@given(st.lists(_PIECES | st.text(max_size=4), max_size=60).map("".join), st.sampled_from(["", LIST]))
def test_no_text_breaks_it_and_nothing_is_invented(text: str, ending: str) -> None:
    pasted = text.encode("utf-8", "replace").decode() + ending
    try:
        answer = parse(pasted)
    except AssistantError:
        assert not pasted.removeprefix("\ufeff").strip()
        return
    assert pasted.removeprefix("\ufeff").startswith(answer.text)
    assert len({c.page or c.url for c in answer.citations}) == len(answer.citations)
    starts = [c.spans[0][0] for c in answer.citations if c.spans]
    assert starts == sorted(starts)
    for citation in answer.citations:
        assert citation.url in pasted.replace("\x00", "\ufffd")  # markdown reads U+0000 so
        assert all(0 <= start < end <= len(answer.text) for start, end in citation.spans)
        assert sorted(set(citation.spans)) == list(citation.spans)
        if citation.via == "marker":
            assert all(re.search("[0-9⁰¹²³⁴-⁹]", answer.text[start:end]) for start, end in citation.spans)


def test_it_is_there_at_once() -> None:
    code = (
        "import sys, inference.assistants.pasted; print([n for n in ('torch', 'django', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr
