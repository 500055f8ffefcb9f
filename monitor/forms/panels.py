"""The form of a panel. A schedule is one of the presets, terms of one's own, or none.

Every assistant that can be asked has fields of its own, named `ASSISTANT-FIELD`; those of one that is not chosen count
for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from monitor import assistants, schedule
from monitor.forms import schedules
from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import Panel, Persona, Suite, Workspace
from monitor.queries import panels as queries
from monitor.queries import personas, suites
from monitor.services import panels as service
from monitor.services.panels import LEAST_OUTPUT, MAX_REPEATS, MOST_OUTPUT, fields_of
from monitor.whole_numbers import whole_number

#: A panel's own fields for each assistant, by the option that they fill; the model is none.
OPTIONS = ("country", "language", "max_output_tokens", "retry_unknown")


@dataclass(frozen=True, slots=True)
class AssistantRow:
    """One assistant in the form, with its fields as the template shows them."""

    name: str
    label: str
    default_model: str
    models: tuple[str, ...]
    chosen: bool
    needs_key: bool
    needs_pages: bool
    is_free: bool
    model: forms.BoundField | None
    more: tuple[forms.BoundField, ...]

    @property
    def is_open(self) -> bool:
        """Whether one of its further fields says something, or is wrong."""
        return any(field.errors or field.value() for field in self.more)


class _Checked(forms.CharField):
    """A line of text that a service cleans; empty stays empty."""

    def __init__(self, *, clean: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self._clean = clean

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        return checked(lambda: self._clean(text)) if text else ""


def _fields_for(name: str) -> dict[str, forms.Field]:
    """The fields of one assistant by option, those alone that reach it."""
    kind = assistants.assistant_class(name)
    plain = {"spellcheck": "false", "autocomplete": "off"}
    found: dict[str, forms.Field] = {}
    if kind.takes_model:
        hint = {"list": f"models-{name}", "placeholder": assistants.default_model(name)}
        found["model"] = _Checked(
            label="Model", clean=service.clean_model, widget=forms.TextInput(attrs={**plain, **hint})
        )
    if kind.takes_country:
        found["country"] = _Checked(
            label="Country",
            clean=service.clean_country,
            help_text="Where it is asked from: two letters, such as DE.",
            widget=forms.TextInput(attrs={**plain, "maxlength": "2", "class": "narrow"}),
        )
    if kind.takes_language:
        found["language"] = _Checked(
            label="Language",
            clean=service.clean_language,
            help_text="Two letters, such as de.",
            widget=forms.TextInput(attrs={**plain, "maxlength": "7", "class": "narrow"}),
        )
    if kind.takes_output_limit:
        found["max_output_tokens"] = forms.IntegerField(
            label="Longest answer, in tokens",
            required=False,
            min_value=LEAST_OUTPUT,
            max_value=MOST_OUTPUT,
            help_text="Longer answers are cut off.",
            widget=forms.NumberInput(attrs={"class": "narrow"}),
        )
    if kind.queue == "external":
        found["retry_unknown"] = forms.BooleanField(
            label="Ask again when no answer came back",
            required=False,
            help_text="You may pay twice: the service may have charged for the lost call.",
        )
    return found


class PanelForm(Form):
    name = forms.CharField(label="Name", widget=forms.TextInput(attrs={"autofocus": True}))
    suite = forms.TypedChoiceField(label="Suite", coerce=int, help_text="The prompts that are asked.")
    tags = forms.MultipleChoiceField(
        label="Only prompts with these tags",
        required=False,
        help_text="Leave empty for all prompts. With several, a prompt needs any one. Prompts tagged later count too.",
        error_messages={"invalid_choice": "No prompt of this suite has the tag “%(value)s”. Choose again."},
        widget=forms.CheckboxSelectMultiple,
    )
    persona = forms.TypedChoiceField(
        label="Persona",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Who asks. Assistants that accept one are told before each prompt.",
    )
    assistants = forms.MultipleChoiceField(
        label="Assistants",
        error_messages={"required": "Choose at least one assistant."},
    )
    repeats = forms.IntegerField(
        label="Repeats",
        min_value=1,
        max_value=MAX_REPEATS,
        initial=3,
        help_text="How often each assistant is asked each prompt in a run. Answers differ: three show how much.",
    )
    adaptive = forms.BooleanField(
        label="Ask less often where the answer is clear",
        required=False,
        help_text=(
            "When the last runs show that an assistant nearly always or hardly ever names you for a prompt, the next "
            "run asks it half as often, but at least twice. This needs five runs and a brand of your own. Rates stay "
            "unbiased: no run stops because of its own answers."
        ),
    )
    schedule = forms.ChoiceField(
        label="Schedule",
        required=False,
        choices=schedules.choices("Only when somebody runs it"),
        widget=forms.RadioSelect,
    )
    cron = forms.CharField(
        label="Cron schedule",
        required=False,
        help_text="Minute, hour, day, month, weekday: 30 7 * * 1-5 is Monday to Friday at 07:30.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "placeholder": "30 7 * * 1-5"}),
    )
    time_zone = forms.ChoiceField(label="Time zone", help_text="For the schedule. Summer time is followed.")
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
        self.has_pages = queries.has_index(workspace)
        suites = queries.suites_on_offer(workspace, panel)
        self._offer("suite", [("", "Choose a suite"), *suites] if len(suites) != 1 else suites)
        if len(suites) == 1 and not self.initial.get("suite"):
            self.initial["suite"] = suites[0][0]  # as the browser shows it, so that the size of a run counts it
        self.keyless = set(queries.without_key(workspace))
        self._offer("assistants", assistants.choices())
        for name, _ in assistants.choices():
            for option, field in _fields_for(name).items():
                self.fields[f"{name}-{option}"] = field
        zones = schedule.time_zones()
        self._offer("time_zone", [(zone, zone.replace("_", " ")) for zone in _with(zones, workspace, panel)])
        self.fields["time_zone"].initial = workspace.time_zone
        at_hand = [name for name, _ in assistants.choices() if name not in self.keyless]
        if len(at_hand) == 1:
            self.fields["assistants"].initial = at_hand
        if panel:
            self.initial = {**_values(plan or fields_of(panel)), "revision": panel.revision}
        self._offer("persona", [("", "Nobody in particular"), *personas.on_offer(workspace, panel)])
        self._offer("tags", list(self._tags_on_offer()))

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _tags_on_offer(self) -> Iterator[tuple[str, str]]:
        """The tags of the suite as it is chosen, and those of the panel that no prompt of it has any more."""
        suite = whole_number(str(self["suite"].value() or "")) or 0
        used = dict(suites.tags_of(self.workspace.pk, suite))
        kept = self.panel.tags if self.panel and self.panel.suite_id == suite else ()
        for tag, count in {**used, **{tag: used.get(tag, 0) for tag in kept}}.items():
            yield tag, f"{tag} ({queries.prompts_in_words(count)})"

    @property
    def is_by_tags(self) -> bool:
        """Whether one of the tags on offer is ticked."""
        ticked = self["tags"].value() or ()
        return any(tag in ticked for tag, _ in self.fields["tags"].choices)  # type: ignore[attr-defined]

    def rows(self) -> list[AssistantRow]:
        """The assistants that can be asked here, and those that this panel asks already; the local engine first."""
        found = [row for row in self._rows() if row.chosen or not row.needs_key]
        return sorted(found, key=lambda row: (not row.is_free, row.label.casefold()))

    def rows_without_key(self) -> list[AssistantRow]:
        found = [row for row in self._rows() if row.needs_key and not row.chosen]
        return sorted(found, key=lambda row: row.label.casefold())

    def _rows(self) -> Iterator[AssistantRow]:
        chosen = self["assistants"].value() or ()
        for name, label in assistants.choices():
            kind = assistants.assistant_class(name)
            own = {option: self[f"{name}-{option}"] for option in self._options_of(name)}
            yield AssistantRow(
                name=name,
                label=label,
                default_model=assistants.default_model(name) if kind.takes_model else "",
                models=kind.models,
                chosen=name in chosen,
                needs_key=name in self.keyless,
                needs_pages=kind.needs_index and not self.has_pages,
                is_free=kind.is_free,
                model=own.pop("model", None),
                more=tuple(own.values()),
            )

    def _options_of(self, name: str) -> list[str]:
        return [option for option in ("model", *OPTIONS) if f"{name}-{option}" in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in {name for name, _ in assistants.choices()}.difference(cleaned.get("assistants", ())):
            for option in self._options_of(name):
                self.errors.pop(f"{name}-{option}", None)  # nobody sees it, and it counts for nothing
        # one whose key is gone may stay where it is; it cannot be added
        if refused := [name for name in cleaned.get("assistants", ()) if name in self.keyless - set(self._before())]:
            self.add_error("assistants", f"{assistants.label(refused[0])} needs a key before a panel can ask it.")
        schedules.check(self, cleaned.get("time_zone"))
        return cleaned

    def plan(self) -> dict[str, Any]:
        """The fields as `save_panel` takes them. What an assistant was asked with beside the form's fields stays."""
        before = self._before()
        cleaned = self.cleaned_data
        return {
            "name": cleaned["name"],
            "suite": Suite.objects.for_workspace(self.workspace).get(pk=cleaned["suite"]),
            "tags": cleaned["tags"],
            "persona": Persona.objects.for_workspace(self.workspace).filter(pk=cleaned["persona"]).first(),
            "assistants": [
                self._item(name, before.get(name, {}))
                for name, _ in assistants.choices()  # their own order, so that saving what is there changes nothing
                if name in cleaned["assistants"]
            ],
            "repeats": cleaned["repeats"],
            "adaptive": cleaned["adaptive"],
            "cron": schedules.terms(cleaned["schedule"], cleaned["cron"]),
            "time_zone": cleaned["time_zone"],
        }

    def _before(self) -> dict[str, Mapping[str, Any]]:
        """The panel's assistants as they are, and those that somebody else took out since this form was opened."""
        if self.panel is None:
            return {}
        opened = service.plan_of(panel=self.panel, number=self.cleaned_data.get("revision") or 0) or {}
        return {item["assistant"]: item for item in (*opened.get("assistants", ()), *self.panel.assistants)}

    def _item(self, name: str, before: Mapping[str, Any]) -> dict[str, Any]:
        """One assistant as plans hold it: as it was, with what the form says of it."""
        typed = {option: self.cleaned_data[f"{name}-{option}"] for option in self._options_of(name)}
        model = typed.pop("model", before.get("model", ""))
        kept = {option: value for option, value in before.get("options", {}).items() if option not in typed}
        return {
            "assistant": name,
            "model": model,
            "options": kept | {option: value for option, value in typed.items() if value},
        }


