"""Personas: the list, the form, archive and restore."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor.forms.personas import PersonaForm
from monitor.models import Persona, Role
from monitor.queries import personas as queries
from monitor.services import personas as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access


@access()
def personas(request: WorkspaceRequest) -> HttpResponse:
    archived = request.GET.get("show") == "archived"
    context = {
        "rows": queries.persona_rows(request.workspace, archived=archived),
        "archived": archived,
        "archived_count": queries.archived_count(request.workspace),
    }
    return render(request, "personas.html", context)


@access(read=Role.EDITOR, write=Role.EDITOR)
def persona_new(request: WorkspaceRequest) -> HttpResponse:
    return _form(request, None, PersonaForm(request.POST or None))


@access(read=Role.EDITOR, write=Role.EDITOR)
def persona_edit(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _persona(request, pk)
    return _form(request, found, PersonaForm(request.POST or None, initial={"name": found.name, "words": found.words}))


def _form(request: WorkspaceRequest, found: Persona | None, form: PersonaForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            saved = service.save_persona(workspace=request.workspace, persona=found, **form.cleaned_data)
        except Problem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("personas", request.workspace.slug)
    context = {"form": form, "persona": found}
    return render(request, "persona_form.html", context, status=422 if form.errors else 200)


@access(read=None, write=Role.EDITOR)
def persona_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _persona(request, pk)
    try:
        service.archive_persona(persona=found)
    except Problem as problem:
        messages.error(request, str(problem))
    else:
        address = reverse("persona_restore", args=[request.workspace.slug, pk])
        undo.done(request, f"{found.name} is archived. What was asked as it stays.", undo=address)
    return redirect("personas", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def persona_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _persona(request, pk)
    try:
        service.restore_persona(persona=found)
        messages.success(request, f"{found.name} is back.")
    except Problem as problem:
        messages.error(request, str(problem))
    return redirect("personas", request.workspace.slug)


def _persona(request: WorkspaceRequest, pk: int) -> Persona:
    return get_object_or_404(Persona.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)


urlpatterns = [
    path("prompts/personas/", personas, name="personas"),
    path("prompts/personas/new/", persona_new, name="persona_new"),
    path("prompts/personas/<int:pk>/", persona_edit, name="persona_edit"),
    path("prompts/personas/<int:pk>/archive/", persona_archive, name="persona_archive"),
    path("prompts/personas/<int:pk>/restore/", persona_restore, name="persona_restore"),
]
