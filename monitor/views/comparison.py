"""Why tools disagree: other tools' published formulas over the answers of the filter, beside our own rate."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.vary import vary_on_headers

from monitor.queries import comparison as queries
from monitor.queries import filters
from monitor.views.access import WorkspaceRequest, access


@access()
@vary_on_headers("HX-Request")
def comparison(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    context = {
        "bar": bar,
        "found": queries.comparison(request.workspace, bar.filter),
        "measured": bar.is_measured,
    }
    return render(request, "_comparison_content.html" if request.htmx else "comparison.html", context)


urlpatterns = [path("overview/comparison/", comparison, name="comparison")]
