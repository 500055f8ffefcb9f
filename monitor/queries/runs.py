"""Runs as their pages show them: how far each is, and its responses by prompt and assistant. Reads alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone

from monitor import assistants
from monitor.models import (
    OPEN,
    Charge,
    ChargeState,
    Panel,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.queries.kept import kept

#: The pace is that of the last minute: a run that was retried or stood still has no honest average.
PACE_SECONDS = 60
PROMPTS_SHOWN = 50
UNKNOWN = ResponseStatus.UNKNOWN.label

TONE = {
    RunStatus.RUNNING: "accent",
    RunStatus.PAUSED: "warn",
    RunStatus.COMPLETED: "ok",
    RunStatus.CANCELLED: "muted",
}
#: What one response shows in the table: its sign and tone beside the number of its repeat.
SIGNS = {
    ResponseStatus.PENDING: ("…", "muted"),
    ResponseStatus.SENDING: ("…", "accent"),
    ResponseStatus.ANSWERED: ("✓", "ok"),
    ResponseStatus.FAILED: ("✕", "bad"),
    ResponseStatus.UNKNOWN: ("?", "warn"),
    ResponseStatus.SKIPPED: ("–", "muted"),
    ResponseStatus.CANCELLED: ("–", "muted"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `per_second` and `seconds_left` are None while nothing says how fast it goes."""

    run: Run
    answered: int
    failed: int
    unknown: int
    cancelled: int
    skipped: int
    waiting: int
    sending: int
    tried_again: int
    next_try_at: object | None
    per_second: float | None

    @property
    def left(self) -> int:
        return self.waiting + self.sending

    @property
    def total(self) -> int:
        return self.answered + self.failed + self.unknown + self.cancelled + self.skipped + self.left

    @property
    def needed(self) -> int:
        """What is asked at all: adaptive repeats leave out the rest."""
        return self.total - self.skipped

    @property
    def done(self) -> int:
        return self.needed - self.left

    @property
    def ended(self) -> bool:
        """Nothing moves any more; a cancelled run still waits for what it had sent."""
        return not self.run.is_under_way and not self.left

    @property
    def paused_at(self) -> datetime | None:
        """Since when the run is paused; None where it is not."""
        return self.run.paused_spans[-1][0] if self.run.status == RunStatus.PAUSED else None

    @property
    def paused_by(self) -> str:
        """Who paused it last, by address; empty where nobody is known."""
        return str(self.run.pauses[-1]["by"]) if self.run.pauses else ""

    @property
    def paused_ms(self) -> float:
        """How long it stood still because somebody paused it."""
        return self.run.paused_for.total_seconds() * 1000

    @property
    def state(self) -> str:
        """The same for as long as no response of the run became another."""
        counts = (self.answered, self.failed, self.unknown, self.cancelled, self.skipped, self.waiting, self.sending)
        return "-".join(map(str, counts))

    @property
    def retryable(self) -> int:
        """What can be asked again at no risk of paying twice; `unknown` can too, but for that risk."""
        return self.failed + self.cancelled

    @property
    def milliseconds_left(self) -> float | None:
        return self.left / self.per_second * 1000 if self.per_second and self.left else None

    @property
    def took_ms(self) -> float | None:
        """From its start to its end, less its pauses."""
        if self.run.finished_at is None:
            return None
        return (self.run.finished_at - self.run.created_at - self.run.paused_for).total_seconds() * 1000

    @property
    def tone(self) -> str:
        return TONE[RunStatus(self.run.status)]

    @property
    def name(self) -> str:
        if self.run.panel:
            return self.run.panel.name
        return "A question" if self.run.trigger == Trigger.ASK else "Pasted answers"


