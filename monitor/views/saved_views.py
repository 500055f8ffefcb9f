"""Saved views: a filtered page under a name of its own, in the menu of every filtered page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse

from monitor.models import Role, SavedView
from monitor.services import saved_views as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access


@access(read=None, write=Role.EDITOR)
def view_save(request: WorkspaceRequest) -> HttpResponse:
    page, query = request.POST.get("page", ""), request.POST.get("query", "")
    try:
        saved = service.save(
            workspace=request.workspace,
            name=request.POST.get("name", ""),
            page=page,
            query=query,
            keep_dates="keep_dates" in request.POST,
        )
    except Problem as problem:
        messages.error(request, f"Nothing was saved: {problem}")
    else:
        messages.success(request, f"This view is saved as “{saved.name}”, for everybody in {request.workspace.name}.")
    return redirect(_address(request, page, query))


@access(read=None, write=Role.EDITOR)
def view_remove(request: WorkspaceRequest, pk: int) -> HttpResponse:
    view = _view(request, pk)
    service.remove(view=view)
    undo.done(
        request,
        f"The view “{view.name}” is removed. Nothing else changed.",
        undo=reverse("view_restore", args=[request.workspace.slug, pk]),
    )
    return redirect(_address(request, view.page, view.query))


@access(read=None, write=Role.EDITOR)
def view_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    view = _view(request, pk)
    try:
        service.restore(view=view)
        messages.success(request, f"The view “{view.name}” is back.")
    except Problem as problem:
        messages.error(request, str(problem))
    return redirect(_address(request, view.page, view.query))


def _view(request: WorkspaceRequest, pk: int) -> SavedView:
    return get_object_or_404(SavedView.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)


def _address(request: WorkspaceRequest, page: str, query: str) -> str:
    """The page that a form came from; only pages that can be saved are gone back to."""
    name = page if page in service.PAGES else "overview"
    return f"{reverse(name, args=[request.workspace.slug])}?{service.clean_query(query)}".rstrip("?")


urlpatterns = [
    path("views/save/", view_save, name="view_save"),
    path("views/<int:pk>/remove/", view_remove, name="view_remove"),
    path("views/<int:pk>/restore/", view_restore, name="view_restore"),
]
