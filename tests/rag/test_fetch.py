"""Fetching for a crawl: a site's wish to be left alone holds for all its pages, and odd answers are no pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inference.http import Client
from rag.fetch import LONGEST_WAIT, Fetcher, NotFetched, Scope
from tests.website import Place, Website, page


@pytest.fixture
def site() -> Iterator[Website]:
    with Website({"/ok": page("Fine", "All is well here.")}) as website:
        yield website


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fetcher(site: Website, clock: Clock) -> Iterator[Fetcher]:
    client = Client(allowed_hosts=frozenset({site.host}))
    yield Fetcher(client, Scope.of(site.url), pause=0.0, sleep=clock.sleep, clock=lambda: clock.now)
    client.close()


@pytest.mark.parametrize(
    ("status", "told", "waits"),
    [(429, "60", 60), (503, "30", 30), (429, "86400", LONGEST_WAIT), (500, "60", 0), (503, "soon", 0)],
)
def test_a_wish_to_wait_holds_for_every_page(
    site: Website, fetcher: Fetcher, clock: Clock, status: int, told: str, waits: float
) -> None:
    site.places["/busy"] = Place(status=status, headers={"Retry-After": told})
    with pytest.raises(NotFetched, match=str(status)):
        fetcher.page(f"{site.url}busy")
    assert fetcher.page(f"{site.url}ok").status == 200
    assert sum(clock.slept) == waits


def test_a_site_asked_too_much_is_left_alone_ever_longer(site: Website, fetcher: Fetcher, clock: Clock) -> None:
    site.places["/busy"] = Place(status=429)
    for _ in range(6):
        with pytest.raises(NotFetched, match="429"):
            fetcher.page(f"{site.url}busy")
    assert clock.slept == [5, 10, 20, 40, 80]
    fetcher.page(f"{site.url}ok")
    assert clock.slept[5:] == [LONGEST_WAIT]
    with pytest.raises(NotFetched, match="429"):
        fetcher.page(f"{site.url}busy")
    fetcher.page(f"{site.url}ok")
    assert clock.slept[6:] == [5]


def test_robots_that_ask_for_a_wait_are_asked_again_after_it(site: Website, fetcher: Fetcher, clock: Clock) -> None:
    site.places["/robots.txt"] = Place(status=429, headers={"Retry-After": "60"})
    with pytest.raises(NotFetched, match="robots.txt could not be had"):
        fetcher.page(f"{site.url}ok")
    site.places["/robots.txt"] = Place(b"User-agent: *\nDisallow: /private")
    assert fetcher.page(f"{site.url}ok").status == 200
    assert clock.slept == [60]
    with pytest.raises(NotFetched, match="does not allow it"):
        fetcher.page(f"{site.url}private")


def test_nothing_changed_is_no_page_where_nobody_asked(site: Website, fetcher: Fetcher) -> None:
    site.places["/odd"] = Place(status=304)
    with pytest.raises(NotFetched, match="304"):
        fetcher.page(f"{site.url}odd")
    assert fetcher.page(f"{site.url}odd", etag='"x"').unchanged


def test_what_each_header_says_to_robots_is_kept_apart(site: Website, fetcher: Fetcher) -> None:
    site.places["/two"] = lambda request: [
        request.send_response(200),
        request.send_header("X-Robots-Tag", "noindex"),
        request.send_header("X-Robots-Tag", "googlebot: nofollow"),
        request.send_header("Content-Length", "0"),
        request.end_headers(),
    ]
    assert fetcher.page(f"{site.url}two").headers["x-robots-tag"] == "noindex\ngooglebot: nofollow"
