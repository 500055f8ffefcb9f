"""The raw rows as Parquet: typed, whole, written group by group; and what is said where the extra is missing."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from monitor.exports import parquet
from monitor.models import Mention, Response, ResponseSource
from monitor.queries import records
from monitor.queries import report as queries
from tests.factories import make_member, make_workspace
from tests.factories_history import History, make_history
from tests.monitor.test_exports import MONTH, export, made, written

pytestmark = pytest.mark.django_db


def tables(content: bytes) -> dict[str, Any]:
    pq = pytest.importorskip("pyarrow.parquet")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {Path(name).stem: pq.ParquetFile(io.BytesIO(archive.read(name))) for name in archive.namelist()}


@pytest.fixture
def history() -> History:
    found = make_history(days=3, prompts=4, repeats=2)
    found.workspace.time_zone = "Europe/Berlin"
    found.workspace.save()
    rows = Response.objects.for_workspace(found.workspace)
    told = {"persona": {"id": 1, "name": "Writer", "words": "I write by hand."}}
    rows.filter(pk=rows.order_by("pk")[0].pk).update(options=told)
    rows.update(searches=["best pen", 'with "quotes"'], cost_usd="0.001234", text="=1+1\n好 Fernwood [1].")
    return found


def test_every_row_is_in_it_with_its_type(history: History) -> None:
    found = tables(written("parquet", made(history)))
    rows = {name: file.read().to_pylist() for name, file in found.items()}
    asked = Response.objects.for_workspace(history.workspace).exclude(status="skipped")
    assert {row["response_id"] for row in rows["responses"]} == set(asked.values_list("pk", flat=True))
    assert len(rows["citations"]) == ResponseSource.objects.for_workspace(history.workspace).count()
    assert len(rows["mentions"]) == Mention.objects.for_workspace(history.workspace).count()
    first = rows["responses"][0]
    response = asked.get(pk=first["response_id"])
    assert first["answered_at"] == response.answered_at and first["answered_at"].tzinfo is not UTC
    assert str(found["responses"].schema_arrow.field("answered_at").type) == "timestamp[us, tz=Europe/Berlin]"
    assert (first["text"], first["searches"]) == (response.text, ["best pen", 'with "quotes"'])
    assert first["cost_usd"] == response.cost_usd
    assert [row["persona"] for row in rows["responses"][:2]] == ["Writer: I write by hand.", None]
    assert {row["valid"] for row in rows["responses"] if row["status"] == "failed"} <= {False}
    cited = next(row for row in rows["citations"] if row["cited"])
    assert cited["spans"] == [{"start": 0, "end": 8}]
    assert {row["brand"] for row in rows["mentions"]} <= {brand.name for brand in history.brands}


def test_rows_come_in_groups_and_few_are_held(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 5)
    held: list[int] = []
    chunks = records.Records.chunks

    def watched(self: records.Records, size: int) -> Any:
        for chunk in chunks(self, size):
            held.append(len(chunk))
            yield chunk

    monkeypatch.setattr(records.Records, "chunks", watched)
    found = tables(written("parquet", made(history)))
    assert found["responses"].num_row_groups == -(-found["responses"].metadata.num_rows // 5) > 1
    assert max(held) == 5


def test_a_workspace_without_answers_has_empty_tables() -> None:
    found = tables(written("parquet", queries.report(make_workspace(), MONTH)))
    assert {name: file.metadata.num_rows for name, file in found.items()} == {
        "responses": 0,
        "citations": 0,
        "mentions": 0,
    }


def test_the_command_writes_it(history: History, tmp_path: Path) -> None:
    out = tmp_path / "rows.zip"
    export(workspace=history.workspace.slug, panel="Daily", format="parquet", out=out)
    assert set(tables(out.read_bytes())) == {"responses", "citations", "mentions"}


def test_without_the_extra_it_says_what_to_install(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("monitor.exports.parquet.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        call_command(
            "export", workspace=history.workspace.slug, panel="Daily", format="parquet", out=tmp_path / "rows.zip"
        )
    assert ended.value.code == 2 and "pip install 'citescope[parquet]'" in capsys.readouterr().err
    assert not (tmp_path / "rows.zip").exists()
    client = Client()
    client.force_login(make_member(history.workspace))
    page = client.get(f"/w/{history.workspace.slug}/reports/download/?format=parquet", follow=True)
    assert "Parquet files need pyarrow" in page.content.decode()
    assert 'format=parquet"' not in page.content.decode()


def test_long_tables_are_read_piece_by_piece_in_every_format(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {name: written(name, made(history)) for name in ("csv", "json")}
    monkeypatch.setattr(records, "CHUNK", 3)
    again = {name: written(name, made(history)) for name in ("csv", "json")}
    assert json.loads(whole["json"])["answers"] == json.loads(again["json"])["answers"]
    assert whole["csv"].count(b"answers,") == again["csv"].count(b"answers,") > 3
