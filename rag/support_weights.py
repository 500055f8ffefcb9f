"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""

from __future__ import annotations

BIAS = -0.980
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "claim length": (2.505, 0.391, 0.378),
    "unsupported above 0.2": (0.6412, 0.5124, -0.318),
    "unsupported above 0.4": (0.7222, 0.4491, -0.495),
    "unsupported above 0.6": (0.8306, 0.3776, -0.431),
    "unsupported above 0.8": (0.9594, 0.3049, -0.164),
    "longest gap": (0.1161, 0.1403, -0.387),
    "names": (0.8071, 0.2711, 0.331),
    "words": (0.6555, 0.09639, 0.206),
    "cosine": (0.6881, 0.1399, 0.092),
    "number missing": (0.07222, 0.1931, -0.363),
    "name missing": (0.04994, 0.1674, -0.216),
    "denial": (0.08997, 0.2553, -0.248),
    "contrary": (0.04066, 0.1893, -0.317),
    "sweeping": (0.0878, 0.2579, -0.388),
}
