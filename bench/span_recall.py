"""How often the sentence that is asked for lies in one of five passages, before and after they are widened; offline.

    python -m bench.span_recall --pages FOLDER [--most 400] [--documents 80] [--half choose|report]

`cloze`: three middling rare terms of a sentence, shuffled, ask for it. `heading`: a heading asks for the sentence
below it, on pages without that heading. Weights are to be chosen on one half and reported on the other. `--pages`
folders hold HTML (gzip by suffix). Prints one JSON line.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import tempfile
from collections import Counter
from pathlib import Path

from bench.retrieval import pages_in
from inference.embed import get_embedder
from rag import chunk
from rag.index import Document, Index
from rag.index_build import build
from rag.retrieve import MODES, Ranking, rank_many
from rag.widen import widened
from rag.words import terms

#: (question, document number, start, end of the sentence).
Asked = tuple[str, int, int, int]
K = 5


def clozes(documents: list[Document], chance: random.Random) -> list[Asked]:
    """One question for every fifteenth sentence of some length."""
    frequency = Counter(term for document in documents for term in set(terms(document.text)))
    asked: list[Asked] = []
    for number, document in enumerate(documents):
        for start, end in chunk.sentences(document.text)[::15]:
            by_rarity = sorted(set(terms(document.text[start:end])), key=lambda term: (frequency[term], term))
            if len(by_rarity) >= 8:
                asked.append((" ".join(chance.sample(by_rarity[2:7], 3)), number, start, end))
    return asked


def without_headings(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """The text without its headings of four words and more, and each with the sentence that stood below it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept, asked, length, heading = [], [], 0, ""
    for line, following in itertools.zip_longest(lines, lines[1:], fillvalue=""):
        if len(line) < 80 and len(line.split()) >= 4 and line[-1] not in ".!,;:" and len(following) > 80:
            heading = line
            continue
        if heading:
            start, end = chunk.sentences(line)[0]
            asked.append((heading, length + start, length + end))
            heading = ""
        kept.append(line)
        length += len(line) + 1
    return "\n".join(kept), asked


def recall(index: Index, asked: list[Asked], rankings: list[Ranking], wide: bool) -> float:
    """The share of sentences that lie whole in one of K passages."""
    hits = 0
    for (_, number, start, end), ranking in zip(asked, rankings, strict=True):
        if wide:
            shown = [(part.document, part.start, part.end) for part in widened(index, ranking, K)]
        else:
            rows = index.passages[ranking.passages[:K]]
            shown = list(zip(*(rows[name].tolist() for name in ("document", "start", "end")), strict=True))
        hits += any(here == number and low <= start and end <= high for here, low, high in shown)
    return round(hits / len(asked), 4)


def main() -> None:
    """Measure both sets in every mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=Path, action="append", required=True)
    parser.add_argument("--most", type=int, default=400)
    parser.add_argument("--documents", type=int, default=80)
    parser.add_argument("--half", choices=("choose", "report"), default="report")
    arguments = parser.parse_args()
    embedder = get_embedder(None, "cpu")
    chance = random.Random(5)
    documents, headed = [], []
    for number, text in enumerate(list(pages_in(arguments.pages).values())[: arguments.documents]):
        bare, asked = without_headings(text)
        documents.append(Document(str(number), "", "", bare))
        headed += [(question, number, start, end) for question, start, end in asked]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder, "1"), documents, embedder)
        index = Index.open(Path(folder, "1"))
        for name, questions in (("cloze", clozes(documents, chance)), ("heading", headed)):
            chance.shuffle(questions)
            half = questions[arguments.half == "report" :: 2][: arguments.most]
            texts = [question for question, *_ in half]
            vectors = embedder.encode(texts, "query")
            for mode in MODES:
                rankings = rank_many(index, texts, vectors, mode)
                found[f"{name} {mode}"] = [recall(index, half, rankings, wide) for wide in (False, True)]
            found[f"{name} questions"] = [len(half)]
    print(json.dumps({"half": arguments.half, "span recall@5, before and after": found}))


if __name__ == "__main__":
    main()
