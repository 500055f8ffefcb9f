"""A workspace's own word on what kind of source a domain is."""

from __future__ import annotations

from monitor.models import SourceType, Workspace
from monitor.source_types import KINDS, kind_of


def choose(*, workspace: Workspace, domain: str, kind: str) -> None:
    """Keep the kind for this workspace; the built-in one is not written down. ValueError for what is no kind."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of source.")
    if kind == kind_of(domain):
        SourceType.objects.for_workspace(workspace).filter(domain=domain).delete()
    else:
        said = SourceType.objects.for_workspace(workspace)
        said.update_or_create(workspace=workspace, domain=domain, defaults={"kind": kind})
