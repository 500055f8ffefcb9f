"""Which blocks of a page are its main text.

A logistic regression over the block, what it stands in and what stands beside it, with weights that
`bench/train_extraction.py` learns. Does not know what the text says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rag.block_features import FEATURES, Array, features
from rag.block_weights import BIAS, WEIGHTS
from rag.blocks import Block


@lru_cache(maxsize=1)
def _model() -> tuple[Array, Array, Array]:
    """Mean and spread of each feature, [FEATURES] each, and its weights, [FEATURES, (any page, article)]."""
    table = np.array([WEIGHTS[name] for name in FEATURES])
    return table[:, 0], table[:, 1], table[:, 2:]


def log_odds(found: Sequence[Block], article: bool) -> Array:
    """How much speaks for each block being main text, [blocks]: the regression, smoothed over the neighbours.

    A page that calls itself an `article` is judged by weights of its own: beside an article nothing belongs to it.
    """
    if not found:
        return np.empty(0)
    mean, spread, weights = _model()
    return smoothed(standardised(features(found), mean, spread) @ weights[:, int(article)] + BIAS[int(article)])


def standardised(rows: Array, mean: Array, spread: Array) -> Array:
    """Features in spreads from their mean, none further than five: one odd value must not overrule the rest."""
    scaled: Array = np.clip((rows - mean) / spread, -5, 5)
    return scaled


def smoothed(odds: Array) -> Array:
    """Each block's odds with its neighbours', for main text comes in stretches; sharpened, for smoothing flattens."""
    window = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    mass = np.convolve(np.ones(len(odds)), window)[4:-4]
    mixed: Array = 1.5 * np.convolve(odds, window)[4:-4] / mass
    return mixed


def main_blocks(odds: Array, words: Array) -> npt.NDArray[np.bool_]:
    """Which blocks to keep: the likeliest ones, as many as give the best expected F1 over words, [blocks]."""
    if not len(odds):
        return np.empty(0, np.bool_)
    likely = 1 / (1 + np.exp(-odds))
    order = np.argsort(-likely, kind="stable")
    right = np.cumsum((likely * words)[order])
    taken = np.cumsum(words[order])
    best = int(np.argmax(2 * right / (taken + right[-1] + 1e-9)))
    keep: npt.NDArray[np.bool_] = likely >= likely[order[best]]
    return keep
