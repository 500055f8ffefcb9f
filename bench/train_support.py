"""Learn `rag/support_weights.py` from claims about real pages, and say how well it does on pages left out.

Give a folder of pages (`pages.jsonl` with rows `{"url", "file"}`); `--write` renews the weights, `--words` the list of
common words that they rest on. Pairs come from `support_claims.txt` (claims as assistants make them: as they are, two
in one, and with evidence of other pages beside theirs) and from `support_pairs.py` (built by rules). Prints one JSON
line: macro-F1 by origin in five-fold cross-validation by page, beside that of token coverage and cosine on the same
rows; the share judged right of each kind of built pair, also when its kind was held out; and pairs per second.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.metrics import f1_score

from bench.support_pairs import Labelled, Page, pairs, telling
from inference.embed import Embedder, get_embedder
from rag import support_words
from rag.extract import UnreadablePage, extract
from rag.support import BATCH
from rag.support_features import FEATURES, SIGNS, features
from rag.words import terms

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

CLAIMS = Path(__file__).with_name("support_claims.txt")
FOLDS = 5
#: Share of the weight of the claims as written, and of those with their evidence or themselves varied.
AS_WRITTEN, VARIED = 0.4, 0.3
RIDGE = 0.01
#: The most of each kind of built pair.
MOST = {
    "reworded": 750,
    "merged": 600,
    "clause": 350,
    "near sentence": 450,
    "source withheld": 700,
    "added": 450,
    "mixed": 350,
}
MOST_OF_OTHERS = 200
#: Words on at least so many pages are listed as common, by tenths of rarity.
COMMON_PAGES = 12


def signs() -> list[int]:
    """+1, -1 or 0 for each feature."""
    return [SIGNS.get(name, -1) for name in FEATURES]


def read_pages(folder: Path) -> list[Page]:
    """The folder's pages in English that can be read."""
    found = []
    for line in (folder / "pages.jsonl").read_text("utf-8").splitlines():
        file = json.loads(line)["file"]
        try:
            page = extract(gzip.decompress((folder / file).read_bytes()))
        except UnreadablePage:
            continue
        if page.language in (None, "", "en"):
            found.append(Page(file, page.title or "", page.text))
    return found


def written(pages: Sequence[Page]) -> Iterator[Labelled]:
    """The claims of CLAIMS with their passages; those whose passage is not found any more are left out."""
    texts = {page.name: page.text for page in pages}
    evidence = name = ""
    for line in CLAIMS.read_text("utf-8").splitlines():
        if line.startswith("@ "):
            name, first, last = line[2:].split(" | ")
            end = texts.get(name, "").find(last)
            start = texts.get(name, "").rfind(first, 0, end + 1)
            evidence = texts[name][start : end + len(last)] if 0 <= start < end else ""
        elif line[:2] in ("+ ", "- ") and evidence:
            yield Labelled(line[2:], evidence, line[0] == "+", "written", name)


def varied(claims: Sequence[Labelled], pages: Sequence[Page], chance: random.Random) -> Iterator[Labelled]:
    """The claims with passages of other pages beside their own, and two claims of a passage in one."""
    by_page: dict[str, list[Labelled]] = defaultdict(list)
    for claim in claims:
        by_page[claim.page].append(claim)
        parts = [claim.evidence]
        for _ in range(chance.choice((1, 1, 2, 3, 5))):
            other = chance.choice(pages).text
            start = chance.randrange(max(1, len(other) - 1200))
            parts.append(other[start : start + chance.randrange(300, 1200)])
        chance.shuffle(parts)
        yield Labelled(claim.claim, "\n\n".join(parts), claim.supported, "among others", claim.page)
    for page, members in sorted(by_page.items()):
        true = [each for each in members if each.supported]
        false = [each for each in members if not each.supported]
        for supported in (True, False) * 4:
            two = chance.sample(true, 2) if supported else [chance.choice(true), chance.choice(false)]
            chance.shuffle(two)
            joint = chance.choice((", and ", ". ", "; ", ", while "))
            claim = two[0].claim.rstrip(".") + joint + two[1].claim
            yield Labelled(claim, two[0].evidence, supported, "two in one", page)


def built(pages: Sequence[Page], chance: random.Random) -> list[Labelled]:
    """Pairs made by rules, no more of each kind than MOST says."""
    found: dict[str, list[Labelled]] = defaultdict(list)
    for pair in pairs(pages, nearest(pages, chance), chance):
        found[pair.kind].append(pair)
    kept: list[Labelled] = []
    for kind, members in sorted(found.items()):
        chance.shuffle(members)
        kept += members[: MOST.get(kind, MOST_OF_OTHERS)]
    return kept


