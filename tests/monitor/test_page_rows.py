"""Files of pages, good and bad: every bad line is named with its number and reason, every good one comes through."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("inference.pages")
from monitor.services import page_rows
from monitor.services.page_rows import Flaw, PageRow, html_row, jsonl_rows

GOOD = {"url": "https://www.example.com/guide/?utm_source=x", "html": "<p>Hello</p>"}


def rows_of(tmp_path: Path, *lines: Any, folder: Path | None = None) -> list[PageRow | Flaw]:
    path = tmp_path / "pages.jsonl"
    encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join(encoded))
    return list(jsonl_rows(path, name="pages.jsonl", folder=folder))


def test_good_rows_carry_identity_and_a_mark_of_utf8(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, GOOD)
    assert isinstance(row, PageRow)
    assert (row.page, row.domain, row.where) == ("example.com/guide", "example.com", "pages.jsonl, line 1")
    assert row.html == b"\xef\xbb\xbf<p>Hello</p>"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", "Not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[1, 2]", "Not a JSON object"),
        (b'{"url": "https://a.com", "html": "\xff"}', "not UTF-8"),
        ({"html": "<p>x"}, 'no "url"'),
        ({"url": 5, "html": "<p>x"}, 'no "url"'),
        ({"url": "https://a.com/x"}, 'no "html"'),
        ({"url": "https://a.com/x", "html": "  "}, "empty"),
        ({"url": "ftp://a.com/x", "html": "<p>x"}, "Not a full http"),
        ({"url": "https://a.com/" + "x" * 3000, "html": "<p>x"}, "longer than"),
        ({"url": "https://a.com/x", "file": "/etc/passwd"}, 'names a "file"'),
    ],
)
def test_a_bad_line_is_named_and_its_neighbours_come_through(tmp_path: Path, line: Any, reason: str) -> None:
    first, flaw, last = rows_of(tmp_path, GOOD, line, GOOD)
    assert isinstance(first, PageRow)
    assert isinstance(last, PageRow)
    assert isinstance(flaw, Flaw)
    assert flaw.where == "pages.jsonl, line 2"
    assert reason in flaw.reason


def test_files_beside_the_rows_gzip_or_not_and_missing(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"<p>a</p>")
    (tmp_path / "b.html.gz").write_bytes(gzip.compress(b"<p>b</p>"))
    (tmp_path / "broken.html.gz").write_bytes(gzip.compress(b"<p>b</p>" * 1000)[:30])
    names = ["a.html", "b.html.gz", "broken.html.gz", "none.html", "bad\x00name"]
    found = rows_of(
        tmp_path, *({"url": f"https://a.com/{n}", "file": name} for n, name in enumerate(names)), folder=tmp_path
    )
    assert [row.html for row in found if isinstance(row, PageRow)] == [b"<p>a</p>", b"<p>b</p>"]
    reasons = [row.reason for row in found if isinstance(row, Flaw)]
    assert "cannot be read" in reasons[0]
    assert reasons[1] == "There is no file none.html."
    assert "cannot be read" in reasons[2]


def test_a_damaged_upload_is_not_called_by_its_name_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "e3a112b7"
    path.write_bytes(b"\x1f\x8bnot gzip at all")
    found = html_row(path, name="page.html.gz")
    assert isinstance(found, Flaw) and found.where == "page.html.gz"
    assert found.reason.startswith("The file cannot be read:")


def test_too_large_pages_and_lines_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_rows, "MAX_PAGE_BYTES", 1000)
    monkeypatch.setattr(page_rows, "MAX_LINE_BYTES", 3000)
    page, line, good = rows_of(
        tmp_path, {**GOOD, "html": "x" * 2000}, {**GOOD, "html": "x" * 50_000}, {**GOOD, "url": "https://b.com/"}
    )
    assert isinstance(page, Flaw)
    assert "page is larger" in page.reason
    assert isinstance(line, Flaw)
    assert (line.where, "line is longer" in line.reason) == ("pages.jsonl, line 2", True)
    assert isinstance(good, PageRow)
    assert good.where == "pages.jsonl, line 3"


def test_a_cut_archive_gives_its_whole_lines_and_says_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl.gz"
    lines = "\n".join(json.dumps({"url": f"https://a.com/{n}", "html": f"<p>{n * 7919}"}) for n in range(5000))
    path.write_bytes(gzip.compress(lines.encode())[:20_000])
    found = list(jsonl_rows(path, name="p"))
    assert len(found) > 10
    assert isinstance(found[-1], Flaw)
    assert "damaged" in found[-1].reason


def test_html_knows_its_own_address(tmp_path: Path) -> None:
    path = tmp_path / "page"
    path.write_bytes(b'<head><link rel="canonical" href="https://a.com/guide"></head><p>x')
    row = html_row(path, name="guide.html")
    assert isinstance(row, PageRow)
    assert row.page == "a.com/guide"
    path.write_bytes(b"<p>nothing")
    flaw = html_row(path, name="guide.html")
    assert isinstance(flaw, Flaw)
    assert "does not state its address" in flaw.reason
    assert isinstance(html_row(path, name="guide.html", url="https://a.com/"), PageRow)


@given(st.lists(st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda t: json.dumps(t).encode()))))
def test_any_bytes_give_rows_or_flaws(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("rows") / "pages"
    path.write_bytes(b"\n".join(lines))
    for row in jsonl_rows(path, name="p"):
        assert isinstance(row, PageRow | Flaw)
