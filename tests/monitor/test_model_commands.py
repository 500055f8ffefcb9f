"""`manage.py models` and `manage.py evaluate`: what a model is worth here, and how well an index ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from monitor.services import indexes
from tests.factories import make_workspace
from tests.inference.models import make_model
from tests.inference.test_static import small_measurement  # noqa: F401 - a fixture
from tests.monitor.test_indexes import KETTLE, TOASTER, workspace_with_pages

QUERIES = '{"_id": "q1", "text": "How fast does the kettle boil?"}\n{"_id": "q2", "text": "Where do crumbs go?"}\n'


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_models_of_the_settings_are_measured(
    settings: Any,
    small_measurement: None,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.EMBEDDING_PRECISION, settings.MODEL_DEVICE = "bf16", "cpu"
    call_command("models")
    used = [row["precision"] for row in rows(capsys) if row["used"]]
    assert used == ["bf16"]


def test_all_under_the_root_are_measured_and_those_in_use_say_so(
    settings: Any,
    tmp_path: Path,
    small_measurement: None,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.MODEL_ROOT, settings.MODEL_DEVICE = tmp_path / "root", "cpu"
    settings.GENERATOR_MODEL, settings.GENERATOR_DRAFT, settings.GENERATOR_PRECISION = "large", "small", "bf16"
    for seed, name in enumerate(("large", "small")):
        make_model(settings.MODEL_ROOT / name, seed=seed, max_position_embeddings=4096)
    call_command("models")
    found = {row["model"]: row for row in rows(capsys) if row.get("kind") == "language model"}
    assert (found["large"]["used"], found["large"]["draft"], found["large"]["precision"]) == (True, "small", "bfloat16")
    assert (found["small"]["used"], found["small"]["draft"]) == (False, None)


def test_a_folder_is_ranked_over_its_own_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [{"_id": "k", "title": "", "text": KETTLE}, {"_id": "t", "title": "", "text": TOASTER}]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tk\t1\nq2\tt\t1\n")
    call_command("evaluate", tmp_path)
    *found, answers = rows(capsys)
    assert [row["mode"] for row in found] == ["dense", "lexical", "hybrid"]
    assert {row["mrr@10"] for row in found} == {1}
    # sentences of the pages support themselves
    assert answers == {
        "queries": 2, "answered": 2, "citation_recall": 1, "citation_precision": 1, "cited_relevant": 1
    }  # fmt: skip
    (tmp_path / "qrels.tsv").unlink()
    with pytest.raises(SystemExit) as refusal:
        call_command("evaluate", tmp_path)
    assert refusal.value.code == 2


@pytest.mark.django_db(transaction=True)
def test_a_workspaces_index_is_ranked_by_url(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = workspace_with_pages()
    indexes.next_generation(workspace=workspace)
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    (tmp_path / "qrels.tsv").write_text(
        "q1\thttp://www.a.example/kettle/\t1\nq2\thttps://b.example/toaster?utm_source=x\t1\n"
    )
    call_command("evaluate", tmp_path, workspace=workspace.slug, mode="hybrid")
    (row,) = rows(capsys)
    assert (row["mode"], row["queries"], row["ndcg@10"]) == ("hybrid", 2, 1)
    with pytest.raises(SystemExit):
        call_command("evaluate", tmp_path, workspace=make_workspace().slug)
