"""The workspace's saved views, as links. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from monitor.models import SavedView, Workspace


@dataclass(frozen=True, slots=True)
class ViewLink:
    pk: int
    name: str
    page: str
    query: str
    href: str


def listed(workspace: Workspace) -> list[ViewLink]:
    """By name; those of one page lead there with their filters."""
    found = SavedView.objects.for_workspace(workspace).filter(removed_at=None)
    return [ViewLink(view.pk, view.name, view.page, view.query, _address(workspace, view)) for view in found]


def _address(workspace: Workspace, view: SavedView) -> str:
    return f"{reverse(view.page, args=[workspace.slug])}?{view.query}".rstrip("?")
