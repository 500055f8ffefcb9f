"""Why a run stands still, in words, with what to do about it. Reads alone; changes nothing it finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DateTimeField, Min, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils import timezone

from monitor import assistants, pulse
from monitor.models import (
    Attempt,
    Budget,
    Gate,
    Job,
    JobKind,
    JobStatus,
    RateLimit,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
)
from monitor.queries.jobs import INDEX_STAGE

#: Jobs that hold the worker of the local engine until they are done: those that are building an index by now.
_BUILDING = Q(status=JobStatus.RUNNING) & (Q(kind=JobKind.BUILD_INDEX) | Q(input__stage=INDEX_STAGE))


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a run waits for. `until` is when it goes on by itself; `url` is where an owner can change it."""

    text: str
    until: datetime | None = None
    url: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True)
class _Due:
    """Questions for one assistant that could be asked now; `since` is when the first of them could."""

    assistant: str
    queue: str
    count: int
    since: datetime

    @property
    def label(self) -> str:
        return assistants.label(self.assistant)

    @property
    def costs(self) -> bool:
        return assistants.needs_key(self.assistant)


def reasons(run: Run, *, has_room: bool) -> tuple[Reason, ...]:
    """What keeps the run's due questions from being asked, none while nothing does. `has_room`: on the disk."""
    due = _due(run) if run.status == RunStatus.RUNNING else []
    held = list(_held_for_all(run, due, has_room))
    free = [item for item in due if not (held and item.costs)]
    gates = {
        gate.credential.assistant: gate
        for gate in Gate.objects.for_workspace(run.workspace_id)
        .filter(credential__assistant__in=[item.assistant for item in due])
        .select_related("credential")
    }
    for item in due:
        if (gate := gates.get(item.assistant)) and (reason := _at_gate(run, item, gate)):
            held.append(reason)
            free = [other for other in free if other is not item]
    return (*held, *_paces(run, free), *_without_worker(free))


def _due(run: Run) -> list[_Due]:
    rows = Response.objects.for_workspace(run.workspace_id).filter(run=run, status=ResponseStatus.PENDING)
    rows = rows.exclude(next_try_at__gt=timezone.now()).order_by()
    begun = Value(run.going_since, output_field=DateTimeField())
    since = Min(Greatest(Coalesce("next_try_at", begun), begun))
    found = rows.values_list("assistant", "queue").annotate(count=Count("pk"), since=since).order_by("assistant")
    return [_Due(*row) for row in found]


def _held_for_all(run: Run, due: list[_Due], has_room: bool) -> Iterator[Reason]:
    """The disk, and budgets: what holds back everything that costs."""
    paid = [item for item in due if item.costs]
    if not paid:
        return
    if not has_room:
        yield Reason(
            "The disk is nearly full, so nothing is asked whose answer might find no room. Whoever hosts this makes "
            "room; then it goes on by itself."
        )
    slug, workspace = run.workspace.slug, run.workspace
    month = timezone.now().astimezone(workspace.zone).date().replace(day=1)
    full = Budget.objects.for_workspace(workspace).filter(is_full=True)
    if full.filter(month=month).exists():
        yield Reason(
            "This month's budget has no room for the next question. The run goes on when something reserved is given "
            "back, when an owner raises it, or when the next month begins.",
            url=reverse("cost", args=[slug]),
            act="Raise the budget",
        )
    if run.panel_id and full.filter(run=run).exists():
        yield Reason(
            "The run's own budget has no room for the next question. The run goes on when something reserved is given "
            "back, or when an owner raises it.",
            url=reverse("panel", args=[slug, run.panel_id]) + "#cost",
            act="Raise the budget of a run",
        )


def _at_gate(run: Run, item: _Due, gate: Gate) -> Reason | None:
    """What the assistant's service said or did that makes everybody wait."""
    now = timezone.now()
    if gate.open_until is not None:
        until = gate.open_until if gate.open_until > now else None
        settings = reverse("assistants", args=[run.workspace.slug])
        kind = _latest_error(run, item.assistant)
        if kind == "auth":
            return Reason(
                f"{item.label} refused the key. Enter a new one; what failed meanwhile can be asked again.",
                until,
                settings,
                "Enter a new key",
            )
        if kind == "quota":
            return Reason(
                f"The account behind the key of {item.label} has no credit left. Top it up at the service.",
                until,
                settings,
                "See the key",
            )
        times = "1 call" if gate.failures == 1 else f"{gate.failures:,} calls in a row"
        return Reason(f"{item.label} is having trouble: {times} failed. One call tries it before the rest.", until)
    if gate.cool_until and gate.cool_until > now:
        return Reason(f"{item.label} has reached its rate limit and asked to wait.", gate.cool_until)
    return None


def _latest_error(run: Run, assistant: str) -> str:
    """What kind of trouble the workspace last had with an assistant."""
    failed = Attempt.objects.for_workspace(run.workspace_id).filter(response__assistant=assistant)
    return failed.exclude(error_kind="").order_by("-pk").values_list("error_kind", flat=True).first() or ""


def _paces(run: Run, due: Iterable[_Due]) -> Iterator[Reason]:
    """Limits of one's own that more than a minute's questions wait behind."""
    counts = {item.assistant: item for item in due}
    limits = RateLimit.objects.for_workspace(run.workspace_id).filter(credential__assistant__in=counts)
    for limit in limits.select_related("credential"):
        item = counts[limit.credential.assistant]
        if limit.unit == "tokens" or item.count > limit.per_minute:
            yield Reason(
                f"{item.label} is asked for {limit.per_minute:,} {limit.unit} a minute at most, as set here.",
                url=reverse("assistants", args=[run.workspace.slug]),
                act="Change the limit",
            )


def _without_worker(due: Iterable[_Due]) -> Iterator[Reason]:
    """Questions that nothing holds back and nobody takes up."""
    silent = timezone.now() - timedelta(seconds=pulse.SILENT_SECONDS)
    kinds: dict[str, list[_Due]] = {}
    for item in due:
        if item.since < silent:
            kinds.setdefault(pulse.kind_of(item.queue), []).append(item)
    for kind, items in kinds.items():
        last = pulse.last(kind)
        flying = Response.objects.unscoped().filter(status=ResponseStatus.SENDING, lease_until__gt=timezone.now())
        queues = flying.order_by().values_list("queue", flat=True).distinct()
        if (last and last > silent) or kind in {pulse.kind_of(queue) for queue in queues}:
            continue
        if kind == "models" and Job.objects.unscoped().filter(_BUILDING).exists():
            yield Reason("The local engine's worker is building an index. The run goes on after that.")
            continue
        names = ", ".join(item.label for item in items)
        yield Reason(
            f"No worker asks {names} at present. Nothing is lost: whoever hosts this starts one (`make run` keeps all "
            "of them running), and the run goes on."
        )
