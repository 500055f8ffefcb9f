"""Leases of what a worker has claimed, kept from ending while it works. Does not know what is asked, or how."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections

from monitor import watchdog

if TYPE_CHECKING:
    from monitor.services.ledger import Claim


class Leases:
    """The leases of what was claimed together, renewed by a clock of their own well before they end.

    One long answer says nothing until it is whole. A worker that stands still is given up all the same: nothing is
    renewed any more once nothing has come for `watchdog.QUIET_SECONDS`.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._claims = list(claims)
        self._came_at = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def came(self) -> None:
        """Something was answered: the worker is alive."""
        self._came_at = time.monotonic()
        watchdog.step()

    def _run(self) -> None:
        try:
            while not self._over.wait(settings.LEASE_SECONDS / 4):
                if time.monotonic() - self._came_at > watchdog.QUIET_SECONDS:
                    return
                try:
                    renew(self._claims)
                except (OperationalError, InterfaceError):
                    # the database is away: the next turn tries anew, on a new connection
                    connections.close_all()
        finally:
            connections.close_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def renew(claims: Sequence[Claim]) -> None:
    """Let the leases of these run on from now; of those answered or lost by now it renews nothing."""
    held = [[c.response_id for c in claims], [c.lease for c in claims]]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_response r SET lease_until = now() + make_interval(secs => %s) "
            "FROM unnest(%s::bigint[], %s::int[]) AS held(id, lease) "
            "WHERE r.id = held.id AND r.lease = held.lease AND r.status = 'sending'",
            [settings.LEASE_SECONDS, *held],
        )
