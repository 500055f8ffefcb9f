"""What was spent and what will be: of a month, a panel and a run, and the forecast of a plan. Reads alone.

Every figure comes from the charges, which are what budgets count: a call whose cost never came to light stands at its
maximum, and how many do is said beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from inference.prices import Price
from monitor import assistants, planning, pricing, schedule
from monitor.models import Budget, Charge, ChargeState, Credential, OwnPrice, Panel, Run, SpendingLimit, Workspace
from monitor.queries import panels as panel_queries

ZERO = Decimal(0)
FORECAST_DAYS = 30
MONTHS_SHOWN = 12
RUNS_SHOWN = 10
_MOST_SLOTS = 200


# --- the forecast ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One assistant of a plan. `usual` and `most` are for one run, None while nobody knows the price.

    `least` is what is usual where every answer is clear and repeats are adaptive.
    """

    assistant: str
    label: str
    model: str
    fewest_answers: int
    answers: int
    typical: pricing.Typical
    price: Price | None
    least: Decimal | None
    usual: Decimal | None
    most: Decimal | None
    needs_key: bool

    @property
    def is_free(self) -> bool:
        return self.price is not None and self.price.is_free


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a plan will cost. `runs` are those of the next thirty days, None for a plan without a schedule."""

    lines: tuple[Line, ...]
    runs: int | None

    @property
    def usual(self) -> Decimal:
        """Of one run, as far as prices are known."""
        return sum((line.usual or ZERO for line in self.lines), ZERO)

    @property
    def least(self) -> Decimal:
        """The same where adaptive repeats leave out all that they can; without them it is the same."""
        return sum((line.least or ZERO for line in self.lines), ZERO)

    @property
    def most(self) -> Decimal:
        return sum((line.most or ZERO for line in self.lines), ZERO)

    @property
    def in_thirty_days(self) -> Decimal | None:
        return None if self.runs is None else self.usual * self.runs

    @property
    def least_in_thirty_days(self) -> Decimal | None:
        return None if self.runs is None else self.least * self.runs

    @property
    def unpriced(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.price is None)

    @property
    def without_key(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.needs_key)

    @property
    def is_free(self) -> bool:
        return all(line.is_free for line in self.lines)


def forecast(
    workspace: Workspace,
    *,
    plan: Iterable[Mapping[str, Any]],
    prompts: int,
    repeats: int,
    adaptive: bool = False,
    cron: str = "",
    time_zone: str = "UTC",
) -> Forecast:
    """Prompts x repeats x each assistant of the plan, at the size of call that this workspace has seen so far."""
    items = [item for item in plan if item["assistant"] in dict(assistants.choices())]
    book = pricing.book(workspace.pk)
    usual = pricing.typical(workspace.pk, [item["assistant"] for item in items])
    held = set(Credential.objects.for_workspace(workspace).values_list("assistant", flat=True))
    lines = []
    for item in items:
        name, model = item["assistant"], item.get("model") or assistants.default_model(item["assistant"])
        price, answers = pricing.find(book, name, model), prompts * repeats
        fewest = prompts * planning.fewest(repeats) if adaptive else answers
        limit = (item.get("options") or {}).get("max_output_tokens")
        size = usual[name].within(limit)
        each = pricing.expected_cost(price, size)
        most = book.maximum(price, max_output_tokens=limit)
        lines.append(
            Line(
                assistant=name,
                label=assistants.label(name),
                model=model,
                fewest_answers=fewest,
                answers=answers,
                typical=size,
                price=price,
                least=None if each is None else each * fewest,
                usual=None if each is None else each * answers,
                most=None if most is None else most * answers,
                needs_key=assistants.needs_key(name) and name not in held,
            )
        )
    return Forecast(tuple(lines), _runs_ahead(cron, time_zone))


def panel_forecast(panel: Panel) -> Forecast:
    """The forecast of a panel as it stands."""
    return forecast(
        panel.workspace,
        plan=panel.assistants,
        prompts=panel_queries.asked_count(panel.workspace, panel.suite_id, panel.tags),
        repeats=panel.repeats,
        adaptive=panel.adaptive,
        cron="" if panel.paused else panel.cron,
        time_zone=panel.time_zone,
    )


def _runs_ahead(cron: str, time_zone: str) -> int | None:
    """Slots of the next thirty days; beyond many of them, as many as their pace makes."""
    now = timezone.now()
    try:
        if not cron:
            return None
        schedule.validate(cron, time_zone)
        slots: list[datetime] = list(schedule.next_slots(cron, time_zone, now, _MOST_SLOTS))
    except ValueError:
        return None
    end = now + timedelta(days=FORECAST_DAYS)
    within = sum(slot <= end for slot in slots)
    if within < _MOST_SLOTS:
        return within
    return round(_MOST_SLOTS * (end - now) / (slots[-1] - now))


# --- what was spent --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget as it stands; `limit` None: none is set. `assumed` calls count at their maximum."""

    limit: Decimal | None = None
    spent: Decimal = ZERO
    reserved: Decimal = ZERO
    over: Decimal = ZERO
    assumed: int = 0
    is_full: bool = False

    @property
    def left(self) -> Decimal | None:
        return None if self.limit is None else max(self.limit - self.spent - self.reserved, ZERO)

    @property
    def share(self) -> float:
        """How much of the limit is gone, 0 to 1."""
        return float(min((self.spent + self.reserved) / self.limit, Decimal(1))) if self.limit else 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """What an assistant or a panel cost in a month; `each` is the mean of a call."""

    label: str
    pk: int | None
    calls: int
    usd: Decimal
    assumed: int

    @property
    def each(self) -> Decimal | None:
        return self.usd / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price in use or of one's own; `own` is the row that a person entered."""

    assistant: str
    label: str
    model: str
    price: Price | None
    own: OwnPrice | None
    in_use: bool


