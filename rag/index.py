"""Index generations: an immutable folder with passages, sentences, their vectors (FAISS) and words (bm25s).

A generation is there whole or not at all; its manifest has the SHA-256 of every file, and `Index.open` checks them.
Reads only: does not know how a generation is made, what a question is, or how pages were fetched.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag import chunk, lexical, words
from rag.graph import FILE, Graph

if TYPE_CHECKING:
    from inference.embed import Vectors

Manifest = dict[str, Any]
Numbers = npt.NDArray[np.int32]

#: Changes with anything that makes older generations unfit to be read or reused.
FORMAT = 5
MANIFEST = "manifest.json"
#: What a manifest counts; no checksum guards the manifest itself, so opening counts again.
COUNTS = ("dimension", "documents", "passages", "sentences", "terms")
ENTRIES = {"format", "model", "fingerprint", "reused", "files", *COUNTS}
#: Sentences kept as tuples: composing looks at the same ones for every repeat.
KEPT_SENTENCES = 65536

#: Its sentences are `first:last`, the terms of its page's title `label:label_heading`, and those of a heading that it
#: does not hold itself `label_heading:label_end`.
PASSAGE = np.dtype(
    [
        ("document", "<i4"),
        ("start", "<i4"),
        ("end", "<i4"),
        ("heading_start", "<i4"),
        ("heading_end", "<i4"),
        ("tokens", "<i4"),
        ("first", "<i4"),
        ("last", "<i4"),
        ("label", "<i4"),
        ("label_heading", "<i4"),
        ("label_end", "<i4"),
    ]
)
SENTENCE = np.dtype(
    [
        ("passage", "<i4"),
        ("start", "<i4"),
        ("end", "<i4"),
        ("cues", "<i4"),
        ("tokens", "<i4"),
        ("terms_start", "<i4"),
        ("terms_end", "<i4"),
    ]
)


class Sentence(NamedTuple):
    """One row of the sentences: of a passage, `text[start:end]` of its document, flags, tokens, and its terms."""

    passage: int
    start: int
    end: int
    cues: int
    tokens: int
    terms_start: int
    terms_end: int


class DamagedIndex(Exception):  # noqa: N818 - a state of the files
    """A generation that is missing, cut, altered or of another format; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Document:
    """A page as it is indexed. `id` is the caller's own."""

    id: str
    url: str
    title: str
    text: str

    @property
    def key(self) -> str:
        """Equal for documents whose passages and vectors are equal."""
        return hashlib.sha256(f"{self.title}\0{self.text}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class PassageOf:
    """A passage of a document: `text[start:end]` in code points, under `heading`."""

    start: int
    end: int
    heading: str


class Index:
    """An open generation: arrays in memory, read only."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        """Load the files of a generation that has been verified; use `Index.open`. Raises ValueError and others."""
        self.directory = directory
        self.manifest = manifest
        with (directory / "documents.jsonl").open(encoding="ascii") as lines:
            self.documents = [Document(**json.loads(line)) for line in lines]
        self.passages = np.load(directory / "passages.npy")
        self.sentences = np.load(directory / "sentences.npy")
        self.terms: Numbers = np.load(directory / "terms.npy")
        self.labels: Numbers = np.load(directory / "labels.npy")
        self.sentence_vectors: npt.NDArray[np.float16] = np.load(directory / "sentence_vectors.npy")
        self.idf: Vectors = np.load(directory / "idf.npy")
        names = json.loads((directory / "vocabulary.json").read_text("ascii"))
        self.vocabulary: dict[str, int] = {name: number for number, name in enumerate(names)}
        there = (self.documents, self.passages, self.sentences, self.vocabulary)
        if [manifest[name] for name in COUNTS] != [self.sentence_vectors.shape[1], *map(len, there)]:
            raise ValueError(f"{MANIFEST} counts otherwise")
        self._titles: dict[int, list[int]] = {}
        self.sentence = lru_cache(maxsize=KEPT_SENTENCES)(self._sentence)

    @classmethod
    def open(cls, directory: Path) -> Index:
        """Verify every file and load the generation. Raises DamagedIndex."""
        manifest = verify(directory)
        try:
            return cls(directory, manifest)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedIndex(f"The index {directory} cannot be read ({error}): build it again.") from error

    @cached_property
    def faiss(self) -> Any:
        import faiss

        return faiss.read_index(str(self.directory / "vectors.faiss"))

    @cached_property
    def graph(self) -> Graph | None:
        """What finds the nearest passages of a large generation; None where looking at all of them is as quick."""
        return Graph.read(self.directory) if (self.directory / FILE).exists() else None

    @cached_property
    def vectors(self) -> Vectors:
        """Unit vectors of the passages, [passages, dimension]: a view of what FAISS holds."""
        import faiss

        shape = (len(self.passages), int(self.manifest["dimension"]))
        if not shape[0]:
            return np.zeros(shape, np.float32)
        rows: Vectors = faiss.rev_swig_ptr(self.faiss.get_xb(), shape[0] * shape[1]).reshape(shape)
        return rows

    @cached_property
    def bm25(self) -> Any:
        """The lexical index of passages; None where no passage has a word."""
        return lexical.read(self.directory / "bm25")

    @cached_property
    def bm25_documents(self) -> Any:
        """The lexical index of whole documents, by their numbers; None where none has a word."""
        return lexical.read(self.directory / "bm25_documents")

    @cached_property
    def document_numbers(self) -> dict[str, int]:
        return {document.id: number for number, document in enumerate(self.documents)}

    def passages_of(self, document_id: str) -> list[PassageOf]:
        """The passages of one document in order. KeyError for a document that is not in this generation."""
        number = self.document_numbers[document_id]
        text = self.documents[number].text
        first, last = np.searchsorted(self.passages["document"], [number, number + 1])
        return [
            PassageOf(
                int(row["start"]),
                int(row["end"]),
                chunk.heading_text(text, (int(row["heading_start"]), int(row["heading_end"]))),
            )
            for row in self.passages[first:last]
        ]

    def _sentence(self, row: int) -> Sentence:
        return Sentence._make(self.sentences.item(row))

    def sentence_text(self, row: int) -> str:
        """A sentence as its page has it."""
        sentence = self.sentence(row)
        document = int(self.passages["document"][sentence.passage])
        return self.documents[document].text[sentence.start : sentence.end]

    def terms_of(self, first: int, last: int) -> set[int]:
        """The terms of a run of sentences, as a half-open range."""
        if last <= first:
            return set()
        return set(self.terms[self.sentence(first).terms_start : self.sentence(last - 1).terms_end].tolist())

    def title_terms(self, document: int) -> list[int]:
        """The terms of a document's title, by its number."""
        if document not in self._titles:
            self._titles[document] = self.term_numbers(self.documents[document].title)
        return self._titles[document]

    def term_numbers(self, text: str) -> list[int]:
        """The numbers of the terms of `text` that some passage has, repeated as they occur."""
        return [number for term in words.terms(text) if (number := self.vocabulary.get(term)) is not None]


def verify(directory: Path) -> Manifest:
    """The manifest, once every file is as it says. Raises DamagedIndex."""
    try:
        manifest: Manifest = json.loads((directory / MANIFEST).read_text("utf-8"))
        files, version = dict(manifest["files"]), manifest["format"]
        if version == FORMAT and set(manifest) != ENTRIES:
            raise KeyError("entries")
    except FileNotFoundError as error:
        raise DamagedIndex(f"There is no index in {directory}: build it first.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedIndex(f"The manifest of the index {directory} is damaged: build the index again.") from error
    if version != FORMAT:
        raise DamagedIndex(f"The index {directory} has format {version}, this program reads {FORMAT}: build it again.")
    for name, expected in files.items():
        try:
            found = sha256(directory / name)
        except OSError as error:
            raise DamagedIndex(f"The index {directory} has lost its file {name}: build it again.") from error
        if found != expected:
            raise DamagedIndex(f"The file {name} of the index {directory} is damaged: build the index again.")
    return manifest


def read_documents(lines: Iterable[str]) -> Iterator[Document]:
    """Documents of JSON Lines `{"_id","title","text","url"}`. Raises ValueError with the line's number and reason."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {number} is no JSON: {error.msg} (character {error.pos + 1}).") from error
        except RecursionError as error:
            raise ValueError(f"line {number} is nested too deeply.") from error
        if not isinstance(row, dict) or not isinstance(row.get("_id"), str | int):
            raise ValueError(f'line {number} needs the form {{"_id", "title", "text", "url"}}.')
        fields = {name: row.get(name) or "" for name in ("url", "title", "text")}
        if wrong := next((name for name, value in fields.items() if not isinstance(value, str)), None):
            raise ValueError(f"line {number}: {wrong!r} must be text.")
        yield Document(id=str(row["_id"]), **fields)


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
