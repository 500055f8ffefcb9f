"""Whose page a citation is: a brand owns its hosts, the hosts below them, and the registrable domains it names.

One definition in two forms, for Python and for SQL. Knows nothing of what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inference.pages import host_of, identify

#: SQL: source `s` lies on one of `hosts (host)`. Doubled per cent signs, for statements with bound values.
PAGE_HOST = "LATERAL (SELECT split_part(split_part(s.page, '/', 1), '?', 1) AS host) AS page"
IS_OWN = """(hosts.host IN (s.domain, page.host)
    OR (hosts.host LIKE '%%.%%' AND right(page.host, length(hosts.host) + 1) = '.' || hosts.host))"""


def brand_hosts(brands: Sequence[Mapping[str, Any]]) -> list[tuple[int, str]]:
    """(brand id, host) of a brand set's domains, spelled as `ResponseSource.page` spells hosts."""
    pairs = {
        (int(brand["id"]), host_of(page))
        for brand in brands
        for domain in brand["domains"]
        if (page := identify(as_url(domain)).page)
    }
    return sorted(pairs)


def owns(host: str, domain: str, page: str) -> bool:
    """True when a page of this registrable domain lies on the host or below it: IS_OWN, for Python."""
    page_host = host_of(page)
    return host in (domain, page_host) or ("." in host and page_host.endswith(f".{host}"))


def clash(domain: str, other: str) -> bool:
    """True when a page could lie on both: they are one host, or one lies below the other."""
    one, two = (identify(as_url(entry)).page or entry.casefold() for entry in (domain, other))
    one, two = host_of(one), host_of(two)
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")


def as_url(domain: str) -> str:
    return domain if "://" in domain else f"https://{domain}"
