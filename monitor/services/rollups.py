"""The day's counts: of each prompt x assistant of a run, how many responses named or cited each brand and domain.

A rollup is a function of (run, extraction), written by a few statements over whole sets, so that doing it twice changes
nothing. It counts; what a rate is made of these counts is `monitor.metrics`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from monitor.models import DayCell, Extraction, ExtractionStatus, Run, RunStatus, Workspace
from monitor.models.runs import OPEN, VALID_FINISHES, Trigger
from monitor.ownership import IS_OWN, PAGE_HOST, brand_hosts

CHUNK = 50
_OPEN_AGAIN = Q(status=RunStatus.RUNNING) | Q(responses__status__in=OPEN)


def roll_up(*, run: Run, prompt_id: int | None = None) -> None:
    """Count an ended run under the current extraction and one being computed; the Ask page's questions never count.

    With `prompt_id`, what is counted already is counted anew for this prompt alone.
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
        _lock([run.pk])
        _hold_readings(run.workspace_id)
        if Run.objects.for_workspace(run.workspace).filter(pk=run.pk).filter(_OPEN_AGAIN).exists():
            return  # a retry came first: the run is counted when it ends
        for extraction in extractions:
            _write(extraction, [run.pk], prompt_id if _is_counted(extraction, run) else None)
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
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            _lock(ids[start : start + CHUNK])
            _write(extraction, ids[start : start + CHUNK])
    return len(ids)


def drop(*, extraction: Extraction) -> None:
    """Delete all counts under an extraction."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _DELETE:
            cursor.execute(statement, {"extraction": extraction.pk, "runs": None, "prompt": None})


def _counts(run: Run) -> bool:
    return run.trigger != Trigger.ASK


def _is_counted(extraction: Extraction, run: Run) -> bool:
    return DayCell.objects.for_workspace(run.workspace_id).filter(extraction=extraction, run=run).exists()


def _counted(extraction: Extraction) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT run_id FROM monitor_daycell WHERE extraction_id = %s", [extraction.pk])
        return [run_id for (run_id,) in cursor.fetchall()]


def _lock(run_ids: Sequence[int]) -> None:
    """One writer a run: a rollup and a recompute may meet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM monitor_run WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [list(run_ids)])


def _hold_readings(workspace_id: int) -> None:
    """Let no recompute switch meanwhile: it drops the counts of the reading before, and must find all of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM monitor_pointers WHERE workspace_id = %s FOR SHARE", [workspace_id])


def _write(extraction: Extraction, run_ids: Sequence[int], prompt_id: int | None = None) -> None:
    domains = brand_hosts(extraction.brand_set.brands)
    values: dict[str, Any] = {
        "extraction": extraction.pk,
        "runs": list(run_ids),
        "prompt": prompt_id,
        "finishes": list(VALID_FINISHES),
        "brand_ids": [brand for brand, _ in domains],
        "brand_hosts": [host for _, host in domains],
    }
    with connection.cursor() as cursor:
        for statement in (*_DELETE, _CELLS, _BRANDS, _DOMAINS):
            cursor.execute(statement, values)


_OF_EXTRACTION = """extraction_id = %(extraction)s AND (%(runs)s::bigint[] IS NULL OR run_id = ANY(%(runs)s::bigint[]))
    AND (%(prompt)s::bigint IS NULL OR prompt_id = %(prompt)s::bigint)"""
_OF_RESPONSES = "r.run_id = ANY(%(runs)s) AND (%(prompt)s::bigint IS NULL OR r.prompt_id = %(prompt)s::bigint)"
_DELETE = (
    *(
        f"DELETE FROM {table} WHERE cell_id IN (SELECT id FROM monitor_daycell WHERE {_OF_EXTRACTION})"  # noqa: S608
        for table in ("monitor_daybrand", "monitor_daydomain")
    ),
    f"DELETE FROM monitor_daycell WHERE {_OF_EXTRACTION}",  # noqa: S608
)

_IS_VALID = "r.status = 'answered' AND r.finish = ANY(%(finishes)s)"

_CELLS = f"""
INSERT INTO monitor_daycell (workspace_id, extraction_id, run_id, panel_id, prompt_id, day, assistant, stratum,
                             valid, with_citation, with_pawc, reporting_retrieval, failed, refused)
