"""Page identities and registrable domains."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.pages import Identity, host_of, identify, registrable_domain

NOTHING = Identity(None, None)


@pytest.mark.parametrize(
    ("url", "page", "domain"),
    [
        ("https://www.a.com/x/?utm_source=openai#s", "a.com/x", "a.com"),
        ("HTTP://Me:Secret@WWW.www.Shop.co.uk.:443//a/./b/../c//?b=2&&a=1", "shop.co.uk//a/c?a=1&b=2", "shop.co.uk"),
        ("http://www.com", "www.com", "www.com"),
        ("http://www.localhost:80/", "www.localhost", "www.localhost"),
        ("http://a.com:8080/", "a.com:8080", "a.com"),
        ("http://a.com:0/", "a.com:0", "a.com"),
        ("http://%77ww.b%C3%BCcher%2Eexample/", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://bücher.example/Straße?q=ä", "xn--bcher-kva.example/Stra%C3%9Fe?q=%C3%A4", "xn--bcher-kva.example"),
        ("http://a.com/%7euser%2fx%3a?%61=%c3%a9", "a.com/~user%2Fx%3A?a=%C3%A9", "a.com"),
        ("http://a.com/?b=2&a=1&b=1&a=1", "a.com?a=1&a=1&b=1&b=2", "a.com"),
        (
            "http://a.com/?ref=x&source=y&id=1&GCLID=2&hsCtaTracking=3&_KX=4&pk_a=5",
            "a.com?id=1&ref=x&source=y",
            "a.com",
        ),
        ("http://a.com/?utm=1&xutm_a=2", "a.com?utm=1&xutm_a=2", "a.com"),
        ("\t https://a.com/x \r", "a.com/x", "a.com"),
        ("https://maps.a.com/search?q=San Francisco, CA,+US", "maps.a.com/search?q=San Francisco, CA,+US", "a.com"),
        ("http://alice.github.io/a", "alice.github.io/a", "alice.github.io"),
        ("http://[2001:DB8::1]:443/x", "[2001:db8::1]/x", None),
        ("http://192.168.0.1/x", "192.168.0.1/x", None),
        ("https://github.io/", "github.io", None),
        ("https://a.b.unlisted/", "a.b.unlisted", "b.unlisted"),
    ],
)
def test_says_what_a_url_counts_as(url: str, page: str, domain: str | None) -> None:
    assert identify(url) == Identity(page, domain)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.com/x",
        "//a.com",
        "mailto:me@a.com",
        "ftp://a.com",
        "http://",
        "http:///x",
        "http://a b.com",
        "http://a..com",
        "http://a%FF.com",
        "http://a%2Fb.com",
    ]
    + ["http://a.com:port/", "http://a.com:99999/", "http://[::1", "javascript:alert(1)", "see http://a.com"]
    + ["https://vertexaisearch.cloud.google.com/grounding-api-redirect/AbC"],
)
def test_knows_what_is_no_page(url: str) -> None:
    assert identify(url) == NOTHING


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.a.com/x/y?z=1", "a.com"),
        ("http://10.0.0.7:8080?q=1", "10.0.0.7:8080"),
        ("http://[::1]/x", "[::1]"),
        ("mailto:a@b.com", ""),
    ],
)
def test_a_page_says_its_host(url: str, host: str) -> None:
    assert host_of(identify(url).page or "") == host


@pytest.mark.recordings
def test_agrees_with_the_public_suffix_list(shared_data: Path) -> None:
    cases = re.findall(
        r"^checkPublicSuffix\(('.*?'), (null|'.*?')\);$",
        (shared_data / "data/urls/test_psl.txt").read_text(),
        re.M,
    )
    assert len(cases) == 77
    for host, wanted in cases:
        expected = None if wanted == "null" else wanted.strip("'").encode("idna").decode()
        assert registrable_domain(host.strip("'")) == expected, host


URL_TEXT = st.text(st.sampled_from("aZ09.-_~/?&=#%+: é漢\\@[]") | st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    st.sampled_from(["http://", "https://www.", "HTTPS://u@"]), st.sampled_from(["a.com", "Ä.de", "x.co.uk"]), URL_TEXT
)
def test_an_identity_is_its_own_identity(scheme: str, host: str, rest: str) -> None:
    # an escape that only decoding would make is left alone: each is decoded once
    rest = re.sub(r"%(?![0-9a-fA-F]{2})|%25", "", rest)
    identity = identify(f"{scheme}{host}/{rest}")
    assert identity.page is not None and "#" not in identity.page and identity.page.isascii()
    if "%" not in re.sub(r"%[0-9A-F]{2}", "", identity.page):
        assert identify("https://" + identity.page) == identity


@given(st.text())
def test_any_text_has_an_identity_or_none(text: str) -> None:
    assert (identify(text).page is None) <= (identify(text).domain is None)
    registrable_domain(text)


def test_the_command_answers_each_line_in_order() -> None:
    lines = "https://a.com/1\nno url\n\nhttps://a.com/\u2028x\r\n".encode() + b"http://b.com/\xff"
    done = subprocess.run([sys.executable, "-m", "inference", "urls"], input=lines, capture_output=True, check=True)
    rows = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    assert [row["page"] for row in rows] == ["a.com/1", None, None, "a.com/%E2%80%A8x", "b.com/%EF%BF%BD"]
    assert rows[0] == {"url": "https://a.com/1", "page": "a.com/1", "domain": "a.com"}


def test_the_command_is_light() -> None:
    code = "import sys, inference.__main__, inference.pages; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not any(f"'{heavy}'" in loaded for heavy in ("torch", "numpy", "django", "markdown_it", "idna"))
