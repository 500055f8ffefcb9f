"""Forms ask for what a service takes: each assistant says so in its class, and its calls keep to what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference.answer import Question, RawBody
from inference.assistants import every
from inference.http import Call
from inference.service import Service

SERVICES = {name: kind for name, kind in every().items() if issubclass(kind, Service)}
#: Parts of a question, and the attribute that says whether a service takes it.
PARTS: dict[str, dict[str, Any]] = {
    "takes_model": {"model": "a-model-of-ones-own"},
    "takes_country": {"country": "DE"},
    "takes_language": {"language": "de"},
    "takes_persona": {"persona": "I run a bakery in Leeds."},
    "takes_output_limit": {"options": {"max_output_tokens": 77}},
}


def call_of(kind: type[Service], **parts: Any) -> Call:
    """What a question with these parts becomes, with a key that no service would take."""
    key = {field.name: "x" for field in kind.key_fields if field.name not in {"service_account", "location"}}
    return kind(key, base_url="https://service.example").call(Question(text="Which kettle?", seed=1, **parts))


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("attribute", PARTS)
def test_a_part_of_the_question_reaches_the_service_where_its_class_says_so(name: str, attribute: str) -> None:
    kind = SERVICES[name]
    without, put = call_of(kind), call_of(kind, **PARTS[attribute])
    assert ((put.url, put.body) != (without.url, without.body)) is getattr(kind, attribute)


PERSONA = "I run a bakery in Leeds."
ABOUT = f"About the person who asks, in their own words: {PERSONA}"
SYSTEM = [{"role": "system", "content": ABOUT}, {"role": "user", "content": "Which kettle?"}]
PREFACE = [{"role": "user", "content": f"{PERSONA}\n\nWhich kettle?"}]
#: Where each service is told who asks: the fields of its body that a persona adds or changes.
TOLD: dict[tuple[str, str], dict[str, Any]] = {
    ("anthropic", ""): {"system": ABOUT},
    ("azure", ""): {"instructions": ABOUT},
    ("azure", "chat:mine"): {"messages": SYSTEM},
    ("bedrock", ""): {"system": [{"text": ABOUT}]},
    ("cohere", ""): {"messages": SYSTEM},
    ("deepseek", ""): {"instructions": ABOUT},
    ("gemini", ""): {"systemInstruction": {"parts": [{"text": ABOUT}]}},
    ("groq", ""): {"messages": SYSTEM},
    ("mistral", ""): {"instructions": ABOUT},
    ("openai", ""): {"instructions": ABOUT},
    ("openai", "gpt-4o-search-preview"): {"messages": SYSTEM},
    ("openai_compatible", ""): {"messages": PREFACE},
    ("openrouter", ""): {"messages": PREFACE},
    ("perplexity", ""): {"messages": PREFACE},
    ("qwen", ""): {"input": {"messages": SYSTEM}},
    ("xai", ""): {"input": SYSTEM},
}


def test_every_service_that_takes_a_persona_is_told_it_in_a_place_that_is_known() -> None:
    assert {name for name, _ in TOLD} == {name for name, kind in SERVICES.items() if kind.takes_persona}


@pytest.mark.parametrize(("name", "model"), TOLD)
def test_a_persona_stands_in_the_services_own_field_and_changes_nothing_else(name: str, model: str) -> None:
    kind, parts = SERVICES[name], {"model": model or None}
    without = json.loads(call_of(kind, **parts).body)
    told = json.loads(call_of(kind, **parts, persona=PERSONA).body)
    assert {field: value for field, value in told.items() if value != without.get(field)} == TOLD[name, model]
    assert without.keys() <= told.keys()
    assert json.loads(call_of(kind, **parts, persona="").body) == without


def test_a_turn_that_goes_on_is_still_told_who_asks() -> None:
    paused = b'{"content": [{"type": "text", "text": "Well,"}], "stop_reason": "pause_turn"}'
    claude = SERVICES["anthropic"]({"api_key": "x"}, base_url="https://service.example")
    call = claude.next_call(Question("Which kettle?", persona=PERSONA), [RawBody(paused)])
    assert call is not None
    assert json.loads(call.body)["system"] == ABOUT