SELECT run.workspace_id, %(extraction)s, run.id, run.panel_id, r.prompt_id, run.day, r.assistant, min(r.stratum),
       count(*) FILTER (WHERE {_IS_VALID}),
       count(*) FILTER (WHERE {_IS_VALID} AND EXISTS (
           SELECT 1 FROM monitor_responsesource s
           WHERE s.response_id = r.id AND s.extraction_id = %(extraction)s AND s.cited)),
       count(*) FILTER (WHERE {_IS_VALID} AND EXISTS (
           SELECT 1 FROM monitor_responsesource s
           WHERE s.response_id = r.id AND s.extraction_id = %(extraction)s AND s.pawc IS NOT NULL)),
       count(*) FILTER (WHERE {_IS_VALID} AND r.retrieval_reported),
       count(*) FILTER (WHERE r.status IN ('failed', 'unknown')),
       count(*) FILTER (WHERE r.status = 'answered' AND r.finish IN ('refused', 'blocked'))
FROM monitor_response r JOIN monitor_run run ON run.id = r.run_id
WHERE {_OF_RESPONSES} AND r.prompt_id IS NOT NULL AND r.status IN ('answered', 'failed', 'unknown')
GROUP BY run.id, r.prompt_id, r.assistant
"""  # noqa: S608 - constants of this module only

#: Valid responses with the cell they count in.
_COUNTED = f"""
counted AS (
    SELECT r.id AS response_id, cell.id AS cell_id, cell.workspace_id
    FROM monitor_response r
    JOIN monitor_daycell cell ON cell.extraction_id = %(extraction)s AND cell.run_id = r.run_id
        AND cell.prompt_id = r.prompt_id AND cell.assistant = r.assistant
    WHERE {_OF_RESPONSES} AND {_IS_VALID}
)"""  # noqa: S608

_BRANDS = f"""
WITH {_COUNTED},
named AS (
    SELECT counted.cell_id, m.brand_id, counted.response_id, min(m.rank) AS rank
    FROM counted JOIN monitor_mention m ON m.response_id = counted.response_id AND m.extraction_id = %(extraction)s
    GROUP BY 1, 2, 3
),
hosts AS (SELECT * FROM unnest(%(brand_ids)s::bigint[], %(brand_hosts)s::text[]) AS hosts (brand_id, host)),
cited AS (
    SELECT DISTINCT counted.cell_id, hosts.brand_id, counted.response_id
    FROM counted JOIN monitor_responsesource s
        ON s.response_id = counted.response_id AND s.extraction_id = %(extraction)s AND s.cited
    CROSS JOIN {PAGE_HOST} JOIN hosts ON {IS_OWN}
)
INSERT INTO monitor_daybrand (workspace_id, cell_id, brand_id, named, named_first, named_top3, reciprocal_rank, cited)
SELECT cell.workspace_id, cell.id, brand.id,
       count(named.response_id), count(*) FILTER (WHERE named.rank = 1), count(*) FILTER (WHERE named.rank <= 3),
       coalesce(sum(1.0 / named.rank), 0), count(cited.response_id)
FROM named FULL JOIN cited USING (cell_id, brand_id, response_id)
JOIN monitor_daycell cell ON cell.id = cell_id
JOIN monitor_brand brand ON brand.id = brand_id AND brand.workspace_id = cell.workspace_id
GROUP BY cell.workspace_id, cell.id, brand.id
"""  # noqa: S608

_DOMAINS = f"""
WITH {_COUNTED},
sources AS (
    SELECT counted.workspace_id, counted.cell_id, counted.response_id, s.domain,
           count(DISTINCT coalesce(nullif(s.page, ''), s.url)) FILTER (WHERE s.cited) AS pages,
           bool_or(s.retrieved) AS retrieved, sum(s.pawc) AS pawc
    FROM counted JOIN monitor_responsesource s
        ON s.response_id = counted.response_id AND s.extraction_id = %(extraction)s
    GROUP BY 1, 2, 3, 4
),
shares AS (
    SELECT *, pages / nullif(sum(pages) OVER (PARTITION BY response_id), 0)::float8 AS share FROM sources
)
INSERT INTO monitor_daydomain (workspace_id, cell_id, domain, cited, retrieved, share, pawc)
SELECT workspace_id, cell_id, domain, count(*) FILTER (WHERE pages > 0), count(*) FILTER (WHERE retrieved),
       coalesce(sum(share), 0), coalesce(sum(pawc), 0)
FROM shares WHERE domain <> '' GROUP BY 1, 2, 3
"""  # noqa: S608
