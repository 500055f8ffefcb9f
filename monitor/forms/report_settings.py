"""The form of how reports look, and of the addresses outside the team that they may go to."""

from __future__ import annotations

from typing import Any

from django import forms

from monitor import logos
from monitor.branding import ACCENT
from monitor.forms.base import Form
from monitor.forms.parts import checked, words
from monitor.services import report_settings as service


class ReportSettingsForm(Form):
    name = forms.CharField(
        label="Name on reports",
        required=False,
        max_length=80,
        help_text="Your company or agency, printed above the title. Leave empty for none.",
    )
    accent = forms.CharField(
        label="Accent colour",
        required=False,
        max_length=7,
        help_text="For headings and the first line of tables, such as #7a1f3d. It must be readable on white.",
        widget=forms.TextInput(attrs={"class": "narrow", "placeholder": ACCENT, "spellcheck": "false"}),
    )
    footer = forms.CharField(
        label="Footer",
        required=False,
        max_length=200,
        help_text="On every page of the PDF, such as “Confidential” or a phone number.",
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text=f"PNG, JPEG or SVG of at most {logos.MOST_BYTES // 1000} kB. It is kept as PNG.",
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg,.svg"}),
    )
    remove_logo = forms.BooleanField(label="Remove the logo", required=False)
    addresses = forms.CharField(
        label="Addresses outside the team",
        required=False,
        help_text=f"One per line, at most {service.MOST_ADDRESSES}. Scheduled reports may go to members and to these.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    def clean_name(self) -> str:
        return checked(lambda: service.clean_line(self.cleaned_data["name"]))

    def clean_footer(self) -> str:
        return checked(lambda: service.clean_line(self.cleaned_data["footer"]))

    def clean_accent(self) -> str:
        return checked(lambda: service.clean_accent(self.cleaned_data["accent"]))

    def clean_addresses(self) -> list[str]:
        return checked(lambda: service.clean_addresses(words(self.cleaned_data["addresses"])))

    def clean_logo(self) -> bytes | None:
        upload = self.cleaned_data["logo"]
        if upload is None:
            return None
        return checked(lambda: service.clean_logo(upload.read(logos.MOST_BYTES + 1)))

    def values(self) -> dict[str, Any]:
        """The fields as `report_settings.save` takes them."""
        fields = dict(self.cleaned_data)
        remove = fields.pop("remove_logo")
        return fields | {"logo": b"" if remove and fields["logo"] is None else fields["logo"]}
