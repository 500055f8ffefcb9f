"""The forms of alerts: a rule, with the fields that its kind has use for, and how often somebody wants a digest."""

from __future__ import annotations

from typing import Any

from django import forms

from monitor import assistants
from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import AlertKind, AlertRule, Brand, Digest, Membership, Panel, Workspace
from monitor.models.alerts import ABOUT_A_BRAND, WATCHES
from monitor.services import alert_rules as service

#: The fields of each kind beside its name, what it watches, and whom it writes to.
_MORE: dict[str, tuple[str, ...]] = {
    AlertKind.CHANGE: ("brand", "days", "percent", "panel", "assistants"),
    AlertKind.CITATIONS: ("brand", "runs", "panel", "assistants"),
    AlertKind.SENTIMENT: ("brand", "days", "percent", "panel", "assistants"),
    AlertKind.SILENCE: ("hours", "percent", "panel"),
    AlertKind.BUDGET: ("percent",),
}
_PERCENT: dict[str, tuple[str, str]] = {
    AlertKind.CHANGE: (
        "Smallest change, in points",
        "Smaller ones raise no alert, even beyond noise. With 0, every one does.",
    ),
    AlertKind.SENTIMENT: (
        "Smallest rise, in points",
        "A smaller one raises no alert, even beyond noise. With 0, every one does.",
    ),
    AlertKind.SILENCE: ("Failed answers, in percent", "A run raises an alert when more of its answers failed."),
    AlertKind.BUDGET: ("Percent of the month's budget", "An alert comes once a month, when this much is spent."),
}


class RuleForm(Form):
    name = forms.CharField(label="Name", help_text="It is the subject of the e-mails.")
    watches = forms.MultipleChoiceField(
        label="Tell me about",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing to be told of."},
    )
    brand = forms.TypedChoiceField(label="Brand", coerce=int)
    days = forms.IntegerField(
        label="Days compared",
        min_value=1,
        max_value=service.MOST_DAYS,
        help_text="These are compared with as many days before. A change needs ten prompts measured in both.",
    )
    runs = forms.IntegerField(
        label="Runs compared",
        min_value=1,
        max_value=service.MOST_RUNS,
        help_text="An alert comes when no answer of this many runs cites the brand, and at least half of those "
        "of as many other runs do. With fewer than about five answers on each side, chance cannot be ruled out.",
    )
    hours = forms.IntegerField(
        label="Hours to wait",
        min_value=1,
        max_value=service.MOST_HOURS,
        help_text="An alert comes when a run is not done this long after its time, once a day for each panel.",
    )
    percent = forms.IntegerField(min_value=0, max_value=100)
    panel = forms.TypedChoiceField(label="Panel", coerce=int, empty_value=None, required=False)
    assistants = forms.MultipleChoiceField(
        label="Assistants", required=False, widget=forms.CheckboxSelectMultiple, help_text="Leave empty for all."
    )
    recipients = forms.TypedMultipleChoiceField(
        label="Write to",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They get an e-mail at once. Everybody else finds the alert here.",
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        kind: str,
        rule: AlertRule | None = None,
        me: Membership | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.workspace, self.kind, self.rule = workspace, kind, rule
        for name in {name for names in _MORE.values() for name in names}.difference(_MORE[kind]):
            del self.fields[name]
        self._offer("watches", list(WATCHES[kind].items()))
        self.members = {
            member.pk: member
            for member in Membership.objects.for_workspace(workspace).select_related("user").order_by("user__email")
        }
        self._offer("recipients", [(pk, member.user.email) for pk, member in self.members.items()])
        self.brands: dict[int, Brand] = {}
        self.panels: dict[int, Panel] = {}
        if "brand" in self.fields:
            listed = Brand.objects.for_workspace(workspace).filter(archived_at=None)
            if kind == AlertKind.SENTIMENT:
                listed = listed.filter(kind="own")
            if rule and rule.brand_id:  # an archived one may stay where it is
                listed = listed | Brand.objects.for_workspace(workspace).filter(pk=rule.brand_id)
            own_first = sorted(listed, key=lambda brand: (brand.kind != "own", brand.name.casefold()))
            self.brands = {brand.pk: brand for brand in own_first}
            self._offer("brand", [(pk, brand.name) for pk, brand in self.brands.items()])
        if "panel" in self.fields:
            panels = Panel.objects.for_workspace(workspace).filter(archived_at=None)
            if rule and rule.panel_id:
                panels = panels | Panel.objects.for_workspace(workspace).filter(pk=rule.panel_id)
            self.panels = {panel.pk: panel for panel in panels}
            self._offer("panel", [("", "All panels"), *((pk, panel.name) for pk, panel in self.panels.items())])
        if "assistants" in self.fields:
            asked = {item["assistant"] for panel in self.panels.values() for item in panel.assistants}
            asked |= set(rule.assistants) if rule else set()
            self._offer(
                "assistants", sorted(((name, assistants.label(name)) for name in asked), key=lambda item: item[1])
            )
        if "percent" in self.fields:
            self.fields["percent"].label, self.fields["percent"].help_text = _PERCENT[kind]
        self.initial = self._values(rule, me)

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _values(self, rule: AlertRule | None, me: Membership | None) -> dict[str, Any]:
        if rule is None:
            first_brand = next(iter(self.brands), None)
            return {**service.blank(self.kind), "brand": first_brand, "recipients": [me.pk] if me else []}
        names = ("name", "watches", "days", "runs", "hours", "percent", "assistants", "revision")
        recipients = list(rule.recipients.values_list("membership", flat=True))
        return {
            **{name: getattr(rule, name) for name in names},
            "brand": rule.brand_id,
            "panel": rule.panel_id,
            "recipients": recipients,
        }

    def clean_name(self) -> str:
        return checked(lambda: service.clean_name(self.cleaned_data["name"]))

    def values(self) -> dict[str, Any]:
        """The fields as `save_rule` takes them."""
        given = {**service.blank(self.kind), "brand": None, "panel": None, "assistants": [], **self.cleaned_data}
        return {
            **{name: given[name] for name in ("kind", "name", "watches", "assistants", *service.NUMBERS)},
            "brand": self.brands.get(given["brand"]),
            "panel": self.panels.get(given["panel"]),
            "recipients": [self.members[pk] for pk in given["recipients"]],
        }

    def draft(self) -> AlertRule:
        """The rule that this form would save, not saved: what a preview looks through."""
        values = self.values()
        del values["recipients"]
        return AlertRule(workspace=self.workspace, **values)

    @property
    def without_brand(self) -> bool:
        return self.kind in ABOUT_A_BRAND and not self.brands


class DigestForm(Form):
    digest = forms.ChoiceField(label="How often", choices=Digest.choices)
    hour = forms.TypedChoiceField(
        label="At", coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)], required=True
    )
