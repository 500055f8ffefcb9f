"""What is known of the redirects that providers hide cited pages behind, as sources are written. Asks nobody.

Works on rows of ResponseSource not yet written, so that a first reading, a reading of all history and a page found
later come to the same rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from inference.pages import hides_its_page
from monitor.models import Redirect, RedirectState
from monitor.models.redirects import fingerprint
from monitor.services import bulk

#: From the way that counts most to the one that counts least.
_WAYS = ("annotation", "marker", "link")
#: (workspace id, URL)
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a redirect leads."""

    page: str
    domain: str


def follow(rows: Sequence[bulk.Row]) -> list[bulk.Row]:
    """Sources with the pages of redirects that are known; the others are noted, to be resolved.

    Call it in the transaction that writes the rows: what is known stays so until then, and what becomes known later
    finds them written.
    """
    hidden = sorted({(row["workspace_id"], row["url"]) for row in rows if _is_hidden(row)})
    if not hidden:
        return list(rows)
    _note(hidden)
    targets = _locked(hidden)
    answers: dict[tuple[int, int], list[bulk.Row]] = defaultdict(list)
    for row in rows:
        answers[row["extraction_id"], row["response_id"]].append(row)
    return [row for answer in answers.values() for row in resolved(answer, targets)]


def resolved(rows: Sequence[bulk.Row], targets: Mapping[Place, Target]) -> list[bulk.Row]:
    """The sources of one answer with what is known of their redirects; pages that turn out the same become one."""
    if not any(_is_hidden(row) and (row["workspace_id"], row["url"]) in targets for row in rows):
        return list(rows)
    pages: dict[str, list[bulk.Row]] = defaultdict(list)
    for row in rows:
        target = targets.get((row["workspace_id"], row["url"])) if _is_hidden(row) else None
        known = dict(row) | ({"page": target.page, "domain": target.domain} if target else {})
        pages[known["page"] or known["url"]].append(known)
    joined = [_joined(same) for same in pages.values()]
    joined.sort(key=lambda row: (not row["cited"], _first(row), row["sequence"]))
    return [dict(row) | {"sequence": sequence} for sequence, row in enumerate(joined)]


def targets_of(*, workspace_id: int, urls: Sequence[str]) -> dict[Place, Target]:
    """Where these redirects lead, as far as that is known."""
    rows = Redirect.objects.for_workspace(workspace_id).filter(
        sha256__in=list(map(fingerprint, urls)), state=RedirectState.RESOLVED
    )
    return {(workspace_id, row.url): Target(row.page, row.domain) for row in rows}


# --- inside --------------------------------------------------------------------------------------------------


def _is_hidden(row: bulk.Row) -> bool:
    return not row["page"] and hides_its_page(row["url"])


def _note(places: Sequence[Place]) -> None:
    """Make a row of each that has none yet."""
    now = timezone.now()
    rows = [
        {
            "workspace_id": workspace_id,
            "url": url,
            "sha256": fingerprint(url),
            "state": RedirectState.WAITING.value,
            **dict.fromkeys(("target", "page", "domain", "problem"), ""),
            "tries": 0,
            "seen_at": now,
        }
        for workspace_id, url in places
    ]
    bulk.insert(Redirect, rows, skip_known=True)


def _locked(places: Sequence[Place]) -> dict[Place, Target]:
    """Where these lead, as far as that is known; none of them is resolved before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.workspace_id, r.url, r.state, r.page, r.domain FROM monitor_redirect r "
            "JOIN unnest(%s::bigint[], %s::text[]) AS wanted (workspace_id, sha256) USING (workspace_id, sha256) "
            "ORDER BY r.id FOR SHARE OF r",
            [[workspace_id for workspace_id, _ in places], [fingerprint(url) for _, url in places]],
        )
        return {
            (workspace_id, url): Target(page, domain)
            for workspace_id, url, state, page, domain in cursor.fetchall()
            if state == RedirectState.RESOLVED
        }


def _joined(same: Sequence[bulk.Row]) -> bulk.Row:
    """One source of those that lead to one page: by the first way that applies, with the places of that way."""
    cited = sorted((row for row in same if row["cited"]), key=lambda row: (_way(row), _first(row), row["sequence"]))
    if not cited:
        return same[0]
    shown = [row for row in cited if row["via"] == cited[0]["via"]]
    return dict(shown[0]) | {
        "spans": sorted({(start, end) for row in shown for start, end in row["spans"]}),
        "title": next((row["title"] for row in (*shown, *same) if row["title"]), ""),
        "retrieved": any(row["retrieved"] for row in same) or shown[0]["retrieved"],
    }


def _way(row: bulk.Row) -> int:
    return _WAYS.index(row["via"])


def _first(row: bulk.Row) -> float:
    """Where a citation first stands in the answer."""
    return row["spans"][0][0] if row["spans"] else math.inf
