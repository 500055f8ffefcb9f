"""The page of assistants: keys entered, replaced, tested and deleted, and how fast each may be used. For owners.

Everything posted here counts as secret: no error page shows it, and no form shows it again.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from monitor import assistants as registry
from monitor.forms.assistants import KeyForm, LimitsForm
from monitor.models import Credential, Role, TestResult
from monitor.queries import assistants as queries
from monitor.services import credentials as service
from monitor.services import limits
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access


@access(read=Role.OWNER)
@never_cache
def assistants(request: WorkspaceRequest) -> HttpResponse:
    return _page(request)


@sensitive_post_parameters()
@access(read=None, write=Role.OWNER)
@never_cache
@sensitive_variables()
def credential_save(request: WorkspaceRequest) -> HttpResponse:
    name = request.POST.get("assistant", "")
    found = next((row for row in queries.rows(request.workspace) if row.name == name and row.fields), None)
    if found is None:
        messages.error(request, "There is no such assistant here, or it needs no key.")
        return redirect("assistants", request.workspace.slug)
    form = KeyForm(request.POST, fields=found.fields, replaces=found.credential is not None, prefix=name)
    if form.is_valid():
        try:
            service.save(workspace=request.workspace, assistant=name, values=form.values())
        except Problem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, f"The key of {found.label} is saved. Test it to see that it works.")
            return redirect("assistants", request.workspace.slug)
    return _page(request, wrong=form, status=422)


@access(read=None, write=Role.OWNER)
def credential_test(request: WorkspaceRequest, pk: int) -> HttpResponse:
    tested = service.test(credential=_credential(request, pk))
    label = registry.label(tested.assistant)
    if tested.test_result == TestResult.OK:
        messages.success(request, f"The key of {label} works.")
    else:
        messages.error(request, f"{label}: {tested.test_detail}")
    return redirect("assistants", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def credential_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _credential(request, pk)
    service.delete(credential=found)
    messages.success(request, f"The key of {registry.label(found.assistant)} is deleted.")
    return redirect("assistants", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def credential_limits(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found, form = _credential(request, pk), LimitsForm(request.POST, prefix=f"limits-{pk}")
    if not form.is_valid():
        return _page(request, wrong=form, status=422)
    limits.configure(
        credential=found,
        requests_per_minute=form.cleaned_data["requests"],
        tokens_per_minute=form.cleaned_data["tokens"],
        max_in_flight=form.cleaned_data["max_in_flight"],
    )
    messages.success(request, f"The limits of {registry.label(found.assistant)} are saved.")
    return redirect("assistants", request.workspace.slug)


def _page(request: WorkspaceRequest, *, wrong: Any = None, status: int = 200) -> HttpResponse:
    """The page, with a form that was wrong in the place of its fresh one."""
    shown = [_shown(row, wrong) for row in queries.rows(request.workspace)]
    context = {
        "held": [item for item in shown if item["row"].credential],
        "others": [item for item in shown if not item["row"].credential],
    }
    return render(request, "assistants.html", context, status=status)


def _shown(row: queries.Row, wrong: Any) -> dict[str, Any]:
    replaces = row.credential is not None
    forms: dict[str, Any] = {"key": KeyForm(fields=row.fields, replaces=replaces, prefix=row.name)}
    if row.credential:
        forms["limits"] = LimitsForm(
            prefix=f"limits-{row.credential.pk}",
            initial={**row.limits, "max_in_flight": row.gate.max_in_flight if row.gate else limits.IN_FLIGHT},
        )
    opened = ""
    for kind, form in forms.items():
        if wrong is not None and wrong.prefix == form.prefix:
            forms[kind], opened = wrong, kind
    return {"row": row, "forms": forms, "opened": opened}


def _credential(request: WorkspaceRequest, pk: int) -> Credential:
    return get_object_or_404(Credential.objects.for_workspace(request.workspace), pk=pk)


urlpatterns = [
    path("settings/assistants/", assistants, name="assistants"),
    path("settings/assistants/save/", credential_save, name="credential_save"),
    path("settings/assistants/<int:pk>/test/", credential_test, name="credential_test"),
    path("settings/assistants/<int:pk>/delete/", credential_delete, name="credential_delete"),
    path("settings/assistants/<int:pk>/limits/", credential_limits, name="credential_limits"),
]
