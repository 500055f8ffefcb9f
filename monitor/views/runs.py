"""One run: live progress, its responses by prompt and assistant, pause, cancel, and retry of what failed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from monitor.models import ResponseStatus, Role, Run
from monitor.plain import counted
from monitor.queries import costs as cost_queries
from monitor.queries import runs as queries
from monitor.queries import waiting
from monitor.services import outbound
from monitor.services import runs as service
from monitor.views.access import WorkspaceRequest, access
from monitor.views.parts import part_of


@access()
def run(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _run(request, pk)
    state = request.GET.get("state", "")
    context = {
        "run": found,
        "progress": queries.progress(found),  # before the table, which then shows this or what is newer
        "table": _table(request, found),
        "waiting": _waiting(found),
        "state": state if state in ResponseStatus.values else "",
        "spent": cost_queries.run_spent(found),
        "states": [(status.value, status.label) for status in ResponseStatus if status is not ResponseStatus.SENDING],
    }
    return render(request, "run.html", context)


@access()
@part_of("run")
def run_progress(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """What is asked for again while the run goes on: its progress, and its table where another response ended."""
    progress = queries.progress(_run(request, pk))
    context = {"run": progress.run, "progress": progress, "waiting": _waiting(progress.run)}
    if request.headers.get("X-Seen") != progress.state:
        spent = cost_queries.run_spent(progress.run)
        context |= {"again": True, "table": _table(request, progress.run), "spent": spent}
    return render(request, "_run_progress.html", context)


def _table(request: WorkspaceRequest, found: Run) -> queries.Table:
    """The page of responses that the address asks for."""
    return queries.table(found, state=request.GET.get("state", ""), page=request.GET.get("page"))


def _waiting(found: Run) -> tuple[waiting.Reason, ...]:
    return waiting.reasons(found, has_room=outbound.has_room())


@access(read=None, write=Role.EDITOR)
def run_pause(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if service.pause_run(run=_run(request, pk), by=request.user.email):
        messages.success(request, "The run is paused. Answers so far are kept, and it goes on when you resume it.")
    else:
        messages.info(request, "The run is paused already, or has ended.")
    return redirect("run", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def run_resume(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if service.resume_run(run=_run(request, pk)):
        messages.success(request, "The run goes on.")
    else:
        messages.info(request, "The run is not paused: it goes on, or has ended.")
    return redirect("run", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def run_cancel(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _run(request, pk)
    was_running = queries.progress(found).ended is False
    taken_back = service.cancel_run(run=found)
    if was_running:
        messages.success(
            request,
            f"The run is cancelled: {counted(taken_back, 'question')} will not be asked. Answers so far are kept.",
        )
    else:
        messages.info(request, "The run had ended already.")
    return redirect("run", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def run_retry(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Again what failed or was cancelled; what was sent and never came back only by its own button."""
    unknown = request.POST.get("state") == ResponseStatus.UNKNOWN
    statuses = [status for status in service.RETRYABLE if (status is ResponseStatus.UNKNOWN) == unknown]
    again = service.retry_failed(run=_run(request, pk), statuses=statuses)
    if again:
        messages.success(request, f"{counted(again, 'question')} will be asked again. What was answered stays.")
    else:
        messages.info(request, "There is nothing left to ask again.")
    return redirect("run", request.workspace.slug, pk)


def _run(request: WorkspaceRequest, pk: int) -> Run:
    rows = Run.objects.for_workspace(request.workspace)
    return get_object_or_404(rows.select_related("workspace", "panel", "panel_revision", "generation"), pk=pk)


urlpatterns = [
    path("runs/<int:pk>/", run, name="run"),
    path("runs/<int:pk>/progress/", run_progress, name="run_progress"),
    path("runs/<int:pk>/pause/", run_pause, name="run_pause"),
    path("runs/<int:pk>/resume/", run_resume, name="run_resume"),
    path("runs/<int:pk>/cancel/", run_cancel, name="run_cancel"),
    path("runs/<int:pk>/retry/", run_retry, name="run_retry"),
]
