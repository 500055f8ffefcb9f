"""The demo workspace: a made-up market replayed day by day, every answer really given by the local engine.

Each day's changes become an index generation, each day's run is asked of that day's generation. Every step can be
delivered twice: a load cut short goes on where it stopped, and a demo that somebody removed stays away.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inference.pages import identify
from monitor.models import (
    AlertKind,
    AlertRule,
    IndexGeneration,
    Membership,
    Page,
    PageVersion,
    Panel,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
    User,
    Workspace,
)
from monitor.services import (
    alert_rules,
    alerts,
    demo_site,
    indexes,
    ledger,
    pages,
    recovery,
    runs,
    workspace_loader,
    workspaces,
)
from monitor.services.demo_site import Revision, Site
from monitor.services.page_rows import PageRow
from monitor.services.progress import Unwatched, Watch

EMAIL = "demo@citescope.example"
NAME = "Demo"
SUITE = "Customer questions"
PANEL = "Every morning"
DAYS = 30
REPEATS = 3
SEEN_AT, RUN_AT = time(5), time(6)
CRON = "0 6 * * *"

RULES = (AlertKind.CHANGE, AlertKind.CITATIONS, AlertKind.SENTIMENT, AlertKind.SILENCE)

REPLAYING = "Replaying the demo's pages"
ANSWERING = "Answering the demo's questions"


@dataclass(frozen=True, slots=True)
class Login:
    email: str
    password: str


def load(
    *,
    days: int = DAYS,
    again: bool = False,
    watch: Watch | None = None,
    site: Site | None = None,
    find: alerts.Find | None = None,
) -> dict[str, Any] | None:
    """Load the demo's last `days` days, the latest of them yesterday; None where it was removed before.

    Loaded already, it only says what there is: new days come from the panel's own schedule. `find` is what the demo's
    rules of alerts see through; without it there are none.
    """
    watch, site = watch or Unwatched(), site or demo_site.read()
    workspace = _workspace(again)
    if workspace is None:
        return None
    first_day = _first_day(workspace, days)
    panel = _configure(workspace, site)
    _replay_pages(workspace, site, first_day, days, watch)
    asked = _answer(panel, site, first_day, days, watch)
    if find:
        _tell(workspace, find, days)
    return {
        "workspace": workspace.slug,
        "days": days,
        "runs": Run.objects.for_workspace(workspace).filter(panel=panel).count(),
        "answered": Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED).count(),
        "asked_now": asked,
        "pages": Page.objects.for_workspace(workspace).count(),
        "page_versions": PageVersion.objects.for_workspace(workspace).count(),
        "generations": IndexGeneration.objects.for_workspace(workspace).count(),
    }


def login() -> Login | None:
    """The demo's account, as long as the demo is here and its password is still the one that was made for it."""
    user, password = User.objects.filter(email=EMAIL, is_active=True).first(), _password_file()
    if user is None or not password.exists() or not Workspace.objects.filter(is_demo=True).exists():
        return None
    word = password.read_text().strip()
    return Login(EMAIL, word) if user.check_password(word) else None


def _workspace(again: bool) -> Workspace | None:
    """The demo's workspace and account, made together; None when it was made once and removed since."""
    existing = Workspace.objects.filter(is_demo=True).first()
    if existing is not None:
        return existing
    account = User.objects.filter(email=EMAIL).first()
    if account is not None and not again:
        return None
    password = _new_password()
    with transaction.atomic():
        if account is None:
            account = User.objects.create_user(EMAIL, password)
        else:
            account.set_password(password)
            account.save(update_fields=["password"])
        return workspaces.create(name=NAME, owners=[account], is_demo=True)


def _password_file() -> Path:
    return Path(settings.DATA_DIR) / "demo_password"


def _new_password() -> str:
    """A password of this installation's own, kept where only its user can read it, so that it can be shown again."""
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    descriptor = os.open(_password_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password + "\n")
    return password


def _first_day(workspace: Workspace, days: int) -> date:
    """The demo's first day: what an earlier load began with, else so that the last one is yesterday."""
    oldest = PageVersion.objects.for_workspace(workspace).order_by("seen_at").values_list("seen_at", flat=True).first()
    if oldest is not None:
        return oldest.astimezone(workspace.zone).date()
    return timezone.now().astimezone(workspace.zone).date() - timedelta(days=days)


