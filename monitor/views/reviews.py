"""Reading accuracy: draw answers, look through them one at a time, see what they give, take the labels."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from monitor.exports.reviews import labels_csv
from monitor.models import Role
from monitor.queries import reviews as queries
from monitor.services import reviews as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.views.corrections import review_of, shown
from monitor.whole_numbers import whole_number


@access()
def review(request: WorkspaceRequest) -> HttpResponse:
    return render(request, "review.html", {"found": queries.how_right(request.workspace), "size": service.SIZE})


@access(read=None, write=Role.EDITOR)
def review_draw(request: WorkspaceRequest) -> HttpResponse:
    after = whole_number(request.POST.get("draws", ""), digits=8)
    drawn = service.draw(workspace=request.workspace, after=-1 if after is None else after)
    upcoming = queries.progress(request.workspace).upcoming
    if upcoming is None:
        messages.info(request, "There is no answer left to draw. Run a panel first.")
        return redirect("review", request.workspace.slug)
    if drawn:
        messages.success(request, f"{drawn} answer{'' if drawn == 1 else 's'} drawn at random.")
    return redirect("review_answer", request.workspace.slug, upcoming)


@access()
def review_answer(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = review_of(request, pk)
    return shown(request, found.response, found)


@access(read=None, write=Role.EDITOR)
def review_confirm(request: WorkspaceRequest, pk: int) -> HttpResponse:
    found = review_of(request, pk)
    try:
        confirmed = service.confirm(review=found, seen=request.POST.get("seen", ""), by=request.user)
    except Problem as problem:
        messages.error(request, str(problem))
        return redirect("review_answer", request.workspace.slug, pk)
    if confirmed:
        text = "Kept as a label. Precision and recall count it."
        undo.done(request, text, undo=reverse("review_reopen", args=[request.workspace.slug, pk]))
    upcoming = queries.progress(request.workspace, found).upcoming
    if upcoming is None:
        return redirect("review", request.workspace.slug)
    return redirect("review_answer", request.workspace.slug, upcoming)


@access(read=None, write=Role.EDITOR)
def review_reopen(request: WorkspaceRequest, pk: int) -> HttpResponse:
    if service.reopen(review=review_of(request, pk)):
        messages.success(request, "The confirmation is taken back. Look at this answer again.")
    return redirect("review_answer", request.workspace.slug, pk)


@access()
def review_labels(request: WorkspaceRequest) -> HttpResponse:
    response = HttpResponse(labels_csv(queries.labels(request.workspace)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.workspace.slug}-reviewed-labels.csv"'
    return response


urlpatterns = [
    path("answers/review/", review, name="review"),
    path("answers/review/draw/", review_draw, name="review_draw"),
    path("answers/review/labels.csv", review_labels, name="review_labels"),
    path("answers/review/<int:pk>/", review_answer, name="review_answer"),
    path("answers/review/<int:pk>/confirm/", review_confirm, name="review_confirm"),
    path("answers/review/<int:pk>/reopen/", review_reopen, name="review_reopen"),
]
