"""Figures that were made a moment ago, kept in this process for whoever asks next. Knows nothing of what they are.

A key holds everything that the figures are made of, rows by `counts.fingerprint`: what is out of date is not found, and
goes when others take its place. Templates keep what they write of such figures under the `stamp` of the same key.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from django.core.cache import caches

Value = TypeVar("Value")

#: A page's figures take a megabyte or so.
MOST = 48


class _Place:
    """One value, or the lock under which somebody makes it."""

    __slots__ = ("lock", "value")

    def __init__(self) -> None:
        self.lock = Lock()
        self.value: tuple[Any] | None = None


_places: OrderedDict[Hashable, _Place] = OrderedDict()
_lock = Lock()


def kept(key: Hashable, make: Callable[[], Value]) -> Value:
    """The value of the key, made where it is not there; of several who ask at once one makes it. Do not change it."""
    with _lock:
        place = _places.setdefault(key, _Place())
        _places.move_to_end(key)
        while len(_places) > MOST:
            _places.popitem(last=False)
    with place.lock:
        if place.value is None:
            place.value = (make(),)
        value: Value = place.value[0]
        return value


def stamp(key: Hashable) -> str:
    """The key as a short text, for `{% cache %}`."""
    return hashlib.blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def forget() -> None:
    """Keep nothing of what was made and written so far."""
    with _lock:
        _places.clear()
    caches["written"].clear()
