"""BM25 of bags of numbered terms, in the files that bm25s reads.

bm25s scores one bag after the other in Python; here all are scored at once, to the same bits, so that words that are
merely copied from an older generation cost little. Does not know what the bags are of.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from inference.embed import Vectors


class Bags(NamedTuple):
    """How often each term lies in each bag, [pairs], by term and then by bag; `lengths` [bags]."""

    terms: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]


def library() -> Any:
    """bm25s, slow to import, without the remarks it makes at level DEBUG whatever the application wants."""
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    return bm25s


def read(folder: Path) -> Any:
    """What `write` wrote; None where there was nothing to write."""
    return library().BM25.load(folder, show_progress=False, load_vocab=False) if folder.is_dir() else None


def bags(terms: npt.NDArray[np.int32], owners: npt.NDArray[np.integer[Any]], count: int) -> Bags:
    """`count` bags of terms, each of which lies in the bag of its owner; in any order."""
    # sorted, not by numpy's unique, which hashes and is ten times slower here
    pairs = np.sort(terms * np.int64(count) + owners)
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    found, of = np.divmod(pairs[first], max(count, 1))
    return Bags(found, of, np.diff(first, append=len(pairs)), np.bincount(owners, minlength=count))


def idf(bags: Bags, terms: int) -> Vectors:
    """How rare each term is among the bags, [terms]."""
    frequency = np.bincount(bags.terms, minlength=terms).astype(np.float32)
    weights: Vectors = np.log1p((len(bags.lengths) - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    return weights


def write(folder: Path, bags: Bags, terms: int, form: dict[str, Any]) -> None:
    """The scores of the bags by term; `form` is for `bm25s.BM25`, of method lucene."""
    found, count = library().BM25(**form), len(bags.lengths)
    frequency = np.bincount(bags.terms, minlength=terms)
    weights = np.log(1 + (count - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    norms = found.k1 * ((1 - found.b) + found.b * bags.lengths / bags.lengths.mean())
    found.scores = {
        "data": (weights[bags.terms] * (bags.times / (norms[bags.owners] + bags.times))).astype(np.float32),
        "indices": bags.owners.astype(np.int32),
        "indptr": np.concatenate([[0], np.cumsum(frequency)]),
        "num_docs": count,
    }
    # the generation has the vocabulary already
    found.vocab_dict, found.nonoccurrence_array = {}, None
    found.save(folder, show_progress=False)
