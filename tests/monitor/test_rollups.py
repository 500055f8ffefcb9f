"""The day's counts: what counts where, twice the same, and rebuilt the same."""

from __future__ import annotations

from typing import Any

import pytest

from monitor import packed
from monitor.models import DayCounts, ExtractionStatus, ResponseStatus, Run, Trigger
from monitor.services import rollups
from tests.factories import make_brand, make_workspace
from tests.factories_history import (
    LAST_DAY,
    add_mention,
    add_source,
    make_extraction,
    make_history,
    make_panel,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db


def counts(workspace: Any, extraction: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Cells, brands and domains as rows, each after (run, prompt, assistant) and in that order."""
    cells, brands, domains = [], [], []
    for row in DayCounts.objects.for_workspace(workspace).filter(extraction=extraction).order_by("run", "assistant"):
        for prompt, *numbers in packed.unpack(row.cells, packed.CELLS).tolist():
            cells.append((row.run_id, row.panel_id, prompt, row.day, row.assistant, row.stratum, *numbers))
        for prompt, *hit in packed.unpack(row.brands, packed.BRANDS).tolist():
            brands.append((row.run_id, prompt, row.assistant, *hit))
        names = {packed.key(name): name for name in packed.unpack_texts(row.domain_names)}
        for domain, prompt, *numbers in packed.unpack(row.domains, packed.DOMAINS).tolist():
            domains.append((row.run_id, prompt, row.assistant, names[domain], *numbers))
    return sorted(cells, key=repr), sorted(brands), sorted(domains)


def test_each_count_of_one_cell() -> None:
    workspace = make_workspace()
    acme = make_brand(workspace, domains=["www.Acme.example"])
    beta = make_brand(workspace, domains=["docs.beta.example"])
    gamma = make_brand(workspace, domains=["https://gamma.example/shop"])
    extraction = make_extraction(workspace, [acme, beta, gamma])
    panel = make_panel(workspace, prompts=1)
    run, prompt = make_run(panel, extraction, LAST_DAY), panel.suite.prompts.get()

    one = make_response(run, prompt)
    add_mention(extraction, one, acme, rank=1)
    add_mention(extraction, one, acme, rank=1, start=50)
    add_mention(extraction, one, beta, rank=2)
    add_source(extraction, one, "shop.acme.example/a")
    add_source(extraction, one, "shop.acme.example/b")
    add_source(extraction, one, "docs.beta.example/x")
    add_source(extraction, one, "other.example", cited=False)
    two = make_response(run, prompt, repeat=1, finish="truncated", retrieval_reported=False)
    add_mention(extraction, two, acme, rank=4)
    add_source(extraction, two, "beta.example/plain", retrieved=None)
    add_source(extraction, two, "notgamma.example/x", retrieved=None)
    make_response(run, prompt, repeat=2)
    refused = make_response(run, prompt, repeat=3, finish="refused")
    add_mention(extraction, refused, gamma)
    for repeat, status in enumerate((ResponseStatus.FAILED, ResponseStatus.UNKNOWN, ResponseStatus.SKIPPED), start=4):
        make_response(run, prompt, repeat=repeat, status=status, finish="")

    rollups.roll_up(run=run)

    cells, brands, domains = counts(workspace, extraction)
    assert [row[:12] for row in cells] == [(run.pk, panel.pk, prompt.pk, LAST_DAY, "local", "local", 3, 2, 0, 2, 2, 1)]
    # (brand, rank, answers), rank 0: cited
    assert [row[3:] for row in brands] == [
        (acme.pk, 0, 1), (acme.pk, 1, 1), (acme.pk, 4, 1), (beta.pk, 0, 1), (beta.pk, 2, 1)
    ]  # fmt: skip
    assert [row[3:6] for row in domains] == [
        ("acme.example", 1, 1),
        ("beta.example", 2, 1),
        ("notgamma.example", 1, 0),
        ("other.example", 0, 1),
    ]
    assert [row[7] for row in domains] == pytest.approx([2 / 3, 1 / 3 + 1 / 2, 1 / 2, 0])
    run.refresh_from_db()
    assert run.rolled_up_at is not None


def test_rolling_up_twice_and_rebuilding_change_nothing() -> None:
    history = make_history(days=3, prompts=5, assistants=("local", "other"))
    before = counts(history.workspace, history.extraction)
    assert len(before[0]) == 3 * 5 * 2
    rollups.roll_up(run=history.runs[0])
    assert counts(history.workspace, history.extraction) == before
    assert rollups.rebuild(workspace=history.workspace) == 3
    assert counts(history.workspace, history.extraction) == before
    assert rollups.rebuild(workspace=history.workspace, missing_only=True) == 0
    rollups.drop(extraction=history.extraction)
    assert counts(history.workspace, history.extraction) == ([], [], [])
    assert rollups.rebuild(workspace=history.workspace, missing_only=True) == 3
    assert counts(history.workspace, history.extraction) == before


def test_runs_are_counted_under_a_reading_being_computed_too() -> None:
    history = make_history(days=1, prompts=2)
    building = make_extraction(history.workspace, history.brands, ExtractionStatus.BUILDING)
    retired = make_extraction(history.workspace, history.brands, ExtractionStatus.RETIRED)
    rollups.roll_up(run=history.runs[0])
    assert len(counts(history.workspace, building)[0]) == 2
    assert counts(history.workspace, retired) == ([], [], [])


def test_questions_of_the_ask_page_never_count() -> None:
    history = make_history(days=1, prompts=2)
    asked = Run.objects.create(
        workspace=history.workspace,
        trigger=Trigger.ASK,
        status="completed",
        day=LAST_DAY,
        brand_set=history.extraction.brand_set,
    )
    make_response(asked, None)
    rollups.roll_up(run=asked)
    rollups.rebuild(workspace=history.workspace)
    assert not DayCounts.objects.for_workspace(history.workspace).filter(run=asked).exists()


def test_a_run_still_under_way_waits_for_its_last_response() -> None:
    history = make_history(days=1, prompts=2)
    rollups.drop(extraction=history.extraction)
    Run.objects.for_workspace(history.workspace).update(status="running")
    assert rollups.rebuild(workspace=history.workspace) == 0
