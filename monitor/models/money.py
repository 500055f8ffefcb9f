"""What may be spent and what was: prices of one's own, budgets by month and by run, and each call's place in them.

Budgets are moved by `services.budgets` alone. `reserved + spent` never passes `limit`, for which a CHECK stands;
`over_usd` is by how much it does all the same, because a limit was lowered below what was spent, or because an
answer cost more than its maximum. All figures are US dollars.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from monitor.models.base import WorkspaceModel, within_workspace
from monitor.models.panels import Panel
from monitor.models.runs import Response, Run


class OwnPrice(WorkspaceModel):
    """A price that a person entered; it goes before the built-in ones. `model` may hold `*`."""

    assistant = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    input = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    output = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    search = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    request = models.DecimalField(max_digits=12, decimal_places=6, default=0)
    entered_on = models.DateField()

    class Meta:
        ordering = ["assistant", "model"]
        constraints = [
            *within_workspace(),
            models.UniqueConstraint(fields=["workspace", "assistant", "model"], name="ownprice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.assistant} {self.model}"


class SpendingLimit(WorkspaceModel):
    """What a workspace may spend in a month of its time zone, or a panel in one run; no row: as much as it takes."""

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="+", null=True)
    limit_usd = models.DecimalField(max_digits=14, decimal_places=6)

    class Meta:
        constraints = [
            *within_workspace("panel"),
            models.UniqueConstraint(fields=["workspace", "panel"], name="spendinglimit_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(limit_usd__gte=0), name="spendinglimit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.limit_usd} USD"


class Budget(WorkspaceModel):
    """One month of a workspace, or one run: what it may spend, and how much of that is reserved or spent.

    `is_full` says that a call found no room: nothing is claimed under it until something is given back or allowed.
    """

    month = models.DateField(null=True)
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="budget", null=True)
    limit_usd = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    reserved_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    spent_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    over_usd = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    is_full = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("run"),
            models.UniqueConstraint(fields=["workspace", "month"], name="budget_month_once"),
            models.CheckConstraint(
                condition=Q(month__isnull=True, run__isnull=False) | Q(month__isnull=False, run__isnull=True),
                name="budget_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(reserved_usd__gte=0, spent_usd__gte=0, over_usd__gte=0), name="budget_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(limit_usd__isnull=True)
                | Q(limit_usd__gte=F("reserved_usd") + F("spent_usd") - F("over_usd")),
                name="budget_never_over",
            ),
        ]

    def __str__(self) -> str:
        return f"budget {self.pk}"


class ChargeState(models.TextChoices):
    RESERVED = "reserved", "Reserved"
    SPENT = "spent", "Spent"
    ASSUMED = "assumed", "Counted at its maximum, the true cost is unknown"
    RELEASED = "released", "Given back"


class Charge(WorkspaceModel):
    """One paid call in the books. `usd` is what it counts for now: its maximum until its cost is known."""

    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="charges")
    lease = models.PositiveIntegerField()
    of_month = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="+")
    of_run = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=ChargeState.choices, default=ChargeState.RESERVED)
    maximum_usd = models.DecimalField(max_digits=14, decimal_places=6)
    usd = models.DecimalField(max_digits=14, decimal_places=6)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            *within_workspace("response", "of_month", "of_run"),
            models.UniqueConstraint(fields=["response", "lease"], name="charge_lease_once"),
            models.CheckConstraint(condition=Q(maximum_usd__gte=0, usd__gte=0), name="charge_not_negative"),
        ]

    def __str__(self) -> str:
        return f"charge {self.pk}"
