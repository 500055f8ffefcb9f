"""Pieces that forms share: services' cleaning with its own sentences, and lists typed as lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from django import forms

from monitor.services.errors import Problem

T = TypeVar("T")


def checked(clean: Callable[[], T]) -> T:
    """What a service's cleaning gives; its Problem becomes the field's error."""
    try:
        return clean()
    except Problem as problem:
        raise forms.ValidationError(str(problem)) from None


def lines(text: str) -> list[str]:
    """The entries of a field with one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def words(text: str) -> list[str]:
    """The entries of a field parted by lines, commas, semicolons or blanks."""
    return [word for word in re.split(r"[\s,;]+", text) if word]
