"""Every figure opens the answers behind it: the list has exactly as many as the figure says."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from monitor.models import Role
from tests.factories import make_member
from tests.factories_history import History, make_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def history() -> History:
    return make_history(days=8, prompts=5, assistants=("local", "perplexity"))


@pytest.fixture
def viewer(history: History) -> Client:
    client = Client()
    client.force_login(make_member(history.workspace, Role.VIEWER), backend="django.contrib.auth.backends.ModelBackend")
    return client


def figures(client: Client, url: str, **query: Any) -> list[tuple[int, str]]:
    """(count, address) of every count on a page that opens its answers."""
    page = BeautifulSoup(client.get(url, query).content, "html.parser")
    links = [(link.get_text(" ", strip=True), str(link["href"])) for link in page.select("a[href*='figure=']")]
    return [(int(text.replace(",", "")), href) for text, href in links if re.fullmatch(r"[\d,]+", text)]


@pytest.mark.parametrize(
    ("page", "query", "least"),
    [
        ("overview", {}, 20),
        ("overview", {"assistant": "local", "compare": "none"}, 10),
        ("sources", {}, 20),
        ("sources", {"domain": "reviews.example"}, 1),
        ("suites", {"measure": "named"}, 5),
        ("suites", {"measure": "cited"}, 5),
        ("suites", {"measure": "gap"}, 5),
    ],
)
def test_a_count_opens_as_many_answers(
    viewer: Client, history: History, page: str, query: dict[str, str], least: int
) -> None:
    found = figures(viewer, reverse(page, args=[history.workspace.slug]), **query)
    assert len(found) >= least
    some = random.Random(len(found)).sample(found, min(len(found), 12))
    for count, href in some:
        listed = viewer.get(href)
        assert listed.context["found"].page.paginator.count == count, href
