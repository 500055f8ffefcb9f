"""What each kind of job does. Functions take the job and a Watch, may be run again from the start, and return facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from monitor.models import Job, JobKind, Workspace
from monitor.services import (
    crawling,
    ideas,
    indexes,
    ledger,
    nudge,
    page_rows,
    pages,
    pasted,
    reading,
    retention,
    supporting,
    tracing,
    uploads,
)
from monitor.services.jobs import HandOver, JobWatch, replace_paused
from monitor.services.page_rows import Flaw, PageRow
from monitor.services.pages import Imported
from monitor.services.progress import Cancelled, Watch

INDEXING = "Indexing passages"
RECOMPUTING = "Reading answers again"
INDEX_STAGE = "index"
#: While an index is built, people's own questions are answered this often.
ASK_SECONDS = 1.0


def needs_model(job: Job) -> bool:
    """Whether the job's next stage belongs on a worker that holds a model."""
    return job.kind in (JobKind.BUILD_INDEX, JobKind.RANK, JobKind.IDEAS) or job.input.get("stage") == INDEX_STAGE


def perform(job: Job, watch: JobWatch) -> dict[str, Any]:
    """Do the job, or its present stage. Raises what `jobs.run` expects."""
    return _PERFORM[JobKind(job.kind)](job, watch)


def _import_pages(job: Job, watch: JobWatch) -> dict[str, Any]:
    """Store the uploaded pages on any worker, then index them where the model is."""
    if job.input.get("stage") == INDEX_STAGE:
        return {**watch.outcome, **_build_index(job, watch)}
    files = job.input["uploads"]
    total = sum(1 if file["kind"] == "html" else page_rows.count_lines(uploads.path_of(file)) for file in files)
    watch.step(pages.READING, 0, total)
    before, imported = Imported.of(watch.outcome), Imported()
    try:
        pages.import_rows(workspace=job.workspace, rows=_rows(files), total=total, watch=watch, outcome=imported)
    finally:
        watch.outcome = imported.after(before).as_json()
    raise HandOver(INDEX_STAGE, watch.outcome)


def _crawl(job: Job, watch: JobWatch) -> dict[str, Any]:
    """Visit a site on any worker, then index what it brought where the model is."""
    if job.input.get("stage") == INDEX_STAGE:
        return {**watch.outcome, **_build_index(job, watch)}
    raise HandOver(INDEX_STAGE, crawling.work(job=job, watch=watch))


def _rows(files: list[dict[str, str]]) -> Iterator[PageRow | Flaw]:
    for file in files:
        path = uploads.path_of(file)
        if not path.exists():
            yield Flaw(file["name"], "The upload is gone from this system. Upload it again.")
        elif file["kind"] == "html":
            yield page_rows.html_row(path, name=file["name"], url=file["url"])
        else:
            yield from page_rows.jsonl_rows(path, name=file["name"])


def _import_answers(job: Job, watch: JobWatch) -> dict[str, Any]:
    (upload,) = job.input["uploads"]
    return pasted.import_file(workspace=job.workspace, suite_id=job.input["suite"], upload=upload, watch=watch)


def _build_index(job: Job, watch: JobWatch) -> dict[str, Any]:
    return index_facts(job.workspace, watch, between=_answer_questions())


def index_facts(workspace: Workspace, watch: Watch, between: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Build the next generation; what there is to say of it."""

    def progress(done: int, total: int) -> None:
        watch.step(INDEXING, done, total)
        between()

    watch.step(INDEXING, 0, 0)
    generation = indexes.next_generation(workspace=workspace, progress=progress)
    if generation is None:
        return {"generation": None, "pages": 0, "passages": 0}
    indexes.collect_garbage(workspace=workspace)
    supporting.check_again(workspace=workspace)
    return {
        "generation": generation.number,
        "pages": len(generation.page_versions),
        "passages": generation.passages,
    }


def _answer_questions() -> Callable[[], None]:
    """Somebody who asks while this worker indexes should not wait for its end."""
    last = time.monotonic()

    def answer() -> None:
        nonlocal last
        if time.monotonic() - last >= ASK_SECONDS:
            ledger.work(queues=("online",))
            last = time.monotonic()

    return answer


def _recompute(job: Job, watch: JobWatch) -> dict[str, Any]:
    asked = False

    def cancelled() -> bool:
        return asked

    def progress(done: int, total: int) -> None:
        nonlocal asked
        try:
            watch.step(RECOMPUTING, done, total)
        except Cancelled:
            asked = True  # the recompute tidies up behind itself, then says so

    progress(job.done, job.total)
    extraction = reading.recompute(workspace=job.workspace, progress=progress, cancelled=cancelled)
    if extraction is None:
        raise Cancelled("Cancelled. Figures stay as they were.")
    nudge.judging()
    replace_paused(job=job)
    result = {"extraction": extraction.number}
    if job.workspace.body_retention_days is not None:
        result["as_read"] = retention.answered(workspace=job.workspace, kept=False).count()
    return result


def _rank(job: Job, watch: JobWatch) -> dict[str, Any]:
    return tracing.rank_everything(
        workspace=job.workspace, run_id=job.input["run"], watch=watch, between=_answer_questions()
    )


def _ideas(job: Job, watch: JobWatch) -> dict[str, Any]:
    return ideas.look(
        workspace=job.workspace, own_pages=job.input["own_pages"], watch=watch, between=_answer_questions()
    )


_PERFORM: dict[JobKind, Callable[[Job, JobWatch], dict[str, Any]]] = {
    JobKind.IMPORT_PAGES: _import_pages,
    JobKind.CRAWL: _crawl,
    JobKind.IMPORT_ANSWERS: _import_answers,
    JobKind.BUILD_INDEX: _build_index,
    JobKind.RECOMPUTE: _recompute,
    JobKind.RANK: _rank,
    JobKind.IDEAS: _ideas,
}
