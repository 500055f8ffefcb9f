"""The Ask page: one question to one assistant, its answer while it comes, and what was asked before.

The stream's view is a plain one that checks who asks and hands Django an asynchronous iterator: while text comes, no
thread is held and no connection of Django's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse

from monitor import assistants
from monitor.models import OPEN, Persona, Prompt, Response, Role
from monitor.queries import answers as answer_queries
from monitor.queries import asking as queries
from monitor.queries import pages as page_queries
from monitor.queries import personas, waiting
from monitor.services import outbound, runs
from monitor.services.errors import Problem
from monitor.views.access import WorkspaceRequest, access
from monitor.whole_numbers import whole_number

#: Streams of one person, and of all, that one web process keeps open; who has more gets the page by asking again.
STREAMS_A_PERSON, MOST_STREAMS = 4, 40

_open: Counter[int] = Counter()


@access(write=Role.EDITOR)
def ask(request: WorkspaceRequest) -> HttpResponse:
    if request.method == "POST":
        return _put_question(request)
    answer = whole_number(request.GET.get("answer", ""), digits=18)
    asked = {} if answer is None else _asked(request, answer)
    if request.htmx and asked:
        return render(request, "_asked.html", asked)
    return render(request, "ask.html", asked | _page(request, asked["response"] if asked else None))


def _put_question(request: WorkspaceRequest) -> HttpResponse:
    text, choice = request.POST.get("text", ""), request.POST.get("assistant", "") or assistants.EXTRACTIVE
    name, _, model = choice.partition("/")
    try:
        response = runs.ask(
            workspace=request.workspace, text=text, assistant=name, model=model, persona=_persona(request)
        )
    except Problem as problem:
        context = _page(request, None) | {"problem": problem, "text": text}
        return render(request, "ask.html", context, status=422)
    return redirect(f"{reverse('ask', args=[request.workspace.slug])}?answer={response.pk}")


def _persona(request: WorkspaceRequest) -> Persona | None:
    """Who asks, None for nobody in particular. Problem for one that is gone."""
    if not (chosen := request.POST.get("persona", "")):
        return None
    rows = Persona.objects.for_workspace(request.workspace).filter(archived_at=None)
    found = rows.filter(pk=whole_number(chosen, digits=18) or 0).first()
    if found is None:
        raise Problem("This persona is not there any more. Choose again.")
    return found


def _page(request: WorkspaceRequest, asked: Response | None) -> dict[str, Any]:
    """The context of the form and of what was asked before."""
    workspace = request.workspace
    search = request.GET.get("q", "").replace("\x00", "").strip()
    generation = page_queries.current_generation(workspace)
    chosen = request.POST.get("assistant") or (f"{asked.assistant}/{asked.model}" if asked else "")
    history = Paginator(page_queries.asked(workspace, search=search), page_queries.HISTORY)
    shown = history.get_page(request.GET.get("page"))
    earlier = [(row, assistants.label(row.assistant)) for row in shown.object_list if row != asked]
    people = personas.on_offer(workspace)
    choices = queries.choices(workspace, has_pages=generation is not None, chosen=chosen, as_persona=bool(people))
    as_before = (asked.options.get("persona") or {}).get("id") if asked else None
    return {
        "text": asked.prompt_text if asked else "",
        "choices": choices,
        "personas": people,
        "persona": whole_number(request.POST.get("persona", ""), digits=18) or as_before,
        "not_told": [choice.label for choice in choices if not choice.takes_persona],
        "generation": generation,
        "max_length": Prompt.MAX_LENGTH,
        "search": search,
        "history": shown,
        "earlier": earlier,
    }


def _asked(request: WorkspaceRequest, pk: int) -> dict[str, Any]:
    """The context of one question that was put here, and of its answer or what has come of it."""
    response = _response(request, pk)
    is_open = response.status in OPEN
    return {
        "response": response,
        "answer": answer_queries.answer_page(response),
        "is_open": is_open,
        "said": queries.said(response),
        "per_token_ms": queries.per_token_ms(response),
        "waiting": waiting.reasons(response.run, has_room=outbound.has_room()) if is_open else (),
    }


def _response(request: WorkspaceRequest, pk: int) -> Response:
    rows = page_queries.asked(request.workspace).select_related("workspace", "generation", "run__workspace")
    return get_object_or_404(rows, pk=pk)


@access()
def ask_stream(request: WorkspaceRequest, pk: int) -> HttpResponseBase:
    """Server-sent events: `said` with pieces of text, `moved` when the page should be looked at again."""
    response, person = _response(request, pk), request.user.pk
    if _open[person] >= STREAMS_A_PERSON or _open.total() >= MOST_STREAMS:
        return HttpResponse("Too many answers are being followed at once.", status=429, content_type="text/plain")
    if not connection.in_atomic_block:
        connection.close()  # Django would keep this one until the stream ends
    lease, sequence = _last_seen(request)
    events = StreamingHttpResponse(
        _events(response.pk, person, lease, sequence), content_type="text/event-stream; charset=utf-8"
    )
    events["Cache-Control"] = "no-store"
    events["X-Accel-Buffering"] = "no"
    return events


def _last_seen(request: HttpRequest) -> tuple[int, int]:
    """The try and the piece that a browser names when it comes back; before the first piece where it names none."""
    lease, _, sequence = request.headers.get("Last-Event-ID", "").partition(".")
    at_try, piece = whole_number(lease, digits=9), whole_number(sequence, digits=9)
    return (0, -1) if at_try is None or piece is None else (at_try, piece)


async def _events(response_id: int, person: int, lease: int, sequence: int) -> AsyncIterator[bytes]:
    _open[person] += 1
    try:
        yield b"retry: 2000\n\n"
        async for item in queries.follow(response_id, lease=lease, sequence=sequence):
            yield _event(item)
    finally:
        _open[person] -= 1
        if not _open[person]:
            del _open[person]


def _event(item: queries.Said | queries.Moved | None) -> bytes:
    if item is None:
        return b": still there\n\n"
    if isinstance(item, queries.Moved):
        return b"event: moved\ndata: {}\n\n"
    data = json.dumps({"try": item.lease, "text": item.text})
    return f"id: {item.lease}.{item.sequence}\nevent: said\ndata: {data}\n\n".encode()


urlpatterns = [
    path("engine/ask/", ask, name="ask"),
    path("engine/ask/<int:pk>/stream/", ask_stream, name="ask_stream"),
]
