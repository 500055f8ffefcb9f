"""Reading answers: which pages one cites and which brands it names, under a version of the rules.

A reading is a function of (raw answer, brand set, rule version, people's corrections), and of where redirects lead as
far as that is known when it is written. `recompute` reads all history anew beside the present one and switches by one
pointer; answers that arrive meanwhile are read under both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from inference.answer import Answer, AssistantError, Citation, RawBody, Source
from monitor import assistants, corrections, extract
from monitor.models import (
    AttemptStatus,
    Body,
    Extraction,
    ExtractionStatus,
    Mention,
    Pointers,
    Response,
    ResponseSource,
    ResponseStatus,
    Workspace,
)
from monitor.services import brands, bulk, mention_rows, redirects, retention, rollups, word_counts
from monitor.services.locks import hold_workspaces

CHUNK = 200
#: First key of the advisory locks; the second is the workspace.
_RECOMPUTE_LOCK = 1_128_481_107
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot hold (U+0000, lone surrogates) as U+FFFD; offsets stay."""
    return _UNSTORABLE.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of ResponseSource and of Mention, not yet written."""

    sources: list[bulk.Row]
    mentions: list[bulk.Row]


def active_extractions(workspace_ids: Iterable[int]) -> dict[int, list[Extraction]]:
    """What new answers are read under, by workspace: the current extraction and one being computed.

    Takes a share lock on the pointers: a recompute starts only between two stores, so none misses it.
    """
    ids = sorted(workspace_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM monitor_pointers WHERE workspace_id = ANY(%s) ORDER BY workspace_id FOR SHARE",
            [ids],
        )
    found: dict[int, list[Extraction]] = {workspace_id: [] for workspace_id in ids}
    for extraction in (
        Extraction.objects.unscoped()
        .filter(workspace_id__in=ids, status__in=(ExtractionStatus.CURRENT, ExtractionStatus.BUILDING))
        .order_by("number")
    ):
        found[extraction.workspace_id].append(extraction)
    return found


def read(*, extraction: Extraction, response: Response, answer: Answer, said: Sequence[corrections.Said] = ()) -> Read:
    """What one answer cites and names under one extraction, corrected; its redirects are yet to be followed."""
    owner = {"workspace_id": response.workspace_id, "extraction_id": extraction.pk, "response_id": response.pk}
    sources = enumerate(_sources(answer))
    return Read(
        [owner | {"sequence": sequence} | source for sequence, source in sources],
        mention_rows.rows_of(extraction=extraction, response=response, said=said),
    )


def _sources(answer: Answer) -> Iterator[dict[str, Any]]:
    """Cited pages in the answer's order, then those only consulted; one row a page."""
    consulted = {source.page or source.url: source for source in answer.retrieved or ()}
    for citation in answer.citations:
        key = citation.page or citation.url
        retrieved = key in consulted if answer.retrieved is not None else None
        yield _source(citation) | {"cited": True, "retrieved": retrieved, "via": citation.via, "spans": citation.spans}
    cited = {citation.page or citation.url for citation in answer.citations}
    for key, source in consulted.items():
        if key not in cited:
            yield _source(source) | {"cited": False, "retrieved": True, "via": "", "spans": ()}


def _source(found: Citation | Source) -> dict[str, Any]:
    return {
        "url": storable(found.url),
        "page": found.page or "",
        "domain": found.domain or "",
        "title": storable(found.title or ""),
    }


def ensure_current(*, workspace: Workspace) -> Extraction:
    """The workspace's current extraction, made when it has none yet."""
    with transaction.atomic():
        Pointers.objects.get_or_create(workspace=workspace)
        pointers = Pointers.objects.select_for_update(of=("self",)).get(workspace=workspace)
        if pointers.extraction is None:
            pointers.extraction = _new(workspace, ExtractionStatus.CURRENT)
            pointers.save(update_fields=["extraction"])
        return pointers.extraction


