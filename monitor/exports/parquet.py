"""The raw tables under a report as Parquet, for analysts: responses, citations and mentions, one file each, in a zip.

Columns are typed, times carry the workspace's zone. Rows are written group by group as they come from the database, so
memory stays flat. Needs `pyarrow`, an extra; knows nothing of what is made of the rows.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

from monitor.queries.report import Report

if TYPE_CHECKING:
    import pyarrow as pa

EXTRA = "pip install 'citescope[parquet]'"
ROW_GROUP = 20_000


class Missing(Exception):
    """A format that this installation cannot write; the message says what it takes."""


def is_available() -> bool:
    return find_spec("pyarrow") is not None


def write_parquet(report: Report, only: str | None, file: BinaryIO) -> None:
    """Raises Missing without pyarrow. `only` is for formats made of tables that people read: there is none here."""
    if not is_available():
        raise Missing(f"Parquet files need pyarrow, which is not installed here. Install it: {EXTRA}")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # the files are compressed themselves
        for name, schema in _schemas(report.about.time_zone).items():
            with tempfile.NamedTemporaryFile(prefix="citescope-parquet-") as one:
                _write_table(report, name, schema, one.name)
                archive.write(one.name, f"{name}.parquet")


def _write_table(report: Report, name: str, schema: pa.Schema, path: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in report.records[name].chunks(ROW_GROUP) if name in report.records else ():
            columns = zip(*map(_READ.get(name, tuple), rows), strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=ROW_GROUP)


def _citation(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Spans as the structs of their column."""
    *before, spans, pawc = row
    return (*before, [{"start": start, "end": end} for start, end in json.loads(spans)], pawc)


_READ = {"citations": _citation}


def _schemas(time_zone: str) -> dict[str, pa.Schema]:
    """Columns in the order of `monitor.queries.records`."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    words, whole, short = pa.list_(pa.string()), pa.int64(), pa.int32()
    span = pa.list_(pa.struct([("start", short), ("end", short)]))
    return {
        "responses": pa.schema(
            [
                *(("response_id", whole), ("run_id", whole), ("panel", word), ("day", pa.date32())),
                *(("answered_at", pa.timestamp("us", tz=time_zone)), ("assistant", word), ("stratum", word)),
                *(("model", word), ("persona", word), ("prompt_id", whole), ("prompt", pa.string()), ("tags", words)),
                ("repeat", short),
                *(("status", word), ("finish", word), ("valid", pa.bool_()), ("text", pa.large_string())),
                *(("searches", words), ("input_tokens", whole), ("output_tokens", whole)),
                *(("cost_usd", pa.decimal128(12, 6)), ("latency_ms", whole)),
            ]
        ),
        "citations": pa.schema(
            [
                *(("response_id", whole), ("day", pa.date32()), ("assistant", word), ("prompt_id", whole)),
                *(("sequence", short), ("url", pa.string()), ("page", pa.string()), ("domain", word)),
                *(("title", pa.string()), ("cited", pa.bool_()), ("retrieved", pa.bool_()), ("via", word)),
                *(("spans", span), ("pawc", pa.float64())),
            ]
        ),
        "mentions": pa.schema(
            [
                *(("response_id", whole), ("day", pa.date32()), ("assistant", word), ("prompt_id", whole)),
                *(("brand_id", whole), ("brand", word), ("start", short), ("end", short), ("text", pa.string())),
                *(("rank", short), ("sentiment", word)),
            ]
        ),
    }
