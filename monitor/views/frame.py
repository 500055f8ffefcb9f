"""What the page frame shows everywhere: the visitor's workspaces and the current place."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from monitor.models import Workspace


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context for `base.html`; `workspace` and `role` are None outside a workspace."""
    if not request.user.is_authenticated:
        return {}
    workspaces = Workspace.objects.filter(memberships__user_id=request.user.pk).order_by("name")
    return {
        "workspaces": workspaces,
        "workspace": getattr(request, "workspace", None),
        "role": getattr(request, "role", None),
    }