def _new(workspace: Workspace, status: ExtractionStatus) -> Extraction:
    last = Extraction.objects.for_workspace(workspace).aggregate(last=Max("number"))["last"] or 0
    return Extraction.objects.create(
        workspace=workspace,
        number=last + 1,
        rule_version=extract.RULE_VERSION,
        brand_set=brands.current_brand_set(workspace=workspace),
        status=status,
    )


def needs_recompute(*, workspace: Workspace) -> bool:
    """True when brands or rules changed since the current extraction."""
    current = ensure_current(workspace=workspace)
    return bool(
        current.rule_version != extract.RULE_VERSION
        or current.brand_set_id != brands.current_brand_set(workspace=workspace).pk
    )


def recompute(
    *,
    workspace: Workspace,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Extraction | None:
    """Read all history under the brands and rules of now, then switch; None when `cancelled` said so.

    One that was cut short, or paused by what `progress` raised, goes on where it was if brands and rules are the same.

    Bodies that retention has deleted keep the sources read before; mentions need only the text.
    """
    with _one_at_a_time(workspace):
        return _recompute(workspace, progress, cancelled)


@contextmanager
def _one_at_a_time(workspace: Workspace) -> Iterator[None]:
    """Two recomputes of a workspace follow each other; the lock goes with its connection, however that ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_RECOMPUTE_LOCK, workspace.pk])
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_RECOMPUTE_LOCK, workspace.pk])


def _recompute(
    workspace: Workspace, progress: Callable[[int, int], None], cancelled: Callable[[], bool]
) -> Extraction | None:
    ensure_current(workspace=workspace)
    with transaction.atomic():
        _hold(workspace)
        target = _begun(workspace)
        _drop_unfinished(workspace, besides=target)
        target = target or _new(workspace, ExtractionStatus.BUILDING)
    answered = Response.objects.for_workspace(workspace).filter(status=ResponseStatus.ANSWERED)
    total, done = answered.count(), answered.filter(pk__lte=target.read_through).count()
    while True:
        if cancelled():
            with transaction.atomic():
                _hold(workspace)
                _drop_unfinished(workspace)
            return None
        chunk = list(answered.filter(pk__gt=target.read_through).order_by("pk")[:CHUNK])
        if not chunk:
            break
        _read_chunk(target, chunk)
        done += len(chunk)
        progress(done, max(total, done))
    rollups.rebuild(workspace=workspace, extraction=target)
    mention_rows.read_reviewed(extraction=target)
    target.sources_from = _sources_from(workspace, target)
    _switch(workspace, target)
    return target


def _hold(workspace: Workspace) -> None:
    """Nothing is stored or corrected under the workspace's extractions until this transaction ends."""
    list(Pointers.objects.select_for_update(of=("self",)).filter(workspace=workspace))


def _read_chunk(target: Extraction, responses: list[Response]) -> None:
    bodies: dict[int, list[Body]] = defaultdict(list)
    for body in (
        Body.objects.unscoped()
        .select_related("attempt")
        .filter(attempt__response__in=responses, attempt__status=AttemptStatus.ANSWERED)
        .order_by("sequence")
    ):
        bodies[body.attempt.response_id].append(body)
    answers = [
        _answer_again(response, known)
        if (known := bodies.get(response.pk))
        else _answer_as_read(target.workspace, response)
        for response in responses
    ]
    with transaction.atomic():
        hold_workspaces([target.workspace_id])
        # Nobody corrects these meanwhile: a correction is here and applied, or waits and finds the rows written here.
        said = mention_rows.hold(responses)
        rows = [
            read(extraction=target, response=response, answer=answer, said=said.get(response.pk, ()))
            for response, answer in zip(responses, answers, strict=True)
        ]
        # What a worker stored meanwhile under both extractions is the same reading: leave it.
        sources = redirects.follow([source for row in rows for source in row.sources])
        texts = {response.pk: response.text for response in responses}
        bulk.insert(ResponseSource, word_counts.weighed(sources, texts), skip_known=True)
        bulk.insert(Mention, [mention for row in rows for mention in row.mentions], skip_known=True)
        target.read_through = responses[-1].pk
        target.save(update_fields=["read_through"])


def citations(rows: Iterable[ResponseSource]) -> tuple[Citation, ...]:
    """The citations that these rows of cited sources were stored from."""
    return tuple(
        Citation(
            row.url,
            row.page or None,
            row.domain or None,
            row.title or None,
            row.via,  # type: ignore[arg-type]
            tuple((start, end) for start, end in row.spans),
        )
        for row in rows
    )


def _answer_again(response: Response, bodies: Sequence[Body]) -> Answer:
    try:
        return assistants.parse(response.assistant, *(RawBody(b.unpacked(), b.status, b.headers) for b in bodies))
    except (AssistantError, KeyError):
        return _answer_as_read(response.workspace, response)


def _answer_as_read(workspace: Workspace, response: Response) -> Answer:
    """The answer as the current extraction has it, for want of its body."""
    current = Pointers.objects.get(workspace=workspace).extraction_id
    known = list(ResponseSource.objects.for_workspace(workspace).filter(extraction=current, response=response))
    return Answer(
        text=response.text,
        citations=citations(row for row in known if row.cited),
        retrieved=tuple(
            Source(row.url, row.page or None, row.domain or None, row.title or None) for row in known if row.retrieved
        )
        if response.retrieval_reported
        else None,
    )


def _sources_from(workspace: Workspace, target: Extraction) -> date | None:
    """The first day whose sources are read by the rules of `target`, where those of the days before are by others."""
    before = Pointers.objects.select_related("extraction").get(workspace=workspace).extraction
    if before is None or before.rule_version == target.rule_version:
        return before.sources_from if before else None
    last = retention.answered(workspace=workspace, kept=False).aggregate(last=Max("run__day"))["last"]
    if last is None:
        return None
    later = retention.answered(workspace=workspace, kept=True).filter(run__day__gt=last)
    found: date | None = later.aggregate(first=Min("run__day"))["first"]
    return found


def _switch(workspace: Workspace, target: Extraction) -> None:
    """One pointer moves; the reading before is dropped, for it can be computed again."""
    with transaction.atomic():
        pointers = Pointers.objects.select_for_update(of=("self",)).get(workspace=workspace)
        old = pointers.extraction
        pointers.extraction = target
        pointers.save(update_fields=["extraction"])
        Extraction.objects.for_workspace(workspace).filter(pk=target.pk).update(
            status=ExtractionStatus.CURRENT, switched_at=timezone.now(), sources_from=target.sources_from
        )
        if old:
            Extraction.objects.for_workspace(workspace).filter(pk=old.pk).update(status=ExtractionStatus.RETIRED)
    rollups.rebuild(workspace=workspace, extraction=target, missing_only=True)
    if old:
        _drop_rows(old)


def _begun(workspace: Workspace) -> Extraction | None:
    """A reading by the brands and rules of now that has not come to its end: answers since then were read under it."""
    unfinished = Extraction.objects.for_workspace(workspace).filter(
        status=ExtractionStatus.BUILDING,
        rule_version=extract.RULE_VERSION,
        brand_set=brands.current_brand_set(workspace=workspace),
    )
    return unfinished.order_by("-number").first()


def _drop_unfinished(workspace: Workspace, *, besides: Extraction | None = None) -> None:
    unfinished = Extraction.objects.for_workspace(workspace).filter(status=ExtractionStatus.BUILDING)
    for extraction in unfinished.exclude(pk=besides.pk) if besides else unfinished:
        _drop_rows(extraction)
        Extraction.objects.for_workspace(workspace).filter(pk=extraction.pk).delete()


def _drop_rows(extraction: Extraction) -> None:
    rollups.drop(extraction=extraction)
    for model in (Mention, ResponseSource):
        rows = model.objects.unscoped().filter(extraction=extraction)
        rows._raw_delete(rows.db)