@dataclass(frozen=True, slots=True)
class Month:
    """What a month may cost and what was spent in it; `share` of the budget, None without one."""

    month: date
    limit: Decimal | None
    spent: Decimal
    reserved: Decimal

    @property
    def share(self) -> float | None:
        return float(self.spent / self.limit) if self.limit else None


@dataclass(frozen=True, slots=True)
class CostPage:
    month: date
    now: Spent
    by_assistant: tuple[Part, ...]
    by_panel: tuple[Part, ...]
    months: tuple[Month, ...]
    ahead: tuple[tuple[Panel, Forecast], ...]
    prices: tuple[PriceRow, ...]

    @property
    def ahead_usd(self) -> Decimal:
        """What all schedules will cost in the next thirty days."""
        return sum((forecast.in_thirty_days or ZERO for _, forecast in self.ahead), ZERO)


def cost_page(workspace: Workspace) -> CostPage:
    month = timezone.now().astimezone(workspace.zone).date().replace(day=1)
    budgets = Budget.objects.for_workspace(workspace)
    charges = Charge.objects.for_workspace(workspace).filter(of_month__month=month)
    panels = list(Panel.objects.for_workspace(workspace).filter(archived_at=None).select_related("suite", "workspace"))
    ahead = tuple((panel, panel_forecast(panel)) for panel in panels)
    return CostPage(
        month=month,
        now=_month(workspace, budgets.filter(month=month).first(), charges),
        by_assistant=_by_assistant(charges),
        by_panel=_by_panel(charges),
        months=tuple(_months(list(budgets.filter(month__lte=month).order_by("month")), month)[:MONTHS_SHOWN]),
        ahead=tuple((panel, plan) for panel, plan in ahead if plan.runs is not None and not plan.is_free),
        prices=_prices(workspace, ahead),
    )


def run_spent(run: Run) -> Spent:
    """What a run cost so far; with the panel's limit while nothing was sent yet."""
    charges = Charge.objects.for_workspace(run.workspace_id).filter(of_run__run=run)
    budget = Budget.objects.for_workspace(run.workspace_id).filter(run=run).first()
    return _spent(budget, charges) if budget else Spent(limit=_run_limit(run.workspace_id, run.panel_id))