def _configure(workspace: Workspace, site: Site) -> Panel:
    existing = Panel.objects.for_workspace(workspace).order_by("pk").select_related("workspace", "suite").first()
    if existing is not None:
        return existing
    with transaction.atomic():
        workspace_loader.save_brands(workspace=workspace, listed=site.brands)
        suite = workspace_loader.save_suite(workspace=workspace, name=SUITE, lines=site.prompts)
        return workspace_loader.save_panel(
            workspace=workspace, name=PANEL, suite=suite, repeats=REPEATS, cron=CRON, time_zone=workspace.time_zone
        )


def _replay_pages(workspace: Workspace, site: Site, first_day: date, days: int, watch: Watch) -> None:
    """Import each day's changes and index them: the n-th day with changes makes the n-th generation."""
    changes = [day for day in site.change_days if day < days]
    built = IndexGeneration.objects.for_workspace(workspace).count()
    for number, day in enumerate(changes, start=1):
        watch.step(REPLAYING, number, len(changes))
        if number <= built:
            continue
        revisions = site.on(day)
        seen_at = _moment(workspace, first_day + timedelta(days=day), SEEN_AT)
        shown = [_row(revision, first_day) for revision in revisions if revision.body is not None]
        unused = Unwatched()
        pages.import_rows(
            workspace=workspace, rows=shown, total=len(shown), watch=unused, seen_at=seen_at, trusted=True
        )
        if unused.problems:
            raise ValueError(f"The demo's pages of day {day} cannot be used: {unused.problems}")
        for revision in revisions:
            if revision.body is None:
                gone = identify(revision.url).page
                for page in Page.objects.for_workspace(workspace).filter(page=gone).select_related("workspace"):
                    pages.take_out(page=page)
        generation = indexes.next_generation(workspace=workspace)
        if generation is None or generation.number != number:
            raise ValueError(f"The demo's pages do not differ on day {day}, though they say so.")


def _row(revision: Revision, first_day: date) -> PageRow:
    identity = identify(revision.url)
    if identity.page is None:
        raise ValueError(f"{revision.url} is no address.")
    return PageRow(revision.url, revision.url, identity.page, identity.domain or "", revision.html(first_day))


def _answer(panel: Panel, site: Site, first_day: date, days: int, watch: Watch) -> int:
    """A run for every day, asked of that day's pages through the ledger; how many responses that took."""
    workspace = panel.workspace
    recovery.sweep()  # of a load cut short: what was being asked then is due again once its lease is over
    generations = {row.number: row for row in IndexGeneration.objects.for_workspace(workspace)}
    started = {run.slot_at: run for run in Run.objects.for_workspace(workspace).filter(panel=panel)}
    asked = 0
    for day in range(days):
        watch.step(ANSWERING, day, days)
        slot = _moment(workspace, first_day + timedelta(days=day), RUN_AT)
        generation = generations[sum(1 for change in site.change_days if change <= day)]
        run = started.get(slot) or runs.start_run(
            panel=panel, trigger=Trigger.SCHEDULE, slot_at=slot, generation=generation
        )
        if run.status == RunStatus.RUNNING:
            asked += ledger.work(queues=["local"], run=run)
    recovery.sweep()
    watch.step(ANSWERING, days, days)
    return asked


def _tell(workspace: Workspace, find: alerts.Find, days: int) -> None:
    """Rules of alerts, and what they tell of these days; once, so that who changed or deleted them keeps that."""
    if AlertRule.objects.for_workspace(workspace).exists():
        return
    member = Membership.objects.for_workspace(workspace).order_by("pk")[0]
    with transaction.atomic():
        for kind in RULES:
            rule = alert_rules.make_ready_made(workspace=workspace, kind=kind, for_member=member)
            alert_rules.leave(rule=rule, membership=member)  # the demo's account has no mailbox
            alerts.evaluate(rule=rule, find=find, now=timezone.now(), days=days)


def _moment(workspace: Workspace, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=workspace.zone)
