"""What the page frame shows everywhere: the visitor's workspaces, the pages of this one, and the current place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from monitor import environment
from monitor.models import Job, Workspace
from monitor.queries import alerts, brands, saved_views
from monitor.queries.saved_views import ViewLink
from monitor.views.access import last_workspace, memberships_of


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation. `name` is its URL's name; `folders` are the first path parts that belong to it."""

    name: str
    label: str
    icon: str
    folders: tuple[str, ...]


PLACES = (
    Place("overview", "Overview", "overview", ("", "overview", "cost")),
    Place("suites", "Prompts", "prompts", ("prompts", "suites")),
    Place("brands", "Brands", "brands", ("brands",)),
    Place("sources", "Sources", "sources", ("sources",)),
    Place("answers", "Answers", "answers", ("answers",)),
    Place("panels", "Panels & runs", "panels", ("panels", "runs")),
    Place("engine", "Local engine", "engine", ("engine", "jobs")),
    Place("reports", "Reports & alerts", "reports", ("reports", "alerts")),
    Place("settings", "Settings", "settings", ("settings",)),
)


class Frame:
    """What the side of a page needs; asked of the database only by pages that have a side."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._here: Workspace | None = getattr(request, "workspace", None)

    @cached_property
    def workspaces(self) -> list[Workspace]:
        """The visitor's, by name, the demo last."""
        known = getattr(self._request, "memberships", None)
        memberships = memberships_of(self._request.user.pk) if known is None else known
        return [membership.workspace for membership in memberships]

    @cached_property
    def workspace(self) -> Workspace | None:
        """Whose pages the navigation leads to. Outside any workspace: the one last used, else the demo, else one."""
        if self._here:
            return self._here
        slug = last_workspace(self._request)
        last = [workspace for workspace in self.workspaces if workspace.slug == slug]
        demo = [workspace for workspace in self.workspaces if workspace.is_demo]
        return next(iter(last or demo or self.workspaces), None)

    @cached_property
    def recompute(self) -> Job | None:
        """The job that reads this workspace's answers again, while there is one: its figures are about to change."""
        return brands.recompute_under_way(self._here) if self._here else None

    @cached_property
    def saved_views(self) -> list[ViewLink]:
        """The views of this workspace, in the menu of its filtered pages."""
        return saved_views.listed(self._here) if self._here else []

    @cached_property
    def unseen_alerts(self) -> int:
        """How many alerts of this workspace nobody has seen."""
        return alerts.unseen(self._here).count() if self._here else 0


_SECTION = {folder: place.name for place in PLACES for folder in place.folders}
THEMES = frozenset({"light", "dark"})


def _section(path: str) -> str:
    """The place that `/w/<slug>/<folder>/...` belongs to; "account" on the pages of one's own account."""
    parts = path.split("/")
    if parts[1:2] == ["accounts"]:
        return "account"
    return _SECTION.get(parts[3], "") if len(parts) > 3 and parts[1] == "w" else ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context for `base.html`; `workspace` and `role` are None outside a workspace."""
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "theme": theme if theme in THEMES else "",
        "places": PLACES,
        "sign_up_open": environment.get("SIGN_UP"),
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return context
    return context | {
        "frame": Frame(request),
        "workspace": getattr(request, "workspace", None),
        "role": getattr(request, "role", None),
        "section": _section(request.path),
    }
