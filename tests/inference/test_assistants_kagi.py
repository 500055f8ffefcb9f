"""Kagi's FastGPT: how its answers are read, and how it is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference.answer import Answer, AssistantError, Question, RawBody
from inference.assistants.kagi import Kagi
from inference.http import Client
from tests.inference.loopback import expected, fixture, fixture_names, loopback, reading


@pytest.mark.parametrize("name", fixture_names("kagi"))
def test_a_fixture_is_read_as_written_beside_it(name: str) -> None:
    assert reading(Kagi, fixture("kagi", name)) == expected("kagi", name)


@pytest.mark.recordings
def test_the_recorded_answer_cites_what_its_markers_point_at(shared_data: Path) -> None:
    body = (shared_data / "wire/kagi/01-fastgpt-readme.json").read_bytes()
    answer = Kagi.__new__(Kagi).parse(RawBody(body))
    assert [(c.via, answer.text[slice(*c.spans[0])]) for c in answer.citations] == [
        ("marker", f"[{number}]") for number in range(1, 6)
    ]
    assert [source.url for source in answer.retrieved or ()] == [
        row["url"] for row in json.loads(body)["data"]["references"]
    ]
    assert (answer.model, answer.usage.input_tokens, answer.searches) == (None, None, ())


def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    with loopback() as service:
        service.will_answer(fixture("kagi", "markers.json"))
        service.will_answer(fixture("kagi", "markers.json"))
        kagi = Kagi(
            {"api_key": "k-secret"}, base_url=service.url, client=Client(allowed_hosts=frozenset({"127.0.0.1"}))
        )
        answer = kagi.answer(Question("Which floor is warm?", country="DE", language="de"))
        *deltas, last = kagi.stream(Question("Which floor is warm?"))
    assert answer.as_json() == expected("kagi", "markers.json")
    assert (deltas, last) == ([], answer)
    first = service.received[0]
    assert (first.method, first.path, first.headers["authorization"]) == ("POST", "/fastgpt", "Bot k-secret")
    assert first.json == {"query": "Which floor is warm?", "cache": False}


def test_an_account_without_credit_is_an_error_for_good() -> None:
    with loopback() as service:
        service.will_answer(fixture("kagi", "error.json"), status=402)
        kagi = Kagi({"api_key": "k"}, base_url=service.url, client=Client(allowed_hosts=frozenset({"127.0.0.1"})))
        with pytest.raises(AssistantError) as caught:
            kagi.answer(Question("?"))
    assert (caught.value.kind, caught.value.permanent) == ("quota", True)


@pytest.mark.parametrize("references", ["none", {"1": "x"}, [None, 3, "https://a.example/"], []])
def test_references_of_another_form_are_no_sources(references: object) -> None:
    body = json.dumps({"data": {"output": "Yes [1].", "references": references}}).encode()
    answer: Answer = Kagi.__new__(Kagi).parse(RawBody(body))
    assert (answer.citations, answer.retrieved) == ((), ())
