"""The day's counts: of each run and assistant one row, with all that pages count of its answers.

A row is a function of (run, extraction), and writing it twice changes nothing. This reads what one run's answers say,
name and cite, has `monitor.tally` count it, and writes what comes back: as much work as the run has answers, however
long the history. What a rate is made of the counts is `monitor.metrics`' business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from monitor import packed
from monitor.models import DayCounts, Extraction, ExtractionStatus, Pointers, Response, Run, RunStatus, Workspace
from monitor.models.runs import OPEN, UNDER_WAY, VALID_FINISHES, Trigger
from monitor.services.locks import hold_workspaces
from monitor.tally import Call, Named, Owners, Source, mention_rows, tally

_OPEN_AGAIN = Q(status__in=UNDER_WAY) | Q(responses__status__in=OPEN)


def roll_up(*, run: Run, assistant: str | None = None) -> None:
    """Count an ended run under the current extraction and one being computed; the Ask page's questions never count.

    With `assistant`, a run that is counted already is counted anew for this one alone.
    """
    if not _counts(run):
        return
    extractions = (
        Extraction.objects.for_workspace(run.workspace)
        .filter(status__in=(ExtractionStatus.CURRENT, ExtractionStatus.BUILDING))
        .select_related("brand_set")
        .order_by("pk")
    )
    with transaction.atomic():
        locked = _lock(run.workspace_id, run.pk)
        if locked is None:
            return  # deleted meanwhile
        _hold_readings(run.workspace_id)
        if Run.objects.for_workspace(run.workspace).filter(pk=run.pk).filter(_OPEN_AGAIN).exists():
            return  # a retry came first: the run is counted when it ends
        for extraction in extractions:
            is_counted = locked.rolled_up_at is not None and _is_counted(extraction, locked)
            _write(extraction, locked, assistant if is_counted else None)
        Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(rolled_up_at=timezone.now())


def rebuild(*, workspace: Workspace, extraction: Extraction | None = None, missing_only: bool = False) -> int:
    """Count all ended runs again under an extraction (default: the current one); the number of runs counted.

    With `missing_only`, those that have no counts under it yet.
    """
    if extraction is None:
        extraction = (
            Extraction.objects.for_workspace(workspace)
            .filter(status=ExtractionStatus.CURRENT)
            .select_related("brand_set")
            .first()
        )
        if extraction is None:
            return 0
    runs = (
        Run.objects.for_workspace(workspace)
        .filter(status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED))
        .exclude(trigger=Trigger.ASK)
        .exclude(responses__status__in=OPEN)
        .order_by("pk")
    )
    if missing_only:
        runs = runs.exclude(pk__in=_counted(extraction))
    ids = list(runs.values_list("pk", flat=True))
    for run_id in ids:
        with transaction.atomic():
            if run := _lock(workspace.pk, run_id):
                _write(extraction, run)
    return len(ids)


def hold_runs(*, workspace_id: int, runs: Iterable[int]) -> list[int]:
    """Those of the runs that nobody counts just now: nobody does until the transaction ends."""
    free = Run.objects.for_workspace(workspace_id).filter(pk__in=set(runs)).order_by("pk")
    return list(free.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))


def follow_judged(*, pointers: Pointers, responses: Iterable[int]) -> None:
    """Count what is said of brands in the answers to these responses' prompts anew; call it while holding their runs.

    As much work as these prompts have answers in the run. A run that is not counted yet stays so.
    """
    extraction = pointers.extraction_id
    judged = Response.objects.for_workspace(pointers.workspace_id).filter(pk__in=set(responses), prompt__isnull=False)
    prompts: dict[tuple[int, str], list[int]] = defaultdict(list)
    for run, assistant, prompt in judged.order_by().values_list("run", "assistant", "prompt").distinct():
        prompts[run, assistant].append(prompt)
    for (run, assistant), of_run in prompts.items():
        rows = DayCounts.objects.for_workspace(pointers.workspace_id).filter(
            extraction=extraction, run=run, assistant=assistant, mentions__isnull=False
        )
        for pk, counted in rows.values_list("pk", "mentions"):
            values = _values(run, extraction, assistant, of_run)
            others = (row for row in packed.unpack(counted, packed.MENTIONS).tolist() if row[0] not in of_run)
            here = mention_rows((prompt, {brand: Named(*how)}) for _, prompt, brand, *how in _fetch(_NAMED, values))
            table = packed.pack(sorted([*others, *here]), packed.MENTIONS)
            rows.filter(pk=pk).update(mentions=table, judgings=F("judgings") + 1)


def uncounted() -> QuerySet[Run]:
    """The ended runs of all workspaces that are still to be counted: until then figures lack a part of history."""
    ended = Run.objects.unscoped().filter(
        status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED), rolled_up_at__isnull=True
    )
    return ended.exclude(trigger=Trigger.ASK).exclude(responses__status__in=OPEN).order_by()


def drop(*, extraction: Extraction) -> None:
    """Delete all counts under an extraction."""
    rows = DayCounts.objects.for_workspace(extraction.workspace_id).filter(extraction=extraction)
    rows._raw_delete(rows.db)


def _counts(run: Run) -> bool:
    return run.trigger != Trigger.ASK


def _is_counted(extraction: Extraction, run: Run) -> bool:
    return DayCounts.objects.for_workspace(run.workspace_id).filter(extraction=extraction, run=run).exists()


def _counted(extraction: Extraction) -> list[int]:
    rows = DayCounts.objects.for_workspace(extraction.workspace_id).filter(extraction=extraction)
    return list(rows.order_by().values_list("run_id", flat=True).distinct())


def _lock(workspace_id: int, run_id: int) -> Run | None:
    """One writer a run: a rollup and a recompute may meet. None once it was deleted."""
    hold_workspaces([workspace_id])
    return Run.objects.for_workspace(workspace_id).select_for_update().filter(pk=run_id).first()


def _hold_readings(workspace_id: int) -> None:
    """Let no recompute switch meanwhile: it drops the counts of the reading before, and must find all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM monitor_pointers WHERE workspace_id = %s FOR SHARE", [workspace_id])


