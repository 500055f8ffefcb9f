"""Answers that people copied from assistants' pages, pasted one by one or imported from a file, kept as any other.

Each becomes a Response with its attempt and its body, moved by the ledger and read by the same rules, in a run of its
day that belongs to no panel. The same answer to the same prompt on the same day is kept once, however often it comes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from inference.answer import Answer, AssistantError, RawBody
from monitor import assistants, extract, matching
from monitor.models import (
    Attempt,
    Job,
    JobKind,
    Prompt,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Suite,
    Trigger,
    Workspace,
)
from monitor.services import answer_rows, brands, jobs, ledger, reading, uploads
from monitor.services.answer_rows import AnswerRow, Flaw
from monitor.services.errors import Problem
from monitor.services.jobs import JobWatch

READING = "Reading answers"
BATCH = 100
HEADERS = {"content-type": "text/plain; charset=utf-8"}
_SALT = "monitor.services.pasted.offer"
OFFER_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Copied:
    """One answer as somebody brought it; `assistant` is a name such as `pasted:chatgpt`."""

    prompt: Prompt
    assistant: str
    text: str
    moment: date | datetime
    country: str = ""
    language: str = ""

    @property
    def fingerprint(self) -> str:
        """What tells this text from any other, outer white space aside."""
        return hashlib.sha256(self.text.strip().encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """How many answers were new, and how many were there already."""

    added: int = 0
    there: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """What an answer would be read as."""

    answer: Answer
    mentions: tuple[extract.Mention, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a file holds, before anything is stored. `token` stands for the file and its suite."""

    token: str
    rows: tuple[AnswerRow, ...]
    flaws: tuple[Flaw, ...]


def preview(*, workspace: Workspace, assistant: str, text: str) -> Preview:
    """Read an answer without keeping it. Problem where there is nothing to read."""
    try:
        answer = assistants.parse(assistant, _body(text))
    except AssistantError as error:
        raise Problem(error.message) from None
    brand_set = brands.current_brand_set(workspace=workspace)
    return Preview(answer, tuple(matching.matcher(brand_set.pk).mentions(reading.storable(answer.text))))


def store(*, workspace: Workspace, copied: Sequence[Copied], trigger: Trigger) -> Stored:
    """Keep these answers, in one transaction; those that are there already change nothing. Problem for an empty one."""
    reading.ensure_current(workspace=workspace)
    with transaction.atomic():
        # One at a time in a workspace, so that two copies of one file see each other's answers.
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        fresh = _fresh(workspace, copied)
        for day, group in groupby(
            sorted(fresh, key=lambda one: _day(workspace, one)), lambda one: _day(workspace, one)
        ):
            _store_day(workspace, trigger, day, list(group))
    return Stored(len(fresh), len(copied) - len(fresh))


def offer(*, suite: Suite, file: UploadedFile[Any]) -> Offer:
    """Spool a file and say what of it can be imported. Problem when it cannot be read at all."""
    kind = answer_rows.kind_of(file.name or "")
    if (file.size or 0) > answer_rows.MAX_FILE_BYTES:
        raise Problem(
            f"The file is larger than {answer_rows.MAX_FILE_BYTES // 1_000_000} MB. Bring the answers in parts."
        )
    rows, flaws = _sorted_out(suite, file.read(), kind)
    token = ""
    if rows:
        file.seek(0)
        (spooled,) = uploads.spool(files=[file], kinds=answer_rows.KINDS)
        token = signing.dumps({"upload": spooled, "suite": suite.pk, "workspace": suite.workspace_id}, salt=_SALT)
    return Offer(token, tuple(row for row, _ in rows), tuple(flaws))


def start_import(*, workspace: Workspace, token: str) -> Job:
    """Import the good rows of an offered file, as a job. Problem when the offer is not good any more."""
    try:
        offered = signing.loads(token, salt=_SALT, max_age=OFFER_SECONDS)
    except signing.BadSignature:
        offered = {}
    if offered.get("workspace") != workspace.pk or not uploads.path_of(offered["upload"]).exists():
        raise Problem("This upload is gone. Choose the file again.")
    work = {"uploads": [offered["upload"]], "suite": offered["suite"]}
    return jobs.start(workspace=workspace, kind=JobKind.IMPORT_ANSWERS, input=work)


def import_file(*, workspace: Workspace, suite_id: int, upload: dict[str, str], watch: JobWatch) -> dict[str, Any]:
    """Store the good rows of a spooled file and name the others; run twice, it stores nothing twice.

    What an earlier time had stored by when it was paused counts as added all the same.
    """
    suite = Suite.objects.for_workspace(workspace).filter(pk=suite_id).first()
    path = uploads.path_of(upload)
    if suite is None or not path.exists():
        raise Problem("The suite or the upload is gone. Choose the file again.")
    watch.step(READING, 0, 0)
    rows, flaws = _sorted_out(suite, path.read_bytes(), upload["kind"])
    for flaw in flaws:
        watch.problem(f"{upload['name']}, line {flaw.line}", flaw.reason)
    before = added = watch.outcome.get("answers_added", 0)
    there = 0
    for start in range(0, len(rows), BATCH):
        watch.step(READING, start, len(rows))
        copied = [
            Copied(prompt, row.assistant, row.answer, row.moment, row.country, row.language)
            for row, prompt in rows[start : start + BATCH]
        ]
        stored = store(workspace=workspace, copied=copied, trigger=Trigger.IMPORT)
        added, there = added + stored.added, there + stored.there
        watch.outcome["answers_added"] = added
    watch.step(READING, len(rows), len(rows))
    return {"answers_added": added, "answers_there": max(there - before, 0), "refused": len(flaws)}


