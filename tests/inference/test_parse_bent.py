"""Bodies that were cut, bent or made up: each is an answer that holds together or an AssistantError, nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.answer import AssistantError, RawBody
from inference.assistants import every
from tests.inference.loopback import FIXTURES
from tests.inference.test_parse_recordings import NAMES, WIRE, check_citations

ASSISTANTS = sorted(every())
LARGEST = 60_000
BODIES = [
    (folder.name, path)
    for folder in sorted(FIXTURES.iterdir())
    for path in sorted(folder.glob("*.*"))
    if path.suffix in {".json", ".sse"} and not path.name.endswith(".expected.json")
] + [
    (name.partition("/")[0], WIRE / name)
    for name in NAMES
    if name.partition("/")[0] in ASSISTANTS and (WIRE / name).stat().st_size < LARGEST
]

JUNK: list[Any] = [
    None, True, False, -1, 0, 2**63, 10**400, 1.5, float("nan"), float("inf"), -float("inf"), "", " ", "word", "\ud800",
    "https://a.example/", "https://[", "http://", "[1]", "<think>", "```", [], {}, [None], [[]], [{}], [[[]]],
    {"a": {}}, {"type": []}, {"type": {}}, {"index": []}, {"error": [1]}, {"url_citation": 3}, "9" * 5000,
]  # fmt: skip
KEYS = """
choices message delta content role refusal annotations finish_reason index usage prompt_tokens output type text
status response model error code url url_citation start_index end_index title action queries sources phase citations
search_results executed_tools arguments x_groq candidates parts groundingMetadata groundingChunks groundingSupports
segment steps outputs citationsContent message_start content_block output_tokens results data references id detail
retryDelay details metadata headers
""".split()  # noqa: SIM905
VALUES = st.recursive(
    st.sampled_from(JUNK) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=30,
)


def holds_together(assistant: str, body: RawBody) -> None:
    """The one thing that is asked of any body whatever."""
    kind = every()[assistant]
    try:
        answer = kind.__new__(kind).parse(body)
    except AssistantError as error:
        json.dumps(error.as_json(), allow_nan=False)
        assert error.message
        assert error.retry_after is None or error.retry_after >= 0
        return
    json.dumps(answer.as_json(), allow_nan=False)
    check_citations(answer)


def bent(value: Any, data: st.DataObject) -> Any:
    """The document with one value dropped, doubled or replaced somewhere inside."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        key = data.draw(st.sampled_from(sorted(value)))
        if not data.draw(st.integers(0, 9)):
            return {name: inner for name, inner in value.items() if name != key}
        return {**value, key: bent(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(value) - 1))
        if not data.draw(st.integers(0, 9)):
            return value[:at] + [value[at], value[at]] + value[at + 1 :]
        return [*value[:at], bent(value[at], data), *value[at + 1 :]]
    return data.draw(VALUES)


def bent_body(content: bytes, data: st.DataObject) -> bytes:
    """A JSON body, or one event of a stream, bent."""
    try:
        return json.dumps(bent(json.loads(content), data)).encode()
    except ValueError:
        pass
    lines = content.split(b"\n")
    # an event whose data runs over several lines is left as it is
    places = [at for at, line in enumerate(lines) if line.startswith(b"data: {") and line.rstrip().endswith(b"}")]
    if places:
        at = data.draw(st.sampled_from(places))
        lines[at] = b"data: " + json.dumps(bent(json.loads(lines[at][6:]), data)).encode()
    return b"\n".join(lines)


@pytest.mark.parametrize("assistant", ASSISTANTS)
@given(data=st.data())
def test_a_bent_body_is_read_or_refused(assistant: str, data: st.DataObject) -> None:
    known = [path for name, path in BODIES if name == assistant]
    content = data.draw(st.sampled_from(known)).read_bytes() if known else b"{}"
    for _ in range(data.draw(st.integers(1, 3))):
        content = bent_body(content, data)
    holds_together(assistant, RawBody(content, data.draw(st.sampled_from([200, 200, 200, 429, 500]))))


@pytest.mark.parametrize("assistant", ASSISTANTS)
@given(data=st.data())
def test_a_body_cut_anywhere_is_read_or_refused(assistant: str, data: st.DataObject) -> None:
    known = [path for name, path in BODIES if name == assistant]
    content = data.draw(st.sampled_from(known)).read_bytes() if known else b"{}"
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    holds_together(assistant, RawBody(content[:start]))
    holds_together(assistant, RawBody(content[:start] + data.draw(st.binary(max_size=20)) + content[end:]))


@given(assistant=st.sampled_from(ASSISTANTS), document=VALUES, stream=st.booleans(), name=st.sampled_from(KEYS))
def test_a_made_up_body_is_read_or_refused(assistant: str, document: Any, stream: bool, name: str) -> None:
    content = json.dumps(document)
    holds_together(assistant, RawBody(f"event: {name}\ndata: {content}\n\n".encode() if stream else content.encode()))


@given(
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "retry-after-ms", "Date", "x-ratelimit-reset", "X-RateLimit-Reset-Tokens"]),
        st.text(max_size=20)
        | st.from_regex(r"-?\d{0,400}(\.\d*)?[dhms]{0,2}", fullmatch=True)
        | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        | st.sampled_from(["nan", "inf", "1e999", "Mon, 99 Foo 99999 99:99:99 +9999", "0001-01-01T00:00:00+23:59"]),
    ),
    delay=st.text(max_size=10) | st.from_regex(r"\d{1,400}(\.\d*)?s", fullmatch=True),
)
def test_no_wait_is_ever_anything_but_a_number(headers: dict[str, str], delay: str) -> None:
    content = json.dumps({"error": {"code": 429, "message": "Wait.", "details": [{"retryDelay": delay}]}}).encode()
    holds_together("gemini", RawBody(content, 429, headers))


@pytest.mark.parametrize("assistant", ASSISTANTS)
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"error":', '{"choices":[{"message":', '{"output":[', "data: ["])
def test_no_depth_is_too_much(assistant: str, opening: str) -> None:
    for depth in (500, 950, 5000):
        closing = {"[": "]", "{": "}"}
        closed = opening + "[" * depth + "]" * depth + "".join(closing.get(c, "") for c in reversed(opening))
        holds_together(assistant, RawBody(closed.encode()))
        holds_together(assistant, RawBody((opening * min(depth, 5000)).encode()))


def test_there_are_bodies_to_bend(shared_data: Path) -> None:
    assert len(BODIES) > 100