def chosen(values: QueryDict) -> list[dict[str, Any]]:
    """The assistants in a form that is still being filled in, as far as their size and cost depend on it."""
    known = dict(assistants.choices())
    found = []
    for name in dict.fromkeys(values.getlist("assistants")):
        if name in known:
            limit = values.get(f"{name}-max_output_tokens", "")
            is_limit = limit.isascii() and limit.isdigit() and LEAST_OUTPUT <= int(limit[:9]) <= MOST_OUTPUT
            options = {"max_output_tokens": int(limit)} if is_limit else {}
            found.append({"assistant": name, "model": values.get(f"{name}-model", "").strip(), "options": options})
    return found


def _values(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan, its suite by id, as the form's fields show it."""
    return {
        "name": plan["name"],
        "suite": plan["suite"],
        "tags": plan["tags"],
        "persona": plan["persona"],
        "assistants": [item["assistant"] for item in plan["assistants"]],
        "repeats": plan["repeats"],
        "adaptive": plan["adaptive"],
        **schedules.fields_of(plan["cron"]),
        "time_zone": plan["time_zone"],
        **{f"{item['assistant']}-model": item.get("model", "") for item in plan["assistants"]},
        **{
            f"{item['assistant']}-{option}": value
            for item in plan["assistants"]
            for option, value in item.get("options", {}).items()
        },
    }


def _with(zones: list[str], workspace: Workspace, panel: Panel | None) -> list[str]:
    """The zones, and those already in use that are not among them."""
    used = [workspace.time_zone, *([panel.time_zone] if panel else [])]
    return [*zones, *dict.fromkeys(zone for zone in used if zone not in zones)]
