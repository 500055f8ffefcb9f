"""How well an index ranks documents, on a set in BEIR's form: nDCG, recall and reciprocal rank.

nDCG as trec_eval has it: gains are the judged grades, the discount is log2(rank + 1). Does not know how a ranking
came about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Judgements = dict[str, dict[str, int]]


def read_qrels(path: Path) -> Judgements:
    """Grades by query and document: `query-id corpus-id score` (BEIR, with a heading) or TREC's four columns.

    Raises ValueError with the line's number.
    """
    found: Judgements = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        columns = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or (number == 1 and columns[0] in {"query-id", "query_id"}):
            continue
        if len(columns) == 4:
            columns = [columns[0], *columns[2:]]
        try:
            query, document, grade = columns
            found.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: give query, document and a whole-number grade.") from error
    if not found:
        raise ValueError(f"{path} holds no judgements.")
    return found


def scores(rankings: Mapping[str, Sequence[str]], judged: Judgements, k: int = 10) -> dict[str, float | int]:
    """Means over the queries with a relevant document; one without a ranking counts as zero."""
    queries = [query for query, grades in judged.items() if any(grade > 0 for grade in grades.values())]
    if not queries:
        raise ValueError("No query has a relevant document.")
    rows = [(rankings.get(query, ()), judged[query]) for query in queries]
    return {
        "queries": len(queries),
        f"ndcg@{k}": _mean(ndcg(ranking, grades, k) for ranking, grades in rows),
        f"recall@{k}": _mean(recall(ranking, grades, k) for ranking, grades in rows),
        "recall@100": _mean(recall(ranking, grades, 100) for ranking, grades in rows),
        f"mrr@{k}": _mean(reciprocal_rank(ranking, grades, k) for ranking, grades in rows),
    }


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Discounted gain of the first `k`, as a share of the best possible."""
    best = _discounted(sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:k])
    return _discounted(max(0, grades.get(document, 0)) for document in ranking[:k]) / best if best else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """The share of the relevant documents among the first `k`."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """One over the rank of the first relevant document; zero beyond `k`."""
    return next((1 / rank for rank, document in enumerate(ranking[:k], start=1) if grades.get(document, 0) > 0), 0.0)


def _discounted(gains: Iterable[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return round(sum(numbers) / len(numbers), 4)
