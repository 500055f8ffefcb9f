"""Counts kept up as things happened are those of a count of everything: row by row, and by a reckoning of its own."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor import packed
from monitor.models import (
    DayCounts,
    Extraction,
    Mention,
    Prompt,
    Redirect,
    Response,
    ResponseSource,
    ResponseStatus,
    Role,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.models.redirects import fingerprint
from monitor.ownership import brand_hosts, owns
from monitor.services import (
    corrections,
    judging,
    pasted,
    reading,
    recovery,
    resolving,
    rollups,
    runs,
    source_types,
    workspaces,
)
from monitor.services.errors import Problem
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import (
    LAST_DAY,
    History,
    add_mention,
    add_source,
    make_extraction,
    make_history,
    make_panel,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db
HIDDEN = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/{}"
TEXT = "Acme makes good pens. Betawerk is cheaper."
COLUMNS = [field.attname for field in DayCounts._meta.concrete_fields if field.attname not in ("id", "judgings")]


def rows(workspace: Workspace) -> list[tuple[Any, ...]]:
    """All counts under the current reading, each column as it is stored."""
    found = DayCounts.objects.for_workspace(workspace).filter(extraction__status="current")
    return [
        tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
        for row in found.order_by("run", "assistant").values_list(*COLUMNS)
    ]


class World:
    """A workspace of two brands and two prompts, to which things happen."""

    def __init__(self) -> None:
        self.workspace = make_workspace()
        own = make_brand(self.workspace, name="Acme", kind="own", domains=["acme.example"])
        self.brands = [own, make_brand(self.workspace, name="Betawerk", domains=["docs.betawerk.example"])]
        make_extraction(self.workspace, self.brands)
        self.panel = make_panel(self.workspace, prompts=2)
        self.prompts = list(Prompt.objects.for_workspace(self.workspace).order_by("pk"))
        self.editor = make_member(self.workspace, Role.EDITOR)
        self.runs: list[Run] = []
        self.number = 0

    @property
    def extraction(self) -> Extraction:
        return Extraction.objects.for_workspace(self.workspace).get(status="current")

    def run(self, back: int) -> Run:
        while len(self.runs) <= back:
            hour = datetime(2026, 11, 20, 23, 30, tzinfo=UTC) - timedelta(days=len(self.runs))
            self.runs.append(make_run(self.panel, self.extraction, hour.date(), slot_at=hour))
        return self.runs[back]

    def answer(self, back: int, prompt: int, assistant: str, says: int, cites: int) -> None:
        """An answer that comes to an ended run as a retry does; `says` and `cites` pick whom and what by their bits."""
        self.number += 1
        finish = "refused" if says == 7 else "complete"
        status = ResponseStatus.FAILED if cites == 15 else ResponseStatus.ANSWERED
        run = self.run(back)
        answer = make_response(
            run, self.prompts[prompt], repeat=self.number, assistant=assistant, text=TEXT, finish=finish, status=status,
            latency_ms=cites * 100 or None, model_reported=f"m{says}" if says else "",
        )  # fmt: skip
        pages = ("acme.example/a", "docs.betawerk.example/b", "forum.example/c")
        if status == ResponseStatus.ANSWERED:
            for place, brand in enumerate(self.brands):
                if says & (place + 1):
                    add_mention(self.extraction, answer, brand, rank=place + 1, place=cites % 3 + place or None)
                    if cites & 4:
                        add_mention(self.extraction, answer, brand, rank=place + 1, start=2, place=cites % 5)
            for place, page in enumerate(pages):
                if cites & (1 << place):
                    add_source(self.extraction, answer, page, cited=bool(says & 1) or place < 2)
            if cites & 8:
                self.hidden(answer, cites % 3)
        Run.objects.for_workspace(self.workspace).filter(pk=run.pk).update(rolled_up_at=None)

    def hidden(self, answer: Response, number: int) -> None:
        url = HIDDEN.format(number)
        ResponseSource.objects.create(
            workspace=self.workspace, extraction=self.extraction, response=answer, sequence=9, url=url, page="",
            domain="forum.example", cited=True, retrieved=True, via="link", spans=[[0, 4]],
        )  # fmt: skip
        Redirect.objects.get_or_create(
            workspace=self.workspace, sha256=fingerprint(url), defaults={"url": url, "seen_at": answer.run.created_at}
        )

    def resolve(self, number: int, page: str) -> None:
        known = Redirect.objects.for_workspace(self.workspace).filter(url=HIDDEN.format(number), state="waiting")
        known.update(state="resolved", target=f"https://{page}", page=page, domain=page.split("/")[0])
        resolving.settle()

    def paste(self, back: int, prompt: int) -> None:
        one = pasted.Copied(self.prompts[prompt], "pasted:chatgpt", f"{TEXT} {back}", LAST_DAY - timedelta(days=back))
        pasted.store(workspace=self.workspace, copied=[one], trigger=Trigger.PASTE)

    def retry(self, back: int) -> None:
        """What failed is asked again, and comes back."""
        run = self.run(back)
        runs.retry_failed(run=run)
        again = Response.objects.for_workspace(self.workspace).filter(run=run, status=ResponseStatus.PENDING)
        again.update(status=ResponseStatus.ANSWERED, finish="complete")
        Run.objects.for_workspace(self.workspace).filter(pk=run.pk).update(status=RunStatus.COMPLETED)

    def do(self, what: str, *how: Any) -> None:
        getattr(self, what)(*how)

    def recompute(self) -> None:
        reading.recompute(workspace=self.workspace)

    def move(self, zone: str) -> None:
        """Another time zone; the job it starts."""
        if workspaces.save_settings(workspace=self.workspace, name=self.workspace.name, time_zone=zone):
            self.recompute()

    def call(self, domain: str, kind: str) -> None:
        source_types.choose(workspace=self.workspace, domain=domain, kind=kind)

    def correct(self, back: int, place: int, value: str) -> None:
        """Somebody says of a run's latest answer that it names a brand, or does not."""
        run, name = self.run(back), self.brands[place].name
        answers = Response.objects.for_workspace(self.workspace).filter(run=run, status=ResponseStatus.ANSWERED)
        if answer := answers.select_related("run", "workspace").order_by("-pk").first():
            start = answer.text.index(name)
            what = "mention" if value in ("yes", "no") else "sentiment"
            with contextlib.suppress(Problem):  # nothing is felt towards what is not named
                corrections.correct(
                    response=answer, brand=self.brands[place], start=start, end=start + len(name), what=what,
                    value=value, by=self.editor,
                )  # fmt: skip

    def judge(self, at_once: int) -> None:
        """Some of what waits for it is judged, and whatever waits with it in the same answers."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(judging, "BATCH", at_once)
            judging.work(keep_going=lambda: False)

    def count(self, back: int) -> None:
        """One run's counts, once more."""
        rollups.roll_up(run=self.run(back))

    def sweep(self) -> None:
        recovery.roll_up_finished()


