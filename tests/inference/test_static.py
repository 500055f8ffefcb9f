"""Static models: read in model2vec's form, distilled from a transformer, and compared with others on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from inference import models
from inference.__main__ import main
from inference.distill import distill
from inference.embed import Embedder, UnusableModel
from tests.inference.models import make_bert

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[unused0]", "the", "a", "kettle", "boils", "water", "train", "leaves"]


def table(rows: int = len(WORDS), dimension: int = 4) -> np.ndarray:
    return np.random.default_rng(7).normal(size=(rows, dimension)).astype(np.float32)


def save(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    """A directory as model2vec writes it, with a tokenizer that would cut after two words."""
    folder.mkdir()
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_truncation(2)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "model2vec", "architectures": ["StaticModel"]}')
    return folder


@pytest.fixture
def small_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measurement with a few questions of its set, and as little time as will do."""
    few = models.QUALITY_SET.read_text("utf-8").splitlines()[:4]
    (tmp_path / "quality.txt").write_text("\n".join(few))
    monkeypatch.setattr(models, "QUALITY_SET", tmp_path / "quality.txt")
    monkeypatch.setattr(models, "SECONDS", 0.01)
    monkeypatch.setattr(models, "PASSAGES", 4)
    monkeypatch.setattr(models, "CHARACTERS", 160)


@pytest.fixture
def static(tmp_path: Path) -> Embedder:
    return Embedder(save(tmp_path / "static", {"embeddings": table()}))


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT that has learned nothing."""
    return make_bert(tmp_path_factory.mktemp("tiny"), WORDS, window=32)


def test_the_quality_set_has_a_passage_for_every_question() -> None:
    questions, passages = models.quality_set()
    assert len(questions) == len(passages) == len({*questions, *passages}) / 2 >= 40
    assert all(question.endswith("?") for question in questions) and not any(text.endswith("?") for text in passages)


def test_a_text_is_the_mean_of_its_tokens_whatever_its_length(static: Embedder) -> None:
    rows = table()
    text = "the kettle boils " * 400
    mean = rows[[5, 7, 8]].mean(axis=0)
    assert np.allclose(static.encode([text])[0], mean / np.linalg.norm(mean), atol=1e-5)
    assert static.count_tokens([text]) == [1200]


def test_unknown_words_say_nothing_and_an_empty_text_is_zero(static: Embedder) -> None:
    plain, odd, empty = static.encode(["kettle water", "kettle zyx water qqq", ""])
    assert np.allclose(plain, odd, atol=1e-6)
    assert not empty.any()


def test_a_static_vector_does_not_depend_on_its_neighbours(static: Embedder, tmp_path: Path) -> None:
    texts = [" ".join(WORDS[5 + at % 7 : 8 + at % 9]) or "a" for at in range(50)]
    together = static.encode(texts)
    fresh = Embedder(tmp_path / "static")
    for text, row in zip(texts, together, strict=True):
        assert fresh.encode([text]).tobytes() == row.tobytes()


def test_spans_of_a_static_row_have_vectors_too(static: Embedder) -> None:
    (row,) = static.tokenize(["kettle boils train leaves"])
    ((_, _, spans),) = static.encode_tokens([row], [[(0, 2), (2, 4)]])
    assert np.allclose(spans, static.encode(["kettle boils", "train leaves"]), atol=1e-6)


def test_tables_with_mapping_and_weights_are_unfolded(tmp_path: Path) -> None:
    short, mapping = table(3), np.arange(len(WORDS), dtype=np.int64) % 3
    weights = np.linspace(0.5, 2, len(WORDS)).astype(np.float32)
    folder = save(tmp_path / "short", {"embeddings": short, "mapping": mapping, "weights": weights})
    mean = short[7 % 3] * weights[7] + short[9 % 3] * weights[9]
    assert np.allclose(Embedder(folder).encode(["kettle water"])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_a_table_shorter_than_its_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match="more tokens"):
        Embedder(save(tmp_path / "short", {"embeddings": table(5)}))


def test_sentence_transformers_own_form_is_read(tmp_path: Path, static: Embedder) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    module = StaticEmbedding(Tokenizer.from_file(str(tmp_path / "static" / "tokenizer.json")), table())
    SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "other"))
    assert np.allclose(Embedder(tmp_path / "other").encode(["a kettle"]), static.encode(["a kettle"]), atol=1e-6)


def test_a_distilled_model_holds_the_words_and_nothing_else(transformer: Path, tmp_path: Path) -> None:
    base = Embedder(transformer, "cpu", "fp32")
    distill(base, tmp_path / "new", dimension=5)
    made = load_file(tmp_path / "new" / "model.safetensors")["embeddings"]
    # the tokenizer adds a [MASK] behind the words
    assert made.shape == (len(WORDS) + 1, 5)
    assert not made[:5].any() and made[5:-1].any(axis=1).all() and not made[-1].any()
    small = Embedder(tmp_path / "new")
    assert (small.dimension, small.count_tokens(["the kettle boils"])) == (5, base.count_tokens(["the kettle boils"]))
    # with every direction kept, two words are as far from each other as the transformer has them, but for weights
    distill(base, tmp_path / "whole", dimension=99)
    whole = load_file(tmp_path / "whole" / "model.safetensors")["embeddings"][5:-1]
    weighed = whole / np.linalg.norm(whole, axis=1, keepdims=True)
    words = base.encode(WORDS[5:])
    centred = words - words.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(weighed @ weighed.T, centred @ centred.T, atol=1e-3)
    with pytest.raises(FileExistsError):
        distill(base, tmp_path / "new")
    with pytest.raises(UnusableModel, match="cannot be distilled"):
        distill(small, tmp_path / "newer")


def test_models_are_measured_and_a_bad_one_named(
    transformer: Path, tmp_path: Path, small_measurement: None, capsys: pytest.CaptureFixture[str]
) -> None:
    static = save(tmp_path / "static", {"embeddings": table()})
    main(["models", str(transformer), str(static), str(tmp_path / "absent"), "--device", "cpu", "--precision", "fp32"])
    out, heard = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    minilm = [row for row in rows if row.get("model") == "all-MiniLM-L6-v2"]
    assert minilm[0]["precision"] == "fp32" and minilm[0]["used"] and not any(row["used"] for row in minilm[1:])
    assert all(row["ndcg@10"] > 0.9 and row["passages_a_second"] > 0 for row in minilm)
    (one,) = [row for row in rows if row.get("kind") == "static"]
    assert (one["parameters"], one["dimension"]) == (table().size, 4)
    assert "no model directory" in rows[-1]["error"]
    assert "measuring fp32" in heard


def test_the_command_distils_and_says_what_it_cannot(
    transformer: Path, tmp_path: Path, small_measurement: None, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["distill", str(tmp_path / "new"), "--model", str(transformer), "--dimension", "4", "--device", "cpu"]
    main(command)
    assert json.loads(capsys.readouterr().out)["dimension"] == 4
    with pytest.raises(SystemExit) as refusal:
        main(command)
    assert refusal.value.code == 2
