"""Rules of alerts: saved, offered ready-made, switched, deleted with a way back, and whom they write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from django.db import transaction
from django.utils import timezone

from monitor.models import AlertRecipient, AlertRule, Brand, BrandKind, Digest, Membership, Workspace
from monitor.models.alerts import ABOUT_A_BRAND, READY_MADE, WATCHES
from monitor.services.errors import Problem

MAX_NAME = 120
MOST_DAYS, MOST_RUNS, MOST_HOURS = 90, 30, 240
NUMBERS = ("days", "runs", "hours", "percent")


def save_rule(
    *, workspace: Workspace, rule: AlertRule | None, fields: Mapping[str, Any], revision: int | None = None
) -> AlertRule:
    """Make a rule or change one. `fields`: kind, name, watches, brand, panel, assistants, days, runs, hours, percent,
    and recipients (memberships). Problem for what is wrong, and where somebody else changed it since `revision`.
    """
    cleaned = _cleaned(workspace, fields)
    with transaction.atomic():
        if rule is None:
            saved = AlertRule.objects.create(workspace=workspace, **cleaned)
        else:
            rows = AlertRule.objects.for_workspace(workspace).select_for_update(of=("self",))
            saved = rows.get(pk=rule.pk)
            if revision is not None and saved.revision != revision:
                raise Problem(
                    "Somebody else changed this rule while you had it open. What you typed still stands here: save it "
                    "again to put it in place of theirs."
                )
            if any(getattr(saved, key) != value for key, value in cleaned.items()):
                for key, value in cleaned.items():
                    setattr(saved, key, value)
                saved.revision += 1
                saved.evaluated_at = None  # what it watches now was never looked at
                saved.save()
        _set_recipients(saved, fields["recipients"])
    return saved


def make_ready_made(*, workspace: Workspace, kind: str, for_member: Membership) -> AlertRule:
    """The rule of a kind as it is offered, on and writing to this member; the one that is there already, if there is.

    Problem without a brand.
    """
    if kind not in READY_MADE:
        raise Problem("Choose one of the kinds of rules.")
    own = Brand.objects.for_workspace(workspace).filter(kind=BrandKind.OWN, archived_at=None).order_by("pk").first()
    if kind in ABOUT_A_BRAND and own is None:
        raise Problem("This rule is about your own brand. Add it under Brands first.")
    brand = own if kind in ABOUT_A_BRAND else None
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        known = AlertRule.objects.for_workspace(workspace).filter(kind=kind, name=READY_MADE[kind]["name"])
        if existing := known.filter(archived_at=None).first():
            switch(rule=existing, on=True)
            _add_recipients(existing, {for_member.pk})
            return existing
        fields = {**blank(kind), "brand": brand, "panel": None, "assistants": [], "recipients": [for_member]}
        return save_rule(workspace=workspace, rule=None, fields=fields)


def blank(kind: str) -> dict[str, Any]:
    """The plain fields of a rule of this kind before anybody changes them."""
    return {"kind": kind, "days": 7, "runs": 5, "hours": 6, "percent": 0, **READY_MADE[kind]}


def switch(*, rule: AlertRule, on: bool) -> None:
    """Turn it on or off. What happened while it was off is not told afterwards, but for the last days."""
    rows = AlertRule.objects.for_workspace(rule.workspace_id).filter(pk=rule.pk, is_on=not on)
    rows.update(is_on=on, **({"evaluated_at": None} if on else {}))


def archive(*, rule: AlertRule) -> None:
    """Delete it in a way that can be taken back; what it told stays."""
    rows = AlertRule.objects.for_workspace(rule.workspace_id).filter(pk=rule.pk, archived_at=None)
    rows.update(archived_at=timezone.now())


def restore(*, rule: AlertRule) -> None:
    rows = AlertRule.objects.for_workspace(rule.workspace_id).filter(pk=rule.pk)
    rows.update(archived_at=None, evaluated_at=None)


def leave(*, rule: AlertRule, membership: Membership) -> None:
    """Write to this member no more."""
    AlertRecipient.objects.for_workspace(rule.workspace_id).filter(rule=rule, membership=membership).delete()


def set_digest(*, membership: Membership, digest: Digest, hour: int) -> None:
    """How often this member gets a digest, and at which hour of the workspace's zone; the next one is the first."""
    if not 0 <= hour <= 23:
        raise Problem("Choose an hour from 0 to 23.")
    rows = Membership.objects.for_workspace(membership.workspace_id).filter(pk=membership.pk)
    rows.update(digest=digest, digest_hour=hour, digest_from=timezone.now())


def _cleaned(workspace: Workspace, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are kept; Problem for the first that is wrong."""
    kind = fields["kind"]
    if kind not in WATCHES:
        raise Problem("Choose one of the kinds of rules.")
    watches = [watch for watch in WATCHES[kind] if watch in fields["watches"]]
    if not watches:
        raise Problem("Choose at least one thing to be told of.")
    brand, panel = fields["brand"], fields["panel"]
    if (brand is None) == (kind in ABOUT_A_BRAND):
        raise Problem("Choose a brand." if brand is None else "This kind of rule is about no brand.")
    for row in filter(None, (brand, panel)):
        if row.workspace_id != workspace.pk:
            raise Problem("Choose a brand and a panel of this workspace.")
    numbers = {
        "days": _number(fields["days"], 1, MOST_DAYS, "days"),
        "runs": _number(fields["runs"], 1, MOST_RUNS, "runs"),
        "hours": _number(fields["hours"], 1, MOST_HOURS, "hours"),
        "percent": _number(fields["percent"], 0, 100, "percent"),
    }
    return {
        "kind": kind,
        "name": clean_name(str(fields["name"])),
        "watches": watches,
        "brand": brand,
        "panel": panel,
        "assistants": sorted(fields["assistants"]),
        **numbers,
    }


def clean_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise Problem("Give the rule a name.")
    if len(name) > MAX_NAME:
        raise Problem(f"A name may have {MAX_NAME} characters; this has {len(name):,}. Shorten it.")
    return name


def _number(value: int, least: int, most: int, what: str) -> int:
    if not least <= int(value) <= most:
        raise Problem(f"Give {least} to {most} {what}.")
    return int(value)


def _set_recipients(rule: AlertRule, wanted: Iterable[Membership]) -> None:
    ids = {membership.pk for membership in wanted if membership.workspace_id == rule.workspace_id}
    rows = AlertRecipient.objects.for_workspace(rule.workspace_id).filter(rule=rule)
    rows.exclude(membership__in=ids).delete()
    _add_recipients(rule, ids)


def _add_recipients(rule: AlertRule, ids: Set[int]) -> None:
    AlertRecipient.objects.bulk_create(
        (AlertRecipient(workspace_id=rule.workspace_id, rule=rule, membership_id=pk) for pk in sorted(ids)),
        ignore_conflicts=True,
    )
