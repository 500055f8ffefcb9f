"""The forms of pasted answers: one answer with where it was seen, and a file of many."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from monitor import assistants
from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import Prompt, Suite, Workspace
from monitor.services import answer_rows


def suites_with_prompts(workspace: Workspace) -> list[Suite]:
    """The suites that an answer can belong to."""
    active = Suite.objects.for_workspace(workspace).filter(archived_at=None)
    return list(active.filter(prompts__isnull=False, prompts__archived_at=None).distinct())


class PasteForm(Form):
    assistant = forms.ChoiceField(label="Page", help_text="Where the answer was shown.")
    prompt = forms.TypedChoiceField(label="Prompt", coerce=int, help_text="What was asked there, word for word.")
    day = forms.DateField(
        label="Day",
        help_text="When it was answered.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    country = forms.CharField(
        label="Country",
        required=False,
        help_text="Optional: two letters, such as DE.",
        max_length=10,
        widget=forms.TextInput(attrs={"class": "narrow"}),
    )
    language = forms.CharField(
        label="Language",
        required=False,
        help_text="Optional: such as en or pt-BR.",
        max_length=30,
        widget=forms.TextInput(attrs={"class": "narrow"}),
    )
    text = forms.CharField(
        label="The answer",
        strip=False,
        help_text="As copied, with its list of sources: plain text or markdown. Marks such as [1] count where the list "
        "at the end has an entry for them.",
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false"}),
        error_messages={"required": "Paste the answer first."},
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace = workspace
        rows = Prompt.objects.for_workspace(workspace).filter(archived_at=None, suite__archived_at=None)
        prompts: dict[str, list[tuple[int, str]]] = {}
        for pk, suite, text in rows.order_by("suite__name", "pk").values_list("pk", "suite__name", "text"):
            prompts.setdefault(suite, []).append((pk, text[:160]))
        self._offer("prompt", [("", "Choose a prompt"), *prompts.items()])
        self._offer("assistant", [("", "Choose a page"), *assistants.surfaces()])
        self.fields["day"].initial = self._today()

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _today(self) -> date:
        return timezone.now().astimezone(self.workspace.zone).date()

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > self._today():
            raise forms.ValidationError("This day is still to come.")
        if day.year < answer_rows.FIRST_YEAR:
            raise forms.ValidationError("There were no such answers then.")
        return day

    def clean_country(self) -> str:
        return checked(lambda: answer_rows.clean_country(self.cleaned_data["country"]))

    def clean_language(self) -> str:
        return checked(lambda: answer_rows.clean_language(self.cleaned_data["language"]))

    def clean_text(self) -> str:
        return checked(lambda: answer_rows.clean_answer(self.cleaned_data["text"]))


class AnswersFileForm(Form):
    suite = forms.TypedChoiceField(label="Suite", coerce=int, help_text="The rows answer its prompts.")
    file = forms.FileField(
        label="File",
        help_text="CSV or JSON Lines, in UTF-8.",
        widget=forms.FileInput(
            attrs={"accept": ".csv,.tsv,.jsonl,.ndjson", "data-max-bytes": answer_rows.MAX_FILE_BYTES}
        ),
    )

    def __init__(self, *args: Any, suites: list[Suite], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suites = suites
        choices: list[tuple[Any, str]] = [(suite.pk, suite.name) for suite in suites]
        first = [] if len(choices) == 1 else [("", "Choose a suite")]
        self.fields["suite"].choices = [*first, *choices]  # type: ignore[attr-defined]
