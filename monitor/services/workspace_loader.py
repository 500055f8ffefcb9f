"""A folder of pages, prompts and brands made into a workspace that is ready to run; loaded again, it is updated.

Nothing that people added or changed by hand is taken away: the folder's own names are updated, the rest is left.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from monitor.models import Brand, BrandKind, Panel, Prompt, Suite, User, Workspace
from monitor.services import brands, job_kinds, page_rows, pages, panels, suites, workspaces
from monitor.services.errors import Problem
from monitor.services.progress import Watch
from monitor.services.prompt_rows import PromptRow, clean_text, split_tags

FILES = ("pages.jsonl", "prompts.txt", "brands.json")
REPEATS = 3


def load(*, folder: Path, name: str, watch: Watch, owner: str | None = None) -> dict[str, Any]:
    """Load the folder into the workspace of that name; what there is now. Problem names what is missing or unclear."""
    missing = [file for file in FILES if not (folder / file).is_file()]
    if missing:
        raise Problem(f"{folder} has no {', '.join(missing)}. It needs {', '.join(FILES)}.")
    listed_brands = read_brands(folder / "brands.json")
    prompts = _text(folder / "prompts.txt").splitlines()
    workspace = find_or_create(name=name, owner=owner)
    with transaction.atomic():
        save_brands(workspace=workspace, listed=listed_brands)
        suite = save_suite(workspace=workspace, name=name, lines=prompts)
        panel = save_panel(workspace=workspace, name=name, suite=suite, repeats=REPEATS)
    facts = load_pages(workspace=workspace, path=folder / "pages.jsonl", watch=watch)
    return {
        "workspace": workspace.slug,
        "panel": panel.name,
        "prompts": Prompt.objects.for_workspace(workspace).filter(suite=suite, archived_at=None).count(),
        "brands": Brand.objects.for_workspace(workspace).filter(archived_at=None).count(),
        **facts,
    }


def load_pages(*, workspace: Workspace, path: Path, watch: Watch) -> dict[str, Any]:
    """Import a JSON Lines file of pages that lies on this machine, and index them."""
    if not path.is_file():
        raise Problem(f"There is no file {path}.")
    rows = page_rows.jsonl_rows(path, name=path.name, folder=path.parent)
    imported = pages.import_rows(workspace=workspace, rows=rows, total=page_rows.count_lines(path), watch=watch)
    return {**imported.as_json(), **job_kinds.index_facts(workspace, watch)}


def with_pace(facts: dict[str, Any], seconds: dict[str, float], total_seconds: float) -> dict[str, Any]:
    """The facts with how long each part took and the pages read a second."""
    reading = seconds.get(pages.READING, 0.0)
    read = sum(facts[key] for key in ("added", "changed", "unchanged", "put_back", "refused"))
    return {
        **facts,
        "seconds": round(total_seconds, 1),
        "reading_seconds": round(reading, 1),
        "indexing_seconds": round(seconds.get(job_kinds.INDEXING, 0.0), 1),
        "pages_per_second": round(read / total_seconds, 1) if total_seconds else None,
        "pages_read_per_second": round(read / reading, 1) if reading else None,
    }


def find_or_create(*, name: str, owner: str | None = None) -> Workspace:
    """The one workspace with this slug or name, made if there is none; Problem when several have the name."""
    return workspaces.find(name=name) or workspaces.create(name=name, owners=_owners(owner))


def _owners(email: str | None) -> list[User]:
    """Who sees a workspace made on the command line: the account named, else every administrator."""
    if email is None:
        administrators = list(User.objects.filter(is_superuser=True, is_active=True))
        return administrators or list(User.objects.filter(is_active=True).order_by("pk")[:1])
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise Problem(f"Nobody has an account with the address {email}. Sign up first, or leave out --owner.")
    return [user]


def save_brands(*, workspace: Workspace, listed: list[dict[str, Any]]) -> None:
    """Create the brands, or bring those of the same name up to date; brands that are not listed stay."""
    known = {brand.name.casefold(): brand for brand in Brand.objects.for_workspace(workspace).filter(archived_at=None)}
    for fields in listed:  # what moved from one brand of the list to another is let go of first
        if brand := known.get(fields["name"].casefold()):
            brand.aliases = [alias for alias in brand.aliases if alias in fields["aliases"]]
            brand.domains = [domain for domain in brand.domains if domain in brands.clean_domains(fields["domains"])]
            brand.save(update_fields=["aliases", "domains"])
    for fields in listed:
        brands.save_brand(workspace=workspace, brand=known.get(fields["name"].casefold()), fields=fields)


def save_suite(*, workspace: Workspace, name: str, lines: list[str]) -> Suite:
    """The suite of that name with these prompts, each with tags after a tab; prompts it has besides stay."""
    suite = Suite.objects.for_workspace(workspace).filter(name__iexact=name, archived_at=None).first()
    suite = suite or suites.save_suite(workspace=workspace, suite=None, name=name)
    rows = []
    for number, line in enumerate(lines, start=1):
        text, _, tags = line.partition("\t")
        rows.append(PromptRow(clean_text(text), split_tags(tags), number))
    suites.add_prompts(suite=suite, rows=[row for row in rows if row.text])
    return suite


def save_panel(
    *, workspace: Workspace, name: str, suite: Suite, repeats: int, cron: str = "", time_zone: str = "UTC"
) -> Panel:
    """The panel of that name as it is, or a new one that asks the local engine."""
    existing = Panel.objects.for_workspace(workspace).filter(name__iexact=name, archived_at=None).first()
    return existing or panels.save_panel(
        workspace=workspace,
        panel=None,
        fields={
            "name": name,
            "suite": suite,
            "assistants": [{"assistant": "local", "model": "", "options": {}}],
            "repeats": repeats,
            "cron": cron,
            "time_zone": time_zone,
        },
        revision=None,
    )


def read_brands(path: Path) -> list[dict[str, Any]]:
    """`[{"name", "aliases", "domains", "kind"}]`, with "needs", "excludes" and "exact_case" where a brand has rules.

    Problem says which entry is wrong and how.
    """
    try:
        listed = json.loads(_text(path))
    except ValueError as error:
        raise Problem(f"{path} is not JSON: {error}.") from None
    if not isinstance(listed, list):
        raise Problem(f"{path} must hold a list of brands.")
    return [_brand(entry, f"{path}, brand {number}") for number, entry in enumerate(listed, start=1)]


def _brand(entry: Any, where: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not entry["name"].strip():
        raise Problem(f'{where}: it needs a "name".')
    kind = entry.get("kind", BrandKind.COMPETITOR)
    if kind not in BrandKind.values:
        raise Problem(f"{where}: its kind is {kind!r}, but must be own or competitor.")
    for key in ("aliases", "domains", "needs", "excludes"):
        if not _is_words(entry.get(key, [])):
            raise Problem(f'{where}: "{key}" must be a list of words.')
    if not isinstance(entry.get("exact_case", False), bool):
        raise Problem(f'{where}: "exact_case" must be true or false.')
    return {
        **{key: entry[key] for key in ("needs", "excludes", "exact_case") if key in entry},
        "name": entry["name"].strip(),
        "aliases": list(entry.get("aliases", [])),
        "domains": list(entry.get("domains", [])),
        "kind": kind,
    }


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{path} cannot be read as UTF-8 text: {error}.") from None
