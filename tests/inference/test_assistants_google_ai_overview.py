"""Google's AI Overview through SerpApi: how its blocks are read, and the second request that some take."""

from __future__ import annotations

import pytest

from inference.answer import AssistantError, Question, RawBody
from inference.assistants.google_ai_overview import GoogleAIOverview
from inference.http import Client
from tests.inference.loopback import expected, fixture, fixture_names, loopback, reading


@pytest.mark.parametrize("name", fixture_names("google_ai_overview"))
def test_a_fixture_is_read_as_written_beside_it(name: str) -> None:
    assert reading(GoogleAIOverview, fixture("google_ai_overview", name)) == expected("google_ai_overview", name)


@pytest.mark.parametrize("body", [b"{}", b'{"ai_overview": {}}', b'{"hits": []}', b"[]", b'{"ai_overview": []}'])
def test_what_is_no_search_is_malformed(body: bytes) -> None:
    assert reading(GoogleAIOverview, body)["error"]["kind"] == "malformed"


def overview(url: str) -> GoogleAIOverview:
    client = Client(allowed_hosts=frozenset({"127.0.0.1"}))
    return GoogleAIOverview({"api_key": "s3rpkey"}, base_url=url, client=client)


def test_an_overview_among_the_results_takes_one_request() -> None:
    with loopback() as service:
        service.will_answer(fixture("google_ai_overview", "blocks.json"))
        answer = overview(service.url).answer(Question("bread", country="DE", language="de"))
    assert answer.as_json() == expected("google_ai_overview", "blocks.json")
    (sent,) = service.received
    assert (sent.method, sent.path) == ("GET", "/search.json")
    assert sent.parameters == {
        "engine": "google",
        "q": "bread",
        "gl": "de",
        "hl": "de",
        "no_cache": "true",
        "output": "json",
        "api_key": "s3rpkey",
    }


@pytest.mark.parametrize("streamed", [False, True])
def test_an_overview_behind_a_token_is_fetched_by_a_second_request(streamed: bool) -> None:
    with loopback() as service:
        service.will_answer(fixture("google_ai_overview", "token.json"))
        service.will_answer(fixture("google_ai_overview", "followed.json"))
        assistant, question = overview(service.url), Question("bread")
        bodies: list[RawBody] = []
        if streamed:
            (answer,) = assistant.stream(question, lambda index, body: bodies.append(body))
        else:
            ((_, answer),) = assistant.answer_many([question], lambda index, body: bodies.append(body))  # type: ignore[assignment]
    assert [body.content for body in bodies] == [
        fixture("google_ai_overview", "token.json"),
        fixture("google_ai_overview", "followed.json"),
    ]
    assert not isinstance(answer, AssistantError)
    assert answer.as_json() == expected("google_ai_overview", "followed.json")  # type: ignore[union-attr]
    assert service.received[1].parameters == {
        "engine": "google_ai_overview",
        "page_token": "tok+en/1==",
        "no_cache": "true",
        "output": "json",
        "api_key": "s3rpkey",
    }
