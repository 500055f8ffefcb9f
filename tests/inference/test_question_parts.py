"""Forms ask for what a service takes: each assistant says so in its class, and its calls keep to what it says."""

from __future__ import annotations

from typing import Any

import pytest

from inference.answer import Question
from inference.assistants import every
from inference.http import Call
from inference.service import Service

SERVICES = {name: kind for name, kind in every().items() if issubclass(kind, Service)}
#: Parts of a question, and the attribute that says whether a service takes it.
PARTS: dict[str, dict[str, Any]] = {
    "takes_model": {"model": "a-model-of-ones-own"},
    "takes_country": {"country": "DE"},
    "takes_language": {"language": "de"},
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
