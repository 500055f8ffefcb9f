"""Pages into the local engine: by identity, a version for every change of words, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from inference.pages import identify
from monitor.models import Page, PageVersion, Workspace
from monitor.services import pages
from monitor.services.page_rows import PageRow
from monitor.services.pages import Imported
from monitor.services.progress import Cancelled, Unwatched
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


def html(words: str, title: str = "A guide") -> bytes:
    return (
        f"<html><head><meta charset=utf-8><title>{title}</title></head><body><main><article><h1>{title}</h1>"
        f"<p>{words}</p></article></main></body></html>"
    ).encode()


LONG = "The blue kettle boils a litre of water in two minutes and keeps it warm for an hour. It weighs little."


def row(url: str, content: bytes, where: str = "row") -> PageRow:
    identity = identify(url)
    assert identity.page
    return PageRow(where, url, identity.page, identity.domain or "", content)


def import_all(workspace: Workspace, rows: Iterable[PageRow], trusted: bool = True) -> tuple[Imported, list[str]]:
    watch, listed = Unwatched(), list(rows)
    imported = pages.import_rows(workspace=workspace, rows=listed, total=len(listed), watch=watch, trusted=trusted)
    return imported, [problem["reason"] for problem in watch.problems]


def test_a_page_gets_a_version_only_when_its_words_change() -> None:
    workspace = make_workspace()
    first = row("https://www.a.example/guide/?utm_source=x", html(LONG))
    assert import_all(workspace, [first])[0] == Imported(added=1)
    assert import_all(workspace, [first])[0] == Imported(unchanged=1)
    same_words = row("http://a.example/guide", html(LONG) + b"<!-- nonce 1 -->")
    assert import_all(workspace, [same_words])[0] == Imported(unchanged=1)
    assert import_all(workspace, [row("https://a.example/guide", html(LONG + " It now has a lid."))])[0] == Imported(
        changed=1
    )
    page = Page.objects.for_workspace(workspace).get()
    versions = list(PageVersion.objects.for_workspace(workspace))
    assert page.page == "a.example/guide"
    assert [version.number for version in versions] == [1, 2]
    assert page.current == versions[1]
    assert pages.original_html(versions[0]) == first.html


def test_of_two_rows_for_one_page_the_first_counts_so_that_loading_again_changes_nothing() -> None:
    workspace = make_workspace()
    rows = [row("https://a.example/x", html(LONG), "line 1"), row("https://a.example/x#y", html("Other words " * 9))]
    for expected in (Imported(added=1, refused=1), Imported(unchanged=1, refused=1)):
        imported, reasons = import_all(workspace, rows)
        assert imported == expected
        assert "The same page as in line 1" in reasons[0]


def test_a_page_taken_out_comes_back_as_it_was() -> None:
    workspace = make_workspace()
    import_all(workspace, [row("https://a.example/x", html(LONG))])
    page = Page.objects.for_workspace(workspace).get()
    assert pages.take_out(page=page)
    assert not pages.take_out(page=page)
    assert import_all(workspace, [row("https://a.example/x", html(LONG))])[0] == Imported(put_back=1)
    assert pages.take_out(page=page)
    assert pages.put_back(page=page)
    assert not pages.put_back(page=page)
    assert PageVersion.objects.for_workspace(workspace).count() == 1


def test_unreadable_pages_are_named_and_lose_nothing_else() -> None:
    workspace = make_workspace()
    deep = b"<div>" * 100_000 + LONG.encode() + b"</div>" * 100_000
    rows = [
        row("https://a.example/good", html(LONG)),
        row("https://a.example/binary", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50),
        row("https://a.example/no-text", b"<html><body><script>1</script></body></html>"),
        row("https://a.example/deep", deep),
        row("https://a.example/nul", html(LONG.replace("blue", "bl\x00ue"))),
        row("https://a.example/utf16", html("Der grüne Kessel kocht schnell. " * 5).decode().encode("utf-16")),
        row("https://a.example/last", html(LONG + " The last one.")),
    ]
    imported, reasons = import_all(workspace, rows, trusted=False)
    stored = {page.page: page.current for page in Page.objects.for_workspace(workspace).select_related("current")}
    assert {"a.example/good", "a.example/utf16", "a.example/last"} <= set(stored)
    assert "a.example/binary" not in stored
    assert "a.example/no-text" not in stored
    assert imported.added + imported.refused == len(rows)
    assert len(reasons) == imported.refused
    assert all(reasons)
    utf16 = stored["a.example/utf16"]
    assert utf16 is not None
    assert "Der grüne Kessel" in utf16.text


def test_what_was_read_before_a_cancel_is_kept() -> None:
    class Impatient(Unwatched):
        def step(self, phase: str, done: int, total: int) -> None:
            if done == 3:
                raise Cancelled

    workspace = make_workspace()
    rows = [row(f"https://a.example/{n}", html(f"{LONG} Number {n}.")) for n in range(6)]
    with pytest.raises(Cancelled):
        pages.import_rows(workspace=workspace, rows=rows, total=6, watch=Impatient(), trusted=True)
    assert Page.objects.for_workspace(workspace).count() == 3


@pytest.mark.recordings
def test_real_pages_come_through_two_processes(shared_data: Path) -> None:
    from monitor.services.page_rows import count_lines, jsonl_rows

    workspace = make_workspace()
    listed = shared_data / "data" / "corpus" / "pages.jsonl"
    assert count_lines(listed) == 396
    rows = [found for found, _ in zip(jsonl_rows(listed, name="p", folder=listed.parent), range(24), strict=False)]
    watch = Unwatched()
    imported = pages.import_rows(workspace=workspace, rows=rows, total=24, watch=watch)
    assert imported.added >= 22, watch.problems
