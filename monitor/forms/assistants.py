"""The forms of an assistant: what its key consists of, as the assistant itself states, and how fast it may be used."""

from __future__ import annotations

from typing import Any

from django import forms

from inference.answer import KeyField
from monitor.forms.base import Form
from monitor.services.credentials import LONGEST_VALUE


class KeyForm(Form):
    """One field for each that the assistant names. What is secret is never filled in again."""

    def __init__(self, *args: Any, fields: tuple[KeyField, ...], replaces: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in fields:
            self.fields[field.name] = _field(field, replaces)

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.fields}


def _field(field: KeyField, replaces: bool) -> forms.CharField:
    quiet = {"autocomplete": "new-password" if field.secret else "off", "spellcheck": "false"}
    kept = "Leave empty to keep the present one. " if field.secret and replaces else ""
    optional = "" if field.required else "Optional. "
    return forms.CharField(
        label=field.label,
        required=field.required and not (field.secret and replaces),
        max_length=LONGEST_VALUE,
        help_text=f"{optional}{kept}{field.hint}".strip(),
        widget=forms.PasswordInput(attrs=quiet) if field.secret else forms.TextInput(attrs=quiet),
    )


class LimitsForm(Form):
    requests = forms.IntegerField(label="Requests per minute", required=False, min_value=1, max_value=1_000_000)
    tokens = forms.IntegerField(label="Tokens per minute", required=False, min_value=1, max_value=2_000_000_000)
    max_in_flight = forms.IntegerField(label="Requests at once", min_value=1, max_value=10_000)
