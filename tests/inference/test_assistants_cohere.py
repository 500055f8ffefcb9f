"""Cohere's Chat: how its answers are read, whole and streamed, and how it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference.answer import Delta, Question, RawBody
from inference.assistants.cohere import Cohere
from inference.http import Client
from tests.inference.loopback import expected, fixture, fixture_names, loopback, reading


@pytest.mark.parametrize("name", fixture_names("cohere"))
def test_a_fixture_is_read_as_written_beside_it(name: str) -> None:
    assert reading(Cohere, fixture("cohere", name)) == expected("cohere", name)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_line_ends_of_a_stream_mean_nothing(ends: bytes) -> None:
    body = fixture("cohere", "stream.sse").replace(b"\n", ends)
    assert reading(Cohere, body) == expected("cohere", "stream.sse")


def test_a_stream_that_breaks_off_gives_what_came() -> None:
    body = fixture("cohere", "stream.sse").partition(b"event: citation-start")[0]
    answer = Cohere.__new__(Cohere).parse(RawBody(body))
    assert (answer.text, answer.citations, answer.finish) == ("Tea at Nord", (), "complete")


@pytest.mark.recordings
def test_recorded_citations_lie_on_the_words_that_they_name(shared_data: Path) -> None:
    body = (shared_data / "wire/cohere/02-v2-chat-toolresult-citations.json").read_bytes()
    answer = Cohere.__new__(Cohere).parse(RawBody(body))
    (citation,) = answer.citations
    assert (citation.page, citation.via, citation.title) == ("example.com/ruby-facts", "annotation", "Ruby Facts")
    assert [answer.text[start:end] for start, end in citation.spans] == [
        row["text"] for row in json.loads(body)["message"]["citations"]
    ]
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.retrieved) == (379, 164, None)


@pytest.mark.recordings
def test_a_recorded_document_without_a_url_is_not_cited(shared_data: Path) -> None:
    body = (shared_data / "wire/cohere/03-v2-chat-citations-stream.sse").read_bytes()
    answer = Cohere.__new__(Cohere).parse(RawBody(body))
    assert answer.text.startswith("According to the document, Ruby was created by **Yukihiro Matsumoto** in 1993.")
    assert (answer.citations, answer.usage.output_tokens) == ((), 86)


@pytest.mark.parametrize("message", [None, "Hello.", [], {"content": 3, "citations": "none"}, {"content": ["a", None]}])
def test_a_message_of_another_form_is_no_crash(message: object) -> None:
    found = reading(Cohere, json.dumps({"message": message, "finish_reason": "COMPLETE"}).encode())
    assert found.get("text") == "" or found["error"]["kind"] == "malformed"


def test_content_may_come_as_one_text() -> None:
    body = b'{"message": {"content": "Plain."}, "finish_reason": "COMPLETE"}'
    assert reading(Cohere, body)["text"] == "Plain."


def cohere(url: str) -> Cohere:
    return Cohere({"api_key": "c-secret"}, base_url=url, client=Client(allowed_hosts=frozenset({"127.0.0.1"})))


def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    with loopback() as service:
        service.will_answer(fixture("cohere", "tool-results.json"))
        answer = cohere(service.url).answer(Question("Where is tea?", seed=7, temperature=0.2, country="DE"))
    assert answer.as_json() == expected("cohere", "tool-results.json")
    (sent,) = service.received
    assert (sent.method, sent.path, sent.headers["authorization"]) == ("POST", "/chat", "Bearer c-secret")
    assert sent.json == {
        "model": "command-a-03-2025",
        "messages": [{"role": "user", "content": "Where is tea?"}],
        "stream": False,
        "temperature": 0.2,
        "seed": 7,
    }


def test_text_is_streamed_as_it_comes() -> None:
    with loopback() as service:
        service.will_answer(fixture("cohere", "stream.sse"), "text/event-stream")
        *deltas, last = cohere(service.url).stream(Question("Where is tea?"))
    assert deltas == [Delta("Tea "), Delta("at Nord"), Delta(".")]
    assert not isinstance(last, Delta)
    assert last.as_json() == expected("cohere", "stream.sse")
    assert service.received[0].json["stream"] is True
