"""Long work while it goes on: progress, pace, time left, what could not be used, and a way to stop it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from monitor.models import Job, JobKind, Role
from monitor.queries import jobs as queries
from monitor.services import jobs as service
from monitor.views.access import WorkspaceRequest, access
from monitor.views.parts import part_of

#: The place in the navigation that a job was started from, where it is not the local engine's.
_SECTIONS = {JobKind.IDEAS: "suites", JobKind.IMPORT_ANSWERS: "answers", JobKind.RECOMPUTE: "brands"}


@access()
def job(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _job(request, pk)
    section = _SECTIONS.get(JobKind(found.kind), "engine")
    return render(request, "job.html", {"progress": queries.progress(found), "section": section})


@access()
@part_of("job")
def job_progress(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """The part of the page that is asked for again while the work goes on."""
    return render(request, "_job_progress.html", {"progress": queries.progress(_job(request, pk))})


@access(read=None, write=Role.EDITOR)
def job_cancel(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _job(request, pk)
    if service.cancel(job=found):
        messages.success(request, "It will stop at its next step. What is stored by then is kept.")
    else:
        messages.info(request, "It had ended already.")
    return redirect("job", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def job_pause(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if not service.pause(job=_job(request, pk)):
        messages.info(request, "It cannot be paused any more.")
    return redirect("job", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def job_resume(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if not service.resume(job=_job(request, pk)):
        messages.info(request, "It was not paused.")
    return redirect("job", request.workspace.slug, pk)


def _job(request: WorkspaceRequest, pk: int) -> Job:
    return get_object_or_404(Job.objects.for_workspace(request.workspace), pk=pk)


urlpatterns = [
    path("jobs/<int:pk>/", job, name="job"),
    path("jobs/<int:pk>/progress/", job_progress, name="job_progress"),
    path("jobs/<int:pk>/pause/", job_pause, name="job_pause"),
    path("jobs/<int:pk>/resume/", job_resume, name="job_resume"),
    path("jobs/<int:pk>/cancel/", job_cancel, name="job_cancel"),
]