backs, prompts = st.integers(0, 2), st.integers(0, 1)
happenings = st.one_of(
    st.tuples(st.just("answer"), backs, prompts, st.sampled_from(["gemini", "openai"]), st.integers(0, 7),
              st.integers(0, 15)),
    st.tuples(st.just("answer"), backs, prompts, st.just("gemini"), st.integers(0, 3), st.integers(8, 14)),
    st.tuples(st.just("resolve"), st.integers(0, 2), st.sampled_from(["acme.example/a", "forum.example/x"])),
    st.tuples(st.just("paste"), backs, prompts),
    st.tuples(st.just("retry"), backs),
    st.tuples(st.just("recompute")),
    st.tuples(st.just("move"), st.sampled_from(["UTC", "Asia/Tokyo", "America/Lima"])),
    st.tuples(st.just("call"), st.just("forum.example"), st.sampled_from(["community", "editorial"])),
    st.tuples(st.just("correct"), backs, st.integers(0, 1), st.sampled_from(["yes", "no", "negative", "neutral"])),
    st.tuples(st.just("judge"), st.integers(1, 3)),
    st.tuples(st.just("count"), backs),
    st.tuples(st.just("sweep")),
)  # fmt: skip


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(happenings, min_size=1, max_size=12))
def test_counts_kept_up_are_those_of_a_rebuild_and_of_a_plain_reckoning(happened: list[tuple[Any, ...]]) -> None:
    world = World()
    for what, *how in happened:
        world.do(what, *how)
    recovery.roll_up_finished()
    kept = rows(world.workspace)
    assert reckoned(world.workspace) == unpacked(world.workspace)
    rollups.rebuild(workspace=world.workspace)
    assert rows(world.workspace) == kept
    DayCounts.objects.for_workspace(world.workspace).delete()
    rollups.rebuild(workspace=world.workspace, missing_only=True)
    assert rows(world.workspace) == kept


