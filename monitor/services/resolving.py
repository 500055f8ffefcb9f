"""Finds out where redirects lead, a few at a time, and gives the sources read before their pages.

Asks the provider alone: the page itself is never visited. Everything may be delivered twice, cut short, or run beside
itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from inference.answer import AssistantError
from inference.pages import identify
from monitor import assistants
from monitor.models import Redirect, RedirectState, Response, ResponseSource, Run
from monitor.services import bulk, reading, recovery, redirects, supporting, word_counts
from monitor.services.locks import alone, hold_workspaces

#: All redirects lie at one provider's host: so many of them at once, then a pause, and no more after some seconds.
AT_ONCE = 4
PAUSE_SECONDS = 0.5
SECONDS_A_TURN = 20.0
BACKOFF_SECONDS = (60, 600, 3600, 6 * 3600, 24 * 3600)
#: Such links expire: what cannot be resolved for so long is gone.
GIVE_UP_AFTER = timedelta(days=7)
SETTLED_AT_ONCE = 500
_NEW_FIRST = F("next_try_at").asc(nulls_first=True)
_LOCK = 1_128_481_108
_COLUMNS = (
    *("workspace_id", "extraction_id", "response_id", "sequence", "url", "page", "domain", "title"),
    *("cited", "retrieved", "via", "spans"),
)


def has_work() -> bool:
    """Whether a redirect is due, or was resolved and is not yet applied everywhere."""
    return Redirect.objects.unscoped().filter(_is_due() | _is_unsettled()).exists()


def resolve() -> int:
    """Resolve what is due, for one turn; how many redirects were asked for. Nothing where another worker does it."""
    asked = 0
    with alone(_LOCK) as is_alone:
        if not is_alone:
            return 0
        until = time.monotonic() + SECONDS_A_TURN
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="redirects") as pool:
            while rows := list(Redirect.objects.unscoped().filter(_is_due()).order_by(_NEW_FIRST, "pk")[:AT_ONCE]):
                found = list(pool.map(_where, [row.url for row in rows]))
                for row, place in zip(rows, found, strict=True):
                    _keep(row, place)
                asked += len(rows)
                if time.monotonic() > until or any(_says_slower(place) for place in found):
                    break
                time.sleep(PAUSE_SECONDS)
        settle()
    return asked


def settle() -> int:
    """Give sources read before the pages of redirects resolved since; the number of answers that changed."""
    changed = 0
    while rows := list(Redirect.objects.unscoped().filter(_is_unsettled()).order_by("pk")[:SETTLED_AT_ONCE]):
        for workspace_id in sorted({row.workspace_id for row in rows}):
            urls = [row.url for row in rows if row.workspace_id == workspace_id]
            for response_id in _answers_with(workspace_id, urls):
                changed += _settle_answer(workspace_id, response_id)
        ids = [row.pk for row in rows]
        Redirect.objects.unscoped().filter(pk__in=ids).update(settled_at=timezone.now())
    if changed:
        recovery.roll_up_finished()
    return changed


# --- inside --------------------------------------------------------------------------------------------------


def _is_due() -> Q:
    return Q(state=RedirectState.WAITING) & (Q(next_try_at=None) | Q(next_try_at__lte=timezone.now()))


def _is_unsettled() -> Q:
    return Q(state=RedirectState.RESOLVED, settled_at=None)


def _where(url: str) -> str | AssistantError:
    try:
        return assistants.where(url)
    except AssistantError as error:
        return error


def _says_slower(place: str | AssistantError) -> bool:
    return isinstance(place, AssistantError) and place.kind == "rate_limited"


def _keep(row: Redirect, place: str | AssistantError) -> None:
    """Write what came of one try, by one conditional statement: what is known already stays."""
    waiting = Redirect.objects.unscoped().filter(pk=row.pk, state=RedirectState.WAITING)
    tries = row.tries + 1
    if isinstance(place, str):
        identity = identify(place)
        waiting.update(
            state=RedirectState.RESOLVED if identity.page else RedirectState.GONE,
            target=reading.storable(place),
            page=identity.page or "",
            domain=identity.domain or "",
            tries=tries,
            problem="" if identity.page else "The redirect leads to no page.",
        )
        return
    gone = place.kind == "invalid_request" or timezone.now() - row.seen_at > GIVE_UP_AFTER
    wait = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS)) - 1]
    waiting.update(
        state=RedirectState.GONE if gone else RedirectState.WAITING,
        tries=tries,
        next_try_at=timezone.now() + timedelta(seconds=wait),
        problem=reading.storable(place.message)[:300],
    )


def _answers_with(workspace_id: int, urls: Sequence[str]) -> list[int]:
    """Responses that have a source behind one of these redirects and no page of it yet."""
    sources = ResponseSource.objects.for_workspace(workspace_id).filter(page="", url__in=urls)
    return list(sources.order_by("response_id").values_list("response_id", flat=True).distinct())


def _settle_answer(workspace_id: int, response_id: int) -> bool:
    """Read one answer's sources again with what is known now, under every reading in use; whether that changed any.

    Its run's counts are then out of date, which the next sweep puts right even if this worker ends here.
    """
    with transaction.atomic():
        # in the order in which answers are stored
        hold_workspaces([workspace_id])
        response = (
            Response.objects.for_workspace(workspace_id).select_for_update(no_key=True).filter(pk=response_id).first()
        )
        if response is None:
            return False
        changed = False
        for extraction in reading.active_extractions([workspace_id])[workspace_id]:
            sources = ResponseSource.objects.for_workspace(workspace_id).filter(
                extraction=extraction, response=response_id
            )
            before = list(sources.order_by("sequence").values(*_COLUMNS))
            hidden = [row["url"] for row in before if not row["page"]]
            after = redirects.resolved(before, redirects.targets_of(workspace_id=workspace_id, urls=hidden))
            if after != before:
                sources.delete()
                bulk.insert(ResponseSource, word_counts.weighed(after, {response_id: response.text}))
                changed = True
        if changed:
            Run.objects.for_workspace(workspace_id).filter(pk=response.run_id).update(rolled_up_at=None)
            supporting.forget(workspace=workspace_id, responses=[response_id])
        return changed
