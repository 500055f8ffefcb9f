"""Writes index generations: pages cut into passages and sentences, with their vectors and words.

A generation is written aside, synced and renamed into place, so it is there whole or not at all. Pages that an older
one has are copied from it. Does not know what a question is, or how pages were fetched.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag import chunk, cues, graph, lexical, words
from rag.index import (
    FORMAT,
    MANIFEST,
    PASSAGE,
    SENTENCE,
    DamagedIndex,
    Document,
    Index,
    Manifest,
    Numbers,
    sha256,
)

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors

Progress = Callable[[int, int], None]
Positions = npt.NDArray[np.int64]

#: BM25 of passages: lengths differ little, so length counts for less than usual.
BM25 = {"method": "lucene", "k1": 0.9, "b": 0.4}
#: BM25 of whole documents: what a passage leaves unsaid because its page says it elsewhere.
BM25_DOCUMENTS = {"method": "lucene", "k1": 1.2, "b": 0.75}


def build(
    directory: Path,
    documents: Iterable[Document],
    embedder: Embedder,
    *,
    reuse: Path | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Write a new generation and return its manifest.

    Documents whose title and text the generation `reuse` already has are copied from there, not computed again.
    `progress(done, total)` counts passages. Raises FileExistsError where `directory` holds anything, ValueError for
    two documents of one id.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise FileExistsError(f"{directory} already exists and generations never change: give a new folder.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = _Draft(embedder, _reusable(reuse, embedder))
    for document in documents:
        draft.add(document)
    aside = directory.parent / f".{directory.name}.{os.getpid()}.{secrets.token_hex(4)}"
    aside.mkdir()
    try:
        manifest = draft.write(aside, progress or (lambda done, total: None))
        _sync(aside)
        aside.rename(directory)
        _sync_one(directory.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return manifest


class _Draft:
    """A generation in the making: documents in order, each with its rows in the older generation or in the new ones.

    All rows together are the older generation's, then the new ones; so are the numbers of terms until `write`.
    """

    def __init__(self, embedder: Embedder, old: Index | None) -> None:
        self.embedder = embedder
        self.old = old
        self.old_numbers = {document.key: number for number, document in enumerate(old.documents)} if old else {}
        self.bounds: list[int] = _bounds(old.passages["document"], len(old.documents)).tolist() if old else [0]
        self.before = [len(old.passages), len(old.sentences), len(old.terms), len(old.labels)] if old else [0] * 4
        self.vocabulary: dict[str, int] = dict(old.vocabulary) if old else {}
        self.documents: list[Document] = []
        self.seen: set[str] = set()
        #: The first passage of each document and the one behind its last, among all rows.
        self.spans: list[tuple[int, int]] = []
        #: New rows; what they point to is counted from the first new row.
        self.passages: list[tuple[int, ...]] = []
        self.sentences: list[tuple[int, ...]] = []
        self.terms: list[int] = []
        self.labels: list[int] = []
        #: What is to be computed of each new passage: tokens and token spans.
        self.fresh: list[tuple[Sequence[int], Sequence[chunk.Span]]] = []

    def add(self, document: Document) -> None:
        if document.id in self.seen:
            raise ValueError(f"Two documents have the id {document.id!r}: every id must be used once.")
        self.seen.add(document.id)
        self.documents.append(document)
        if (old_number := self.old_numbers.get(document.key)) is not None:
            self.spans.append((self.bounds[old_number], self.bounds[old_number + 1]))
        else:
            first = self.before[0] + len(self.passages)
            self._cut(document)
            self.spans.append((first, self.before[0] + len(self.passages)))

    def _cut(self, document: Document) -> None:
        title = self._numbers(document.title)
        found = chunk.split(document.text, self.embedder.tokenize, self.embedder.max_tokens, document.title)
        for passage in found:
            self.fresh.append((passage.tokens, passage.token_spans))
            first = len(self.sentences)
            for (start, end), leads, (token, last_token) in zip(
                passage.sentences, passage.leads, passage.token_spans, strict=True
            ):
                sentence = document.text[start:end]
                before = len(self.terms)
                self.terms.extend(self._numbers(sentence))
                flags = cues.cues(sentence, heading=leads)
                self.sentences.append((0, start, end, flags, last_token - token, before, len(self.terms)))
            label = len(self.labels)
            self.labels += title
            label_heading = len(self.labels)
            self.labels += self._heading(document.text, passage.heading, passage.start)
            span = (passage.start, passage.end, *passage.heading, len(passage.tokens))
            self.passages.append((0, *span, first, len(self.sentences), label, label_heading, len(self.labels)))

    def _heading(self, text: str, heading: chunk.Span, passage_start: int) -> list[int]:
        """The terms of a heading that the passage itself does not hold."""
        return self._numbers(chunk.heading_text(text, heading)) if heading[0] < passage_start else []

    def _numbers(self, text: str) -> list[int]:
        return [self.vocabulary.setdefault(term, len(self.vocabulary)) for term in words.terms(text)]

    def write(self, folder: Path, progress: Progress) -> Manifest:
        rows = self._rows()
        names = rows.renumber(list(self.vocabulary))
        vectors, sentence_vectors = self._vectors(rows, progress)
        self._write_vectors(folder, vectors, rows.passages_from)
        with (folder / "documents.jsonl").open("w", encoding="ascii") as lines:
            for document in self.documents:
                row = {"id": document.id, "url": document.url, "title": document.title, "text": document.text}
                lines.write(json.dumps(row) + "\n")
        bags = rows.bags()
        arrays = {
            "passages": rows.passages,
            "sentences": rows.sentences,
            "terms": rows.terms,
            "labels": rows.labels,
            "sentence_vectors": sentence_vectors,
            "idf": lexical.idf(bags, len(names)),
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        (folder / "vocabulary.json").write_text(json.dumps(names), "ascii")
        if names:
            lexical.write(folder / "bm25", bags, len(names), BM25)
            documents = rows.document_bags(len(self.documents))
            lexical.write(folder / "bm25_documents", documents, len(names), BM25_DOCUMENTS)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest: Manifest = {
            "format": FORMAT,
            "model": self.embedder.name,
            "fingerprint": self.embedder.fingerprint,
            "dimension": self.embedder.dimension,
            "documents": len(self.documents),
            "passages": len(rows.passages),
            "sentences": len(rows.sentences),
            "terms": len(names),
            "reused": len(rows.passages) - len(self.fresh),
            "files": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        return manifest

    def _rows(self) -> _Rows:
        """The rows of every document in order, gathered from all rows."""
        passages, sentences = np.array(self.passages, PASSAGE), np.array(self.sentences, SENTENCE)
        terms, labels = np.array(self.terms, np.int32), np.array(self.labels, np.int32)
        if self.old:
            for rows, columns, before in (
                (passages, ("first", "last"), self.before[1]),
                (passages, ("label", "label_heading", "label_end"), self.before[3]),
                (sentences, ("terms_start", "terms_end"), self.before[2]),
            ):
                for column in columns:
                    rows[column] += before
            passages = np.concatenate([self.old.passages, passages])
            sentences = np.concatenate([self.old.sentences, sentences])
            terms, labels = np.concatenate([self.old.terms, terms]), np.concatenate([self.old.labels, labels])
        spans = np.array(self.spans, np.int64).reshape(-1, 2)
        passages_from = _ranges(spans[:, 0], spans[:, 1])
        passages = passages[passages_from]
        sentences_from = _ranges(passages["first"], passages["last"])
        sentences = sentences[sentences_from]
        terms = terms[_ranges(sentences["terms_start"], sentences["terms_end"])]
        labels = labels[_ranges(passages["label"], passages["label_end"])]
        passages["document"] = np.repeat(np.arange(len(spans)), spans[:, 1] - spans[:, 0])
        sentences["passage"] = np.repeat(np.arange(len(passages)), passages["last"] - passages["first"])
        passages["label_heading"] -= passages["label"]
        _lay_out(passages, "first", "last")
        _lay_out(passages, "label", "label_end")
        passages["label_heading"] += passages["label"]
        _lay_out(sentences, "terms_start", "terms_end")
        return _Rows(passages, sentences, terms, labels, passages_from, sentences_from)

    def _vectors(self, rows: _Rows, progress: Progress) -> tuple[Vectors, npt.NDArray[np.float16]]:
        """Vectors of all passages [n, d] and sentences [s, d]: copied where known, else computed."""
        vectors: Vectors = np.zeros((len(rows.passages), self.embedder.dimension), np.float32)
        of_sentences = np.zeros((len(rows.sentences), self.embedder.dimension), np.float16)
        # clipped: new rows get some vector here, and their own below
        if self.old and len(self.old.vectors):
            np.take(self.old.vectors, rows.passages_from, axis=0, mode="clip", out=vectors)
        if self.old and len(self.old.sentence_vectors):
            np.take(self.old.sentence_vectors, rows.sentences_from, axis=0, mode="clip", out=of_sentences)
        fresh = np.flatnonzero(rows.passages_from >= self.before[0]).tolist()
        total, done = len(rows.passages), len(rows.passages) - len(fresh)
        progress(done, total)
        tokens, spans = [tokens for tokens, _ in self.fresh], [token_spans for _, token_spans in self.fresh]
        for row, vector, sentence_vectors in self.embedder.encode_tokens(tokens, spans):
            at = fresh[row]
            vectors[at] = vector
            of_sentences[rows.passages["first"][at] : rows.passages["last"][at]] = sentence_vectors
            done += 1
            progress(done, total)
        return vectors, of_sentences

    def _write_vectors(self, folder: Path, vectors: Vectors, passages_from: Positions) -> None:
        import faiss

        flat = faiss.IndexFlatIP(self.embedder.dimension)
        if len(vectors):
            flat.add(vectors)
        faiss.write_index(flat, str(folder / "vectors.faiss"))
        if len(vectors) < graph.LEAST_PASSAGES:
            return
        kept = np.full(len(vectors), -1, np.int32)
        old = self.old.graph if self.old else None
        if old:
            copied = passages_from < self.before[0]
            kept[copied] = old.nodes[passages_from[copied]]
        graph.grown(vectors, old, kept).write(folder)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The arrays of a generation, and which of all rows its passages and sentences were."""

    passages: npt.NDArray[np.void]
    sentences: npt.NDArray[np.void]
    terms: Numbers
    labels: Numbers
    passages_from: Positions
    sentences_from: Positions

    def renumber(self, names: list[str]) -> list[str]:
        """Number terms as they first occur, whatever they were called by before, and return the names of those."""
        used = np.concatenate([self.terms, self.labels])
        first = np.full(len(names), len(used))
        # of equal indices the last assignment holds
        first[used[::-1]] = np.arange(len(used))[::-1]
        order = np.argsort(first, kind="stable")[: int((first < len(used)).sum())]
        numbers = np.zeros(len(names), np.int32)
        numbers[order] = np.arange(len(order))
        self.terms[:], self.labels[:] = numbers[self.terms], numbers[self.labels]
        return [names[number] for number in order.tolist()]

    def bags(self) -> lexical.Bags:
        """The terms of each passage: its page's title, its heading, its sentences."""
        passages, numbers = self.passages, np.arange(len(self.passages))
        owners = [self._owners(), np.repeat(numbers, passages["label_end"] - passages["label"])]
        return lexical.bags(np.concatenate([self.terms, self.labels]), np.concatenate(owners), len(passages))

    def document_bags(self, count: int) -> lexical.Bags:
        """The terms of each document: those of its passages, its title once."""
        passages, documents = self.passages, self.passages["document"]
        is_first = np.diff(documents, prepend=-1) != 0
        starts, ends = np.where(is_first, passages["label"], passages["label_heading"]), passages["label_end"]
        owners = [documents[self._owners()], np.repeat(documents, ends - starts)]
        terms = [self.terms, self.labels[_ranges(starts, ends)]]
        return lexical.bags(np.concatenate(terms), np.concatenate(owners), count)

    def _owners(self) -> Positions:
        """The passage of each term of a sentence."""
        owners: Positions = np.repeat(
            self.sentences["passage"], self.sentences["terms_end"] - self.sentences["terms_start"]
        )
        return owners


