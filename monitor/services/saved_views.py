"""Giving a filtered page a name, and taking the name away again."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.utils import timezone

from monitor.models import SavedView, Workspace
from monitor.models.saved_views import PLACES
from monitor.services.errors import Problem

#: The pages that can be saved, by their URL's name.
PAGES = frozenset({"overview", "suites", "brands", "sources", "answers", "performance", "comparison", "reports"})
MOST_VIEWS = 100
_DATES = frozenset({"from", "to"})


@transaction.atomic
def save(*, workspace: Workspace, name: str, page: str, query: str, keep_dates: bool) -> SavedView:
    """Keep the view; one of the same name is replaced. Without its dates it moves on with the days.

    Problem where it has no name, or there are too many.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise Problem("Give the view a name first.")
    if len(name) > SavedView.MAX_NAME:
        raise Problem(f"A view's name has {SavedView.MAX_NAME} characters at most; this one has {len(name)}.")
    if page not in PAGES:
        raise Problem("This page cannot be saved as a view.")
    if len(query := clean_query(query, but=frozenset() if keep_dates else _DATES)) > SavedView.MAX_QUERY:
        raise Problem("This view has too many filters to be saved. Remove some, and save it again.")
    Workspace.objects.select_for_update().get(pk=workspace.pk)
    kept = SavedView.objects.for_workspace(workspace).filter(removed_at=None)
    if kept.exclude(name=name).count() >= MOST_VIEWS:
        raise Problem(f"There are {MOST_VIEWS} views already. Remove one first.")
    view, _ = kept.update_or_create(
        workspace=workspace, name=name, removed_at=None, defaults={"page": page, "query": query}
    )
    return view


def clean_query(query: str, *, but: frozenset[str] = frozenset()) -> str:
    """The filters of a query string `but` some, without empty ones and the place in a list."""
    asked = parse_qsl(query.replace("\x00", "").lstrip("?"))
    return urlencode([(name, value) for name, value in asked if name not in PLACES | but])


def remove(*, view: SavedView) -> None:
    SavedView.objects.for_workspace(view.workspace).filter(pk=view.pk, removed_at=None).update(
        removed_at=timezone.now()
    )


@transaction.atomic
def restore(*, view: SavedView) -> None:
    """Problem where another view has taken its name."""
    Workspace.objects.select_for_update().get(pk=view.workspace_id)
    views = SavedView.objects.for_workspace(view.workspace)
    if views.filter(name=view.name, removed_at=None).exclude(pk=view.pk).exists():
        raise Problem(f"There is another view “{view.name}” now. Remove it first.")
    views.filter(pk=view.pk).update(removed_at=None)
