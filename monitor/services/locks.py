"""Work that one worker does at a time, by locks of PostgreSQL that go with their connection, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
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