def _write(extraction: Extraction, run: Run, assistant: str | None = None) -> None:
    """Put the run's rows under the extraction, or that of one assistant, in the place of those that are there."""
    values = _values(run.pk, extraction.pk, assistant)
    named: dict[int, dict[int, Named]] = defaultdict(dict)
    for response, _, brand, *how in _fetch(_NAMED, values):
        named[response][brand] = Named(*how)
    sources: dict[int, list[Source]] = defaultdict(list)
    for response, *source in _fetch(_SOURCES, values):
        sources[response].append(Source(*source))
    calls: dict[str, list[Call]] = defaultdict(list)
    strata: dict[str, str] = {}
    for name, stratum, *call in _fetch(_CALLS, values):
        calls[name].append(Call(*call))
        strata[name] = min(stratum, strata.get(name, stratum))
    there = DayCounts.objects.for_workspace(run.workspace_id).filter(extraction=extraction, run=run)
    there = there.filter(assistant=assistant) if assistant else there
    there._raw_delete(there.db)
    owners = Owners(extraction.brand_set.brands)
    DayCounts.objects.bulk_create(
        DayCounts(
            workspace_id=run.workspace_id,
            extraction=extraction,
            run=run,
            panel_id=run.panel_id,
            day=run.day,
            assistant=name,
            stratum=strata[name],
            **tally(calls[name], named, sources, owners).columns(),
        )
        for name in sorted(calls)
    )


def _values(
    run: int, extraction: int | None, assistant: str | None, prompts: list[int] | None = None
) -> dict[str, Any]:
    """What the statements bind; None stands for all."""
    return {
        "run": run,
        "extraction": extraction,
        "assistant": assistant,
        "prompts": prompts,
        "finishes": list(VALID_FINISHES),
    }


def _fetch(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_ENDED = """r.run_id = %(run)s AND r.prompt_id IS NOT NULL
    AND (%(assistant)s::text IS NULL OR r.assistant = %(assistant)s::text)
    AND (%(prompts)s::bigint[] IS NULL OR r.prompt_id = ANY(%(prompts)s::bigint[]))"""
_IS_VALID = "r.status = 'answered' AND r.finish = ANY(%(finishes)s)"
#: In the order of a Call's fields, after assistant and stratum.
_CALLS = f"""
SELECT r.assistant, r.stratum, r.id, r.prompt_id, r.status = 'answered', {_IS_VALID},
       r.status = 'answered' AND r.finish IN ('refused', 'blocked'), r.status = 'answered' AND r.finish = 'truncated',
       r.retrieval_reported, jsonb_array_length(r.searches) > 0, r.latency_ms, r.first_text_ms, r.output_tokens,
       r.tries, (r.cost_usd * 1000000)::bigint, r.error_kind, coalesce(nullif(r.model_reported, ''), r.model),
       r.model_reported
FROM monitor_response r WHERE {_ENDED} AND r.status IN ('answered', 'failed', 'unknown')
"""  # noqa: S608 - constants of this module only
#: After response, prompt and brand in the order of a Named's fields.
_NAMED = f"""
SELECT r.id, r.prompt_id, m.brand_id, min(m.rank), string_agg(concat_ws(' ',
       coalesce('judged ' || m.sentiment, 'waiting'), CASE m.role WHEN 'named' THEN 'only_named' ELSE m.role END), ' '),
       min(m.place)
FROM monitor_response r JOIN monitor_mention m ON m.response_id = r.id AND m.extraction_id = %(extraction)s
WHERE {_ENDED} AND {_IS_VALID} GROUP BY 1, 2, 3
"""  # noqa: S608
_SOURCES = f"""
SELECT r.id, s.url, s.page, s.domain, s.title, s.cited, coalesce(s.retrieved, FALSE), s.pawc
FROM monitor_response r JOIN monitor_responsesource s ON s.response_id = r.id AND s.extraction_id = %(extraction)s
WHERE {_ENDED} AND {_IS_VALID}
"""  # noqa: S608
