"""Learn `rag/block_weights.py` from pages whose main text people marked, and say how well it does on pages left out.

Give the folder of pages (`html/ID.html.gz`, `truth/ID.json`); `--write` renews the weights, learned from all pages.
Prints one JSON line: mean word F1 in repeated five-fold cross-validation, all in all and by type of page; precision,
recall and F1 of the articles' shingles of four words, as benchmarks of news pages count them; and pages per second on
one core.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from rag import main_text as judged
from rag.blocks import Block
from rag.declared import is_article, nodes
from rag.extract import decode, linked_data, metas_of, page_blocks, parse

FOLDS, ROUNDS = 5, 3
SHINGLE = 4
ARTICLES = 8
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def word_f1(got: str, wanted: str) -> float:
    ours, theirs = Counter(words(got)), Counter(words(wanted))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def shingles(text: str) -> Counter[tuple[str, ...]]:
    told = _WORD.findall(text)
    return Counter(tuple(told[at : at + SHINGLE]) for at in range(len(told) - SHINGLE + 1))


def shingle_scores(got: str, wanted: str) -> tuple[float, float]:
    """Precision and recall."""
    ours, theirs = shingles(got), shingles(wanted)
    right = (ours & theirs).total()
    return right / max(ours.total(), 1), right / max(theirs.total(), 1)


def belongs(found: Sequence[Block], wanted: str) -> judged.Array:
    """How much of each block the wanted text holds, in runs of up to five words; very short ones as a line of it."""
    told = words(wanted)
    runs = {tuple(told[at : at + size]) for size in range(1, 6) for at in range(len(told) - size + 1)}
    lines = {" ".join(words(line)) for line in wanted.split("\n")}
    shares = np.zeros(len(found))
    for row, block in enumerate(found):
        said = words(block.text)
        if 0 < len(said) < 3:
            shares[row] = 1.0 if " ".join(said) in lines else 0.5 if tuple(said) in runs else 0.0
        elif said:
            size = min(5, len(said))
            held = np.zeros(len(said), bool)
            for at in range(len(said) - size + 1):
                if tuple(said[at : at + size]) in runs:
                    held[at : at + size] = True
            shares[row] = held.mean()
    return shares


def learn(
    rows: list[judged.Array], truths: list[judged.Array], sizes: list[judged.Array], articles: list[bool]
) -> tuple[judged.Array, judged.Array]:
    """([FEATURES, (mean, spread, weight, weight in articles)], biases of both).

    Pages count alike, long blocks more than short ones; for the weights in articles, articles count ARTICLES times.
    """
    seen = np.concatenate(rows)
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1
    scaled, main = judged.standardised(seen, mean, spread), np.concatenate(truths) >= 0.5
    columns, biases = [mean, spread], []
    for times in (1, ARTICLES):
        importance = np.concatenate(
            [
                (np.sqrt(size) + 0.3) / (np.sqrt(size.sum()) + 20) * (times if article else 1)
                for size, article in zip(sizes, articles, strict=True)
            ]
        )
        model = LogisticRegression(C=0.001, max_iter=300).fit(scaled, main, importance / importance.mean())
        columns.append(model.coef_[0])
        biases.append(model.intercept_[0])
    return np.stack(columns, axis=1), np.array(biases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--write", action="store_true", help="renew rag/block_weights.py")
    arguments = parser.parse_args()
    began, pages, wanted, kinds, told = time.perf_counter(), [], [], [], []
    for path in sorted(arguments.pages.glob("html/*.html.gz")):
        truth = json.loads((arguments.pages / "truth" / path.name.replace(".html.gz", ".json")).read_text("utf-8"))
        wanted.append(truth["ground_truth"]["main_content"])
        kinds.append(truth["_internal"]["page_type"]["primary"])
        document = parse(decode(gzip.decompress(path.read_bytes())))
        told.append(is_article(nodes(list(linked_data(document))), metas_of(document)))
        pages.append(page_blocks(document))
    rows = [judged.features(page) for page in pages]
    per_second = len(pages) / (time.perf_counter() - began)
    truths = [belongs(page, text) for page, text in zip(pages, wanted, strict=True)]
    sizes = [np.array([float(block.words) for block in page]) for page in pages]
    parts = (rows, truths, sizes, [kind == "article" for kind in kinds])
    # [rounds, pages, (word F1, shingle precision, shingle recall)]
    scores = np.zeros((ROUNDS, len(pages), 3))
    for turn in range(ROUNDS):
        folds = np.random.default_rng(turn).permutation(len(pages)) % FOLDS
        for fold in range(FOLDS):
            others = np.flatnonzero(folds != fold)
            table, biases = learn(*([part[k] for k in others] for part in parts))
            for k in np.flatnonzero(folds == fold):
                column = int(told[k])
                odds = judged.standardised(rows[k], table[:, 0], table[:, 1]) @ table[:, 2 + column] + biases[column]
                keep = judged.main_blocks(judged.smoothed(odds) if len(odds) else odds, sizes[k])
                text = "\n".join(block.text for block, kept in zip(pages[k], keep, strict=True) if kept)
                scores[turn, k] = word_f1(text, wanted[k]), *shingle_scores(text, wanted[k])
    if arguments.write:
        write(*learn(*parts))
    means = scores.mean(axis=0)
    of = {kind: means[[other == kind for other in kinds]] for kind in sorted(set(kinds))}
    precision, recall = map(float, of["article"][:, 1:].mean(axis=0))
    figures = {
        "word_f1": round(float(means[:, 0].mean()), 4),
        "by_type": {kind: [len(rows), round(float(rows[:, 0].mean()), 3)] for kind, rows in of.items()},
        "article_shingles": [round(x, 4) for x in (precision, recall, 2 * precision * recall / (precision + recall))],
        "pages_per_second": round(per_second, 1),
    }
    print(json.dumps(figures))


def write(table: judged.Array, biases: judged.Array) -> None:
    lines = [
        f"    {json.dumps(name)}: ({mean:.4g}, {spread:.4g}, {weight:.3f}, {in_articles:.3f}),"
        for name, (mean, spread, weight, in_articles) in zip(judged.FEATURES, table, strict=True)
    ]
    Path(judged.__file__).with_name("block_weights.py").write_text(
        '"""Of each feature of `rag.block_features` mean, spread, weight in any page and weight in an article.\n\n'
        'Written by `bench/train_extraction.py`.\n"""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = ({biases[0]:.3f}, {biases[1]:.3f})\n"
        "WEIGHTS: dict[str, tuple[float, float, float, float]] = {\n" + "\n".join(lines) + "\n}\n",
        "utf-8",
    )


if __name__ == "__main__":
    main()
