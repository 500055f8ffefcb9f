"""Whether a folder is a language model that can be loaded without running or believing anything it holds.

Looks at names, sizes and JSON alone, before any library opens a file: no link out of the operator's root, no format or
field that can name code, no number that would fill memory, and safetensors whose headers agree with their files. Knows
neither torch nor transformers, so that it also runs when the product starts.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Formats that can run code when they are read, and those whose readers are not needed here.
_FORBIDDEN_SUFFIXES = frozenset(
    {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack", ".npy", ".npz", ".joblib", ".so", ".dll"}
)
MOST_FILES = 2000
LARGEST_JSON = 4 * 1024**2
LARGEST_TOKENIZER = 64 * 1024**2
LARGEST_TEMPLATE = 256 * 1024
LARGEST_HEADER = 64 * 1024**2
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL"), 8),
}
#: Fields of any JSON file of a model that name code, kernels or other models to load.
_NAMES_CODE = re.compile(
    r"auto_map|custom_generate|custom_pipelines?|custom_object|base_model_name_or_path|trust_remote_code|"
    r"_?attn_implementation.*|_?experts_implementation.*|use_kernels|kernel_config|quantization_config|"
    r"assistant_model|auto_mapping"
)
_LAYERS = re.compile(r".*(?:layers?|experts?|heads|n_head|depth)(?:_.*)?")
#: The most that a count of layers, experts or heads may be, any other size of a weight, and any number at all.
MOST_LAYERS, LARGEST_SIZE, LARGEST_NUMBER = 4096, 2**24, 2**48
_DEEPEST = 8
_LONGEST_LIST = 65_536


class UnusableFolder(ValueError):  # noqa: N818 - a state of the folder
    """The model folder cannot or must not be loaded; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that passed: where it really lies, its configuration, and how many numbers its weights hold."""

    path: Path
    config: dict[str, Any]
    weights: tuple[Path, ...]
    numbers: int


def find(name: str, root: Path) -> Path:
    """The folder of that name under the root. Raises UnusableFolder for one that is not there, or not inside."""
    if not name or "\0" in name or "\\" in name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise UnusableFolder(f"{name!r} is no folder's name under the model root: give one without '..' or a root.")
    base = root.resolve()
    folder = (base / name).resolve()
    if base not in folder.parents:
        raise UnusableFolder(f"{name!r} leads out of the model root {root}.")
    if not folder.is_dir():
        raise UnusableFolder(f"There is no model folder {name!r} under {root}.")
    return folder


def check(folder: Path, root: Path) -> ModelFolder:
    """Look at everything in a folder under the root. Raises UnusableFolder with the first thing that is wrong."""
    base, files = root.resolve(), list(_files(folder))
    for path in files:
        _check_place(path, folder, base)
    config = read_json(folder / "config.json")
    _check_config(config)
    if not isinstance(config.get("model_type"), str):
        raise UnusableFolder("config.json has no model_type.")
    if config.get("is_encoder_decoder"):
        raise UnusableFolder("config.json is of an encoder-decoder model; only decoders are run here.")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        if not (folder / name).is_file():
            raise UnusableFolder(f"The folder has no {name}.")
    for path in files:
        if path.suffix == ".json" and path.parent == folder and path.name != "tokenizer.json":
            _check_fields(read_json(path), path.name)
    weights = tuple(sorted(path for path in files if path.suffix == ".safetensors"))
    if not weights:
        raise UnusableFolder("The folder has no .safetensors weights; other formats can run code and are not loaded.")
    _check_shards(folder)
    return ModelFolder(folder, config, weights, sum(_count(path) for path in weights))


def check_cross_encoder(folder: Path, root: Path) -> ModelFolder:
    """Look at a folder likewise, and whether its model says how well two texts fit. Raises UnusableFolder."""
    found = check(folder, root)
    architectures = found.config.get("architectures") or []
    kind = str(architectures[0]) if isinstance(architectures, list) and architectures else "of no architecture"
    # left out where there are two
    labels = found.config.get("id2label", {"0": "", "1": ""})
    if kind.endswith("ForSequenceClassification"):
        if (count := len(labels) if isinstance(labels, dict) else 0) != 1:
            raise UnusableFolder(f"Its model gives {count} figures for a pair; ranking needs one.")
    elif not kind.endswith("ForCausalLM") and not _says_cross_encoder(folder):
        # the library would put an untrained layer on top of it, and rank by chance
        raise UnusableFolder(f"Its model is {kind}, no cross-encoder (...ForSequenceClassification).")
    return found


def _says_cross_encoder(folder: Path) -> bool:
    """Whether sentence-transformers wrote the folder, in modules of its own, as a cross-encoder."""
    path = folder / "config_sentence_transformers.json"
    return path.is_file() and read_json(path).get("model_type") == "CrossEncoder"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of bounded size. Raises UnusableFolder."""
    try:
        if path.stat().st_size > LARGEST_JSON * (4 if path.name.endswith(".index.json") else 1):
            raise UnusableFolder(f"{path.name} is too large to be what its name says.")
        value = json.loads(path.read_text("utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise UnusableFolder(f"The folder has no {path.name}.") from None
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, UnusableFolder):
            raise
        raise UnusableFolder(f"{path.name} cannot be read: {type(error).__name__}.") from None
    if not isinstance(value, dict):
        raise UnusableFolder(f"{path.name} is no JSON object.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON.")


def chat_template(folder: Path) -> str | None:
    """The template of the model's conversations, as text; None where it has none. Raises UnusableFolder."""
    own = folder / "chat_template.jinja"
    if own.is_file():
        if own.stat().st_size > LARGEST_TEMPLATE:
            raise UnusableFolder("chat_template.jinja is too large.")
        try:
            return own.read_text("utf-8")
        except (OSError, ValueError):
            raise UnusableFolder("chat_template.jinja is no readable text.") from None
    found = read_json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):
        named = {item.get("name"): item.get("template") for item in found if isinstance(item, dict)}
        found = named.get("default")
    if found is not None and not isinstance(found, str):
        raise UnusableFolder("The chat template of tokenizer_config.json is no text.")
    if found and len(found) > LARGEST_TEMPLATE:
        raise UnusableFolder("The chat template of tokenizer_config.json is too large.")
    return found or None


