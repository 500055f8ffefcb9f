"""The form of a panel. A schedule is one of the presets, terms of one's own, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from monitor import assistants, schedule
from monitor.models import Panel, Suite, Workspace
from monitor.queries import panels as queries
from monitor.services.panels import MAX_REPEATS, fields_of, plan_of

BY_HAND, OWN_TERMS = "", "own"


class PanelForm(forms.Form):
    name = forms.CharField(label="Name", widget=forms.TextInput(attrs={"autofocus": True}))
    suite = forms.TypedChoiceField(label="Suite", coerce=int, help_text="The prompts that are asked.")
    assistants = forms.MultipleChoiceField(
        label="Assistants",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one assistant."},
    )
    repeats = forms.IntegerField(
        label="Repeats",
        min_value=1,
        max_value=MAX_REPEATS,
        initial=3,
        help_text="How often each prompt is put to each assistant in a run. Answers differ: three show how much.",
        error_messages={
            "min_value": f"Repeats can be 1 to {MAX_REPEATS}.",
            "max_value": f"Repeats can be 1 to {MAX_REPEATS}.",
            "invalid": f"Write a whole number from 1 to {MAX_REPEATS}.",
        },
    )
    schedule = forms.ChoiceField(
        label="Schedule",
        required=False,
        choices=[(BY_HAND, "Only when somebody runs it"), *schedule.PRESETS, (OWN_TERMS, "In cron terms")],
        widget=forms.RadioSelect,
    )
    cron = forms.CharField(
        label="Cron terms",
        required=False,
        help_text="Minute, hour, day, month, weekday: 30 7 * * 1-5 is Monday to Friday at 07:30.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "placeholder": "30 7 * * 1-5"}),
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="Of the schedule; summer time is followed.")
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        panel: Panel | None = None,
        plan: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """`plan` is shown in place of the panel's own."""
        super().__init__(*args, **kwargs)
        self.workspace, self.panel = workspace, panel
        suites = queries.suites_on_offer(workspace, panel)
        self._offer("suite", [("", "Choose a suite"), *suites] if len(suites) != 1 else suites)
        if len(suites) == 1 and not self.initial.get("suite"):
            self.initial["suite"] = suites[0][0]  # as the browser shows it, so that the size of a run counts it
        self._offer("assistants", assistants.choices())
        zones = schedule.time_zones()
        self._offer("time_zone", [(zone, zone.replace("_", " ")) for zone in _with(zones, workspace, panel)])
        self.fields["time_zone"].initial = workspace.time_zone
        if len(assistants.choices()) == 1:
            self.fields["assistants"].initial = [assistants.choices()[0][0]]
        if panel:
            self.initial = {**_values(plan or fields_of(panel)), "revision": panel.revision}

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cron = terms(cleaned.get("schedule", ""), cleaned.get("cron", ""))
        if cleaned.get("schedule") == OWN_TERMS and not cron:
            self.add_error("cron", "Write the cron terms, or choose one of the schedules above.")
        elif "time_zone" in cleaned:
            try:
                schedule.validate(cron, cleaned["time_zone"])
            except ValueError as error:
                self.add_error("cron", str(error))
        return cleaned

    def plan(self) -> dict[str, Any]:
        """The fields as `save_panel` takes them. An assistant that was in the panel keeps its model and options."""
        kept: dict[str, dict[str, Any]] = {}
        if self.panel:  # one that somebody else took out meanwhile is still as this form was opened with it
            opened = plan_of(panel=self.panel, number=self.cleaned_data["revision"] or 0) or {}
            kept = {item["assistant"]: item for item in (*opened.get("assistants", ()), *self.panel.assistants)}
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "suite": Suite.objects.for_workspace(self.workspace).get(pk=cleaned["suite"]),
            "assistants": [
                kept.get(name, {"assistant": name, "model": "", "options": {}}) for name in cleaned["assistants"]
            ],
            "repeats": cleaned["repeats"],
            "cron": terms(cleaned["schedule"], cleaned["cron"]),
            "time_zone": cleaned["time_zone"],
        }


def terms(chosen: str, own: str) -> str:
    """The cron terms meant by the choice and the field of one's own."""
    return " ".join(own.split()) if chosen == OWN_TERMS else chosen


def _values(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan, its suite by id, as the form's fields show it."""
    preset = plan["cron"] in dict(schedule.PRESETS) or plan["cron"] == BY_HAND
    return {
        "name": plan["name"],
        "suite": plan["suite"],
        "assistants": [item["assistant"] for item in plan["assistants"]],
        "repeats": plan["repeats"],
        "schedule": plan["cron"] if preset else OWN_TERMS,
        "cron": "" if preset else plan["cron"],
        "time_zone": plan["time_zone"],
    }


def _with(zones: list[str], workspace: Workspace, panel: Panel | None) -> list[str]:
    """The zones, and those already in use that are not among them."""
    used = [workspace.time_zone, *([panel.time_zone] if panel else [])]
    return [*zones, *dict.fromkeys(zone for zone in used if zone not in zones)]
