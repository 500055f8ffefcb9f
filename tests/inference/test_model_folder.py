"""Malicious model folders: nothing they hold runs, and each is refused by a sentence that says why."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference import chat_format
from inference.model_folder import UnusableFolder, check, find
from tests.inference.models import make_model


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("sound") / "model")


class Runs:
    """What a pickle does when it is read: it leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def change(name: str, **fields: Any) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | fields))

    return work


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return work


def pickled(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(pickle.dumps(Runs(folder / "ran")))  # type: ignore[return-value]


def link(name: str, target: str) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return work


def header(change_it: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """The weights with another header, their numbers left as they are."""

    def work(folder: Path) -> None:
        path = folder / "model.safetensors"
        content = path.read_bytes()
        size = struct.unpack("<Q", content[:8])[0]
        rows = json.loads(content[8 : 8 + size])
        change_it(rows)
        fresh = json.dumps(rows).encode()
        path.write_bytes(struct.pack("<Q", len(fresh)) + fresh + content[8 + size :])

    return work


def _first(rows: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(row for name, row in rows.items() if name != "__metadata__")
    return found


CODE = {"AutoModelForCausalLM": "modeling.Evil"}
CASES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "pickle beside the weights": (pickled("pytorch_model.bin"), "run code"),
    "pickle named .pt": (pickled("extra.pt"), "run code"),
    "pickle with a large suffix": (pickled("WEIGHTS.PKL"), "run code"),
    "pickle in a folder below": (write("more/optimizer.pth", b"\x80"), "run code"),
    "numpy with objects": (write("ids.npy", b"x"), "run code"),
    "a library": (write("kernel.so", b"\x7fELF"), "run code"),
    "pickle named safetensors": (pickled("model.safetensors"), "model.safetensors"),
    "only a pickle": (lambda f: (pickled("model.ckpt")(f), (f / "model.safetensors").unlink()), "run code"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no .safetensors"),
    "code by the configuration": (change("config.json", auto_map=CODE), "auto_map"),
    "code deep in the configuration": (change("config.json", text_config={"auto_map": CODE}), "auto_map"),
    "code by the tokenizer": (change("tokenizer_config.json", auto_map={"AutoTokenizer": ["a.B", None]}), "auto_map"),
    "code by generation": (change("generation_config.json", custom_generate="them/evil"), "custom_generate"),
    "code in custom_generate": (write("custom_generate/generate.py", "import os"), "names code"),
    "kernels of somebody": (change("config.json", _attn_implementation="them/kernels"), "_attn_implementation"),
    "quantised by a library": (change("config.json", quantization_config={"quant_method": "x"}), "quantization_config"),
    "an adapter of another model": (write("adapter_config.json", "{}"), "names code"),
    "a link to a secret": (link("tokenizer.json", "/etc/passwd"), "out of the model root"),
    "a link upwards": (link("notes.txt", "../../outside"), "link"),
    "a link to a folder": (link("all", "/etc"), "out of the model root"),
    "a link to itself": (link("loop", "loop"), "leads nowhere"),
    "a pipe": (lambda f: os.mkfifo(f / "pipe"), "ordinary file"),
    "a million layers": (change("config.json", num_hidden_layers=10**6), "num_hidden_layers"),
    "a huge vocabulary": (change("config.json", vocab_size=10**12), "vocab_size"),
    "a number beyond numbers": (change("config.json", hidden_size=1e400), "config.json"),
    "a nested configuration": (write("config.json", "[" * 50_000), "config.json"),
    "a configuration without a kind": (write("config.json", "{}"), "model_type"),
    "a huge configuration": (write("config.json", '{"a": "' + "x" * 5_000_000 + '"}'), "too large"),
    "a header without an end": (write("model.safetensors", struct.pack("<Q", 2**62) + b"{}"), "impossible length"),
    "a file of four bytes": (write("model.safetensors", b"abcd"), "cut short"),
    "a header that is no JSON": (write("model.safetensors", struct.pack("<Q", 4) + b"{{{{"), "cannot be read"),
    "tensors beyond the file": (header(lambda rows: _first(rows).update(data_offsets=[0, 2**50])), "cannot be read"),
    "tensors that overlap": (header(lambda rows: rows.update(copy=dict(_first(rows)))), "overlap"),
    "a type that is none": (header(lambda rows: _first(rows).update(dtype="OBJECT")), "cannot be read"),
    "a negative size": (header(lambda rows: _first(rows).update(shape=[-1, -1])), "cannot be read"),
    "a shard elsewhere": (
        write("model.safetensors.index.json", json.dumps({"weight_map": {"a": "../../x.safetensors"}})),
        "no file of the folder",
    ),
    "a template that is no text": (change("tokenizer_config.json", chat_template=7), ""),
}


@pytest.mark.parametrize("name", CASES)
def test_a_malicious_folder_is_refused(sound: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "root" / "model"
    shutil.copytree(sound, folder)
    (tmp_path / "outside").write_text("secret")
    work, reason = CASES[name]
    work(folder)
    if not reason:  # seen when the template is taken
        (folder / "chat_template.jinja").unlink(missing_ok=True)
        from inference.model_folder import chat_template

        with pytest.raises(UnusableFolder, match="no text"):
            chat_template(folder)
        return
    with pytest.raises(UnusableFolder) as refused:
        check(folder, tmp_path / "root")
    assert reason in str(refused.value) and len(str(refused.value)) < 300
    assert not (folder / "ran").exists()


def test_a_sound_folder_passes(sound: Path) -> None:
    found = check(find("model", sound.parent), sound.parent)
    assert found.config["model_type"] == "llama" and found.numbers > 1000


@pytest.mark.parametrize(
    "name", ["", "..", "../outside", "a/../../outside", "/etc", "model\0", "out", "absent", "a\\b"]
)
def test_no_name_leads_out_of_the_root(tmp_path: Path, name: str) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "root" / "out").symlink_to(tmp_path / "outside")
    with pytest.raises(UnusableFolder):
        find(name, tmp_path / "root")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{% include '/etc/passwd' %}",
        "{{ 'a' * 10**11 }}",
        "nothing of what was said",
        "{% for m in messages %}{{ m.content }}{{ m.content }}{% endfor %}",
    ],
)
def test_a_template_with_tricks_is_refused(template: str) -> None:
    with pytest.raises(chat_format.UnusableTemplate):
        chat_format.read(template, {})


def test_a_configuration_that_asks_for_more_than_is_there_is_refused(sound: Path, tmp_path: Path) -> None:
    from inference.generate import ModelGenerator

    folder = tmp_path / "model"
    shutil.copytree(sound, folder)
    change("config.json", intermediate_size=2**23)(folder)
    with pytest.raises(UnusableFolder, match="asks for"):
        ModelGenerator(check(folder, tmp_path), device="cpu")
