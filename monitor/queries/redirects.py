"""How sources behind a provider's redirects are shown: where their links lead, and what is not known of them yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inference.pages import hides_its_page
from monitor.models import Redirect, RedirectState, Workspace
from monitor.models.redirects import fingerprint

NOTES = {RedirectState.WAITING: "not resolved yet", RedirectState.GONE: "the link has expired"}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link to a source leads, and `note`: why its page is not known, empty where it is."""

    url: str
    note: str = ""


def links(workspace: Workspace, urls: Iterable[str]) -> dict[str, Link]:
    """The links of those URLs that are redirects; none for the others, which lead where they say."""
    hidden = {url for url in urls if hides_its_page(url)}
    if not hidden:
        return {}
    rows = Redirect.objects.for_workspace(workspace).filter(sha256__in=list(map(fingerprint, hidden)))
    known = {row.url: row for row in rows}
    return {url: _link(url, known.get(url)) for url in hidden}


def _link(url: str, row: Redirect | None) -> Link:
    state = RedirectState(row.state) if row else RedirectState.WAITING
    # the redirect expires one day, its target does not
    return Link(row.target if row and state == RedirectState.RESOLVED else url, NOTES.get(state, ""))
