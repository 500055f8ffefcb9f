"""How well passages answer a question, by a cross-encoder that reads both together: dearer than vectors, and sharper.

Runs a sentence-transformers CrossEncoder's folder, checked before any library opens it. Knows no index.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import CrossEncoder

from inference import model_files, model_folder
from inference.embed import Vectors
from inference.encoders import choose_device
from inference.model_files import UnusableModel

BATCH = 32


class Reranker:
    """A loaded cross-encoder."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        """Raises UnusableModel."""
        folder = folder.resolve()
        model_files.check(folder)
        try:
            model_folder.check(folder, folder.parent)
            self._model: Any = CrossEncoder(
                str(folder),
                device=choose_device(device),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
            raise UnusableModel(f"{folder} holds no cross-encoder that can be used: {error}") from error
        if self._model.num_labels != 1:
            raise UnusableModel(f"{folder} gives {self._model.num_labels} figures for a pair; ranking needs one.")

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """From 0 to 1 for each text [n]; what does not fit into the model's window beside the question is not read."""
        if not texts:
            return torch.zeros(0).numpy()
        found: Vectors = self._model.predict(
            [(question, text) for text in texts],
            batch_size=BATCH,
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
        )
        return found.astype("float32")
