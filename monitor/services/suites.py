"""Suites and their prompts: made, filled, changed, archived and restored. Knows nothing of runs.

A prompt that was asked keeps its words for ever: changing them archives it and adds another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from monitor.models import Panel, Prompt, Response, Suite, Workspace
from monitor.services.errors import Problem
from monitor.services.prompt_rows import PromptRow, clean_text, text_flaw

MAX_NAME = 120


@dataclass(frozen=True, slots=True)
class Added:
    """How many prompts were added, and how many were in the suite already."""

    added: int
    skipped: int


def save_suite(*, workspace: Workspace, suite: Suite | None, name: str) -> Suite:
    """Create a suite or rename one. Problem when the name is missing, too long or taken."""
    name = " ".join(clean_text(name).split())
    if not name:
        raise Problem("A suite needs a name, such as “Buying a kettle”.")
    if len(name) > MAX_NAME:
        raise Problem(f"A name may have {MAX_NAME} characters; this has {len(name):,}. Shorten it.")
    saved = suite or Suite(workspace=workspace)
    saved.name = name
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError:
        raise Problem(f"There is a suite called “{name}” already. Choose another name.") from None
    return saved


def archive_suite(*, suite: Suite) -> None:
    """Put a suite away. Problem while panels still ask it."""
    with transaction.atomic():
        Suite.objects.for_workspace(suite.workspace).select_for_update().get(pk=suite.pk)
        using = Panel.objects.for_workspace(suite.workspace).filter(suite=suite, archived_at=None)
        if names := [f"“{name}”" for name in using.values_list("name", flat=True)]:
            which = "the panel" if len(names) == 1 else "the panels"
            raise Problem(f"{which.capitalize()} {', '.join(names)} ask this suite. Archive or change {which} first.")
        Suite.objects.for_workspace(suite.workspace).filter(pk=suite.pk, archived_at=None).update(
            archived_at=timezone.now()
        )


def restore_suite(*, suite: Suite) -> None:
    """Bring an archived suite back. Problem when its name is taken meanwhile."""
    try:
        with transaction.atomic():
            Suite.objects.for_workspace(suite.workspace).filter(pk=suite.pk).update(archived_at=None)
    except IntegrityError:
        raise Problem(
            f"There is another suite called “{suite.name}” now. Rename that one, then restore this."
        ) from None


def add_prompts(*, suite: Suite, rows: Sequence[PromptRow]) -> Added:
    """Add prompts that the suite does not have; the same rows twice add nothing the second time."""
    with transaction.atomic():
        Suite.objects.for_workspace(suite.workspace).select_for_update().get(pk=suite.pk)
        known = set(active_texts(suite))
        fresh: dict[str, PromptRow] = {}
        for row in rows:
            if flaw := text_flaw(row.text):
                raise Problem(f"Line {row.line}: {flaw}")
            if row.text not in known:
                fresh.setdefault(row.text, row)
        Prompt.objects.bulk_create(
            Prompt(workspace_id=suite.workspace_id, suite=suite, text=row.text, tags=list(row.tags))
            for row in fresh.values()
        )
    return Added(added=len(fresh), skipped=len(rows) - len(fresh))


def edit_prompt(*, prompt: Prompt, text: str, tags: Iterable[str]) -> Prompt:
    """Change a prompt. New words for one that was asked archive it and give a new prompt, which is returned."""
    text, tags = clean_text(text), list(tags)
    if flaw := text_flaw(text):
        raise Problem(flaw)
    with transaction.atomic():
        kept = Prompt.objects.for_workspace(prompt.workspace).select_for_update().get(pk=prompt.pk)
        if kept.archived_at:
            raise Problem("This prompt was archived meanwhile. Restore it before you change it.")
        if text == kept.text:
            kept.tags = tags
            kept.save(update_fields=["tags"])
            return kept
        if text in active_texts(kept.suite):
            raise Problem("This suite has a prompt with these words already. Change them, or archive one of the two.")
        if not Response.objects.for_workspace(prompt.workspace).filter(prompt=kept).exists():
            kept.text, kept.tags = text, tags
            kept.save(update_fields=["text", "tags"])
            return kept
        kept.archived_at = timezone.now()
        kept.save(update_fields=["archived_at"])
        return Prompt.objects.create(workspace_id=kept.workspace_id, suite_id=kept.suite_id, text=text, tags=tags)


def archive_prompts(*, suite: Suite, prompt_ids: Iterable[int]) -> list[int]:
    """Ask these prompts no more; the ids of those that were active. Their history stays."""
    rows = Prompt.objects.for_workspace(suite.workspace).filter(suite=suite, archived_at=None, pk__in=list(prompt_ids))
    with transaction.atomic():
        ids = list(rows.select_for_update().values_list("pk", flat=True))
        Prompt.objects.for_workspace(suite.workspace).filter(pk__in=ids).update(archived_at=timezone.now())
    return ids


def restore_prompts(*, suite: Suite, prompt_ids: Iterable[int]) -> Added:
    """Ask archived prompts again; those whose words are in the suite already stay archived."""
    with transaction.atomic():
        Suite.objects.for_workspace(suite.workspace).select_for_update().get(pk=suite.pk)
        known, back, asked_for = set(active_texts(suite)), [], list(prompt_ids)
        archived = Prompt.objects.for_workspace(suite.workspace).filter(suite=suite, pk__in=asked_for)
        for prompt in archived.exclude(archived_at=None):
            if prompt.text not in known:
                known.add(prompt.text)
                back.append(prompt.pk)
        Prompt.objects.for_workspace(suite.workspace).filter(pk__in=back).update(archived_at=None)
    return Added(added=len(back), skipped=len(asked_for) - len(back))


def active_texts(suite: Suite) -> list[str]:
    """The words of the suite's active prompts."""
    rows = Prompt.objects.for_workspace(suite.workspace).filter(suite=suite, archived_at=None)
    return list(rows.values_list("text", flat=True))
