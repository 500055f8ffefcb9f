"""The forms of a workspace: its name and time zone, and who is let in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.models import model_to_dict
from django.http import QueryDict

from monitor import schedule
from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import Role, Workspace
from monitor.services import retention, workspaces


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
        help_text="Days begin and end in this zone. After a change, all history is counted again.",
    )

    def clean_name(self) -> str:
        return checked(lambda: workspaces.clean_name(self.cleaned_data["name"]))


class SettingsForm(WorkspaceForm):
    """Also how long raw payloads stay. Where some are older than that already, it asks before they go."""

    body_retention_days = forms.IntegerField(
        label="Keep raw payloads for (days)",
        required=False,
        min_value=retention.LEAST_DAYS,
        max_value=retention.MOST_DAYS,
        help_text="What assistants sent, byte for byte. Leave empty to keep all. Answers, sources and figures always"
        " stay, but sources cannot be read again without the payload.",
    )
    delete_older = forms.BooleanField(label="Delete the older ones for good", required=False)

    def __init__(self, data: QueryDict | None = None, *, workspace: Workspace) -> None:
        super().__init__(data, initial=model_to_dict(workspace, ["name", "time_zone", "body_retention_days"]))
        self._workspace = workspace

    def shown(self) -> list[forms.BoundField]:
        """The fields; the question what to do with older payloads only where it comes up."""
        return [field for field in self if field.name != "delete_older" or field.errors]

    def clean(self) -> None:
        days = self.cleaned_data.get("body_retention_days")
        if days is None or self.cleaned_data["delete_older"] or days == self._workspace.body_retention_days:
            return
        if lost := retention.overdue(workspace=self._workspace, days=days):
            these = "1 raw payload is" if lost == 1 else f"{lost:,} raw payloads are"
            self.add_error(
                "delete_older",
                f"{these} older than that. Nothing was saved yet: agree to lose them, or give more days.",
            )


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
