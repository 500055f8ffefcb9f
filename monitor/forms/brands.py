"""The form of a brand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from monitor.forms.base import Form
from monitor.forms.parts import checked, lines, words
from monitor.models import Brand, BrandKind
from monitor.services import brands

#: The colour-blind-safe palette in words (Okabe and Ito), in the order of its numbers.
COLOUR_NAMES = ("Blue", "Orange", "Green", "Pink", "Vermilion", "Sky blue", "Yellow", "Grey")
#: The fields with one entry per line.
LISTS = ("aliases", "domains", "needs", "excludes")


class BrandForm(Form):
    name = forms.CharField(
        label="Name", help_text="As people write it.", widget=forms.TextInput(attrs={"autofocus": True})
    )
    kind = forms.ChoiceField(
        label="Own or competitor", choices=BrandKind.choices, initial=BrandKind.COMPETITOR, widget=forms.RadioSelect
    )
    aliases = forms.CharField(
        label="Other names",
        required=False,
        help_text="One per line: product names, short forms, former names. Case, accents and plurals are found anyway.",
        widget=forms.Textarea,
    )
    domains = forms.CharField(
        label="Domains",
        required=False,
        help_text="One per line, such as acme.com. Citations of their pages count for the brand.",
        widget=forms.Textarea,
    )
    needs = forms.CharField(
        label="Words that must be near",
        required=False,
        help_text="One per line, such as “software” for a company called Monday. The name counts only with one of these"
        " in the same sentence or the one before or after. Two brands may share a name if such words tell them apart;"
        " where both fit, it counts for your own, or the one created first.",
        widget=forms.Textarea,
    )
    excludes = forms.CharField(
        label="Words that must not be near",
        required=False,
        help_text="One per line, such as “Monday morning” or “Apple pie”. The name does not count in a sentence with"
        " one of these.",
        widget=forms.Textarea,
    )
    exact_case = forms.BooleanField(
        label="Match capitals exactly",
        required=False,
        help_text="SAP counts, Sap and sap do not. Spaces, hyphens and accents may still differ.",
    )
    colour = forms.TypedChoiceField(
        label="Colour",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="The same in every chart, on every page and in reports.",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, brand: Brand | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[tuple[Any, Any]] = [
            (number, format_html('<span class="swatch swatch-{}"></span>{}', number, name))
            for number, name in enumerate(COLOUR_NAMES)
        ]
        self.fields["colour"].choices = choices if brand else [("", "Chosen for you"), *choices]  # type: ignore[attr-defined]
        self.fields["colour"].initial = brand.colour if brand else ""
        if brand:
            self.initial = {
                "name": brand.name,
                "kind": brand.kind,
                **{name: "\n".join(getattr(brand, name)) for name in LISTS},
                "exact_case": brand.exact_case,
                "colour": brand.colour,
            }
        for name in LISTS:  # as tall as what stands in it
            entries = self[name].value() or ""
            self.fields[name].widget.attrs["rows"] = min(max(entries.count("\n") + 1, 2), 8)

    @property
    def has_conditions(self) -> bool:
        """Whether one of the fields of when a name counts says something, or is wrong."""
        return any(self[name].value() or self[name].errors for name in ("needs", "excludes", "exact_case"))

    def clean_name(self) -> str:
        return checked(lambda: brands.clean_name(self.cleaned_data["name"]))

    def clean_aliases(self) -> list[str]:
        return checked(lambda: brands.clean_names(lines(self.cleaned_data["aliases"])))

    def clean_needs(self) -> list[str]:
        return checked(lambda: brands.clean_words(lines(self.cleaned_data["needs"])))

    def clean_excludes(self) -> list[str]:
        return checked(lambda: brands.clean_words(lines(self.cleaned_data["excludes"])))

    def clean_domains(self) -> list[str]:
        return checked(lambda: brands.clean_domains(words(self.cleaned_data["domains"])))
