"""Pasted answers: one at a time with a look at what is read, or many from a file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from monitor import assistants
from monitor.body_limit import takes
from monitor.forms.pasted import AnswersFileForm, PasteForm, suites_with_prompts
from monitor.models import JobKind, Prompt, Role, Suite, Trigger
from monitor.queries import jobs as job_queries
from monitor.queries import pasted as queries
from monitor.services import answer_rows
from monitor.services import pasted as service
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access

#: Rows of a file that its preview lists.
PREVIEWED = 50


@access(read=Role.EDITOR, write=Role.EDITOR)
def answers_paste(request: WorkspaceRequest) -> HttpResponse:
    if request.method != "POST":
        wanted = {name: request.GET.get(name, "") for name in ("prompt", "assistant", "day") if request.GET.get(name)}
        return _show_paste(request, PasteForm(workspace=request.workspace, initial=wanted))
    form = PasteForm(request.POST, workspace=request.workspace)
    if not form.is_valid():
        return _show_paste(request, form, status=422)
    cleaned = form.cleaned_data
    try:
        if request.POST.get("act") != "keep":
            read = service.preview(workspace=request.workspace, assistant=cleaned["assistant"], text=cleaned["text"])
            return _show_paste(request, form, shown=queries.shown(request.workspace, read.answer, read.mentions))
        return _keep(request, cleaned)
    except Problem as problem:
        form.add_error("text", str(problem))
        return _show_paste(request, form, status=422)


def _keep(request: WorkspaceRequest, cleaned: dict[str, Any]) -> HttpResponse:
    copied = service.Copied(
        prompt=Prompt.objects.for_workspace(request.workspace).get(pk=cleaned["prompt"]),
        assistant=cleaned["assistant"],
        text=cleaned["text"],
        moment=cleaned["day"],
        country=cleaned["country"],
        language=cleaned["language"],
    )
    stored = service.store(workspace=request.workspace, copied=[copied], trigger=Trigger.PASTE)
    label = assistants.label(copied.assistant)
    if stored.added:
        messages.success(request, f"The answer is kept as {label}. Charts count it in a moment.")
    else:
        messages.info(request, f"This answer of {label} is there already for that day. Nothing was added.")
    query = f"?assistant={copied.assistant}&day={copied.moment}"
    return redirect(reverse("answers_paste", args=[request.workspace.slug]) + query)


def _show_paste(
    request: WorkspaceRequest, form: PasteForm, *, shown: queries.Shown | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "shown": shown,
        "has_prompts": bool(suites_with_prompts(request.workspace)),
        "latest": queries.latest(request.workspace),
    }
    return render(request, "answers_paste.html", context, status=status)


@access(read=Role.EDITOR, write=Role.EDITOR)
@takes(lambda: answer_rows.MAX_FILE_BYTES)
def answers_import(request: WorkspaceRequest) -> HttpResponse:
    suites = suites_with_prompts(request.workspace)
    if request.method != "POST":
        return _show_import(request, AnswersFileForm(suites=suites))
    if token := request.POST.get("token", ""):
        try:
            job = service.start_import(workspace=request.workspace, token=token)
        except Problem as problem:
            messages.error(request, str(problem))
            return redirect("answers_import", request.workspace.slug)
        return redirect("job", request.workspace.slug, job.pk)
    form = AnswersFileForm(request.POST, request.FILES, suites=suites)
    if not form.is_valid():
        return _show_import(request, form, status=422)
    suite = (
        Suite.objects.for_workspace(request.workspace).select_related("workspace").get(pk=form.cleaned_data["suite"])
    )
    try:
        offered = service.offer(suite=suite, file=form.cleaned_data["file"])
    except Problem as problem:
        form.add_error("file", str(problem))
        return _show_import(request, form, status=422)
    return _show_import(request, form, offered=offered, status=200 if offered.rows else 422)


def _show_import(
    request: WorkspaceRequest, form: AnswersFileForm, *, offered: service.Offer | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "offered": offered,
        "previewed": PREVIEWED,
        "rows": queries.file_rows(offered.rows[:PREVIEWED]) if offered else [],
        "pages": [label for _, label in assistants.surfaces()],
        "has_prompts": bool(form.suites),
        "most_bytes": answer_rows.MAX_FILE_BYTES,
        "jobs": job_queries.recent(request.workspace, JobKind.IMPORT_ANSWERS),
    }
    return render(request, "answers_import.html", context, status=status)


urlpatterns = [
    path("answers/paste/", answers_paste, name="answers_paste"),
    path("answers/import/", answers_import, name="answers_import"),
]
