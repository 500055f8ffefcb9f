"""Who may see and do what. Every view declares one of these rules; a test walks the URLs and fails on one without.

`@access(read=..., write=...)` takes the workspace's slug off the URL, answers 404 to people outside it and 403 to
members whose role is too low, and hands the view a request with `workspace` and `role`, the visitor's `membership` that
gives it, and all their `memberships`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils import timezone

from monitor.models import Membership, Role, User, Workspace

View = Callable[..., HttpResponseBase]
#: The methods that read and that write; no view knows another.
READING, WRITING = ("GET", "HEAD"), ("POST",)
#: The cookie of the workspace used last.
LAST, YEAR = "workspace", 365 * 24 * 3600


class WorkspaceRequest(HttpRequest):
    """A signed-in member's request. For annotations: `access` sets the attributes on Django's own request."""

    user: User
    membership: Membership
    memberships: list[Membership]
    workspace: Workspace
    role: Role
    htmx: Any


@dataclass(frozen=True)
class Rule:
    """What a view asks of a visitor. `read` and `write` are the lowest roles for reading and for writing."""

    kind: Literal["public", "signed_in", "workspace"]
    read: Role | None = None
    write: Role | None = None


def access(*, read: Role | None = Role.VIEWER, write: Role | None = None) -> Callable[[View], View]:
    """A workspace's view. `read=None` refuses GET, `write=None` refuses POST, both everything else, with 405."""
    methods = (*(READING if read else ()), *(WRITING if write else ()))

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, workspace: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            memberships = memberships_of(request.user.pk)
            membership = next((each for each in memberships if each.workspace.slug == workspace), None)
            if membership is None:
                raise Http404("No such workspace.")
            lowest = read if request.method in READING else write
            if lowest is None or request.method not in methods:
                return HttpResponseNotAllowed(methods)
            request.workspace, request.role = membership.workspace, Role(membership.role)
            request.membership, request.memberships = membership, memberships
            if request.role.rank < lowest.rank:
                raise PermissionDenied(f"This needs the role {lowest.label.lower()}.")
            with timezone.override(membership.workspace.zone):  # every time on the page is the workspace's
                return _remembering(request, view(request, *args, **kwargs))

        guarded.access_rule = Rule("workspace", read, write)  # type: ignore[attr-defined]
        return guarded

    return declare


def _remembering(request: Any, response: HttpResponseBase) -> HttpResponseBase:
    """The browser keeps which workspace was used last, so that the next login leads back to it."""
    slug = request.workspace.slug
    if last_workspace(request) != slug:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(LAST, slug, max_age=YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


def last_workspace(request: HttpRequest) -> str:
    """The slug of the workspace used last in this browser; whose it is must still be asked."""
    return request.COOKIES.get(LAST, "")


def memberships_of(user_id: Any) -> list[Membership]:
    """A person's memberships with their workspaces, by name, the demo last."""
    found = Membership.objects.unscoped().select_related("workspace").filter(user_id=user_id)
    return list(found.order_by("workspace__is_demo", "workspace__name", "workspace"))


def signed_in(view: View) -> View:
    """A page of the person, outside any workspace; LoginRequiredMiddleware asks for the login."""
    view.access_rule = Rule("signed_in")  # type: ignore[attr-defined]
    return view


def public(view: View) -> View:
    """A page that anybody may open."""
    view.access_rule = Rule("public")  # type: ignore[attr-defined]
    view.login_required = False  # type: ignore[attr-defined]
    return view
