"""Suites and prompts as their pages show them. Reads alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from monitor.models import Panel, Prompt, Response, ResponseStatus, Suite, Workspace, asked_prompts


@dataclass(frozen=True, slots=True)
class SuiteRow:
    """A suite in the list; `panels` are the names of those that ask it."""

    suite: Suite
    prompts: int
    panels: tuple[tuple[int, str], ...]
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A prompt in its suite, with how many answers it has."""

    prompt: Prompt
    answers: int


def suite_rows(workspace: Workspace, *, archived: bool = False) -> list[SuiteRow]:
    """The workspace's suites by name, active or archived."""
    suites = list(Suite.objects.for_workspace(workspace).filter(archived_at__isnull=not archived))
    active = Prompt.objects.for_workspace(workspace).filter(suite__in=suites, archived_at=None).order_by()
    sizes = dict(active.values_list("suite_id").annotate(count=Count("pk")))
    panels: dict[int, list[tuple[int, str]]] = {}
    for pk, name, suite_id in (
        Panel.objects.for_workspace(workspace).filter(archived_at=None).values_list("pk", "name", "suite_id")
    ):
        panels.setdefault(suite_id, []).append((pk, name))
    runs = Panel.objects.for_workspace(workspace).filter(suite__in=suites).order_by()
    asked = dict(runs.values_list("suite_id").annotate(last=Max("runs__created_at")))
    return [
        SuiteRow(suite, sizes.get(suite.pk, 0), tuple(panels.get(suite.pk, ())), asked.get(suite.pk))
        for suite in suites
    ]


def archived_count(workspace: Workspace) -> int:
    return Suite.objects.for_workspace(workspace).exclude(archived_at=None).count()


def prompts(suite: Suite, *, search: str = "", tag: str = "", archived: bool = False) -> QuerySet[Prompt]:
    """The suite's prompts, oldest first."""
    found = Prompt.objects.for_workspace(suite.workspace_id).filter(suite=suite, archived_at__isnull=not archived)
    if search:
        found = found.filter(Q(text__icontains=search) | Q(tags__icontains=search))
    return found.filter(tags__contains=[tag]) if tag else found


def prompt_rows(shown: list[Prompt]) -> list[PromptRow]:
    """The prompts of one page of the list, with their answers counted."""
    if not shown:
        return []
    answered = Response.objects.for_workspace(shown[0].workspace_id).filter(
        prompt__in=shown, status=ResponseStatus.ANSWERED
    )
    counts = dict(answered.order_by().values_list("prompt_id").annotate(count=Count("pk")))
    return [PromptRow(prompt, counts.get(prompt.pk, 0)) for prompt in shown]


def tags(suite: Suite) -> list[tuple[str, int]]:
    """(tag, prompts) of the suite's active prompts, the most used first."""
    return tags_of(suite.workspace_id, suite.pk)


def tags_of(workspace_id: int, suite_id: int) -> list[tuple[str, int]]:
    """The same of a suite by its id, empty where the workspace has no such suite."""
    active = Prompt.objects.for_workspace(workspace_id).filter(asked_prompts(suite_id, ()))
    used = Counter(tag for row in active.values_list("tags", flat=True) for tag in row)
    return sorted(used.items(), key=lambda item: (-item[1], item[0].casefold()))