def _bounds(owners: Numbers, count: int) -> Positions:
    """Where the rows of each owner begin, and the end of the last; rows are in order of their owners."""
    return np.searchsorted(owners, np.arange(count + 1))


def _ranges(starts: npt.NDArray[np.integer[Any]], ends: npt.NDArray[np.integer[Any]]) -> Positions:
    """All the numbers of several half-open ranges, one range after the other."""
    counts = (ends - starts).astype(np.int64)
    numbers: Positions = np.arange(counts.sum()) + np.repeat(starts - np.cumsum(counts) + counts, counts)
    return numbers


def _lay_out(rows: npt.NDArray[np.void], start: str, end: str) -> None:
    """Let the ranges of rows follow each other from 0, each as long as before."""
    ends = np.cumsum(rows[end] - rows[start])
    rows[start], rows[end] = ends - rows[end] + rows[start], ends


def _reusable(directory: Path | None, embedder: Embedder) -> Index | None:
    """The older generation, when it is whole and made by the same model: it only saves work, so it may be missing."""
    if directory is None:
        return None
    try:
        old = Index.open(directory)
    except DamagedIndex:
        return None
    return old if old.manifest["fingerprint"] == embedder.fingerprint else None


def _sync(folder: Path) -> None:
    """Everything below `folder` on disk, the folders' own entries last."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync_one(path)
    _sync_one(folder)


def _sync_one(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
