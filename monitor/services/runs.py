"""Starting, pausing, cancelling and retrying runs. A run's responses all exist from the moment the run does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.db import IntegrityError, transaction
from django.utils import timezone

from inference.answer import Assistant
from monitor import assistants, planning, repeats, schedule
from monitor.models import (
    OPEN,
    IndexGeneration,
    Panel,
    Persona,
    Pointers,
    Prompt,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Trigger,
    Workspace,
    asked_prompts,
)
from monitor.services import brands, costs, ledger, nudge, panels, reading
from monitor.services.errors import Problem
from monitor.services.prompt_rows import clean_text

#: What can be asked again by hand.
RETRYABLE = (ResponseStatus.FAILED, ResponseStatus.CANCELLED, ResponseStatus.UNKNOWN)


def start_run(
    *,
    panel: Panel,
    trigger: Trigger,
    slot_at: datetime | None = None,
    generation: IndexGeneration | None = None,
) -> Run:
    """Create a run with all its responses, waiting, its plan frozen; a slot already started gives its run again.

    Repeats that a panel with adaptive repeats does not need are skipped from the start, for earlier runs say so: none
    of them is ever claimed, sent or paid for, and nothing is left to decide while the run goes on.

    Raises Problem when there is nothing to ask or nobody to ask, or when a key or a price is missing.
    """
    workspace = panel.workspace
    revision = panels.current_revision(panel=panel)
    plan = revision.plan
    tags = plan.get("tags") or []
    prompts = list(Prompt.objects.for_workspace(workspace).filter(asked_prompts(panel.suite_id, tags)))
    if not prompts:
        raise Problem(_nothing_to_ask(panel, tags))
    if not plan["assistants"]:
        raise Problem(f"The panel “{panel.name}” asks no assistant. Choose one, then run it.")
    kinds = [_class(item["assistant"]) for item in plan["assistants"]]
    asked = [_told(item, plan.get("persona")) for item in plan["assistants"]]
    costs.require_ready(workspace=workspace, plan=plan["assistants"])
    if any(kind.needs_index for kind in kinds):
        generation = generation or current_generation(workspace)
    clear = repeats.clear_cells(panel=panel, asked=plan["assistants"]) if plan.get("adaptive") else set()
    try:
        with transaction.atomic():
            run = _create(workspace, trigger, panel=panel, revision=revision, slot_at=slot_at, generation=generation)
            rows = [
                _response(run, item, prompt_text=prompt.text, prompt=prompt, repeat=repeat)
                for prompt in prompts
                for item in asked
                for repeat in range(plan["repeats"])
            ]
            for row in rows:
                if (row.assistant, row.prompt_id) in clear and row.repeat >= planning.fewest(plan["repeats"]):
                    row.status = ResponseStatus.SKIPPED
            Response.objects.bulk_create(rows, batch_size=1000)
            _nudge_after_commit({row.queue for row in rows})
    except IntegrityError:
        existing = Run.objects.for_workspace(workspace).filter(panel=panel, slot_at=slot_at).first()
        if slot_at is None or existing is None:
            raise
        return existing
    return run


def ask(
    *,
    workspace: Workspace,
    text: str,
    assistant: str = assistants.EXTRACTIVE,
    model: str = "",
    persona: Persona | None = None,
) -> Response:
    """Put one question to one assistant now, ahead of panels; it counts in no metric. Raises Problem."""
    text = clean_text(text)
    if not text:
        raise Problem("Type a question first.")
    if len(text) > Prompt.MAX_LENGTH:
        raise Problem(f"A question may have {Prompt.MAX_LENGTH:,} characters; this one has {len(text):,}.")
    kind = _class(assistant)
    generation = current_generation(workspace) if kind.needs_index else None
    if kind.surfaces:
        raise Problem(f"{kind.label} cannot be asked.")
    if len(model) > costs.LONGEST_MODEL or not model.isprintable():
        raise Problem("Choose one of the models.")
    if persona and not kind.takes_persona:
        raise Problem(f"{kind.label} is not told who asks. Choose nobody in particular, or another assistant.")
    options: dict[str, Any] = {"temperature": 0} if kind.needs_index else {}
    item = _told({"assistant": kind.name, "model": model, "options": options}, persona.frozen() if persona else None)
    costs.require_ready(workspace=workspace, plan=[item])
    with transaction.atomic():
        run = _create(workspace, Trigger.ASK, generation=generation)
        response = _response(run, item, prompt_text=text)
        response.queue = kind.asked_on
        response.save()
        _nudge_after_commit({response.queue})
    return response


def current_generation(workspace: Workspace) -> IndexGeneration:
    """The index that new questions are answered from; Problem when there is none yet."""
    pointers = Pointers.objects.select_related("generation").filter(workspace=workspace).first()
    if pointers is None or pointers.generation is None:
        raise Problem("The local engine has no pages yet. Import pages first, under Local engine.")
    return pointers.generation


def _nothing_to_ask(panel: Panel, tags: Sequence[str]) -> str:
    if not tags:
        return f"The suite “{panel.suite.name}” has no prompts. Add some, then run the panel."
    named = " or ".join(f"“{tag}”" for tag in tags)
    return (
        f"No prompt of the suite “{panel.suite.name}” has the tag {named}, so “{panel.name}” has nothing to ask. Tag "
        "some prompts, or edit the panel."
    )


def _told(item: Mapping[str, Any], persona: Mapping[str, Any] | None) -> dict[str, Any]:
    """An assistant of a plan with who asks among its options, where it takes that."""
    if not persona or not _class(item["assistant"]).takes_persona:
        return dict(item)
    return {**item, "options": {**(item.get("options") or {}), "persona": dict(persona)}}


def _create(workspace: Workspace, trigger: Trigger, **fields: Any) -> Run:
    revision = fields.pop("revision", None)
    reading.ensure_current(workspace=workspace)
    moment = fields.get("slot_at") or timezone.now()
    return Run.objects.create(
        workspace=workspace,
        trigger=trigger,
        panel_revision=revision,
        brand_set=brands.current_brand_set(workspace=workspace),
        day=moment.astimezone(workspace.zone).date(),
        **fields,
    )


def _response(
    run: Run, item: dict[str, Any], *, prompt_text: str, prompt: Prompt | None = None, repeat: int = 0
) -> Response:
    kind = _class(item["assistant"])
    model = item.get("model") or next(iter(kind.models), "")
    moment = run.slot_at.isoformat() if run.slot_at else f"run {run.pk}"
    return Response(
        workspace_id=run.workspace_id,
        run=run,
        prompt=prompt,
        prompt_text=prompt_text,
        assistant=kind.name,
        model=model,
        options=item.get("options") or {},
        repeat=repeat,
        seed=_seed(moment, kind.name, model, prompt_text, repeat),
        queue=kind.queue,
        stratum=kind.stratum,
    )


def _class(name: str) -> type[Assistant]:
    """An assistant's class. Problem for one that is no longer installed, or cannot be asked here."""
    try:
        kind = assistants.assistant_class(name)
    except KeyError:
        raise Problem(f"The assistant “{name}” is not installed here. Choose another one.") from None
    if reason := assistants.unavailable(name):
        raise Problem(reason)
    return kind


