"""Ideas for prompts: looked for in the workspace's pages, read by a person, and only then added to a suite."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor.models import JobKind, Role, Suite
from monitor.plain import counted
from monitor.queries import ideas as queries
from monitor.queries import jobs
from monitor.services import ideas as service
from monitor.services.errors import Problem
from monitor.services.prompt_rows import split_tags
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import row_ids


@access()
def ideas(request: WorkspaceRequest) -> HttpResponse:
    dismissed = request.GET.get("show") == "dismissed"
    suites = Suite.objects.for_workspace(request.workspace).filter(archived_at=None).order_by("name")
    context = {
        "found": queries.listed(request.workspace, request.GET.get("page"), dismissed=dismissed),
        "dismissed": dismissed,
        "suites": suites,
        "under_way": next((item for item in jobs.recent(request.workspace, JobKind.IDEAS) if not item.ended), None),
    }
    return render(request, "ideas.html", context)


@access(read=None, write=Role.EDITOR)
def ideas_look(request: WorkspaceRequest) -> HttpResponse:
    try:
        job = service.start(workspace=request.workspace, own_pages=request.POST.get("where") != "all")
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("ideas", request.workspace.slug)
    return redirect("job", request.workspace.slug, job.pk)


@access(read=None, write=Role.EDITOR)
def ideas_add(request: WorkspaceRequest) -> HttpResponse:
    """Add the ticked ideas to a suite, in the words that stand in their fields; or let them go."""
    ids = row_ids(request.POST.getlist("idea"))
    if not ids:
        messages.info(request, "Nothing was changed: tick the ideas first.")
    elif "dismiss" in request.POST:
        gone = service.dismiss(workspace=request.workspace, ids=ids)
        address = reverse("ideas_restore", args=[request.workspace.slug]) + "?ids=" + ",".join(map(str, ids))
        undo.done(request, f"{counted(gone, 'idea')} dismissed. They are not suggested again.", undo=address)
    else:
        _add(request, ids)
    return redirect("ideas", request.workspace.slug)


def _add(request: WorkspaceRequest, ids: list[int]) -> None:
    wanted = row_ids([request.POST.get("suite", "")])
    rows = Suite.objects.for_workspace(request.workspace).filter(archived_at=None).select_related("workspace")
    suite = get_object_or_404(rows, pk__in=wanted)
    texts = {pk: request.POST.get(f"text-{pk}", "") for pk in ids}
    try:
        done = service.add(suite=suite, texts=texts, tags=split_tags(request.POST.get("tags", "")))
    except Problem as problem:
        messages.error(request, f"Nothing was added: {problem}")
        return
    there = f" {done.skipped} {'was' if done.skipped == 1 else 'were'} there already." if done.skipped else ""
    messages.success(request, f"{counted(done.added, 'prompt')} added to {suite.name}.{there}")


@access(read=None, write=Role.EDITOR)
def ideas_restore(request: WorkspaceRequest) -> HttpResponse:
    ids = row_ids(request.POST.getlist("idea") or request.GET.get("ids", "").split(","))
    back = service.bring_back(workspace=request.workspace, ids=ids)
    messages.success(request, f"{counted(back, 'idea')} brought back.")
    return redirect("ideas", request.workspace.slug)


urlpatterns = [
    path("prompts/ideas/", ideas, name="ideas"),
    path("prompts/ideas/look/", ideas_look, name="ideas_look"),
    path("prompts/ideas/add/", ideas_add, name="ideas_add"),
    path("prompts/ideas/restore/", ideas_restore, name="ideas_restore"),
]
