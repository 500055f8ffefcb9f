"""Budgets: a month of a workspace and a run of a panel. Reserved before a call is sent, settled when its cost is known.

What is reserved is the most that the call can cost, so `reserved + spent` never passes a limit, however many workers
reserve at once: one conditional UPDATE moves a budget, and a CHECK stands behind it. A call that was sent and never
answered stays counted. Everything may be delivered twice: a charge is moved from state to state once.

Inside another transaction, call these after the rows of responses are locked: budgets are locked last, by id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from monitor.models import UNDER_WAY, Budget, Charge, ChargeState, Panel, ResponseStatus, Run, SpendingLimit, Workspace

ZERO = Decimal(0)
#: The largest limit and the largest charge that the columns hold.
LARGEST = Decimal(10_000_000)


@dataclass(frozen=True, slots=True)
class Wish:
    """A call about to be sent; `maximum_usd` is the most it can cost, None when nobody knows its price."""

    response_id: int
    lease: int
    workspace_id: int
    run_id: int
    maximum_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to; `cost_usd` None when it is not known: then it counts at its maximum."""

    response_id: int
    lease: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call must not be sent: `no_price`, or the budget that has no room for it."""

    reason: str
    sentence: str


# --- limits ---------------------------------------------------------------------------------------------------------


def set_month_limit(*, workspace: Workspace, limit_usd: Decimal | None) -> None:
    """What the workspace may spend in a month, this one included; None: as much as it takes."""
    month = month_of(workspace)
    with transaction.atomic():
        _set(workspace, None, limit_usd)
        # also where nothing was spent yet: this row alone will tell what applied in this month
        Budget.objects.bulk_create([Budget(workspace=workspace, month=month)], ignore_conflicts=True)
        _apply(Budget.objects.for_workspace(workspace).filter(month=month), limit_usd)


def set_run_limit(*, panel: Panel, limit_usd: Decimal | None) -> None:
    """What one run of the panel may spend, those under way included; None: as much as it takes."""
    with transaction.atomic():
        _set(panel.workspace, panel, limit_usd)
        _apply(
            Budget.objects.for_workspace(panel.workspace_id).filter(run__panel=panel, run__status__in=UNDER_WAY),
            limit_usd,
        )


def month_limit(*, workspace: Workspace) -> Decimal | None:
    return _limit(workspace.pk, None)


def run_limit(*, panel: Panel) -> Decimal | None:
    return _limit(panel.workspace_id, panel.pk)


def month_of(workspace: Workspace) -> date:
    """The first day of the present month in the workspace's zone: what a month's budget is known by."""
    return timezone.now().astimezone(workspace.zone).date().replace(day=1)


def _set(workspace: Workspace, panel: Panel | None, limit_usd: Decimal | None) -> None:
    rows = SpendingLimit.objects.for_workspace(workspace).filter(panel=panel)
    if limit_usd is None:
        rows.delete()
    elif not rows.update(limit_usd=limit_usd):
        SpendingLimit.objects.create(workspace=workspace, panel=panel, limit_usd=limit_usd)


def _apply(budgets: Any, limit_usd: Decimal | None) -> None:
    """Give open budgets their new limit; what is beyond it already is said, not undone."""
    ids = list(budgets.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_budget SET limit_usd = %(limit)s::numeric, is_full = false, "
            "over_usd = GREATEST(0, reserved_usd + spent_usd - %(limit)s::numeric) WHERE id = ANY(%(ids)s)",
            {"limit": limit_usd, "ids": ids},
        )


def _limit(workspace_id: int, panel_id: int | None) -> Decimal | None:
    rows = SpendingLimit.objects.for_workspace(workspace_id)
    found = (rows.filter(panel__isnull=True) if panel_id is None else rows.filter(panel_id=panel_id)).first()
    return found.limit_usd if found else None


# --- reserve --------------------------------------------------------------------------------------------------------


def reserve(wishes: Sequence[Wish]) -> dict[tuple[int, int], Refused]:
    """Reserve each call's maximum in its month and its run, in order, and enter it in the books; what is refused.

    All in a few statements, whatever the number. The result is by (response id, lease); what is not in it may be
    sent. A call that costs nothing needs no entry. Delivered twice, the second time changes nothing.
    """
    refused = {(w.response_id, w.lease): NO_PRICE for w in wishes if w.maximum_usd is None}
    paid = [w for w in wishes if w.maximum_usd]
    if not paid:
        return refused
    with transaction.atomic():
        paid = _not_yet_entered(paid)
        months, runs = _budgets(paid)
        locked = _lock({*months.values(), *runs.values()})
        left = {pk: None if limit is None else limit - taken for pk, (limit, taken) in locked.items()}
        granted: list[Wish] = []
        taking: dict[int, Decimal] = defaultdict(Decimal)
        full: set[int] = set()
        for wish in paid:
            amount, pair = wish.maximum_usd or ZERO, (months[wish.workspace_id], runs[wish.run_id])
            short = [pk for pk in pair if (room := left[pk]) is not None and room - taking.get(pk, ZERO) < amount]
            if short:
                full.update(short)
                refused[wish.response_id, wish.lease] = RUN_FULL if pair[1] in short else MONTH_FULL
                continue
            granted.append(wish)
            for pk in pair:
                taking[pk] += amount
        _take(taking)
        _mark_full(full)
        now = timezone.now()
        Charge.objects.bulk_create(
            Charge(
                workspace_id=w.workspace_id,
                response_id=w.response_id,
                lease=w.lease,
                of_month_id=months[w.workspace_id],
                of_run_id=runs[w.run_id],
                maximum_usd=w.maximum_usd or ZERO,
                usd=w.maximum_usd or ZERO,
                created_at=now,
            )
            for w in granted
        )
    return refused


NO_PRICE = Refused("no_price", "Nobody has entered a price for this model, so it is not asked. Enter one under Cost.")
MONTH_FULL = Refused("budget", "This month's budget has no room for it. It is asked when an owner raises the budget.")
RUN_FULL = Refused("budget", "The run's budget has no room for it. It is asked when an owner raises the budget.")


def _not_yet_entered(wishes: Sequence[Wish]) -> list[Wish]:
    held = set(
        Charge.objects.unscoped()
        .filter(response_id__in=[w.response_id for w in wishes])
        .values_list("response_id", "lease")
    )
    return [w for w in wishes if (w.response_id, w.lease) not in held]


def _budgets(wishes: Iterable[Wish]) -> tuple[dict[int, int], dict[int, int]]:
    """(month's budget by workspace, run's budget by run), made where they are missing."""
    workspaces = {w.pk: w for w in Workspace.objects.filter(pk__in={wish.workspace_id for wish in wishes})}
    run_ids = {wish.run_id: wish.workspace_id for wish in wishes}
    now = {pk: month_of(workspace) for pk, workspace in workspaces.items()}

    def find() -> tuple[dict[int, int], dict[int, int]]:
        months = Budget.objects.unscoped().filter(workspace_id__in=now, month__in=set(now.values()))
        runs = Budget.objects.unscoped().filter(run_id__in=run_ids)
        return (
            {workspace_id: pk for pk, workspace_id, month in months.values_list("pk", "workspace_id", "month")
             if month == now[workspace_id]},
            {run_id: pk for pk, run_id in runs.values_list("pk", "run_id") if run_id is not None},
        )  # fmt: skip

    months, runs = find()
    if now.keys() - months.keys() or run_ids.keys() - runs.keys():
        _open(now, months, run_ids, runs)
        months, runs = find()
    return months, runs


def _open(now: dict[int, date], months: dict[int, int], run_ids: dict[int, int], runs: dict[int, int]) -> None:
    limits: dict[tuple[int, int | None], Decimal] = {
        (workspace_id, panel_id): limit
        for workspace_id, panel_id, limit in SpendingLimit.objects.unscoped()
        .filter(workspace_id__in=now)
        .values_list("workspace_id", "panel_id", "limit_usd")
    }
    panels = dict(Run.objects.unscoped().filter(pk__in=run_ids).values_list("pk", "panel_id"))
    fresh = [
        Budget(workspace_id=pk, month=month, limit_usd=limits.get((pk, None)))
        for pk, month in sorted(now.items())
        if pk not in months
    ]
    for run_id, workspace_id in sorted(run_ids.items()):
        if run_id not in runs:
            panel_id = panels.get(run_id)
            limit = limits.get((workspace_id, panel_id)) if panel_id else None
            fresh.append(Budget(workspace_id=workspace_id, run_id=run_id, limit_usd=limit))
    Budget.objects.bulk_create(fresh, ignore_conflicts=True)


def _lock(ids: Iterable[int]) -> dict[int, tuple[Decimal | None, Decimal]]:
    """(limit, what is taken of it) of each budget, which nobody else moves until the transaction ends."""
    rows = Budget.objects.unscoped().filter(pk__in=set(ids)).order_by("pk").select_for_update(no_key=True)
    return {
        pk: (limit, reserved + spent)
        for pk, limit, reserved, spent in rows.values_list("pk", "limit_usd", "reserved_usd", "spent_usd")
    }


def _take(amounts: dict[int, Decimal]) -> None:
    """The conditional UPDATE: a budget moves only where there is room, whatever was read before."""
    if not amounts:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_budget b SET reserved_usd = b.reserved_usd + t.amount "
            "FROM unnest(%s::bigint[], %s::numeric[]) AS t (id, amount) WHERE b.id = t.id "
            "AND (b.limit_usd IS NULL OR b.reserved_usd + b.spent_usd + t.amount <= b.limit_usd)",
            [list(amounts), list(amounts.values())],
        )
        if cursor.rowcount != len(amounts):
            raise RuntimeError("A budget moved while it was locked.")


def _mark_full(ids: set[int]) -> None:
    if ids:
        Budget.objects.unscoped().filter(pk__in=ids).update(is_full=True)


# --- settle ---------------------------------------------------------------------------------------------------------


def settle(outcomes: Sequence[Outcome]) -> None:
    """Enter what calls came to, instead of what was reserved for them.

    An unknown cost counts at the maximum until a later answer says better. Calls without an entry are passed over,
    and so is what was settled before.
    """
    _move(outcomes, {ChargeState.RESERVED, ChargeState.ASSUMED})


def release(keys: Iterable[tuple[int, int]]) -> None:
    """Give back what was reserved for calls, by (response id, lease), that were never sent."""
    _move([Outcome(response_id, lease, ZERO) for response_id, lease in keys], {ChargeState.RESERVED}, released=True)


def _move(outcomes: Sequence[Outcome], states: set[ChargeState], *, released: bool = False) -> None:
    costs = {(o.response_id, o.lease): o.cost_usd for o in outcomes}
    if not costs:
        return
    with transaction.atomic():
        rows = [
            row
            for row in Charge.objects.unscoped()
            .filter(response_id__in={response_id for response_id, _ in costs}, state__in=states)
            .order_by("pk")
            .select_for_update(no_key=True)
            if (row.response_id, row.lease) in costs
        ]
        freed: dict[int, Decimal] = defaultdict(Decimal)
        spent: dict[int, Decimal] = defaultdict(Decimal)
        changed: list[Charge] = []
        for row in rows:
            cost = costs[row.response_id, row.lease]
            if cost is None and row.state == ChargeState.ASSUMED:
                continue
            counted = row.maximum_usd if cost is None else min(max(cost, ZERO), LARGEST)
            for pk in (row.of_month_id, row.of_run_id):
                if row.state == ChargeState.RESERVED:
                    freed[pk] += row.maximum_usd
                    spent[pk] += counted
                else:
                    spent[pk] += counted - row.usd
            row.usd = counted
            row.state = ChargeState.RELEASED if released else ChargeState.ASSUMED if cost is None else ChargeState.SPENT
            changed.append(row)
        _lock(spent)
        _settle_budgets({pk: (freed[pk], spent[pk]) for pk in spent})
        _write(changed)


def _settle_budgets(moves: dict[int, tuple[Decimal, Decimal]]) -> None:
    """What an answer cost beyond its maximum is beyond the limit too: said in `over_usd`, and nothing more is sent."""
    if not moves:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_budget b SET reserved_usd = b.reserved_usd - t.freed, spent_usd = b.spent_usd + t.spent, "
            "over_usd = GREATEST(0, b.reserved_usd - t.freed + b.spent_usd + t.spent - b.limit_usd), "
            "is_full = b.is_full AND t.spent >= t.freed "
            "FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS t (id, freed, spent) WHERE b.id = t.id",
            [list(moves), [freed for freed, _ in moves.values()], [spent for _, spent in moves.values()]],
        )


def _write(rows: Sequence[Charge]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE monitor_charge c SET state = t.state, usd = t.usd "
            "FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS t (id, state, usd) WHERE c.id = t.id",
            [[row.pk for row in rows], [str(row.state) for row in rows], [row.usd for row in rows]],
        )


def settle_ended() -> int:
    """Settle at their maximum the charges of attempts that ended while nobody settled them; how many.

    For the sweep: a response that is no longer being asked under a charge's lease will not settle it any more.
    """
    stale = (
        Charge.objects.unscoped()
        .filter(state=ChargeState.RESERVED)
        .exclude(response__status=ResponseStatus.SENDING, response__lease=F("lease"))
        .values_list("response_id", "lease")[:1000]
    )
    outcomes = [Outcome(response_id, lease, None) for response_id, lease in stale]
    settle(outcomes)
    return len(outcomes)
