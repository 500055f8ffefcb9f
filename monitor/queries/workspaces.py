"""A workspace's members, and how much it holds: what deleting it would lose."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.models import Membership, Page, Prompt, Response, ResponseStatus, Role, Workspace


@dataclass(frozen=True, slots=True)
class Counts:
    answers: int
    prompts: int
    pages: int


def counts(workspace: Workspace) -> Counts:
    """What a person would miss."""
    return Counts(
        answers=Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED).count(),
        prompts=Prompt.objects.for_workspace(workspace).count(),
        pages=Page.objects.for_workspace(workspace).count(),
    )


def members(workspace: Workspace) -> list[Membership]:
    """Owners first, then by address."""
    found = Membership.objects.for_workspace(workspace).select_related("user")
    return sorted(found, key=lambda member: (-Role(member.role).rank, member.user.email))
