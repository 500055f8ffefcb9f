"""Names on the command line to rows; what is unknown or ambiguous ends the command with exit code 2."""

from __future__ import annotations

from django.db.models import Q

from monitor.environment import refuse
from monitor.models import Panel, Workspace
from monitor.services import workspaces
from monitor.services.errors import Problem


def workspace_named(name: str) -> Workspace:
    """The one workspace with this slug or name."""
    try:
        found = workspaces.find(name=name)
    except Problem as problem:
        refuse(str(problem))
    if found is None:
        known = ", ".join(Workspace.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        refuse(f"No workspace is called {name!r}. There are: {known}.")
    return found


def panel_named(name: str, workspace: str | None) -> Panel:
    """The one panel of this name, in the workspace if one is given."""
    panels = Panel.objects.unscoped().select_related("workspace").filter(name__iexact=name, archived_at=None)
    if workspace is not None:
        panels = panels.filter(workspace=workspace_named(workspace))
    found = list(panels)
    if not found:
        choice = Panel.objects.unscoped().filter(Q(archived_at=None)).select_related("workspace")
        known = ", ".join(sorted(f"{p.name} ({p.workspace.slug})" for p in choice)) or "none yet"
        refuse(f"No panel is called {name!r}. There are: {known}.")
    if len(found) > 1:
        refuse(
            f"{len(found)} panels are called {name!r}; add --workspace with one of: "
            f"{', '.join(sorted(p.workspace.slug for p in found))}."
        )
    return found[0]
