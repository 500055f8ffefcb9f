"""What a crawler reads of pages and sitemaps, whatever state they are in."""

from __future__ import annotations

import gzip

import pytest

from rag.duplicates import Duplicates, fingerprint
from rag.fetch import Scope, tidy
from rag.page_facts import read, read_sitemap

URL = "https://pens.example/shop/"
WORDS = "Ein Füller für Linkshänder trocknet schnell. " * 3


def test_the_header_tells_the_charset_where_the_page_does_not() -> None:
    html = f"<title>Füller</title><p>{WORDS}".encode("cp1252")
    facts = read(html, URL, "windows-1252", {})
    assert facts.text.title == "Füller" and facts.html is not None
    assert read(facts.html, URL, "", {}).text == facts.text, "what is stored reads the same without the header"
    same = read(f"<title>Füller</title><p>{WORDS}".encode(), URL, "windows-1252", {})
    assert (same.text.title, same.html) == ("Füller", None), "what is UTF-8 is hardly ever anything else"


@pytest.mark.parametrize("charset", ["x-none", "punycode", "zip", "unicode_escape", "utf-7", "idna", "\0", "a" * 999])
def test_what_is_no_charset_is_told(charset: str) -> None:
    facts = read(f"<title>Pens</title><p>{WORDS}".encode(), URL, charset, {})
    assert facts.text.title == "Pens"
    assert "charset that does not exist" in facts.notes[0]


def test_links_are_whole_addresses_without_traps() -> None:
    html = (
        b"<base href='/b/'><a href='one#top'>1</a><a href='//pens.example/t&#252;r'>2</a><a rel=nofollow href=n>n</a>"
        b"<a href='mailto:a@b.c'>m</a><a href='http://u:p@pens.example/'>u</a><a href='x;jsessionid=1'>s</a>"
        b"<a href='/a/a/a/a/a'>t</a><a href='http://['>b</a><area href='three'><link rel=next href='/four'>"
    )
    assert read(html, URL, "", {}).links == (
        "https://pens.example/b/one",
        "https://pens.example/t%C3%BCr",
        "https://pens.example/b/three",
        "https://pens.example/four",
    )


def test_what_a_page_asks_of_robots() -> None:
    assert read(b"<meta name=robots content='noindex, nofollow'><a href=/a>a</a>", URL, "", {}).noindex
    assert read(b"<meta name=robots content=none><a href=/a>a</a>", URL, "", {}).links == ()
    assert read(b"<p>x", URL, "", {"x-robots-tag": "otherbot: noindex"}).noindex is False
    assert read(b"<p>x", URL, "", {"x-robots-tag": "citescope: noindex"}).noindex
    assert read(b"<p>x", URL, "", {"x-robots-tag": "otherbot: nofollow, noindex"}).noindex is False
    assert read(b"<p>x", URL, "", {"x-robots-tag": "noindex\notherbot: nofollow"}).noindex
    assert read(b"<p>x", URL, "", {"x-robots-tag": "max-snippet: 5, noindex"}).noindex
    assert read(b"<p>x", URL, "", {"link": '</own>; rel="canonical"'}).canonical == "https://pens.example/own"


SITEMAPS = (
    "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc> {} </loc></url><url><loc>{}</loc></url>",
    "<rss><channel><link>/home</link><item><link>{}</link></item><item><link>{}</link></item></channel></rss>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='{}'/></entry><entry><link href='{}'/></entry>",
)


@pytest.mark.parametrize(
    "body",
    [
        *(sitemap.format("/a", "/b?x&amp;y").encode() for sitemap in SITEMAPS),
        b"\xef\xbb\xbfhttps://pens.example/a\nnonsense\r\nhttps://pens.example/b?x&y",
    ],
    ids=["sitemap", "rss", "atom", "text"],
)
def test_sitemaps_of_every_kind(body: bytes) -> None:
    wanted = ("https://pens.example/a", "https://pens.example/b?x&y")
    assert read_sitemap(body, URL, 10).pages == wanted
    assert read_sitemap(gzip.compress(body), URL, 10).pages == wanted
    assert read_sitemap(body, URL, 1).pages == wanted[:1]


def test_an_index_of_sitemaps_and_what_is_none() -> None:
    index = b"<sitemapindex><sitemap><loc>/one.xml</loc></sitemap></sitemapindex>"
    assert read_sitemap(index, URL, 10).sitemaps == ("https://pens.example/one.xml",)
    for body in (gzip.compress(b"x" * 1000)[:-9], gzip.compress(b" " * 20_000_000)):
        with pytest.raises(ValueError, match="damaged|unfolds"):
            read_sitemap(body, URL, 10)


def test_a_site_is_a_host_and_those_below_it() -> None:
    scope = Scope.of("https://www.pens.example/shop")
    assert all(map(scope.has, ("http://pens.example/", "https://docs.pens.example:443/a", "https://PENS.example./")))
    outside = ("https://mypens.example/", "https://pens.example:8443/", "https://example/", "https://pens.example@a.b/")
    assert not any(map(scope.has, outside))
    assert tidy(URL, "https://füller.example/ä b?q=ü%20") == "https://xn--fller-kva.example/%C3%A4%20b?q=%C3%BC%20"


def test_pages_that_say_nearly_the_same_are_found() -> None:
    text = " ".join(f"pen {n} writes line {n * n} in ink {n % 7}" for n in range(100))
    other = " ".join(f"desk {n * 3} holds drawer {n} of wood {n % 5}" for n in range(100))
    one, near, far = (
        fingerprint(text),
        fingerprint(text.replace("pen 50 writes", "pen fifty draws")),
        fingerprint(other),
    )
    assert one is not None and near is not None and far is not None
    seen = Duplicates()
    for number in range(2000):  # it grows
        seen.add(f"filler {number}", far ^ (0xFFFF << number % 40))
    seen.add("one", one)
    assert seen.nearest(near, besides="near") == "one"
    assert seen.nearest(one, besides="one") is None
    assert fingerprint("too short to tell") is None