def _seed(*parts: object) -> int:
    """A seed that depends on what is asked and when alone, so that the same slot asks the same everywhere."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big")


def _nudge_after_commit(queues: set[str]) -> None:
    for name in sorted(queues):
        transaction.on_commit(lambda name=name: nudge.queue(name))  # type: ignore[misc]


def pause_run(*, run: Run, by: str = "") -> bool:
    """Ask nothing further until somebody resumes it; what is being asked right now still comes and is kept.

    False where no run of a panel goes on. `by`: the address of who asked for it.
    """
    with transaction.atomic():
        locked = _locked(run)
        if locked.status != RunStatus.RUNNING or locked.panel_id is None:
            return False
        pause = {"since": timezone.now().isoformat(), "until": None, "by": by}
        locked.status, locked.pauses = RunStatus.PAUSED, [*locked.pauses, pause]
        locked.save(update_fields=["status", "pauses"])
    return True


def resume_run(*, run: Run) -> bool:
    """Ask what waits, at once. False where the run is not paused."""
    with transaction.atomic():
        locked = _locked(run)
        if locked.status != RunStatus.PAUSED:
            return False
        locked.status, locked.pauses = RunStatus.RUNNING, _ended(locked)
        locked.save(update_fields=["status", "pauses"])
        waiting = Response.objects.for_workspace(run.workspace).filter(run=run, status=ResponseStatus.PENDING)
        _nudge_after_commit(set(waiting.order_by().values_list("queue", flat=True).distinct()))
    return True


def _locked(run: Run) -> Run:
    return Run.objects.for_workspace(run.workspace).select_for_update().get(pk=run.pk)


def _ended(run: Run) -> list[dict[str, Any]]:
    """The run's pauses, the last one over: with the run where that has ended, or now."""
    until = (run.finished_at or timezone.now()).isoformat()
    return [pause | {"until": pause["until"] or until} for pause in run.pauses]


