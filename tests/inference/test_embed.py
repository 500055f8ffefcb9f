"""The embedder: equal texts give equal vectors whatever stands beside them, and nothing is cut off or run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.embed import Embedder, UnusableModel, get_embedder
from inference.encoders import choose_precision

TEXTS = ["A kettle boils water.", "Night trains leave at nine.", "", "Limescale", "\ud800 odd", "word " * 900]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return get_embedder(None, "cpu")


def test_vectors_are_unit_rows_and_do_not_depend_on_their_neighbours(embedder: Embedder) -> None:
    together = embedder.encode(TEXTS)
    assert together.dtype == np.float32 and together.shape == (len(TEXTS), embedder.dimension)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    fresh = Embedder(None, "cpu")
    for text, row in zip(TEXTS, together, strict=True):
        assert fresh.encode([text]).tobytes() == row.tobytes()


@pytest.mark.parametrize(
    ("precision", "least", "rounding"), [("fp32", 0.999, 1e-6), ("bf16", 0.999, 2e-3), ("int8", 0.98, 2e-3)]
)
def test_in_every_precision_a_vector_is_a_texts_own(
    embedder: Embedder, precision: str, least: float, rounding: float
) -> None:
    """However many neighbours a text has: but for rounding, since some processors sum batches in another order."""
    one, other = (Embedder(None, "cpu", precision) for _ in range(2))
    texts = [*TEXTS[:-1], "word " * 40]  # where a precision is only imitated, a whole window takes seconds
    together = one.encode([*texts, *(f"Neighbour {number} boils." for number in range(12))])
    for text, row in zip(texts, together, strict=False):
        assert np.abs(other.encode([text])[0] - row).max() < rounding
    assert (together[: len(texts)] * embedder.encode(texts)).sum(axis=1).min() > least


def test_padding_changes_no_vector(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, where texts of many lengths share a batch."""
    alone = embedder.encode(TEXTS)
    rows = embedder.tokenize(["Kettles boil water quickly.", "The night train leaves at nine, and then at ten."])
    spans = [[(0, 2), (2, len(row))] for row in rows]
    apart = {row: (vector, means) for row, vector, means in embedder.encode_tokens(rows, spans)}
    embedder.forget()
    monkeypatch.setattr("inference.embed.PADDED", {"cpu"})
    assert np.allclose(embedder.encode(TEXTS), alone, atol=1e-5 if embedder.precision == "fp32" else 2e-2)
    for row, vector, means in embedder.encode_tokens(rows, spans):
        assert (vector @ apart[row][0]).min() > 0.999 and (means * apart[row][1]).sum(axis=1).min() > 0.999


def test_vectors_of_two_precisions_are_told_apart() -> None:
    prints = {Embedder(None, "cpu", precision).fingerprint for precision in ("fp32", "bf16", "int8")}
    assert len(prints) == 3
    assert get_embedder(None, "cpu", "auto").fingerprint in prints


def test_one_model_is_loaded_once_by_whatever_words_it_is_asked_for() -> None:
    assert get_embedder(None, "cpu") is get_embedder(None, "cpu", choose_precision("auto", "cpu"))


def test_bf16_is_chosen_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for has in (True, False):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda has=has: has)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert choose_precision("auto", "cpu") == ("bf16" if has else "fp32")
        assert choose_precision("bf16", "cpu") == "bf16"
    with pytest.raises(UnusableModel, match="no precision"):
        choose_precision("fp8", "cpu")
    with pytest.raises(UnusableModel, match="for processors"):
        choose_precision("int8", "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_gives_the_vectors_of_the_processor(embedder: Embedder) -> None:
    vectors = Embedder(None, "cuda").encode(TEXTS)
    assert (vectors * embedder.encode(TEXTS)).sum(axis=1).min() > 0.999


def test_they_are_the_vectors_that_sentence_transformers_gives(embedder: Embedder) -> None:
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(embedder.directory), device="cpu", local_files_only=True)
    texts = [TEXTS[0], TEXTS[1], TEXTS[3]]
    expected = plain.encode(texts, normalize_embeddings=True)
    assert (embedder.encode(texts) * expected).sum(axis=1).min() > 0.999


def test_the_end_of_a_long_text_counts(embedder: Embedder) -> None:
    start = "The report is about rivers. " * 60
    one, other = embedder.encode([start + "Kettles boil water. " * 40, start + "Trains leave at night. " * 40])
    assert float(one @ other) < 0.99
    assert embedder.count_tokens([start])[0] > embedder.max_tokens


def test_too_many_tokens_are_refused_not_cut(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        list(embedder.encode_tokens([[2000] * (embedder.max_tokens + 1)]))


def test_a_span_of_a_row_has_a_vector_of_its_own(embedder: Embedder) -> None:
    sentences = ["Kettles boil water quickly.", "The night train leaves at nine."]
    first, second = embedder.tokenize(sentences)
    spans = [(0, len(first)), (len(first), len(first) + len(second))]
    ((_, _, vectors),) = embedder.encode_tokens([[*first, *second]], [spans])
    kettles, train = vectors @ embedder.encode(["When does the train leave?"], "query")[0]
    assert train > kettles


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "no .safetensors"),
        ({"model.safetensors": "", "pytorch_model.bin": ""}, "can run code"),
        ({"model.safetensors": "", "modules.json": '[{"type": "evil.Module", "path": ""}]'}, "not part of"),
        ({"model.safetensors": "", "modules.json": "{"}, "cannot be read"),
        (
            {
                "model.safetensors": "",
                "modules.json": '[{"type": "sentence_transformers.models.Transformer", "path": "../other"}]',
            },
            "lies outside",
        ),
        ({"model.safetensors": "junk", "config.json": '{"model_type": "model2vec"}'}, "no static model"),
        ({"model.safetensors": "junk", "config.json": "{}"}, "no model"),
    ],
)
def test_a_model_directory_that_could_run_code_is_refused(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UnusableModel, match=reason):
        Embedder(tmp_path, "cpu")
    with pytest.raises(UnusableModel, match="no model directory"):
        Embedder(tmp_path / "absent")
    with pytest.raises(UnusableModel, match="no device"):
        Embedder(None, "tpu")
