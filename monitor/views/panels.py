"""Panels: the list, one panel, the form with its live preview and edit conflicts, run now, pause and archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor import assistants
from monitor.forms import schedules
from monitor.forms.costs import BudgetForm
from monitor.forms.panels import PanelForm, chosen
from monitor.models import Panel, Role, Trigger
from monitor.queries import costs as cost_queries
from monitor.queries import panels as queries
from monitor.queries import personas
from monitor.queries import runs as run_queries
from monitor.services import budgets
from monitor.services import panels as service
from monitor.services import runs as run_service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.views.parts import part_of
from monitor.whole_numbers import whole_number

RUNS_SHOWN = 20
LATEST_RUNS = 10


@access()
def panels(request: WorkspaceRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    active_count, archived_count = queries.counts(request.workspace)
    latest = run_queries.runs(request.workspace)[:LATEST_RUNS]
    context = {
        "rows": queries.panel_rows(request.workspace, archived=archived),
        "archived": archived,
        "active_count": active_count,
        "archived_count": archived_count,
        "runs": [] if archived else run_queries.progress_of(latest),
        "has_suites": bool(queries.suites_on_offer(request.workspace)),
    }
    return render(request, "panels.html", context)


@access()
def panel(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _page(request, _panel(request, pk))


@access(read=None, write=Role.OWNER)
def panel_budget(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found, form = _panel(request, pk), BudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    limit = form.cleaned_data["limit"]
    budgets.set_run_limit(panel=found, limit_usd=limit)
    said = "A run may cost as much as it takes" if limit is None else f"A run may cost ${limit:,.2f} at most"
    messages.success(request, f"{said}; that holds for runs under way too.")
    return redirect("panel", request.workspace.slug, pk)


def _page(request: WorkspaceRequest, found: Panel, wrong: BudgetForm | None = None) -> HttpResponse:
    page = Paginator(run_queries.runs(request.workspace, found), RUNS_SHOWN).get_page(request.GET.get("page"))
    spent = cost_queries.panel_spent(found)
    context = {
        "row": queries.panel_row(found),
        "panel": found,
        "page": page,
        "runs": run_queries.progress_of(page.object_list),
        "forecast": cost_queries.panel_forecast(found),
        "spent": spent,
        "budget_form": wrong or BudgetForm.of(spent.limit),
        "is_traced": any(asked["assistant"] in assistants.LOCAL for asked in found.assistants),
    }
    return render(request, "panel.html", context, status=422 if wrong else 200)


# --- the form ------------------------------------------------------------------------------------------------


@access(read=Role.EDITOR, write=Role.EDITOR)
def panel_new(request: WorkspaceRequest) -> HttpResponse:
    initial = {"suite": request.GET.get("suite", "")}
    return _form(request, None, PanelForm(request.POST or None, workspace=request.workspace, initial=initial))


@access(read=Role.EDITOR, write=Role.EDITOR)
def panel_edit(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _panel(request, pk)
    return _form(request, found, PanelForm(request.POST or None, workspace=request.workspace, panel=found))


def _form(request: WorkspaceRequest, found: Panel | None, form: PanelForm) -> HttpResponse:
    if request.method != "POST":
        return _show_form(request, found, form)
    if "preview" in request.POST:  # without JavaScript: the same form, nothing saved, the schedule worked out
        return _show_form(request, found, form)
    if not form.is_valid():
        return _show_form(request, found, form, status=422)
    revision = form.cleaned_data["revision"]
    try:
        saved = service.save_panel(workspace=request.workspace, panel=found, fields=form.plan(), revision=revision)
    except service.Conflict as conflict:
        return _show_conflict(request, conflict)
    except Problem as problem:
        form.add_error("name", str(problem))
        return _show_form(request, found, form, status=422)
    merged = " What somebody else changed meanwhile is kept." if found and found.revision != revision else ""
    messages.success(request, f"“{saved.name}” is saved.{merged}")
    return redirect("panel", request.workspace.slug, saved.pk)


def _show_form(
    request: WorkspaceRequest, found: Panel | None, form: PanelForm, *, status: int = 200, **extra: Any
) -> HttpResponse:
    values = request.POST if form.is_bound else _as_data(form)
    context = {"form": form, "panel": found, "preview": _preview(request, values), **extra}
    return render(request, "panel_form.html", context, status=status)


def _show_conflict(request: WorkspaceRequest, conflict: service.Conflict) -> HttpResponse:
    """What both changed, side by side; saving again from here replaces theirs knowingly."""
    panel = conflict.current
    theirs = PanelForm(workspace=request.workspace, panel=panel)
    yours = PanelForm(workspace=request.workspace, panel=panel, plan=conflict.merged)
    differing = []
    for key in conflict.clashes:
        names = ("schedule", "cron") if key == "cron" else (key,)
        label = theirs.fields[names[0]].label
        if key == "assistants":
            differing.append((label, _asked(panel.assistants), _asked(conflict.merged[key])))
        elif key == "adaptive":
            theirs_said, yours_said = ("yes" if value else "no" for value in (panel.adaptive, conflict.merged[key]))
            differing.append((label, theirs_said, yours_said))
        elif key == "tags":
            theirs_said, yours_said = (", ".join(tags) or "all prompts" for tags in (panel.tags, conflict.merged[key]))
            differing.append((label, theirs_said, yours_said))
        else:
            differing.append((label, _in_words(theirs, names), _in_words(yours, names)))
    return _show_form(request, panel, yours, status=409, conflict=str(conflict), differing=differing)


def _asked(items: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(map(queries.in_words, items))


def _in_words(form: PanelForm, names: Iterable[str]) -> str:
    """What an untouched form has in these fields, as their choices say it."""
    data, said = _as_data(form), []
    for name in names:
        choices = {str(key): str(label) for key, label in getattr(form.fields[name], "choices", ())}
        said.append(", ".join(choices.get(value, value) for value in data.getlist(name) or [""]))
    return ": ".join(filter(None, said)) or "nothing"


@access(read=Role.EDITOR)
@part_of("panel_new")
def schedule_preview(request: WorkspaceRequest) -> HttpResponse:
    """The part of the form that follows what is typed: the schedule in words, its next slots, the size of a run."""
    return render(request, "_schedule_preview.html", {"preview": _preview(request, request.GET)})


@access(read=Role.EDITOR)
@part_of("panel_new")
def panel_tags(request: WorkspaceRequest) -> HttpResponse:
    """The part of the form that follows the suite: its tags, those ticked that it has still ticked."""
    suite = str(_number(request.GET.get("suite", "")) or "")
    form = PanelForm(workspace=request.workspace, initial={"suite": suite, "tags": request.GET.getlist("tags")})
    reply = render(request, "_panel_tags.html", {"form": form})
    # what is ticked may be another now, so that the size is worked out again
    reply["HX-Trigger-After-Swap"] = "tags-offered"
    return reply


def _preview(request: WorkspaceRequest, values: QueryDict) -> dict[str, Any]:
    suite, repeats = values.get("suite", ""), values.get("repeats", "")
    tags = [tag.replace("\x00", "") for tag in values.getlist("tags")]
    asked, of_suite = chosen(values), (request.workspace, _number(suite), tags)
    size = queries.Size(
        prompts=queries.asked_count(*of_suite) if _number(suite) else 0,
        assistants=len(asked),
        repeats=_number(repeats),
        adaptive=bool(values.get("adaptive")),
        within=queries.within(*of_suite, asked) if _number(suite) else None,
    )
    cron = schedules.terms(values.get("schedule", ""), values.get("cron", ""))
    unwritten = values.get("schedule") == "own" and not cron
    plan = queries.plan(cron, values.get("time_zone") or request.workspace.time_zone)
    forecast = cost_queries.forecast(
        request.workspace,
        plan=asked,
        prompts=size.prompts,
        repeats=size.repeats,
        adaptive=size.adaptive,
        cron="" if plan.problem else cron,
        time_zone=plan.time_zone,
    )
    return {
        "plan": plan,
        "size": size,
        "unwritten": unwritten,
        "has_suite": bool(suite),
        "tags": tags,
        "has_persona": bool(values.get("persona")),
        "not_told": personas.not_told(asked),
        "forecast": forecast,
    }


def _number(text: str) -> int:
    return whole_number(text, digits=9) or 0


def _as_data(form: PanelForm) -> QueryDict:
    """What an untouched form would send."""
    data = QueryDict(mutable=True)
    for name in form.fields:
        value = form.get_initial_for_field(form.fields[name], name)
        if value is not None and value is not False:  # a box without its tick sends nothing
            data.setlist(name, [str(item) for item in (value if isinstance(value, list) else [value])])
    return data


# --- acts ----------------------------------------------------------------------------------------------------


@access(read=None, write=Role.EDITOR)
def panel_run(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _panel(request, pk)
    try:
        if found.archived_at:
            raise Problem(f"“{found.name}” is archived. Restore it, then run it.")
        run = run_service.start_run(panel=found, trigger=Trigger.MANUAL)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("panel", request.workspace.slug, pk)
    return redirect("run", request.workspace.slug, run.pk)


@access(read=None, write=Role.EDITOR)
def panel_pause(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _panel(request, pk)
    paused = request.POST.get("paused") == "1"
    service.set_paused(panel=found, paused=paused)
    if paused:
        messages.success(request, "The schedule is paused. Runs under way go on.")
    else:
        messages.success(request, "The schedule goes on with its next slot.")
    return redirect("panel", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def panel_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _panel(request, pk)
    service.archive_panel(panel=found)
    going_on = " Runs under way go on." if run_queries.open_runs(found) else ""
    text = f"{found.name} is archived. Its history stays.{going_on}"
    undo.done(request, text, undo=reverse("panel_restore", args=[request.workspace.slug, pk]))
    return redirect("panels", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def panel_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _panel(request, pk)
    try:
        service.restore_panel(panel=found)
        messages.success(request, f"{found.name} is back.")
    except Problem as problem:
        messages.error(request, str(problem))
    return redirect("panel", request.workspace.slug, pk)


def _panel(request: WorkspaceRequest, pk: int) -> Panel:
    rows = Panel.objects.for_workspace(request.workspace).select_related("workspace", "suite", "persona")
    return get_object_or_404(rows, pk=pk)


urlpatterns = [
    path("panels/", panels, name="panels"),
    path("panels/new/", panel_new, name="panel_new"),
    path("panels/schedule/", schedule_preview, name="schedule_preview"),
    path("panels/tags/", panel_tags, name="panel_tags"),
    path("panels/<int:pk>/", panel, name="panel"),
    path("panels/<int:pk>/budget/", panel_budget, name="panel_budget"),
    path("panels/<int:pk>/edit/", panel_edit, name="panel_edit"),
    path("panels/<int:pk>/run/", panel_run, name="panel_run"),
    path("panels/<int:pk>/pause/", panel_pause, name="panel_pause"),
    path("panels/<int:pk>/archive/", panel_archive, name="panel_archive"),
    path("panels/<int:pk>/restore/", panel_restore, name="panel_restore"),
]
