"""Passages a second of the embedder beside sentence-transformers' own `encode`, and what each costs in ranking.

`python -m bench.embedding [--corpus CORPUS.jsonl] [--passages 192] [--rounds 3] [--static DIR] [--device cpu]` cuts
passages from BEIR documents (default: the demo's pages), embeds them by `SentenceTransformer.encode` as it comes and by
the embedder in each precision, by turns, so that what else the machine does falls on all alike. The headings over the
passages are the questions of an nDCG@10. Prints one JSON line: best seconds as ratios, the loss of nDCG, the lowest
cosine.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from inference.embed import Embedder, Vectors
from inference.encoders import choose_precision
from rag import chunk
from rag.evaluate import ndcg
from rag.index import Document, read_documents

DEMO = Path(__file__).resolve().parent.parent / "monitor" / "demo" / "pages"
_HEAD = re.compile(r"^(?:===|title:|path:|published:|---).*$", re.MULTILINE)
Encode = Callable[[list[str], bool], Vectors]


def demo_pages() -> list[Document]:
    """The newest revision of each page of the demo."""
    pages = []
    for path in sorted(DEMO.rglob("*.md")):
        newest = re.split(r"^=== day .*$", path.read_text("utf-8"), flags=re.MULTILINE)[-1]
        pages.append(Document(str(path), "", "", _HEAD.sub("", newest).strip()))
    return pages


def passages_of(documents: list[Document], embedder: Embedder, most: int) -> tuple[list[str], list[str]]:
    """Passages as the index has them and, where one stands under a heading that it does not hold, that heading."""
    random.Random(5).shuffle(documents)
    found: dict[str, str] = {}
    for document in documents:
        for passage in chunk.split(document.text, embedder.tokenize, embedder.max_tokens):
            text = document.text[passage.start : passage.end]
            heading = chunk.heading_text(document.text, passage.heading)
            lines = text.split("\n")
            # a heading is the question, so the passage must do without it
            if heading and chunk.heading_text(text, (0, len(lines[0]))) == heading:
                text = "\n".join(lines[1:])
            if text.strip():
                found.setdefault(text, heading)
        if len(found) >= most:
            break
    return list(found)[:most], list(found.values())[:most]


def quality(encode: Encode, passages: list[str], vectors: Vectors, headings: list[str]) -> float:
    """nDCG@10 of headings as questions; every passage under a heading of these words is relevant."""
    judged: dict[str, dict[str, int]] = {}
    for number, heading in enumerate(headings):
        if len(heading.split()) > 1:
            judged.setdefault(heading, {})[str(number)] = 1
    questions = encode(list(judged), True)
    order = np.argsort(-(questions @ vectors.T).round(5), axis=1, kind="stable")[:, :10]
    gains = [
        ndcg([str(number) for number in ranking], grades, 10)
        for ranking, grades in zip(order.tolist(), judged.values(), strict=True)
    ]
    return sum(gains) / len(gains)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--passages", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--static", type=Path, metavar="DIR", help="a static model to measure beside them")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "mps"))
    arguments = parser.parse_args()
    device = arguments.device
    precisions = ("fp32", "bf16", "int8") if device == "cpu" else ("fp32", "bf16")
    embedders = {precision: Embedder(None, device, precision) for precision in precisions}
    if arguments.static:
        embedders["static"] = Embedder(arguments.static)
    if arguments.corpus:
        with arguments.corpus.open(encoding="utf-8") as lines:
            documents = list(read_documents(lines))
    else:
        documents = demo_pages()
    texts, headings = passages_of(documents, embedders["fp32"], arguments.passages)
    plain = SentenceTransformer(str(embedders["fp32"].directory), device=device, local_files_only=True)

    def encode_plainly(rows: list[str], question: bool) -> Vectors:
        vectors: Vectors = plain.encode(rows, normalize_embeddings=True, show_progress_bar=False)
        return vectors

    def encode_by(embedder: Embedder) -> Encode:
        def encode(rows: list[str], question: bool) -> Vectors:
            embedder.forget()
            return embedder.encode(rows, "query" if question else "document")

        return encode

    ways = {"sentence_transformers": encode_plainly} | {name: encode_by(each) for name, each in embedders.items()}
    vectors: dict[str, Vectors] = {}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for encode in ways.values():
        encode(texts[:8], False)
    for _ in range(arguments.rounds):
        for name, encode in ways.items():
            started = time.perf_counter()
            vectors[name] = encode(texts, False)
            seconds[name].append(time.perf_counter() - started)
    best = {name: min(each) for name, each in seconds.items()}
    scores = {name: quality(encode, texts, vectors[name], headings) for name, encode in ways.items()}
    tokens = embedders["fp32"].count_tokens(texts)
    row = {
        "bench": "embedding",
        "device": device,
        "threads": torch.get_num_threads(),
        "passages": len(texts),
        "tokens": [int(number) for number in np.percentile(tokens, [0, 10, 50, 90, 100])],
        "auto": choose_precision("auto", device),
    }
    for name in ways:
        row[name] = {
            "passages_a_second": round(len(texts) / best[name], 1),
            "times_as_fast": round(best["sentence_transformers"] / best[name], 2),
            "ndcg@10": round(scores[name], 4),
            "ndcg_loss": round(scores["sentence_transformers"] - scores[name], 4),
        }
        if vectors[name].shape == vectors["sentence_transformers"].shape:
            cosines = (vectors[name] * vectors["sentence_transformers"]).sum(axis=1)
            row[name]["least_cosine"] = round(float(cosines.min()), 5)
    print(json.dumps(row))


if __name__ == "__main__":
    main()
