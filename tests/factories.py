"""Rows for tests, made with as little said as possible."""

from __future__ import annotations

import itertools
from typing import Any

from monitor.models import Brand, Membership, Prompt, Role, Suite, User, Workspace

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def make_user(**fields: Any) -> User:
    return User.objects.create_user(fields.pop("email", f"person{next(_numbers)}@example.com"), PASSWORD, **fields)


def make_workspace(**fields: Any) -> Workspace:
    number = next(_numbers)
    return Workspace.objects.create(**{"name": f"Team {number}", "slug": f"team-{number}", **fields})


def make_member(workspace: Workspace, role: Role = Role.OWNER) -> User:
    user = make_user()
    Membership.objects.create(workspace=workspace, user=user, role=role)
    return user


def make_brand(workspace: Workspace, **fields: Any) -> Brand:
    return Brand.objects.create(workspace=workspace, **{"name": f"Brand {next(_numbers)}", **fields})


def make_suite(workspace: Workspace, prompts: int = 3, **fields: Any) -> Suite:
    suite = Suite.objects.create(workspace=workspace, **{"name": f"Suite {next(_numbers)}", **fields})
    for number in range(prompts):
        Prompt.objects.create(workspace=workspace, suite=suite, text=f"What about thing {number}?")
    return suite
