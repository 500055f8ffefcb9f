"""The way in: health for supervisors, from `/` to a workspace, a new workspace, and how every figure is made."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from monitor.forms.workspaces import WorkspaceForm
from monitor.models import Workspace
from monitor.services import workspaces
from monitor.views.access import READING, WRITING, public, signed_in
from monitor.views.frame import Frame


@public
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """On to the workspace that was used last in this browser, else the demo; without any, to making one."""
    found = Frame(request).workspace
    return redirect("overview", found.slug) if found else redirect("workspace_new")


@signed_in
@require_http_methods([*READING, *WRITING])
def workspace_new(request: Any) -> HttpResponse:
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = workspaces.create(owners=[request.user], **form.cleaned_data)
        messages.success(request, f"“{made}” is ready. Start with your own brand, then add prompts.")
        return redirect("overview", made.slug)
    is_first = not Workspace.objects.filter(memberships__user_id=request.user.pk).exists()
    context = {"form": form, "is_first": is_first}
    return render(request, "workspace_new.html", context, status=422 if form.errors else 200)


@signed_in
@require_safe
def metrics_explained(request: HttpRequest) -> HttpResponse:
    return render(request, "metrics_explained.html")


urlpatterns = [
    path("", home, name="home"),
    path("healthz", health, name="health"),
    path("metrics/", metrics_explained, name="metrics_explained"),
    path("workspaces/new/", workspace_new, name="workspace_new"),
]
