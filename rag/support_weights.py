"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""

from __future__ import annotations

BIAS = -1.055
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "claim length": (2.502, 0.3888, 0.356),
    "unsupported above 0.2": (0.6471, 0.5148, -0.350),
    "unsupported above 0.4": (0.7275, 0.4515, -0.461),
    "unsupported above 0.6": (0.835, 0.3796, -0.370),
    "unsupported above 0.8": (0.9625, 0.3067, -0.134),
    "longest gap": (0.1192, 0.1444, -0.420),
    "names": (0.8068, 0.2719, 0.373),
    "words": (0.6533, 0.1, 0.215),
    "cosine": (0.6846, 0.1432, 0.139),
    "number missing": (0.07388, 0.1971, -0.367),
    "name missing": (0.04915, 0.1633, -0.110),
    "denial": (0.0879, 0.252, -0.206),
    "contrary": (0.03859, 0.1845, -0.289),
    "sweeping": (0.06297, 0.2247, -0.378),
}
