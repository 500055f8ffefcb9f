"""The web server's entry point when it is crowded: clients that left before their turn cost nothing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

from monitor.asgi import Handler
from monitor.environment import WEB_TURNS


class Crowd:
    """Requests to a server whose every view waits until it is let go; `begun` are the paths worked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.answered: list[str] = []
        self.let_go = Event()
        self._gone: dict[str, asyncio.Event] = {}
        self._asked: dict[str, asyncio.Task[None]] = {}
        monkeypatch.setattr(Handler, "get_response", self._view)
        self._handler = Handler()

    def _view(self, request: HttpRequest) -> HttpResponse:
        self.begun.append(request.path)
        assert self.let_go.wait(20)
        return HttpResponse()

    def ask(self, path: str) -> None:
        gone = self._gone[path] = asyncio.Event()
        coming = iter([{"type": "http.request", "body": b""}])

        async def receive() -> Any:
            if (message := next(coming, None)) is not None:
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answered.append(path)

        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        self._asked[path] = asyncio.create_task(self._handler(scope, receive, send))

    def leave(self, path: str) -> None:
        self._gone[path].set()

    async def all_done(self) -> None:
        await asyncio.wait_for(asyncio.gather(*self._asked.values()), 20)

    async def begin(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.begun) < count:
                await asyncio.sleep(0.01)


def in_a_loop(talk: Any) -> None:
    with ThreadPoolExecutor(1) as other:  # Playwright may keep a loop of its own in this thread
        other.submit(asyncio.run, talk).result()


@pytest.mark.django_db(transaction=True)
def test_who_left_before_their_turn_is_never_worked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)

    async def talk() -> None:
        for number in range(WEB_TURNS):
            crowd.ask(f"/first/{number}")
        await crowd.begin(WEB_TURNS)
        for number in range(50):
            crowd.ask(f"/leaves/{number}")
        crowd.ask("/stays")
        await asyncio.sleep(0.05)
        for number in range(50):
            crowd.leave(f"/leaves/{number}")
        await asyncio.sleep(0.05)
        assert len(crowd.begun) == WEB_TURNS
        crowd.let_go.set()
        await crowd.all_done()

    in_a_loop(talk())
    assert len(crowd.begun) == len(crowd.answered) == WEB_TURNS + 1
    assert {path for path in crowd.begun if "first" not in path} == {"/stays"}


@pytest.mark.django_db(transaction=True)
def test_who_leaves_while_worked_for_keeps_the_turn_until_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd(monkeypatch)

    async def talk() -> None:
        for number in range(WEB_TURNS):
            crowd.ask(f"/leaves/{number}")
        await crowd.begin(WEB_TURNS)
        for number in range(WEB_TURNS):
            crowd.leave(f"/leaves/{number}")
            crowd.ask(f"/next/{number}")
        await asyncio.sleep(0.1)
        assert len(crowd.begun) == WEB_TURNS  # no more threads at once, whoever leaves
        crowd.let_go.set()
        await crowd.all_done()

    in_a_loop(talk())
    assert sorted(crowd.answered) == sorted(f"/next/{number}" for number in range(WEB_TURNS))
