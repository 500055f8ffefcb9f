"""Passages as they are shown: whole sentences of one page, long, and none overlapping another."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import MAX_CHARACTERS
from rag.index import Document, Index
from rag.index_build import build
from rag.retrieve import Ranking
from rag.widen import widened

if TYPE_CHECKING:
    from inference.embed import Embedder


@pytest.fixture(scope="module")
def long_pages(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Pages of short sections, beyond the first plane of Unicode too, of one long one, and of no text."""
    sections = [f"Section {n}\n" + f"Kettle {n} boils \U0001f600 in {n} minutes. " * (n % 9 + 4) for n in range(1, 25)]
    texts = ["\n".join(sections), "The tide turns twice a day. " * 120, "Short.", ""]
    folder = tmp_path_factory.mktemp("long") / "1"
    build(folder, [Document(str(n), "", f"Page {n}", text) for n, text in enumerate(texts)], embedder)
    return Index.open(folder)


@given(data=st.data())
def test_extracts_hold_what_was_found_and_never_overlap(long_pages: Index, data: st.DataObject) -> None:
    passages = data.draw(st.permutations(range(len(long_pages.passages))))
    k = data.draw(st.integers(1, 12))
    ranking = Ranking(np.array(passages), np.linspace(1, 0, len(passages), dtype=np.float32))
    found = widened(long_pages, ranking, k)
    assert len(found) <= k
    starts = {(long_pages.sentences["passage"][n], int(row["start"])) for n, row in enumerate(long_pages.sentences)}
    for part in found:
        text = long_pages.documents[part.document].text
        shown = text[part.start : part.end]
        assert 0 < len(shown) == part.end - part.start <= MAX_CHARACTERS and shown == shown.strip()
        assert any(
            long_pages.passages["document"][passage] == part.document and start == part.start
            for passage, start in starts
        )
    spans = sorted((part.document, part.start, part.end) for part in found)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans))
    assert [part.score for part in found] == sorted((part.score for part in found), reverse=True)
    best = next(row for row in long_pages.passages[passages] if row["end"] > row["start"])
    assert found[0].start <= best["start"] and best["end"] <= found[0].end


def test_a_short_passage_reaches_its_neighbours(long_pages: Index) -> None:
    rows = long_pages.passages
    short = int(np.flatnonzero((rows["document"] == 0) & (rows["end"] - rows["start"] < 700))[0])
    (part,) = widened(long_pages, Ranking(np.array([short]), np.ones(1, np.float32)), 5)
    assert part.end - part.start > MAX_CHARACTERS - 100
