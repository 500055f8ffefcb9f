"""A checked model folder as a model in memory: safetensors alone, no code of the folder's, on the device that is asked.

Knows transformers' loaders and their ways to fail. Does not know what the model is used for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import nn

from inference.model_folder import ModelFolder, UnusableFolder

Precision = Literal["auto", "float32", "bfloat16", "int8"]
#: Rows up to which int8 weights are multiplied as they are; more of them are quicker with the weights unpacked.
_FEW_ROWS = 16


def device(wanted: str) -> str:
    """The device to use. Raises UnusableFolder for one that is not here."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in here.items() if available)
    if not here.get(wanted):
        raise UnusableFolder(f"This machine has no device {wanted!r} that torch can use: give auto or cpu.")
    return wanted


def precision(wanted: Precision, on: str) -> Precision:
    """The precision to compute in: bfloat16 by itself where the machine multiplies in it. Raises UnusableFolder."""
    if wanted == "int8" and on != "cpu":
        raise UnusableFolder("int8 is for processors: give bfloat16 or float32 on this device.")
    if wanted != "auto":
        return wanted
    if on == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    checks = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return "bfloat16" if on == "cpu" and any(check is not None and check() for check in checks) else "float32"


def load(folder: ModelFolder, *, device: str, precision: Precision) -> Any:
    """The model, ready to be asked. Raises UnusableFolder."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    own = {"local_files_only": True, "trust_remote_code": False}
    config = _or_unusable("config.json", lambda: AutoConfig.from_pretrained(folder.path, **own))
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise UnusableFolder(f"config.json is of a {config.model_type!r}, which writes no text here.")
    dtype = torch.float32 if precision == "float32" else torch.bfloat16
    auto: Any = AutoModelForCausalLM
    with torch.device("meta"):
        outline = _or_unusable("config.json", lambda: auto.from_config(config, trust_remote_code=False))
    if (needed := sum(each.numel() for each in outline.parameters())) > folder.numbers:
        raise UnusableFolder(f"config.json asks for {needed:,} weights; the folder holds {folder.numbers:,}.")
    model, found = _or_unusable(
        "model",
        lambda: auto.from_pretrained(
            folder.path, config=config, dtype=dtype, use_safetensors=True, output_loading_info=True, **own
        ),
    )
    if missing := sorted(found["missing_keys"]):
        raise UnusableFolder(f"The weights lack {missing[0]!r}, which the model needs.")
    model.eval().requires_grad_(False)
    if precision == "int8":
        _pack(model)
    return model.to(device)


def tokenizer(folder: ModelFolder) -> Any:
    """The folder's tokenizer. Raises UnusableFolder."""
    from transformers import AutoTokenizer

    made = _or_unusable(
        "tokenizer",
        lambda: AutoTokenizer.from_pretrained(folder.path, local_files_only=True, trust_remote_code=False),
    )
    made.model_max_length = 10**9
    return made


def settle(model: Any, tokens: Any) -> frozenset[int]:
    """Let the model generate by our settings alone, and say by which tokens its answers end."""
    from transformers import GenerationConfig

    given = model.generation_config.eos_token_id
    ends = {given} if isinstance(given, int) else set(given or ())
    ends |= {tokens.eos_token_id} - {None}
    padding = tokens.pad_token_id if tokens.pad_token_id is not None else min(ends, default=0)
    made: Any = GenerationConfig
    model.generation_config = made(eos_token_id=sorted(ends) or None, pad_token_id=padding)
    return frozenset(ends)


def fingerprint(folder: ModelFolder) -> str:
    """SHA-256 over the weights, the configuration and the tokenizer."""
    digest = hashlib.sha256()
    for path in (*folder.weights, folder.path / "config.json", folder.path / "tokenizer.json"):
        digest.update(path.relative_to(folder.path).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _or_unusable(what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - loaders raise anything, and all of it says the same
        raise UnusableFolder(
            f"The {what} of the folder cannot be loaded: {type(error).__name__}: {error}"[:500]
        ) from error


class _PackedLinear(nn.Module):
    """A linear layer whose weights are int8 with one scale a row; inputs and sums stay bfloat16."""

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.float()  # [out, in]
        scale = weight.abs().amax(1).clamp(min=1e-8) / 127
        self.register_buffer("weight", (weight / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale.to(torch.bfloat16))
        self.bias = linear.bias

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        rows = given.reshape(-1, given.shape[-1])
        if len(rows) <= _FEW_ROWS:
            made = torch._weight_int8pack_mm(rows, self.weight, self.scale)
        else:
            made = nn.functional.linear(rows, self.weight.to(rows.dtype)) * self.scale
        made = made if self.bias is None else made + self.bias
        return made.reshape(*given.shape[:-1], -1)


def _pack(model: nn.Module) -> None:
    """Replace linear layers; what is shared with the embeddings stays as it is."""
    shared = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and id(child.weight) not in shared:
                setattr(parent, name, _PackedLinear(child))
