"""Where a provider's redirect leads: read off the redirect, never visited, and nowhere that is not public."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inference.answer import AssistantError
from inference.http import Client
from tests.redirects import Redirector, redirect, redirecting


@pytest.fixture
def redirector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Redirector]:
    with redirecting(monkeypatch) as made:
        yield made


def failure(name: str) -> AssistantError:
    with pytest.raises(AssistantError) as caught:
        Client().where(redirect(name))
    return caught.value


def test_the_page_is_read_off_the_redirect_and_not_visited(redirector: Redirector) -> None:
    redirector.lead(a="https://www.fern.example/guide?id=1#top")
    assert Client().where(redirect("a")) == "https://www.fern.example/guide?id=1#top"
    assert (redirector.asked, redirector.strays) == (["a"], [])


def test_only_a_providers_own_redirects_are_gone_through(redirector: Redirector) -> None:
    redirector.lead(a=redirect("b"), b="/grounding-api-redirect/c", c="https://t.example/short")
    assert Client().where(redirect("a")) == "https://t.example/short"
    assert (redirector.asked, redirector.strays) == (["a", "b", "c"], [])


def test_a_circle_ends(redirector: Redirector) -> None:
    redirector.lead(a=redirect("b"), b=redirect("a"))
    error = failure("a")
    assert (error.kind, error.permanent) == ("malformed", False)
    assert redirector.asked == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:8000/admin",
        "http://10.0.0.7/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://127.1/",
        "http://0x7f.0x1/",
        "http://localhost/",
        "http://router.local/",
        "http://intranet/wiki",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[",
        "https:///nothing",
    ],
)
def test_a_place_that_is_not_public_is_no_page_and_nothing_connects_to_it(place: str, redirector: Redirector) -> None:
    redirector.lead(a=place)
    error = failure("a")
    assert (error.kind, error.permanent) == ("invalid_request", True)
    assert (redirector.asked, redirector.strays) == (["a"], [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "invalid_request"), (410, "invalid_request"), (429, "rate_limited"), (500, "server"), (403, "server")],
)
def test_a_redirect_that_is_gone_is_told_from_one_that_is_not_there_now(
    status: int, kind: str, redirector: Redirector
) -> None:
    redirector.lead(a=status)
    assert failure("a").kind == kind


def test_a_page_instead_of_a_redirect_says_nothing(redirector: Redirector) -> None:
    assert failure("unknown").kind == "server"


def test_the_providers_own_name_is_guarded_too(redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/")
    redirector.address = "10.0.0.7"
    error = failure("a")
    assert (error.kind, error.permanent) == ("unreachable", False)
    assert "not on the public internet" in error.message
    assert (redirector.asked, redirector.strays) == ([], [])


def test_a_place_in_other_letters_is_read_as_utf_8(redirector: Redirector) -> None:
    redirector.lead(a="https://fern.example/größe".encode().decode("latin-1"))
    assert Client().where(redirect("a")) == "https://fern.example/größe"