def panel_spent(panel: Panel) -> Spent:
    """What all runs of a panel cost so far, with what one run may."""
    found = (
        Budget.objects.for_workspace(panel.workspace_id)
        .filter(run__panel=panel)
        .aggregate(spent=Sum("spent_usd"), reserved=Sum("reserved_usd"))
    )
    charges = Charge.objects.for_workspace(panel.workspace_id).filter(of_run__run__panel=panel)
    return Spent(
        limit=_run_limit(panel.workspace_id, panel.pk),
        spent=found["spent"] or ZERO,
        reserved=found["reserved"] or ZERO,
        assumed=_assumed(charges),
    )


def _months(budgets: list[Budget], last: date) -> list[Month]:
    """Every month from the first budget on, the newest first. One without a row of its own had no call, and the budget
    of the month before, for a change of it makes a row.
    """
    by_month = {budget.month: budget for budget in budgets}
    found: list[Month] = []
    month = budgets[0].month if budgets else None
    while month and month <= last:
        budget = by_month.get(month)
        limit = budget.limit_usd if budget else found[-1].limit
        found.append(Month(month, limit, budget.spent_usd if budget else ZERO, budget.reserved_usd if budget else ZERO))
        month = (month + timedelta(days=31)).replace(day=1)
    return found[::-1]


def _month(workspace: Workspace, budget: Budget | None, charges: QuerySet[Charge]) -> Spent:
    if budget is not None:
        return _spent(budget, charges)
    limit = SpendingLimit.objects.for_workspace(workspace).filter(panel__isnull=True).first()
    return Spent(limit=limit.limit_usd if limit else None)


def _spent(budget: Budget, charges: QuerySet[Charge]) -> Spent:
    return Spent(
        budget.limit_usd, budget.spent_usd, budget.reserved_usd, budget.over_usd, _assumed(charges), budget.is_full
    )


def _assumed(charges: QuerySet[Charge]) -> int:
    return charges.filter(state=ChargeState.ASSUMED).count()


def _run_limit(workspace_id: int, panel_id: int | None) -> Decimal | None:
    if panel_id is None:
        return None
    found = SpendingLimit.objects.for_workspace(workspace_id).filter(panel_id=panel_id).first()
    return found.limit_usd if found else None


_SUMS = {
    "calls": Count("pk", filter=~Q(state=ChargeState.RELEASED)),
    "usd": Sum("usd"),
    "assumed": Count("pk", filter=Q(state=ChargeState.ASSUMED)),
}


def _by_assistant(charges: QuerySet[Charge]) -> tuple[Part, ...]:
    found: Any = charges.order_by()  # the stubs know no aliases
    rows = found.values(name=F("response__assistant")).annotate(**_SUMS).order_by("-usd", "name")
    return tuple(Part(assistants.label(r["name"]), None, r["calls"], r["usd"], r["assumed"]) for r in rows)


def _by_panel(charges: QuerySet[Charge]) -> tuple[Part, ...]:
    named = {"panel": F("of_run__run__panel_id"), "name": F("of_run__run__panel__name")}
    found: Any = charges.order_by()
    rows = found.values(**named).annotate(**_SUMS).order_by("-usd", "name")
    return tuple(
        Part(r["name"] or "Questions asked by hand", r["panel"], r["calls"], r["usd"], r["assumed"]) for r in rows
    )


def _prices(workspace: Workspace, ahead: Iterable[tuple[Panel, Forecast]]) -> tuple[PriceRow, ...]:
    """Prices of what panels ask, unknown ones first, and those that people entered."""
    own = {(row.assistant, row.model): row for row in OwnPrice.objects.for_workspace(workspace)}
    used = {(line.assistant, line.model): line for _, plan in ahead for line in plan.lines if not line.is_free}
    rows = [
        PriceRow(name, line.label, model, line.price, own.pop((name, model), None), True)
        for (name, model), line in used.items()
    ]
    rows += [
        PriceRow(name, assistants.label(name), model, pricing.as_price(row), row, False)
        for (name, model), row in own.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.price is not None, row.label.casefold(), row.model)))
