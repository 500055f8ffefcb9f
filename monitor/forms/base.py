"""What every form of the product has: errors as plain sentences that say what to do, and the first bad field in focus.

A field's own `error_messages` go before the sentences here. Knows no fields and no rules of its own.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import flatatt

_AN_ADDRESS = "Write an e-mail address, such as name@example.com."
_A_DAY = "Choose a day, or write it as 2026-11-28."
_A_FILE = "Choose a file first."
_NOT_ON_OFFER = "This is not on offer, or no longer. Choose again."
#: What is said by kind of field and of flaw; of the kinds that a field is, the last counts.
_SENTENCES: tuple[tuple[type[forms.Field], dict[str, str]], ...] = (
    (forms.Field, {"required": "Fill this in."}),
    (
        forms.CharField,
        {
            "max_length": "Shorten this to %(limit_value)s characters. It has %(show_value)s.",
            "null_characters_not_allowed": "This has a character that cannot be kept. Type it anew.",
        },
    ),
    (forms.EmailField, {"required": _AN_ADDRESS, "invalid": _AN_ADDRESS}),
    (forms.DateField, {"required": _A_DAY, "invalid": _A_DAY}),
    (forms.DecimalField, {"max_decimal_places": "Write at most %(max)s digits behind the point."}),
    (forms.ChoiceField, {"required": "Choose one of these.", "invalid_choice": _NOT_ON_OFFER}),
    (
        forms.MultipleChoiceField,
        {"required": "Choose at least one.", "invalid_choice": _NOT_ON_OFFER, "invalid_list": _NOT_ON_OFFER},
    ),
    (
        forms.FileField,
        {"required": _A_FILE, "invalid": _A_FILE, "missing": _A_FILE, "empty": "This file is empty. Choose another."},
    ),
)


class BoundField(forms.BoundField):
    """Takes the focus where it is the first of a form that is wrong; what it describes itself by is Django's."""

    @property
    def takes_focus(self) -> bool:
        return bool(self.name == self.form.first_wrong)  # type: ignore[attr-defined]

    def build_widget_attrs(self, attrs: Any, widget: Any = None) -> Any:
        built = super().build_widget_attrs(attrs, widget)
        if self.form.is_bound and self.form.errors and not self.use_fieldset:
            built["autofocus"] = self.takes_focus  # False takes a widget's own away
        return built

    @property
    def fieldset_attrs(self) -> str:
        """Of a group of boxes: what describes it, and the focus, which none of its boxes can have for all."""
        focus = {"tabindex": "-1", "autofocus": True} if self.takes_focus else {}
        described = {"aria-describedby": self.aria_describedby} if self.aria_describedby else {}
        return flatatt({**described, **focus})


class Form(forms.Form):
    bound_field_class = BoundField

    def full_clean(self) -> None:
        for field in self.fields.values():
            field.error_messages = {**_sentences(field), **_own(field)}
        super().full_clean()

    @property
    def first_wrong(self) -> str:
        """The first visible field with an error; empty where there is none."""
        if not self.is_bound:
            return ""
        return next((field.name for field in self.visible_fields() if field.errors), "")


def _sentences(field: forms.Field) -> dict[str, str]:
    said = {code: text for kind, texts in _SENTENCES if isinstance(field, kind) for code, text in texts.items()}
    if isinstance(field, forms.IntegerField):  # decimals are some, too
        said |= dict.fromkeys(("required", "invalid", "min_value", "max_value"), _number_words(field))
    return said


def _number_words(field: forms.IntegerField) -> str:
    least, most = field.min_value, field.max_value
    what = "a number" if isinstance(field, (forms.DecimalField, forms.FloatField)) else "a whole number"
    span = "" if least is None else f" of {least:,} or more" if most is None else f" from {least:,} to {most:,}"
    return f"Write {what}{span}{'' if field.required else ', or leave this empty'}."


def _own(field: forms.Field) -> dict[str, Any]:
    """The messages that the form's author gave this field, by what differs from those of its class."""
    of_class: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        of_class |= getattr(kind, "default_error_messages", {})
    return {code: text for code, text in field.error_messages.items() if of_class.get(code) != text}
