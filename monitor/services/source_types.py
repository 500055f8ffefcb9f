"""A workspace's own word on what kind of source a domain is."""

from __future__ import annotations

from monitor.models import SourceType, Workspace
from monitor.services.errors import Problem
from monitor.source_types import KINDS, kind_of


def choose(*, workspace: Workspace, domain: str, kind: str) -> None:
    """Keep the kind for this workspace; the built-in one is not written down. Problem for no domain or no kind."""
    if not domain or kind not in KINDS:
        raise Problem("choose a kind for a domain.")
    if kind == kind_of(domain):
        SourceType.objects.for_workspace(workspace).filter(domain=domain).delete()
    else:
        said = SourceType.objects.for_workspace(workspace)
        said.update_or_create(workspace=workspace, domain=domain, defaults={"kind": kind})
