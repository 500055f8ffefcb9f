"""How each assistant answered under the filter of the URL: time, errors, cost, models."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.vary import vary_on_headers

from monitor.queries import filters
from monitor.queries import performance as queries
from monitor.views.access import WorkspaceRequest, access


@access()
@vary_on_headers("HX-Request")
def performance(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    context = {
        "bar": bar,
        "rows": queries.performance(request.workspace, bar.filter),
        "measured": bar.is_measured,
    }
    return render(request, "_performance_content.html" if request.htmx else "performance.html", context)


urlpatterns = [path("overview/assistants/", performance, name="performance")]
