"""How fast a credential may be used, for all workers together: buckets, a common cooldown, a breaker, fair shares.

Each move is one conditional UPDATE, so any number of workers may make it at once. All times are the database's, and
all may be called inside a claim's transaction. A credential without a bucket or a gate is not limited.

A bucket of P a minute holds at most a tenth of P and fills at such a rate that no minute, wherever it begins, gets
more than P; five per cent are kept back for calls that arrive later than they were taken for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from monitor.models import Credential, Gate, RateLimit, RateUnit

#: Calls of one credential that may wait for an answer at one time, where nobody set it.
IN_FLIGHT = 256
#: Server errors in a row that open the breaker; for how long the first time, doubled each time, and at most.
FAILURES = 5
OPEN_SECONDS = 30
LONGEST_OPEN_SECONDS = 15 * 60
#: How long after its call's deadline a probe has come to an end at the latest.
MARGIN_SECONDS = 10
#: No service's wish to wait is followed for longer than this; then it is asked again.
LONGEST_COOLDOWN_SECONDS = 6 * 3600


@dataclass(frozen=True, slots=True)
class Taken:
    """How many of the calls asked for may be sent now; `wait_seconds` until another may, when it was not all."""

    granted: int
    wait_seconds: float = 0.0
    is_probe: bool = False


def configure(
    *,
    credential: Credential,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    max_in_flight: int = IN_FLIGHT,
) -> None:
    """Set how fast a credential may be used; None: no limit of ours. A bucket that is there keeps its level."""
    wanted = {RateUnit.REQUESTS: requests_per_minute, RateUnit.TOKENS: tokens_per_minute}
    with transaction.atomic():
        for unit, per_minute in wanted.items():
            rows = RateLimit.objects.for_workspace(credential.workspace_id).filter(credential=credential, unit=unit)
            if per_minute is None:
                rows.delete()
            elif not rows.update(per_minute=per_minute):
                RateLimit.objects.create(
                    workspace_id=credential.workspace_id,
                    credential=credential,
                    unit=unit,
                    per_minute=per_minute,
                    level=per_minute,  # no more than what the bucket holds is ever taken out of it
                    at=timezone.now(),
                )
        Gate.objects.for_workspace(credential.workspace_id).update_or_create(
            credential=credential,
            defaults={"workspace_id": credential.workspace_id, "max_in_flight": max_in_flight},
        )


# --- buckets --------------------------------------------------------------------------------------------------------

#: How much a bucket holds and how fast it fills, a second; `price` is what one call takes out of it.
_BUCKET = """
    SELECT id, credential_id, price, capacity, rate,
        LEAST(capacity, level + rate * GREATEST(0, EXTRACT(EPOCH FROM clock_timestamp() - at)))::float8 AS level
    FROM (
        SELECT *, GREATEST(CASE unit
            WHEN 'requests' THEN 0.95 * per_minute + 1 - capacity
            ELSE GREATEST(0.95 * per_minute - capacity, 0.25 * per_minute)
        END, 0.5) / 60 AS rate
        FROM (
            SELECT *, CASE unit
                WHEN 'requests' THEN GREATEST(1, FLOOR(per_minute / 10.0))
                ELSE GREATEST(per_minute / 10.0, price)
            END AS capacity
            FROM (
                SELECT *, CASE unit
                    WHEN 'requests' THEN 1
                    ELSE LEAST(%(tokens)s::float8, per_minute)
                END AS price
                FROM {source}
            ) AS priced
        ) AS held
    ) AS filling
