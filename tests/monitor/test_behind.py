"""Every figure opens the answers behind it: the list has exactly as many as the figure says."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from monitor.models import Mention, MentionRole, Response, Role, Sentiment
from monitor.queries import filters, sentiment
from monitor.services import rollups
from tests.factories import make_member
from tests.factories_history import History, make_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def history() -> History:
    history = make_history(days=8, prompts=5, assistants=("local", "perplexity"))
    _say(history)
    return history


def _say(history: History) -> None:
    """Half of the brands are named once more in an answer; of all mentions most are judged, and all but a few told."""
    workspace, rng = history.workspace, random.Random(7)
    once = list(Mention.objects.for_workspace(workspace).order_by("pk"))
    Mention.objects.bulk_create(
        Mention(
            workspace=workspace, extraction=row.extraction, response_id=row.response_id, brand_id=row.brand_id,
            start=500 + row.start, end=500 + row.end, text=row.text, rank=row.rank,
        )
        for row in once[::2]
    )  # fmt: skip
    for row in Mention.objects.for_workspace(workspace).order_by("pk"):
        row.sentiment = rng.choice([*Sentiment.values, None])
        row.role = rng.choice([*MentionRole.values, None])
        row.place = rng.choice([None, 1, 2, 3, 4, 9])
        row.save()
    rollups.rebuild(workspace=workspace)


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
        ("brands", {}, 50),
        ("brands", {"tag": "pens"}, 30),
        ("brands", {"assistant": "perplexity"}, 30),
        ("brands", {"stratum": "local", "from": "2026-11-19", "to": "2026-11-19"}, 10),
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


@pytest.mark.parametrize("query", ["", "tag=pens", "assistant=local", "stratum=api", "from=2026-11-15&to=2026-11-17"])
def test_what_is_said_of_brands_is_counted_mention_by_mention(history: History, query: str) -> None:
    chosen = filters.read(history.workspace, QueryDict(query)).filter
    expected: dict[tuple[str, str, int], Counter[str]] = defaultdict(Counter)
    answers: dict[tuple[str, str, int], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in Mention.objects.for_workspace(history.workspace).select_related("response__run", "response__prompt"):
        response = row.response
        prompt_tags = response.prompt.tags if response.prompt else []
        if (
            response.run.day in chosen.period
            and response.status == "answered"
            and (not chosen.assistants or response.assistant in chosen.assistants)
            and (not chosen.strata or response.stratum in chosen.strata)
            and (not chosen.tags or set(prompt_tags) & set(chosen.tags))
        ):
            key = response.assistant, response.stratum, row.brand_id
            for word in (row.sentiment or "waiting", row.role):
                if word:
                    expected[key][word] += 1
                    answers[key][word].add(response.pk)
    page = sentiment.of_brands(history.workspace, chosen)
    assert page.rows and len(page.rows) == len(expected)
    for shown in page.rows:
        key = shown.assistant, shown.stratum, shown.brand.pk
        assert told(shown.counts) == dict(expected[key])
        assert told(shown.answers) == {word: len(found) for word, found in answers[key].items()}
        assert sentiment.by_brand(history.workspace, chosen)[key] == shown.counts


def told(counts: sentiment.SentimentCounts) -> dict[str, int]:
    felt = {name: getattr(counts, name) for name in ("recommended", "neutral", "negative", "waiting")}
    roles = {name: getattr(counts.roles, name) for name in ("compared", "listed", "named")}
    return {word: count for word, count in (felt | roles).items() if count}


def test_brands_shows_the_brands_that_the_filter_asks_for(viewer: Client, history: History) -> None:
    url, wanted = reverse("brands", args=[history.workspace.slug]), history.brands[1]
    part = viewer.get(url, {"brand": wanted.pk, "assistant": "local"}, headers={"HX-Request": "true"})
    assert [(row.brand.pk, row.assistant) for row in part.context["sentiment"].rows] == [(wanted.pk, "local")]
    assert "<h1" not in part.content.decode()
    nothing = viewer.get(url, {"from": "2025-01-01", "to": "2025-01-02"}).content.decode()
    assert "No answer named a brand in this period under this filter." in nothing and wanted.name in nothing


@pytest.mark.parametrize("feeling", ["recommended", "neutral", "negative", "waiting"])
@pytest.mark.parametrize("role", ["", "compared"])
def test_answers_are_found_by_what_one_mention_of_a_brand_says(
    viewer: Client, history: History, feeling: str, role: str
) -> None:
    """Chosen in the filters of the list; without a brand it is about one's own."""
    own, other = history.brands[:2]
    url = reverse("answers", args=[history.workspace.slug])
    for brand, query in ((own, {}), (other, {"brand": other.pk})):
        rows = Mention.objects.for_workspace(history.workspace).filter(brand=brand, response__status="answered")
        rows = rows.filter(sentiment=None if feeling == "waiting" else feeling)
        rows = rows.filter(role=role) if role else rows
        expected = set(rows.values_list("response", flat=True))
        page = viewer.get(url, {**query, "sentiment": feeling, "role": role})
        found = page.context["found"]
        assert expected and found.page.paginator.count == len(expected)
        assert {row.response.pk for row in found.rows} <= expected
        whom = brand.name if query else "you"
        assert any(whom in chip.label for chip in found.chips)
        form = BeautifulSoup(page.content, "html.parser").select_one("select[name=sentiment]")
        assert form and form.select_one(f"option[value={feeling}][selected]")
    every = viewer.get(url, {"sentiment": "glad", "role": "hero"}).context["found"].page.paginator.count
    assert every == Response.objects.for_workspace(history.workspace).count()
