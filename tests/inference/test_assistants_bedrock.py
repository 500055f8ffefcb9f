"""Amazon Bedrock: Converse and Claude's Messages, whole and as a binary stream, and calls signed as AWS wants them."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import AssistantError, Delta, Question, RawBody
from inference.assistants.bedrock import Bedrock
from inference.http import Client
from tests.inference.frames import encoded, frame
from tests.inference.loopback import Received, expected, fixture, fixture_names, loopback, reading

KEY = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "s3cret", "region": "us-east-1"}
STREAM = "application/vnd.amazon.eventstream"


def body_of(name: str) -> bytes:
    content = fixture("bedrock", name)
    return encoded(content) if name.endswith(".frames") else content


@pytest.mark.parametrize("name", fixture_names("bedrock"))
def test_a_fixture_is_read_as_written_beside_it(name: str) -> None:
    assert reading(Bedrock, body_of(name)) == expected("bedrock", name)


def test_a_stream_kept_as_plain_events_is_read_alike() -> None:
    """As AWS's libraries give it, and with the kind of each event as its type."""
    events = [json.loads(line) for line in fixture("bedrock", "stream.frames").splitlines()]
    plain = json.dumps([{event["kind"]: event["fields"]} for event in events]).encode()
    typed = "".join(f"event: {event['kind']}\ndata: {json.dumps(event['fields'])}\n\n" for event in events).encode()
    for body in (plain, typed):
        assert reading(Bedrock, body) == expected("bedrock", "stream.frames")


@pytest.mark.recordings
def test_recorded_pages_are_cited_by_the_text_before_them(shared_data: Path) -> None:
    body = (shared_data / "wire/bedrock/01-converse-nova2-grounding.json").read_bytes()
    answer = Bedrock.__new__(Bedrock).parse(RawBody(body))
    before, after = answer.text[:-1], answer.text[-1]
    assert before.endswith("Ruby projects\u200b")
    assert after == "."
    assert [(c.url, c.spans) for c in answer.citations] == [
        (url, ((0, len(before)),))
        for url in (
            "https://www.ruby-lang.org/en/downloads/releases/",
            "https://www.ruby-lang.org/en/downloads/",
            "https://mac.install.guide/ruby/",
        )
    ]
    assert (answer.searches, answer.usage.searches, answer.retrieved) == (("latest stable Ruby version",), 1, None)


@pytest.mark.recordings
def test_recorded_text_inside_a_citation_is_text_and_its_document_no_page(shared_data: Path) -> None:
    body = (shared_data / "wire/bedrock/02-converse-claude-document-citations.json").read_bytes()
    answer = Bedrock.__new__(Bedrock).parse(RawBody(body))
    assert answer.text == "The Ruby programming language was created by Yukihiro Matsumoto in 1993."
    assert (answer.citations, answer.usage.input_tokens, answer.usage.output_tokens) == ((), 672, 39)


@pytest.mark.parametrize(
    ("named", "status", "kind"),
    [
        ("ThrottlingException", 429, "rate_limited"),
        ("ExpiredTokenException:http://internal.example/", 403, "auth"),
        ("ValidationException", 400, "invalid_request"),
        ("ModelTimeoutException", 408, "server"),
        ("ServiceUnavailableException", 503, "server"),
    ],
)
def test_the_header_names_the_error(named: str, status: int, kind: str) -> None:
    found = reading(Bedrock, RawBody(b'{"message": "No."}', status, {"X-Amzn-ErrorType": named}))
    assert (found["error"]["kind"], found["error"]["message"]) == (kind, "No.")


def test_a_stream_cut_inside_an_event_gives_what_came() -> None:
    whole = body_of("stream.frames")
    answer = Bedrock.__new__(Bedrock).parse(RawBody(whole[:-20]))
    assert answer.text == "A pine is the oldest 🌲, they say."
    assert answer.usage.input_tokens is None


