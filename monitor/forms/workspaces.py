"""The forms of a workspace: its name and time zone, and who is let in."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from monitor.forms.parts import checked
from monitor.models import Role
from monitor.services import workspaces


class TimeZoneInput(forms.TextInput):
    """A text field with the system's zones to choose from."""

    template_name = "_time_zone_input.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}-zones"
        return {**context, "zones": sorted(available_timezones())}


class WorkspaceForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=workspaces.LONGEST_NAME, help_text="Your team or brand, as people call it."
    )
    time_zone = forms.CharField(
        label="Time zone",
        initial="UTC",
        widget=TimeZoneInput,
        help_text="Days begin and end in this zone. After a change, all history is counted anew.",
    )

    def clean_name(self) -> str:
        return checked(lambda: workspaces.clean_name(self.cleaned_data["name"]))

    def clean_time_zone(self) -> str:
        return checked(lambda: workspaces.clean_time_zone(self.cleaned_data["time_zone"]))


class InviteForm(forms.Form):
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.EDITOR)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class DeleteForm(forms.Form):
    """Deleting asks for the name: what is typed is what will be lost."""

    typed = forms.CharField(label="Name of the workspace", widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._name = name

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip() != self._name:
            raise forms.ValidationError(f"This is not the name. Type “{self._name}” to delete the workspace.")
        return typed
