"""Rules of alerts: the list, the form with its preview, the ready-made ones, on and off, and delete with a way back."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor.forms.alerts import DigestForm, RuleForm
from monitor.models import AlertKind, AlertRule, Role
from monitor.queries import alerts as queries
from monitor.services import alert_rules as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.views.parts import part_of


@access()
def alert_rules(request: WorkspaceRequest) -> HttpResponse:
    me = request.membership
    rows = queries.rules(request.workspace)
    context = {
        "rows": rows,
        "ready_made": queries.ready_made(rows),
        "kinds": AlertKind.choices,
        "digest_form": DigestForm(initial={"digest": me.digest, "hour": me.digest_hour}),
        "has_mail": bool(settings.EMAIL_HOST),
    }
    return render(request, "alert_rules.html", context)


# --- the form ------------------------------------------------------------------------------------------------


@access(read=Role.EDITOR, write=Role.EDITOR)
def alert_rule_new(request: WorkspaceRequest) -> HttpResponse:
    kind = _kind(request)
    form = RuleForm(request.POST or None, workspace=request.workspace, kind=kind, me=request.membership)
    return _form(request, None, form)


@access(read=Role.EDITOR, write=Role.EDITOR)
def alert_rule(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _rule(request, pk)
    form = RuleForm(request.POST or None, workspace=request.workspace, kind=found.kind, rule=found)
    return _form(request, found, form)


def _form(request: WorkspaceRequest, found: AlertRule | None, form: RuleForm) -> HttpResponse:
    if request.method != "POST" or "preview" in request.POST:  # the latter without JavaScript: nothing is saved
        return _show(request, found, form)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    try:
        saved = service.save_rule(
            workspace=request.workspace, rule=found, fields=form.values(), revision=form.cleaned_data["revision"]
        )
    except Problem as problem:
        form.add_error(None, str(problem))
        return _show(request, found, form, status=409 if found else 422)
    messages.success(request, f"“{saved.name}” is saved. It is checked within minutes.")
    return redirect("alert_rules", request.workspace.slug)


def _show(request: WorkspaceRequest, found: AlertRule | None, form: RuleForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "rule": found,
        # after a conflict, the next save knows of what the other one changed
        "revision": _rule(request, found.pk).revision if found and status == 409 else form["revision"].value(),
        "kind": form.kind,
        "kind_label": AlertKind(form.kind).label,
        "has_mail": bool(settings.EMAIL_HOST),
        **(_preview(form) if "preview" in request.POST else {}),
    }
    return render(request, "alert_rule_form.html", context, status=status)


@access(read=Role.EDITOR)
@part_of("alert_rule_new")
def alert_rule_preview(request: WorkspaceRequest) -> HttpResponse:
    """The part of the form that follows what is typed: what the rule would have told over the last thirty days."""
    form = RuleForm(request.GET, workspace=request.workspace, kind=_kind(request))
    return render(request, "_alert_preview.html", {"kind": form.kind, **_preview(form)})


def _preview(form: RuleForm) -> dict[str, Any]:
    """What the form as it stands would have told; None while it cannot be read. The form's page asks for it by itself:
    looking through a month of a large workspace takes longer than a page may.
    """
    return {"asked": True, "preview": queries.preview(form.draft()) if form.is_valid() else None}


# --- acts ----------------------------------------------------------------------------------------------------


@access(read=None, write=Role.EDITOR)
def alert_rule_ready_made(request: WorkspaceRequest) -> HttpResponse:
    kind = request.POST.get("kind", "")
    try:
        rule = service.make_ready_made(workspace=request.workspace, kind=kind, for_member=request.membership)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("alerts", request.workspace.slug)
    messages.success(request, f"“{rule.name}” is on. It is checked within minutes, and you can change it here.")
    return redirect("alert_rules", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def alert_rule_switch(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found, on = _rule(request, pk), request.POST.get("on") == "1"
    service.switch(rule=found, on=on)
    messages.success(request, f"“{found.name}” is {'on' if on else 'off'}.")
    return redirect("alert_rules", request.workspace.slug)


@access(write=Role.VIEWER)
def alert_rule_off(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """Where an e-mail's link leads: turn the rule off, or have it write to oneself no more."""
    found = _rule(request, pk)
    if request.method == "POST":
        service.leave(rule=found, membership=request.membership)
        messages.success(request, f"“{found.name}” no longer writes to you. Its alerts still appear here.")
        return redirect("alerts", request.workspace.slug)
    is_told = found.recipients.filter(membership=request.membership).exists()
    context = {"rule": found, "words": queries.rule_words(found), "is_told": is_told}
    return render(request, "alert_rule_off.html", context)


@access(read=None, write=Role.EDITOR)
def alert_rule_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _rule(request, pk)
    service.archive(rule=found)
    back = reverse("alert_rule_restore", args=[request.workspace.slug, pk])
    undo.done(request, f"“{found.name}” is deleted. Its alerts stay.", undo=back)
    return redirect("alert_rules", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def alert_rule_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _rule(request, pk)
    service.restore(rule=found)
    messages.success(request, f"“{found.name}” is back.")
    return redirect("alert_rules", request.workspace.slug)


def _kind(request: WorkspaceRequest) -> str:
    kind = request.GET.get("kind") or AlertKind.CHANGE
    if kind not in AlertKind.values:
        raise Http404("There is no such kind of rule.")
    return kind


def _rule(request: WorkspaceRequest, pk: int) -> AlertRule:
    rows = AlertRule.objects.for_workspace(request.workspace).select_related("workspace", "brand", "panel")
    return get_object_or_404(rows, pk=pk)


urlpatterns = [
    path("alerts/rules/", alert_rules, name="alert_rules"),
    path("alerts/rules/new/", alert_rule_new, name="alert_rule_new"),
    path("alerts/rules/ready-made/", alert_rule_ready_made, name="alert_rule_ready_made"),
    path("alerts/rules/preview/", alert_rule_preview, name="alert_rule_preview"),
    path("alerts/rules/<int:pk>/", alert_rule, name="alert_rule"),
    path("alerts/rules/<int:pk>/switch/", alert_rule_switch, name="alert_rule_switch"),
    path("alerts/rules/<int:pk>/off/", alert_rule_off, name="alert_rule_off"),
    path("alerts/rules/<int:pk>/delete/", alert_rule_delete, name="alert_rule_delete"),
    path("alerts/rules/<int:pk>/restore/", alert_rule_restore, name="alert_rule_restore"),
]
