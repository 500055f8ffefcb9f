"""Questions that an index's own pages answer: ideas for prompts to track, never tracked by themselves.

A page's questions are those it asks in a line of its own, and those its title promises to answer ("Best X for Y", "X vs
Y", "How to X"; English titles alone). Each is put to the index, and kept only where its page is among the first found
and has a sentence that comes near: what a page merely asks is no idea. Knows nothing of who owns a page, or of suites.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from rag import retrieve, trace
from rag.words import terms

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors
    from rag.index import Document, Index

#: A page answers what it is among the first so many documents for.
ANSWERS_WITHIN = 3
#: A sentence as near as this to a question may answer it.
NEAR = 0.45
#: Sentences of a page that are looked at for that.
LIKELY = 5
#: Questions taken of one page: a FAQ of hundreds should leave room for others.
MOST_OF_A_PAGE = 12
#: Questions whose vectors are as near as this ask the same.
SAME = 0.9
LONGEST, SHORTEST = 140, 12
#: Of a title so much is read: what a page calls itself beyond that promises nothing.
LONGEST_TITLE = 500
_ENDS = ("?", "\uff1f", "\u061f")
BATCH = 64

_MARKS = re.compile(r"(?:(?:[#>*+|\-\u2022\u2013\u00b7]+|\(?(?:Q|q)?\d{0,3}[.):]|Q:|Question:)\s*)*+")
_ASKS = re.compile(
    r"^(?:what|which|who|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|should|will|would|has|have|must)"
    r"(?:['\u2019]s|['\u2019]re|n['\u2019]t)?\s",
    re.IGNORECASE,
)
#: Words that point to what stands around the question, so that it says nothing by itself.
_LEANS = re.compile(
    r"\b(?:we|us|our|ours|i|me|my|this|these|those|it|its|they|them|their|theirs|he|she|him|her|his|here|above|below"
    r"|following|article|guide|post|page|website)\b|\byou (?:offer|have|provide|ship|accept|guys|charge|sell)\b",
    re.IGNORECASE,
)
#: What stands behind the title proper: the site's name, a year, a count of items, a remark in brackets.
_BEHIND_TITLE = re.compile(r"\s+[|\u2013\u2014\u00b7\u00bb:]\s.*$|\s+-\s.*$|\s*[(\[].*?[)\]]")
_YEAR = re.compile(r"\s*\b(?:in|of|for)?\s*\b20\d\d\b\s*", re.IGNORECASE)
_COUNT = re.compile(r"^(?:the|our|here are the)?\s*(?:top\s+)?\d{1,3}\s+|^(?:the|our)\s+(?=best\b)", re.IGNORECASE)
_PLURAL = re.compile(r"(?:[^s]s|software|tools|people)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Idea:
    """A question that a document answers: by its passage `text[start:end]`, at this rank among documents, from 1.

    `asked`: the page asks it in these words; else it is made of the page's title.
    """

    question: str
    document: str
    start: int
    end: int
    rank: int
    asked: bool


def questions_of(title: str, text: str) -> Iterator[tuple[str, bool]]:
    """(question, whether the page asks it so) of one page: what its title promises first, then in the text's order."""
    if made := of_title(title):
        yield made, False
    for line in (title, *text.splitlines()):
        if question := of_line(line):
            yield question, True


def of_line(line: str) -> str:
    """The question that a line is, without marks of a list or a heading; empty where it is none that says enough."""
    line = _MARKS.sub("", " ".join(line.split()), count=1)
    if not SHORTEST <= len(line) <= LONGEST or not line.endswith(_ENDS) or re.search(r"[.!?]\s", line[:-1]):
        return ""
    told = [term for term in dict.fromkeys(terms(line)) if not term.isdigit()]
    english = line.isascii() or _ASKS.match(line)
    if len(told) < 2 or (english and (not _ASKS.match(line) or _LEANS.search(line))):
        return ""
    return line[0].upper() + line[1:]


