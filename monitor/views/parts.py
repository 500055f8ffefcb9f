"""Parts of pages that htmx asks for. Opened alone, their address leads to the page that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from monitor.views.access import View, WorkspaceRequest


def part_of(page: str) -> Callable[[View], View]:
    """A view of a part of the page of this name, which takes the same address parts and parameters."""

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: WorkspaceRequest, **kwargs: Any) -> HttpResponseBase:
            if request.htmx:
                response = view(request, **kwargs)
            else:
                address = reverse(page, kwargs={"workspace": request.workspace.slug, **kwargs})
                query = request.GET.urlencode()
                response = redirect(f"{address}?{query}" if query else address)
            patch_vary_headers(response, ["HX-Request"])
            return response

        return guarded

    return declare
