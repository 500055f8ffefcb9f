"""What did not happen and should have: scheduled runs that were not done in time, and runs of which too much failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.utils import timezone

from monitor import packed, schedule
from monitor.firings import Firing
from monitor.models import AlertRule, DayCounts, Panel, Run, RunStatus
from monitor.plain import day as day_words
from monitor.queries import counts
from monitor.queries.filters import Period


def silence(rule: AlertRule, period: Period, now: datetime) -> list[Firing]:
    found: list[Firing] = []
    if "missed" in rule.watches:
        found += _missed(rule, period, now)
    if "failed" in rule.watches:
        found += _failed(rule, period)
    return found


def _missed(rule: AlertRule, period: Period, now: datetime) -> Iterator[Firing]:
    """Slots that were due in the period and whose run had not completed so many hours later; one a panel and day.

    A run that somebody paused has as much longer as it was paused.
    """
    zone, patience = rule.workspace.zone, timedelta(hours=rule.hours)
    start = datetime.combine(period.start, time(), tzinfo=zone) - patience
    due = Panel.objects.for_workspace(rule.workspace).exclude(cron="").filter(paused=False, archived_at=None)
    panels = list(due.filter(pk=rule.panel_id) if rule.panel_id else due)
    rows = Run.objects.for_workspace(rule.workspace).filter(panel__in=panels, slot_at__gte=start)
    runs = {(run.panel_id, run.slot_at): run for run in rows}
    for panel in panels:
        since = max(start, panel.scheduled_from or panel.created_at)
        told = set()
        for slot in schedule.slots(panel.cron, panel.time_zone, since):
            if slot + patience > now:
                break
            run = runs.get((panel.pk, slot))
            deadline = _put_off(slot + patience, run)
            day = deadline.astimezone(zone).date()
            if deadline <= now and day in period and day not in told and (why := _why_late(run, deadline)):
                told.add(day)
                local = slot.astimezone(zone)
                yield Firing(
                    subject=f"missed {panel.pk}",
                    start=day,
                    end=day,
                    words=f"“{panel.name}” was due on {day_words(local.date())}, {local:%H:%M}, and was not done "
                    f"{rule.hours} hour{'' if rule.hours == 1 else 's'} later: {why}.",
                    page="run" if run else "panel",
                    about=run.pk if run else panel.pk,
                    good=False,
                    figures={"slot": slot.isoformat(), "hours": rule.hours},
                )


def _put_off(deadline: datetime, run: Run | None) -> datetime:
    """The deadline after the pauses that began before it."""
    for since, until in run.paused_spans if run else ():
        if since < deadline:
            deadline += until - since
    return deadline


def _why_late(run: Run | None, deadline: datetime) -> str:
    """Nothing where the run was done in time, or where somebody cancelled it."""
    if run is None:
        return "no run was started"
    if run.status == RunStatus.CANCELLED or (run.finished_at and run.finished_at <= deadline):
        return ""
    if run.finished_at is None:
        return "its run has not ended yet"
    done = timezone.localtime(run.finished_at, run.workspace.zone)
    return f"its run ended on {day_words(done.date())}, {done:%H:%M}"


def _failed(rule: AlertRule, period: Period) -> Iterator[Firing]:
    """Completed runs of the period of which more than so many percent failed."""
    extraction = counts.current_extraction(rule.workspace)
    counted = DayCounts.objects.for_workspace(rule.workspace).filter(
        extraction=extraction,
        day__range=(period.start, period.end),
        panel__isnull=False,
        run__status=RunStatus.COMPLETED,
    )
    counted = counted.filter(panel=rule.panel_id) if rule.panel_id else counted
    rows = counted.order_by("day", "run").values_list("run", "day", "panel__name", "cells")
    for (run, day, panel), of_run in groupby(rows, key=itemgetter(0, 1, 2)):
        cells = np.concatenate([packed.unpack(each, packed.CELLS) for *_, each in of_run])
        valid, failed, refused = (int(cells[name].sum()) for name in ("valid", "failed", "refused"))
        asked = valid + failed + refused
        if failed * 100 > asked * rule.percent:
            yield Firing(
                subject=f"failed {run}",
                start=day,
                end=day,
                words=f"{failed} of {asked} answers of “{panel}” on {day_words(day)} failed, "
                f"more than {rule.percent} %.",
                page="run",
                about=run,
                good=False,
                figures={"failed": failed, "asked": asked},
            )
