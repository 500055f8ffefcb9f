"""Mean, spread and weight of the features of `rag.support_features`, by `bench/train_support.py`."""

from __future__ import annotations

BIAS = -0.393
WEIGHTS: dict[str, tuple[float, float, float]] = {
    "claim length": (2.505, 0.3898, 0.379),
    "unsupported above 0.2": (0.6649, 0.5217, -0.575),
    "unsupported above 0.4": (0.7421, 0.4592, -0.549),
    "unsupported above 0.6": (0.8458, 0.3881, -0.308),
    "unsupported above 0.8": (0.9697, 0.3159, -0.044),
    "longest gap": (0.1268, 0.1533, -0.396),
    "names": (0.77, 0.3592, 0.417),
    "words": (0.6464, 0.1098, 0.091),
    "cosine": (0.6835, 0.1433, 0.156),
    "number missing": (0.05779, 0.163, -0.000),
    "name missing": (0.04544, 0.1556, -0.071),
    "contrary": (0.0376, 0.1819, -0.103),
    "plainly contrary": (0.00878, 0.08087, -0.280),
    "denied": (0.01501, 0.106, -0.454),
    "changed round": (0.001053, 0.03127, -0.164),
    "sweeping": (0.0651, 0.2254, -0.454),
}
