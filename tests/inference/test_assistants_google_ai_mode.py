"""Google's AI Mode through SerpApi: how its blocks are read, and how it is asked without showing the key."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import AssistantError, Question
from inference.assistants.google_ai_mode import GoogleAIMode
from inference.http import Client
from tests.inference.loopback import expected, fixture, fixture_names, loopback, reading

CLIENT = Client(allowed_hosts=frozenset({"127.0.0.1"}))
FIELDS = ("type", "title", "snippet", "snippet_links", "text", "link", "list", "text_blocks", "table", "code", "index")
values = st.recursive(
    st.none() | st.integers(-2, 3) | st.sampled_from(["", "word", "https://a.example/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "title",
                    "snippet",
                    "snippet_links",
                    "text",
                    "link",
                    "list",
                    "text_blocks",
                    "table",
                    "code",
                    "index",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", fixture_names("google_ai_mode"))
def test_a_fixture_is_read_as_written_beside_it(name: str) -> None:
    assert reading(GoogleAIMode, fixture("google_ai_mode", name)) == expected("google_ai_mode", name)


@given(st.lists(values, max_size=4), values)
def test_blocks_of_any_form_are_read(blocks: list[object], references: object) -> None:
    found = reading(GoogleAIMode, json.dumps({"text_blocks": blocks, "references": references}).encode())
    assert "error" not in found
    assert all(0 <= start < end <= len(found["text"]) for c in found["citations"] for start, end in c["spans"])


def test_a_link_that_markdown_cannot_put_on_its_words_lies_on_the_whole_block() -> None:
    links = [{"text": "[x]", "link": "https://x.example/"}, {"link": "https://y.example/"}, {"text": "z", "link": ""}]
    found = reading(
        GoogleAIMode, json.dumps({"text_blocks": [{"snippet": "see [x]", "snippet_links": links}]}).encode()
    )
    assert (found["text"], found["retrieved"]) == ("see [x]", None)
    assert [(c["url"], c["via"], c["spans"]) for c in found["citations"]] == [
        ("https://x.example/", "annotation", [[0, 7]]),
        ("https://y.example/", "annotation", [[0, 7]]),
    ]


def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    with loopback() as service:
        service.will_answer(fixture("google_ai_mode", "blocks.json"))
        service.will_answer(fixture("google_ai_mode", "blocks.json"))
        assistant = GoogleAIMode({"api_key": "s3rp&key"}, base_url=service.url, client=CLIENT)
        answer = assistant.answer(Question("Which jeans & why?", country="GB", language="pt-BR"))
        *deltas, last = assistant.stream(Question("Which jeans?"))
    assert answer.as_json() == expected("google_ai_mode", "blocks.json")
    assert (deltas, last) == ([], answer)
    first, second = service.received
    assert (first.method, first.path, first.body) == ("GET", "/search.json", b"")
    assert first.parameters == {
        "engine": "google_ai_mode",
        "q": "Which jeans & why?",
        "gl": "uk",
        "hl": "pt-br",
        "no_cache": "true",
        "output": "json",
        "api_key": "s3rp&key",
    }
    assert {"gl", "hl"}.isdisjoint(second.parameters)


@pytest.mark.parametrize("where", ["redirect", "closed", "text"])
def test_the_key_in_the_address_is_in_no_message(where: str) -> None:
    key = "s3rpkey"
    with loopback() as service:
        assistant = GoogleAIMode({"api_key": key}, base_url=service.url, client=CLIENT)
        call = assistant.call(Question("?"))
        assert key in call.url
        assert key not in repr(call)
        if where == "redirect":
            location = call.url.replace("/search.json", "/elsewhere")
            service.will_answer(b"", status=302, Location=location)
        elif where == "text":
            service.will_answer(b"<p>Down</p>", "text/html", 502, Location=call.url)
        else:
            assistant = GoogleAIMode({"api_key": key}, base_url="http://127.0.0.1:1", client=CLIENT)
        bodies: list[object] = []
        ((_, result),) = assistant.answer_many([Question("?")], lambda index, body: bodies.append(body))
    assert isinstance(result, AssistantError)
    assert key not in f"{result} {result.as_json()} {result.__cause__!r} {bodies}"
