"""Saved reports: the form, one report with what came of it, its files, sending it now, and the links that show it."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from monitor import exports
from monitor.forms.saved_reports import SavedReportForm, ShareForm
from monitor.models import ReportFile, Role, SavedReport, ShareLink
from monitor.queries import filters, panels
from monitor.queries import report as report_queries
from monitor.queries import saved_reports as queries
from monitor.services import saved_reports as service
from monitor.services import share_links
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access
from monitor.views.files import attachment
from monitor.views.parts import part_of


@access(read=Role.EDITOR, write=Role.EDITOR)
def saved_report_new(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    return _form(request, None, SavedReportForm(request.POST or None, workspace=request.workspace, bar=bar))


@access(read=Role.EDITOR, write=Role.EDITOR)
def saved_report_edit(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _report(request, pk)
    bar = queries.bar_at(found, timezone.now())
    form = SavedReportForm(request.POST or None, workspace=request.workspace, bar=bar, report=found)
    return _form(request, found, form)


def _form(request: WorkspaceRequest, found: SavedReport | None, form: SavedReportForm) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            saved = service.save(workspace=request.workspace, report=found, fields=form.values())
        except Problem as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("saved_report", request.workspace.slug, saved.pk)
    context = {"form": form, "report": found, "has_mail": bool(settings.EMAIL_HOST)}
    return render(request, "saved_report_form.html", context, status=422 if form.errors else 200)


@access()
def saved_report(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _page(request, _report(request, pk))


def _page(request: WorkspaceRequest, found: SavedReport, *, status: int = 200, **given: Any) -> HttpResponse:
    now = timezone.now()
    context = {
        "report": found,
        "bar": queries.bar_at(found, now),
        "plan": panels.plan(found.cron, request.workspace.time_zone),
        "formats": [exports.FORMATS[name].label for name in found.formats],
        **_issues(found),
        "links": [(link, share_links.is_open(link)) for link in queries.links(found)],
        "share_form": ShareForm(),
        "has_mail": bool(settings.EMAIL_HOST),
        "now": now,
        **given,
    }
    return render(request, "saved_report.html", context, status=status)


def _issues(found: SavedReport) -> dict[str, Any]:
    issues = queries.issues(found)
    is_open = any(issue.status in service.OPEN for issue in issues)
    return {"report": found, "issues": issues, "is_open": is_open, "files_kept": service.FILES_KEPT}


@access()
@part_of("saved_report")
def saved_report_issues(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """What is asked for again while a report is being made."""
    return render(request, "_issues.html", _issues(_report(request, pk)))


@access(read=None, write=Role.EDITOR)
def saved_report_send(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _report(request, pk)
    service.start_now(report=found)
    people = f" and goes to {len(found.recipients)} people" if found.recipients and settings.EMAIL_HOST else ""
    messages.success(request, f"{found.name} is being created{people}. The result will appear below.")
    return redirect("saved_report", request.workspace.slug, pk)


@access()
def saved_report_preview(request: WorkspaceRequest, pk: int) -> HttpResponseBase:
    """The PDF as it would be now; nothing is kept or sent."""
    found = _report(request, pk)
    try:
        chosen = queries.filter_at(found, timezone.now())
    except queries.Unusable as problem:
        messages.error(request, str(problem))
        return redirect("saved_report", request.workspace.slug, pk)
    made, written = report_queries.report(request.workspace, chosen), exports.FORMATS["pdf"]
    file = TemporaryFile(prefix="citescope-export-")  # noqa: SIM115 - the response closes it
    written.write(made, None, file)
    return attachment(file, name=exports.file_name(made, written.suffix), content_type=written.content_type)


@access()
def report_file(request: WorkspaceRequest, pk: int) -> HttpResponse:
    file = get_object_or_404(ReportFile.objects.for_workspace(request.workspace), pk=pk)
    response = HttpResponse(bytes(file.content), content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    return response


@access(read=None, write=Role.EDITOR)
def saved_report_pause(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found, paused = _report(request, pk), request.POST.get("paused") == "1"
    service.set_paused(report=found, paused=paused)
    said = "The schedule is paused." if paused else "The schedule goes on with its next slot."
    messages.success(request, said)
    return redirect("saved_report", request.workspace.slug, pk)


@access(read=None, write=Role.EDITOR)
def saved_report_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _report(request, pk)
    service.delete(report=found)
    messages.success(request, f"{found.name} is deleted, with its files and links.")
    return redirect("reports", request.workspace.slug)


# --- links ------------------------------------------------------------------------------------------------------------


@access(read=None, write=Role.EDITOR)
def share_new(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found, form = _report(request, pk), ShareForm(request.POST)
    if not form.is_valid():
        return _page(request, found, share_form=form, status=422)
    try:
        made = share_links.make(report=found, by=request.user.email, **form.cleaned_data)
    except Problem as problem:
        form.add_error(None, str(problem))
        return _page(request, found, share_form=form, status=422)
    # Shown here and not after a redirect: the link must not be kept anywhere.
    return _page(request, found, new_link=request.build_absolute_uri(reverse("shared", args=[made.token])))


@access(read=None, write=Role.EDITOR)
def share_revoke(request: WorkspaceRequest, pk: int) -> HttpResponse:
    link = get_object_or_404(ShareLink.objects.for_workspace(request.workspace), pk=pk)
    if share_links.revoke(link=link):
        messages.success(request, f"The link “{link.name}” shows nothing any more.")
    else:
        messages.info(request, "It had been revoked already.")
    return redirect("saved_report", request.workspace.slug, link.report_id)


def _report(request: WorkspaceRequest, pk: int) -> SavedReport:
    return get_object_or_404(SavedReport.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)


urlpatterns = [
    path("reports/new/", saved_report_new, name="saved_report_new"),
    path("reports/<int:pk>/", saved_report, name="saved_report"),
    path("reports/<int:pk>/issues/", saved_report_issues, name="saved_report_issues"),
    path("reports/<int:pk>/edit/", saved_report_edit, name="saved_report_edit"),
    path("reports/<int:pk>/send/", saved_report_send, name="saved_report_send"),
    path("reports/<int:pk>/preview/", saved_report_preview, name="saved_report_preview"),
    path("reports/<int:pk>/pause/", saved_report_pause, name="saved_report_pause"),
    path("reports/<int:pk>/delete/", saved_report_delete, name="saved_report_delete"),
    path("reports/<int:pk>/share/", share_new, name="share_new"),
    path("reports/links/<int:pk>/revoke/", share_revoke, name="share_revoke"),
    path("reports/files/<int:pk>/", report_file, name="report_file"),
]
