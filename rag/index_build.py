"""Writes index generations: pages cut into passages and sentences, with their vectors and words.

A generation is written aside, synced and renamed into place, so it is there whole or not at all. Pages that an older
one has are copied from it. Does not know what a question is, or how pages were fetched.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag import chunk, cues, words
from rag.index import (
    FORMAT,
    MANIFEST,
    PASSAGE,
    SENTENCE,
    DamagedIndex,
    Document,
    Index,
    Manifest,
    lexical_library,
    sha256,
)

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors

Progress = Callable[[int, int], None]

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
    """The rows of a generation in the making, in document order; vectors come last, all in one go."""

    def __init__(self, embedder: Embedder, old: Index | None) -> None:
        self.embedder = embedder
        self.old = old
        self.old_numbers = {document.key: number for number, document in enumerate(old.documents)} if old else {}
        self.old_names = list(old.vocabulary) if old else []
        self.documents: list[Document] = []
        self.seen: set[str] = set()
        self.passages: list[tuple[int, ...]] = []
        self.sentences: list[tuple[int, ...]] = []
        self.labels: list[list[int]] = []
        self.terms: list[int] = []
        self.vocabulary: dict[str, int] = {}
        #: Passages to compute: their number, tokens and token spans.
        self.fresh: list[tuple[int, Sequence[int], Sequence[chunk.Span]]] = []
        #: Passages to copy: (first, last) here and the first there; the same for sentences.
        self.copied: list[tuple[slice, slice, slice, slice]] = []

    def add(self, document: Document) -> None:
        if document.id in self.seen:
            raise ValueError(f"Two documents have the id {document.id!r}: every id must be used once.")
        self.seen.add(document.id)
        number = len(self.documents)
        self.documents.append(document)
        if (old_number := self.old_numbers.get(document.key)) is not None:
            self._copy(document, number, old_number)
        else:
            self._cut(document, number)

    def _cut(self, document: Document, number: int) -> None:
        title = self._numbers(document.title)
        found = chunk.split(document.text, self.embedder.tokenize, self.embedder.max_tokens, document.title)
        for passage in found:
            at = len(self.passages)
            self.fresh.append((at, passage.tokens, passage.token_spans))
            first = len(self.sentences)
            for (start, end), leads, (token, last_token) in zip(
                passage.sentences, passage.leads, passage.token_spans, strict=True
            ):
                sentence = document.text[start:end]
                before = len(self.terms)
                self.terms.extend(self._numbers(sentence))
                flags = cues.cues(sentence, heading=leads)
                self.sentences.append((at, start, end, flags, last_token - token, before, len(self.terms)))
            self.passages.append(
                (number, passage.start, passage.end, *passage.heading, len(passage.tokens), first, len(self.sentences))
            )
            self.labels.append(title + self._heading(document.text, passage.heading, passage.start))

    def _copy(self, document: Document, number: int, old_number: int) -> None:
        old = self.old
        if old is None:
            return
        first, last = (int(at) for at in np.searchsorted(old.passages["document"], [old_number, old_number + 1]))
        if first == last:
            return
        title = self._numbers(document.title)
        sentence_first, sentence_last = int(old.passages["first"][first]), int(old.passages["last"][last - 1])
        here, sentences_here = len(self.passages), len(self.sentences)
        for _, start, end, heading_start, heading_end, tokens, a, b in old.passages[first:last].tolist():
            shift = sentences_here - sentence_first
            self.passages.append((number, start, end, heading_start, heading_end, tokens, a + shift, b + shift))
            self.labels.append(title + self._heading(document.text, (heading_start, heading_end), start))
        for passage, start, end, flags, tokens, a, b in old.sentences[sentence_first:sentence_last].tolist():
            before = len(self.terms)
            self.terms.extend(self._number(self.old_names[term]) for term in old.terms[a:b].tolist())
            self.sentences.append((passage + here - first, start, end, flags, tokens, before, len(self.terms)))
        self.copied.append(
            (
                slice(here, len(self.passages)),
                slice(first, last),
                slice(sentences_here, len(self.sentences)),
                slice(sentence_first, sentence_last),
            )
        )

    def _heading(self, text: str, heading: chunk.Span, passage_start: int) -> list[int]:
        """The terms of a heading that the passage itself does not hold."""
        return self._numbers(chunk.heading_text(text, heading)) if heading[0] < passage_start else []

    def _number(self, term: str) -> int:
        return self.vocabulary.setdefault(term, len(self.vocabulary))

    def _numbers(self, text: str) -> list[int]:
        return [self._number(term) for term in words.terms(text)]

    def write(self, folder: Path, progress: Progress) -> Manifest:
        import faiss

        vectors, sentence_vectors = self._vectors(progress)
        flat = faiss.IndexFlatIP(self.embedder.dimension)
        if len(vectors):
            flat.add(vectors)
        faiss.write_index(flat, str(folder / "vectors.faiss"))
        with (folder / "documents.jsonl").open("w", encoding="ascii") as lines:
            for document in self.documents:
                row = {"id": document.id, "url": document.url, "title": document.title, "text": document.text}
                lines.write(json.dumps(row) + "\n")
        bags = self._bags()
        arrays = {
            "passages": np.array(self.passages, PASSAGE),
            "sentences": np.array(self.sentences, SENTENCE),
            "terms": np.array(self.terms, np.int32),
            "sentence_vectors": sentence_vectors,
            "idf": self._idf(bags),
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        (folder / "vocabulary.json").write_text(json.dumps(list(self.vocabulary)), "ascii")
        if any(bags):
            self._write_bm25(folder / "bm25", bags, BM25)
            self._write_bm25(folder / "bm25_documents", self._document_bags(bags), BM25_DOCUMENTS)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest: Manifest = {
            "format": FORMAT,
            "model": self.embedder.name,
            "fingerprint": self.embedder.fingerprint,
            "dimension": self.embedder.dimension,
            "documents": len(self.documents),
            "passages": len(self.passages),
            "sentences": len(self.sentences),
            "terms": len(self.vocabulary),
            "reused": len(self.passages) - len(self.fresh),
            "files": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
        return manifest

    def _vectors(self, progress: Progress) -> tuple[Vectors, npt.NDArray[np.float16]]:
        """Vectors of all passages [n, d] and sentences [s, d]: copied where known, else computed."""
        vectors: Vectors = np.zeros((len(self.passages), self.embedder.dimension), np.float32)
        of_sentences = np.zeros((len(self.sentences), self.embedder.dimension), np.float16)
        if self.old is not None:
            for here, there, sentences_here, sentences_there in self.copied:
                vectors[here] = self.old.vectors[there]
                of_sentences[sentences_here] = self.old.sentence_vectors[sentences_there]
        total, done = len(self.passages), len(self.passages) - len(self.fresh)
        progress(done, total)
        rows = [tokens for _, tokens, _ in self.fresh]
        spans = [token_spans for _, _, token_spans in self.fresh]
        for row, vector, sentence_vectors in self.embedder.encode_tokens(rows, spans):
            at = self.fresh[row][0]
            vectors[at] = vector
            first, last = self.passages[at][-2:]
            of_sentences[first:last] = sentence_vectors
            done += 1
            progress(done, total)
        return vectors, of_sentences

    def _bags(self) -> list[list[int]]:
        """The terms of each passage: its page's title, its heading, its sentences."""
        bags = []
        for label, passage in zip(self.labels, self.passages, strict=True):
            first, last = passage[-2:]
            inside = self.terms[self.sentences[first][-2] : self.sentences[last - 1][-1]] if last > first else []
            bags.append(label + inside)
        return bags

    def _document_bags(self, bags: list[list[int]]) -> list[list[int]]:
        """The terms of each document: those of its passages, its title once."""
        found: list[list[int]] = [[] for _ in self.documents]
        for passage, bag in zip(self.passages, bags, strict=True):
            mine = found[passage[0]]
            mine.extend(bag[len(self._numbers(self.documents[passage[0]].title)) if mine else 0 :])
        return found

    def _idf(self, bags: list[list[int]]) -> Vectors:
        counts = Counter(term for bag in bags for term in set(bag))
        frequency = np.array([counts.get(number, 0) for number in range(len(self.vocabulary))], np.float32)
        weights: Vectors = np.log1p((len(bags) - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        return weights

    def _write_bm25(self, folder: Path, bags: list[list[int]], form: dict[str, Any]) -> None:
        library = lexical_library()
        from bm25s.tokenization import Tokenized

        lexical = library.BM25(**form)
        lexical.index(Tokenized(ids=bags, vocab=self.vocabulary), show_progress=False, create_empty_token=False)
        lexical.save(folder, show_progress=False)


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
