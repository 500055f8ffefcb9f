"""The graph of a large generation: proposes the nearest, grows, forgets pages that are gone, and is checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np
import pytest

from rag import graph
from rag.index import DamagedIndex, Document, Index
from rag.index_build import build
from rag.retrieve import MODES, rank

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors

QUESTIONS = ["Which town has a market on day 4?", "ships to isle 21", "zzz", ""]


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have graphs for the smallest sets, and search them."""
    monkeypatch.setattr(graph, "LEAST_PASSAGES", 1)
    monkeypatch.setattr(graph, "LARGE_SHARE", 1000)


def towns(first: int, last: int) -> list[Document]:
    return [
        Document(str(n), "", f"Town {n}", f"Town {n} has a ferry to isle {n * 7 % 260} and a market on day {n % 9}.")
        for n in range(first, last)
    ]


def vectors_of(count: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).standard_normal((count, 384), np.float32)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def new(vectors: Vectors) -> graph.Numbers:
    return np.full(len(vectors), -1, np.int32)


def nearest(found: graph.Graph, vector: Vectors, wanted: int) -> list[int]:
    passages = found.near(vector, wanted)
    assert passages is not None
    return [int(passage) for passage in passages]


def same_as_exact(folder: Path, embedder: Embedder) -> graph.Graph:
    """Compare all rankings with those without the graph, and return it."""
    quick, exact = Index.open(folder), Index.open(folder)
    exact.graph = None
    assert quick.graph is not None and len(quick.graph.nodes) == len(quick.passages)
    for question, vector in zip(QUESTIONS, embedder.encode(QUESTIONS, "query"), strict=True):
        for mode in MODES:
            found, wanted = (rank(index, question, vector, mode, depth=20) for index in (quick, exact))
            assert found.passages.tolist() == wanted.passages.tolist()
            assert np.allclose(found.scores, wanted.scores, atol=2e-6)
    return quick.graph


def test_small_generations_have_none(embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "LEAST_PASSAGES", 6)
    build(tmp_path / "1", towns(0, 5), embedder)
    build(tmp_path / "2", towns(0, 6), embedder, reuse=tmp_path / "1")
    assert Index.open(tmp_path / "1").graph is None and Index.open(tmp_path / "2").graph


def test_it_grows_by_what_is_new_and_never_finds_what_is_gone(embedder: Embedder, tmp_path: Path) -> None:
    build(tmp_path / "1", towns(0, 200), embedder)
    assert same_as_exact(tmp_path / "1", embedder).dead == 0
    # pages in another order, 20 of them gone and 30 new
    build(tmp_path / "2", [*towns(150, 230), *towns(20, 150)], embedder, reuse=tmp_path / "1")
    grown = same_as_exact(tmp_path / "2", embedder)
    assert (grown.dead, len(np.unique(grown.nodes)), int(grown.nodes.max())) == (20, 210, 229)
    # what was gone comes back as new
    build(tmp_path / "3", towns(0, 230), embedder, reuse=tmp_path / "2")
    assert same_as_exact(tmp_path / "3", embedder).dead == 20
    # too many are gone: built anew
    build(tmp_path / "4", towns(0, 100), embedder, reuse=tmp_path / "3")
    shrunk = same_as_exact(tmp_path / "4", embedder)
    assert shrunk.dead == 0 and shrunk.nodes.tolist() == list(range(100))


def test_damage_to_it_is_noticed(embedder: Embedder, tmp_path: Path) -> None:
    build(tmp_path / "1", towns(0, 9), embedder)
    for name in (graph.FILE, graph.NODES):
        content = (tmp_path / "1" / name).read_bytes()
        (tmp_path / "1" / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(DamagedIndex, match=name):
            Index.open(tmp_path / "1")
        (tmp_path / "1" / name).write_bytes(content)
    with pytest.raises(ValueError, match="nodes that the graph has not"):
        graph.Graph(faiss.IndexFlatIP(384), np.array([0], np.int32))
    (tmp_path / graph.FILE).write_bytes(b"no graph")
    with pytest.raises(ValueError, match=graph.FILE):
        graph.Graph.read(tmp_path)


def test_equal_vectors_share_a_node_and_are_all_found(tmp_path: Path) -> None:
    rows = vectors_of(50)
    many = np.concatenate([np.repeat(rows[:1], 300, axis=0), rows])
    found = graph.grown(many, None, new(many))
    assert len(np.unique(found.nodes)) == 50 and not found.nodes[:301].any()
    assert set(range(301)) <= set(nearest(found, rows[0], 5))
    found.write(tmp_path)
    # a new passage whose vector another one has
    more = np.concatenate([many, rows[:2]])
    kept = np.concatenate([found.nodes, [-1, -1]]).astype(np.int32)
    assert graph.grown(more, graph.Graph.read(tmp_path), kept).nodes[-2:].tolist() == found.nodes[[0, 301]].tolist()


def test_where_the_near_are_dead_it_looks_further(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "SEARCHING", 10)
    rows, near = vectors_of(400), vectors_of(60, seed=1) * 0.2
    near = near + rows[0]
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    graph.grown(np.concatenate([near, rows]), None, new(vectors_of(460))).write(tmp_path)
    left = graph.grown(rows, graph.Graph.read(tmp_path), np.arange(60, 460, dtype=np.int32))
    found = nearest(left, rows[0], 5)
    assert left.dead == 60 and len(found) >= 5 and 0 in found
    # so many are wanted that all may as well be looked at
    monkeypatch.setattr(graph, "LARGE_SHARE", 0.1)
    assert left.near(rows[0], 100) is None


def test_equal_builds_are_equal_whatever_the_threads_and_what_is_added_is_found(tmp_path: Path) -> None:
    rows = vectors_of(3000)
    threads, bodies = faiss.omp_get_max_threads(), []
    try:
        for number in (1, 2, 4):
            faiss.omp_set_num_threads(number)
            graph.grown(rows[:300], None, new(rows[:300])).write(tmp_path)
            kept = np.where(np.arange(3000) < 300, np.arange(3000), -1).astype(np.int32)
            grown = graph.grown(rows, graph.Graph.read(tmp_path), kept)
            grown.write(tmp_path)
            bodies.append((tmp_path / graph.FILE).read_bytes())
    finally:
        faiss.omp_set_num_threads(threads)
    assert bodies[0] == bodies[1] == bodies[2]
    for rows_of in (range(0, 300, 7), range(300, 3000, 50)):
        assert all(at in nearest(grown, rows[at], 10) for at in rows_of)
