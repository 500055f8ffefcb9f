"""A saved report for whoever has its link: read-only, no login, and nothing of the workspace beside it."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from monitor.queries import branding, dashboard, saved_reports
from monitor.queries import prompts as prompt_queries
from monitor.queries.report import DEFINITIONS
from monitor.queries.sources import pages
from monitor.services import share_links
from monitor.views.access import public
from monitor.views.overview import parts

PAGES_SHOWN = 25
PROMPTS_SHOWN = 100


@public
@require_safe
@cache_control(private=True, no_store=True)
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The view of now, under the report's filter. 404 for a token that never was, 410 for one that is over."""
    response = _answer(request, token)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"  # pages that it links to must not learn the token
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    link = share_links.find(token=token)
    if link is None:
        why = "The address may be mistyped or cut off. Ask whoever sent it for the whole link."
        return _nothing(request, 404, "There is no such link", why)
    if not share_links.is_open(link):
        ended = "was revoked" if link.revoked_at else "has expired"
        return _nothing(request, 410, f"This link {ended}", "Ask whoever sent it for a new one.")
    if not share_links.may_open(link):
        return _nothing(request, 429, "Opened too often", "Wait a minute and open the link again.")
    with timezone.override(link.workspace.zone):
        try:
            chosen = saved_reports.filter_at(link.report, timezone.now())
        except saved_reports.Unusable:
            why = "What it showed has changed. Ask whoever sent it for a new link."
            return _nothing(request, 410, "This report cannot be shown any more", why)
        overview = dashboard.overview(link.workspace, chosen)
        gaps = prompt_queries.widest_gaps(link.workspace, overview.current, most=PROMPTS_SHOWN) if link.texts else ()
        context = {
            "link": link,
            "look": branding.branding(link.workspace),
            "page": overview,
            "parts": partial(parts, overview),
            "pages": pages(link.workspace, chosen, most=PAGES_SHOWN),
            "prompts": gaps,
            "several": len({row.key for row in gaps}) > 1,  # assistants
            "definitions": DEFINITIONS,
            "made_at": timezone.now(),
        }
        response = render(request, "shared.html", context)
    if request.method == "GET":
        share_links.note_opened(link=link)
    return response


def _nothing(request: HttpRequest, status: int, title: str, why: str) -> HttpResponse:
    return render(request, "shared_over.html", {"title": title, "why": why}, status=status)


urlpatterns = [path("share/<str:token>/", shared, name="shared")]
