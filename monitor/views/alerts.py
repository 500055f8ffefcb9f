"""Alerts: what rules told, seen or not, the digest, and e-mails that did not go out."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from monitor.forms.alerts import DigestForm
from monitor.models import Digest, Role
from monitor.queries import alerts as queries
from monitor.services import alert_rules as rule_service
from monitor.services import alerts as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import row_ids


@access()
def alerts(request: WorkspaceRequest) -> HttpResponse:
    everything = request.GET.get("show") == "all"
    page = queries.page(request.workspace, everything=everything, number=request.GET.get("page"))
    context = {
        "page": page,
        "rows": queries.rows_of(request.workspace, page.object_list),
        "everything": everything,
        "any_rule": queries.any_rule(request.workspace),
        "ready_made": queries.ready_made([]),
        "troubles": queries.troubles(request.workspace),
        "has_mail": bool(settings.EMAIL_HOST),
    }
    return render(request, "alerts.html", context)


@access(read=None, write=Role.EDITOR)
def alerts_see(request: WorkspaceRequest) -> HttpResponse:
    """Mark the chosen ones as seen, or all."""
    ids = row_ids(request.POST.getlist("alert"))
    count, moment = service.mark_seen(workspace=request.workspace, ids=None if request.POST.get("all") else ids)
    if count:
        back = f"{reverse('alerts_unsee', args=[request.workspace.slug])}?{urlencode({'at': moment.isoformat()})}"
        undo.done(request, f"{count} alert{'' if count == 1 else 's'} marked as seen.", undo=back)
    else:
        messages.info(request, "Choose the alerts to mark as seen.")
    return redirect("alerts", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def alerts_unsee(request: WorkspaceRequest) -> HttpResponse:
    try:
        moment = datetime.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        messages.error(request, "This is no moment at which alerts were marked.")
    else:
        count = service.unmark(workspace=request.workspace, seen_at=moment)
        messages.success(request, f"{count} alert{'' if count == 1 else 's'} unseen again.")
    return redirect("alerts", request.workspace.slug)


@access(read=None, write=Role.VIEWER)
def digest(request: WorkspaceRequest) -> HttpResponse:
    """Everybody chooses for themselves."""
    form = DigestForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose how often, and an hour.")
        return redirect("alert_rules", request.workspace.slug)
    wanted, hour = Digest(form.cleaned_data["digest"]), form.cleaned_data["hour"]
    try:
        rule_service.set_digest(membership=request.membership, digest=wanted, hour=hour)
    except Problem as problem:
        messages.error(request, str(problem))
    else:
        said = "You get no digest." if wanted == Digest.NONE else f"{wanted.label} at {hour:02}:00 you get a digest."
        messages.success(request, said)
    return redirect("alert_rules", request.workspace.slug)


urlpatterns = [
    path("alerts/", alerts, name="alerts"),
    path("alerts/seen/", alerts_see, name="alerts_see"),
    path("alerts/unseen/", alerts_unsee, name="alerts_unsee"),
    path("alerts/digest/", digest, name="alerts_digest"),
]
