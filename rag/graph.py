"""The HNSW graph of a large generation: which passages may be nearest to a vector, without looking at all of them.

It only proposes: exact cosines decide, so it holds vectors in eight bits a number. It grows from one generation to the
next, for only new vectors are added; passages of equal vectors share a node, and a node without a passage is dead. Does
not know what a passage is, or where the files lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from inference.embed import Vectors

Numbers = npt.NDArray[np.int32]

#: Passages from which a generation has a graph. `bench.nearest` on two busy cores: up to here looking at all takes less
#: than 20 ms a question and is exact, whichever generations came before. At 100,000 it took 17 ms and the graph 1.9, at
#: 200,000 36 and 2.3; the graph took 80 and 295 s to build, 1 and 6 s for another 1 %.
LEAST_PASSAGES = 100_000
#: Links of a node, nodes looked at when one is added, and when one is looked for at least. So the graph finds all of
#: the nearest 10 and 98 to 99 % of the nearest 200; vectors of 16 or 32 bits a number find no more.
LINKS, ADDING, SEARCHING = 32, 200, 400
#: Share of nodes that may be dead before the graph is built anew.
MOST_DEAD = 0.25
#: Share of all passages that, where so many are asked for, are found sooner by looking at all.
LARGE_SHARE = 0.1
FILE, NODES = "hnsw.faiss", "hnsw_nodes.npy"


def library() -> Any:
    """FAISS, slow to import; its stubs know less than it has."""
    import faiss

    return faiss


class Graph:
    """A graph and the node of every passage, `nodes` [passages]."""

    def __init__(self, faiss_index: Any, nodes: Numbers) -> None:
        """Raises ValueError where the two do not belong together."""
        if len(nodes) and not 0 <= nodes.min() <= nodes.max() < faiss_index.ntotal:
            raise ValueError("passages at nodes that the graph has not")
        self._index = faiss_index
        self.nodes = nodes
        #: Passages by node, and where those of each node begin.
        self._passages = np.argsort(nodes, kind="stable")
        self._starts = np.searchsorted(nodes[self._passages], np.arange(faiss_index.ntotal + 1))

    @classmethod
    def read(cls, folder: Path) -> Graph:
        """Raises ValueError and others for files that are none."""
        try:
            return cls(library().read_index(str(folder / FILE)), np.load(folder / NODES))
        except RuntimeError as error:
            raise ValueError(f"{FILE}: {error}") from error

    def write(self, folder: Path) -> None:
        library().write_index(self._index, str(folder / FILE))
        np.save(folder / NODES, self.nodes)

    @property
    def dead(self) -> int:
        """Nodes of passages that are gone."""
        return int((np.diff(self._starts) == 0).sum())

    def near(self, vector: Vectors, wanted: int) -> npt.NDArray[np.int64] | None:
        """At least `wanted` passages, the nearest among them but for few, in no order; None: look at all of them."""
        total = int(self._index.ntotal)
        most = max(SEARCHING, 2 * wanted)
        while most <= LARGE_SHARE * total:
            search = library().SearchParametersHNSW(efSearch=most)
            _, rows = self._index.search(vector[None, :].astype(np.float32), most, params=search)
            found = self._passages_at(rows[0][rows[0] >= 0])
            if len(found) >= wanted:
                return found
            # what was near is dead, or cut off from the rest
            most *= 2
        return None

    def _passages_at(self, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        counts = self._starts[nodes + 1] - self._starts[nodes]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        passages: npt.NDArray[np.int64] = self._passages[np.repeat(self._starts[nodes], counts) + offsets]
        return passages


def grown(vectors: Vectors, old: Graph | None, kept: Numbers) -> Graph:
    """The graph of `vectors` [n, d]: `old`, which becomes unusable, and what it lacks.

    `kept` [n] has the node of each vector in `old`, -1 for a new one. Built anew where too many nodes would be dead.
    """
    nodes, first = _shared(vectors, kept if old else np.full(len(vectors), -1, np.int32))
    if old:
        total = int(old._index.ntotal) + len(first)
        alive = len(np.unique(nodes[nodes >= 0])) + len(first)
        if total - alive > MOST_DEAD * total:
            return grown(vectors, None, kept)
    index = old._index if old else _empty(vectors)
    new = nodes < 0
    nodes[new] = index.ntotal - 1 - nodes[new]
    if len(first):
        # a graph that was read would begin its draws of levels again, and few new nodes would never get a higher one
        index.hnsw.rng = library().RandomGenerator(index.ntotal)
        # whatever the number of threads, faiss links nodes alike: equal builds give equal graphs
        index.add(vectors[first])
    return Graph(index, nodes)


def _shared(vectors: Vectors, kept: Numbers) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """The node of each vector, or -1, -2, ... for the first new node, the second; and the vectors of the new nodes."""
    # equal vectors would only be linked to each other: where a graph has many of them, nothing leads in or out
    factors = np.random.default_rng(0).integers(1, 2**63, vectors.shape[1], np.uint64) | np.uint64(1)
    sums = np.einsum("nd,d->n", vectors.view(np.uint32), factors, dtype=np.uint64)
    _, first, keys = np.unique(sums, return_index=True, return_inverse=True)
    node_of_key = np.full(len(first), -1, np.int32)
    node_of_key[keys[kept >= 0]] = kept[kept >= 0]
    missing = np.flatnonzero(node_of_key < 0)
    missing = missing[np.argsort(first[missing])]
    node_of_key[missing] = -1 - np.arange(len(missing), dtype=np.int32)
    return node_of_key[keys], first[missing]


def _empty(vectors: Vectors) -> Any:
    faiss = library()
    kind = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexHNSWSQ(vectors.shape[1], kind, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = ADDING
    index.train(vectors)
    return index
