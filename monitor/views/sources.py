"""The Sources page: which domains and pages answers cite and retrieve, and what kind of source each domain is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.vary import vary_on_headers

from inference.pages import identify
from monitor.models import Role
from monitor.ownership import as_url
from monitor.queries import filters, support
from monitor.queries import sources as queries
from monitor.services import source_types
from monitor.services.errors import Problem
from monitor.source_types import COMPETITOR, KINDS, LABELS, OWN
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import whole_number


@access()
@vary_on_headers("HX-Request")
def sources(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    domain, search = (request.GET.get(name, "").replace("\x00", "").strip() for name in ("domain", "q"))
    domain, search = domain[:253], search[:200]
    leaves = {name: whole_number(request.GET.get(name, "")) or 1 for name in ("domains_leaf", "pages_leaf")}
    page = queries.sources(request.workspace, bar.filter, domain=domain, search=search, **leaves)
    kind = queries.kind(request.workspace, domain) if domain else ""
    context = {
        "bar": bar,
        "page": page,
        "support": () if domain or search else support.by_assistant(request.workspace, bar.filter),
        "search": search,
        "measured": bar.is_measured,
        "kind": kind,
        "kind_label": LABELS.get(kind, ""),
        "kinds": () if kind in {OWN, COMPETITOR} else [(name, LABELS[name], meant) for name, meant in KINDS.items()],
    }
    return render(request, "_sources_content.html" if request.htmx else "sources.html", context)


@access(read=None, write=Role.EDITOR)
def source_type(request: WorkspaceRequest) -> HttpResponse:
    url, kind = request.POST.get("domain", ""), request.POST.get("kind", "")
    domain = identify(as_url(url)).domain or ""
    try:
        source_types.choose(workspace=request.workspace, domain=domain, kind=kind)
    except Problem as problem:
        messages.error(request, f"Nothing was changed: {problem}")
        return redirect("sources", request.workspace.slug)
    messages.success(request, f"{domain} counts as {LABELS[kind].lower()} from now on, and in all of history.")
    return redirect(f"{reverse('sources', args=[request.workspace.slug])}?{urlencode({'domain': domain})}")


urlpatterns = [
    path("sources/", sources, name="sources"),
    path("sources/type/", source_type, name="source_type"),
]
