"""Which cells of a panel are clear by its earlier runs, for adaptive repeats; the rule itself is `monitor.planning`'s.

Shared by the service that starts runs and the queries that say what a run will ask. Writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitor import assistants, packed, planning
from monitor.models import (
    BrandKind,
    DayCounts,
    Panel,
    PanelRevision,
    Persona,
    Pointers,
    Prompt,
    Run,
    asked_prompts,
)

#: (assistant, prompt id)
Cell = tuple[str, int]


def clear_cells(*, panel: Panel, asked: Iterable[Mapping[str, Any]]) -> set[Cell]:
    """Of these assistants, as plans hold them, and the panel's prompts: the cells that need not be asked in full."""
    return {cell for cell, seen in _seen(panel, asked) if planning.is_clear(seen)}


def _seen(panel: Panel, asked: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Cell, planning.Seen]]:
    """What each cell's latest runs said under the current reading, where the assistant was asked as it is now."""
    pointers = Pointers.objects.filter(workspace=panel.workspace_id).select_related("extraction__brand_set").first()
    if pointers is None or pointers.extraction is None:
        return
    own = [brand["id"] for brand in pointers.extraction.brand_set.brands if brand["kind"] == BrandKind.OWN]
    revisions = dict(
        PanelRevision.objects.for_workspace(panel.workspace_id).filter(panel=panel).values_list("pk", "plan")
    )
    runs = Run.objects.for_workspace(panel.workspace_id).filter(panel=panel, rolled_up_at__isnull=False)
    prompts = Prompt.objects.for_workspace(panel.workspace_id).filter(asked_prompts(panel.suite_id, panel.tags))
    asked_now = set(prompts.values_list("pk", flat=True))
    persona = Persona.objects.for_workspace(panel.workspace_id).filter(panels=panel).first()
    words = persona.words if persona else ""
    for item in asked:
        takes = assistants.takes_persona(item["assistant"])
        alike = [
            pk
            for pk, frozen in revisions.items()
            if item in frozen["assistants"] and (not takes or (frozen.get("persona") or {}).get("words", "") == words)
        ]
        latest = runs.filter(panel_revision__in=alike).order_by("-pk").values_list("pk", flat=True)
        rows = DayCounts.objects.for_workspace(panel.workspace_id).filter(
            extraction=pointers.extraction_id,
            run__in=list(latest[: planning.RUNS_LOOKED_AT]),
            assistant=item["assistant"],
        )
        runs_of, answers_of, named = Counter[int](), Counter[int](), Counter[tuple[int, int]]()
        for cells, brands in rows.order_by().values_list("cells", "brands"):
            for cell in packed.unpack(cells, packed.CELLS):
                runs_of[int(cell["prompt"])] += bool(cell["valid"])
                answers_of[int(cell["prompt"])] += int(cell["valid"])
            for prompt, brand, rank, answers in packed.unpack(brands, packed.BRANDS).tolist():
                named[prompt, brand] += answers if rank else 0
        for prompt in sorted(asked_now & answers_of.keys()):
            hits = [named[prompt, brand] for brand in own]
            yield (item["assistant"], prompt), planning.Seen(runs_of[prompt], answers_of[prompt], hits)
