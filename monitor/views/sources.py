"""The Sources page: which domains and pages answers cite and retrieve, under the filter of the URL."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.vary import vary_on_headers

from monitor.queries import filters, support
from monitor.queries import sources as queries
from monitor.views.access import WorkspaceRequest, access


@access()
@vary_on_headers("HX-Request")
def sources(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    domain, search = request.GET.get("domain", "").strip()[:253], request.GET.get("q", "").strip()[:200]
    page = queries.sources(request.workspace, bar.filter, domain=domain, search=search)
    context = {
        "bar": bar,
        "page": page,
        "support": () if domain or search else support.by_assistant(request.workspace, bar.filter),
        "search": search,
        "measured": bool(page.pages) or filters.last_measured_day(request.workspace) is not None,
    }
    return render(request, "_sources_content.html" if request.htmx else "sources.html", context)


urlpatterns = [path("sources/", sources, name="sources")]