def cancel_run(*, run: Run) -> int:
    """Ask nothing further; what is being asked right now still counts. The number of responses taken back."""
    with transaction.atomic():
        locked = _locked(run)
        if not locked.is_under_way:
            return 0
        locked.finished_at = timezone.now()
        cancelled = (
            Response.objects.for_workspace(run.workspace)
            .filter(run=run, status=ResponseStatus.PENDING)
            .update(status=ResponseStatus.CANCELLED)
        )
        Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(
            status=RunStatus.CANCELLED, finished_at=locked.finished_at, pauses=_ended(locked)
        )
        transaction.on_commit(nudge.housekeeping)
    return cancelled


def retry_failed(*, run: Run, statuses: Sequence[ResponseStatus] = RETRYABLE) -> int:
    """Ask again what failed, was cancelled or never came back; what was answered stays. The number put back.

    What was sent and never came back stays counted as spent: asking it again may pay twice. A paused run stays so.
    """
    with transaction.atomic():
        locked = _locked(run)
        failed = Response.objects.for_workspace(run.workspace).filter(
            run=run, status__in=set(RETRYABLE).intersection(statuses)
        )
        queues = set(failed.values_list("queue", flat=True))
        count = failed.update(
            status=ResponseStatus.PENDING, tries=0, next_try_at=TransactionNow(), error_kind="", error_message=""
        )
        if count and locked.status != RunStatus.PAUSED:
            Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(
                status=RunStatus.RUNNING, finished_at=None, rolled_up_at=None, pauses=_ended(locked)
            )
            _nudge_after_commit(queues)
    return count


def start_due_panels(*, now: datetime | None = None) -> list[Run]:
    """Start every panel whose slot has come; of slots missed while nothing ran, only the latest."""
    now = now or timezone.now()
    started = []
    panels_due = (
        Panel.objects.unscoped().exclude(cron="").filter(paused=False, archived_at=None).select_related("workspace")
    )
    for panel in panels_due:
        slot = schedule.latest_slot(
            panel.cron, panel.time_zone, after=panel.last_slot_at or panel.created_at, until=now
        )
        if slot is None:
            continue
        try:
            started.append(start_run(panel=panel, trigger=Trigger.SCHEDULE, slot_at=slot))
        except Problem as problem:
            ledger.log.warning("Panel %s did not run at %s: %s", panel.pk, slot, problem)
        Panel.objects.for_workspace(panel.workspace).filter(pk=panel.pk).update(last_slot_at=slot)
    return started


def is_open(run: Run) -> bool:
    """True while a response of the run waits or is being asked."""
    return Response.objects.for_workspace(run.workspace).filter(run=run, status__in=OPEN).exists()
