"""Every recorded body, read: the worked examples in full, what must hold of all, and readings made by hand."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inference.answer import Answer, AssistantError, RawBody
from inference.assistants import every
from inference.pages import hides_its_page, identify
from tests.plugin import SHARED_DATA

pytestmark = pytest.mark.recordings

WIRE = SHARED_DATA / "wire"
NAMES = sorted(
    str(path.relative_to(WIRE))
    for path in WIRE.glob("*/*")
    if path.suffix in {".json", ".sse"} and not path.name.endswith(".headers.json") and path.parent.name != "pasted"
)
FINISHES = {"complete", "truncated", "refused", "blocked", "paused"}
EXAMPLES = {
    row["file"]: row for row in map(json.loads, (WIRE / "examples.jsonl").read_text().splitlines() if NAMES else [])
}


def body_of(name: str) -> RawBody:
    path = WIRE / name
    status, headers = path.with_suffix(".status"), path.with_suffix(".headers.json")
    return RawBody(
        path.read_bytes(),
        int(status.read_text()) if status.exists() else 200,
        json.loads(headers.read_text()) if headers.exists() else {},
    )


def parsed(name: str, body: RawBody | None = None) -> Answer:
    assistant = name.partition("/")[0]
    kind = every()[assistant]
    return kind.__new__(kind).parse(body or body_of(name))


def error_of(name: str, body: RawBody | None = None) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        parsed(name, body)
    return caught.value


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_worked_example_is_read_as_worked_out(name: str, shared_data: Path) -> None:
    expected = {key: value for key, value in EXAMPLES[name].items() if key not in {"file", "assistant"}}
    if "error" in expected:
        found = error_of(name).as_json()
        assert found.pop("message")
        assert found == expected["error"]
        return
    answer: dict[str, Any] = parsed(name).as_json()
    for citation in answer["citations"]:
        del citation["title"]
    for found in (answer, expected):
        if found["retrieved"] is not None:
            found["retrieved"] = sorted(source["url"] for source in found["retrieved"])
    assert answer == expected


def test_there_are_recordings_to_read(shared_data: Path) -> None:
    assert len(NAMES) >= 80
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("name", NAMES)
def test_what_holds_of_every_body(name: str, shared_data: Path) -> None:
    body = body_of(name)
    if body.status >= 400 or "error" in Path(name).name:
        error = error_of(name)
        assert error.message
        assert error.permanent == (error.kind in {"quota", "auth", "invalid_request", "blocked"})
        return
    answer = parsed(name)
    assert answer.raw == body.content
    assert answer.finish in FINISHES
    assert len(set(answer.searches)) == len(answer.searches)
    assert "" not in answer.searches
    assert all(
        value is None or (isinstance(value, int) and value >= 0)
        for value in (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.searches)
    )
    check_citations(answer)
    pages = [source.page or source.url for source in answer.retrieved or ()]
    assert len(set(pages)) == len(pages)


def check_citations(answer: Answer) -> None:
    """What holds of the citations of any answer of any body."""
    assert [c.spans[0][0] for c in answer.citations] == sorted(c.spans[0][0] for c in answer.citations)
    counted = [citation.page or citation.url for citation in answer.citations]
    assert len(set(counted)) == len(counted)
    for citation in answer.citations:
        identity = identify(citation.url)
        assert citation.page == identity.page
        assert hides_its_page(citation.url) or citation.domain == identity.domain
        assert citation.spans
        assert all(one < two for one, two in pairwise(citation.spans))
        for start, end in citation.spans:
            assert 0 <= start < end <= len(answer.text)
            shown = answer.text[start:end]
            if citation.via == "marker":
                assert shown[0] + shown[-1] == "[]"
                assert shown[1:-1].isdigit()
            if citation.via == "link":
                assert citation.url in shown or "][" in shown or not shown.endswith(")")


#: file: text length, beginning, [(via, spans)], retrieved, queries, (tokens in, out, searches, cost), finish, model
READ: dict[str, tuple[int, str, list[tuple[str, int]], int | None, int, tuple[Any, ...], str, str | None]] = {
    "openai/01-responses-gpt5.2-websearch.json": (
        138, "The latest stable Ruby", [("annotation", 1)], None, 2,
        (8614, 95, 1, None), "complete", "gpt-5.2-2025-12-11",
    ),
    "openai/02-responses-gpt5.2-followup-nocite.json": (
        2, "OK", [], None, 0, (4565, 5, 0, None), "complete", "gpt-5.2-2025-12-11",
    ),
    "openai/03-chatcompletions-4o-mini-search-preview.json": (
        676, "As of August 19, 2026", [("annotation", 1), ("annotation", 2)], None, 0,
        (13, 197, None, None), "complete", "gpt-4o-mini-search-preview-2025-03-11",
    ),
    "openai/04-responses-gpt4o-websearch.0.json": (
        2158, "Here’s the historical", [("annotation", 2)] * 3, None, 1,
        (16981, 461, 1, None), "complete", "gpt-4o-2024-08-06",
    ),
    "openai/05-responses-gpt4o-websearch-stream.0.sse": (
        1503, "Here is what I found", [("annotation", 1)] * 3, None, 1,
        (16890, 400, 1, None), "complete", "gpt-4o-2024-08-06",
    ),
    "openai/06-responses-websearch-stream.0.sse": (
        643, "Here is the release date", [("annotation", 1)] * 2, None, 1,
        (17508, 201, 1, None), "complete", "gpt-4.1-2025-04-14",
    ),
    "openai/09-responses-websearch.json": (
        1282, "As of February 25, 2026", [("annotation", 1), ("annotation", 2)], None, 1,
        (310, 290, 1, None), "complete", "gpt-4.1-2025-04-14",
    ),
    "openai/11-responses-websearch-nocite.1.json": (
        3, "May", [], None, 0, (393, 3, 0, None), "complete", "gpt-4.1-2025-04-14",
    ),
    "openai/13-responses-websearch-norm.json": (
        1351, "Here's the top news", [("annotation", 1)] * 4, 2, 24,
        (43902, 4474, 7, None), "complete", "gpt-5-2025-08-07",
    ),
    "openai/14-responses-websearch-noannot-norm.json": (
        156, "Today (Tuesday", [], None, 1, (9299, 577, 1, None), "complete", "gpt-5-2025-08-07",
    ),
    "openai/17-responses-raw-annotations-stream.0.sse": (
        162, "The tallest mountain", [("annotation", 1)], None, 3,
        (12243, 140, 2, None), "complete", "gpt-5.2-2025-12-11",
    ),
    "openai/18-responses-builtin-websearch-norm.json": (
        1173, "Here are three", [("annotation", 1)] * 3, None, 6,
        (115886, 1720, 6, None), "complete", "gpt-5-2025-08-07",
    ),
    "openai/82-incomplete-max-output-tokens-stream.sse": (
        0, "", [], None, 0, (13, 0, 0, None), "truncated", "gpt-5-mini-2025-08-07",
    ),
    "azure/30-chat-grok.json": (
        1, "4", [], None, 0, (7, 1, None, None), "complete", "grok-4-1-fast-non-reasoning",
    ),
    "xai/03-responses-websearch-vercel.json": (
        799, "xAI is an American", [], 5, 1, (1941, 583, 1, None), "complete", "grok-4-fast-reasoning",
    ),
    "xai/04-responses-websearch-vercel-stream.sse": (
        1228, "xAI is an American", [], 5, 1, (1875, 695, 1, None), "complete", "grok-4-fast-reasoning",
    ),
    "xai/30-responses-plain.json": (
        5, "**4**", [], None, 0, (199, 184, 0, 0.00057435), "complete", "grok-4.3",
    ),
    "deepseek/30-chat-reasoner.json": (
        722, "To see your future self", [], None, 0, (48, 5074, None, None), "complete", "deepseek-v4-flash",
    ),
    "openrouter/01-perplexity-sonar.json": (
        924, "**Ruby** is a high-level",
        [("marker", 3), ("marker", 5), ("marker", 4), ("marker", 2), ("marker", 2), ("marker", 1)], 10, 0,
        (7, 236, None, 0.00524), "complete", "perplexity/sonar",
    ),
    "openrouter/30-chat-stream.sse": (
        5, "1\n2\n3", [], None, 0, (15, 9, None, 6e-05), "complete", "anthropic/claude-4.5-haiku-20251001",
    ),
    "groq/01-compound-websearch-norm.json": (
        884, "The weather in San", [], 17, 1, (5296, 387, 1, None), "complete", "groq/compound",
    ),
    "groq/02-compound-websearch-stream.sse": (
        200, "The weather in San", [], 16, 1, (5003, 359, 1, None), "complete", "groq/compound",
    ),
    "groq/30-reasoning-vercel.json": (
        206, 'The word "strawberry"', [], None, 0, (17, 649, 0, None), "complete", "qwen/qwen3-32b",
    ),
    "perplexity/01-sonar.json": (
        758, "**Ruby** is a", [("marker", 3), ("marker", 4), ("marker", 2), ("marker", 1)], 6, 0,
        (8, 178, None, 0.00519), "complete", "sonar",
    ),
    "perplexity/04-sonar-multiturn.0.json": (
        209, "The creator of", [("marker", 2), ("marker", 2), ("marker", 1), ("marker", 1)], 8, 0,
        (11, 62, None, 0.00507), "complete", "sonar",
    ),
    "perplexity/08-sonar-reasoning-pro-think.json": (
        2040, "You ask the mirror", [], 5, 0, (45, 482, None, 0.00995), "complete", "sonar-reasoning-pro",
    ),
    "perplexity/09-sonar-json-schema.json": (
        12, '{"result":8}', [], 20, 0, (20, 5, None, 0.00503), "complete", "sonar",
    ),
    "perplexity/10-sonar-stream.sse": (
        5, "1 2 3", [], 8, 0, (8, 5, None, 0.00501), "complete", "sonar",
    ),
    "perplexity/12-sonar-textfile.0.json": (
        56, "The file contains", [], 7, 0, (26, 14, None, 0.00504), "complete", "sonar",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(READ))
def test_a_body_is_read_as_it_was_by_hand(name: str, shared_data: Path) -> None:
    length, beginning, citations, retrieved, searches, usage, finish, model = READ[name]
    answer = parsed(name)
    assert len(answer.text) == length
    assert answer.text.startswith(beginning)
    assert [(citation.via, len(citation.spans)) for citation in answer.citations] == citations
    assert (None if answer.retrieved is None else len(answer.retrieved)) == retrieved
    assert len(answer.searches) == searches
    found = answer.usage
    assert (found.input_tokens, found.output_tokens, found.searches, found.cost_usd) == usage
    assert (answer.finish, answer.model) == (finish, model)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("openai/90-error-401.json", "auth", "Incorrect API key provided: invalid-key."),
        ("openai/94-error-responses-http.json", "invalid_request", "Invalid 'temperature'"),
        ("azure/91-error-401.json", "auth", "Access denied due to invalid subscription key"),
        ("xai/90-error-400-bad-key.json", "auth", "Incorrect API key provided."),
        ("deepseek/90-error-401.json", "auth", "Authentication Fails"),
        ("openrouter/90-error-401.json", "auth", "Missing Authentication header"),
        ("openrouter/91-error-400.json", "invalid_request", "This endpoint's maximum context length"),
        ("groq/90-error-400-tool-use-failed.json", "invalid_request", "Tool call validation failed"),
        ("perplexity/90-error-401.json", "auth", "Invalid API key provided."),
        ("anthropic/90-error-401.json", "auth", "invalid x-api-key"),
        ("bedrock/90-error-403.json", "auth", "The security token included in the request is invalid."),
        ("cohere/90-error-401.json", "auth", "Incorrect API key provided"),
    ],
)
@pytest.mark.parametrize("with_status", [True, False])
def test_an_error_is_read_as_it_was_by_hand(
    name: str, kind: str, words: str, with_status: bool, shared_data: Path
) -> None:
    """With its HTTP status and without: what the body itself says leads to the same."""
    error = error_of(name, None if with_status else RawBody((WIRE / name).read_bytes()))
    assert (error.kind, error.retry_after) == (kind, None)
    assert words in error.message


def test_spans_of_ascii_normalised_bodies_are_the_provider_s_own(shared_data: Path) -> None:
    """Their offsets may be off by what the recorder replaced, yet they stay inside of the text."""
    for name in NAMES:
        if "-norm" in name and name.partition("/")[0] in every():
            check_citations(parsed(name))
