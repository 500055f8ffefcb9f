"""Learn `inference/sentiment_weights.py`, and say how well feelings are told on sentences left out.

Give the headlines (JSON Lines of `{"row", "text", "entities": {surface: feeling}}`); sentences in the style of
assistants' answers are those of `bench/sentiment_sentences.txt`, where `[Name+]` is recommended, `[Name-]` negative and
`[Name=]` neutral. All names of one headline or sentence are in the same fold. `--write` renews the weights, learned
from everything but `bench/sentiment_held_out.txt`, which is never learned from and never a reason to list a word.
Prints one JSON line: macro-F1 of each kind and of its mixed sentences, in which feelings differ; the same of the words
alone, of a logistic regression on MiniLM alone, and with a fifth of the listed words forgotten, as sentences with
unlisted words would have it; of the sentences held out, by what is learned here and by the weights as they are stored;
names a second on one core.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from inference import sentiment
from inference.embed import Embedder, get_embedder
from inference.sentiment_features import FEATURES, Floats
from inference.sentiment_scene import scene
from inference.sentiment_words import KINDS

FOLDS, SEEDS = 5, 3
#: How much an embedding's numbers count beside those of words, and how strongly all are held down.
EMBEDDING_SCALE, STRENGTH = 4.0, 0.03
#: Copies of the examples with words forgotten, so that embeddings learn to stand in for words that are not listed.
COPIES, FORGOTTEN = 2, 0.2
OWN, HELD_OUT = (Path(__file__).with_name(f"sentiment_{name}.txt") for name in ("sentences", "held_out"))
_MARKED = re.compile(r"\[([^\]]+)([-+=])\]")
_LABELS = {"neutral": 0, "=": 0, "positive": 1, "+": 1, "negative": 2, "-": 2}
_STRUCTURE = frozenset({"negator", "affirm", "contrast", "hedge", "merely"})


@dataclass(frozen=True, slots=True)
class Example:
    """A name in its sentence, and what is felt towards it."""

    named: sentiment.Named
    label: int
    group: int
    mixed: bool
    headline: bool


def examples(group: int, text: str, told: dict[tuple[int, int], int], headline: bool) -> Iterator[Example]:
    mixed = len(set(told.values())) > 1
    for span, label in told.items():
        others = [other for other in told if text[slice(*other)] != text[slice(*span)]]
        yield Example(sentiment.Named(text, *span, others), label, group, mixed, headline)


def headlines(path: Path) -> Iterator[Example]:
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        row = json.loads(line)
        told: dict[tuple[int, int], int] = {}
        for surface, feeling in sorted(row["entities"].items(), key=lambda item: -len(item[0])):
            for match in re.finditer(re.escape(surface), row["text"]):
                if not any(match.start() < b and a < match.end() for a, b in told):
                    told[match.span()] = _LABELS[feeling]
                    break
        yield from examples(number, row["text"], told, headline=True)


def sentences(path: Path) -> Iterator[Example]:
    for number, line in enumerate(path.read_text("utf-8").splitlines()):
        text, at = "", 0
        marked, told = line.replace("\\n", "\n"), {}
        for match in _MARKED.finditer(marked):
            text += marked[at : match.start()]
            told[len(text), len(text) + len(match[1])] = _LABELS[match[2]]
            text, at = text + match[1], match.end()
        yield from examples(-1 - number, text + marked[at:], told, headline=False)


@contextmanager
def forgetting(share: float, seed: int) -> Iterator[None]:
    """Take a share of the words of feeling out of the lists for a while."""
    rng, known = np.random.default_rng(seed), dict(KINDS)
    for phrase, kinds in known.items():
        if not kinds & _STRUCTURE and rng.random() < share:
            del KINDS[phrase]
    try:
        yield
    finally:
        KINDS.clear()
        KINDS.update(known)


def lexical(rows: list[Example]) -> Floats:
    return sentiment.lexical([scene(r.named.text, r.named.start, r.named.end, r.named.others) for r in rows])


@dataclass(frozen=True, slots=True)
class Learned:
    """A linear model over numbers as they come: [columns, feelings] and [feelings]."""

    weights: Floats
    bias: Floats

    def __call__(self, columns: Floats) -> Floats:
        return (columns @ self.weights + self.bias).argmax(axis=1)


def learn(words: list[Floats], vectors: Floats, labels: Floats) -> Learned:
    """Fit to examples [n] given once with all words and again with some forgotten, `words` each [n, columns]."""
    mean, spread = words[0].mean(axis=0), words[0].std(axis=0) + 0.02
    scale = np.concatenate([1 / spread, np.full(vectors.shape[1], EMBEDDING_SCALE, np.float32)])
    middle = np.concatenate([mean, vectors.mean(axis=0)])
    columns = np.vstack([(np.hstack([each, vectors]) - middle) * scale for each in words])
    model = LogisticRegression(C=STRENGTH / len(words), max_iter=200, tol=1e-3, class_weight="balanced")
    model.fit(columns, np.tile(labels, len(words)))
    weights = (model.coef_ * scale).T
    return Learned(weights, model.intercept_ - middle @ weights)


def scores(rows: list[Example], got: Floats) -> dict[str, float]:
    """Macro-F1 by kind, and of the names in sentences of mixed feelings."""
    labels = np.array([row.label for row in rows])
    kinds = {
        "headlines": [row.headline for row in rows],
        "headlines mixed": [row.headline and row.mixed for row in rows],
        "answers": [not row.headline for row in rows],
        "answers mixed": [not row.headline and row.mixed for row in rows],
    }
    return {
        kind: float(f1_score(labels[mask], got[mask], average="macro"))
        for kind, mask in ((kind, np.array(mask)) for kind, mask in kinds.items() if any(mask))
    }


def cross_validated(rows: list[Example], train: list[Floats], test: Floats, vectors: Floats) -> dict[str, float]:
    """Mean scores over folds drawn several times."""
    labels, groups = np.array([row.label for row in rows]), np.array([row.group for row in rows])
    told: list[dict[str, float]] = []
    for seed in range(SEEDS):
        known = np.unique(groups)
        fold_of = dict(zip(known, np.random.default_rng(seed).permutation(len(known)) % FOLDS, strict=True))
        folds, got = np.array([fold_of[group] for group in groups]), np.zeros(len(rows), int)
        for fold in range(FOLDS):
            rest, held = folds != fold, folds == fold
            model = learn([each[rest] for each in train], vectors[rest], labels[rest])
            got[held] = model(np.hstack([test[held], vectors[held]]))
        told.append(scores(rows, got))
    return {kind: round(float(np.mean([each[kind] for each in told])), 4) for kind in told[0]}


def held_out(learned: Learned, embedder: Embedder) -> dict[str, dict[str, float]]:
    """Scores on the sentences that nothing is learned from: learned now, and as stored."""
    rows = list(sentences(HELD_OUT))
    scenes = [scene(row.named.text, row.named.start, row.named.end, row.named.others) for row in rows]
    now = learned(np.hstack([sentiment.lexical(scenes), sentiment.embedded(scenes, embedder)]))
    stored = sentiment.SentimentReader(embedder).read([row.named for row in rows])
    got = {"learned": now, "stored": np.array([sentiment.FEELINGS.index(feeling) for feeling in stored])}
    return {name: {kind: round(score, 4) for kind, score in scores(rows, told).items()} for name, told in got.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("headlines", type=Path, nargs="?", help="left out: only the sentences of our own")
    parser.add_argument("--write", action="store_true", help="renew inference/sentiment_weights.py")
    arguments = parser.parse_args()
    rows = [*(headlines(arguments.headlines) if arguments.headlines else ()), *sentences(OWN)]
    embedder = get_embedder(None, "cpu")
    embedder.encode(["warm"])
    began = time.perf_counter()
    scenes = [scene(row.named.text, row.named.start, row.named.end, row.named.others) for row in rows]
    words, vectors = sentiment.lexical(scenes), sentiment.embedded(scenes, embedder)
    per_second = len(rows) / (time.perf_counter() - began)
    copies = []
    for seed in range(COPIES + 1):
        with forgetting(FORGOTTEN, seed):
            copies.append(lexical(rows))
    unseen, train = copies.pop(), [words, *copies]
    nothing = np.zeros((len(rows), 0), np.float32)
    learned = learn(train, vectors, np.array([row.label for row in rows]))
    if arguments.write and arguments.headlines:
        write(learned)
    plain = embedder.encode([row.named.text for row in rows])
    print(
        json.dumps(
            {
                "macro_f1": cross_validated(rows, train, words, vectors),
                "a fifth of the words forgotten": cross_validated(rows, train, unseen, vectors),
                "words alone": cross_validated(rows, train, words, nothing),
                "MiniLM of the text alone": cross_validated(rows, [nothing], nothing, plain),
                "held out": held_out(learned, embedder),
                "names_per_second": round(per_second),
            }
        )
    )


def write(model: Learned) -> None:
    """Weights of words by name, those of embeddings as rows of numbers."""
    lines = [
        f"    {json.dumps(name)}: ({', '.join(f'{value:.4f}' for value in row)}),"
        for name, row in zip(FEATURES, model.weights, strict=False)
    ]
    numbers = [" ".join(f"{value:.3f}" for value in row) for row in model.weights[len(FEATURES) :]]
    wide = [" ".join(numbers[at : at + 5]) for at in range(0, len(numbers), 5)]
    Path(sentiment.__file__).with_name("sentiment_weights.py").write_text(
        '"""Weights of `inference.sentiment` (neutral, recommended, negative), from `bench/train_sentiment.py`."""\n\n'
        "from __future__ import annotations\n\n"
        f"BIAS = ({', '.join(f'{value:.4f}' for value in model.bias)})\n"
        "WEIGHTS: dict[str, tuple[float, float, float]] = {\n" + "\n".join(lines) + "\n}\n"
        'EMBEDDED = """\n' + "\n".join(wide) + '\n"""\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
