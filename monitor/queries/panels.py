"""Panels as their pages show them: size, schedule in words, next slots, latest run. Reads alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, Max, Q
from django.utils import timezone

from monitor import assistants, planning, repeats, schedule
from monitor.models import Credential, Panel, Pointers, Prompt, Run, Suite, Workspace, asked_prompts
from monitor.queries import counts as counts_of
from monitor.queries import personas
from monitor.queries import runs as run_queries
from monitor.queries.filters import Filter, default_period
from monitor.queries.kept import kept

SLOTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Size:
    """What one run of a panel asks, of each assistant's prompts those that are `clear` less often where it may.

    `clear` is None where nobody looked. `within` is the variance of an answer about its prompt's own rate, where these
    prompts' answers have shown it.
    """

    prompts: int
    assistants: int
    repeats: int
    adaptive: bool = False
    clear: int | None = None
    within: float | None = None

    @property
    def answers(self) -> int:
        """With every repeat."""
        return self.cells * self.repeats

    @property
    def cells(self) -> int:
        """Pairs of a prompt and an assistant."""
        return self.prompts * self.assistants

    @property
    def fewest_repeats(self) -> int:
        return planning.fewest(self.repeats) if self.adaptive else self.repeats

    @property
    def least(self) -> int:
        """Answers of a run to which every prompt is clear."""
        return self.cells * self.fewest_repeats

    @property
    def next(self) -> int | None:
        """Answers of a run that started now."""
        return None if self.clear is None else self.answers - self.clear * (self.repeats - self.fewest_repeats)

    @property
    def detects(self) -> float | None:
        """The change between two runs that an assistant's figures tell from noise, every repeat asked."""
        return self._detects(self.repeats)

    @property
    def detects_at_least(self) -> float | None:
        """The same where every prompt is asked as rarely as can be."""
        return self._detects(self.fewest_repeats)

    def _detects(self, repeats: int) -> float | None:
        within = planning.TYPICAL_WITHIN if self.within is None else self.within
        return planning.smallest_change(self.prompts, repeats, within=within)


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule in words with its next slots, or the problem that keeps it from having any."""

    time_zone: str
    words: str = ""
    slots: tuple[datetime, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A panel in the list; `asked` has the assistants with their models and what else is set for them.

    `not_told` has those that take no persona, where the panel has one.
    """

    panel: Panel
    assistants: tuple[str, ...]
    asked: tuple[str, ...]
    size: Size
    plan: Plan
    latest: run_queries.Progress | None
    not_told: tuple[str, ...] = ()

    @property
    def next_slot(self) -> datetime | None:
        """When it runs next; None where it does so only by hand, or not for now."""
        idle = self.panel.paused or self.panel.archived_at is not None
        return None if idle or not self.plan.slots else self.plan.slots[0]


def plan(cron: str, time_zone: str, *, count: int = SLOTS_SHOWN) -> Plan:
    """What a schedule means from now on."""
    now = timezone.now()
    try:
        schedule.validate(cron, time_zone)
        return Plan(
            time_zone=time_zone,
            words=schedule.describe(cron, time_zone),
            slots=tuple(schedule.next_slots(cron, time_zone, now, count)),
            notes=tuple(schedule.clock_notes(cron, time_zone, now)),
        )
    except ValueError as error:
        return Plan(time_zone=time_zone, problem=str(error))


def panel_rows(workspace: Workspace, *, archived: bool = False) -> list[PanelRow]:
    """The workspace's panels by name, active or archived."""
    found = Panel.objects.for_workspace(workspace).filter(archived_at__isnull=not archived)
    found = found.select_related("suite", "persona")
    return _rows(workspace, list(found))


def panel_row(panel: Panel) -> PanelRow:
    """One panel as in the list, with what its next run need not ask and how much its answers vary."""
    row = _rows(panel.workspace, [panel])[0]
    clear = len(repeats.clear_cells(panel=panel, asked=panel.assistants)) if panel.adaptive else None
    varies = within(panel.workspace, panel.suite_id, panel.tags, panel.assistants)
    return replace(row, size=replace(row.size, clear=clear, within=varies))


def _rows(workspace: Workspace, panels: Sequence[Panel]) -> list[PanelRow]:
    sizes = asked_counts(workspace, panels)
    newest = Run.objects.for_workspace(workspace).filter(panel__in=panels).order_by()
    ids = [last for _, last in newest.values_list("panel_id").annotate(last=Max("pk"))]
    latest = {
        found.run.panel_id: found
        for found in run_queries.progress_of(
            Run.objects.for_workspace(workspace).filter(pk__in=ids).select_related("panel")
        )
    }
    return [
        PanelRow(
            panel=panel,
            assistants=tuple(assistants.label(item["assistant"]) for item in panel.assistants),
            asked=tuple(in_words(item) for item in panel.assistants),
            size=Size(sizes[panel.pk], len(panel.assistants), panel.repeats, panel.adaptive),
            plan=plan(panel.cron, panel.time_zone),
            latest=latest.get(panel.pk),
            not_told=personas.not_told(panel.assistants) if panel.persona_id else (),
        )
        for panel in panels
    ]


