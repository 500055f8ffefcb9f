"""Why a page is cited: a run's prompts stage by stage, one prompt with its passages, and the ranking of every page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.vary import vary_on_headers

from monitor import assistants
from monitor.models import JobKind, Response, Role, Run
from monitor.queries import jobs, pages, passages_compared, reaches
from monitor.queries import tracing as queries
from monitor.queries.reaches import Subject
from monitor.queries.tracing import RunTrace
from monitor.services import tracing as services
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import whole_number


@access()
@vary_on_headers("HX-Request")
def trace(request: WorkspaceRequest) -> HttpResponse:
    offered = list(queries.runs(request.workspace)[: queries.RUNS_OFFERED])
    asked = request.GET.get("run", "")
    chosen = next((run for run in offered if str(run.pk) == asked), None)
    if chosen is None and (pk := whole_number(asked)) is not None:
        chosen = queries.runs(request.workspace).filter(pk=pk).first()
    of_panel = [run for run in offered if str(run.panel_id) == request.GET.get("panel")]
    run = chosen or next(iter(of_panel or offered), None)
    context: dict[str, Any] = {"runs": offered, "run": run}
    if run is None:
        context["facts"] = pages.engine_facts(request.workspace)
    else:
        answering = queries.answering(run)
        by = request.GET.get("by", "")
        found = RunTrace(run, by if by in answering else answering[0])
        subjects, subject, domains = _subjects(request, found)
        lines = found.lines(subject) if subject else []
        context |= {
            "by": found.assistant,
            "answering": [(name, assistants.label(name)) for name in answering],
            "subjects": subjects,
            "domains": domains,
            "subject": subject,
            "lines": lines,
            "stages": reaches.funnel([line.reach for line in lines]),
            "indexed": found.indexed(subject) if subject else 0,
            "near": reaches.NEAR,
            "is_reranked": found.is_reranked,
            "far": sum(line.reach.spot is None and line.reach.indexed > 0 for line in lines),
            "unchecked": sum(line.reach.stage == 4 and not line.reach.checked for line in lines),
            "unranked": sum(not found.recorded.get(line.text) and not line.is_deep for line in lines),
            "job": _job(request, run),
        }
    return render(request, "_trace_content.html" if request.htmx else "trace.html", context)


@access()
def trace_prompt(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """One prompt of the run that this answer belongs to, as the answer's assistant answered it."""
    response = get_object_or_404(
        Response.objects.for_workspace(request.workspace).select_related("run__panel", "run__generation"), pk=pk
    )
    found = RunTrace(response.run, response.assistant, response.prompt_text)
    context: dict[str, Any] = {"response": response, "run": response.run, "near": reaches.NEAR}
    is_local = response.assistant in assistants.LOCAL
    if is_local and response.prompt_text in found.prompts and response.run.generation_id:
        subjects, subject, domains = _subjects(request, found)
        context |= {"subjects": subjects, "domains": domains, "subject": subject, "job": _job(request, response.run)}
        if subject:
            context["page"] = passages_compared.of_prompt(
                request.workspace, found, response.prompt_text, subject, subjects
            )
    return render(request, "trace_prompt.html", context)


@access(read=None, write=Role.EDITOR)
def trace_rank(request: WorkspaceRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(Run.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)
    try:
        job = services.start(run=run)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("trace", request.workspace.slug)
    return redirect("job", request.workspace.slug, job.pk)


def _subjects(request: WorkspaceRequest, found: RunTrace) -> tuple[list[Subject], Subject | None, list[str]]:
    """The brands that can be followed, the one that the URL asks for, and the domains beside them.

    Without a word in the URL: the first own brand, else the first brand, else the domain cited most.
    """
    brands, domains = queries.subjects(request.workspace), found.domains_cited()
    asked = request.GET.get("of", "").replace("\x00", "")
    kind, _, name = asked.partition(":")
    if kind == "domain" and 0 < len(name) <= 253:
        subject: Subject | None = reaches.domain_subject(name.strip().lower())
    else:
        known = {brand.value: brand for brand in brands}
        subject = known.get(asked) or next(iter(brands), None)
    if subject is None and domains:
        subject = reaches.domain_subject(domains[0])
    if subject and subject.value.startswith("domain:") and subject.label not in domains:
        domains = [subject.label, *domains]
    return brands, subject, domains


def _job(request: WorkspaceRequest, run: Run) -> jobs.JobProgress | None:
    """The ranking of this run that is under way."""
    recent = jobs.recent(request.workspace, JobKind.RANK)
    return next((item for item in recent if not item.ended and item.job.input.get("run") == run.pk), None)


urlpatterns = [
    path("engine/trace/", trace, name="trace"),
    path("engine/trace/<int:pk>/", trace_prompt, name="trace_prompt"),
    path("engine/trace/runs/<int:pk>/rank/", trace_rank, name="trace_rank"),
]
