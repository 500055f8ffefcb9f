"""Assistants as the settings show them: which have a key, what their last test said, and how fast they may be used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inference.answer import KeyField
from monitor import assistants
from monitor.models import Credential, Gate, RateLimit, Workspace


@dataclass(frozen=True, slots=True)
class Row:
    """One assistant; `credential` is None until a key is entered."""

    name: str
    label: str
    fields: tuple[KeyField, ...]
    credential: Credential | None
    gate: Gate | None
    limits: dict[str, int]

    @property
    def needs(self) -> str:
        """What has to be entered; where no part is required by itself, one of the secrets."""
        required = [field.label for field in self.fields if field.required]
        return ", ".join(required) or " or ".join(field.label for field in self.fields if field.secret)

    @property
    def waits_until(self) -> datetime | None:
        """Until when its service asked everyone to wait, while that is still ahead."""
        until = self.gate.cool_until if self.gate else None
        return until if until and until > timezone.now() else None


def rows(workspace: Workspace) -> list[Row]:
    """Every assistant that needs a key, those that have one first."""
    held = {row.assistant: row for row in Credential.objects.for_workspace(workspace)}
    gates = {gate.credential_id: gate for gate in Gate.objects.for_workspace(workspace)}
    limits: dict[int, dict[str, int]] = {}
    for limit in RateLimit.objects.for_workspace(workspace):
        limits.setdefault(limit.credential_id, {})[limit.unit] = limit.per_minute
    found = [
        _row(name, label, assistants.key_fields(name), held.get(name), gates, limits)
        for name, label in assistants.choices()
        if assistants.key_fields(name)
    ]
    known = {row.name for row in found}
    found += [_row(name, name, (), row, gates, limits) for name, row in held.items() if name not in known]
    return sorted(found, key=lambda row: (row.credential is None, row.label.casefold()))


def _row(
    name: str,
    label: str,
    fields: tuple[KeyField, ...],
    credential: Credential | None,
    gates: dict[int, Gate],
    limits: dict[int, dict[str, int]],
) -> Row:
    pk = credential.pk if credential else 0
    return Row(name, label, fields, credential, gates.get(pk), limits.get(pk, {}))
