"""Learn `rag/block_weights.py` from pages whose main text people marked, and say how well it does on pages left out.

Give the folder of pages (`html/ID.html.gz`, `truth/ID.json`); `--write` renews the weights, learned from all pages.
Prints one JSON line: mean word F1 in five-fold cross-validation, and pages per second on one core.
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

from rag import blocks as judged
from rag.extract import decode, page_blocks, parse

FOLDS = 5
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def word_f1(got: str, wanted: str) -> float:
    ours, theirs = Counter(words(got)), Counter(words(wanted))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def belongs(found: Sequence[judged.Block], wanted: str) -> judged.Array:
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
    rows: list[judged.Array], truths: list[judged.Array], sizes: list[judged.Array]
) -> tuple[judged.Array, float]:
    """([FEATURES, (mean, spread, weight)], bias). Pages count alike, long blocks more than short ones."""
    seen = np.concatenate(rows)
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1
    importance = np.concatenate([(np.sqrt(size) + 0.3) / (np.sqrt(size.sum()) + 20) for size in sizes])
    model = LogisticRegression(C=0.001, max_iter=300)
    model.fit(judged.standardised(seen, mean, spread), np.concatenate(truths) >= 0.5, importance / importance.mean())
    return np.stack([mean, spread, model.coef_[0]], axis=1), float(model.intercept_[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--write", action="store_true", help="renew rag/block_weights.py")
    arguments = parser.parse_args()
    began, pages, wanted = time.perf_counter(), [], []
    for path in sorted(arguments.pages.glob("html/*.html.gz")):
        truth = json.loads((arguments.pages / "truth" / path.name.replace(".html.gz", ".json")).read_text("utf-8"))
        wanted.append(truth["ground_truth"]["main_content"])
        pages.append(page_blocks(parse(decode(gzip.decompress(path.read_bytes())))))
    rows = [judged.features(page) for page in pages]
    per_second = len(pages) / (time.perf_counter() - began)
    truths = [belongs(page, text) for page, text in zip(pages, wanted, strict=True)]
    sizes = [np.array([float(block.words) for block in page]) for page in pages]
    folds = np.random.default_rng(0).permutation(len(pages)) % FOLDS
    scores = np.zeros(len(pages))
    for fold in range(FOLDS):
        others = np.flatnonzero(folds != fold)
        table, bias = learn(*([part[k] for k in others] for part in (rows, truths, sizes)))
        for k in np.flatnonzero(folds == fold):
            odds = judged.standardised(rows[k], table[:, 0], table[:, 1]) @ table[:, 2] + bias
            keep = judged.main_blocks(judged.smoothed(odds) if len(odds) else odds, sizes[k])
            text = "\n".join(block.text for block, kept in zip(pages[k], keep, strict=True) if kept)
            scores[k] = word_f1(text, wanted[k])
    if arguments.write:
        write(*learn(rows, truths, sizes))
    print(json.dumps({"word_f1": round(float(scores.mean()), 4), "pages_per_second": round(per_second, 1)}))


def write(table: judged.Array, bias: float) -> None:
    lines = [
        f"    {json.dumps(name)}: ({mean:.4g}, {spread:.4g}, {weight:.3f}),"
        for name, (mean, spread, weight) in zip(judged.FEATURES, table, strict=True)
    ]
    Path(judged.__file__).with_name("block_weights.py").write_text(
        '"""Mean, spread and weight of each feature of `rag.blocks`, written by `bench/train_extraction.py`."""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = {bias:.3f}\n"
        "WEIGHTS: dict[str, tuple[float, float, float]] = {\n" + "\n".join(lines) + "\n}\n",
        "utf-8",
    )


if __name__ == "__main__":
    main()
