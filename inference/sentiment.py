"""What a sentence feels towards one of the names in it: recommended, neutral or negative.

A small linear model weighs the words around the name (`inference.sentiment_features`) and MiniLM's embeddings of the
sentence and of the name's clause, in which the name and the others are placeholders: so the same sentence can tell two
names apart, and a name's fame counts for nothing. `bench/train_sentiment.py` learned the weights. Importing this loads
no model. Does not know how names are found, nor what is done with a feeling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from inference.answer import Span
from inference.sentiment_features import Floats, features
from inference.sentiment_scene import Scene, clause_text, scene
from inference.sentiment_weights import BIAS, EMBEDDED, WEIGHTS

if TYPE_CHECKING:
    from inference.embed import Embedder

Feeling = Literal["recommended", "neutral", "negative"]

#: What is told by a smaller one may be told anew.
VERSION = 3
#: In the order of the weights' columns.
FEELINGS: tuple[Feeling, ...] = ("neutral", "recommended", "negative")


@dataclass(frozen=True, slots=True)
class Named:
    """A name at text[start:end], in code points, and the places of the other names in the same text."""

    text: str
    start: int
    end: int
    others: Sequence[Span] = ()


class SentimentReader:
    """Reads feelings with one embedder, which has to be the MiniLM that the weights were learned on."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lexical: Floats = np.array(list(WEIGHTS.values()), np.float32)  # [features, feelings]
        self._embedded: Floats = np.array(EMBEDDED.split(), np.float32).reshape(-1, len(FEELINGS))  # [2d, feelings]

    def read(self, names: Sequence[Named]) -> list[Feeling]:
        """The feeling towards each name, in order."""
        if not names:
            return []
        scenes = [scene(name.text, name.start, name.end, name.others) for name in names]
        odds = lexical(scenes) @ self._lexical + embedded(scenes, self._embedder) @ self._embedded + np.array(BIAS)
        return [FEELINGS[best] for best in odds.argmax(axis=1)]


def lexical(scenes: Sequence[Scene]) -> Floats:
    """[n, FEATURES] numbers of the words around the names."""
    return np.stack([features(each) for each in scenes])


def embedded(scenes: Sequence[Scene], embedder: Embedder) -> Floats:
    """[n, 2d] embeddings of the masked sentences and of the names' clauses; the embedder keeps recent ones."""
    vectors = embedder.encode([each.masked for each in scenes] + [clause_text(each) for each in scenes])
    return np.hstack([vectors[: len(scenes)], vectors[len(scenes) :]])


@lru_cache(maxsize=1)
def get_sentiment_reader(device: str = "auto") -> SentimentReader:
    """The reader of this process. Raises inference.embed.UnusableModel where MiniLM cannot be loaded."""
    # torch is slow to import, and only needed here
    from inference.embed import get_embedder

    return SentimentReader(get_embedder(None, device))
