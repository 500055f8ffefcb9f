"""The local engine with a language model: it retrieves as the extractive one does, and a model writes the answer.

Sources are what the extractive engine would have in its context without noise, as far as they fit in the model's
window; repeats of a question therefore share their whole prompt and differ by the model's own draws. The raw body has
everything that `parse` needs, so that reading it again loads neither torch nor an index. Citations are markers that
point at those sources, and nothing else: the model is shown no address.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from inference.answer import Answer, AssistantError, Delta, Keep, Question, RawBody, keep_nothing
from inference.draft import Draft
from inference.generator import Generated, Generator, Prompt
from rag.assistant import BATCH, LocalAssistant, temperature_of

if TYPE_CHECKING:
    from inference.embed import Embedder, Vectors
    from inference.rerank import Reranker
    from rag.index import Index
    from rag.prompting import Excerpt
    from rag.quotes import Page

#: Tokens of an answer where the question does not say, and of a prompt: small models read no more with use.
MOST_TOKENS = 400
PROMPT_TOKENS = 3000


@dataclass(frozen=True, slots=True)
class _Context:
    """What a question's text is answered from: the prompt, None where no page is about it, and the sources in it.

    `ranked` are the first documents of the ranking, as a body records them.
    """

    prompt: Prompt | None
    ranked: list[list[Any]]
    sources: tuple[dict[str, Any], ...] = ()
    retrieving_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way to the model."""

    question: Question
    temperature: float
    context: _Context
    embedding_ms: float

    @property
    def prompt(self) -> Prompt:
        if self.context.prompt is None:
            raise ValueError("No page is about the question.")
        return replace(self.context.prompt, seed=self.question.seed, temperature=self.temperature)


