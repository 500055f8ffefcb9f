"""An assistant for tests that needs a key: it answers, fails or breaks as told, and notes what it was built with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from inference.answer import Answer, Assistant, AssistantError, Keep, KeyField, Question, RawBody, keep_nothing
from monitor import assistants


class Oracle(Assistant):
    name = "oracle"
    label = "The Oracle"
    models = ("oracle-1",)
    key_fields = (
        KeyField("api_key", "API key"),
        KeyField("endpoint", "Endpoint", secret=False, required=False),
    )
    #: What the next question meets: an answer, an AssistantError, or a break.
    result: ClassVar[Any] = Answer("Ready.")
    keys: ClassVar[list[Mapping[str, str]]] = []

    def __init__(self, key: Mapping[str, str], **ways_out: Any) -> None:
        self.key = key
        Oracle.keys.append(key)

    def parse(self, body: RawBody) -> Answer:
        return Answer(body.content.decode())

    def answer_many(
        self, questions: Sequence[Question], keep: Keep = keep_nothing
    ) -> Iterator[tuple[int, Answer | AssistantError]]:
        for index, _ in enumerate(questions):
            result = Oracle.result(self.key) if callable(Oracle.result) else Oracle.result
            if isinstance(result, Exception) and not isinstance(result, AssistantError):
                raise result
            yield index, result


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> type[Oracle]:
    """The Oracle among the assistants of this process, beside those that are there."""
    found = {**assistants._classes(), Oracle.name: Oracle}
    monkeypatch.setattr(assistants, "_classes", lambda: found)
    monkeypatch.setattr(Oracle, "result", Answer("Ready."))
    monkeypatch.setattr(Oracle, "keys", [])
    return Oracle