# --- inside --------------------------------------------------------------------------------------------------


def _body(text: str) -> RawBody:
    return RawBody(text.encode("utf-8", "replace"), 200, HEADERS)


def _day(workspace: Workspace, copied: Copied) -> date:
    moment = copied.moment
    return moment.astimezone(workspace.zone).date() if isinstance(moment, datetime) else moment


def _noon(workspace: Workspace, day: date) -> datetime:
    """What a run of a day is known by; far enough from both midnights for a small change of zone."""
    return datetime.combine(day, time(12), workspace.zone)


def _sorted_out(suite: Suite, data: bytes, kind: str) -> tuple[list[tuple[AnswerRow, Prompt]], list[Flaw]]:
    """The good rows with their prompts, and the flaws, each in the order of the file."""
    prompts = {
        _plain(prompt.text): prompt
        for prompt in Prompt.objects.for_workspace(suite.workspace_id)
        .filter(suite=suite)
        .order_by("archived_at", "-pk")  # of two with one text, the last counts: the active one
    }
    good, flaws = list[tuple[AnswerRow, Prompt]](), list[Flaw]()
    tomorrow = timezone.now() + timedelta(days=1)
    for row in answer_rows.read(data, kind):
        if isinstance(row, Flaw):
            flaws.append(row)
        elif (prompt := prompts.get(_plain(row.prompt))) is None:
            flaws.append(Flaw(row.line, f"The suite “{suite.name}” has no prompt “{row.prompt.strip()[:80]}”."))
        elif (row.moment if isinstance(row.moment, datetime) else _noon(suite.workspace, row.moment)) > tomorrow:
            flaws.append(Flaw(row.line, f"The date {row.moment:%Y-%m-%d} is still to come."))
        else:
            good.append((row, prompt))
    return good, flaws


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _fresh(workspace: Workspace, copied: Iterable[Copied]) -> list[Copied]:
    """Those that are not there yet, each once."""
    wanted = {(one.prompt.pk, one.assistant, _day(workspace, one), one.fingerprint): one for one in copied}
    there = (
        Response.objects.for_workspace(workspace)
        .filter(
            run__trigger__in=(Trigger.PASTE, Trigger.IMPORT),
            run__day__in={day for _, _, day, _ in wanted},
            prompt__in={prompt for prompt, _, _, _ in wanted},
        )
        .order_by()
        .values_list("prompt_id", "assistant", "run__day", "options__fingerprint")
    )
    known = set(there)
    return [one for key, one in wanted.items() if key not in known]


def _store_day(workspace: Workspace, trigger: Trigger, day: date, copied: Sequence[Copied]) -> None:
    """A run of one day with its responses, each as if it had been asked and just came back."""
    run = Run.objects.create(
        workspace=workspace,
        trigger=trigger,
        status=RunStatus.RUNNING,
        brand_set=brands.current_brand_set(workspace=workspace),
        slot_at=_noon(workspace, day),
        day=day,
    )
    now, repeats = timezone.now(), Counter[tuple[int, str]]()
    rows = []
    for one in copied:
        kind = assistants.assistant_class(one.assistant)
        options = {"fingerprint": one.fingerprint, "country": one.country, "language": one.language}
        rows.append(
            Response(
                workspace=workspace,
                run=run,
                prompt=one.prompt,
                prompt_text=one.prompt.text,
                assistant=one.assistant,
                options={name: value for name, value in options.items() if value},
                repeat=repeats[one.prompt.pk, one.assistant],
                seed=0,
                queue=kind.queue,
                stratum=kind.stratum,
                status=ResponseStatus.SENDING,
                lease=1,
                tries=1,
            )
        )
        repeats[one.prompt.pk, one.assistant] += 1
    Response.objects.bulk_create(rows)
    Attempt.objects.bulk_create(Attempt(workspace=workspace, response=row, lease=1, sent_at=now) for row in rows)
    finished = []
    for row, one in zip(rows, copied, strict=True):
        body = _body(one.text)
        try:
            finished.append(ledger.Finished(row.pk, 1, (body,), assistants.parse(one.assistant, body), 0))
        except AssistantError as error:
            raise Problem(error.message) from None
    ledger.store(finished)
    for row, one in zip(rows, copied, strict=True):
        at = one.moment if isinstance(one.moment, datetime) else run.slot_at
        row.answered_at, row.latency_ms = at, None
    # An answer that was copied took no time here, and it was given when its page showed it.
    Response.objects.for_workspace(workspace).bulk_update(rows, ["answered_at", "latency_ms"])
