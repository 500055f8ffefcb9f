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


class BrandForm(Form):
    name = forms.CharField(
        label="Name", help_text="As people write it.", widget=forms.TextInput(attrs={"autofocus": True})
    )
    kind = forms.ChoiceField(
        label="Whose it is", choices=BrandKind.choices, initial=BrandKind.COMPETITOR, widget=forms.RadioSelect
    )
    aliases = forms.CharField(
        label="Other names",
        required=False,
        help_text="One a line: product names, short forms, former names. Case, accents and plurals are found anyway.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    domains = forms.CharField(
        label="Its domains",
        required=False,
        help_text="One a line, such as acme.com; a pasted page address is taken too. Citations of these count for it.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    needs = forms.CharField(
        label="Words that must stand near",
        required=False,
        help_text="One a line. A name then counts only where at least one of these stands in its sentence or in the one"
        " before or after, such as “software” for a company called Monday. Brands called alike may both list the name"
        " where such words tell them apart; where both fit, it counts for your own, or the one made first.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    excludes = forms.CharField(
        label="Words that must not stand near",
        required=False,
        help_text="One a line. A name does not count where any of these stands in its sentence, such as “Monday"
        " morning” or “Apple pie”.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    exact_case = forms.BooleanField(
        label="Capitals must be as written",
        required=False,
        help_text="SAP then counts, but neither Sap nor sap. Blanks, hyphens and accents may still differ.",
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
                "aliases": "\n".join(brand.aliases),
                "domains": "\n".join(brand.domains),
                "needs": "\n".join(brand.needs),
                "excludes": "\n".join(brand.excludes),
                "exact_case": brand.exact_case,
                "colour": brand.colour,
            }

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
