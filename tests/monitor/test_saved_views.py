"""Saved views: a filtered page under a name, for everybody in the workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Role, SavedView, Workspace
from monitor.services import saved_views as service
from monitor.services.errors import Problem
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, make_history

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_history(days=20, prompts=3).workspace


def client_of(workspace: Workspace, role: Role) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role), backend="django.contrib.auth.backends.ModelBackend")
    return client


def save(client: Client, workspace: Workspace, name: str, page: str, query: str, **fields: Any) -> Any:
    posted = {"name": name, "page": page, "query": query, **fields}
    return client.post(reverse("view_save", args=[workspace.slug]), posted, follow=True)


def kept(workspace: Workspace) -> dict[str, str]:
    views = SavedView.objects.for_workspace(workspace).filter(removed_at=None)
    return {view.name: f"{view.page}?{view.query}" for view in views}


def test_a_view_leads_back_to_the_page_with_its_filters(workspace: Workspace) -> None:
    editor = client_of(workspace, Role.EDITOR)
    page = save(
        editor, workspace, "  Pens,  by the month ", "overview", "tag=pens&compare=month&brand=&page=3&pages_leaf=2"
    )
    assert "saved as “Pens, by the month”" in page.content.decode()
    assert page.request["QUERY_STRING"] == "tag=pens&compare=month"
    for client in (editor, client_of(workspace, Role.VIEWER)):
        shown = client.get(reverse("sources", args=[workspace.slug]))
        (view,) = shown.context["frame"].saved_views
        assert f'<a href="{view.href}">Pens, by the month</a>'.replace("&", "&amp;") in shown.content.decode()
        bar = client.get(view.href).context["bar"]
        assert bar.filter.tags == ("pens",) and bar.filter.compare == "month"


def test_dates_move_on_unless_they_are_kept(workspace: Workspace) -> None:
    editor, start = client_of(workspace, Role.EDITOR), (LAST_DAY - timedelta(days=3)).isoformat()
    save(editor, workspace, "Latest", "sources", f"from={start}&to={LAST_DAY}&tag=pens")
    save(editor, workspace, "November", "sources", f"from={start}&to={LAST_DAY}&tag=pens", keep_dates="yes")
    assert kept(workspace) == {
        "Latest": "sources?tag=pens",
        "November": f"sources?from={start}&to={LAST_DAY}&tag=pens",
    }


def test_saved_twice_it_is_one_and_the_later_counts(workspace: Workspace) -> None:
    editor = client_of(workspace, Role.EDITOR)
    for query in ("tag=pens", "tag=pens", "compare=year"):
        save(editor, workspace, "Mine", "suites", query)
    assert kept(workspace) == {"Mine": "suites?compare=year"}


def test_a_removed_view_can_be_put_back_unless_its_name_is_taken(workspace: Workspace) -> None:
    editor = client_of(workspace, Role.EDITOR)
    save(editor, workspace, "Mine", "suites", "tag=pens")
    view = SavedView.objects.for_workspace(workspace).get()
    for _ in range(2):
        editor.post(reverse("view_remove", args=[workspace.slug, view.pk]))
        assert kept(workspace) == {}
    for _ in range(2):
        editor.post(reverse("view_restore", args=[workspace.slug, view.pk]))
        assert kept(workspace) == {"Mine": "suites?tag=pens"}
    editor.post(reverse("view_remove", args=[workspace.slug, view.pk]))
    save(editor, workspace, "Mine", "suites", "compare=year")
    page = editor.post(reverse("view_restore", args=[workspace.slug, view.pk]), follow=True)
    assert "There is another view “Mine” now" in page.content.decode()
    assert kept(workspace) == {"Mine": "suites?compare=year"}


@pytest.mark.parametrize(
    ("name", "page", "query", "says"),
    [
        (" \x00 ", "overview", "", "Give the view a name first."),
        ("x" * 61, "overview", "", "60 characters at most"),
        ("Mine", "settings", "", "cannot be saved as a view"),
        ("Mine", "overview", "tag=" + "x" * 2001, "too many filters"),
        ("Mine", "overview", "&".join(f"tag={number}" for number in range(700)), "too many filters"),
    ],
)
def test_what_cannot_be_saved_is_said(workspace: Workspace, name: str, page: str, query: str, says: str) -> None:
    answer = save(client_of(workspace, Role.EDITOR), workspace, name, page, query)
    assert says in answer.content.decode() and kept(workspace) == {}


def test_there_is_room_for_a_hundred(workspace: Workspace) -> None:
    for number in range(service.MOST_VIEWS):
        service.save(workspace=workspace, name=f"View {number}", page="overview", query="", keep_dates=False)
    service.save(workspace=workspace, name="View 7", page="sources", query="", keep_dates=False)
    with pytest.raises(Problem, match="Remove one first"):
        service.save(workspace=workspace, name="One more", page="overview", query="", keep_dates=False)


@given(query=st.text(max_size=300))
def test_any_query_can_be_saved_and_opened(query: str) -> None:
    once = service.clean_query(query)
    assert service.clean_query(once) == once and "\x00" not in once


def test_views_of_another_workspace_are_not_found(workspace: Workspace) -> None:
    other = make_workspace()
    view = service.save(workspace=other, name="Theirs", page="overview", query="", keep_dates=False)
    editor = client_of(workspace, Role.EDITOR)
    assert editor.post(reverse("view_remove", args=[workspace.slug, view.pk])).status_code == 404
    assert kept(other) == {"Theirs": "overview?"}
