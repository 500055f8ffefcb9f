"""The local engine: its pages and index, uploads, and one page with its passages."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path

from monitor.body_limit import takes
from monitor.forms.crawls import CrawlForm
from monitor.models import Job, JobKind, Page, Role
from monitor.queries import jobs as job_queries
from monitor.queries import pages as queries
from monitor.services import crawls, imports
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access

PAGES_SHOWN = 50


@access()
def engine(request: WorkspaceRequest) -> HttpResponse:
    facts = queries.engine_facts(request.workspace)
    search, state = request.GET.get("q", "").replace("\x00", "").strip(), request.GET.get("state", "")
    found = Paginator(queries.pages(request.workspace, search=search, state=state), PAGES_SHOWN)
    shown = found.get_page(request.GET.get("page"))
    context = {
        "facts": facts,
        "found": shown,
        "lines": queries.lines(shown.object_list, facts.generation),
        "search": search,
        "state": state,
        "jobs": job_queries.recent(request.workspace, JobKind.IMPORT_PAGES, JobKind.CRAWL, JobKind.BUILD_INDEX),
    }
    return render(request, "engine.html", context)


@access(read=Role.EDITOR, write=Role.EDITOR)
@takes(lambda: settings.MAX_UPLOAD_BYTES)
def pages_import(request: WorkspaceRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "pages_import.html", {"max_bytes": settings.MAX_UPLOAD_BYTES})
    url = request.POST.get("url", "")
    try:
        job = imports.upload(workspace=request.workspace, files=request.FILES.getlist("files"), url=url)
    except Problem as problem:
        context = {"problem": problem, "url": url, "max_bytes": settings.MAX_UPLOAD_BYTES}
        return render(request, "pages_import.html", context, status=422)
    return redirect("job", request.workspace.slug, job.pk)


@access(read=Role.EDITOR, write=Role.EDITOR)
def crawl_new(request: WorkspaceRequest) -> HttpResponse:
    form = CrawlForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = crawls.start(workspace=request.workspace, **form.cleaned_data)
            return redirect("job", request.workspace.slug, job.pk)
        except Problem as problem:
            form.add_error("url", str(problem))
    context = {"form": form, "crawls": job_queries.recent(request.workspace, JobKind.CRAWL)}
    return render(request, "crawl_new.html", context, status=422 if form.errors else 200)


@access(read=None, write=Role.EDITOR)
def crawl_again(request: WorkspaceRequest, pk: int) -> HttpResponse:
    last = get_object_or_404(Job.objects.for_workspace(request.workspace), pk=pk, kind=JobKind.CRAWL)
    try:
        job = crawls.again(job=last)
    except Problem as problem:
        messages.error(request, str(problem))
        job = last
    return redirect("job", request.workspace.slug, job.pk)


@access(read=None, write=Role.EDITOR)
def index_build(request: WorkspaceRequest) -> HttpResponse:
    job = imports.build_index(workspace=request.workspace)
    return redirect("job", request.workspace.slug, job.pk)


@access()
def page(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _page(request, pk)
    versions = queries.versions(found)
    asked_for = [version for version in versions if str(version.number) == request.GET.get("version")]
    shown = next(iter(asked_for or versions), None)
    generation = queries.current_generation(request.workspace)
    as_text = request.GET.get("view") == "text"
    context = {
        "page": found,
        "versions": versions,
        "shown": shown,
        "passages": queries.passages(shown) if shown else [],
        "as_text": as_text,
        "paragraphs": queries.paragraphs(shown.text) if shown and as_text else [],
        "indexed": bool(shown and generation and shown.pk in generation.page_versions),
    }
    return render(request, "page.html", context)


@access(read=None, write=Role.EDITOR)
def page_take_out(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _page(request, pk)
    if imports.take_out(page=found):
        messages.success(request, f"{found.page} leaves the index with its next build, which has been started.")
    return redirect("page", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def page_put_back(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _page(request, pk)
    if imports.put_back(page=found):
        messages.success(request, f"{found.page} returns to the index with its next build, which has been started.")
    return redirect("page", request.workspace.slug, pk)


def _page(request: WorkspaceRequest, pk: int) -> Page:
    rows = Page.objects.for_workspace(request.workspace).select_related("workspace", "current")
    return get_object_or_404(rows.defer("current__html", "current__text"), pk=pk)


urlpatterns = [
    path("engine/", engine, name="engine"),
    path("engine/import/", pages_import, name="pages_import"),
    path("engine/crawl/", crawl_new, name="crawl_new"),
    path("engine/crawls/<int:pk>/again/", crawl_again, name="crawl_again"),
    path("engine/build/", index_build, name="index_build"),
    path("engine/pages/<int:pk>/", page, name="page"),
    path("engine/pages/<int:pk>/take-out/", page_take_out, name="page_take_out"),
    path("engine/pages/<int:pk>/put-back/", page_put_back, name="page_put_back"),
]