@dataclass(frozen=True, slots=True)
class Cell:
    """One response in the table of its run."""

    pk: int
    number: int
    status: str
    label: str
    reason: str
    cost: Decimal | None

    @property
    def sign(self) -> str:
        return SIGNS[ResponseStatus(self.status)][0]

    @property
    def tone(self) -> str:
        return SIGNS[ResponseStatus(self.status)][1]

    @property
    def is_answered(self) -> bool:
        return self.status == ResponseStatus.ANSWERED

    @property
    def was_asked(self) -> bool:
        """Whether there is something to read about it on its own page."""
        return self.status in (ResponseStatus.ANSWERED, ResponseStatus.FAILED, ResponseStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Line:
    """A prompt with its responses, a list for each assistant of the table."""

    prompt_id: int | None
    text: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A page of a run's prompts; `problems` are the reasons why responses failed, with how many each."""

    assistants: tuple[str, ...]
    lines: tuple[Line, ...]
    page: Page  # type: ignore[type-arg]
    problems: tuple[tuple[str, int], ...]


def progress(run: Run) -> Progress:
    """How far one run is now."""
    return progress_of([run])[0]


def progress_of(runs: Iterable[Run]) -> list[Progress]:
    """How far these runs of one workspace are, in their order."""
    runs = list(runs)
    if not runs:
        return []
    rows = Response.objects.for_workspace(runs[0].workspace_id).filter(run__in=runs)
    over = {run.pk: run.finished_at for run in runs if run.status == RunStatus.COMPLETED}  # nothing moves there
    counts = kept(("runs", tuple(over.items())), lambda: _states(rows.filter(run__in=over)))
    counts = counts | _states(rows.filter(run__in=[run.pk for run in runs if run.pk not in over]))
    running = [run.pk for run in runs if run.status == RunStatus.RUNNING]
    waiting = rows.filter(run__in=running, status=ResponseStatus.PENDING, tries__gt=0).order_by()
    again = {
        run_id: (count, at)
        for run_id, count, at in waiting.values_list("run_id").annotate(count=Count("pk"), at=Min("next_try_at"))
    }
    paces = _paces(rows, [run for run in runs if run.pk in running])
    return [_progress(run, counts.get(run.pk, {}), again.get(run.pk, (0, None)), paces.get(run.pk)) for run in runs]


def _states(rows: QuerySet[Response]) -> dict[int, dict[str, int]]:
    """How many responses of each run are in each state."""
    found: dict[int, dict[str, int]] = {}
    for run_id, status, count in rows.order_by().values_list("run_id", "status").annotate(count=Count("pk")):
        found.setdefault(run_id, {})[status] = count
    return found


def _progress(run: Run, counts: dict[str, int], again: tuple[int, object | None], per_second: float | None) -> Progress:
    return Progress(
        run=run,
        answered=counts.get(ResponseStatus.ANSWERED, 0),
        failed=counts.get(ResponseStatus.FAILED, 0),
        unknown=counts.get(ResponseStatus.UNKNOWN, 0),
        cancelled=counts.get(ResponseStatus.CANCELLED, 0),
        skipped=counts.get(ResponseStatus.SKIPPED, 0),
        waiting=counts.get(ResponseStatus.PENDING, 0),
        sending=counts.get(ResponseStatus.SENDING, 0),
        tried_again=again[0],
        next_try_at=again[1],
        per_second=per_second,
    )


def _paces(rows: QuerySet[Response], running: list[Run]) -> dict[int, float]:
    """Answers a second of each run, over the last minute, or since it began or was resumed."""
    now = timezone.now()
    since = now - timedelta(seconds=PACE_SECONDS)
    recent = rows.filter(run__in=running, answered_at__gte=since).order_by()
    found = dict(recent.values_list("run_id").annotate(count=Count("pk")))
    begun = {run.pk: max(run.going_since, since) for run in running}
    return {
        run_id: count / seconds
        for run_id, count in found.items()
        if (seconds := (now - begun[run_id]).total_seconds()) > 1
    }


def runs(workspace: Workspace, panel: Panel | None = None) -> QuerySet[Run]:
    """The runs of panels, newest first; questions of the ask page and pasted answers are none."""
    found = Run.objects.for_workspace(workspace).filter(panel__isnull=False).select_related("panel", "panel_revision")
    return found.filter(panel=panel) if panel else found


def table(run: Run, *, state: str = "", page: str | None = None) -> Table:
    """A page of the run's prompts, only those with a response in this state where one is given."""
    rows = Response.objects.for_workspace(run.workspace_id).filter(run=run)
    chosen = rows.filter(status=state) if state in ResponseStatus.values else rows
    prompts = chosen.order_by().values("prompt_id", "prompt_text").annotate(first=Min("pk")).order_by("first")
    shown = Paginator(prompts, PROMPTS_SHOWN).get_page(page)
    names = tuple(rows.order_by("assistant").values_list("assistant", flat=True).distinct())
    keys = [(prompt["prompt_id"], prompt["prompt_text"]) for prompt in shown]
    cells: dict[tuple[int | None, str, str], list[Cell]] = defaultdict(list)
    of_page = rows.filter(prompt_text__in=[text for _, text in keys]).order_by("repeat", "pk")
    charges = Charge.objects.for_workspace(run.workspace_id).filter(response__in=of_page.order_by().values("pk"))
    counted = charges.exclude(state=ChargeState.RELEASED).order_by()
    charged = dict(counted.values_list("response_id").annotate(usd=Sum("usd")))
    for pk, prompt_id, text, name, repeat, status, kind, message in of_page.values_list(
        "pk", "prompt_id", "prompt_text", "assistant", "repeat", "status", "error_kind", "error_message"
    ):
        label = f"{UNKNOWN}: counted as spent" if status == ResponseStatus.UNKNOWN else ResponseStatus(status).label
        cells[prompt_id, text, name].append(
            Cell(pk, repeat + 1, status, str(label), message or kind, cost=charged.get(pk))
        )
    lines = tuple(Line(pk, text, tuple(tuple(cells[pk, text, name]) for name in names)) for pk, text in keys)
    failed = rows.filter(status__in=(ResponseStatus.FAILED, ResponseStatus.UNKNOWN)).order_by()
    reasons = failed.values_list("error_message").annotate(count=Count("pk")).order_by("-count")[:10]
    return Table(
        assistants=tuple(assistants.label(name) for name in names),
        lines=lines,
        page=shown,
        problems=tuple((message or "No reason was recorded.", count) for message, count in reasons),
    )


def open_runs(panel: Panel) -> int:
    """How many runs of the panel still have something to ask."""
    waiting = Response.objects.for_workspace(panel.workspace_id).filter(run__panel=panel, status__in=OPEN)
    return waiting.order_by().values("run_id").distinct().count()
