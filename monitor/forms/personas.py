"""The form of a persona. Its words have no `maxlength`: a browser would cut what was pasted in silence."""

from __future__ import annotations

from django import forms

from monitor.forms.base import Form
from monitor.models import Persona


class PersonaForm(Form):
    name = forms.CharField(
        label="Name",
        help_text="Such as “Bakery owner”.",
        widget=forms.TextInput(attrs={"autofocus": True}),
    )
    words = forms.CharField(
        label="What they say about themselves",
        help_text=(
            "A few sentences in the first person: “I run a bakery with six employees in Leeds and know little about "
            f"software.” At most {Persona.MAX_WORDS} characters. Leave your brand out: naming it would steer answers."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
