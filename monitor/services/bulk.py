"""Many rows in one statement, which PostgreSQL reads out of one JSON parameter: a fraction of what the ORM costs.

Rows are mappings from column to value. Texts must hold nothing that PostgreSQL cannot (see `reading.storable`). Knows
no table's meaning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

Row = Mapping[str, Any]


def insert(model: type[models.Model], rows: Sequence[Row], *, skip_known: bool = False) -> None:
    """Add rows, which all have the same columns; `skip_known` leaves those out that break a unique constraint."""
    if not rows:
        return
    columns = ", ".join(map(_quoted, rows[0]))
    action = " ON CONFLICT DO NOTHING" if skip_known else ""
    given = _given(model, rows[0])
    _execute(f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {given}{action}", rows)  # noqa: S608 - names of columns, no values


def update(model: type[models.Model], rows: Sequence[Row], **searched: str) -> None:
    """Set the other columns of the rows with these ids; `searched` names search vectors and what has their words."""
    if not rows:
        return
    set_here = [name for name in rows[0] if name != "id" and name not in searched.values()]
    plain = [f"{_quoted(name)} = given.{_quoted(name)}" for name in set_here]
    words = [f"{_quoted(name)} = to_tsvector('simple', given.{_quoted(said)})" for name, said in searched.items()]
    assignments = ", ".join(plain + words)
    given = _given(model, rows[0])
    _execute(f"UPDATE {_table(model)} r SET {assignments} FROM {given} WHERE r.id = given.id", rows)  # noqa: S608 - likewise


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _given(model: type[models.Model], row: Row) -> str:
    """The parameter as a table of the model's own types; text for what is no column of its."""
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    columns = ", ".join(f"{_quoted(name)} {types.get(name, 'text')}" for name in row)
    return f"json_to_recordset(%s) AS given({columns})"


def _execute(statement: str, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=str)])