def _files(folder: Path) -> Iterator[Path]:
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number >= MOST_FILES:
            raise UnusableFolder(f"The folder holds more than {MOST_FILES} files.")
        if path.is_symlink() or not path.is_dir():
            yield path


def _check_place(path: Path, folder: Path, base: Path) -> None:
    name = path.relative_to(folder).as_posix()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise UnusableFolder(f"{name} is a link that leads nowhere.") from None
    if base not in target.parents:
        raise UnusableFolder(f"{name} is a link out of the model root.")
    if target.is_dir():
        raise UnusableFolder(f"{name} is a link to a folder.")
    if not target.is_file():
        raise UnusableFolder(f"{name} is no ordinary file.")
    if path.suffix.lower() in _FORBIDDEN_SUFFIXES:
        raise UnusableFolder(f"{name} is of a format that can run code: keep .safetensors weights only.")
    if path.name == "adapter_config.json" or name.startswith("custom_generate/"):
        raise UnusableFolder(f"{name} names code or another model to load.")
    if path.name == "tokenizer.json" and target.stat().st_size > LARGEST_TOKENIZER:
        raise UnusableFolder("tokenizer.json is too large.")


def _check_fields(value: Any, where: str, depth: int = 0) -> None:
    """Refuse, at any depth, a field that names code."""
    if depth > _DEEPEST * 2:
        raise UnusableFolder(f"{where} is nested too deeply.")
    if isinstance(value, dict):
        for key, item in value.items():
            if item and _NAMES_CODE.fullmatch(str(key)):
                raise UnusableFolder(f"{where} has {key!r}, which names code or another model to load.")
            _check_fields(item, where, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_fields(item, where, depth + 1)


def _check_config(value: Any, key: str = "config.json", depth: int = 0) -> None:
    """Refuse numbers that no model has: they would make the library fill memory before it sees the weights."""
    if depth > _DEEPEST:
        raise UnusableFolder("config.json is nested too deeply.")
    if isinstance(value, dict):
        for name, item in value.items():
            _check_config(item, str(name), depth + 1)
    elif isinstance(value, list):
        if len(value) > _LONGEST_LIST:
            raise UnusableFolder(f"config.json: {key} has {len(value):,} items.")
        for item in value:
            _check_config(item, key, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        sized = key.endswith(("_size", "_embd", "_dim", "_embeddings", "_positions", "n_ctx", "d_model", "n_inner"))
        most = MOST_LAYERS if _LAYERS.fullmatch(key) else LARGEST_SIZE if sized else LARGEST_NUMBER
        if not math.isfinite(value) or abs(value) > most:
            raise UnusableFolder(f"config.json: {key} is {str(value)[:20]}, more than any model has.")


def _check_shards(folder: Path) -> None:
    """An index of shards may name files of the folder alone."""
    for index in folder.glob("*.safetensors.index.json"):
        shards = read_json(index).get("weight_map")
        for shard in set(shards.values()) if isinstance(shards, dict) else {None}:
            if not isinstance(shard, str) or "/" in shard or "\\" in shard or not (folder / shard).is_file():
                raise UnusableFolder(f"{index.name} names a shard that is no file of the folder: {str(shard)[:80]!r}.")


def _count(path: Path) -> int:
    """How many numbers a safetensors file holds, its header compared with the file. Raises UnusableFolder."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(8)
        length = struct.unpack("<Q", begin)[0] if len(begin) == 8 else -1
        if not 2 <= length <= min(size - 8, LARGEST_HEADER):
            raise UnusableFolder(f"{path.name} is cut short, or its header has an impossible length.")
        content = file.read(length)
    try:
        header = json.loads(content)
        rows = [row for name, row in header.items() if name != "__metadata__"]
        spans = sorted(_span(row) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise UnusableFolder(f"{path.name} has a header that cannot be read.") from None
    at = 0
    for start, end, _ in spans:
        if start != at:
            raise UnusableFolder(f"{path.name} has a header whose tensors overlap or leave gaps.")
        at = end
    if at != size - 8 - length:
        raise UnusableFolder(f"{path.name} does not end where its header says.")
    return sum(numbers for _, _, numbers in spans)


def _span(row: dict[str, Any]) -> tuple[int, int, int]:
    """(start, end, numbers) of one tensor. Raises ValueError where they do not agree."""
    start, end = row["data_offsets"]
    shape = row["shape"]
    if not all(type(size) is int and size >= 0 for size in (start, end, *shape)):
        raise ValueError
    numbers = math.prod(shape)
    if numbers * _BITS[row["dtype"]] != (end - start) * 8:
        raise ValueError
    return start, end, numbers
