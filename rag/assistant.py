"""The local engine as an assistant: it retrieves passages of its index and answers in their own sentences.

Its raw body is JSON of its own with everything that `parse` needs, so that reading a stored body again loads neither
torch nor an index. Equal text, seed, temperature and generation give an equal answer. Does not know where pages come
from, nor who asks: a persona changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from inference.answer import (
    Answer,
    Assistant,
    AssistantError,
    Citation,
    Keep,
    Question,
    RawBody,
    Source,
    Usage,
    keep_nothing,
)
from inference.pages import identify

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors
    from inference.rerank import Reranker
    from rag.compose import Composer, Composition
    from rag.index import Index
    from rag.quotes import Page
    from rag.retrieve import Ranking

#: How much repeats with different seeds differ when the question does not say.
TEMPERATURE = 0.5
#: Questions embedded together before the first of them is answered.
BATCH = 256
#: Documents of the ranking that a body records, each with its best passage.
RECORDED = 30
#: Every answer names pages of the same few thousand.
_identity = lru_cache(maxsize=16_384)(identify)


class LocalAssistant(Assistant):
    """Extractive answers over an index generation."""

    name = "local"
    label = "Local engine"
    stratum = "local"
    queue = "local"
    asked_on = "online"
    needs_index = True
    is_free = True
    models: ClassVar[tuple[str, ...]] = ("all-MiniLM-L6-v2",)
    takes_model = False
    takes_output_limit = False

    def __init__(self, index: Index, embedder: Embedder, reranker: Reranker | None = None) -> None:
        """Raises ValueError where the index was made by another model. A reranker orders the best passages anew."""
        if index.manifest["fingerprint"] != embedder.fingerprint:
            raise ValueError(
                f"The index was made by another model ({index.manifest['model']}) than this {embedder.name}: "
                "build it again."
            )
        self._index = index
        self._embedder = embedder
        self._reranker = reranker

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        for at in range(0, len(questions), BATCH):
            batch = questions[at : at + BATCH]
            started = time.perf_counter()
            # the repeats of a prompt differ only in what noise makes of the same passages
            texts = list(dict.fromkeys(question.text for question in batch))
            vectors = dict(zip(texts, self._embedder.encode(texts, "query"), strict=True))
            lengths = dict(zip(texts, self._embedder.count_tokens(texts), strict=True))
            embedding = (time.perf_counter() - started) / len(batch)
            composers: dict[str, tuple[Composer, list[Any]]] = {}
            for offset, question in enumerate(batch):
                text = question.text
                body = self._answer(question, vectors[text], lengths[text], embedding, composers)
                keep(at + offset, body)
                try:
                    yield at + offset, self.parse(body)
                except AssistantError as error:
                    yield at + offset, error

    def parse(self, body: RawBody) -> Answer:
        """Read a body that `answer_many` made. Raises AssistantError("malformed")."""
        try:
            row = json.loads(body.content)
            return _read(row, body.content)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise AssistantError("malformed", f"This is no body of the local engine: {error!r}.") from error

    def _answer(
        self,
        question: Question,
        vector: Vectors,
        question_tokens: int,
        embedding: float,
        composers: dict[str, tuple[Composer, list[Any]]],
    ) -> RawBody:
        # here and not above: a process that only parses needs none of them
        from rag import compose

        temperature = temperature_of(question)
        started = time.perf_counter()
        if question.text not in composers:
            ranking = self._rank(question.text, vector)
            composers[question.text] = (
                compose.Composer(self._index, question.text, vector, ranking),
                self._ranked(ranking),
            )
        composer, ranked = composers[question.text]
        retrieved = time.perf_counter()
        made = composer.compose(_noise(question), temperature)
        composed = time.perf_counter()
        row = {
            "engine": "citescope-local",
            "format": 2,
            "model": self._embedder.name,
            "model_sha256": self._embedder.fingerprint,
            **self._reranked_by,
            "question": question.text,
            "seed": question.seed,
            "temperature": temperature,
            "text": made.text,
            "markers": [list(marker) for marker in made.markers],
            # what was in the context, with everything that says why
            "sources": [self._source(page) for page in made.pages],
            "ranking": ranked,
            "usage": {
                "input_tokens": question_tokens + self._context_tokens(made),
                "output_tokens": made.tokens or self._embedder.count_tokens([made.text])[0],
                "searches": 1,
            },
            "timings_ms": {
                "embedding": round(embedding * 1000, 3),
                "retrieving": round((retrieved - started) * 1000, 3),
                "composing": round((composed - retrieved) * 1000, 3),
            },
        }
        return RawBody(json.dumps(row).encode("ascii"), headers={"content-type": "application/json"})

    def _rank(self, text: str, vector: Vectors) -> Ranking:
        """The best passages for a question, as its answer is made from them."""
        from rag import retrieve

        ranking = retrieve.rank(self._index, text, vector)
        return retrieve.reranked(self._index, text, ranking, self._reranker.scores) if self._reranker else ranking

    def _ranked(self, ranking: Ranking) -> list[list[Any]]:
        """The first documents of a ranking as a body records them."""
        from rag import trace

        return [place.as_row() for place in trace.places(self._index, ranking, RECORDED)]

    @property
    def _reranked_by(self) -> dict[str, str]:
        """Which reranker an answer was made with, as a body records it; nothing where none was."""
        if self._reranker is None:
            return {}
        return {"reranker": self._reranker.name, "reranker_sha256": self._reranker.fingerprint}

    def _source(self, page: Page) -> dict[str, Any]:
        """A page of the context as a body records it."""
        document = self._index.documents[page.document]
        spans = self._index.passages[list(page.passages)]
        return {
            "number": page.number,
            "document": document.id,
            "url": document.url,
            "title": document.title,
            "score": page.score,
            "passages": [[int(span["start"]), int(span["end"])] for span in spans],
        }

    def _context_tokens(self, made: Composition) -> int:
        passages = [passage for page in made.pages for passage in page.passages]
        return int(self._index.passages["tokens"][passages].sum())


def source_documents(raw: bytes) -> list[str]:
    """The ids of the documents that a raw body of this assistant had in its context."""
    return [str(source["document"]) for source in json.loads(raw)["sources"]]


def cited_documents(raw: bytes) -> dict[str, tuple[tuple[int, int], ...]]:
    """Where an answer cites each document, by id: spans of its text, of a raw body of this assistant."""
    row = json.loads(raw)
    numbered = {source["number"]: str(source["document"]) for source in row["sources"]}
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for start, end, number in row["markers"]:
        found[numbered[number]] = (*found.get(numbered[number], ()), (start, end))
    return found


def temperature_of(question: Question) -> float:
    """What the question says, or enough for repeats with seeds to differ."""
    if question.temperature is None:
        return TEMPERATURE if question.seed is not None else 0.0
    return max(0.0, float(question.temperature))


def _noise(question: Question) -> Any:
    """A generator that depends on the seed and the question alone."""
    import numpy as np

    digest = hashlib.sha256(f"{question.seed or 0}\0{question.text}".encode("utf-8", "surrogatepass")).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def _read(row: dict[str, Any], raw: bytes) -> Answer:
    numbered = {source["number"]: source for source in row["sources"] if source["number"] is not None}
    spans: dict[int, list[tuple[int, int]]] = {}
    for start, end, number in row["markers"]:
        spans.setdefault(number, []).append((int(start), int(end)))
    citations: dict[str, Citation] = {}
    for number, found in spans.items():
        source = numbered[number]
        identity = _identity(source["url"])
        key = identity.page or source["url"] or source["document"]
        # two documents may be one page: it counts once
        before = citations[key].spans if key in citations else ()
        citations[key] = Citation(
            url=citations[key].url if key in citations else source["url"],
            page=identity.page,
            domain=identity.domain,
            title=source["title"] or None,
            via="marker",
            spans=tuple(sorted((*before, *found))),
        )
    retrieved: dict[str, Source] = {}
    for source in row["sources"]:
        identity = _identity(source["url"])
        retrieved.setdefault(
            identity.page or source["url"] or source["document"],
            Source(source["url"], identity.page, identity.domain, source["title"] or None),
        )
    usage = row["usage"]
    return Answer(
        text=row["text"],
        citations=tuple(sorted(citations.values(), key=lambda citation: citation.spans)),
        retrieved=tuple(retrieved.values()),
        searches=(row["question"],),
        model=" + ".join(filter(None, (row["model"], row.get("reranker")))),
        finish=row.get("finish", "complete"),
        usage=Usage(usage["input_tokens"], usage["output_tokens"], usage["searches"], cost_usd=0.0),
        raw=raw,
    )
