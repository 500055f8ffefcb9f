"""The forms of suites and prompts. Long texts have no `maxlength`: a browser would cut what was pasted in silence."""

from __future__ import annotations

from typing import Any

from django import forms

from monitor.forms.base import Form
from monitor.forms.parts import checked
from monitor.models import Prompt
from monitor.services import prompt_rows
from monitor.services.errors import Problem

EXAMPLE = "Which kettle boils fastest?\nWhat is a good quiet kettle?"


class SuiteForm(Form):
    name = forms.CharField(
        label="Name",
        help_text="What these questions are about, such as “Buying a kettle”.",
        widget=forms.TextInput(attrs={"autofocus": True}),
    )


class TagsMixin(Form):
    tags = forms.CharField(
        label="Tags", required=False, help_text="Separate tags with commas. Pages and reports can be filtered by them."
    )

    def clean_tags(self) -> tuple[str, ...]:
        return checked(lambda: prompt_rows.split_tags(self.cleaned_data["tags"]))


class PromptForm(TagsMixin):
    """One prompt."""

    text = forms.CharField(
        label="Prompt",
        strip=False,
        help_text=f"A question as a customer would type it. At most {Prompt.MAX_LENGTH:,} characters.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ("text", "tags")

    def clean_text(self) -> str:
        text = prompt_rows.clean_text(self.cleaned_data["text"])
        if flaw := prompt_rows.text_flaw(text):
            raise forms.ValidationError(flaw if text else "Type a prompt first.")
        return text


class LinesForm(TagsMixin):
    """Prompts pasted as lines."""

    lines = forms.CharField(
        label="Prompts, one per line",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "placeholder": EXAMPLE}),
    )
    field_order = ("lines", "tags")


class CsvForm(Form):
    """Prompts in a file."""

    file = forms.FileField(
        label="CSV file",
        help_text="A column “prompt” and, if you like, “tags”. Separate columns with commas, semicolons or tabs.",
        widget=forms.FileInput(
            attrs={"accept": ".csv,.tsv,.txt,text/csv,text/plain", "data-max-bytes": prompt_rows.MAX_FILE_BYTES}
        ),
    )

    def parsed(self) -> prompt_rows.Parsed | None:
        """What the file holds; None, with the reason as the field's error, when it cannot be read."""
        upload: Any = self.cleaned_data["file"]
        try:
            return prompt_rows.from_csv(upload.read(prompt_rows.MAX_FILE_BYTES + 1))
        except Problem as problem:
            self.add_error("file", str(problem))
            return None
