"""The position-adjusted word count of each answer's sources, as they are about to be written.

What it is stands in `monitor.metrics`. It depends on the domains, so it is made once redirects are followed as far as
they are known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor import metrics
from monitor.services import bulk


def weighed(rows: Sequence[bulk.Row], texts: Mapping[int, str]) -> list[bulk.Row]:
    """Rows of ResponseSource with their `pawc`; `texts` are the answers by response id."""
    answers: dict[tuple[int, int], list[bulk.Row]] = defaultdict(list)
    for row in rows:
        answers[row["extraction_id"], row["response_id"]].append(row)
    return [row for (_, response), answer in answers.items() for row in _weighed(answer, texts[response])]


def _weighed(rows: Sequence[bulk.Row], text: str) -> list[bulk.Row]:
    """The sources of one answer: a domain's share stands at the first of its cited ones, the others have none."""
    shares = metrics.pawc(text, ((row["domain"], row["spans"]) for row in rows if row["cited"])) or {}
    return [dict(row) | {"pawc": shares.pop(row["domain"], None) if row["cited"] else None} for row in rows]