def unpacked(workspace: Workspace) -> dict[tuple[Any, ...], Any]:
    """By (run, day, assistant, prompt) and thing counted: the count. Zeros are left out."""
    found: dict[tuple[Any, ...], float] = {}
    for row in DayCounts.objects.for_workspace(workspace).filter(extraction__status="current"):
        where = row.run_id, row.day, row.assistant
        for prompt, *numbers in packed.unpack(row.cells, packed.CELLS).tolist():
            names = (packed.CELLS.names or ())[1:]
            found |= {(*where, prompt, name): number for name, number in zip(names, numbers, strict=True)}
        for prompt, brand, rank, answers in packed.unpack(row.brands, packed.BRANDS).tolist():
            found[(*where, prompt, "brand", brand, rank)] = answers
        for prompt, brand, said, mentions, answers in packed.unpack(row.mentions, packed.MENTIONS).tolist():
            key = (*where, prompt, "said", brand, packed.SAID[said])
            found |= {(*key, "mentions"): mentions, (*key, "answers"): answers}
        for prompt, brand, place, answers in packed.unpack(row.places, packed.PLACES).tolist():
            found[(*where, prompt, "place", brand, place)] = answers
        domains = {packed.key(name): name for name in packed.unpack_texts(row.domain_names)}
        pages = {packed.key(page): page for page, *_ in packed.unpack_texts(row.page_names)}
        for at, prompt, cited, retrieved, gaps, share, pawc in packed.unpack(row.domains, packed.DOMAINS).tolist():
            key = (*where, prompt, "domain", domains[at])
            found |= {(*key, "cited"): cited, (*key, "retrieved"): retrieved, (*key, "gaps"): gaps}
            found |= {(*key, "share"): round(share, 9), (*key, "pawc"): round(pawc, 9)}
        for at, prompt, cited, retrieved, used in packed.unpack(row.pages, packed.PAGES).tolist():
            key = (*where, prompt, "page", pages[at])
            found |= {(*key, "cited"): cited, (*key, "retrieved"): retrieved, (*key, "used"): used}
    return {key: count for key, count in found.items() if count}


