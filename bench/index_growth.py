"""What adding pages to an index costs beside building it whole: seconds of both, and the share of the one in the other.

    python -m bench.index_growth [--sizes 5000,20000] [--added 0.01]

Pages of made-up words are indexed, 99 % of them first and then all with those reused. Vectors are drawn at random and
no sentence is asked for its cues: neither costs anything for pages that are there, and both would hide what copying
does. `bytes_s` is what copying and syncing the files alone takes. Prints one JSON line for each size, in passages; the
ratio is that of processor time, which what else the machine does changes least.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from inference.embed import Embedder, Vectors
from rag import cues
from rag.index import Document, Index
from rag.index_build import build

SEED = 7
WORDS, WORDS_OF_SENTENCE, SENTENCES_OF_PAGE = 30_000, 14, 70
DIMENSION = 384


class QuickEmbedder:
    """In the place of a model: a token for each word, and vectors drawn by the number of tokens."""

    name, fingerprint, dimension, max_tokens = "quick", "quick", DIMENSION, 254

    def __init__(self) -> None:
        chance = np.random.default_rng(SEED)
        vectors = chance.standard_normal((100_003, DIMENSION), np.float32)
        self._vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [[len(word) for word in text.split()] for text in texts]

    def encode_tokens(
        self, rows: Sequence[Sequence[int]], spans: Sequence[Sequence[tuple[int, int]]]
    ) -> Iterator[tuple[int, Vectors, Vectors]]:
        for row, (tokens, of_row) in enumerate(zip(rows, spans, strict=True)):
            at = hash(tuple(tokens)) % (len(self._vectors) - len(of_row))
            yield row, self._vectors[at], self._vectors[at : at + len(of_row)]


def pages(count: int) -> Iterator[Document]:
    """Pages of about seven passages, in words whose frequencies fall as those of a language do."""
    chance = np.random.default_rng(SEED)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = ["".join(chance.choice(letters, length)) for length in chance.integers(3, 11, WORDS)]
    weights = 1 / np.arange(3, WORDS + 3)
    weights /= weights.sum()
    for number in range(count):
        drawn = chance.choice(WORDS, SENTENCES_OF_PAGE * WORDS_OF_SENTENCE, p=weights).reshape(SENTENCES_OF_PAGE, -1)
        lines = [" ".join(words[word] for word in row).capitalize() + "." for row in drawn.tolist()]
        for at in range(0, SENTENCES_OF_PAGE, 10):
            lines[at] = "## " + lines[at][:40].rstrip(" .")
        yield Document(str(number), f"https://pages.example/{number}", f"Page {words[number]}", "\n".join(lines))


def copied(folder: Path, other: Path) -> None:
    """Copy a folder's files and sync them."""
    shutil.copytree(folder, other)
    for path in other.rglob("*"):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def measured(size: int, added: float, embedder: Embedder, folder: Path) -> dict[str, object]:
    documents = list(pages(max(round(size / 7), 2)))
    fewer = documents[: len(documents) - max(round(len(documents) * added), 1)]
    seconds, processor = [], []
    for work in (
        lambda: build(folder / "old", fewer, embedder),
        lambda: build(folder / "grown", documents, embedder, reuse=folder / "old"),
        lambda: copied(folder / "grown", folder / "copy"),
    ):
        started, began = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - began)
    whole, grown, bytes_alone = seconds
    index = Index.open(folder / "grown")
    files = [path for path in (folder / "grown").rglob("*") if path.is_file()]
    return {
        "pages": len(documents),
        "passages": len(index.passages),
        "new_pages": len(documents) - len(fewer),
        "whole_s": round(whole, 2),
        "grown_s": round(grown, 2),
        "whole_cpu_s": round(processor[0], 2),
        "grown_cpu_s": round(processor[1], 2),
        "bytes_s": round(bytes_alone, 2),
        "megabytes": round(sum(path.stat().st_size for path in files) / 1e6),
        "grown_to_whole": round(processor[1] / processor[0], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="5000,20000", help="passages, with commas between")
    parser.add_argument("--added", type=float, default=0.01, help="share of the pages that is new")
    arguments = parser.parse_args()
    embedder = cast(Embedder, QuickEmbedder())
    cues.cues = lambda sentence, heading: 0
    for size in map(int, arguments.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            row = measured(size, arguments.added, embedder, Path(folder))
        print(json.dumps({"bench": "index_growth", **row}), flush=True)


if __name__ == "__main__":
    main()
