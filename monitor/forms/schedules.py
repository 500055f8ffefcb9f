"""The part of forms that says when something is done: one of the presets, cron terms of one's own, or only by hand."""

from __future__ import annotations

from django import forms

from monitor import schedule

BY_HAND, OWN_TERMS = "", "own"


def choices(by_hand: str) -> list[tuple[str, str]]:
    """The schedules to choose from; `by_hand` says what happens without one."""
    return [(BY_HAND, by_hand), *schedule.PRESETS, (OWN_TERMS, "Another schedule (cron)")]


def fields_of(cron: str) -> dict[str, str]:
    """The values of the fields `schedule` and `cron` for kept terms."""
    preset = cron in dict(schedule.PRESETS) or cron == BY_HAND
    return {"schedule": cron if preset else OWN_TERMS, "cron": "" if preset else cron}


def terms(chosen: str, own: str) -> str:
    """The cron terms meant by the choice and the field of one's own."""
    return " ".join(own.split()) if chosen == OWN_TERMS else chosen


def check(form: forms.Form, time_zone: str | None) -> None:
    """Add an error to `cron` where its terms are missing, or no schedule in the zone; None: that is wrong itself."""
    chosen = form.cleaned_data.get("schedule", "")
    cron = terms(chosen, form.cleaned_data.get("cron", ""))
    if chosen == OWN_TERMS and not cron:
        form.add_error("cron", "Write the cron schedule, or choose one of those above.")
    elif time_zone is not None:
        try:
            schedule.validate(cron, time_zone)
        except ValueError as error:
            form.add_error("cron", str(error))