def nearest(pages: Sequence[Page], chance: random.Random, count: int = 3) -> Callable[[str, str], list[str]]:
    """(sentence, page) -> the sentences of other pages that share most of its rarer words."""
    pool: list[tuple[str, str]] = []
    holding: dict[str, list[int]] = defaultdict(list)
    for page in pages:
        spans = telling(page.text)
        for span in chance.sample(spans, min(12, len(spans))):
            for word in dict.fromkeys(terms(page.text[slice(*span)])):
                holding[word].append(len(pool))
            pool.append((page.name, page.text[slice(*span)]))

    def near(said: str, name: str) -> list[str]:
        worth: dict[int, float] = defaultdict(float)
        for word in dict.fromkeys(terms(said)):
            if 0 < len(holding.get(word, ())) < 400:
                for at in holding[word]:
                    worth[at] += 1 / math.log(2 + len(holding[word]))
        best = sorted(worth, key=lambda at: -worth[at])
        return [pool[at][1] for at in best if pool[at][0] != name][:count]

    return near


class Model:
    """A linear model whose weights keep to `signs`: means, spreads, weights and bias."""

    def __init__(self, rows: Floats, labels: Flags, importance: Floats, allowed: Sequence[int]) -> None:
        self.mean = np.average(rows, axis=0, weights=importance)
        self.spread = np.sqrt(np.average((rows - self.mean) ** 2, axis=0, weights=importance)) + 1e-6
        scaled, share = (rows - self.mean) / self.spread, importance / importance.sum()
        turn = np.where(labels, 1.0, -1.0)

        def loss(values: Floats) -> tuple[float, Floats]:
            margin = turn * (scaled @ values[:-1] + values[-1])
            slope = -turn * share / (1 + np.exp(np.clip(margin, -500, 500)))
            height = float(share @ np.logaddexp(0, -margin)) + RIDGE * float(values[:-1] @ values[:-1]) / 2
            return height, np.r_[scaled.T @ slope + RIDGE * values[:-1], slope.sum()]

        bounds = [(0, None) if sign > 0 else (None, 0) if sign < 0 else (None, None) for sign in (*allowed, 0)]
        found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, bounds=bounds, method="L-BFGS-B").x
        self.weight, self.bias = found[:-1], float(found[-1])

    def odds(self, rows: Floats) -> Floats:
        """Log odds of each row."""
        found: Floats = (rows - self.mean) / self.spread @ self.weight + self.bias
        return found


def importance(rows: Sequence[Labelled]) -> Floats:
    """What each pair counts for: each origin its share, and in each as much for the true as for the false."""
    shares = {"written": AS_WRITTEN, "varied": VARIED, "built": 1 - AS_WRITTEN - VARIED}
    counts = Counter((origin(row), row.supported) for row in rows)
    return np.array([shares[origin(row)] / counts[origin(row), row.supported] for row in rows])


def origin(row: Labelled) -> str:
    """Where a pair comes from."""
    return {"written": "written", "among others": "varied", "two in one": "varied"}.get(row.kind, "built")


def plain(rows: Sequence[Labelled], embedder: Embedder) -> Floats:
    """What the usual check sees of each pair: the share of the claim's terms in the evidence, and the cosine."""
    claims, evidence = [terms(row.claim) for row in rows], [set(terms(row.evidence)) for row in rows]
    share = [
        sum(word in held for word in said) / max(1, len(said)) for said, held in zip(claims, evidence, strict=True)
    ]
    ours = embedder.encode([row.claim for row in rows])
    # as much as the model takes in at once: what the usual libraries embed
    theirs = embedder.encode([row.evidence[:1200] for row in rows])
    return np.stack([np.array(share), (ours * theirs).sum(axis=1)], axis=1)


def crossed(rows: Sequence[Labelled], table: Floats, allowed: Sequence[int], kind: str | None = None) -> Floats:
    """Log odds of each pair by a model that saw nothing of its page, nor of pairs of `kind`."""
    labels, counts = np.array([row.supported for row in rows]), importance(rows)
    names = sorted({row.page for row in rows})
    fold_of = dict(zip(names, np.random.default_rng(0).permutation(len(names)) % FOLDS, strict=True))
    folds = np.array([fold_of[row.page] for row in rows])
    seen = np.array([row.kind != kind for row in rows])
    odds = np.zeros(len(rows))
    for fold in range(FOLDS):
        here = (folds != fold) & seen
        odds[folds == fold] = Model(table[here], labels[here], counts[here], allowed).odds(table[folds == fold])
    return odds


