"""A folder becomes a workspace; loaded twice it is updated, and what is wrong with it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from monitor.models import Brand, Page, PageVersion, Panel, Prompt, Suite, Workspace
from monitor.services import jobs, nudge, workspace_loader
from monitor.services.errors import Problem
from monitor.services.progress import Unwatched
from tests.factories import make_user, make_workspace
from tests.monitor.test_pages_import import LONG, html

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)
    folder = tmp_path / "market"
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.html").write_bytes(html(f"{LONG} This is page {name}."))
    rows = [{"url": f"https://a.example/{name}", "file": f"{name}.html"} for name in ("one", "two", "three")]
    (folder / "pages.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "prompts.txt").write_text("Which kettle is fast?\tkettles, fast\n\nWhich one is light?\n")
    (folder / "brands.json").write_text(json.dumps([{"name": "Acme", "domains": ["acme.com"], "kind": "own"}]))
    return folder


def load(folder: Path, name: str = "market", owner: str | None = None) -> dict[str, Any]:
    return workspace_loader.load(folder=folder, name=name, watch=Unwatched(), owner=owner)


def counts(workspace: Workspace) -> list[int]:
    models = (Brand, Suite, Prompt, Panel, Page, PageVersion)
    return [model._default_manager.filter(workspace=workspace).count() for model in models]


def test_loaded_twice_it_updates_and_doubles_nothing(folder: Path) -> None:
    owner = make_user(is_superuser=True)
    facts = load(folder)
    workspace = Workspace.objects.get(slug=facts["workspace"])
    assert (facts["added"], facts["refused"], facts["generation"]) == (2, 1, 1)
    assert counts(workspace) == [1, 1, 2, 1, 2, 2]
    assert list(workspace.memberships.values_list("user", "role")) == [(owner.pk, "owner")]
    panel = Panel.objects.for_workspace(workspace).get()
    assert (panel.name, panel.repeats, panel.assistants[0]["assistant"]) == ("market", 3, "local")
    assert Prompt.objects.for_workspace(workspace).get(text__contains="fast").tags == ["kettles", "fast"]

    again = load(folder)
    assert (again["unchanged"], again["generation"]) == (2, 1)
    assert counts(workspace) == [1, 1, 2, 1, 2, 2]

    (folder / "one.html").write_bytes(html(f"{LONG} This page was written anew."))
    (folder / "brands.json").write_text(json.dumps([{"name": "ACME", "aliases": ["Acme Co"]}, {"name": "Globex"}]))
    changed = load(folder)
    assert (changed["changed"], changed["generation"]) == (1, 2)
    assert counts(workspace) == [2, 1, 2, 1, 2, 3]
    assert Brand.objects.for_workspace(workspace).get(name="ACME").aliases == ["Acme Co"]


def test_a_domain_may_move_between_the_folders_brands_but_not_belong_to_two(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed(acme: list[str], globex: list[str]) -> None:
        brands = [{"name": "Acme", "domains": acme}, {"name": "Globex", "domains": globex}]
        (folder / "brands.json").write_text(json.dumps(brands))

    listed(["acme.com"], ["globex.com"])
    workspace = Workspace.objects.get(slug=load(folder)["workspace"])
    listed(["globex.com"], ["acme.com"])
    load(folder)
    owned = dict(Brand.objects.for_workspace(workspace).values_list("name", "domains"))
    assert owned == {"Acme": ["globex.com"], "Globex": ["acme.com"]}
    listed(["acme.com"], ["https://www.acme.com/about"])
    with pytest.raises(SystemExit) as refused:
        call_command("load_workspace", str(folder), "--name", "market")
    assert refused.value.code == 2
    assert "acme.com already belongs to the brand “Globex”. Take it out of one of the two" in capsys.readouterr().err
    assert dict(Brand.objects.for_workspace(workspace).values_list("name", "domains")) == owned


def test_rules_of_the_folders_brands_are_taken_and_stay_where_it_is_silent(folder: Path) -> None:
    for brand, kept in (
        ({"name": "Acme", "needs": ["anvil"], "exact_case": True}, (["anvil"], [], True)),
        ({"name": "Acme", "excludes": ["acme of skill"]}, (["anvil"], ["acme of skill"], True)),
        ({"name": "Acme", "needs": [], "exact_case": False}, ([], ["acme of skill"], False)),
    ):
        (folder / "brands.json").write_text(json.dumps([brand]))
        workspace = Workspace.objects.get(slug=load(folder)["workspace"])
        rules = Brand.objects.for_workspace(workspace).values_list("needs", "excludes", "exact_case")
        assert rules.get() == kept


def test_what_is_wrong_with_the_folder_is_said_before_anything_is_made(folder: Path) -> None:
    for content, reason in (
        ("{", "is not JSON"),
        ("{}", "must hold a list"),
        ('[{"name": " "}]', 'brand 1: it needs a "name"'),
        ('[{"name": "A", "kind": "friend"}]', "must be own or competitor"),
        ('[{"name": "A", "aliases": "B"}]', '"aliases" must be a list'),
        ('[{"name": "A", "excludes": "B"}]', '"excludes" must be a list'),
        ('[{"name": "A", "exact_case": 1}]', '"exact_case" must be true or false'),
    ):
        (folder / "brands.json").write_text(content)
        with pytest.raises(Problem, match=reason):
            load(folder)
    (folder / "brands.json").unlink()
    with pytest.raises(Problem, match=r"has no brands\.json"):
        load(folder)
    assert not Workspace.objects.exists()


def test_names_and_owners_must_be_clear(folder: Path) -> None:
    make_workspace(name="market", slug="m-1")
    make_workspace(name="Market", slug="m-2")
    with pytest.raises(Problem, match="2 workspaces are called 'market'; give one of: m-1, m-2"):
        load(folder)
    with pytest.raises(Problem, match="Nobody has an account"):
        load(folder, "other", owner="nobody@example.com")


def test_commands_print_one_json_line_and_refuse_with_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(slug="here")
    call_command("import_pages", str(folder / "pages.jsonl"), "--workspace", "here")
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert (facts["added"], facts["refused"], facts["pages"]) == (2, 1, 2)
    assert facts["pages_per_second"] > 0
    assert "pages.jsonl, line 3: There is no file three.html." in printed.err
    assert not jobs.resume_abandoned()
    assert Page.objects.for_workspace(workspace).count() == 2

    for command in (
        ["import_pages", str(folder / "none.jsonl"), "--workspace", "here"],
        ["import_pages", str(folder / "pages.jsonl"), "--workspace", "nowhere"],
        ["load_workspace", str(folder.parent), "--name", "x"],
        ["load_demo", "--days", "0"],
    ):
        with pytest.raises(SystemExit) as refused:
            call_command(*command)
        assert refused.value.code == 2
        assert capsys.readouterr().err.startswith("citescope: ")
