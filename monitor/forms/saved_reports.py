"""The forms of a saved report, and of a link that shows it."""

from __future__ import annotations

from typing import Any

from django import forms

from monitor import exports
from monitor.forms import schedules
from monitor.forms.base import Form
from monitor.models import ReportPeriod, SavedReport, Workspace
from monitor.queries import saved_reports as queries
from monitor.queries.filters import FilterBar
from monitor.services import share_links
from monitor.services.saved_reports import FORMATS, MOST_NAME, MOST_RECIPIENTS, MOST_SUBJECT, MOST_WORDS

#: Fields of the filter as forms call them, by the filter bar's parameter.
FILTERS = {"panel": "panels", "assistant": "assistants", "stratum": "strata", "tag": "tags", "brand": "brands"}
#: Fields that a report keeps as they are.
AS_KEPT = ("name", "period", "formats", "recipients", "subject", "words")
FREE = {"spellcheck": "false", "autocomplete": "off"}


class SavedReportForm(Form):
    name = forms.CharField(label="Name", max_length=MOST_NAME)
    period = forms.ChoiceField(
        label="Days",
        choices=ReportPeriod.choices,
        initial=ReportPeriod.FOUR_WEEKS,
        help_text="Up to the day before the report is created.",
    )
    compare = forms.ChoiceField(label="Compare with", required=False)
    panel = forms.ChoiceField(label="Panel", required=False)
    assistant = forms.MultipleChoiceField(label="Assistants", required=False, widget=forms.CheckboxSelectMultiple)
    stratum = forms.MultipleChoiceField(label="Kind of answer", required=False, widget=forms.CheckboxSelectMultiple)
    tag = forms.MultipleChoiceField(label="Tags", required=False, widget=forms.CheckboxSelectMultiple)
    brand = forms.MultipleChoiceField(label="Brands", required=False, widget=forms.CheckboxSelectMultiple)
    formats = forms.MultipleChoiceField(
        label="Files",
        initial=["pdf"],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one kind of file."},
    )
    schedule = forms.ChoiceField(
        label="Schedule",
        required=False,
        choices=schedules.choices("Only when somebody sends it"),
        initial="0 6 * * 1",
        widget=forms.RadioSelect,
    )
    cron = forms.CharField(
        label="Cron schedule",
        required=False,
        widget=forms.TextInput(attrs={**FREE, "placeholder": "30 7 * * 1-5"}),
    )
    recipients = forms.MultipleChoiceField(
        label="Sent to",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=f"At most {MOST_RECIPIENTS}; each gets an e-mail of their own. Leave empty to keep it here only.",
    )
    subject = forms.CharField(
        label="Subject",
        required=False,
        max_length=MOST_SUBJECT,
        help_text="Leave empty for the names of report and workspace.",
    )
    words = forms.CharField(
        label="Introduction",
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, workspace: Workspace, bar: FilterBar, report: SavedReport | None = None, **kwargs: Any
    ) -> None:
        """`bar` is the filter to begin with; it also says what can be chosen."""
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        self._hidden: dict[str, list[str]] = {}
        self._offer("cron", help_text=f"Minute, hour, day, month, weekday, in {workspace.time_zone} time.")
        self._offer("compare", choices=[(choice.value, choice.label) for choice in bar.compare])
        for name, of_bar in FILTERS.items():
            found = getattr(bar, of_bar)
            choices = [(choice.value, choice.label) for choice in found]
            self._offer(name, choices=[("", "All panels"), *choices] if name == "panel" else choices)
            chosen = [choice.value for choice in found if choice.chosen]
            self.initial.setdefault(name, next(iter(chosen), "") if name == "panel" else chosen)
            if name != "panel" and len(choices) < 2:
                del self.fields[name]
                self._hidden[name] = chosen
        self.initial.setdefault("compare", bar.filter.compare)
        offered = [
            name for name in FORMATS if exports.FORMATS[name].is_available() or report and name in report.formats
        ]
        self._offer("formats", choices=[(name, exports.FORMATS[name].label) for name in offered])
        people = queries.recipients_on_offer(workspace)
        gone = [address for address in (report.recipients if report else ()) if address not in dict(people)]
        self._offer("recipients", choices=[*people, *((one, f"{one} (no longer allowed)") for one in gone)])
        if report:
            self.initial.update({name: getattr(report, name) for name in AS_KEPT})
            self.initial.update(schedules.fields_of(report.cron))

    def _offer(self, name: str, **values: Any) -> None:
        for key, value in values.items():
            setattr(self.fields[name], key, value)

    @property
    def filter_fields(self) -> list[forms.BoundField]:
        """The lists of what to leave in; those with one entry are left out."""
        return [self[name] for name in FILTERS if name != "panel" and name in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        schedules.check(self, self.workspace.time_zone)
        return cleaned

    def values(self) -> dict[str, Any]:
        """The fields as `saved_reports.save` takes them."""
        cleaned = self.cleaned_data
        chosen = {name: self._hidden.get(name) or cleaned.get(name, []) for name in FILTERS if name != "panel"}
        chosen |= {name: [cleaned[name]] if cleaned.get(name) else [] for name in ("panel", "compare")}
        kept = {name: cleaned[name] for name in AS_KEPT}
        return kept | {"filter": chosen, "cron": schedules.terms(cleaned["schedule"], cleaned["cron"])}


class ShareForm(Form):
    name = forms.CharField(
        label="Who it is for", max_length=share_links.MOST_NAME, help_text="To recognise the link later."
    )
    days = forms.IntegerField(
        label="Link expires after (days)",
        required=False,
        min_value=1,
        max_value=share_links.MOST_DAYS,
        initial=share_links.DAYS,
        help_text="Leave empty for a link that does not expire.",
        widget=forms.NumberInput(attrs={"class": "narrow"}),
    )
    texts = forms.BooleanField(
        label="Show each prompt",
        required=False,
        help_text="Otherwise the page shows figures only.",
    )
