"""The demo: loaded twice or in pieces it is the same, removed it stays away, and its answers can be given again."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from inference.answer import Question
from monitor import assistants
from monitor.assistants import engine
from monitor.models import (
    AlertRule,
    Attempt,
    Body,
    DayCounts,
    IndexGeneration,
    Page,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Workspace,
)
from monitor.queries import alerts as alert_queries
from monitor.services import alert_rules, demo, demo_site, indexes, ledger
from monitor.services.demo_site import Site

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = 4
KETTLES = {
    "kettles.example/quick.md": """=== day 0
title: Kettles compared
path: /guides/kettles
published: -3
---
The Ember kettle boils a litre in two minutes. It is the fastest kettle we tested.

# What else we saw
- The Frost kettle is quiet.
- It costs 30 dollars.
=== day 2
title: Kettles compared
The Frost kettle boils a litre in ninety seconds & is now the fastest kettle we tested.
""",
    "ember.example/toaster.md": """=== day 0
title: The Ember toaster
The Ember toaster browns four slices of bread at once. It has a drawer for crumbs.
=== day 3 gone
""",
    "frost.example/iron.md": """=== day 1
title: How to iron a shirt
Iron the collar of a shirt first, then the cuffs. A steam iron works best on damp cotton shirts.
""",
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site"
    for name, text in KETTLES.items():
        file = folder / "pages" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "brands.json").write_text(
        '[{"name": "Ember", "aliases": [], "domains": ["ember.example"], "kind": "own"},'
        ' {"name": "Frost", "aliases": [], "domains": ["frost.example"], "kind": "competitor"}]'
    )
    (folder / "prompts.txt").write_text(
        "Which kettle boils fastest?\tkettles\nWhich toaster browns four slices?\nHow do I iron a shirt?\n"
    )
    return demo_site.read(folder)


@pytest.fixture(autouse=True)
def folder_of_its_own(tmp_path: Path, settings: Any) -> Path:
    """The demo's password lies there: tests beside this one share all else."""
    settings.DATA_DIR = tmp_path
    return tmp_path


def counts() -> dict[str, int]:
    models = (Workspace, Page, IndexGeneration, Run, Response, Attempt, Body)
    return {model.__name__: model._default_manager.count() for model in models}


def test_pages_are_rendered_as_browsers_get_them(site: Site) -> None:
    first = next(revision for revision in site.on(0) if "kettles" in revision.url)
    assert first.url == "https://kettles.example/guides/kettles"
    html = first.html(date(2026, 11, 1)).decode()
    assert (
        "<h2>What else we saw</h2>\n<ul><li>The Frost kettle is quiet.</li><li>It costs 30 dollars.</li></ul>" in html
    )
    assert 'content="2026-10-29"' in html
    assert "seconds &amp; is" in site.on(2)[0].html(date(2026, 11, 1)).decode()
    assert site.change_days == [0, 1, 2, 3]


def test_the_demo_is_whole_and_can_be_asked_again(site: Site) -> None:
    facts = demo.load(days=DAYS, site=site)
    assert facts is not None
    workspace = Workspace.objects.get(is_demo=True)
    answered = Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED)
    assert answered.count() == facts["answered"] == DAYS * 3 * demo.REPEATS
    assert set(Run.objects.for_workspace(workspace).values_list("status", flat=True)) == {RunStatus.COMPLETED}
    assert IndexGeneration.objects.for_workspace(workspace).count() == 4
    assert DayCounts.objects.for_workspace(workspace).values("day").distinct().count() == DAYS
    assert Body.objects.for_workspace(workspace).count() == answered.count()

    # the newest words win from the day they were published, and a page that went away is cited no more
    days = list(Run.objects.for_workspace(workspace).order_by("day").values_list("pk", flat=True))
    kettle = answered.filter(prompt_text__startswith="Which kettle")
    assert "two minutes" in " ".join(kettle.filter(run_id__in=days[:2]).values_list("text", flat=True))
    assert "two minutes" not in " ".join(kettle.filter(run_id__in=days[2:]).values_list("text", flat=True))
    assert "browns four slices" in " ".join(answered.filter(run=days[2]).values_list("text", flat=True))
    assert "browns four slices" not in " ".join(answered.filter(run=days[3]).values_list("text", flat=True))

    drawn = random.Random(1).sample(list(answered.select_related("generation")), 10)
    indexes.collect_garbage(workspace=workspace)
    engine.forget_indexes()
    for response in drawn:
        assert response.generation is not None
        assistant = assistants.build("local", index_folder=indexes.ready_path(generation=response.generation))
        temperature = response.options.get("temperature")
        again = assistant.answer(Question(response.prompt_text, seed=response.seed, temperature=temperature))
        assert again.text == response.text

    before = counts()
    assert demo.load(days=DAYS, site=site) == {**facts, "asked_now": 0}
    assert counts() == before


def test_the_demo_has_rules_that_were_looked_at_and_stay_as_people_leave_them(site: Site) -> None:
    demo.load(days=1, site=site, find=alert_queries.found)
    workspace = Workspace.objects.get(is_demo=True)
    rules = AlertRule.objects.for_workspace(workspace)
    assert set(rules.values_list("kind", flat=True)) == set(demo.RULES)
    assert not rules.filter(evaluated_at=None).exists()
    for rule in rules:
        alert_rules.archive(rule=rule)
    demo.load(days=1, site=site, find=alert_queries.found)
    assert not AlertRule.objects.for_workspace(workspace).filter(archived_at=None).exists()


def test_a_load_cut_short_goes_on_where_it_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    work, calls = ledger.work, []

    def dies_on_the_second_day(**arguments: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise SystemExit
        return work(**arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(ledger, "work", dies_on_the_second_day)
        with pytest.raises(SystemExit):
            demo.load(days=DAYS, site=site)
    facts = demo.load(days=DAYS, site=site)
    assert facts is not None
    assert (facts["runs"], facts["answered"]) == (DAYS, DAYS * 3 * demo.REPEATS)


def test_a_removed_demo_stays_away_until_asked_for(site: Site, folder_of_its_own: Path) -> None:
    assert demo.login() is None
    demo.load(days=1, site=site)
    login = demo.login()
    assert login is not None
    assert (folder_of_its_own / "demo_password").stat().st_mode & 0o777 == 0o600

    Workspace.objects.filter(is_demo=True).update(is_demo=False, name="Kept")
    assert demo.login() is None
    assert demo.load(days=1, site=site) is None
    assert demo.load(days=1, site=site, again=True) is not None
