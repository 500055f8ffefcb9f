"""Calls over the guarded client against a service that misbehaves: what each failure is called, and what is kept."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from inference.answer import Answer, AssistantError, Delta, Question, RawBody
from inference.assistants.openai import OpenAI
from inference.assistants.openai_compatible import OpenAICompatible
from inference.draft import Draft
from inference.http import Call, Client, Failed
from inference.wire import Payload, mapping, string
from tests.loopback import Loopback

SECRET = "sk-planted-4f7c9d21"
ANSWER = json.dumps(
    {"model": "m", "choices": [{"message": {"content": "All is well, LOOPBACK-ID."}, "finish_reason": "stop"}]}
).encode()
HERE = frozenset({"127.0.0.1"})


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(allowed_hosts=HERE)


@pytest.fixture
def service() -> Iterator[Loopback]:
    with Loopback([ANSWER]) as loopback:
        yield loopback


class Hasty(OpenAICompatible):
    """Waits for no more than a second and a half."""

    name = "hasty"

    def call(self, question: Question, *, stream: bool = False) -> Call:
        return replace(super().call(question, stream=stream), deadline=1.5)


def assistant_at(loopback: Loopback, client: Client) -> Hasty:
    return Hasty({"base_url": loopback.url, "api_key": SECRET}, client=client)


def failure(loopback: Loopback, client: Client, fault: str) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        assistant_at(loopback, client).answer(Question(f"loopback:{fault}"))
    return caught.value


@pytest.mark.parametrize(
    ("fault", "kind", "retry_after", "words"),
    [
        ("429", "rate_limited", None, "Too many requests, slow down."),
        ("429_after", "rate_limited", 7.0, "Too many requests, slow down."),
        ("500", "server", None, "The server had an error."),
        ("error_inside", "quota", None, "Nothing is left of this account."),
        ("html", "malformed", None, "neither JSON nor a stream"),
        ("redirect", "invalid_request", None, "redirects to http://127.0.0.1:1/elsewhere;"),
        ("closed", "unknown", None, "broke off"),
        ("cut", "unknown", None, "broke off"),
        ("cut_stream", "unknown", None, "broke off"),
        ("garbage", "unknown", None, "broke off"),
        ("silent", "unknown", None, "within 2 seconds"),
        ("stall", "unknown", None, "within 2 seconds"),
        ("drip", "unknown", None, "within 2 seconds"),
        ("large", "malformed", None, "larger than 16 MB"),
    ],
)
def test_each_failure_has_its_name(
    fault: str, kind: str, retry_after: float | None, words: str, service: Loopback, client: Client
) -> None:
    error = failure(service, client, fault)
    assert (error.kind, error.retry_after) == (kind, retry_after)
    assert words in error.message
    assert [seen.fault for seen in service.log] == [fault]


@pytest.mark.parametrize("way", ["", "bytes", "gzip"])
def test_a_whole_answer_comes_however_it_is_sent(way: str, service: Loopback, client: Client) -> None:
    answer = assistant_at(service, client).answer(Question(f"loopback:{way} id:one"))
    assert answer.text == "All is well, one."


def test_nothing_was_sent_where_nobody_listens(client: Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = failure_of_call(client, Call(f"http://127.0.0.1:{port}/", b"{}"))
    assert (error.kind, error.permanent) == ("unreachable", False)


def test_nothing_was_sent_where_no_name_leads(client: Client) -> None:
    error = failure_of_call(
        Client(allowed_hosts=frozenset({"nowhere.invalid"})), Call("http://nowhere.invalid/", b"{}")
    )
    assert error.kind == "unreachable"


def test_nothing_was_sent_where_no_connection_was_free_in_time(service: Loopback) -> None:
    """A name server or a full pool that keeps a call waiting past its deadline has cost nothing."""
    client = Client(allowed_hosts=HERE)

    async def never(host: str, port: int) -> list[Any]:
        import asyncio

        await asyncio.sleep(60)
        return []

    client._backend._addresses = never  # type: ignore[method-assign]
    error = failure_of_call(client, Call(service.url, b"{}", deadline=0.3))
    assert error.kind == "unreachable"
    assert service.log == []


def test_a_handshake_that_fails_has_sent_nothing(service: Loopback, client: Client) -> None:
    error = failure_of_call(client, Call(service.url.replace("http://", "https://"), b"{}", deadline=1))
    assert error.kind == "unreachable"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "nonsense", "", "http://[::1/", "http://127.0.0.1:99999999/"])
def test_an_address_that_is_none_is_the_caller_s_mistake(url: str, client: Client) -> None:
    assert failure_of_call(client, Call(url, b"{}", deadline=2)).kind == "invalid_request"


@pytest.mark.parametrize("key", [f"{SECRET}\nX-Injected: yes", f"{SECRET}é", f"{SECRET}\0", f"{SECRET}\ud800"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(
    key: str, service: Loopback, client: Client
) -> None:
    assistant = OpenAICompatible({"base_url": service.url, "api_key": key}, client=client)
    with pytest.raises(AssistantError) as caught:
        assistant.answer(Question("hello"))
    assert caught.value.kind == "invalid_request"
    assert "planted" not in told(caught.value)
    assert service.log == []
    with pytest.raises(AssistantError):
        list(assistant.stream(Question("hello")))


def failure_of_call(client: Client, call: Call) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        client.send(call)
    return caught.value


def told(error: BaseException) -> str:
    return repr(error) + str(error) + "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "fault", ["429", "500", "html", "redirect", "closed", "cut", "garbage", "silent", "large", "bomb"]
)
def test_no_secret_is_told(fault: str, service: Loopback, client: Client) -> None:
    assert SECRET in service_headers(service, client)
    error = failure(service, client, fault)
    assistant = assistant_at(service, client)
    call = assistant.call(Question("x"))
    said = told(error) + repr(assistant) + str(assistant) + repr(call) + str(call) + repr(client)
    assert SECRET not in said
    assert SECRET not in repr(Failed(error))


def service_headers(service: Loopback, client: Client) -> str:
    """What the service was really sent: the search for the secret has to find it there."""
    assistant_at(service, client).answer(Question("hello"))
    return service.headers[-1]["authorization"]


def test_a_compressed_gigabyte_takes_no_gigabyte(service: Loopback, client: Client) -> None:
    tracemalloc.start()
    try:
        error = failure(service, client, "bomb")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert error.kind in {"malformed", "unknown"}
    assert peak < 64 * 1024**2


def test_bodies_are_kept_before_they_are_parsed_with_the_headers_that_matter(service: Loopback, client: Client) -> None:
    kept: dict[int, RawBody] = {}
    given = []

    class Watched(Hasty):
        def parse(self, body: RawBody) -> Answer:
            assert body in kept.values()
            return super().parse(body)

    assistant = Watched({"base_url": service.url, "api_key": SECRET}, client=client)
    questions = [Question("loopback: id:a"), Question("loopback:429_after"), Question("loopback:html")]
    for index, result in assistant.answer_many(questions, kept.__setitem__):
        given.append((index, type(result)))
    assert sorted(given, key=lambda pair: pair[0]) == [(0, Answer), (1, AssistantError), (2, AssistantError)]
    assert json.loads(kept[0].content)["choices"][0]["message"]["content"] == "All is well, a."
    assert (kept[1].status, kept[1].headers["retry-after"]) == (429, "7")
    assert kept[2].content.startswith(b"<html>")
    for body in kept.values():
        assert {"x-request-id", "content-type"} <= set(body.headers)
        assert not {"set-cookie", "authorization", "cookie"} & set(body.headers)


def test_one_stalled_call_holds_back_no_finished_one(service: Loopback, client: Client) -> None:
    questions = [Question("loopback:silent"), *(Question(f"loopback: id:{n}") for n in range(20))]
    began = time.monotonic()
    arrived = []
    for index, _ in assistant_at(service, client).answer_many(questions):
        arrived.append((index, time.monotonic() - began))
    assert arrived[-1][0] == 0
    assert {index for index, _ in arrived} == set(range(21))
    assert all(seconds < 1.0 for index, seconds in arrived if index)


def test_a_reader_s_mistake_costs_no_neighbour_its_answer(service: Loopback, client: Client) -> None:
    class Mistaken(Hasty):
        def read(self, payload: Payload) -> Draft:
            draft = super().read(payload)
            if "bad" in draft.text:
                raise KeyError("planted")
            return draft

    assistant = Mistaken({"base_url": service.url}, client=client)
    found = dict(assistant.answer_many([Question(f"loopback: id:{name}") for name in ("good", "bad", "fine")]))
    assert [type(found[index]) for index in range(3)] == [Answer, AssistantError, Answer]
    error = found[1]
    assert isinstance(error, AssistantError)
    assert (error.kind, error.message) == ("malformed", "The body could not be read: KeyError.")


def test_hundreds_of_calls_are_in_flight_at_once(client: Client) -> None:
    with Loopback([ANSWER], latency=3.0) as service:
        questions = [Question(f"loopback: id:{n}") for n in range(300)]
        assistant = OpenAICompatible({"base_url": service.url}, client=client)
        texts = {index: result.text for index, result in assistant.answer_many(questions) if isinstance(result, Answer)}
        assert service.most_at_once == 300
    assert texts == {n: f"All is well, {n}." for n in range(300)}


def test_a_caller_who_leaves_cancels_what_is_in_flight(service: Loopback, client: Client) -> None:
    for _ in assistant_at(service, client).answer_many([Question("loopback: id:a"), Question("loopback:silent")]):
        break
    answer = assistant_at(service, client).answer(Question("loopback: id:b"))
    assert answer.text == "All is well, b."


STREAMED = (
    b": wait\n\n"
    b'data: {"model":"m","choices":[{"index":0,"delta":{"content":"One, "}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"two, "}}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{"content":"three."},"finish_reason":"stop"}]}\n\n'
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n'
    b"data: [DONE]\n\n"
)


@pytest.mark.parametrize("way", ["stream", "bytes", "gzip"])
def test_a_stream_gives_text_as_it_comes_and_the_answer_last(way: str, client: Client) -> None:
    with Loopback([STREAMED]) as service:
        *deltas, answer = assistant_at(service, client).stream(Question(f"loopback:{way}"))
    assert deltas == [Delta("One, "), Delta("two, "), Delta("three.")]
    assert isinstance(answer, Answer)
    assert (answer.text, answer.model, answer.usage.output_tokens) == ("One, two, three.", "m", 4)


def test_a_stream_is_read_while_it_still_comes(client: Client) -> None:
    with Loopback([STREAMED * 30]) as service:
        pieces = assistant_at(service, client).stream(Question("loopback:stream"))
        assert next(pieces) == Delta("One, ")
        assert service.log[0].fault == "stream"
        pieces.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fault", "kind"), [("429_after", "rate_limited"), ("stall", "unknown"), ("cut", "unknown"), ("closed", "unknown")]
)
def test_a_stream_that_fails_says_so_and_never_hangs(fault: str, kind: str, client: Client) -> None:
    with Loopback([STREAMED]) as service, pytest.raises(AssistantError) as caught:
        list(assistant_at(service, client).stream(Question(f"loopback:{fault}")))
    assert caught.value.kind == kind


class Pausing(OpenAICompatible):
    """A service whose turns pause until its text says that it is done."""

    name = "pausing"

    def read(self, payload: Payload) -> Draft:
        draft = super().read(payload)
        draft.finish = "complete" if "done" in draft.text else "paused"
        return draft

    def next_call(self, question: Question, bodies: Sequence[RawBody]) -> Call | None:
        return self.call(Question(f"{question.text} turn {len(bodies)}"))


def turn(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": {"prompt_tokens": 1}}).encode()


def test_a_paused_turn_goes_on_and_is_one_answer(client: Client) -> None:
    kept: list[bytes] = []
    with Loopback([turn("First."), turn("Second."), turn("And done.")]) as service:
        assistant = Pausing({"base_url": service.url}, client=client)
        found = list(assistant.answer_many([Question("go")], lambda index, body: kept.append(body.content)))
    assert len(found) == 1
    answer = found[0][1]
    assert isinstance(answer, Answer)
    assert answer.text == "First.\n\nSecond.\n\nAnd done."
    assert (answer.finish, answer.usage.input_tokens) == ("complete", 3)
    assert len(kept) == 3


def test_a_paused_stream_goes_on_and_every_body_is_kept(client: Client) -> None:
    kept: list[RawBody] = []
    with Loopback([STREAMED, turn("And done.")]) as service:
        assistant = Pausing({"base_url": service.url}, client=client)
        *deltas, answer = assistant.stream(Question("go"), lambda index, body: kept.append(body))
    assert isinstance(answer, Answer)
    assert ("".join(delta.text for delta in deltas), answer.text) == (
        "One, two, three.",
        "One, two, three.\n\nAnd done.",
    )
    assert [body.content for body in kept] == [STREAMED, turn("And done.")]
    assert answer == assistant.parse_turns(kept)


def test_a_body_that_is_an_error_is_kept_before_the_stream_fails(client: Client) -> None:
    kept: list[RawBody] = []
    with Loopback([STREAMED]) as service, pytest.raises(AssistantError) as caught:
        list(assistant_at(service, client).stream(Question("loopback:500"), lambda index, body: kept.append(body)))
    assert (caught.value.kind, [body.status for body in kept]) == ("server", [500])


def test_a_turn_that_never_ends_is_left_after_a_few(client: Client) -> None:
    with Loopback([turn("More.")]) as service:
        answer = Pausing({"base_url": service.url}, client=client).answer(Question("go"))
        assert (answer.finish, len(service.log)) == ("paused", 5)


def test_a_key_that_is_missing_is_named(client: Client) -> None:
    with pytest.raises(ValueError, match="API key"):
        OpenAI({}, client=client)


def test_questions_are_sent_as_the_service_wants_them(service: Loopback, client: Client) -> None:
    assistant = OpenAI({"api_key": SECRET}, base_url=service.url, client=client)
    call = assistant.call(Question("What is new?", country="DE", temperature=0.2))
    body = mapping(json.loads(call.body))
    assert string(body["input"]) == "What is new?"
    assert body["tools"] == [{"type": "web_search", "user_location": {"type": "approximate", "country": "DE"}}]
    assert body["temperature"] == 0.2
    assert "stream" not in body


def test_many_threads_share_a_client(service: Loopback, client: Client) -> None:
    texts: list[str] = []

    def ask(number: int) -> None:
        texts.append(assistant_at(service, client).answer(Question(f"loopback: id:t{number}")).text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(texts) == sorted(f"All is well, t{number}." for number in range(16))


def test_the_log_of_the_service_tells_what_it_answered(service: Loopback, client: Client) -> None:
    import hashlib

    kept: list[RawBody] = []
    list(assistant_at(service, client).answer_many([Question("id:q1")], lambda index, body: kept.append(body)))
    assert [(seen.name, seen.sha256) for seen in service.log] == [("q1", hashlib.sha256(kept[0].content).hexdigest())]


def test_a_client_waits_as_long_as_it_was_told_where_the_call_does_not_say(service: Loopback) -> None:
    client, started = Client(allowed_hosts=HERE, deadline=0.5), time.monotonic()
    error = failure_of_call(client, Call(service.url, b"loopback:silent"))
    assert (error.kind, time.monotonic() - started < 5) == ("unknown", True)
