"""A cross-encoder orders the best passages anew and leaves the rest below; folders that could run code are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inference.model_files import UnusableModel
from rag import retrieve
from rag.__main__ import main
from tests.inference.models import make_bert

if TYPE_CHECKING:
    from inference.embed import Embedder
    from rag.index import Index

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "kettle", "limescale", "train", "the", "best", "is", "night"]
QUESTION = "Which kettle is the best?"


def make_cross_encoder(folder: Path, labels: int = 1) -> Path:
    return make_bert(folder, WORDS, window=64, labels=labels)


def test_the_best_are_ordered_anew_and_the_others_stay_below(
    index: Index, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieve, "RERANKED", 2)
    before = retrieve.rank(index, QUESTION, embedder.encode([QUESTION], "query")[0])
    assert len(before.passages) > 2
    read: list[str] = []

    def last_first(question: str, texts: list[str]) -> retrieve.Vectors:
        assert question == QUESTION
        read.extend(texts)
        return np.linspace(0, 1, len(texts), dtype=np.float32)

    after = retrieve.reranked(index, QUESTION, before, last_first)
    assert after.passages.tolist() == [*before.passages[1::-1], *before.passages[2:]]
    assert (np.diff(after.scores) < 0).all() and after.scores[1] >= 0 > after.scores[2]
    assert after.cosines is not None and before.cosines is not None and after.cosines[0] == before.cosines[1]
    assert read[0].startswith("The best kettles, tested\n")


def test_search_and_evaluation_take_a_cross_encoder(
    generation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_cross_encoder(tmp_path / "cross")
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": "q", "text": QUESTION}))
    (tmp_path / "qrels.tsv").write_text("q\t1\t1\n")
    search = ["search", str(generation), str(tmp_path / "q.jsonl"), "--device", "cpu", "--by", "passage"]
    main(search)
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    main([*search, "--rerank", str(folder)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(plain) and {row["document"] for row in rows} == {row["document"] for row in plain}
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert all(0 <= row["score"] <= 1 for row in rows) and rows != plain
    files = [str(generation), str(tmp_path / "q.jsonl"), str(tmp_path / "qrels.tsv")]
    main(["evaluate", *files, "--mode", "lexical", "--rerank", str(folder)])
    assert json.loads(capsys.readouterr().out)["queries"] == 1


def test_a_folder_that_is_no_safe_cross_encoder_is_refused(tmp_path: Path) -> None:
    from inference.rerank import Reranker

    with pytest.raises(UnusableModel, match="ranking needs one"):
        Reranker(make_cross_encoder(tmp_path / "three", labels=3), "cpu")
    folder = make_cross_encoder(tmp_path / "code")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(UnusableModel, match="auto_map"):
        Reranker(folder, "cpu")
    (folder / "weights.pkl").write_bytes(b"")
    with pytest.raises(UnusableModel, match="run code"):
        Reranker(folder, "cpu")
    with pytest.raises(UnusableModel, match="no model directory"):
        Reranker(tmp_path / "absent", "cpu")
