"""Setting how a workspace's reports look, and the addresses outside the team that they may go to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from monitor import logos
from monitor.branding import clean_accent as checked_accent
from monitor.models import Membership, ReportSettings, Workspace
from monitor.services.errors import Problem

MOST_ADDRESSES = 50


def save(
    *,
    workspace: Workspace,
    name: str,
    accent: str,
    footer: str,
    addresses: Iterable[str],
    logo: bytes | None = None,
) -> None:
    """`logo` is a PNG of `clean_logo`; None keeps the present one and b"" takes it away."""
    values: dict[str, Any] = {
        "name": clean_line(name),
        "accent": clean_accent(accent),
        "footer": clean_line(footer),
        "addresses": clean_addresses(addresses),
    }
    if logo is not None:
        values["logo"] = logo
    ReportSettings.objects.for_workspace(workspace).update_or_create(workspace=workspace, defaults=values)


def clean_line(text: str) -> str:
    line = " ".join(text.split())
    if not line.isprintable():
        raise Problem("This has characters that cannot be shown. Type it anew.")
    return line


def clean_accent(text: str) -> str:
    try:
        return checked_accent(text)
    except ValueError as error:
        raise Problem(str(error)) from None


def clean_logo(data: bytes) -> bytes:
    """The logo as the PNG that is kept. Problem for what cannot be one."""
    try:
        return logos.as_png(data)
    except ValueError as error:
        raise Problem(str(error)) from None


def clean_addresses(addresses: Iterable[str]) -> list[str]:
    """The addresses in lower case, each once. Problem for what is none, and for too many."""
    found = list(dict.fromkeys(address.strip().lower() for address in addresses if address.strip()))
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            raise Problem(f"“{address[:80]}” is no e-mail address.") from None
    if len(found) > MOST_ADDRESSES:
        raise Problem(f"{MOST_ADDRESSES} addresses are the most; these are {len(found):,}.")
    return found


def allowed_addresses(*, workspace: Workspace) -> set[str]:
    """Whom reports may go to now: members whose accounts are open, and the addresses that owners added."""
    members = Membership.objects.for_workspace(workspace).filter(user__is_active=True)
    inside = {address.lower() for address in members.values_list("user__email", flat=True)}
    settings = ReportSettings.objects.for_workspace(workspace).first()
    return inside | set(settings.addresses if settings else ())
