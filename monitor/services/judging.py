"""Tells in the background what answers feel towards the brands they name.

Mentions of the current reading are judged once their run has ended, newest first and some at a time, on the worker that
holds the models: as soon as an answer is due there, judging waits. A recompute's mentions are judged once it has
switched. Everything may be delivered twice, cut short, or run beside itself. Does not know what a feeling is told by.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from inference.sentiment import Feeling, Named
from monitor.assistants import engine
from monitor.models import Mention, Pointers, Response, RunStatus
from monitor.services import bulk, nudge, rollups
from monitor.services.locks import alone, hold_workspaces
from monitor.services.supporting import answers_wait

log = logging.getLogger(__name__)

#: Mentions judged together: what somebody who asks meanwhile may have to wait for.
BATCH = 64
SECONDS_A_TURN = 20.0
_LOCK = 1_128_481_112
_ENDED = (RunStatus.COMPLETED, RunStatus.CANCELLED)


def has_work() -> bool:
    """Whether a mention of an ended run is not judged yet, or was judged by an older version."""
    return _due().exists()


def work(*, keep_going: Callable[[], bool] = lambda: True) -> int:
    """Judge what is due, the workspaces by turns, for one turn or until an answer is due here; how many mentions.

    Nothing where another worker does it.
    """
    judged = 0
    with alone(_LOCK) as is_alone:
        due = list(_due().order_by("pk")) if is_alone else []
        if due:
            engine.support_embedder()  # loading it may take longer than a turn
        until = time.monotonic() + SECONDS_A_TURN
        while due:
            for pointers in tuple(due):
                if not (moved := judge_some(pointers=pointers)):
                    due.remove(pointers)
                    continue
                judged += moved
                if not keep_going() or answers_wait():
                    return judged  # the next tick goes on
                if time.monotonic() > until:
                    nudge.judging()
                    return judged
    return judged


def judge_some(*, pointers: Pointers) -> int:
    """Judge the next mentions of a workspace's reading, with the others of the answers they stand in; how many."""
    version = engine.sentiment_version()
    here = Mention.objects.for_workspace(pointers.workspace_id).filter(extraction=pointers.extraction_id)
    ended = here.filter(judge__lt=version, response__run__status__in=_ENDED)
    ids = set(ended.order_by("judge", "-id").values_list("response_id", flat=True)[:BATCH])
    texts = dict(Response.objects.for_workspace(pointers.workspace_id).filter(pk__in=ids).values_list("pk", "text"))
    answers: dict[int, list[Mention]] = defaultdict(list)
    for mention in here.filter(response__in=texts).order_by("response", "start", "brand"):
        answers[mention.response_id].append(mention)
    names = {
        mention.pk: _named(texts[response], mention, mentions)
        for response, mentions in answers.items()
        for mention in mentions
        if mention.judge < version
    }
    return _store(pointers, version, _judge(names)) if names else 0


# --- inside --------------------------------------------------------------------------------------------------


def _due() -> QuerySet[Pointers]:
    """The workspaces with mentions to judge; those of a reading that is not yet, or no longer, current are none."""
    mentions = Mention.objects.unscoped().filter(
        extraction=OuterRef("extraction"), judge__lt=engine.sentiment_version(), response__run__status__in=_ENDED
    )
    return Pointers.objects.filter(Exists(mentions.order_by()))


def _named(text: str, mention: Mention, mentions: Sequence[Mention]) -> Named:
    others = tuple((each.start, each.end) for each in mentions if each.brand_id != mention.brand_id)
    return Named(text, mention.start, mention.end, others)


def _judge(names: Mapping[int, Named]) -> dict[int, Feeling | None]:
    """What each mention tells; equal ones are looked at once. One that breaks the judge holds up no other."""
    different = list(dict.fromkeys(names.values()))
    try:
        told = dict(zip(different, engine.judge_sentiment(different), strict=True))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        if len(names) == 1:
            log.exception("Mention %s cannot be judged; it is passed over.", *names)
            return dict.fromkeys(names)
    else:
        return {pk: told[name] for pk, name in names.items()}
    return {pk: feeling for each in names.items() for pk, feeling in _judge(dict([each])).items()}


def _store(pointers: Pointers, version: int, feelings: Mapping[int, Feeling | None]) -> int:
    """Rows that somebody else holds are left: a recompute or a deletion drops them, and nobody waits for anybody.

    Where a person said what is felt, that stays, and what was found is kept beside it. The counts follow at once, so
    runs that are being counted are left as well.
    """
    workspace_id = pointers.workspace_id
    rows = Mention.objects.for_workspace(workspace_id).filter(pk__in=feelings, judge__lt=version).order_by("pk")
    with transaction.atomic():
        hold_workspaces([workspace_id])
        runs = rollups.hold_runs(workspace_id=workspace_id, runs=rows.values_list("response__run", flat=True))
        free = rows.filter(response__run__in=runs).select_for_update(of=("self",), skip_locked=True, no_key=True)
        held = list(free.values_list("pk", "by_hand", "response"))
        for column, by_hand in (("sentiment", False), ("judged", True)):
            chosen = [pk for pk, hand, _ in held if hand is by_hand]
            bulk.update(Mention, [{"id": pk, column: feelings[pk], "judge": version} for pk in chosen])
        rollups.follow_judged(pointers=pointers, responses=[response for *_, response in held])
    return len(held)
