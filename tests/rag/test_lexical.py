"""BM25 of many bags at once: what bm25s computes one by one, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag import lexical
from rag.index_build import BM25, BM25_DOCUMENTS


@pytest.mark.parametrize("form", [BM25, BM25_DOCUMENTS])
def test_scores_are_those_of_bm25s(form: dict[str, object], tmp_path: Path) -> None:
    from bm25s.tokenization import Tokenized

    chance = np.random.default_rng(3)
    lists = [chance.zipf(1.5, size).clip(1, 50).astype(np.int32) - 1 for size in (9, 0, 40, 1, 300, 12)]
    lists.append(np.arange(50, dtype=np.int32))
    wanted = lexical.library().BM25(**form)
    vocabulary = {str(number): number for number in range(50)}
    wanted.index(Tokenized(ids=[row.tolist() for row in lists], vocab=vocabulary), show_progress=False)
    owners = np.repeat(np.arange(len(lists)), [len(row) for row in lists])
    shuffled = chance.permutation(len(owners))
    bags = lexical.bags(np.concatenate(lists)[shuffled], owners[shuffled], len(lists))
    lexical.write(tmp_path / "bm25", bags, 50, form)
    found = lexical.read(tmp_path / "bm25")
    for name in ("data", "indices", "indptr"):
        assert found.scores[name].tolist() == wanted.scores[name][: len(found.scores[name])].tolist()
    assert found.get_scores_from_ids([3, 0, 49]).tolist() == wanted.get_scores_from_ids([3, 0, 49]).tolist()
    assert lexical.read(tmp_path / "none") is None


def test_rare_terms_weigh_more() -> None:
    weights = lexical.idf(lexical.bags(np.array([0, 0, 1, 0], np.int32), np.array([0, 1, 1, 1]), 2), 3)
    assert weights[0] < weights[1] < weights[2]
    assert len(lexical.idf(lexical.bags(np.empty(0, np.int32), np.empty(0, np.int64), 0), 0)) == 0
