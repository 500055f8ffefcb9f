"""Fixtures with one field of another kind than expected: they are read or malformed, and never anything worse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.assistants import every
from tests.inference.loopback import FIXTURES, fixture, fixture_names, reading

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**70,
    1e300,
    "",
    "word",
    "https://a.example/",
    [],
    {},
    [None],
    [[]],
    [{}],
    ["a"],
    {"a": 1},
)
BODIES = [
    (folder.name, name)
    for folder in sorted(FIXTURES.iterdir())
    for name in fixture_names(folder.name)
    if name.endswith(".json")
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


def test_there_are_fixtures_to_bend() -> None:
    assert len(BODIES) > 20


@pytest.mark.parametrize(("assistant", "name"), BODIES)
@given(data=st.data())
def test_one_field_of_another_kind_is_no_crash(assistant: str, name: str, data: st.DataObject) -> None:
    document = json.loads(fixture(assistant, name))
    path = data.draw(st.sampled_from(places(document)))
    bent = replaced(document, path, data.draw(st.sampled_from(JUNK)))
    found = reading(every()[assistant], json.dumps(bent).encode())
    if "error" in found:
        assert found["error"]["message"]
    else:
        assert all(0 <= start < end <= len(found["text"]) for c in found["citations"] for start, end in c["spans"])


def widened(value: Any) -> Any:
    """The document with a field that nobody knows in every object."""
    if isinstance(value, dict):
        return {key: widened(item) for key, item in value.items()} | {"zz_new": "word"}
    return [widened(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("assistant", "name"), BODIES)
def test_fields_that_nobody_knows_yet_change_nothing(assistant: str, name: str) -> None:
    document = json.loads(fixture(assistant, name))
    read = every()[assistant]
    assert reading(read, json.dumps(widened(document)).encode()) == reading(read, json.dumps(document).encode())


@pytest.mark.parametrize("number", [-5, 2**31, 2**70])
def test_what_no_count_can_be_is_not_said(number: int) -> None:
    usage = {"prompt_tokens": number, "completion_tokens": 7}
    body = {"choices": [{"message": {"content": "Hello"}}], "usage": usage}
    found = reading(every()["openai"], json.dumps(body).encode())
    assert (found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (None, 7)
