"""Brands: the list, the form and its trial on the last answers, archive, restore and deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.vary import vary_on_headers

from monitor.forms.brands import BrandForm
from monitor.models import Brand, BrandKind, JobStatus, Role
from monitor.queries import brand_trial, filters, places, sentiment
from monitor.queries import brands as queries
from monitor.services import brands as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access


@access()
@vary_on_headers("HX-Request")
def brands(request: WorkspaceRequest) -> HttpResponse:
    """The brands, and below them what answers under the filter of the URL say of them."""
    archived = request.GET.get("show") == "archived"
    bar = filters.read(request.workspace, request.GET)
    measured = not archived and bar.is_measured
    context: dict[str, Any] = {
        "bar": bar,
        "sentiment": sentiment.of_brands(request.workspace, bar.filter) if measured else None,
        "in_lists": places.of_brands(request.workspace, bar.filter) if measured else None,
    }
    if request.htmx and measured:
        return render(request, "_brands_said.html", context)
    context |= {
        "rows": queries.brand_rows(request.workspace, archived=archived),
        "archived": archived,
        "archived_count": queries.archived_count(request.workspace),
        "measured": measured,
    }
    return render(request, "brands.html", context)


@access(read=Role.EDITOR, write=Role.EDITOR)
def brand_new(request: WorkspaceRequest) -> HttpResponse:
    return _form(request, None)


@access(write=Role.EDITOR)
def brand(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _form(request, _brand(request, pk))


def _form(request: WorkspaceRequest, found: Brand | None) -> HttpResponse:
    form = BrandForm(request.POST or None, brand=found, initial={"kind": _kind_due(request)})
    if request.method == "POST" and (saved := _made(request, form, found, service.save_brand)):
        messages.success(request, f"“{saved.name}” is saved.{_follows(request)}")
        return redirect("brands", request.workspace.slug)
    context = {"form": form, "brand": found}
    return render(request, "brand.html", context, status=422 if form.errors else 200)


def _kind_due(request: WorkspaceRequest) -> BrandKind:
    """What a new brand most likely is: one's own comes first, competitors follow."""
    has_own = Brand.objects.for_workspace(request.workspace).filter(kind=BrandKind.OWN, archived_at=None).exists()
    return BrandKind.COMPETITOR if has_own else BrandKind.OWN


@access(read=None, write=Role.EDITOR)
def brand_new_try(request: WorkspaceRequest) -> HttpResponse:
    return _try(request, None)


@access(read=None, write=Role.EDITOR)
def brand_try(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return _try(request, get_object_or_404(Brand.objects.for_workspace(request.workspace), pk=pk, archived_at=None))


def _try(request: WorkspaceRequest, found: Brand | None) -> HttpResponse:
    """What the form would change in the newest answers: the part of the page, or without JavaScript all of it."""
    form = BrandForm(request.POST, brand=found)
    typed = _made(request, form, found, service.draft)
    trial = brand_trial.trial(request.workspace, typed) if typed else None
    context = {"form": form, "brand": found, "tried": True, "typed": typed, "trial": trial}
    if request.htmx:
        return render(request, "_brand_trial.html", context)
    return render(request, "brand.html", context, status=422 if form.errors else 200)


def _made(request: WorkspaceRequest, form: BrandForm, found: Brand | None, make: Callable[..., Brand]) -> Brand | None:
    """What a service makes of the form; what it refuses becomes an error of its field."""
    if not form.is_valid():
        return None
    try:
        return make(workspace=request.workspace, brand=found, fields=form.cleaned_data)
    except service.Taken as taken:
        form.add_error(_field_of(form, taken), _with_link(request, taken))
    except service.BadRule as rule:
        form.add_error(rule.field, str(rule))
    except Problem as problem:
        form.add_error("name", str(problem))
    return None


def _field_of(form: BrandForm, taken: service.Taken) -> str:
    """The field in which stands what another brand has already."""
    if isinstance(taken, service.NameTaken):
        return "name" if taken.name == form.cleaned_data["name"] else "aliases"
    return "domains"


def _with_link(request: WorkspaceRequest, taken: service.Taken) -> SafeString:
    """What is taken, with the way to the brand that has it."""
    address = reverse("brand", args=[request.workspace.slug, taken.other.pk])
    return format_html('{} <a href="{}">Open {}</a>', str(taken), address, taken.other.name)


@access(read=None, write=Role.EDITOR)
def brand_archive(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _brand(request, pk)
    service.archive_brand(brand=found)
    _say_archived(request, found, f"{found.name} is archived and no longer looked for.")
    return redirect("brands", request.workspace.slug)


@access(read=None, write=Role.EDITOR)
def brand_restore(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _brand(request, pk)
    try:
        service.restore_brand(brand=found)
        messages.success(request, f"{found.name} is back.{_follows(request)}")
    except Problem as problem:
        messages.error(request, str(problem))
    return redirect("brands", request.workspace.slug)


@access(read=None, write=Role.OWNER)
def brand_delete(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = _brand(request, pk)
    if service.delete_brand(brand=found) == "archived":
        text = (
            f"{found.name} has history, so it was archived instead of deleted: answers that name it stay as they were."
        )
        _say_archived(request, found, text)
    else:
        messages.success(request, f"{found.name} is deleted. No answer had been read for it.")
    return redirect("brands", request.workspace.slug)


def _say_archived(request: WorkspaceRequest, found: Brand, text: str) -> None:
    undo.done(request, text + _follows(request), undo=reverse("brand_restore", args=[request.workspace.slug, found.pk]))


def _follows(request: WorkspaceRequest) -> str:
    """What happens to history after a change of the brands."""
    job = queries.recompute_under_way(request.workspace)
    if job and job.status != JobStatus.PAUSED:
        return " Earlier answers are being read again with the brands as they are now."
    return ""


def _brand(request: WorkspaceRequest, pk: int) -> Brand:
    return get_object_or_404(Brand.objects.for_workspace(request.workspace).select_related("workspace"), pk=pk)


urlpatterns = [
    path("brands/", brands, name="brands"),
    path("brands/new/", brand_new, name="brand_new"),
    path("brands/new/try/", brand_new_try, name="brand_new_try"),
    path("brands/<int:pk>/", brand, name="brand"),
    path("brands/<int:pk>/try/", brand_try, name="brand_try"),
    path("brands/<int:pk>/archive/", brand_archive, name="brand_archive"),
    path("brands/<int:pk>/restore/", brand_restore, name="brand_restore"),
    path("brands/<int:pk>/delete/", brand_delete, name="brand_delete"),
]
