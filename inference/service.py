"""The base of every assistant behind an HTTP service: how questions become calls, and bodies become answers.

A subclass says how one question is put and how one body is read; everything between is here. Does not know any
provider's fields.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any, ClassVar

from inference import errors, wire
from inference.answer import Answer, Assistant, AssistantError, Delta, Keep, KeyField, Question, RawBody, keep_nothing
from inference.draft import Draft
from inference.http import Call, Chunks, Client, Failed, default_client
from inference.wire import Json, Payload

_log = logging.getLogger(__name__)

API_KEY = KeyField("api_key", "API key")
#: Bodies that one answer may take: a provider that pauses its turn more often than this is not asked on.
MOST_TURNS = 5


def bearer(key: str) -> dict[str, str]:
    """The header by which most services know who asks."""
    return {"Authorization": f"Bearer {key}"}


def place(question: Question) -> dict[str, Any]:
    """Where the asker is, as OpenAI's search tools take it; empty where the question does not say."""
    if not question.country:
        return {}
    return {"user_location": {"type": "approximate", "country": question.country}}


def about_asker(question: Question) -> str | None:
    """The persona as the text of a system's own; None for a question without one."""
    return f"About the person who asks, in their own words: {question.persona}" if question.persona else None


def conversation(question: Question) -> list[dict[str, str]]:
    """The question as chats take it: the persona as the system's message, then the prompt."""
    system, user = about_asker(question), {"role": "user", "content": question.text}
    return [{"role": "system", "content": system}, user] if system else [user]


def prefaced(question: Question) -> Question:
    """The question with its persona before the prompt in one message of the asker's.

    For services that refuse a system's text, or whose search reads the user's message alone.
    """
    if not question.persona:
        return question
    return replace(question, text=f"{question.persona}\n\n{question.text}", persona=None)


class Service(Assistant):
    """An assistant asked over HTTP.

    `key` holds what the class's `key_fields` name. `base_url` replaces the provider's own address, for operators who
    send their calls through a gateway.
    """

    key_fields: ClassVar[tuple[KeyField, ...]] = (API_KEY,)
    base_url: ClassVar[str] = ""

    def __init__(self, key: Mapping[str, str], *, base_url: str = "", client: Client | None = None) -> None:
        """Raises ValueError naming the field of `key` that is missing."""
        for field in self.key_fields:
            if field.required and not key.get(field.name):
                raise ValueError(f"{self.label} needs its {field.label}.")
        self.key = key
        self.address = (base_url or key.get("base_url") or self.base_url).rstrip("/")
        self._client = client or default_client()

    @abstractmethod
    def call(self, question: Question, *, stream: bool = False) -> Call:
        """How one question is put to the service."""

    @abstractmethod
    def read(self, payload: Payload) -> Draft:
        """The answer in a body that is no error. Raises AssistantError("malformed") where there is none."""

    def payload(self, content: bytes) -> Payload:
        """The plain JSON of a body; another reading for a service that frames its streams in its own way."""
        return wire.read(content)

    def events(self, chunks: Iterable[bytes]) -> Iterator[Json]:
        """The events of a stream while it arrives."""
        return wire.events(wire.lines(chunks))

    def delta(self, event: Json) -> str:
        """The text that one event of a stream adds; empty for a service that does not stream."""
        return ""

    def next_call(self, question: Question, bodies: Sequence[RawBody]) -> Call | None:
        """The call that lets a paused turn go on; None for a service whose turns do not pause."""
        return None

    def parse(self, body: RawBody) -> Answer:
        try:
            payload = self.payload(body.content)
            errors.check(payload, body)
            if not payload.readable:
                raise wire.malformed("The body is neither JSON nor a stream of events.")
            return self.read(payload).answer(body.content)
        except RecursionError:
            raise wire.malformed("The body is nested too deeply to be read.") from None

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        """All questions are sent at once: whoever asks decides how many are in flight."""
        turns: list[list[RawBody]] = [[] for _ in questions]
        calls = [self._prepared(question) for question in questions]
        with self._client.exchange() as exchange:
            for index, call in enumerate(calls):
                if isinstance(call, Call):
                    exchange.send(index, call)
            for index, call in enumerate(calls):
                if isinstance(call, AssistantError):
                    yield index, call
            for index, result in exchange:
                if isinstance(result, Failed):
                    yield index, result.error
                    continue
                keep(index, result)
                turns[index].append(result)
                answer = self._read_turns(turns[index])
                call_on = self._call_on(questions[index], turns[index], answer)
                if call_on:
                    exchange.send(index, call_on)
                else:
                    yield index, answer

    def stream(self, question: Question, keep: Keep = keep_nothing) -> Iterator[Delta | Answer]:
        """Yield text as it comes, then the Answer; a turn that paused goes on whole. Raises AssistantError."""
        with closing(self._client.stream(self.call(question, stream=True))) as chunks:
            body = yield from self._read_stream(chunks)
        turns: list[RawBody] = []
        while True:
            keep(0, body)
            turns.append(body)
            answer = self.parse_turns(turns)
            call_on = self._call_on(question, turns, answer)
            if not call_on:
                yield answer
                return
            body = self._client.send(call_on)

    def _read_stream(self, chunks: Chunks) -> Generator[Delta, None, RawBody]:
        received = bytearray()

        def copied() -> Iterator[bytes]:
            for chunk in chunks:
                received.extend(chunk)
                yield chunk

        for event in self.events(copied()):
            if text := self.delta(event):
                yield Delta(text)
        for _ in copied():
            pass
        return RawBody(bytes(received), chunks.status, chunks.headers)

    def _prepared(self, question: Question) -> Call | AssistantError:
        """The call, or why it cannot be made: one question that fits no request holds up none of the others."""
        try:
            return self.call(question)
        except AssistantError as error:
            return error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            _log.exception("A call of %s could not be made", self.name)
            return AssistantError("invalid_request", f"The question cannot be put: {type(error).__name__}.")

    def _read_turns(self, bodies: Sequence[RawBody]) -> Answer | AssistantError:
        try:
            return self.parse_turns(bodies)
        except AssistantError as error:
            return error
        except Exception as mistake:  # noqa: BLE001
            # a reader's mistake must not cost its neighbours their answers; the body is kept and can be read again
            _log.exception("A body of %s could not be read", self.name)
            return wire.malformed(f"The body could not be read: {type(mistake).__name__}.")

    def _call_on(self, question: Question, bodies: Sequence[RawBody], answer: Answer | AssistantError) -> Call | None:
        if isinstance(answer, AssistantError) or answer.finish != "paused" or len(bodies) >= MOST_TURNS:
            return None
        return self.next_call(question, bodies)
