"""The web server's entry point (granian, ASGI)."""

from __future__ import annotations

import asyncio
import gc
import os

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
django.setup(set_prefix=False)

from monitor import environment  # noqa: E402
from monitor.body_limit import BodyLimit  # noqa: E402 - needs Django's settings


class Handler(ASGIHandler):
    """Django's, with all middleware and the view of a request in one thread.

    Each of them knows only to wait, so Django would go to a thread and back for each middleware, twice, and under load
    wait its turn there every time. What a view streams still comes from the loop.

    Few are worked for at once: they share one interpreter, and of twenty at a time each is as late as the last. The
    others wait in the loop, where Django cancels those whose clients go away: what nobody waits for any more is never
    begun, however many they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(
            min(environment.WEB_TURNS, environment.get("DATABASE_POOL") or environment.WEB_TURNS)
        )

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        async with self._turns:
            work = asyncio.ensure_future(sync_to_async(self.get_response, thread_sensitive=True)(request))
            try:
                return await asyncio.shield(work)
            finally:
                await asyncio.wait([work])  # a thread cannot be ended, so its turn lasts as long as it does


application = BodyLimit(Handler())

# What was loaded stays: looking through it for garbage again and again took a fifth of a busy server's time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 10)
