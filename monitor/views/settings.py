"""The workspace's settings: name and zone, members and their roles, and the ways to remove data for good."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor.branding import ACCENT
from monitor.forms.report_settings import ReportSettingsForm
from monitor.forms.workspaces import DeleteForm, InviteForm, RoleForm, SettingsForm
from monitor.models import Membership, Role
from monitor.queries import branding
from monitor.queries import workspaces as queries
from monitor.services import report_settings as report_settings_service
from monitor.services import retention
from monitor.services import workspaces as service
from monitor.services.delivery import NO_SERVER
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access


@access(write=Role.OWNER)
def settings(request: WorkspaceRequest) -> HttpResponse:
    here = request.workspace
    form = SettingsForm(request.POST or None, workspace=here)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        retention.keep_for(workspace=here, days=given["body_retention_days"])
        moved = service.save_settings(workspace=here, name=given["name"], time_zone=given["time_zone"])
        follows = " History is being counted anew in the new time zone." if moved else ""
        messages.success(request, f"The settings are saved.{follows}")
        return redirect("settings", here.slug)
    return _page(request, form=form)


@access(read=Role.OWNER, write=Role.OWNER)
def report_settings(request: WorkspaceRequest) -> HttpResponse:
    """How reports look, and whom outside the team they may go to."""
    look, addresses = branding.branding(request.workspace), branding.outside_addresses(request.workspace)
    accent = look.accent if look.accent != ACCENT else ""
    initial = {"name": look.name, "accent": accent, "footer": look.footer, "addresses": "\n".join(addresses)}
    form = ReportSettingsForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        report_settings_service.save(workspace=request.workspace, **form.values())
        messages.success(request, "The report settings are saved.")
        return redirect("report_settings", request.workspace.slug)
    context = {"form": form, "look": look, "has_mail": bool(django_settings.EMAIL_HOST)}
    return render(request, "report_settings.html", context, status=422 if form.errors else 200)


@access(read=None, write=Role.OWNER)
def members_add(request: WorkspaceRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, invite_form=form)
    email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
    try:
        invitation = service.invite(workspace=request.workspace, email=email, role=role)
    except Problem as problem:
        form.add_error("email", str(problem))
        return _page(request, invite_form=form)
    trouble = _mail_invitation(request, invitation)
    # Shown here and not after a redirect: the link must not be kept anywhere.
    invited = {
        "email": email,
        "link": _invitation_link(request, invitation.key),
        "trouble": trouble,
        "is_new": bool(invitation.key),
        "is_private": bool(invitation.private_key),
    }
    return _page(request, invited=invited)


def _mail_invitation(request: WorkspaceRequest, invitation: service.Invitation) -> str:
    """Send it to the person; what kept it from being sent, in words."""
    if not django_settings.EMAIL_HOST:
        return NO_SERVER
    link = _invitation_link(request, invitation.key or invitation.private_key)
    try:
        service.send_invitation(invitation=invitation, link=link, invited_by=request.user)
    except Problem as problem:
        return str(problem)
    return ""


def _invitation_link(request: WorkspaceRequest, key: tuple[str, str] | None) -> str:
    """Where the first password is set; without a key, where people sign in."""
    path = reverse("account_reset_password_from_key", args=key) if key else reverse("home")
    return request.build_absolute_uri(path)


@access(read=None, write=Role.OWNER)
def member_role(request: WorkspaceRequest, pk: int) -> HttpResponse:
    membership, form = _member(request, pk), RoleForm(request.POST)
    if form.is_valid():
        try:
            service.change_role(membership=membership, role=Role(form.cleaned_data["role"]))
            messages.success(request, f"{membership.user} is now {membership.get_role_display().lower()}.")
        except Problem as problem:
            messages.error(request, str(problem))
    else:
        messages.error(request, "Choose one of the roles owner, editor and viewer.")
    return redirect("settings", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def member_remove(request: WorkspaceRequest, pk: int) -> HttpResponse:
    membership = _member(request, pk)
    try:
        service.remove_member(membership=membership)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("settings", request.workspace.slug)
    if membership.user_id == request.user.pk:
        messages.success(request, f"You have left “{request.workspace}”.")
        return redirect("home")
    messages.success(request, f"{membership.user} is no longer a member.")
    return redirect("settings", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def demo_remove(request: WorkspaceRequest) -> HttpResponse:
    try:
        service.remove_demo(workspace=request.workspace)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("settings", request.workspace.slug)
    messages.success(request, "The demo data is removed.")
    return redirect("home")


@access(read=None, write=Role.OWNER)
def workspace_delete(request: WorkspaceRequest) -> HttpResponse:
    form = DeleteForm(request.POST, name=request.workspace.name)
    if form.is_valid():
        try:
            service.delete(workspace=request.workspace)
        except Problem as problem:
            form.add_error("typed", str(problem))
        else:
            messages.success(request, f"“{request.workspace.name}” is deleted.")
            return redirect("home")
    return _page(request, delete_form=form)


def _page(request: WorkspaceRequest, **given: Any) -> HttpResponse:
    here = request.workspace
    context = {
        "form": SettingsForm(workspace=here),
        "invite_form": InviteForm(),
        "delete_form": DeleteForm(name=here.name),
        "members": queries.members(here),
        "roles": Role.choices,
        "counts": queries.counts(here),
        **given,
    }
    wrong = any(form.errors for name, form in given.items() if name.endswith("form"))
    return render(request, "settings.html", context, status=422 if wrong else 200)


def _member(request: WorkspaceRequest, pk: int) -> Membership:
    members = Membership.objects.for_workspace(request.workspace)
    return get_object_or_404(members.select_related("user", "workspace"), pk=pk)


urlpatterns = [
    path("settings/", settings, name="settings"),
    path("settings/reports/", report_settings, name="report_settings"),
    path("settings/members/", members_add, name="members_add"),
    path("settings/members/<int:pk>/role/", member_role, name="member_role"),
    path("settings/members/<int:pk>/remove/", member_remove, name="member_remove"),
    path("settings/demo/remove/", demo_remove, name="demo_remove"),
    path("settings/delete/", workspace_delete, name="workspace_delete"),
]