def reckoned(workspace: Workspace) -> dict[tuple[Any, ...], Any]:
    """The same, answer by answer, from the rows that were read."""
    found: dict[tuple[Any, ...], float] = defaultdict(float)
    extraction = Extraction.objects.for_workspace(workspace).get(status="current")
    brands = {brand["id"]: brand["kind"] == "own" for brand in extraction.brand_set.brands}
    hosts = brand_hosts(extraction.brand_set.brands)
    for answer in Response.objects.for_workspace(workspace).select_related("run"):
        where = answer.run_id, answer.run.day, answer.assistant, answer.prompt_id
        if answer.status == ResponseStatus.FAILED:
            found[(*where, "failed")] += 1
        if answer.status != ResponseStatus.ANSWERED:
            continue
        if answer.finish == "refused":
            found[(*where, "refused")] += 1
            continue
        here = {"response": answer, "extraction": extraction}
        named: dict[int, int] = {}
        listed: dict[int, int] = {}
        said: dict[tuple[int, str], int] = defaultdict(int)
        for mention in Mention.objects.for_workspace(workspace).filter(**here):
            named[mention.brand_id] = min(mention.rank, named.get(mention.brand_id, 99))
            if mention.place is not None:
                listed[mention.brand_id] = min(mention.place, listed.get(mention.brand_id, 99))
            words = ["judged", mention.sentiment] if mention.sentiment else ["waiting"]
            words += [f"only_{mention.role}" if mention.role == "named" else mention.role] if mention.role else []
            for word in words:
                said[mention.brand_id, word] += 1
        sources = list(ResponseSource.objects.for_workspace(workspace).filter(**here))
        cited = [source for source in sources if source.cited]
        owned = {brand for source in cited for brand, host in hosts if owns(host, source.domain, source.page)}
        gap = any(not brands[b] for b in {*named, *owned}) and not any(brands[b] for b in {*named, *owned})
        for pair, mentions in said.items():
            found[(*where, "said", *pair, "mentions")] += mentions
            found[(*where, "said", *pair, "answers")] += 1
        found[(*where, "valid")] += 1
        found[(*where, "with_citation")] += bool(cited)
        found[(*where, "with_pawc")] += any(source.pawc is not None for source in sources)
        found[(*where, "reporting")] += answer.retrieval_reported
        found[(*where, "gaps")] += gap
        for who, is_own in (("own", True), ("rival", False)):
            found[(*where, f"{who}_named")] += any(brands[brand] is is_own for brand in named)
            found[(*where, f"{who}_cited")] += any(brands[brand] is is_own for brand in owned)
        for brand, rank in named.items():
            found[(*where, "brand", brand, rank)] += 1
        for brand in owned:
            found[(*where, "brand", brand, 0)] += 1
        for pair in listed.items():
            found[(*where, "place", *pair)] += 1
        pages = {source.page or source.url for source in cited}
        for domain in {source.domain for source in sources if source.domain}:
            of_domain = {source.page or source.url for source in cited if source.domain == domain}
            key = (*where, "domain", domain)
            found[(*key, "cited")] += bool(of_domain)
            found[(*key, "retrieved")] += any(source.retrieved for source in sources if source.domain == domain)
            found[(*key, "gaps")] += bool(of_domain) and gap
            found[(*key, "share")] += len(of_domain) / len(pages) if pages else 0
            found[(*key, "pawc")] += sum(source.pawc or 0 for source in sources if source.domain == domain)
        for source in sources:
            key = (*where, "page", source.page or source.url)
            found[(*key, "cited")] += source.cited
            found[(*key, "retrieved")] += bool(source.retrieved)
            found[(*key, "used")] += bool(source.cited and source.retrieved)
    return {key: round(count, 9) if key[-1] in ("share", "pawc") else count for key, count in found.items() if count}


def test_counting_a_run_takes_the_same_statements_and_writes_only_its_rows_however_long_the_history() -> None:
    def counted(history: History) -> tuple[int, set[int]]:
        before = dict(DayCounts.objects.for_workspace(history.workspace).values_list("pk", "run"))
        with CaptureQueriesContext(connection) as captured:
            rollups.roll_up(run=history.runs[-1])
        after = dict(DayCounts.objects.for_workspace(history.workspace).values_list("pk", "run"))
        touched = {run for pk, run in (before | after).items() if (pk in before) != (pk in after)}
        assert touched == {history.runs[-1].pk}
        assert {pk: run for pk, run in before.items() if run not in touched}.items() <= after.items()
        return len(captured), touched

    short, long = make_history(days=2, prompts=3), make_history(days=12, prompts=3)
    assert counted(short)[0] == counted(long)[0] <= 20


def test_the_command_counts_all_of_history_again(capsys: pytest.CaptureFixture[str]) -> None:
    history = make_history(days=2, prompts=2)
    kept = rows(history.workspace)
    DayCounts.objects.for_workspace(history.workspace).delete()
    call_command("recompute", workspace=history.workspace.slug, counts=True)
    assert rows(history.workspace) == kept and len(kept) == 2
    assert "2 runs counted" in capsys.readouterr().out