class GenerativeAssistant(LocalAssistant):
    """Answers that a language model writes from the sources of an index generation."""

    name = "local_generative"
    label = "Local engine, generative"
    models: ClassVar[tuple[str, ...]] = ()
    takes_output_limit = True
    takes_persona = True

    def __init__(
        self, index: Index, embedder: Embedder, generator: Generator, reranker: Reranker | None = None
    ) -> None:
        """Raises ValueError where the index was made by another model."""
        super().__init__(index, embedder, reranker)
        self._generator = generator

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        for at in range(0, len(questions), BATCH):
            asked: dict[int, _Asked] = {}
            for offset, each in enumerate(self._asked(questions[at : at + BATCH])):
                if isinstance(each, AssistantError):
                    yield at + offset, each
                elif each.context.prompt is None:
                    yield at + offset, self._finished(at + offset, self._nothing_found(each), keep)
                else:
                    asked[at + offset] = each
            numbers = list(asked)
            for place, made in self._generator.generate([asked[number].prompt for number in numbers]):
                number = numbers[place]
                if isinstance(made, AssistantError):
                    yield number, made
                else:
                    yield number, self._finished(number, self._body(asked[number], made), keep)

    def stream(self, question: Question, keep: Keep = keep_nothing) -> Iterator[Delta | Answer]:
        (asked,) = self._asked([question])
        if isinstance(asked, AssistantError):
            raise asked
        body = self._nothing_found(asked)
        if asked.context.prompt is not None:
            held: str | None = ""
            for item in self._generator.stream(asked.prompt):
                if isinstance(item, Generated):
                    body = self._body(asked, item)
                    continue
                if held is not None:
                    held += item
                    if _is_thinking(held):
                        continue
                    item, held = _without_thinking(held), None
                yield Delta(item)
        keep(0, body)
        yield self.parse(body)

    def _finished(self, number: int, body: RawBody, keep: Keep) -> Answer | AssistantError:
        keep(number, body)
        try:
            return self.parse(body)
        except AssistantError as error:
            return error

    def _asked(self, questions: Sequence[Question]) -> list[_Asked | AssistantError]:
        """What each question is answered from; equal texts are embedded and looked up once."""
        started = time.perf_counter()
        texts = list(dict.fromkeys(question.text for question in questions))
        vectors = dict(zip(texts, self._embedder.encode(texts, "query"), strict=True))
        embedding_ms = (time.perf_counter() - started) * 1000 / len(questions)
        contexts: dict[tuple[str, str | None, int], _Context | AssistantError] = {}
        asked: list[_Asked | AssistantError] = []
        for question in questions:
            key = question.text, question.persona, _most_tokens(question)
            if key not in contexts:
                contexts[key] = self._context(question, vectors[question.text])
            context = contexts[key]
            asked.append(
                context
                if isinstance(context, AssistantError)
                else _Asked(question, temperature_of(question), context, embedding_ms)
            )
        return asked

    def _context(self, question: Question, vector: Vectors) -> _Context | AssistantError:
        """As many of the best passages as the model can take, of every page the best one first.

        They are found by the question alone: a persona is for the model that writes.
        """
        # here and not above: a process that only parses needs neither
        from rag import compose, prompting

        started = time.perf_counter()
        ranking = self._rank(question.text, vector)
        ranked, pages = self._ranked(ranking), compose.context(self._index, question.text, ranking)
        if not pages:
            return _Context(None, ranked, (), _ms_since(started))
        by_turns = [
            (page, passage)
            for turn in range(max(len(page.passages) for page in pages))
            for page in pages
            for passage in page.passages[turn : turn + 1]
        ]
        most = _most_tokens(question)
        room = min(PROMPT_TOKENS, (self._generator.window or PROMPT_TOKENS + most) - most)

        def shown(count: int) -> list[Page]:
            taken: dict[int, list[int]] = {}
            for page, passage in by_turns[:count]:
                taken.setdefault(page.document, []).append(passage)
            chosen = [page for page in pages if page.document in taken]
            return [
                replace(page, number=number, passages=tuple(sorted(taken[page.document])))
                for number, page in enumerate(chosen, start=1)
            ]

        def prompt(count: int) -> Prompt:
            excerpts = [self._excerpt(page) for page in shown(count)]
            return Prompt(
                prompting.SYSTEM, prompting.write(excerpts, question.text, question.persona or ""), most_tokens=most
            )

        fitting, too_many = 0, len(by_turns) + 1
        while fitting + 1 < too_many:
            middle = (fitting + too_many) // 2
            if self._generator.count_tokens(prompt(middle)) <= room:
                fitting = middle
            else:
                too_many = middle
        if not fitting:
            return AssistantError(
                "invalid_request",
                f"The model's window of {self._generator.window} tokens has no room for a source, the question and an "
                f"answer of {most}.",
            )
        sources = tuple(map(self._source, shown(fitting)))
        return _Context(prompt(fitting), ranked, sources, _ms_since(started))

    def _excerpt(self, page: Page) -> Excerpt:
        """The page's passages as they stand in it, those that follow each other joined, each under its heading."""
        from rag.chunk import heading_text
        from rag.prompting import Excerpt

        document = self._index.documents[page.document]
        pieces: list[str] = []
        ended = None
        for row in self._index.passages[list(page.passages)]:
            start, end = int(row["start"]), int(row["end"])
            heading = heading_text(document.text, (int(row["heading_start"]), int(row["heading_end"])))
            if ended is not None and not document.text[ended:start].strip():
                pieces[-1] += document.text[ended:end]
            else:
                is_within = int(row["heading_start"]) >= start
                pieces.append(document.text[start:end] if is_within else f"{heading}\n{document.text[start:end]}")
            ended = end
        return Excerpt(document.title, tuple(pieces))

    def _body(self, asked: _Asked, made: Generated) -> RawBody:
        from rag.prompting import marked

        # what a model thought before it answered is kept and not said
        found = marked(_without_thinking(made.text), len(asked.context.sources))
        record = dict(made.record)
        timings = record.pop("timings_ms", {})
        prompt = asked.prompt
        row = {
            "engine": "citescope-generative",
            "format": 2,
            **record,
            **self._reranked_by,
            "question": asked.question.text,
            "seed": asked.question.seed,
            "temperature": asked.temperature,
            "prompt_sha256": hashlib.sha256(f"{prompt.system}\0{prompt.text}".encode("utf-8", "replace")).hexdigest(),
            "output": made.text,
            "text": found.text,
            "markers": [list(marker) for marker in found.markers],
            "dropped_markers": found.dropped,
            "finish": made.finish,
            "sources": list(asked.context.sources),
            "ranking": asked.context.ranked,
            "usage": {"input_tokens": made.input_tokens, "output_tokens": made.output_tokens, "searches": 1},
            "timings_ms": {
                "embedding": round(asked.embedding_ms, 3),
                "retrieving": round(asked.context.retrieving_ms, 3),
                **timings,
            },
        }
        return RawBody(json.dumps(row).encode("ascii"), headers={"content-type": "application/json"})

    def _nothing_found(self, asked: _Asked) -> RawBody:
        """The answer where no page is about the question: no model is asked."""
        from rag.compose import NOTHING_FOUND

        made = Generated(NOTHING_FOUND, "complete", 0, 0, {"model": self._generator.name})
        return self._body(replace(asked, context=replace(asked.context, prompt=Prompt("", ""))), made)


def _most_tokens(question: Question) -> int:
    limit = question.options.get("max_output_tokens")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else MOST_TOKENS


def _is_thinking(said: str) -> bool:
    """Whether what has come of an answer may still be, or become, thoughts."""
    begun = said.lstrip()
    return "<think>".startswith(begun[:7]) and "</think>" not in begun


def _without_thinking(text: str) -> str:
    draft = Draft()
    draft.add_thinking_first(text)
    return draft.text


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
