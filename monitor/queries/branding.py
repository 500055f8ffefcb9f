"""A workspace's branding and the addresses its reports may go to, as they are set now."""

from __future__ import annotations

from monitor.branding import ACCENT, Branding
from monitor.models import ReportSettings, Workspace


def branding(workspace: Workspace) -> Branding:
    found = ReportSettings.objects.for_workspace(workspace).first()
    if found is None:
        return Branding()
    return Branding(found.name, found.accent or ACCENT, found.footer, bytes(found.logo))


def outside_addresses(workspace: Workspace) -> list[str]:
    """Addresses that owners let reports go to beside members."""
    found = ReportSettings.objects.for_workspace(workspace).first()
    return list(found.addresses) if found else []
