"""The form for a brand that the reading missed: which, and by which words of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from monitor.forms.base import Form
from monitor.services.corrections import MOST_WORDS

Span = tuple[int, int]


class MissedForm(Form):
    """`place` is the start of one of several places; a script that knows which one was selected sends `nth` of `of`."""

    brand = forms.TypedChoiceField(label="Brand", coerce=int)
    words = forms.CharField(
        label="The words that name it",
        max_length=MOST_WORDS,
        strip=True,
        help_text="As they stand in the answer. Or select them there.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-key": "m"}),
    )
    place = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    nth = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    of = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, brands: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "missed_%s", **kwargs})
        self.fields["brand"].choices = [("", "Choose"), *brands]  # type: ignore[attr-defined]
        #: Places to choose from, as (start, sentence), when the words stand at several.
        self.places: list[tuple[int, str]] = []

    def chosen(self, found: Sequence[Span], free: Sequence[Span]) -> Span | None:
        """Which of the places is meant, if that can be told; `free` are those where the brand is not named yet."""
        place: int | None = self.cleaned_data["place"]
        nth: int | None = self.cleaned_data["nth"]
        if place is not None:
            return next((span for span in found if span[0] == place), None)
        if nth is not None and self.cleaned_data["of"] == len(found) and nth <= len(found):
            return found[nth - 1]
        return free[0] if len(free) == 1 else None
