"""The Reports page: choose a period, a filter and a format, see what will be in it, and download it."""

from __future__ import annotations

from tempfile import TemporaryFile

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.vary import vary_on_headers

from monitor import exports
from monitor.exports.parquet import EXTRA
from monitor.queries import dashboard, filters, saved_reports
from monitor.queries import report as queries
from monitor.views.access import WorkspaceRequest, access
from monitor.views.files import attachment


@access()
@vary_on_headers("HX-Request")
def reports(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    sections, brands = dashboard.sections_of(request.workspace, bar.filter)
    context = {
        "bar": bar,
        "sections": sections,
        "brands": brands,
        "formats": exports.FORMATS,
        "parquet_extra": EXTRA,
        "saved": saved_reports.rows(request.workspace),
        "measured": bar.is_measured,
    }
    return render(request, "_reports_content.html" if request.htmx else "reports.html", context)


@access()
def download(request: WorkspaceRequest) -> HttpResponseBase:
    chosen, table = request.GET.get("format", "csv"), request.GET.get("table") or None
    if chosen not in exports.FORMATS or (table is not None and table not in exports.TABLE_KEYS):
        raise Http404("There is no such format or table.")
    written = exports.FORMATS[chosen]
    bar = filters.read(request.workspace, request.GET)
    found = queries.report(request.workspace, bar.filter, with_answers=table in (None, "answers"))
    file = TemporaryFile(prefix="citescope-export-")  # noqa: SIM115 - the response closes it
    try:
        written.write(found, table, file)
    except exports.Missing as missing:
        file.close()
        messages.error(request, str(missing))
        return redirect("reports", request.workspace.slug)
    name = exports.file_name(found, written.suffix, table)
    return attachment(file, name=name, content_type=written.content_type)


urlpatterns = [
    path("reports/", reports, name="reports"),
    path("reports/download/", download, name="report_download"),
]
