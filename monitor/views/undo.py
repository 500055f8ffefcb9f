"""Messages that can take back what they tell of: the page shows a button that posts to the given address."""

from __future__ import annotations

from django.contrib import messages

from monitor.views.access import WorkspaceRequest


def done(request: WorkspaceRequest, text: str, *, undo: str) -> None:
    """Say what was done; `undo` is the address that takes it back, shown by `_messages.html` as an Undo button."""
    messages.success(request, text, extra_tags=undo)
