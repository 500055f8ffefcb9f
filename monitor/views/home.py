"""The way in: health for supervisors, and from `/` to the visitor's workspace."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse

from monitor.views.access import public, signed_in


@public
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("home")
