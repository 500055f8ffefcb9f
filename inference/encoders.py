"""The two kinds of embedding network, behind one form: a transformer of torch, and a static table of token vectors.

Both take rows of token ids (a static table: of one length) and give a vector a row and one a token. Here device and
precision are chosen. Does not know texts beyond their tokens, nor how rows are put into batches.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch

from inference.model_files import DEVICES, PRECISIONS, UnusableModel

Vectors = npt.NDArray[np.float32]
Rows = Sequence[Sequence[int]]
Role = Literal["query", "document"]

#: Tokens that a static model takes at once; it has no limit of its own.
STATIC_WINDOW = 512


class Encoder(Protocol):
    """What an embedding network must offer."""

    dimension: int
    #: Tokens of text that fit in one row, and special tokens that stand before and after them.
    max_tokens: int
    before: int
    after: int
    device: str
    precision: str
    prompts: dict[Role, str]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, whole, without special tokens."""

    def forward(self, rows: Rows, *, with_tokens: bool = True) -> tuple[Vectors, Vectors]:
        """Rows -> (vectors [n, d], token embeddings [n, before + most tokens + after, d], or [n, 0, d] without)."""


class Transformer:
    """A sentence-transformers model on torch."""

    def __init__(self, directory: Path, device: str, precision: str) -> None:
        """Load it; `device` and `precision` may be `auto`. Raises UnusableModel."""
        # slow to import, and only needed here
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]

        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        try:
            self._model = SentenceTransformer(
                str(directory),
                device=self.device,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            ).eval()
        except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError) as error:
            raise UnusableModel(f"{directory} holds no model that sentence-transformers can load: {error}") from error
        _lower(self._model, self.precision)
        self.tokenizer = self._model.tokenizer
        window = self._model.max_seq_length or 512
        # longer texts are our own business: the tokenizer shall neither cut them nor warn
        self.tokenizer.model_max_length = 10**9
        bare, full = self.tokenize(["a"])[0], self.tokenizer(["a"], truncation=False)["input_ids"][0]
        at = full.index(bare[0])
        self._first, self._last = full[:at], full[at + len(bare) :]
        self._pad: int = self.tokenizer.pad_token_id or 0  # masked, so that any token would do
        self.before, self.after = len(self._first), len(self._last)
        self.max_tokens = window - self.before - self.after
        prompts = self._model.prompts or {}
        self.prompts: dict[Role, str] = {role: prompts.get(role) or "" for role in ("query", "document")}
        self.dimension = int(self._model.get_embedding_dimension() or len(self.forward([[bare[0]]])[0][0]))

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self.tokenizer(list(texts), add_special_tokens=False, truncation=False, return_attention_mask=False)
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def forward(self, rows: Rows, *, with_tokens: bool = True) -> tuple[Vectors, Vectors]:
        longest = max(map(len, rows))
        padding = [longest - len(row) for row in rows]
        ids = [[*self._first, *row, *self._last, *[self._pad] * more] for row, more in zip(rows, padding, strict=True)]
        mask = [[1] * (len(each) - more) + [0] * more for each, more in zip(ids, padding, strict=True)]
        given = {"input_ids": ids, "attention_mask": mask}
        with torch.inference_mode(), self._autocast():
            out: dict[str, Any] = self._model.forward(
                {name: torch.tensor(numbers, device=self.device) for name, numbers in given.items()}
            )
        tokens = out["token_embeddings"] if with_tokens else out["token_embeddings"][:, :0]
        return out["sentence_embedding"].float().cpu().numpy(), tokens.float().cpu().numpy()

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.precision == "bf16")


