"""Personas: made, changed, archived and restored. Panels that ask as one get a revision with its new words."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.models import Panel, Persona, Workspace
from monitor.services import panels
from monitor.services.errors import Problem


def save_persona(*, workspace: Workspace, persona: Persona | None, name: str, words: str) -> Persona:
    """Create a persona or change one. Runs under way keep the words they began with; later ones take the new.

    Saving what is there already changes nothing. Problem for what is missing, too long or taken.
    """
    name, words = _clean(name), _clean(words)
    if not name:
        raise Problem("A persona needs a name, such as “Bakery owner”.")
    if len(name) > Persona.MAX_NAME:
        raise Problem(f"A name may have {Persona.MAX_NAME} characters; this has {len(name):,}. Shorten it.")
    if not words:
        raise Problem("Say who asks, as they would: “I run a bakery with six employees.”")
    if len(words) > Persona.MAX_WORDS:
        raise Problem(f"These may be {Persona.MAX_WORDS} characters; there are {len(words):,}. A few sentences do.")
    try:
        with transaction.atomic():
            panels.lock(workspace)
            if persona is None:
                return Persona.objects.create(workspace=workspace, name=name, words=words)
            saved = Persona.objects.for_workspace(workspace).get(pk=persona.pk)
            if (saved.name, saved.words) != (name, words):
                saved.name, saved.words = name, words
                saved.save(update_fields=["name", "words"])
                panels.revise(workspace=workspace, persona=saved)
            return saved
    except IntegrityError:
        raise Problem(f"There is a persona called “{name}” already. Choose another name.") from None


def archive_persona(*, persona: Persona) -> None:
    """Offer a persona no more; what was asked as it stays. Problem while panels ask as it."""
    with transaction.atomic():
        panels.lock(persona.workspace)
        using = Panel.objects.for_workspace(persona.workspace).filter(persona=persona, archived_at=None)
        if names := [f"“{name}”" for name in using.values_list("name", flat=True)]:
            which, ask = ("the panel", "asks") if len(names) == 1 else ("the panels", "ask")
            raise Problem(f"{which.capitalize()} {', '.join(names)} {ask} as it. Archive or change {which} first.")
        rows = Persona.objects.for_workspace(persona.workspace).filter(pk=persona.pk, archived_at=None)
        rows.update(archived_at=timezone.now())


def restore_persona(*, persona: Persona) -> None:
    """Offer an archived persona again. Problem when its name is taken meanwhile."""
    try:
        with transaction.atomic():
            Persona.objects.for_workspace(persona.workspace).filter(pk=persona.pk).update(archived_at=None)
    except IntegrityError:
        raise Problem(
            f"There is another persona called “{persona.name}” now. Rename that one, then restore this."
        ) from None


def _clean(text: str) -> str:
    """On one line, without what PostgreSQL cannot hold."""
    return " ".join(text.encode("utf-8", "replace").decode().replace("\x00", "").split())
