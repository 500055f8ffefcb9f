"""How well passages answer a question, by a cross-encoder that reads both together: dearer than vectors, and sharper.

Runs a sentence-transformers CrossEncoder's folder, checked before any library opens it. Knows no index.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
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
        self._folder = folder = folder.resolve()
        self.name = folder.name
        model_files.check(folder)
        try:
            model_folder.check_cross_encoder(folder, folder.parent)
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

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the model's weights and settings."""
        return model_files.fingerprint(self._folder, "float32")

    def scores(self, question: str, texts: Sequence[str]) -> Vectors:
        """From 0 to 1 for each text [n]; what does not fit into the model's window beside the question is not read."""
        if not texts:
            return torch.zeros(0).numpy()
        raw = self._model.predict(
            [(_whole(question), _whole(text)) for text in texts],
            batch_size=BATCH,
            show_progress_bar=False,
            activation_fn=torch.nn.Sigmoid(),
        )
        # what is no number shall come last
        found: Vectors = np.nan_to_num(raw.astype("float32"))
        return found


def _whole(text: str) -> str:
    """The text without lone surrogates, which cannot cross into the tokenizer."""
    return text.encode("utf-8", "replace").decode("utf-8")


def get_reranker(name: str, root: Path, device: str = "auto") -> Reranker:
    """The reranker of this process, of a folder under the root, loaded once. Raises UnusableModel, UnusableFolder."""
    with _loading:
        return _reranker(model_folder.find(name, root), choose_device(device))


#: Threads that ask at once must not load a model twice.
_loading = threading.Lock()


@lru_cache(maxsize=2)
def _reranker(folder: Path, device: str) -> Reranker:
    return Reranker(folder, device)
