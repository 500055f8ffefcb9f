"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""

from __future__ import annotations

BIAS = -0.393
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "claim length": (2.505, 0.391, 0.380),
    "unsupported above 0.2": (0.6662, 0.5215, -0.581),
    "unsupported above 0.4": (0.7427, 0.4594, -0.543),
    "unsupported above 0.6": (0.846, 0.3885, -0.291),
    "unsupported above 0.8": (0.9699, 0.3164, -0.013),
    "longest gap": (0.1263, 0.1517, -0.444),
    "names": (0.7713, 0.3591, 0.395),
    "words": (0.6468, 0.1094, 0.108),
    "cosine": (0.6838, 0.1434, 0.158),
    "number missing": (0.05805, 0.1629, 0.000),
    "name missing": (0.0459, 0.1563, -0.075),
    "contrary": (0.03663, 0.1793, -0.105),
    "plainly contrary": (0.008426, 0.07857, -0.260),
    "denied": (0.01421, 0.1026, -0.431),
    "changed round": (0.001215, 0.03365, -0.150),
    "sweeping": (0.06555, 0.2267, -0.454),
}