def best_threshold(odds: Floats, rows: Sequence[Labelled]) -> float:
    """The log odds from which to call a claim supported: the middle of those with nearly the best macro-F1."""
    labels, counts = np.array([row.supported for row in rows]), importance(rows)
    tried = np.linspace(-1.5, 1.5, 121)
    reached = np.array([macro_f1(labels, odds > at, counts) for at in tried])
    return float(np.median(tried[reached >= reached.max() - 0.005]))


def macro_f1(labels: Flags, judged: Flags, counts: Floats | None = None) -> float:
    return float(f1_score(labels, judged, average="macro", sample_weight=counts))


def write(model: Model) -> None:
    """Write the weights. True and false count for as much, so a score of one half is even odds."""
    lines = [
        f"    {json.dumps(name)}: ({mean:.4g}, {spread:.4g}, {weight:.3f}),"
        for name, mean, spread, weight in zip(FEATURES, model.mean, model.spread, model.weight, strict=True)
    ]
    Path(support_words.__file__).with_name("support_weights.py").write_text(
        '"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = {model.bias:.3f}\n"
        "WEIGHTS: dict[str, tuple[float, float, float]] = {\n" + "\n".join(lines) + "\n}\n",
        "utf-8",
    )


def write_words(pages: Sequence[Page]) -> None:
    """Write which stems are common, by how much each says: of a word on every page, a tenth."""
    on = Counter(word for page in pages for word in set(terms(page.text)))
    listed: dict[float, list[str]] = defaultdict(list)
    for word, count in on.items():
        if count >= COMMON_PAGES and re.fullmatch(r"[a-z]+", word):
            rarity = math.log((len(pages) + 1) / (count + 1)) / math.log(len(pages) + 1)
            listed[min(0.9, max(0.1, round(rarity * 1.4, 1)))].append(word)
    bands = []
    for rarity, members in sorted(listed.items()):
        indent = " " * 8
        body = textwrap.fill(" ".join(sorted(members)), 112, initial_indent=indent, subsequent_indent=indent)
        bands.append(f'    {rarity}: """\n{body}\n    """,\n')
    Path(support_words.__file__).with_name("support_rarity.py").write_text(
        '"""Stems found on many pages, by how much each says; by `bench/train_support.py --words`."""\n\n'
        "from __future__ import annotations\n\n"
        "COMMON: dict[float, str] = {\n" + "".join(bands) + "}\n",
        "utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--write", action="store_true", help="renew rag/support_weights.py")
    parser.add_argument("--words", action="store_true", help="renew rag/support_rarity.py, and do nothing else")
    arguments = parser.parse_args()
    pages = read_pages(arguments.pages)
    if arguments.words:
        write_words(pages)
        return
    chance = random.Random(3)
    claims = list(written(pages))
    rows = [*claims, *varied(claims, pages, chance), *built(pages, chance)]
    embedder = get_embedder()
    embedder.encode(["ready"])
    began = time.perf_counter()
    read = [
        features([(row.claim, row.evidence) for row in rows[at : at + BATCH]], embedder)
        for at in range(0, len(rows), BATCH)
    ]
    table, told, _ = (np.concatenate(parts) for parts in zip(*read, strict=True))
    per_second = len(rows) / (time.perf_counter() - began)
    rows, table = [row for row, known in zip(rows, told, strict=True) if known], table[told]
    labels = np.array([row.supported for row in rows])
    kinds, origins = np.array([row.kind for row in rows]), np.array([origin(row) for row in rows])
    odds = crossed(rows, table, signs())
    usual = plain(rows, embedder)
    usual_odds = crossed(rows, usual, (1, 1))
    usual_threshold = best_threshold(usual_odds, rows)
    result: dict[str, Any] = {"pairs": len(rows), "pairs_per_second": round(per_second, 1), "macro_f1": {}, "kinds": {}}
    for name in ("written", "among others", "two in one", "built"):
        here = origins == name if name == "built" else kinds == name
        result["macro_f1"][name] = {
            "support": round(macro_f1(labels[here], odds[here] > 0), 3),
            "coverage and cosine": round(macro_f1(labels[here], usual_odds[here] > usual_threshold), 3),
        }
    right = (odds > 0) == labels
    usual_right = (usual_odds > usual_threshold) == labels
    for kind in sorted(set(kinds[origins == "built"])):
        here = kinds == kind
        unseen = (crossed(rows, table, signs(), kind)[here] > 0) == labels[here]
        result["kinds"][kind] = {
            "right": round(float(right[here].mean()), 3),
            "kind held out": round(float(unseen.mean()), 3),
            "coverage and cosine": round(float(usual_right[here].mean()), 3),
        }
    if arguments.write:
        write(Model(table, labels, importance(rows), signs()))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
