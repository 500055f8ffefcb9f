"""How often the support checker agrees with people: macro-F1 on pairs that people labelled, one JSON line.

    python -m bench.support_quality PAIRS.jsonl [MORE.jsonl ...]

A row is {"claim", "evidence", "supported": true or false, "set": "where it comes from"}; several pieces of evidence are
joined by a blank line, and `set` may be left out. Beside it stands the usual check, token coverage and cosine, with a
logistic model that is fitted to these very labels in five-fold cross-validation: the checker itself learns nothing
here. `error` is the standard error of the difference between the two, from 1,000 resamples of the rows.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from bench.support_pairs import Labelled
from bench.train_support import FOLDS, Flags, macro_f1, plain
from inference.embed import get_embedder
from rag.support import check

RESAMPLES = 1000


def read(paths: list[Path]) -> list[Labelled]:
    """The rows of all files, each pair once; those without evidence are left out."""
    found: dict[tuple[str, str], Labelled] = {}
    for path in paths:
        for line in filter(str.strip, path.read_text("utf-8").splitlines()):
            row = json.loads(line)
            if row["evidence"].strip():
                pair = Labelled(row["claim"], row["evidence"], row["supported"], row.get("set", "all"), path.name)
                found.setdefault((pair.claim, pair.evidence), pair)
    return list(found.values())


def agreement(labels: Flags, judged: Flags, usual: Flags) -> dict[str, Any]:
    """Pairs, the share that people call supported, and the macro-F1 of both."""
    chance = np.random.default_rng(0)
    gains = []
    for _ in range(RESAMPLES):
        drawn = chance.integers(len(labels), size=len(labels))
        gains.append(macro_f1(labels[drawn], judged[drawn]) - macro_f1(labels[drawn], usual[drawn]))
    return {
        "pairs": len(labels),
        "supported": round(float(labels.mean()), 2),
        "checker": round(macro_f1(labels, judged), 3),
        "coverage and cosine": round(macro_f1(labels, usual), 3),
        "error": round(float(np.std(gains)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, nargs="+")
    rows = read(parser.parse_args().pairs)
    embedder = get_embedder()
    labels = np.array([row.supported for row in rows])
    sets = np.array([row.kind for row in rows])
    judged = np.array([verdict.supported for verdict in check([(row.claim, row.evidence) for row in rows], embedder)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    usual = cross_val_predict(LogisticRegression(), plain(rows, embedder), labels, cv=folds)
    result: dict[str, Any] = {"bench": "support_quality", "all": agreement(labels, judged, usual)}
    for name in sorted(set(sets)):
        result[str(name)] = agreement(labels[sets == name], judged[sets == name], usual[sets == name])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
