"""Which hosts this process may speak to: public ones, and those that the operator named."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from inference.http import Client


@cache
def client() -> Client:
    """The way out of this process: to public hosts, and to those that the operator named."""
    gateways = {urlsplit(url).netloc.rpartition("@")[2].lower() for url in settings.ASSISTANT_URLS.values()}
    return Client(allowed_hosts=frozenset(settings.ALLOWED_MODEL_HOSTS) | gateways, deadline=settings.CALL_SECONDS)


def named(url: str, hosts: Iterable[str]) -> frozenset[str]:
    """The address's host and port, where the operator named them among `hosts`; nothing for any other."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    place = f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    named = {name.lower() for name in hosts}
    return frozenset({place}) if {host, place} & named else frozenset()
