"""May a crawler fetch a page."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.robots import MAX_LINE, allowed, crawl_delay, sitemaps


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


@pytest.mark.parametrize(
    ("rules", "path", "may"),
    [
        ("disallow: /a", "/ab", False),
        ("disallow: a", "/a", True),
        ("disallow: /a$", "/a", False),
        ("disallow: /a$", "/ab", True),
        ("disallow: /a$b", "/a$b", False),
        ("disallow: /*.php$", "/x.php?y", True),
        ("disallow: *", "/x", False),
        ("disallow: /x\nallow: /x", "/x", True),
        ("disallow: /%7e", "/%7E", False),
        ("disallow: /\u30c4", "/%E3%83%84", False),
        ("disallow /a", "/a", False),
        ("disallow /a b", "/a", True),
        ("dissallow: /a", "/a", False),
        ("Disallow : /a # so", "/a", False),
        ("crawl-delay: 3\nuser-agent: other\ndisallow: /a", "/a", False),
        ("sitemap: /s\nuser-agent: other\ndisallow: /a", "/a", False),
        ("disallow: /b\n\n\ndisallow: /a", "/a", False),
        ("disallow: /b\nuser-agent: other\ndisallow: /a", "/a", True),
        ("disallow: /b\nuser-agent: other\ndisallow: /a\nuser-agent: OURBOT\ndisallow: /c", "/c", False),
        ("disallow: /\nallow: /index.html", "/", True),
        ("disallow: /" + "x" * MAX_LINE, "/" + "x" * MAX_LINE, False),
        ("disallow:", "/a", True),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_rules_as_they_are_written(rules: str, path: str, may: bool, end: str) -> None:
    body = f"user-agent: ourbot\n{rules}\n".replace("\n", end).encode()
    assert allowed(body, "OurBot", f"https://x.com{path}") is may
    assert allowed(body, "OurBotNews", f"https://x.com{path}"), "another product"


def test_the_pause_and_the_sitemaps_that_a_file_names() -> None:
    body = (
        b"Sitemap: https://x.com/a.xml\nUser-agent: *\nCrawl-delay: 2\nDisallow: /a\nSitemap: /b.xml\n"
        b"User-agent: ourbot\nDisallow:\nCrawl-delay: 0.5\nUser-agent: ally\nCrawl-delay: soon\nDisallow: /\n"
    )
    assert sitemaps(body) == ["https://x.com/a.xml", "/b.xml"]
    assert [crawl_delay(body, agent) for agent in ("Else", "OurBot/1.0", "Ally")] == [2.0, 0.5, None]


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=60))
def test_takes_anything(body: bytes, agent: str, url: str) -> None:
    allowed(b"User-agent: *\nDisallow: " + body, agent, url)


def test_many_wildcards_cost_little() -> None:
    body = b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"$"
    assert allowed(body, "OurBot", "https://x.com/" + "a" * 4000 + "b")