def test_a_damaged_stream_is_malformed() -> None:
    damaged = bytearray(body_of("stream.frames"))
    damaged[200] ^= 1
    assert reading(Bedrock, bytes(damaged))["error"]["kind"] == "malformed"


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_in_frames_that_add_up_are_read_or_malformed(name: bytes, payload: bytes) -> None:
    first = frame({":event-type": "messageStop", ":message-type": "event"}, payload)
    second = frame({name.decode("latin-1")[:9]: name.decode("latin-1")}, payload)
    found = reading(Bedrock, first + second)
    assert found.get("text") == "" or found["error"]["kind"] == "malformed"


def bedrock(url: str, **key: str) -> Bedrock:
    return Bedrock(KEY | key, base_url=url, client=Client(allowed_hosts=frozenset({"127.0.0.1"})))


def signature(sent: Received) -> str:
    """The signature that AWS would work out for a request, after its description of Signature Version 4."""
    scope, names, _ = (part.partition("=")[2] for part in sent.headers["authorization"].split(" ", 1)[1].split(", "))
    canonical = "\n".join(
        (
            sent.method,
            quote(sent.path, safe="/"),
            "",
            *(f"{name}:{sent.headers[name]}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(sent.body).hexdigest(),
        )
    )
    _, day, region, service, end = scope.split("/")
    key = b"AWS4" + KEY["secret_access_key"].encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signed = "\n".join(("AWS4-HMAC-SHA256", sent.headers["x-amz-date"], scope.partition("/")[2], digest))
    return hmac.digest(key, signed.encode(), "sha256").hex()


def test_a_signed_question_goes_out_and_its_answer_comes_back() -> None:
    with loopback() as service:
        service.will_answer(fixture("bedrock", "grounded.json"))
        question = Question("How high?", temperature=0.5, country="DE", options={"max_output_tokens": 300})
        answer = bedrock(service.url, session_token="t0ken").answer(question)
    assert answer.as_json() == expected("bedrock", "grounded.json")
    (sent,) = service.received
    assert (sent.method, sent.target) == ("POST", "/model/us.amazon.nova-2-lite-v1%3A0/converse")
    assert sent.json == {
        "messages": [{"role": "user", "content": [{"text": "How high?"}]}],
        "inferenceConfig": {"temperature": 0.5, "maxTokens": 300},
        "toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
    }
    assert "/us-east-1/bedrock/aws4_request" in sent.headers["authorization"]
    assert sent.headers["x-amz-security-token"] == "t0ken"
    assert sent.headers["authorization"].endswith(f"Signature={signature(sent)}")
    assert "s3cret" not in str(sent)


def test_models_without_web_search_are_not_handed_the_tool() -> None:
    call = bedrock("").call(Question("?", model="us.anthropic.claude-haiku-4-5-20251001-v1:0"), stream=True)
    assert call.url == (
        "https://bedrock-runtime.us-east-1.amazonaws.com"
        "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse-stream"
    )
    assert json.loads(call.body) == {"messages": [{"role": "user", "content": [{"text": "?"}]}]}
    assert "x-amz-security-token" not in {name.lower() for name in call.headers}


def test_text_is_streamed_as_it_comes() -> None:
    with loopback() as service:
        service.will_answer(body_of("stream.frames"), STREAM)
        *deltas, last = bedrock(service.url).stream(Question("Which tree is oldest?"))
    assert deltas == [Delta("A pine is "), Delta("the oldest 🌲"), Delta(", they say"), Delta(".")]
    assert not isinstance(last, Delta)
    assert last.as_json() == expected("bedrock", "stream.frames")
    assert service.received[0].path.endswith("/converse-stream")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind"),
    [
        (body_of("stream-throttled.frames"), STREAM, 200, "rate_limited"),
        (b'{"message": "No access to this model."}', "application/json", 403, "auth"),
    ],
)
def test_an_error_ends_a_stream(body: bytes, content_type: str, status: int, kind: str) -> None:
    with loopback() as service:
        service.will_answer(body, content_type, status)
        with pytest.raises(AssistantError) as caught:
            list(bedrock(service.url).stream(Question("?")))
    assert caught.value.kind == kind


def test_what_is_missing_of_a_key_is_named() -> None:
    with pytest.raises(ValueError, match="Secret access key"):
        Bedrock({"access_key_id": "A", "region": "us-east-1"})
