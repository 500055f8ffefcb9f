"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""

from __future__ import annotations

BIAS = -0.352
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "claim length": (2.505, 0.3879, 0.367),
    "unsupported above 0.2": (0.6675, 0.5203, -0.489),
    "unsupported above 0.4": (0.7438, 0.458, -0.555),
    "unsupported above 0.6": (0.8465, 0.3872, -0.345),
    "unsupported above 0.8": (0.9698, 0.3151, -0.051),
    "longest gap": (0.127, 0.1523, -0.369),
    "names": (0.7703, 0.3592, 0.364),
    "words": (0.6468, 0.1088, 0.202),
    "cosine": (0.6839, 0.1427, 0.061),
    "number missing": (0.05856, 0.164, -0.025),
    "name missing": (0.04728, 0.1592, -0.071),
    "denial": (0.08202, 0.2441, -0.175),
    "contrary": (0.03672, 0.179, -0.210),
    "sweeping": (0.06534, 0.2253, -0.411),
}