def in_words(item: Mapping[str, Any]) -> str:
    """An assistant of a plan, with its model and all that is set for it."""
    options = item.get("options") or {}
    said = [item.get("model") or "", options.get("country") or "", options.get("language") or ""]
    if limit := options.get("max_output_tokens"):
        said.append(f"at most {limit:,} tokens")
    if options.get("retry_unknown"):
        said.append("asked again when no answer came back")
    beside = ", ".join(filter(None, said))
    return f"{assistants.label(item['assistant'])} ({beside})" if beside else assistants.label(item["assistant"])


def without_key(workspace: Workspace) -> list[str]:
    """Assistants that cannot be asked before somebody enters their key."""
    held = set(Credential.objects.for_workspace(workspace).values_list("assistant", flat=True))
    return [name for name, _ in assistants.choices() if assistants.needs_key(name) and name not in held]


def has_index(workspace: Workspace) -> bool:
    """Whether the local engine has pages to answer from."""
    return Pointers.objects.filter(workspace=workspace, generation__isnull=False).exists()


def asked_count(workspace: Workspace, suite_id: int, tags: Sequence[str]) -> int:
    """Prompts of a suite that a panel with these tags asks."""
    return Prompt.objects.for_workspace(workspace).filter(asked_prompts(suite_id, tags)).count()


def asked_counts(workspace: Workspace, panels: Sequence[Panel]) -> dict[int, int]:
    """Prompts that each panel asks, by its id; one query for all."""
    if not panels:
        return {}
    wanted = {f"of_{panel.pk}": Count("pk", filter=asked_prompts(panel.suite_id, panel.tags)) for panel in panels}
    found = Prompt.objects.for_workspace(workspace).filter(suite__in={panel.suite_id for panel in panels})
    counted = found.aggregate(**wanted)
    return {panel.pk: counted[f"of_{panel.pk}"] for panel in panels}


def within(
    workspace: Workspace, suite_id: int, tags: Sequence[str], asked: Iterable[Mapping[str, Any]]
) -> float | None:
    """How much answers to these prompts vary by the latest days (`planning.within`), of the assistant where it is most.

    None where one of the assistants has too few answers to tell.
    """
    names = sorted({item["assistant"] for item in asked})
    chosen = Filter(default_period(workspace), compare="none", assistants=tuple(names), strata=("api", "local"))
    current = counts_of.current(workspace, chosen)
    if current is None or not names:
        return None
    prompts = Prompt.objects.for_workspace(workspace).filter(asked_prompts(suite_id, tags))
    wanted = np.array(prompts.values_list("pk", flat=True), np.int64)
    own = [brand.pk for brand in counts_of.brands_of(workspace, current.extraction) if brand.own]
    blocks = kept(("varies", current.fingerprint), lambda: counts_of.load(workspace, current.extraction, chosen))
    found = [_within(block, wanted, own) for block in blocks if own]
    measured = [each for each in found if each is not None]
    return max(measured) if len(measured) == len(names) else None


def _within(block: counts_of.Block, prompts: counts_of.Keys, brands: Iterable[int]) -> float | None:
    asked = np.isin(block.prompts, prompts)
    hits = np.stack([block.brand(brand)[counts_of.NAMED].sum(axis=0)[asked] for brand in brands], axis=1)
    return planning.within(hits, block.n.sum(axis=0)[asked])


def prompt_counts(workspace: Workspace, suite_ids: Sequence[int]) -> dict[int, int]:
    """Active prompts by suite."""
    active = Prompt.objects.for_workspace(workspace).filter(suite__in=suite_ids, archived_at=None).order_by()
    return dict(active.values_list("suite_id").annotate(count=Count("pk")))


def counts(workspace: Workspace) -> tuple[int, int]:
    """(active, archived) panels."""
    found = Panel.objects.for_workspace(workspace).aggregate(
        active=Count("pk", filter=Q(archived_at=None)), archived=Count("pk", filter=Q(archived_at__isnull=False))
    )
    return found["active"], found["archived"]


def suites_on_offer(workspace: Workspace, panel: Panel | None = None) -> list[tuple[int, str]]:
    """(id, words) of the suites a panel may ask: the active ones, and the one it asks now."""
    wanted = Q(archived_at=None) | (Q(pk=panel.suite_id) if panel else Q())
    found = list(Suite.objects.for_workspace(workspace).filter(wanted))
    sizes = prompt_counts(workspace, [suite.pk for suite in found])
    return [(suite.pk, f"{suite.name} ({prompts_in_words(sizes.get(suite.pk, 0))})") for suite in found]


def prompts_in_words(count: int) -> str:
    """A number of prompts."""
    return "no prompts yet" if not count else "1 prompt" if count == 1 else f"{count:,} prompts"