"""

_TAKE = f"""
WITH locked AS (
    SELECT id, credential_id, unit, per_minute, level, at FROM monitor_ratelimit
    WHERE credential_id = %(credential)s ORDER BY id FOR UPDATE
), bucket AS MATERIALIZED ({_BUCKET.format(source="locked")}
), share AS (
    SELECT LEAST(%(requests)s, MIN(FLOOR(level / price + 1e-9)) FILTER (WHERE price > 0))::int AS granted FROM bucket
)
UPDATE monitor_ratelimit r
SET level = b.level - GREATEST(s.granted, 0) * b.price, at = GREATEST(r.at, clock_timestamp())
FROM bucket b, share s WHERE r.id = b.id
RETURNING GREATEST(s.granted, 0), GREATEST(0, b.price - b.level + GREATEST(s.granted, 0) * b.price) / b.rate
"""  # noqa: S608 - made of this module's constants


def take(*, credential_id: int, requests: int, tokens: int = 0) -> Taken:
    """Take calls out of a credential's buckets, as many as there are, for sending at once.

    `tokens` is how many one call is expected to use; `spend_tokens` corrects it when the answer is there. While the
    service wants everyone to wait nothing is granted, and after a breaker's time exactly one call: the probe.
    """
    if requests < 1:
        return Taken(0)
    wait, is_open = _gate(credential_id)
    if wait > 0:
        return Taken(0, wait)
    with transaction.atomic():
        if is_open:
            if not _begin_probe(credential_id):
                return Taken(0, max(_gate(credential_id)[0], 1.0))
            requests = 1
        taken = _take(credential_id, requests, tokens)
        if is_open and not taken.granted:
            _run("UPDATE monitor_gate SET probe_until = NULL WHERE credential_id = %s", [credential_id])
    return Taken(taken.granted, taken.wait_seconds, is_probe=is_open and bool(taken.granted))


def _take(credential_id: int, requests: int, tokens: int) -> Taken:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"credential": credential_id, "requests": requests, "tokens": tokens})
        rows = cursor.fetchall()
    if not rows:
        return Taken(requests)
    granted = int(rows[0][0])
    return Taken(granted, 0.0 if granted >= requests else max(float(wait) for _, wait in rows))


def give_back(*, credential_id: int, requests: int, tokens: int = 0) -> None:
    """Put back what was taken for calls that were never sent, and a probe that was never made."""
    _run(
        "UPDATE monitor_ratelimit SET level = level + %s * CASE unit WHEN 'requests' THEN 1 ELSE %s END "
        "WHERE credential_id = %s",
        [requests, tokens, credential_id],
    )
    _run(
        "UPDATE monitor_gate SET probe_until = NULL WHERE credential_id = %s AND probe_until IS NOT NULL",
        [credential_id],
    )


def spend_tokens(*, credential_id: int, tokens: int) -> None:
    """Take out what calls used beyond what was expected of them; a negative number puts back."""
    if tokens:
        _run(
            "UPDATE monitor_ratelimit SET level = level - %s WHERE credential_id = %s AND unit = 'tokens'",
            [tokens, credential_id],
        )


# --- cooldown and breaker -------------------------------------------------------------------------------------------


def cool_down(*, credential_id: int, seconds: float) -> None:
    """The service asked to wait: so do all workers. The longest wish stands."""
    seconds = min(max(seconds, 0.0), LONGEST_COOLDOWN_SECONDS)
    _run(
        "UPDATE monitor_gate SET cool_until = clock_timestamp() + make_interval(secs => %s) WHERE credential_id = %s "
        "AND (cool_until IS NULL OR cool_until < clock_timestamp() + make_interval(secs => %s))",
        [seconds, credential_id, seconds],
    )


def report(*, credential_id: int, ok: int = 0, failed: int = 0, is_probe: bool = False) -> None:
    """How calls ended: any answer of the service is `ok`, its own trouble or silence is `failed`.

    Failures in a row open the breaker, and a failed probe opens it again for longer. While it is open only the probe
    counts: what calls from before bring, also beside the probe, changes nothing.
    """
    counts = "probe_until IS NOT NULL" if is_probe else "open_until IS NULL"
    if ok:
        _run(
            "UPDATE monitor_gate SET failures = 0, opened = 0, open_until = NULL, probe_until = NULL "  # noqa: S608
            f"WHERE credential_id = %s AND failures > 0 AND {counts}",
            [credential_id],
        )
    elif failed:
        _run(
            """
            UPDATE monitor_gate SET failures = failures + %(failed)s,
                opened = CASE WHEN {trips} THEN LEAST(opened + 1, 20) ELSE opened END,
                open_until = CASE WHEN {trips}
                    THEN clock_timestamp() + make_interval(secs => LEAST(%(first)s * 2.0 ^ opened, %(longest)s))
                    ELSE open_until END,
                probe_until = CASE WHEN {trips} THEN NULL ELSE probe_until END
            WHERE credential_id = %(credential)s AND {counts}
            """.format(trips="(open_until IS NOT NULL OR failures + %(failed)s >= %(allowed)s)", counts=counts),  # noqa: S608
            {
                "failed": failed,
                "credential": credential_id,
                "allowed": FAILURES,
                "first": OPEN_SECONDS,
                "longest": LONGEST_OPEN_SECONDS,
            },
        )


def _gate(credential_id: int) -> tuple[float, bool]:
    """(seconds until anything may go through, whether the breaker is open)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXTRACT(EPOCH FROM GREATEST(cool_until, open_until, "
            "CASE WHEN open_until IS NOT NULL THEN probe_until END) - clock_timestamp()), open_until IS NOT NULL "
            "FROM monitor_gate WHERE credential_id = %s",
            [credential_id],
        )
        row = cursor.fetchone()
    return (max(float(row[0] or 0), 0.0), bool(row[1])) if row else (0.0, False)


def _begin_probe(credential_id: int) -> bool:
    """Whether this caller is the one that may try; a probe whose worker died counts no more once it would be over."""
    return bool(
        _run(
            "UPDATE monitor_gate SET probe_until = clock_timestamp() + make_interval(secs => %s) "
            "WHERE credential_id = %s AND open_until <= clock_timestamp() "
            "AND (probe_until IS NULL OR probe_until <= clock_timestamp())",
            [max(settings.LEASE_SECONDS, settings.CALL_SECONDS + MARGIN_SECONDS), credential_id],
        )
    )


def _run(sql: str, values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


# --- fair shares ----------------------------------------------------------------------------------------------------

#: A lane is what waits for one assistant in one workspace on one queue. Found by skipping through the index
#: `response_fair`, so that ten thousand waiting rows cost no more than ten. `room` is how many of it may be claimed:
#: what its gate, its bucket and its cap on calls in flight leave, and none while its month's budget is full.
_LANES = f"""
RECURSIVE lane (queue, workspace_id, assistant) AS (
    (SELECT queue, workspace_id, assistant FROM monitor_response
     WHERE status = 'pending' AND queue = ANY(%(queues)s)
     ORDER BY queue, workspace_id, assistant LIMIT 1)
    UNION ALL
    SELECT n.queue, n.workspace_id, n.assistant FROM lane l CROSS JOIN LATERAL (
        SELECT queue, workspace_id, assistant FROM monitor_response
        WHERE status = 'pending' AND queue = ANY(%(queues)s)
          AND (queue, workspace_id, assistant) > (l.queue, l.workspace_id, l.assistant)
        ORDER BY queue, workspace_id, assistant LIMIT 1
    ) n
), flying AS (
    SELECT workspace_id, assistant, count(*) AS calls FROM monitor_response
    WHERE status = 'sending' GROUP BY workspace_id, assistant
), busy AS (
    SELECT workspace_id, sum(calls) AS calls FROM flying GROUP BY workspace_id
), bucket AS (
    SELECT credential_id, MIN(FLOOR(level / price + 1e-9)) AS calls, MAX((price - level) / rate) AS wait
    FROM ({_BUCKET.format(source="monitor_ratelimit")}) AS levels WHERE price > 0 GROUP BY credential_id
), open_lane AS (
    SELECT l.queue, l.workspace_id, l.assistant, c.id AS credential_id, COALESCE(busy.calls, 0) AS busy,
        CASE WHEN g.cool_until > clock_timestamp() OR g.open_until > clock_timestamp()
               OR (g.open_until IS NOT NULL AND g.probe_until > clock_timestamp())
               OR (c.id IS NOT NULL AND month.is_full) THEN 0
             ELSE GREATEST(0, LEAST(
                CASE WHEN g.open_until IS NOT NULL THEN 1 END, bucket.calls,
                g.max_in_flight - COALESCE(flying.calls, 0), %(limit)s))
        END::int AS room,
        GREATEST(bucket.wait, EXTRACT(EPOCH FROM GREATEST(g.cool_until, g.open_until,
            CASE WHEN g.open_until IS NOT NULL THEN g.probe_until END) - clock_timestamp())) AS wait
    FROM lane l
    JOIN monitor_workspace w ON w.id = l.workspace_id
    LEFT JOIN monitor_credential c ON c.workspace_id = l.workspace_id AND c.assistant = l.assistant
    LEFT JOIN monitor_gate g ON g.credential_id = c.id
    LEFT JOIN bucket ON bucket.credential_id = c.id
    LEFT JOIN flying ON flying.workspace_id = l.workspace_id AND flying.assistant = l.assistant
    LEFT JOIN busy ON busy.workspace_id = l.workspace_id
    LEFT JOIN monitor_budget month ON month.workspace_id = l.workspace_id
        AND month.month = date_trunc('month', now() AT TIME ZONE w.time_zone)::date
)
"""  # noqa: S608 - made of this module's constants

#: The rule of fair shares for a claim: the ids of up to `limit` responses, locked, in the order in which they are due.
#: Queues in their order, then workspaces in turn, those with fewer calls in flight first; within one, its assistants
#: in turn. To stand in a claim as `WITH picked AS (FAIR_SHARE) UPDATE ...`, with the values of `fair_values`.
FAIR_SHARE = f"""
WITH {_LANES}
SELECT id FROM (
    SELECT r.id, array_position(%(queues)s::text[], o.queue::text) AS place,
        o.busy + row_number() OVER (PARTITION BY o.queue, o.workspace_id ORDER BY r.turn, r.id) AS share
    FROM open_lane o CROSS JOIN LATERAL (
        SELECT due.id, row_number() OVER (ORDER BY due.id) AS turn FROM (
            SELECT p.id FROM monitor_response p JOIN monitor_run u ON u.id = p.run_id AND u.status = 'running'
            WHERE p.status = 'pending' AND p.queue = o.queue AND p.workspace_id = o.workspace_id
              AND p.assistant = o.assistant AND (p.next_try_at IS NULL OR p.next_try_at <= now())
              AND (%(run)s::bigint IS NULL OR p.run_id = %(run)s)
              AND NOT (o.credential_id IS NOT NULL
                       AND EXISTS (SELECT 1 FROM monitor_budget b WHERE b.run_id = p.run_id AND b.is_full))
            ORDER BY p.id
            FOR UPDATE OF p SKIP LOCKED
            LIMIT LEAST(o.room, 2 * CEIL(%(limit)s::float8 / GREATEST(
                1, (SELECT count(*) FROM open_lane WHERE room > 0))))
        ) due
    ) r
    WHERE o.room > 0
) fair ORDER BY place, share, id LIMIT %(limit)s
"""  # noqa: S608 - made of this module's constants


#: Any number that nobody else locks: the claims of all workers come one after the other.
_CLAIMS = 7_041_906


def in_turn() -> None:
    """Wait until no other claim is under way; to be called first in a claim's transaction, and held to its end.

    A claim that saw what another had not committed yet would pass the cap on calls in flight, and two that lock
    buckets and budgets of several workspaces could wait for each other.
    """
    _run("SELECT pg_advisory_xact_lock(%s)", [_CLAIMS])


def fair_values(*, queues: Sequence[str], limit: int, run_id: int | None = None) -> dict[str, Any]:
    """The values that FAIR_SHARE is executed with."""
    return {"queues": list(queues), "limit": limit, "run": run_id, "tokens": 1}


def next_opening(*, queues: Sequence[str]) -> float | None:
    """Seconds until something that waits behind a bucket, a cooldown or a breaker may go; None when nothing does.

    For a worker that got nothing from a claim: it waits that long rather than for the next tick.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {_LANES} SELECT MIN(wait) FROM open_lane WHERE room = 0 AND wait > 0",  # noqa: S608
            fair_values(queues=queues, limit=1),
        )
        row = cursor.fetchone()
    return float(row[0]) if row and row[0] is not None else None
