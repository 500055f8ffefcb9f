"""How well an index ranks documents, on a set in BEIR's form: nDCG, recall and reciprocal rank; and how well it cites.

nDCG as trec_eval has it: gains are the judged grades, the discount is log2(rank + 1). Citation recall and precision as
the ALCE benchmark has them. Does not know how an index ranks or answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inference.answer import Answer, Citation, Question

if TYPE_CHECKING:
    from inference.embed import Embedder
    from inference.rerank import Reranker
    from rag.assistant import LocalAssistant
    from rag.index import Document, Index
    from rag.retrieve import Mode, Ranking, Unit

Judgements = dict[str, dict[str, int]]
#: Passages looked at for each document wanted: a document scores as its best passage.
PASSAGES_A_DOCUMENT = 10


def read_queries(path: Path) -> Iterator[tuple[str, str]]:
    """(id, text) of JSON Lines `{"_id", "text"}`. Raises ValueError with the line's number."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                yield str(row["_id"]), str(row["text"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise ValueError(f'{path}, line {number} needs the form {{"_id", "text"}}.') from error


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


def evaluate(
    index: Index,
    embedder: Embedder | None,
    queries: Iterable[tuple[str, str]],
    judged: Judgements,
    *,
    modes: Sequence[Mode],
    k: int = 10,
    named: Callable[[Document], str] = lambda document: document.id,
    reranker: Reranker | None = None,
) -> Iterator[dict[str, str | float | int | None]]:
    """The scores of each mode over the queries that are judged; `named` is what judgements call a document.

    `embedder` may be None where every mode is lexical. Raises ValueError where the index is another model's.
    """
    if embedder and index.manifest["fingerprint"] != embedder.fingerprint:
        made_by = index.manifest["model"]
        raise ValueError(f"The index was made by another model or precision ({made_by}): build it again.")
    from rag.retrieve import by_document

    asked = [(query, text) for query, text in queries if query in judged]
    texts = [text for _, text in asked]
    for mode in modes:
        rankings = rankings_of(index, embedder, texts, mode=mode, k=k, by="document", reranker=reranker)
        names = {
            query: [named(index.documents[number]) for number, _ in by_document(index, ranking, max(100, k))]
            for (query, _), ranking in zip(asked, rankings, strict=True)
        }
        yield {"mode": mode, **scores(names, judged, k)}


def rankings_of(
    index: Index,
    embedder: Embedder | None,
    texts: Sequence[str],
    *,
    mode: Mode,
    k: int,
    by: Unit,
    reranker: Reranker | None = None,
) -> list[Ranking]:
    """Each question's ranking, deep enough for the best `k`. `embedder` may be None for lexical ones."""
    from rag.retrieve import DEPTH, rank_many, reranked

    vectors = embedder.encode(texts, "query") if embedder and mode != "lexical" else None
    rankings = rank_many(index, texts, vectors, mode, max(DEPTH, k * PASSAGES_A_DOCUMENT), by)
    if reranker is None:
        return rankings
    return [reranked(index, text, found, reranker.scores) for text, found in zip(texts, rankings, strict=True)]


def citation_scores(
    assistant: LocalAssistant,
    index: Index,
    checker: Embedder,
    queries: Iterable[tuple[str, str]],
    judged: Judgements,
    *,
    named: Callable[[Document], str] = lambda document: document.id,
) -> dict[str, float | int | None]:
    """What the assistant's answers to the judged queries are worth: means over those that cite, None where none does.

    `citation_recall` is the share of an answer's sentences that what they cite supports, `citation_precision` the share
    of its citations that help to, `cited_relevant` the share of its cited documents that are judged relevant. Support
    is checked with the model `checker`.
    """
    from rag.assistant import cited_documents
    from rag.support import judge

    asked = [(query, text) for query, text in queries if query in judged]
    documents = {document.id: document for document in index.documents}
    answers: list[tuple[Answer, dict[str, str]]] = []
    relevant: list[float] = []
    for number, answer in assistant.answer_many([Question(text) for _, text in asked]):
        # a document without an address is cited all the same
        cited = cited_documents(answer.raw) if isinstance(answer, Answer) and answer.raw else {}
        if not isinstance(answer, Answer) or not cited:
            continue
        found = tuple(Citation(name, None, None, None, "marker", spans) for name, spans in cited.items())
        answers.append((replace(answer, citations=found), {name: documents[name].text for name in cited}))
        grades = judged[asked[number][0]]
        relevant.append(sum(grades.get(named(documents[name]), 0) > 0 for name in cited) / len(cited))
    qualities = [judgement.quality for judgement in judge(answers, checker)]
    return {
        "queries": len(asked),
        "answered": len(answers),
        "citation_recall": _mean(each.recall for each in qualities if each.recall is not None),
        "citation_precision": _mean(each.precision for each in qualities if each.precision is not None),
        "cited_relevant": _mean(relevant),
    }


def scores(rankings: Mapping[str, Sequence[str]], judged: Judgements, k: int = 10) -> dict[str, float | int | None]:
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


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return round(sum(numbers) / len(numbers), 4) if numbers else None
