"""Correcting an answer's reading, from its page or from its review, and taking a correction back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor import highlight
from monitor.forms.corrections import MissedForm
from monitor.models import Brand, Correction, Response, Review, Role
from monitor.queries import answers, counts, reviews
from monitor.queries import corrections as queries
from monitor.services import corrections as service
from monitor.services.errors import Problem
from monitor.views import undo
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import whole_number


@access(read=None, write=Role.EDITOR)
def answer_correct(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """What is wrong with a mention, or with `words` a brand that was missed."""
    response = response_of(request, pk)
    if "words" in request.POST:
        return _missed(request, response)
    try:
        brand = _brand(request, _number(request, "brand"))
        start, end = _number(request, "start"), _number(request, "end")
        what, value = request.POST.get("what", ""), request.POST.get("value", "")
        done = service.correct(
            response=response, brand=brand, start=start, end=end, what=what, value=value, by=request.user
        )
    except Problem as problem:
        messages.error(request, str(problem))
    else:
        _say(request, brand, done)
    return _back(request, response)


@access(read=None, write=Role.EDITOR)
def correction_undo(request: WorkspaceRequest, pk: int) -> HttpResponse:
    rows = Correction.objects.for_workspace(request.workspace).select_related("response")
    correction = get_object_or_404(rows.defer("response__search"), pk=pk)
    try:
        if service.undo(correction=correction, by=request.user):
            messages.success(request, f"The correction of {correction.brand_name} is taken back.")
        else:
            messages.info(request, f"The correction of {correction.brand_name} was taken back before.")
    except Problem as problem:
        messages.error(request, str(problem))
    return _back(request, correction.response)


def shown(
    request: WorkspaceRequest, response: Response, review: Review | None, missed: MissedForm | None = None
) -> HttpResponse:
    """The answer's page or its review, with the form for a missed brand as it was sent, if it was."""
    listed = answers.MOST_MENTIONS if request.GET.get("mentions") == "all" else answers.MENTIONS_LISTED
    context: dict[str, Any]
    if review is None:
        template, context = "response.html", {"answer": answers.answer_page(response, listed=listed)}
    else:
        looked_at = reviews.answer_review(review, listed=listed)
        template, context = "review_answer.html", {"answer": looked_at.answer, "looked_at": looked_at}
    brands = [(brand.pk, brand.name) for brand in context["answer"].brands]
    context["missed"] = missed or MissedForm(brands=brands)
    return render(request, template, context, status=422 if missed else 200)


def response_of(request: WorkspaceRequest, pk: int) -> Response:
    rows = Response.objects.for_workspace(request.workspace).defer("search")
    return get_object_or_404(rows.select_related("workspace", "run__panel", "prompt", "generation"), pk=pk)


def review_of(request: WorkspaceRequest, pk: int) -> Review:
    related = ("reviewed_by", "response__workspace", "response__run__panel", "response__prompt", "response__generation")
    rows = Review.objects.for_workspace(request.workspace).select_related(*related).defer("response__search")
    return get_object_or_404(rows, pk=pk)


def _missed(request: WorkspaceRequest, response: Response) -> HttpResponse:
    known = counts.current_brands(request.workspace)
    form = MissedForm(request.POST, brands=[(brand.pk, brand.name) for brand in known])
    if form.is_valid():
        brand, words = _brand(request, form.cleaned_data["brand"]), form.cleaned_data["words"]
        try:
            found = service.places(response.text, words)
            free = service.unnamed(response=response, brand=brand, words=words)
            span = form.chosen(found, free)
            if span is not None:
                done = service.correct(
                    response=response,
                    brand=brand,
                    start=span[0],
                    end=span[1],
                    what="mention",
                    value="yes",
                    by=request.user,
                )
                _say(request, brand, done)
                return _back(request, response)
            form.places = [(start, highlight.snippet(response.text, start, end, words)) for start, end in free]
            form.add_error("words", f"These words stand in {len(free)} places. Choose one below.")
        except Problem as problem:
            form.add_error("words", str(problem))
    return shown(request, response, _review(request, response), form)


def _say(request: WorkspaceRequest, brand: Brand, done: service.Done) -> None:
    before = next((row for row in done.replaced if row.made_by_id not in (None, request.user.pk)), None)
    other = f" It replaces what {before.made_by} said: {brand.name} {queries.says(before)} there." if before else ""
    if done.made:
        text = f"Kept: {brand.name} {queries.says(done.made)} there. Every figure counts it from now on.{other}"
        undo.done(request, text, undo=reverse("correction_undo", args=[request.workspace.slug, done.made.pk]))
    elif done.replaced:
        messages.success(request, f"Kept: the earlier correction of {brand.name} is taken back.{other}")
    else:
        messages.info(request, f"Nothing to change: the reading says so of {brand.name} already.")


def _brand(request: WorkspaceRequest, pk: int) -> Brand:
    return get_object_or_404(Brand.objects.for_workspace(request.workspace), pk=pk)


def _number(request: HttpRequest, name: str) -> int:
    value = whole_number(request.POST.get(name, ""), digits=9)
    if value is None:
        raise Problem("Nothing was changed: the form came incomplete. Load the page again.")
    return value


def _review(request: WorkspaceRequest, response: Response) -> Review | None:
    """The review that the form was sent from."""
    if "review" not in request.POST:
        return None
    found = Review.objects.for_workspace(request.workspace).filter(response=response).values_list("pk", flat=True)
    pk = found.first()
    return review_of(request, pk) if pk is not None else None


def _back(request: WorkspaceRequest, response: Response) -> HttpResponse:
    review = _review(request, response)
    if review is not None:
        return redirect("review_answer", request.workspace.slug, review.pk)
    return redirect("answer", request.workspace.slug, response.pk)


urlpatterns = [
    path("answers/<int:pk>/correct/", answer_correct, name="answer_correct"),
    path("answers/corrections/<int:pk>/undo/", correction_undo, name="correction_undo"),
]
