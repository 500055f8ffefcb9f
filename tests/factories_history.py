"""A workspace with a history: a month of runs with answers, mentions and sources, as the ledger leaves them.

The rows are invented by a seed, in the shapes that `ledger` and `reading` write; nothing was asked of anybody.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from monitor.models import (
    Brand,
    BrandKind,
    BrandSet,
    Extraction,
    ExtractionStatus,
    Mention,
    Panel,
    Pointers,
    Prompt,
    Response,
    ResponseSource,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.services import panels, rollups
from tests.factories import make_suite, make_workspace

LAST_DAY = date(2026, 11, 20)
BRANDS = (
    ("Fernwood", BrandKind.OWN, ["fernwood.example"], 0.42),
    ("Quillmark", BrandKind.COMPETITOR, ["quillmark.example", "docs.quillmark.example"], 0.55),
    ("Ostrava Paper", BrandKind.COMPETITOR, ["ostrava.example"], 0.30),
    ("Hollis & Kay", BrandKind.COMPETITOR, ["hollis.example"], 0.18),
    ("Nib Street", BrandKind.COMPETITOR, ["nib.example"], 0.10),
    ("Tallow", BrandKind.COMPETITOR, ["tallow.example"], 0.04),
)
OTHER_PAGES = ("reviews.example/pens", "inkforum.example/t/9", "paperweekly.example/best", "wiki.example/Fountain_pen")


@dataclass
class History:
    workspace: Workspace
    panel: Panel
    brands: list[Brand]
    prompts: list[Prompt]
    extraction: Extraction
    runs: list[Run]


def make_extraction(workspace: Workspace, brands: list[Brand], status: str = ExtractionStatus.CURRENT) -> Extraction:
    number = Extraction.objects.for_workspace(workspace).count() + 1
    frozen = [
        {"id": b.pk, "name": b.name, "aliases": b.aliases, "domains": b.domains, "kind": str(b.kind)} for b in brands
    ]
    brand_set = BrandSet.objects.create(workspace=workspace, number=number, brands=frozen)
    extraction = Extraction.objects.create(
        workspace=workspace, number=number, rule_version="1", brand_set=brand_set, status=status
    )
    if status == ExtractionStatus.CURRENT:
        Pointers.objects.update_or_create(workspace=workspace, defaults={"extraction": extraction})
    return extraction


def make_panel(workspace: Workspace, *, prompts: int = 12, name: str = "Daily", **fields: Any) -> Panel:
    suite = make_suite(workspace, prompts=prompts)
    panel = Panel.objects.create(
        workspace=workspace, suite=suite, name=name, assistants=[{"assistant": "local"}], **fields
    )
    panels.current_revision(panel=panel)
    return panel


def make_run(panel: Panel, extraction: Extraction, day: date, **fields: Any) -> Run:
    moment = datetime.combine(day, time(6), tzinfo=UTC)
    values = {"trigger": Trigger.SCHEDULE, "status": RunStatus.COMPLETED, "slot_at": moment, **fields}
    run = Run.objects.create(
        workspace=panel.workspace,
        panel=panel,
        panel_revision=panel.revisions.order_by("-number").first(),
        brand_set=extraction.brand_set,
        day=day,
        finished_at=moment + timedelta(minutes=4),
        **values,
    )
    Run.objects.for_workspace(panel.workspace).filter(pk=run.pk).update(created_at=moment)
    return run


def make_response(run: Run, prompt: Prompt | None, *, repeat: int = 0, assistant: str = "local", **f: Any) -> Response:
    values = {"status": ResponseStatus.ANSWERED, "finish": "complete", "text": "An answer.", "model": "minilm", **f}
    return Response.objects.create(
        workspace_id=run.workspace_id,
        run=run,
        prompt=prompt,
        prompt_text=prompt.text if prompt else "Asked by hand?",
        assistant=assistant,
        repeat=repeat,
        seed=repeat,
        queue="local",
        stratum="local" if assistant == "local" else "api",
        answered_at=run.finished_at,
        **{"retrieval_reported": True, **values},
    )


def add_mention(
    extraction: Extraction, response: Response, brand: Brand, rank: int = 1, start: int = 0, **fields: Any
) -> Mention:
    return Mention.objects.create(
        workspace_id=response.workspace_id,
        extraction=extraction,
        response=response,
        brand=brand,
        start=start,
        end=start + len(brand.name),
        text=brand.name,
        rank=rank,
        **fields,
    )


def add_source(
    extraction: Extraction, response: Response, page: str, *, cited: bool = True, retrieved: bool | None = True
) -> ResponseSource:
    return ResponseSource.objects.create(
        workspace_id=response.workspace_id,
        extraction=extraction,
        response=response,
        sequence=ResponseSource.objects.for_workspace(response.workspace).filter(response=response).count(),
        url=f"https://www.{page}",
        page=page,
        domain=".".join(page.split("/")[0].split(".")[-2:]),
        cited=cited,
        retrieved=retrieved,
        via="marker" if cited else "",
        spans=[[0, 3]] if cited else [],
    )


def make_history(
    *,
    days: int = 30,
    prompts: int = 14,
    repeats: int = 2,
    assistants: tuple[str, ...] = ("local",),
    missing: tuple[int, ...] = (),
    shift_from: int | None = None,
    seed: int = 5,
    workspace: Workspace | None = None,
) -> History:
    """`days` days of runs up to LAST_DAY, rolled up. From day `shift_from` on the own brand is named far more."""
    rng = random.Random(seed)
    workspace = workspace or make_workspace()
    brands = [
        Brand.objects.create(workspace=workspace, name=name, kind=kind, domains=domains, colour=colour)
        for colour, (name, kind, domains, _) in enumerate(BRANDS)
    ]
    extraction = make_extraction(workspace, brands)
    panel = make_panel(workspace, prompts=prompts)
    rows = list(Prompt.objects.for_workspace(workspace).filter(suite=panel.suite))
    Prompt.objects.for_workspace(workspace).filter(pk__in=[p.pk for p in rows[::3]]).update(tags=["pens"])
    taste = {(p.pk, b.pk): rng.betavariate(1.2, 1.2) - 0.5 for p in rows for b in brands}
    runs: list[Run] = []
    for number in range(days):
        if number in missing:
            continue
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=days - 1 - number))
        runs.append(run)
        shifted = shift_from is not None and number >= shift_from
        _answer(rng, run, extraction, rows, brands, repeats, assistants, taste, shifted)
        rollups.roll_up(run=run)
    return History(workspace, panel, brands, rows, extraction, runs)


def _answer(
    rng: random.Random,
    run: Run,
    extraction: Extraction,
    prompts: list[Prompt],
    brands: list[Brand],
    repeats: int,
    assistants: tuple[str, ...],
    taste: dict[tuple[int, int], float],
    shifted: bool,
) -> None:
    made = Response.objects.bulk_create(
        Response(
            workspace_id=run.workspace_id,
            run=run,
            prompt=prompt,
            prompt_text=prompt.text,
            assistant=assistant,
            model="minilm",
            model_reported="minilm",
            repeat=repeat,
            seed=repeat,
            queue="local",
            stratum="local" if assistant == "local" else "api",
            status=ResponseStatus.ANSWERED if rng.random() > 0.02 else ResponseStatus.FAILED,
            finish="complete",
            text="Fernwood and Quillmark both make good pens [1].",
            retrieval_reported=True,
            answered_at=run.finished_at,
        )
        for prompt in prompts
        for assistant in assistants
        for repeat in range(repeats)
    )
    mentions: list[Mention] = []
    sources: list[ResponseSource] = []
    for response in made:
        rank = 0
        pages = [(page, rng.random() < 0.4) for page in OTHER_PAGES]
        for (_, kind, domains, share), brand in zip(BRANDS, brands, strict=True):
            chance = share + 0.5 * taste[response.prompt_id or 0, brand.pk]
            chance += 0.3 if shifted and kind == BrandKind.OWN else 0
            if rng.random() < chance:
                rank += 1
                found = {"start": rank * 20, "end": rank * 20 + len(brand.name), "text": brand.name, "rank": rank}
                mentions.append(
                    Mention(
                        workspace_id=run.workspace_id,
                        extraction=extraction,
                        response=response,
                        brand=brand,
                        role="named",
                        **found,
                    )
                )
            if rng.random() < chance * 0.8:
                pages.append((f"{domains[-1]}/guide", rng.random() < 0.8))
        for sequence, (page, cited) in enumerate(pages):
            sources.append(
                ResponseSource(
                    workspace_id=run.workspace_id,
                    extraction=extraction,
                    response=response,
                    sequence=sequence,
                    url=f"https://{page}",
                    page=page,
                    domain=".".join(page.split("/")[0].split(".")[-2:]),
                    title=f"About {page}",
                    cited=cited,
                    retrieved=True,
                    via="marker" if cited else "",
                    spans=[[0, 8]] if cited else [],
                )
            )
    Mention.objects.bulk_create(mentions)
    ResponseSource.objects.bulk_create(sources)
