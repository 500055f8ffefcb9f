"""May a crawler fetch a page."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.robots import allowed


@pytest.mark.recordings
def test_agrees_with_googles_specification(shared_data: Path) -> None:
    wrong = []
    for line in (shared_data / "data/robots/cases.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        if allowed(base64.b64decode(case["robotstxt_base64"]), case["agent"], case["url"]) != case["allowed"]:
            wrong.append(case)
    assert wrong == []


def test_the_longest_rule_of_the_own_group_wins() -> None:
    body = b"User-agent: *\nDisallow: /\n\nUser-agent: OurBot # us\nUser-agent: Ally\nAllow: /a\nDisallow: /a/*.pdf$\n"
    assert not allowed(body, "Else", "https://x.com/a")
    assert allowed(body, "ourbot/2.1", "https://x.com/a/b.pdf?x")
    assert not allowed(body, "Ally", "https://x.com/a/b.pdf")
    assert allowed(b"", "OurBot", "https://x.com/a")


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=60))
def test_takes_anything(body: bytes, agent: str, url: str) -> None:
    allowed(b"User-agent: *\nDisallow: " + body, agent, url)


def test_many_wildcards_cost_little() -> None:
    body = b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"$"
    assert allowed(body, "OurBot", "https://x.com/" + "a" * 4000 + "b")
