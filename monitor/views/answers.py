"""Answers: the list, one answer with what it named and cited, and its raw payload."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

from monitor.models import Body, MentionRole, ResponseStatus, Sentiment
from monitor.queries import answers as queries
from monitor.queries import answers_compared, filters
from monitor.views.access import WorkspaceRequest, access
from monitor.views.corrections import response_of, shown
from monitor.whole_numbers import whole_number


@access()
def answers(request: WorkspaceRequest) -> HttpResponse:
    bar = filters.read(request.workspace, request.GET)
    first, last = queries.days_of(bar, request.GET)
    context = {
        "bar": bar,
        "first": first,
        "last": last,
        "asked": queries.read_narrowing(request.GET),
        "found": queries.answers(request.workspace, bar, request.GET),
        "states": ResponseStatus.choices,
        "sentiments": [*Sentiment.choices, ("waiting", "Not judged yet")],
        "roles": [(each.value, "Only named" if each == MentionRole.NAMED else each.label) for each in MentionRole],
    }
    return render(request, "answers.html", context)


@access()
def answer(request: WorkspaceRequest, pk: int) -> HttpResponse:
    return shown(request, response_of(request, pk), None)


@access()
def answer_compare(request: WorkspaceRequest, pk: int) -> HttpResponse:
    response = response_of(request, pk)
    found = answers_compared.compared(response, whole_number(request.GET.get("with", "")))
    return render(request, "response_compare.html", {"response": response, "found": found})


@access()
def answer_raw(request: WorkspaceRequest, pk: int) -> HttpResponse:
    """The body as it came: on a page, or with `download=1` as a file of plain text."""
    response = response_of(request, pk)
    listed = queries.bodies(response)
    wanted = request.GET.get("body", "")
    if wanted and wanted not in {str(body.pk) for body in listed}:
        raise Http404("No such payload.")
    chosen = int(wanted) if wanted else listed[0].pk if listed else None
    raw = None
    if chosen is not None:
        rows = Body.objects.for_workspace(request.workspace).select_related("attempt")
        raw = queries.raw_body(get_object_or_404(rows, pk=chosen))
    if raw is not None and request.GET.get("download"):
        # Never as HTML: what an assistant sent is not ours to run.
        download = HttpResponse(raw.content, content_type="text/plain; charset=utf-8")
        download["Content-Disposition"] = f'attachment; filename="{raw.file_name}"'
        download["X-Content-Type-Options"] = "nosniff"
        return download
    return render(request, "response_raw.html", {"response": response, "bodies": listed, "raw": raw})


urlpatterns = [
    path("answers/", answers, name="answers"),
    path("answers/<int:pk>/", answer, name="answer"),
    path("answers/<int:pk>/compare/", answer_compare, name="answer_compare"),
    path("answers/<int:pk>/raw/", answer_raw, name="answer_raw"),
]
