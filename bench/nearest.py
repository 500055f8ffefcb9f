"""What the graph of a large index saves and costs beside looking at every passage, at the depth the hybrid asks for.

    python -m bench.nearest [--sizes 10000,50000] [--vectors VECTORS.npy]

The vectors are made by script, as alike as those of MiniLM are on real pages: clusters within clusters. `--vectors`
takes real ones, [n, d]; 200 of them are the questions. Prints one JSON line for each size: milliseconds of a processor
that a question takes either way, the share of the nearest 10 and 200 that the graph finds, seconds to build it and to
add 1 %, and megabytes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from rag import graph
from rag.retrieve import DEPTH, products

Vectors = npt.NDArray[np.float32]
SEED = 7
DIMENSION, QUESTIONS = 384, 200
#: Directions that carry most of what MiniLM's vectors differ in.
DIRECTIONS = 64
#: Vectors of a cluster, and the cosine that two of one cluster have at least: of all, of 200, of 10.
CLUSTERS = ((None, 0.05), (200, 0.34), (10, 0.59))


def made(count: int, chance: np.random.Generator) -> Vectors:
    """Unit vectors in clusters within clusters, in no order."""
    basis = _drawn(DIRECTIONS, DIMENSION, chance)
    found, explained = np.zeros((count, DIMENSION), np.float32), 0.0
    for members, cosine in CLUSTERS:
        groups = max(count // members, 1) if members else 1
        # of random directions alone, every cluster would lie by itself in space
        centres = _unit(_drawn(groups, DIRECTIONS, chance) @ basis + _drawn(groups, DIMENSION, chance))
        found += np.float32(np.sqrt(cosine - explained)) * centres[np.arange(count) * groups // count]
        explained = cosine
    found += np.float32(np.sqrt(1 - explained)) * _unit(_drawn(count, DIMENSION, chance))
    return _unit(chance.permutation(found))


def _drawn(count: int, dimension: int, chance: np.random.Generator) -> Vectors:
    return chance.standard_normal((count, dimension), np.float32)


def _unit(vectors: Vectors) -> Vectors:
    rows: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return rows


def measured(vectors: Vectors, questions: Vectors) -> dict[str, object]:
    """A row of the report; the last hundredth of the vectors is added to a graph of the others."""
    count = len(vectors)
    first = count - max(count // 100, 1)
    kept = np.arange(count, dtype=np.int32)
    kept[first:] = -1
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        graph.grown(vectors[:first], None, np.full(first, -1, np.int32)).write(Path(folder))
        build_seconds = time.perf_counter() - started
        megabytes = (Path(folder) / graph.FILE).stat().st_size / 1e6
        started = time.perf_counter()
        whole = graph.grown(vectors, graph.Graph.read(Path(folder)), kept)
        add_seconds = time.perf_counter() - started
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    wanted = [flat.search(question[None], DEPTH)[1][0] for question in questions]

    def near(question: Vectors) -> npt.NDArray[np.int64]:
        found = whole.near(question, DEPTH)
        if found is None:
            rows: npt.NDArray[np.int64] = flat.search(question[None], DEPTH)[1][0]
            return rows
        return found[np.argsort(-products(vectors[found], question), kind="stable")[:DEPTH]]

    found = [near(question) for question in questions]
    recall = {
        f"recall_{depth}": round(
            float(np.mean([np.isin(w[:depth], f[:depth]).mean() for w, f in zip(wanted, found, strict=True)])), 4
        )
        for depth in (10, DEPTH)
    }
    return {
        "passages": count,
        "exact_ms": _milliseconds(lambda question: flat.search(question[None], DEPTH), questions),
        "graph_ms": _milliseconds(near, questions),
        **recall,
        "build_s": round(build_seconds, 1),
        "add_1_percent_s": round(add_seconds, 2),
        "graph_mb": round(megabytes),
        "vectors_mb": round(vectors.nbytes / 1e6),
    }


def _milliseconds(work: Callable[[Vectors], object], questions: Vectors) -> float:
    seconds = []
    for question in questions:
        started = time.thread_time()
        work(question)
        seconds.append(time.thread_time() - started)
    return round(float(np.median(seconds)) * 1000, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,50000", help="passages, with commas between")
    parser.add_argument("--vectors", type=Path, metavar="VECTORS.npy")
    arguments = parser.parse_args()
    for size in map(int, arguments.sizes.split(",")):
        chance = np.random.default_rng(SEED)
        if arguments.vectors:
            real = np.load(arguments.vectors).astype(np.float32)
            real = real[np.linalg.norm(real, axis=1) > 0]
            vectors = _unit(chance.permutation(real)[: size + QUESTIONS])
        else:
            vectors = made(size + QUESTIONS, chance)
        row = {
            "bench": "nearest",
            "vectors": "real" if arguments.vectors else "made",
            "threads": faiss.omp_get_max_threads(),
        }
        print(json.dumps(row | measured(vectors[:-QUESTIONS], vectors[-QUESTIONS:])), flush=True)


if __name__ == "__main__":
    main()
