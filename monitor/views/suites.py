"""Suites and their prompts: lists, forms, pasted lines and CSV files with a preview, archive and restore."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.vary import vary_on_headers

from monitor.forms.suites import CsvForm, LinesForm, PromptForm, SuiteForm
from monitor.models import Prompt, Role, Suite
from monitor.plain import counted
from monitor.queries import answers, filters
from monitor.queries import prompts as standing
from monitor.queries import suites as queries
from monitor.services import prompt_rows
from monitor.services import suites as service
from monitor.services.errors import Problem
from monitor.services.prompt_rows import Parsed
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import row_ids

PROMPTS_SHOWN = 100
#: Rows of each kind that the preview lists; the rest is counted.
PREVIEWED = 200


@access()
@vary_on_headers("HX-Request")
def suites(request: WorkspaceRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    bar = filters.read(request.workspace, request.GET)
    asked = request.GET.get("measure")
    measure: standing.Measure = next((each for each in standing.MEASURES if each == asked), "named")
    measured = not archived and bar.is_measured
    context: dict[str, Any] = {
        "bar": bar,
        "heat": standing.heatmap(request.workspace, bar.filter, measure) if measured else None,
        "measure": measure,
        "figure": {"named": "named", "cited": "cites", "gap": "gap"}[measure],
    }
    if request.htmx and measured:
        return render(request, "_prompts_content.html", context)
    context |= {
        "rows": queries.suite_rows(request.workspace, archived=archived),
        "archived": archived,
        "archived_count": queries.archived_count(request.workspace),
    }
    return render(request, "suites.html", context)


@access(read=Role.EDITOR, write=Role.EDITOR)
def suite_new(request: WorkspaceRequest) -> HttpResponse:
    form = SuiteForm(request.POST or None)
    if saved := _save_suite(request, form, None):
        return redirect("prompts_add", request.workspace.slug, saved.pk)
    return render(request, "suite_form.html", {"form": form}, status=422 if form.errors else 200)


@access(read=Role.EDITOR, write=Role.EDITOR)
def suite_edit(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _suite(request, pk)
    form = SuiteForm(request.POST or None, initial={"name": found.name})
    if _save_suite(request, form, found):
        messages.success(request, "The new name is saved.")
        return redirect("suite", request.workspace.slug, pk)
    # The form's page still shows the name that is saved, whatever was typed.
    context = {"form": form, "suite": _suite(request, pk)}
    return render(request, "suite_form.html", context, status=422 if form.errors else 200)


def _save_suite(request: WorkspaceRequest, form: SuiteForm, found: Suite | None) -> Suite | None:
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        return service.save_suite(workspace=request.workspace, suite=found, name=form.cleaned_data["name"])
    except Problem as problem:
        form.add_error("name", str(problem))
        return None


@access()
def suite(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _suite(request, pk)
    search, tag = request.GET.get("q", "").strip(), request.GET.get("tag", "")
    archived = request.GET.get("show") == "archived"
    prompts = queries.prompts(found, search=search.replace("\x00", ""), tag=tag.replace("\x00", ""), archived=archived)
    page = Paginator(prompts, PROMPTS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "suite": found,
        "page": page,
        "rows": queries.prompt_rows(list(page.object_list)),
        "tags": queries.tags(found),
        "active_count": queries.prompts(found).count(),
        "archived_count": queries.prompts(found, archived=True).count(),
        "search": search,
        "tag": tag,
        "archived": archived,
    }
    return render(request, "suite.html", context)


@access(read=None, write=Role.EDITOR)
def suite_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _suite(request, pk)
    try:
        service.archive_suite(suite=found)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("suite", request.workspace.slug, pk)
    undo.done(request, f"{found.name} is archived.", undo=_address(request, "suite_restore", pk))
    return redirect("suites", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def suite_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _suite(request, pk)
    try:
        service.restore_suite(suite=found)
        messages.success(request, f"{found.name} is back.")
    except Problem as problem:
        messages.error(request, str(problem))
    return redirect("suite", request.workspace.slug, pk)


# --- bringing prompts ----------------------------------------------------------------------------------------


@access(read=Role.EDITOR, write=Role.EDITOR)
def prompts_add(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """`mode` says how prompts come: one, as lines, in a CSV file, or as the rows of a preview that was agreed to."""
    found = _suite(request, pk)
    mode = request.POST.get("mode", "")
    bring = {"one": _bring_one, "lines": _bring_lines, "csv": _bring_csv, "rows": _bring_rows}.get(mode)
    return bring(request, found) if bring else _show_add(request, found)


def _bring_one(request: WorkspaceRequest, found: Suite) -> HttpResponse:
    form = PromptForm(request.POST, prefix="one")
    if not form.is_valid():
        return _show_add(request, found, one=form, status=422)
    row = prompt_rows.PromptRow(form.cleaned_data["text"], form.cleaned_data["tags"])
    if not service.add_prompts(suite=found, rows=[row]).added:
        form.add_error("text", "This suite has a prompt with these words already.")
        return _show_add(request, found, one=form, status=422)
    messages.success(request, "The prompt is added.")
    return redirect("prompts_add", request.workspace.slug, found.pk)


def _bring_lines(request: WorkspaceRequest, found: Suite) -> HttpResponse:
    form = LinesForm(request.POST)
    if not form.is_valid():
        return _show_add(request, found, lines=form, status=422)
    try:
        parsed = prompt_rows.from_lines(form.cleaned_data["lines"], form.cleaned_data["tags"])
    except Problem as problem:
        form.add_error("lines", str(problem))
        return _show_add(request, found, lines=form, status=422)
    parsed = parsed.without(service.active_texts(found))
    if parsed.rows and not parsed.flaws:
        return _add(request, found, parsed.rows, skipped=len(parsed.duplicates))
    if not parsed.rows and not parsed.flaws and not parsed.duplicates:
        form.add_error("lines", "Paste or type some prompts first, one a line.")
    return _show_add(request, found, lines=form, parsed=parsed, status=422)


def _bring_csv(request: WorkspaceRequest, found: Suite) -> HttpResponse:
    form = CsvForm(request.POST, request.FILES)
    parsed = form.parsed() if form.is_valid() else None
    if parsed is None:
        return _show_add(request, found, csv=form, status=422)
    parsed = parsed.without(service.active_texts(found))
    nothing = not parsed.rows and not parsed.flaws and not parsed.duplicates
    if nothing:
        form.add_error("file", "There is no prompt in this file. It needs one in each row.")
    return _show_add(request, found, csv=form, parsed=None if nothing else parsed, status=200 if parsed.rows else 422)


def _bring_rows(request: WorkspaceRequest, found: Suite) -> HttpResponse:
    try:
        return _add(request, found, prompt_rows.from_json(request.POST.get("rows", "")))
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("prompts_add", request.workspace.slug, found.pk)


def _add(
    request: WorkspaceRequest, found: Suite, rows: list[prompt_rows.PromptRow], *, skipped: int = 0
) -> HttpResponse:
    done = service.add_prompts(suite=found, rows=rows)
    skipped += done.skipped
    passed = (
        f" {counted(skipped, 'prompt')} skipped: the suite has {'it' if skipped == 1 else 'them'} already."
        if skipped
        else ""
    )
    messages.success(request, f"{counted(done.added, 'prompt')} added.{passed}")
    return redirect("suite", request.workspace.slug, found.pk)


def _show_add(
    request: WorkspaceRequest, found: Suite, *, parsed: Parsed | None = None, status: int = 200, **forms: Any
) -> HttpResponse:
    context = {
        "suite": found,
        "one": forms.get("one") or PromptForm(prefix="one"),
        "lines": forms.get("lines") or LinesForm(),
        "csv": forms.get("csv") or CsvForm(),
        "parsed": parsed,
        "previewed": PREVIEWED,
        "max_length": Prompt.MAX_LENGTH,
    }
    return render(request, "prompts_add.html", context, status=status)


# --- one prompt, and several ---------------------------------------------------------------------------------


@access(write=Role.EDITOR)
def prompt(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _prompt(request, pk)
    initial = {"text": found.text, "tags": ", ".join(found.tags)}
    form = PromptForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = service.edit_prompt(prompt=found, **form.cleaned_data)
        except Problem as problem:
            form.add_error("text", str(problem))
        else:
            kept = " The old words keep their answers, archived." if saved.pk != found.pk else ""
            messages.success(request, f"The prompt is saved.{kept}")
            return redirect("suite", request.workspace.slug, found.suite_id)
    bar = filters.read(request.workspace, request.GET)
    context = {
        "form": form,
        "prompt": found,
        "suite": found.suite,
        "answers": queries.prompt_rows([found])[0].answers,
        "bar": bar,
        "standing": standing.standing(request.workspace, bar.filter, found.pk),
        "rows": answers.latest(request.workspace, found.pk),
    }
    return render(request, "prompt.html", context, status=422 if form.errors else 200)


@access(read=None, write=Role.EDITOR)
def prompt_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _prompt(request, pk)
    return _archive(request, found.suite, [pk])


@access(read=None, write=Role.EDITOR)
def prompt_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _prompt(request, pk)
    return _restore(request, found.suite, [pk])


@access(read=None, write=Role.EDITOR)
def prompts_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _archive(request, _suite(request, pk), row_ids(request.POST.getlist("prompt")))


@access(read=None, write=Role.EDITOR)
def prompts_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    ids = request.POST.getlist("prompt") or request.GET.get("ids", "").split(",")
    return _restore(request, _suite(request, pk), row_ids(ids))


def _archive(request: WorkspaceRequest, found: Suite, ids: list[int]) -> HttpResponse:
    archived = service.archive_prompts(suite=found, prompt_ids=ids)
    if archived:
        address = _address(request, "prompts_restore", found.pk) + "?ids=" + ",".join(map(str, archived))
        undo.done(request, f"{counted(len(archived), 'prompt')} archived. Their answers stay.", undo=address)
    else:
        messages.info(request, "Nothing was archived: tick the prompts first.")
    return redirect("suite", request.workspace.slug, found.pk)


def _restore(request: WorkspaceRequest, found: Suite, ids: list[int]) -> HttpResponse:
    done = service.restore_prompts(suite=found, prompt_ids=ids)
    if done.added:
        messages.success(request, f"{counted(done.added, 'prompt')} restored.")
    else:
        messages.info(request, "Nothing was restored: the suite asks these words already.")
    return redirect("suite", request.workspace.slug, found.pk)


def _address(request: WorkspaceRequest, name: str, pk: int) -> str:
    return reverse(name, args=[request.workspace.slug, pk])


def _suite(request: WorkspaceRequest, pk: int) -> Suite:
    return get_object_or_404(Suite.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)


def _prompt(request: WorkspaceRequest, pk: int) -> Prompt:
    rows = Prompt.objects.for_workspace(request.workspace).select_related("workspace", "suite__workspace")
    return get_object_or_404(rows, pk=pk)


urlpatterns = [
    path("prompts/", suites, name="suites"),
    path("suites/new/", suite_new, name="suite_new"),
    path("suites/<int:pk>/", suite, name="suite"),
    path("suites/<int:pk>/edit/", suite_edit, name="suite_edit"),
    path("suites/<int:pk>/archive/", suite_archive, name="suite_archive"),
    path("suites/<int:pk>/restore/", suite_restore, name="suite_restore"),
    path("suites/<int:pk>/prompts/", prompts_add, name="prompts_add"),
    path("suites/<int:pk>/prompts/archive/", prompts_archive, name="prompts_archive"),
    path("suites/<int:pk>/prompts/restore/", prompts_restore, name="prompts_restore"),
    path("prompts/<int:pk>/", prompt, name="prompt"),
    path("prompts/<int:pk>/archive/", prompt_archive, name="prompt_archive"),
    path("prompts/<int:pk>/restore/", prompt_restore, name="prompt_restore"),
]
