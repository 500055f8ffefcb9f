"""Personas as their page and the panel form show them, and who of an assistants' list is told one. Reads alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from monitor import assistants
from monitor.models import Panel, Persona, Workspace


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """A persona in the list, with (id, name) of the panels that ask as it."""

    persona: Persona
    panels: tuple[tuple[int, str], ...]


def persona_rows(workspace: Workspace, *, archived: bool = False) -> list[PersonaRow]:
    """The workspace's personas by name, active or archived."""
    panels: dict[int | None, list[tuple[int, str]]] = {}
    using = Panel.objects.for_workspace(workspace).filter(archived_at=None, persona__isnull=False)
    for pk, name, persona in using.values_list("pk", "name", "persona_id"):
        panels.setdefault(persona, []).append((pk, name))
    found = Persona.objects.for_workspace(workspace).filter(archived_at__isnull=not archived)
    return [PersonaRow(persona, tuple(panels.get(persona.pk, ()))) for persona in found]


def archived_count(workspace: Workspace) -> int:
    return Persona.objects.for_workspace(workspace).exclude(archived_at=None).count()


def on_offer(workspace: Workspace, panel: Panel | None = None) -> list[tuple[int, str]]:
    """(id, name) of the personas a panel may ask as: the active ones, and its own."""
    wanted = Q(archived_at=None) | (Q(pk=panel.persona_id) if panel else Q())
    return list(Persona.objects.for_workspace(workspace).filter(wanted).values_list("pk", "name"))


def not_told(asked: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Those of a plan's assistants that take no persona, as people call them."""
    names = [item["assistant"] for item in asked]
    return tuple(assistants.label(name) for name in names if not assistants.takes_persona(name))