def of_title(title: str) -> str:
    """The question that a title promises to answer; empty for a title without such a promise."""
    bare = _BEHIND_TITLE.sub("", _YEAR.sub(" ", " ".join(title.split())[:LONGEST_TITLE]))
    bare = _COUNT.sub("", bare).strip(" .,:;!?")
    made = ""
    if found := re.fullmatch(r"best (.{3,80})", bare, re.IGNORECASE):
        verb = "are" if _PLURAL.search(re.split(r"\b(?:for|to|of|with|under|in)\b", found[1])[0].strip()) else "is"
        made = f"What {verb} the best {found[1]}?"
    elif found := re.fullmatch(r"(.{2,50}?) (?:vs\.?|versus) (.{2,50})", bare, re.IGNORECASE):
        made = f"{found[1]} or {found[2]}: which is better?"
    elif found := re.fullmatch(r"how to (.{4,90})", bare, re.IGNORECASE):
        made = f"How do I {found[1][0].lower()}{found[1][1:]}?"
    elif found := re.fullmatch(r"(.{2,50}) alternatives|alternatives (?:to|for) (.{2,50})", bare, re.IGNORECASE):
        made = f"What are the alternatives to {(found[1] or found[2]).removeprefix('best ').removeprefix('Best ')}?"
    elif found := re.fullmatch(r"(.{2,50}) pricing|pricing (?:of|for) (.{2,50})", bare, re.IGNORECASE):
        made = f"How much does {found[1] or found[2]} cost?"
    return made if len(made) <= LONGEST and made.isascii() and not _LEANS.search(bare) else ""


def ideas(
    index: Index,
    embedder: Embedder,
    documents: Collection[str],
    known: Sequence[str],
    *,
    most: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Idea]:
    """Ideas from the documents of these ids, at most `most`, a page's first before any page's second.

    None asks what a question in `known` does. `progress` is told of questions tried, and of how many. Loads torch.
    """
    pages = [document for document in index.documents if document.id in documents]
    asked = list(_in_turns(pages))
    taken = _Taken(embedder, known)
    found: list[Idea] = []
    for at in range(0, len(asked), BATCH):
        progress(at, len(asked))
        batch = asked[at : at + BATCH]
        vectors = embedder.encode([question for question, _, _ in batch], "query")
        for (question, is_asked, document), vector in zip(batch, vectors, strict=True):
            if taken.has(question, vector):
                continue
            ranked = trace.places(index, retrieve.rank(index, question, vector), ANSWERS_WITHIN)
            place = next((place for place in ranked if place.document == document), None)
            span = _answer(index, embedder, document, vector) if place else None
            if place and span:
                found.append(Idea(question, document, *span, place.rank, is_asked))
                taken.add(question, vector)
            if len(found) == most:
                return found
    progress(len(asked), len(asked))
    return found


def _in_turns(documents: Iterable[Document]) -> Iterator[tuple[str, bool, str]]:
    """(question, asked, document id) of every document, each giving one in turn."""
    of_each = []
    for document in documents:
        unique: dict[str, bool] = {}
        for question, asked in questions_of(document.title, document.text):
            unique.setdefault(question, asked)
        of_each.append([(question, asked, document.id) for question, asked in unique.items()][:MOST_OF_A_PAGE])
    for turn in zip_longest(*of_each):
        yield from (one for one in turn if one is not None)


def _answer(index: Index, embedder: Embedder, document: str, vector: Vectors) -> tuple[int, int] | None:
    """The passage `text[start:end]` with the sentence that comes nearest to a question; None where none is near."""
    number = index.document_numbers[document]
    passages = np.searchsorted(index.passages["document"], [number, number + 1])
    first, last = np.searchsorted(index.sentences["passage"], passages)
    likely = np.argsort(-(index.sentence_vectors[first:last].astype(np.float32) @ vector)) + first
    told = [int(row) for row in likely if not index.sentence_text(row).rstrip().endswith(_ENDS)][:LIKELY]
    if not told:
        return None
    # the index's vectors of sentences know the heading above, which may be the question itself
    near = embedder.encode([index.sentence_text(row) for row in told], "document") @ vector
    if near.max() < NEAR:
        return None
    passage = index.passages[index.sentence(told[int(near.argmax())]).passage]
    return int(passage["start"]), int(passage["end"])


class _Taken:
    """The questions that there are already, by their words and by what they mean."""

    def __init__(self, embedder: Embedder, known: Sequence[str]) -> None:
        self._words = {_key(question) for question in known}
        self._vectors = embedder.encode(list(known), "query")  # [questions, dimension]

    def has(self, question: str, vector: Vectors) -> bool:
        return _key(question) in self._words or bool((self._vectors @ vector >= SAME).any())

    def add(self, question: str, vector: Vectors) -> None:
        self._words.add(_key(question))
        self._vectors = np.vstack([self._vectors, vector])


def _key(question: str) -> str:
    return " ".join(terms(question))