class Static:
    """A vector for each token, whatever stands around it: hundreds of times quicker, and less exact.

    Reads what model2vec and sentence-transformers' StaticEmbedding write.
    """

    before = after = 0
    max_tokens = STATIC_WINDOW
    device = "cpu"
    precision = "fp32"
    prompts: dict[Role, str] = {"query": "", "document": ""}  # noqa: RUF012 - never changed

    def __init__(self, folder: Path) -> None:
        """Load the table. Raises UnusableModel."""
        from sentence_transformers.sentence_transformer.modules import StaticEmbedding

        try:
            module = StaticEmbedding.load(str(folder), local_files_only=True)
        except Exception as error:  # noqa: BLE001
            # the tokenizers library knows no error of its own but Exception
            raise UnusableModel(f"{folder} holds no static model that can be loaded: {error}") from error
        self.tokenizer = module.tokenizer
        self.tokenizer.no_truncation()
        self._table: Vectors = module.embedding.weight.detach().float().numpy().copy()
        vocabulary, self.dimension = self._table.shape
        if self.tokenizer.get_vocab_size() > vocabulary:
            raise UnusableModel(f"{folder} has more tokens in its tokenizer than vectors in its table.")
        if (unknown := _unknown(self.tokenizer)) is not None:
            # what the tokenizer does not know says nothing
            self._table[unknown] = 0

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def forward(self, rows: Rows, *, with_tokens: bool = True) -> tuple[Vectors, Vectors]:
        tokens: Vectors = self._table[np.array(rows, np.int64).reshape(len(rows), -1)]
        # a row without a token is the zero vector
        return tokens.sum(axis=1) / max(tokens.shape[1], 1), tokens


class Int8Linear(torch.nn.Module):
    """A linear layer in whole numbers of 8 bits: weights scaled by output channel, inputs by token.

    Inputs have a scale for each token, not one for all (as torch's own dynamic quantisation has), so that a text's
    vector does not depend on its neighbours, and an outlier costs only its own token precision.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()  # [out, in]
        self.scale = torch.nn.Buffer(weight.abs().amax(dim=1).clamp_min(1e-12) / 127)
        self.weight = torch.nn.Buffer((weight / self.scale[:, None]).round().to(torch.int8).t().contiguous())
        self.bias = torch.nn.Buffer(
            torch.zeros(len(weight)) if linear.bias is None else linear.bias.detach().float().clone()
        )

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        rows = states.reshape(-1, states.shape[-1])  # [tokens, in]
        scales = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        products = torch._int_mm((rows / scales).round_().to(torch.int8), self.weight)
        out = products.float().mul_(scales).mul_(self.scale).add_(self.bias)
        return out.view(*states.shape[:-1], -1)


def choose_device(wanted: str) -> str:
    """The device to use. Raises UnusableModel for one that is not here."""
    if wanted not in DEVICES:
        raise UnusableModel(f"{wanted!r} is no device: give {', '.join(DEVICES)}.")
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in here.items() if available)
    if not here[wanted]:
        raise UnusableModel(f"This machine has no {wanted} device that torch can use: give auto or cpu.")
    return wanted


def choose_precision(wanted: str, device: str) -> str:
    """What to compute in: for `auto`, bf16 where the processor multiplies in it (twice as fast), else fp32.

    A processor without it may be told to use bf16, slowly: so it makes the same vectors as its neighbours. Raises
    UnusableModel for what the device cannot do.
    """
    if wanted not in PRECISIONS:
        raise UnusableModel(f"{wanted!r} is no precision: give {', '.join(PRECISIONS)}.")
    if wanted == "int8" and device != "cpu":
        raise UnusableModel(f"int8 is for processors: give auto, fp32 or bf16 with the device {device}.")
    if wanted == "int8" and not _multiplies_whole_numbers():
        raise UnusableModel("This processor does not multiply whole numbers of 8 bits exactly: give auto or fp32.")
    if wanted != "auto":
        return wanted
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return "bf16" if device == "cpu" and any(check is not None and check() for check in checks) else "fp32"


def _multiplies_whole_numbers() -> bool:
    """Whether products of 8 bits are exact: processors without instructions for them may stop at 16 bits."""
    ones = torch.full((64, 64), 127, dtype=torch.int8)
    return bool((torch._int_mm(ones, ones) == 64 * 127 * 127).all())


def _lower(model: torch.nn.Module, precision: str) -> None:
    """Bring the weights of the linear layers, where nearly all the work is, into the precision once and for all."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if not isinstance(child, torch.nn.Linear):
                continue
            if precision == "int8":
                setattr(module, name, Int8Linear(child))
            elif precision == "bf16":
                child.to(torch.bfloat16)


def _unknown(tokenizer: Any) -> int | None:
    """The id that stands for what a tokenizer does not know."""
    settings = json.loads(tokenizer.to_str())["model"]
    if isinstance(number := settings.get("unk_id"), int):
        return number
    token = settings.get("unk_token")
    found: int | None = tokenizer.token_to_id(token) if token else None
    return found
