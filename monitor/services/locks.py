"""Who works beside whom: what one worker does at a time, and workspaces that are not deleted meanwhile.

All by locks of PostgreSQL, which go with their connection, however that ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def alone(key: int, second: int = 0) -> Iterator[bool]:
    """Whether this worker is the only one inside under these keys; it does not wait for that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [key, second])
        (is_alone,) = cursor.fetchone() or (False,)
        try:
            yield is_alone
        finally:
            if is_alone and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [key, second])


def hold_workspaces(ids: Iterable[int]) -> None:
    """Let none of these be deleted until the transaction ends; one whose deletion has begun is gone afterwards.

    For whoever locks rows of a workspace and adds others, before the first of them. A deletion holds the workspace
    first as well, so neither waits for the other while it holds what that one needs. Whoever adds rows comes to hold
    it in any case, but at the commit alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM monitor_workspace WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [sorted(set(ids))]
        )
