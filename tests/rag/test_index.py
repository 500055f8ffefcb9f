"""Index generations: whole or not there, verified, and paid for only where something is new."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag.index import MANIFEST, DamagedIndex, Document, Index, read_documents
from rag.index_build import build
from tests.rag.conftest import DOCUMENTS, KETTLES

if TYPE_CHECKING:
    from inference.embed import Embedder


def test_a_generation_holds_what_went_in(index: Index) -> None:
    assert [document.id for document in index.documents] == ["1", "2", "3", "4"]
    assert index.manifest["passages"] == len(index.passages) == index.faiss.ntotal
    assert index.manifest["sentences"] == len(index.sentences) == len(index.sentence_vectors)
    assert index.passages_of("4") == []
    for passage in index.passages_of("1"):
        assert KETTLES[passage.start : passage.end].strip()
    for row in index.sentences:
        passage = index.passages[row["passage"]]
        assert passage["start"] <= row["start"] < row["end"] <= passage["end"]
    with pytest.raises(KeyError):
        index.passages_of("5")


def test_every_lost_or_altered_file_is_noticed(generation: Path, tmp_path: Path) -> None:
    names = json.loads((generation / MANIFEST).read_text())["files"]
    for name in [*names, MANIFEST]:
        for damage in ("lost", "cut", "flipped"):
            copy = tmp_path / "copy"
            shutil.copytree(generation, copy)
            content = bytearray((copy / name).read_bytes())
            if damage == "lost":
                (copy / name).unlink()
            elif damage == "cut":
                (copy / name).write_bytes(content[:-1])
            else:
                content[len(content) // 2] ^= 0x55
                (copy / name).write_bytes(content)
            try:
                opened = Index.open(copy)
            except DamagedIndex as error:
                assert "build" in str(error)
            else:
                # a byte of the manifest that says nothing about the files
                assert name == MANIFEST and len(opened.passages) == len(np.load(generation / "passages.npy"))
            shutil.rmtree(copy)
    with pytest.raises(DamagedIndex, match="There is no index"):
        Index.open(tmp_path / "absent")


@pytest.mark.parametrize(
    "change", [{"dimension": 383}, {"sentences": 1}, {"terms": None}, {"model": ...}, {"nodel": 1}]
)
def test_a_manifest_that_counts_otherwise_or_is_no_manifest_is_noticed(
    generation: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    shutil.copytree(generation, tmp_path / "copy")
    manifest = json.loads((generation / MANIFEST).read_text()) | change
    manifest = {name: value for name, value in manifest.items() if value is not ...}
    (tmp_path / "copy" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(DamagedIndex, match="build"):
        Index.open(tmp_path / "copy")


def test_unchanged_documents_are_copied_and_change_nothing(
    generation: Path, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []
    encode_tokens = embedder.encode_tokens

    def counted(rows, spans=None):  # type: ignore[no-untyped-def]
        computed.append(len(rows))
        return encode_tokens(rows, spans)

    monkeypatch.setattr(embedder, "encode_tokens", counted)
    new = Document("9", "https://new.example/", "A new page", "Samovars boil water for hours. They are heavy.")
    moved, again = (replace(DOCUMENTS[0], id=name) for name in ("one", "again"))
    documents = [new, DOCUMENTS[2], moved, DOCUMENTS[3], again]
    manifest = build(tmp_path / "2", documents, embedder, reuse=generation)
    assert computed == [1] and manifest["reused"] == manifest["passages"] - 1
    build(tmp_path / "3", documents, embedder)
    copied, fresh = Index.open(tmp_path / "2"), Index.open(tmp_path / "3")
    assert copied.manifest["files"] == fresh.manifest["files"]
    assert copied.vectors.tobytes() == fresh.vectors.tobytes()


def test_a_damaged_older_generation_only_costs_time(embedder: Embedder, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / MANIFEST).write_text("{")
    assert build(tmp_path / "new", DOCUMENTS[2:3], embedder, reuse=tmp_path / "old")["reused"] == 0


def test_a_build_that_fails_leaves_nothing_and_a_generation_is_never_overwritten(
    generation: Path, embedder: Embedder, tmp_path: Path
) -> None:
    twice = [DOCUMENTS[0], DOCUMENTS[0]]
    with pytest.raises(ValueError, match="Two documents have the id '1'"):
        build(tmp_path / "1", twice, embedder)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "1", DOCUMENTS, embedder, progress=stop)
    assert list(tmp_path.iterdir()) == []
    before = (generation / MANIFEST).read_bytes()
    with pytest.raises(FileExistsError, match="never change"):
        build(generation, DOCUMENTS, embedder)
    assert (generation / MANIFEST).read_bytes() == before


def test_an_index_of_nothing_is_an_index(embedder: Embedder, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    build(tmp_path / "none", [], embedder, progress=lambda done, total: seen.append((done, total)))
    build(tmp_path / "blank", [Document("a", "", "", " \n"), Document("b", "", "\u2026", "")], embedder)
    assert seen == [(0, 0)] and len(Index.open(tmp_path / "none").vectors) == 0
    assert len(Index.open(tmp_path / "blank").passages) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "line 2 is no JSON"), ('{"title": "x"}', "line 2 needs"), ('{"_id": "1", "text": 5}', "line 2: 'text'")],
)
def test_a_bad_line_of_a_corpus_is_named(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(read_documents(['{"_id": 1, "text": null}', line]))
