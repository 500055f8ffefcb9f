"""How the local engine made an answer, as its raw body records it: the model, what it computed in, and the time spent.

Loads nothing. Knows neither pages nor indexes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

#: The steps in their order, by the names that bodies have for them.
STEPS = {
    "embedding": "Embedding the question",
    "retrieving": "Finding passages",
    "composing": "Composing",
    "prefill": "Reading the prompt",
    "decode": "Writing",
}
_WRITER = "citescope-generative"


@dataclass(frozen=True, slots=True)
class Making:
    """`took` has each step in milliseconds; `writer`: a language model wrote it, `together` with so many answers.

    `model`, its `sha256` and `precision` are the language model's, or else the embedding model's; None and empty for
    what a body does not have. `dropped` counts citation markers that named no source.
    """

    model: str
    sha256: str
    precision: str
    device: str
    temperature: float | None
    together: int | None
    per_token: float | None
    dropped: int
    writer: bool
    took: tuple[tuple[str, float], ...]


def making(raw: bytes) -> Making | None:
    """What a body of the local engine says; None for any other."""
    try:
        body = json.loads(raw)
        if not str(body["engine"]).startswith("citescope-"):
            return None
        return _making(body)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _making(body: dict[str, Any]) -> Making:
    timings = body.get("timings_ms") or {}
    return Making(
        model=str(body.get("model") or ""),
        sha256=str(body.get("model_sha256") or ""),
        precision=str(body.get("dtype") or ""),
        device=str(body.get("device") or ""),
        temperature=None if (warmth := body.get("temperature")) is None else float(warmth),
        together=body.get("decoded_together"),
        per_token=None if (each := timings.get("per_token")) is None else float(each),
        dropped=int(body.get("dropped_markers") or 0),
        writer=body["engine"] == _WRITER,
        took=tuple((label, float(timings[step])) for step, label in STEPS.items() if timings.get(step) is not None),
    )
