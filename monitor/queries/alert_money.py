"""What rules about money see: a month's budget that is nearly gone, and runs that wait because none is left.

As everywhere, what was spent is what the charges say: a call whose cost never came to light stands at its maximum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.db.models.functions import TruncDate

from monitor.firings import Firing
from monitor.models import AlertRule, Budget, Charge, RunStatus
from monitor.queries.filters import Period


def money(rule: AlertRule, period: Period, today: date) -> list[Firing]:
    found: list[Firing] = []
    if "month" in rule.watches:
        found += _months(rule, period)
    if "full" in rule.watches and today in period:
        found += _full(rule, today)
    return found


def _months(rule: AlertRule, period: Period) -> Iterator[Firing]:
    """Months in which the share of the budget was reached in the period, or earlier and the month still goes on."""
    months = Budget.objects.for_workspace(rule.workspace).filter(
        month__range=(period.start.replace(day=1), period.end), limit_usd__gt=0
    )
    budgets = {budget.pk: budget for budget in months}
    spent: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    charges = Charge.objects.for_workspace(rule.workspace).filter(of_month__in=budgets).order_by()
    by_day = charges.annotate(day=TruncDate("created_at", tzinfo=rule.workspace.zone)).values_list("of_month", "day")
    for budget_id, day, usd in by_day.annotate(usd_sum=Sum("usd")).order_by("of_month", "day"):
        spent[budget_id].append((day, usd))
    for pk, budget in budgets.items():
        limit, total, month = budget.limit_usd or Decimal(0), Decimal(0), budget.month or period.start
        for day, usd in spent[pk]:
            total += usd
            if total * 100 < limit * rule.percent:
                continue
            if day in period or (day < period.start and _last_day(month) >= period.end):
                yield Firing(
                    subject=f"month {month} {rule.percent}",
                    start=month,
                    end=max(day, period.start),
                    words=f"{rule.percent} % of the budget of {month:%B %Y} was reached on {day.day} {day:%b}: "
                    f"${total:,.2f} of ${limit:,.2f} was spent by the end of that day.",
                    page="cost",
                    good=False,
                    figures={"spent": str(total), "limit": str(limit)},
                )
            break


def _last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _full(rule: AlertRule, today: date) -> Iterator[Firing]:
    """Budgets that have no room at this moment; that one had none in the past is written down nowhere."""
    full = Budget.objects.for_workspace(rule.workspace).filter(is_full=True).select_related("run__panel")
    for budget in full.filter(run__status=RunStatus.RUNNING):
        if budget.run and budget.run.panel:
            yield Firing(
                subject=f"full run {budget.run_id}",
                start=budget.run.day,
                end=today,
                words=f"The run of “{budget.run.panel.name}” waits: its budget of ${budget.limit_usd or 0:,.2f} has no "
                "room for the next call. It goes on when an owner raises the budget.",
                page="run",
                about=budget.run_id,
                good=False,
                figures={"limit": str(budget.limit_usd)},
            )
    for budget in full.filter(month=today.replace(day=1)):
        yield Firing(
            subject=f"full month {budget.month}",
            start=today.replace(day=1),
            end=today,
            words=f"The month's budget of ${budget.limit_usd or 0:,.2f} has no room for the next call, so runs wait. "
            "They go on when an owner raises it.",
            page="cost",
            good=False,
            figures={"limit": str(budget.limit_usd)},
        )
