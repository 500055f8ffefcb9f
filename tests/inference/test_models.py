"""What models of each kind are worth: read from their folders, measured, and never a crash."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference import models
from inference.__main__ import main
from inference.answer import AssistantError
from inference.generator import Generated
from tests.inference.models import make_bert, make_model
from tests.inference.test_static import small_measurement  # noqa: F401 - a fixture

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "card", "money", "the", "is"]


def test_each_kind_is_told_by_its_settings(tmp_path: Path) -> None:
    found = {
        models.kind_of(make_model(tmp_path / "writes")),
        models.kind_of(make_bert(tmp_path / "ranks", WORDS, window=64, labels=1)),
        models.kind_of(make_bert(tmp_path / "embeds", WORDS, window=64)),
    }
    assert found == {"language model", "reranker", "embedding"}


def test_rerankers_and_language_models_are_measured_and_a_bad_one_named(
    tmp_path: Path,
    small_measurement: None,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    writes = make_model(tmp_path / "writes", max_position_embeddings=4096)
    ranks = make_bert(tmp_path / "ranks", WORDS, window=64, labels=1)
    short = make_model(tmp_path / "short", max_position_embeddings=64)
    main(["models", *map(str, (writes, ranks, short)), "--device", "cpu", "--precision", "fp32"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_kind = {row["kind"]: row for row in rows if "kind" in row}
    written, ranked = by_kind["language model"], by_kind["reranker"]
    assert (written["window"], written["precision"], written["draft"]) == (4096, "float32", None)
    assert written["tokens_read_a_second"] > 0 and written["tokens_written_a_second_by_8"] > 0
    assert 0 <= written["names_the_right_source"] <= 1
    assert ranked["pairs_a_second"] > 0 and 0 <= ranked["ndcg@10"] <= 1
    assert written["parameters"] > 0 and len(written["fingerprint"]) == len(ranked["fingerprint"]) == 64
    (wrong,) = [row for row in rows if "error" in row]
    assert wrong["directory"] == str(short) and "do not fit" in wrong["error"]


def test_the_right_source_stands_in_every_place_as_often_and_the_first_number_counts() -> None:
    asked = list(models._asked(*models.quality_set()))
    places = [place for _, place in asked]
    assert {places.count(place) for place in (1, 2, 3)} == {len(asked) // 3}
    for (text, place), passage in zip(asked, models.quality_set()[1], strict=False):
        assert f"[{place}] {passage}" in text
    assert models._named(Generated("The answer is [2], not [1].", "complete", 1, 1)) == 2
    assert models._named(Generated("None of them.", "complete", 1, 1)) is None
    assert models._named(AssistantError("server", "down")) is None
