"""Kinds of sources: what a domain's name says, what a workspace says instead, and what share each kind has."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Role, SourceType, Workspace
from monitor.queries import sources
from monitor.queries.filters import Filter, Period
from monitor.source_types import KINDS, kind_of
from tests.factories import make_member
from tests.factories_history import LAST_DAY, make_history

WEEK = Filter(Period(LAST_DAY, LAST_DAY))


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("reddit.com", "community"), ("inkforum.example", "community"), ("pen-community.org", "community"),
        ("wikipedia.org", "reference"), ("penwiki.net", "reference"), ("nasa.gov", "institutional"),
        ("ox.ac.uk", "institutional"), ("gouv.fr", "other"), ("justice.gouv.fr", "institutional"),
        ("who.int", "institutional"), ("amazon.co.uk", "commerce"), ("penshop.example", "commerce"),
        ("nytimes.com", "editorial"), ("inkreviews.net", "editorial"), ("pen-news.example", "editorial"),
        # words that only end like another
        ("workshop.com", "other"), ("bishop.com", "other"), ("restore.com", "other"), ("compost.com", "other"),
        ("government.example", "other"), ("education.com", "other"), ("stamp.com", "other"), ("acme.com", "other"),
    ],
)  # fmt: skip
def test_a_name_says_what_a_domain_is(domain: str, kind: str) -> None:
    assert kind_of(domain) == kind == kind_of(domain.upper())


@given(st.text())
def test_any_text_has_a_kind(text: str) -> None:
    assert kind_of(text) in KINDS


@pytest.mark.django_db
def test_shares_sum_to_one_and_follow_what_a_workspace_says(client: Client) -> None:
    history = make_history(days=1, prompts=10)
    workspace: Workspace = history.workspace
    client.force_login(make_member(workspace, Role.EDITOR))

    def shares() -> dict[str, float]:
        (part,) = sources.sources(workspace, WEEK).parts
        return {row.label: row.share or 0 for row in part.kinds}

    before = shares()
    assert sum(before.values()) == pytest.approx(1)
    assert {"Own", "Competitor", "Community"} <= set(before)
    url = reverse("source_type", args=[workspace.slug])
    answer = client.post(url, {"domain": "inkforum.example", "kind": "editorial"}, follow=True)
    page = answer.content.decode()
    assert "inkforum.example counts as editorial from now on" in page and "Kind of source: Editorial" in page
    after = shares()
    assert "Community" not in after
    assert after["Editorial"] == pytest.approx(before["Community"] + before.get("Editorial", 0))
    # what the name says anyway is not kept
    client.post(url, {"domain": "inkforum.example", "kind": "community"})
    assert shares() == before and not SourceType.objects.for_workspace(workspace).exists()


@pytest.mark.django_db
def test_nonsense_changes_nothing_and_brands_domains_are_not_asked_about(client: Client) -> None:
    history = make_history(days=1, prompts=10)
    client.force_login(make_member(history.workspace, Role.EDITOR))
    for data in ({"domain": "nothing", "kind": "editorial"}, {"domain": "a.example", "kind": "nonsense"}, {}):
        page = client.post(reverse("source_type", args=[history.workspace.slug]), data, follow=True).content.decode()
        assert "Nothing was changed" in page
    assert not SourceType.objects.for_workspace(history.workspace).exists()
    page = client.get(
        reverse("sources", args=[history.workspace.slug]), {"domain": "fernwood.example"}
    ).content.decode()
    assert "Kind of source: Own" in page and "Save kind" not in page
