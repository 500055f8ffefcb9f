"""How much one request may carry, watched while it arrives: what is too much is let go by and never kept.

Django under ASGI writes a body to disk as a whole before a view or an upload handler hears of it, so this stands in
front of Django. It knows a view's own limit, and nothing of what is sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[..., Awaitable[None]]
View = TypeVar("View", bound=Callable[..., Any])

MEGABYTE = 1024 * 1024
#: What a form writes around its files.
AROUND = MEGABYTE
#: Browsers show an answer only after they have sent everything. Who sends this many times the limit is cut off.
PATIENCE = 10


def takes(limit: Callable[[], int]) -> Callable[[View], View]:
    """Let a view take files of so many bytes together; other views take what forms without files need."""

    def declare(view: View) -> View:
        view.body_limit = limit  # type: ignore[attr-defined]
        return view

    return declare


class BodyLimit:
    """An ASGI application around Django's."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        limit = _limit(scope["path"].removeprefix(scope.get("root_path", "")))
        at_most = limit + AROUND
        latest: Message = {"type": "http.request", "more_body": True}
        received, over = 0, _announced(scope) > at_most

        async def watched() -> Message:
            nonlocal latest, received, over
            latest = await receive()
            received += len(latest.get("body", b""))
            over = received > at_most
            return {"type": "http.disconnect"} if over else latest  # Django then drops what it has

        if not over:
            await self._application(scope, watched, send)
        if over and await _let_go_by(receive, latest, at_most=PATIENCE * at_most):
            await _refuse(send, limit)


def _limit(path: str) -> int:
    """The bytes that the view behind this path takes as files or fields."""
    try:
        own = getattr(resolve(path).func, "body_limit", None)
    except Resolver404:
        own = None
    return int(own()) if own else settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


def _announced(scope: Message) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


async def _let_go_by(receive: Receive, latest: Message, *, at_most: int) -> bool:
    """Read on to the end of the body and keep nothing. False when the sender left, or does not come to an end."""
    passed = 0
    while latest["type"] == "http.request" and passed <= at_most:
        if not latest.get("more_body", False):
            return True
        latest = await receive()
        passed += len(latest.get("body", b""))
    return False


async def _refuse(send: Send, limit: int) -> None:
    page = render_to_string("413.html", {"megabytes": limit // MEGABYTE}).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"content-security-policy", b"default-src 'none'; style-src 'self'"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": page})
