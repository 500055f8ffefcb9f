"""The forms of money: a budget, and a price that nobody else states. All in US dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from django import forms

from monitor import assistants
from monitor.forms.base import Form
from monitor.services.budgets import LARGEST


class BudgetForm(Form):
    limit = forms.DecimalField(
        label="Budget in US dollars",
        required=False,
        min_value=Decimal(0),
        max_value=LARGEST,
        decimal_places=2,
        help_text="Leave empty for no limit.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
    )

    @classmethod
    def of(cls, limit: Decimal | None) -> Self:
        """The form of a budget as it is."""
        return cls(initial={"limit": None if limit is None else round(limit, 2)})


def _price(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100_000),
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )


class PriceForm(Form):
    assistant = forms.ChoiceField(label="Assistant")
    model = forms.CharField(
        label="Model",
        required=False,
        max_length=120,
        help_text="Its exact id, or part of it with *. Leave empty for the default model.",
    )
    input = _price("Per million tokens read")
    output = _price("Per million tokens written")
    search = _price("Per search")
    request = _price("Per request")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assistant"].choices = [  # type: ignore[attr-defined]
            choice for choice in assistants.choices() if not assistants.is_free(choice[0])
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and all(cleaned.get(name) is None for name in ("input", "output", "search", "request")):
            raise forms.ValidationError("Give at least one price; write 0 for a model that costs nothing.")
        return cleaned
