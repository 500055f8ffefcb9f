"""What a panel can tell before it runs: by how much answers usually vary, or by how much these varied."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from monitor import planning
from monitor.models import Role, Workspace
from monitor.queries import panels as queries
from tests.factories import make_member, make_suite
from tests.factories_history import History, make_history

pytestmark = pytest.mark.django_db

USUAL, SEEN = "as answers usually vary", "as the answers to these prompts varied so far"


@pytest.fixture
def history() -> History:
    return make_history(days=6, prompts=14, repeats=3, assistants=("local", "openai"))


def within(history: History, *names: str, tags: tuple[str, ...] = ()) -> float | None:
    asked = [{"assistant": name} for name in names]
    return queries.within(history.workspace, history.panel.suite_id, tags, asked)


def test_a_measured_panel_is_reckoned_by_its_own_answers(client: Client, history: History) -> None:
    client.force_login(make_member(history.workspace, Role.EDITOR))
    page = client.get(reverse("panel", args=[history.workspace.slug, history.panel.pk])).content.decode()
    assert SEEN in page and USUAL not in page
    size = queries.panel_row(history.panel).size
    assert size.within == within(history, "local") and size.within is not None
    assert size.detects == planning.smallest_change(14, size.repeats, within=size.within)


def test_of_several_assistants_the_one_that_varies_most_counts(history: History) -> None:
    one, other = within(history, "local"), within(history, "openai")
    assert one is not None and other is not None
    assert within(history, "local", "openai") == max(one, other)


def test_what_was_not_measured_is_reckoned_as_usual(client: Client, history: History) -> None:
    assert within(history, "local", "gemini") is None and within(history) is None
    assert within(history, "local", tags=("pens",)) is None  # five prompts
    assert (
        queries.within(history.workspace, make_suite(history.workspace, prompts=12).pk, (), [{"assistant": "local"}])
        is None
    )
    client.force_login(make_member(history.workspace, Role.EDITOR))
    typed = {"suite": history.panel.suite_id, "assistants": ["local"], "repeats": "3", "time_zone": "UTC"}
    preview = reverse("schedule_preview", args=[history.workspace.slug])
    part = {"HX-Request": "true"}
    assert SEEN in client.get(preview, typed, headers=part).content.decode()
    assert USUAL in client.get(preview, typed | {"assistants": ["gemini"]}, headers=part).content.decode()


def test_a_workspace_without_answers_says_as_usual(history: History) -> None:
    fresh = Workspace.objects.create(name="Fresh", slug="fresh")
    assert queries.within(fresh, make_suite(fresh, prompts=12).pk, (), [{"assistant": "local"}]) is None
