"""Links that show a saved report to whoever has them: made, found by their token, revoked.

A token is 256 random bits and is shown once; only its SHA-256 is kept, so that nobody who reads the database can open
a page with it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from monitor.models import SavedReport, ShareLink
from monitor.services import report_settings
from monitor.services.errors import Problem

DAYS = 30
MOST_DAYS = 3650
MOST_NAME = 80
MOST_LINKS = 100
#: Enough for a room full of people; a page is worth some queries.
MOST_A_MINUTE = 120


@dataclass(frozen=True, slots=True)
class NewLink:
    link: ShareLink
    token: str


def make(*, report: SavedReport, name: str, days: int | None, texts: bool, by: str = "") -> NewLink:
    """A link that expires after so many days, or never. Raises Problem."""
    name = report_settings.clean_line(name) or "Link"
    if len(name) > MOST_NAME:
        raise Problem(f"{MOST_NAME} characters are the most; these are {len(name):,}. Shorten the name.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Problem(f"A link can be open for 1 to {MOST_DAYS:,} days, or without end.")
    links = ShareLink.objects.for_workspace(report.workspace_id).filter(report=report)
    if links.filter(revoked_at=None).count() >= MOST_LINKS:
        raise Problem(f"A report has {MOST_LINKS} links at most. Revoke one that is no longer needed.")
    token = secrets.token_urlsafe(32)
    expires = None if days is None else timezone.now() + timedelta(days=days)
    link = ShareLink.objects.create(
        workspace_id=report.workspace_id,
        report=report,
        name=name,
        sha256=_fingerprint(token),
        texts=texts,
        expires_at=expires,
        created_by=by,
    )
    return NewLink(link, token)


def find(*, token: str) -> ShareLink | None:
    """The link of this token, also one that is over; None where there never was one."""
    rows = ShareLink.objects.unscoped().select_related("workspace", "report__workspace")
    return rows.filter(sha256=_fingerprint(token)).first()


def is_open(link: ShareLink) -> bool:
    return link.revoked_at is None and (link.expires_at is None or link.expires_at > timezone.now())


def may_open(link: ShareLink) -> bool:
    """False while the link is opened more often than people do. It counts roughly: two at one moment may be one."""
    key = f"share:{link.pk}:{int(time.time() // 60)}"
    cache.add(key, 0, timeout=120)
    try:
        return cache.incr(key) <= MOST_A_MINUTE
    except ValueError:
        return True  # the cache has let go of it at this moment


def note_opened(*, link: ShareLink) -> None:
    rows = ShareLink.objects.for_workspace(link.workspace_id).filter(pk=link.pk)
    rows.update(opened=F("opened") + 1, opened_at=timezone.now())


def revoke(*, link: ShareLink) -> bool:
    """End it now, for good. False where it had ended so before."""
    rows = ShareLink.objects.for_workspace(link.workspace_id).filter(pk=link.pk, revoked_at=None)
    return bool(rows.update(revoked_at=timezone.now()))


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
