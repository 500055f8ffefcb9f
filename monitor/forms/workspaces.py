"""The forms of a workspace: its name and time zone, and who is let in."""

from __future__ import annotations

from typing import Any

from django import forms

from monitor import schedule
from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import Role
from monitor.services import workspaces


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ")) for zone in schedule.time_zones()]


class WorkspaceForm(Form):
    name = forms.CharField(
        label="Name", max_length=workspaces.LONGEST_NAME, help_text="Your team or brand, as people call it."
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        initial="UTC",
        choices=_zones,
        help_text="Days begin and end in this zone. After a change, all history is counted anew.",
    )

    def clean_name(self) -> str:
        return checked(lambda: workspaces.clean_name(self.cleaned_data["name"]))


class InviteForm(Form):
    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.EDITOR)


class RoleForm(Form):
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class DeleteForm(Form):
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
