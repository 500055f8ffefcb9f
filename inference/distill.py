"""A static model out of a transformer, by model2vec's method: one vector for each token of its vocabulary.

Every token is embedded alone, the vectors are brought to fewer dimensions by principal components, and tokens that
are frequent (early in the vocabulary) weigh less. Needs no text to learn from. Does not know what it is used for.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.embed import Embedder, Vectors
from inference.encoders import Transformer
from inference.model_files import UnusableModel

if TYPE_CHECKING:
    from collections.abc import Callable

DIMENSION = 256
#: The a of smooth inverse frequency, a / (a + p).
SMOOTHING = 1e-4
#: Rows of a vocabulary that no text holds.
_UNUSED = re.compile(r"\[unused\d+\]")


def distill(
    embedder: Embedder,
    directory: Path,
    *,
    dimension: int = DIMENSION,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a static model made from `embedder` into a new folder, in model2vec's form.

    Raises UnusableModel for a model without a vocabulary of its own, FileExistsError where `directory` holds anything.
    """
    from safetensors.numpy import save_file

    encoder = embedder.encoder
    backend = getattr(encoder.tokenizer, "backend_tokenizer", None) if isinstance(encoder, Transformer) else None
    if backend is None:
        raise UnusableModel(f"{embedder.name} cannot be distilled: give a transformer with a tokenizer.json.")
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise FileExistsError(f"{directory} already exists: give a new folder.")
    table = _table(embedder, backend, min(dimension, embedder.dimension), progress or (lambda done, total: None))
    directory.mkdir(parents=True, exist_ok=True)
    backend.no_truncation()
    backend.no_padding()
    backend.save(str(directory / "tokenizer.json"))
    save_file({"embeddings": table}, directory / "model.safetensors")
    settings = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": embedder.name,
        "hidden_dim": table.shape[1],
        "normalize": True,
    }
    (directory / "config.json").write_text(json.dumps(settings, indent=1), "utf-8")


def _table(embedder: Embedder, backend: Any, dimension: int, progress: Callable[[int, int], None]) -> Vectors:
    """A row for each token id, [vocabulary, dimension]; zeros for tokens that are no part of a text."""
    special = {number for number, token in backend.get_added_tokens_decoder().items() if token.special}
    names = {number: name for name, number in backend.get_vocab(with_added_tokens=True).items()}
    kept = [number for number in sorted(names) if number not in special and not _UNUSED.fullmatch(names[number])]
    vectors: Vectors = np.zeros((len(kept), embedder.dimension), np.float32)
    for done, (row, vector, _) in enumerate(embedder.encode_tokens([[number] for number in kept]), start=1):
        vectors[row] = vector
        progress(done, len(kept))
    table: Vectors = np.zeros((max(names) + 1, dimension), np.float32)
    table[kept] = _principal(vectors, dimension) * _weights(len(kept))[:, None]
    return table


def _principal(vectors: Vectors, dimension: int) -> Vectors:
    """The rows along their `dimension` directions of largest spread."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)  # the largest spread last
    rows: Vectors = (centred @ directions[:, ::-1][:, :dimension]).astype(np.float32)
    return rows


def _weights(count: int) -> Vectors:
    """a / (a + p) of tokens in order of frequency, p falling with the rank as Zipf has it."""
    shares = 1 / np.arange(2, count + 2)
    shares /= shares.sum()
    weights: Vectors = (SMOOTHING / (SMOOTHING + shares)).astype(np.float32)
    return weights
