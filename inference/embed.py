"""Texts to unit vectors with a frozen model, on CPU or GPU: a sentence-transformers model, or a static table.

On a processor texts of equal token length are computed together and nothing is padded: no work is wasted, and a text's
vector does not depend on what else was in the batch (bit for bit on most processors; some sum batches of another size
in another order, and differ by a rounding). A GPU is kept busy by texts of like lengths, padded and masked. Nothing is
ever cut off: a text too long for the model is embedded window by window.
Does not know what the texts are for, and needs no network.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from inference import model_files
from inference.encoders import (
    Encoder,
    Role,
    Static,
    Transformer,
    Vectors,
    choose_device,
    choose_precision,
)
from inference.model_files import UnusableModel

__all__ = ["Embedder", "Role", "TokenSpan", "UnusableModel", "Vectors", "get_embedder"]

TokenSpan = tuple[int, int]

#: Tokens computed at once: larger batches gain nothing on CPU and only cost memory.
BATCH_TOKENS = {"cpu": 2048, "cuda": 16384, "mps": 8192}
#: Where starting a batch takes longer than computing what padding adds to it.
PADDED = {"cuda", "mps"}
CACHED_TEXTS = 4096
CACHED_CHARACTERS = 500
#: How precisions are called in fingerprints: never changed, so that indexes stay valid.
_IN_FINGERPRINTS = {"fp32": "float32", "bf16": "bfloat16", "int8": "int8"}


class Embedder:
    """A loaded embedding model. One per process: see `get_embedder`."""

    def __init__(self, model_dir: Path | None = None, device: str = "auto", precision: str = "auto") -> None:
        """Load the model of `model_dir` (None: the MiniLM that is installed). Raises UnusableModel."""
        self.directory = model_dir or model_files.installed()
        self.name = "all-MiniLM-L6-v2" if model_dir is None else self.directory.name
        model_files.check(self.directory)
        choose_precision(precision, choose_device(device))
        folder = model_files.static_folder(self.directory)
        #: The network itself.
        self.encoder: Encoder = Static(folder) if folder else Transformer(self.directory, device, precision)
        #: Tokens of text that fit beside the model's own special tokens.
        self.max_tokens = self.encoder.max_tokens
        self.dimension = self.encoder.dimension
        self.device, self.precision = self.encoder.device, self.encoder.precision
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the model's weights, settings and precision: vectors of equal fingerprints may be mixed."""
        return model_files.fingerprint(self.directory, _IN_FINGERPRINTS[self.precision])

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, whole, without the model's special tokens."""
        return self._ids(texts) if texts else []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has; more than `max_tokens` do not fit in one pass."""
        return [len(ids) for ids in self.tokenize(texts)]

    def encode(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """Unit rows, [len(texts), dimension]. A text beyond `max_tokens` is the mean of its windows."""
        found: dict[str, Vectors] = {}
        with self._lock:
            for text in texts:
                if (vector := self._cache.get(role + text)) is not None:
                    self._cache.move_to_end(role + text)
                    found[text] = vector
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found.update(zip(missing, self._encode(missing, role), strict=True))
            with self._lock:
                for text in missing:
                    if len(text) <= CACHED_CHARACTERS:
                        self._cache[role + text] = found[text]
                while len(self._cache) > CACHED_TEXTS:
                    self._cache.popitem(last=False)
        return np.array([found[text] for text in texts], np.float32).reshape(len(texts), self.dimension)

    def forget(self) -> None:
        """Empty the cache of vectors, for measurements."""
        with self._lock:
            self._cache.clear()

    def encode_tokens(
        self, rows: Sequence[Sequence[int]], spans: Sequence[Sequence[TokenSpan]] | None = None
    ) -> Iterator[tuple[int, Vectors, Vectors]]:
        """Yield (row, its vector [d], the vectors of its spans [s, d]) as batches finish, in no order.

        `rows` hold token ids as `tokenize` gives them. A span's vector is the mean of its tokens' embeddings
        within the row, so it comes at no extra pass and knows its context. Raises ValueError for a row beyond
        `max_tokens`.
        """
        longest = max(map(len, rows), default=0)
        if longest > self.max_tokens:
            raise ValueError(f"{longest} tokens do not fit in the model's {self.max_tokens}: split the text.")
        shift = self.encoder.before
        for batch in self._batches([len(ids) for ids in rows]):
            vectors, tokens = self.encoder.forward([rows[row] for row in batch], with_tokens=spans is not None)
            for at, (row, vector) in enumerate(zip(batch, _unit(vectors), strict=True)):
                wanted = spans[row] if spans is not None else ()
                yield row, vector, _span_means(tokens[at], [(a + shift, b + shift) for a, b in wanted])

    def _batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Numbers of the rows to compute together, the longest first."""
        batch: list[int] = []
        for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
            if batch:
                longest = lengths[batch[0]]
                padded = longest + self.encoder.before + self.encoder.after
                is_full = (len(batch) + 1) * padded > BATCH_TOKENS[self.device]
                if is_full or (lengths[row] != longest and self.device not in PADDED):
                    yield batch
                    batch = []
            batch.append(row)
        if batch:
            yield batch

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        # lone surrogates cannot cross into the tokenizer
        return self.encoder.tokenize([text.encode("utf-8", "replace").decode("utf-8") for text in texts])

    def _encode(self, texts: Sequence[str], role: Role) -> Vectors:
        windows: list[list[int]] = []
        owners: list[int] = []
        for owner, ids in enumerate(self._ids([self.encoder.prompts[role] + text for text in texts])):
            for at in range(0, max(len(ids), 1), self.max_tokens):
                windows.append(ids[at : at + self.max_tokens])
                owners.append(owner)
        vectors: Vectors = np.empty((len(windows), self.dimension), np.float32)
        for row, vector, _ in self.encode_tokens(windows):
            vectors[row] = vector
        rows: Vectors = vectors[np.searchsorted(owners, np.arange(len(texts)))]
        for owner in {owner for before, owner in itertools.pairwise(owners) if before == owner}:
            mine = [at for at, each in enumerate(owners) if each == owner]
            weights = np.array([[len(windows[at])] for at in mine], np.float32)
            rows[owner] = _unit((weights * vectors[mine]).sum(axis=0, keepdims=True))[0]
        return rows


def get_embedder(model_dir: Path | None = None, device: str = "auto", precision: str = "auto") -> Embedder:
    """The embedder of this process, loaded once for each model, device and precision. Raises UnusableModel."""
    device = choose_device(device)
    with _loading:
        return _embedder(model_dir, device, choose_precision(precision, device))


#: Threads that ask at once must not load a model twice.
_loading = threading.Lock()


@lru_cache(maxsize=2)
def _embedder(model_dir: Path | None, device: str, precision: str) -> Embedder:
    return Embedder(model_dir, device, precision)


def _span_means(tokens: Vectors, spans: Sequence[TokenSpan]) -> Vectors:
    """Unit means [s, d] of half-open ranges of token embeddings [t, d]; zeros for an empty range."""
    means = np.zeros((len(spans), tokens.shape[1]), np.float32)
    for row, (start, end) in enumerate(spans):
        if end > start:
            means[row] = tokens[start:end].mean(axis=0)
    return _unit(means)


def _unit(vectors: Vectors) -> Vectors:
    # in double precision, so that the order of summing cannot show in the result
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    rows: Vectors = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    return rows
