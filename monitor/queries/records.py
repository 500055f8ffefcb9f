"""Rows of a filter, read from the database piece by piece: however many there are, few are held at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.db import connection

from monitor.queries import counts
from monitor.queries.filters import Filter

CHUNK = 2000
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of one statement, asked for anew at each iteration."""

    sql: str
    values: Mapping[str, Any]

    def __iter__(self) -> Iterator[Row]:
        for chunk in self.chunks(CHUNK):
            yield from chunk

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """Lists of at most `size` rows, by a cursor of the server's."""
        with closing(connection.chunked_cursor()) as cursor:
            cursor.execute(self.sql, self.values)
            while rows := cursor.fetchmany(size):
                yield rows


NO_RECORDS = Records("SELECT 1 WHERE false", {})


def tables(chosen: Filter, values: Mapping[str, Any]) -> dict[str, Records]:
    """Everything measured under a filter, failed answers too: responses, their citations, the brands they name."""
    where = counts.conditions_of_answers(chosen)
    return {name: Records(sql.format(where=where), values) for name, sql in _TABLES.items()}


_ASKED = """
FROM monitor_daycounts c
JOIN monitor_response r ON r.run_id = c.run_id AND r.assistant = c.assistant AND r.prompt_id IS NOT NULL
    AND r.status IN ('answered', 'failed', 'unknown')
"""
_WHERE = "WHERE c.day BETWEEN %(start)s AND %(end)s AND {where}"

_TABLES = {
    "responses": f"""
SELECT r.id, r.run_id, panel.name, c.day, r.answered_at, r.assistant, r.stratum, r.model_reported,
       nullif(concat_ws(': ', r.options -> 'persona' ->> 'name', r.options -> 'persona' ->> 'words'), ''), r.prompt_id,
       r.prompt_text, prompt.tags, r.repeat + 1, r.status, r.finish,
       r.status = 'answered' AND r.finish = ANY(%(finishes)s), r.text,
       ARRAY(SELECT jsonb_array_elements_text(r.searches)), r.input_tokens, r.output_tokens,
       r.cost_usd, r.latency_ms
{_ASKED} JOIN monitor_prompt prompt ON prompt.id = r.prompt_id LEFT JOIN monitor_panel panel ON panel.id = c.panel_id
{_WHERE} ORDER BY c.day, r.id
""",
    "citations": f"""
SELECT r.id, c.day, r.assistant, r.prompt_id, s.sequence + 1, s.url, s.page, s.domain, s.title, s.cited, s.retrieved,
       s.via, s.spans, s.pawc
{_ASKED} JOIN monitor_responsesource s ON s.response_id = r.id AND s.extraction_id = c.extraction_id
{_WHERE} ORDER BY c.day, r.id, s.sequence
""",
    "mentions": f"""
SELECT r.id, c.day, r.assistant, r.prompt_id, m.brand_id, brand.name, m.start, m."end", m.text, m.rank, m.sentiment
{_ASKED} JOIN monitor_mention m ON m.response_id = r.id AND m.extraction_id = c.extraction_id
JOIN monitor_brand brand ON brand.id = m.brand_id
{_WHERE} ORDER BY c.day, r.id, m.start, m.brand_id
""",
}
