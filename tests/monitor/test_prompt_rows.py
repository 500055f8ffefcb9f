"""Prompts from lines and CSV files: what is read, what is refused and on which line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Prompt
from monitor.services import prompt_rows
from monitor.services.errors import Problem
from monitor.services.prompt_rows import PromptRow, from_csv, from_json, from_lines, split_tags


def texts(data: bytes) -> list[str]:
    return [row.text for row in from_csv(data).rows]


@pytest.mark.parametrize(
    "data",
    [
        b"prompt,tags\nQuiet?,office|home\nFast?,\n",
        b"\xef\xbb\xbfprompt;tags\r\nQuiet?;office,home\r\nFast?\r\n",
        b"tags\tquestion\n office ;home\tQuiet?\n\tFast?\n",
        'Prompt,Tags,note\nQuiet?,"office, home",x\nFast?,,\n'.encode("utf-16"),
        b"Quiet?;office,home\nFast?\n",
        b'\n\n"Quiet?","office;HOME;home"\r"Fast?"\r',
    ],
)
def test_the_usual_forms_of_csv_are_read(data: bytes) -> None:
    parsed = from_csv(data)
    assert [row.text for row in parsed.rows] == ["Quiet?", "Fast?"]
    assert [tag.casefold() for tag in parsed.rows[0].tags] == ["office", "home"]
    assert parsed.rows[1].tags == ()
    assert not parsed.flaws
    assert not parsed.duplicates


def test_bad_rows_are_named_by_line_and_the_good_ones_stay() -> None:
    parsed = from_csv(
        b"prompt,tags\n"
        b"Good one?,a\n"
        b'"Never closed,b\n'
        b"Good two?,a\n"
        b'"Closed" too early,b\n'
        b",only a tag\n"
        b"Good one?,again\n"
        b"one,two,three\n"
        + b"x" * (Prompt.MAX_LENGTH + 1) + b",long\n"
        + b"Fine?," + b"t" * 41 + b"\n"
        b'"On two\nlines?",a\n'
    )  # fmt: skip
    assert [(row.line, row.text) for row in parsed.rows] == [
        (2, "Good one?"),
        (4, "Good two?"),
        (11, "On two\nlines?"),
    ]
    reasons = {flaw.line: flaw.reason for flaw in parsed.flaws}
    assert sorted(reasons) == [3, 5, 6, 8, 9, 10]
    assert "never" not in reasons[3]
    assert "opened here and not closed" in reasons[3]
    assert "After the closing quotation mark" in reasons[5]
    assert "no prompt" in reasons[6]
    assert "3 columns where 2 were expected" in reasons[8]
    assert "2,001 characters; 2,000 is the most" in reasons[9]
    assert "40 characters" in reasons[10]
    assert [(flaw.line, flaw.reason) for flaw in parsed.duplicates] == [(7, "The same as line 2.")]
    assert all(flaw.text for flaw in parsed.left_out)  # every row says how it begins
    begins = {flaw.line: flaw.text for flaw in parsed.left_out}
    assert begins[8] == "one,two,three"
    assert begins[3].startswith('"')


def test_a_guess_is_said() -> None:
    assert "Windows-1252" in from_csv("prompt\nGröße?\n".encode("cp1252")).remark
    assert "no header" in from_csv(b"What is best, A or B?\n").remark
    assert from_csv(b"prompt\nWhat is best?\n").remark == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"\x00\x01\x02", "not a text file"),
        (b"\xff\x00\x81\x00", "not a text file"),
        (b"x" * (prompt_rows.MAX_FILE_BYTES + 1), "larger than 10 MB"),
        (b"prompt\n" + b"\n".join(b"Q%d" % n for n in range(5001)), "More than 5,000"),
    ],
)
def test_what_is_no_list_of_prompts_is_refused_whole(data: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said):
        from_csv(data)


def test_lines_are_prompts_and_share_tags() -> None:
    parsed = from_lines("  One?\r\n\r\nTwo?\u2028still two?\nOne?\n" + "x" * 10_000, ("a",))
    assert [(row.line, row.text, row.tags) for row in parsed.rows] == [
        (1, "One?", ("a",)),
        (3, "Two?\u2028still two?", ("a",)),
    ]
    assert [flaw.line for flaw in parsed.duplicates] == [4]
    assert [(flaw.line, flaw.reason[:33]) for flaw in parsed.flaws] == [(5, "The prompt has 10,000 characters;")]
    assert [flaw.text for flaw in parsed.without(["One?"]).duplicates] == ["One?", "One?"]


def test_a_preview_sent_back_is_checked_again() -> None:
    rows = [PromptRow("Quiet?", ("a", "b"), 3)]
    assert from_json(prompt_rows.Parsed(rows=rows).as_json()) == rows
    for wrong in ("", "{}x", "[1]", '[{"text": "a"}]', "null", '{"a": 1}', '[{"text":"a","tags":3,"line":1}]'):
        with pytest.raises(Problem, match="Nothing was added"):
            from_json(wrong)
    assert from_json('[{"text":"a\\u0000\\ud800","tags":[],"line":1}]')[0].text == "a?"


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=60)
ROWS = st.lists(st.tuples(WORDS, st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=3)), max_size=8)


@given(ROWS, st.sampled_from(",;\t"), st.sampled_from(["\r\n", "\n"]))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[tuple[str, list[str]]], delimiter: str, end: str) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end)
    writer.writerow(["prompt", "tags"])
    writer.writerows([text, "|".join(tags)] for text, tags in rows)
    if max((len(text.splitlines()) for text, _ in rows), default=0) > prompt_rows.MAX_RECORD_LINES:
        return
    parsed = from_csv(written.getvalue().encode())
    expected = dict.fromkeys(clean for text, _ in rows if (clean := prompt_rows.clean_text(text)))
    assert [row.text for row in parsed.rows] == list(expected)
    tags = {}
    for text, given_tags in rows:
        tags.setdefault(prompt_rows.clean_text(text), split_tags("|".join(given_tags)))
    assert all(row.tags == tags[row.text] for row in parsed.rows)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    try:
        parsed = from_csv(data)
    except Problem as problem:
        assert str(problem).endswith(".")
        return
    for row in parsed.rows:
        assert 0 < len(row.text) <= Prompt.MAX_LENGTH
        assert "\x00" not in row.text
    assert all(flaw.reason and flaw.line > 0 for flaw in parsed.flaws)
