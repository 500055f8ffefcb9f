"""What answers feel towards brands: judged once after a run and after a recompute, resumed, and shown as counts."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from inference import sentiment
from monitor import assistants, matching, roles, tasks
from monitor.assistants import engine
from monitor.exports.tables import tables
from monitor.models import Brand, DayCounts, Mention, Pointers, Response, ResponseSource, Run, Workspace
from monitor.queries import filters, report
from monitor.queries import sentiment as queries
from monitor.services import judging, ledger, nudge, reading, recovery, rollups, runs
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import LAST_DAY, make_extraction, make_panel, make_response, make_run
from tests.monitor.test_pages_import import html, import_all, row
from tests.monitor.test_support_checks import local_run

pytestmark = pytest.mark.django_db(transaction=True)

BETTER = "Norvik is the best choice for small teams. Avoid Halden."
FACT = "Norvik was founded in 2011 and is based in Ghent."
BOTH = [("Norvik", "recommended"), ("Halden", "negative")]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the messages that workers would get."""
    names: list[str] = []
    monkeypatch.setattr(nudge, "_send", lambda task, *_: names.append(task))
    return names


def team() -> Workspace:
    workspace = make_workspace()
    for name in ("Norvik", "Halden"):
        make_brand(workspace, name=name, kind="own" if name == "Norvik" else "competitor")
    return workspace


def answered(workspace: Workspace, *texts: str, **fields: Any) -> Run:
    """An ended run with these answers, read as answers are when they come in."""
    pointers = Pointers.objects.filter(workspace=workspace).select_related("extraction").first()
    extraction = pointers.extraction if pointers else None
    if extraction is None:
        extraction = make_extraction(workspace, list(Brand.objects.for_workspace(workspace)))
    panel = make_panel(workspace, prompts=len(texts), name=f"Panel {Run.objects.for_workspace(workspace).count()}")
    run = make_run(panel, extraction, LAST_DAY)
    for prompt, text in zip(panel.suite.prompts.all(), texts, strict=True):
        response = make_response(run, prompt, text=text, **fields)
        mentions = matching.matcher(extraction.brand_set_id).mentions(text)
        for found, part in zip(mentions, roles.parts(text, mentions), strict=True):
            Mention.objects.create(
                workspace=workspace,
                extraction=extraction,
                response=response,
                brand_id=found.brand_id,
                start=found.start,
                end=found.end,
                text=found.text,
                rank=found.rank,
                role=part.role,
                place=part.place,
            )
    rollups.roll_up(run=run)
    return run


def current(workspace: Workspace) -> QuerySet[Mention]:
    """The mentions of the present reading, in order."""
    extraction = Pointers.objects.filter(workspace=workspace).values("extraction")
    return Mention.objects.for_workspace(workspace).filter(extraction__in=extraction).order_by("response", "start")


def told(workspace: Workspace, **where: Any) -> list[tuple[str, str | None]]:
    rows = current(workspace).filter(**where)
    return list(rows.values_list("text", "sentiment"))


def test_a_run_is_judged_once_it_has_ended_and_twice_changes_nothing(woken: list[str]) -> None:
    workspace = team()
    import_all(workspace, [row("https://a.example/teams", html(BETTER))])
    run = local_run(workspace, "Which is the best choice for small teams?")
    assert {feeling for _, feeling in told(workspace)} == {None}
    Run.objects.for_workspace(workspace).update(status="running")
    assert not judging.has_work(), "not while it is open"
    Run.objects.for_workspace(workspace).update(status="completed")
    tasks.sweep()
    assert "monitor.tasks.judge_mentions" in woken
    tasks.judge_mentions()
    assert set(told(workspace)) == {("Norvik", "recommended")}
    assert {m.judge for m in Mention.objects.for_workspace(workspace)} == {sentiment.VERSION}
    before = list(Mention.objects.for_workspace(workspace).values())
    assert not judging.has_work() and judging.work() == 0
    assert list(Mention.objects.for_workspace(workspace).values()) == before

    lost = run.responses.all()[:1].get()
    for rows in (Mention.objects, ResponseSource.objects):
        rows.for_workspace(workspace).filter(response=lost).delete()
    Response.objects.for_workspace(workspace).filter(pk=lost.pk).update(status="failed")
    runs.retry_failed(run=run)
    ledger.work(queues=["local"], run=run)
    assert judging.has_work(), "an answer that came by a retry is judged like the others"


def test_a_recomputes_mentions_are_judged_once_it_has_switched(woken: list[str]) -> None:
    workspace = team()
    answered(workspace, BETTER, FACT)
    judging.work()
    make_brand(workspace, name="Ghent")
    Brand.objects.for_workspace(workspace).filter(name="Halden").delete()
    reading.recompute(workspace=workspace)
    found = [("Norvik", None), ("Norvik", None), ("Ghent", None)]
    assert told(workspace) == found
    tasks.tick()
    assert "monitor.tasks.judge_mentions" in woken
    assert judging.work() == 3
    assert told(workspace) == [("Norvik", "recommended"), ("Norvik", "neutral"), ("Ghent", "neutral")]


def test_what_is_cut_short_goes_on_and_an_answer_that_is_due_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "BATCH", 2)
    first, second = team(), team()
    answered(first, *[BETTER] * 5)
    answered(second, FACT)
    assert judging.work(keep_going=lambda: False) == 2
    latest = Response.objects.for_workspace(first).latest("pk")
    assert told(first, response=latest) == BOTH, "the newest first"
    assert [feeling for _, feeling in told(first)].count(None) == 8
    monkeypatch.setattr(judging, "SECONDS_A_TURN", -1.0)
    assert judging.work() == 2
    panel, extraction = make_panel(second, name="Later"), Pointers.objects.get(workspace=second).extraction
    assert extraction
    question = make_response(make_run(panel, extraction, LAST_DAY, status="running"), None, status="pending", text="")
    monkeypatch.setattr(judging, "SECONDS_A_TURN", 99.0)
    assert judging.work() == 2, "one batch, then the question"
    Response.objects.for_workspace(second).filter(pk=question.pk).update(status="cancelled")
    assert judging.work() == 5
    assert told(first) == BOTH * 5 and told(second) == [("Norvik", "neutral")]


def test_equal_answers_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    judge = engine.judge_sentiment
    monkeypatch.setattr(engine, "judge_sentiment", lambda names: asked.append(len(names)) or judge(names))
    workspace = team()
    answered(workspace, *[BETTER] * 9, FACT)
    assert judging.work() == 19 and asked == [3]


def test_workers_at_once_do_nothing_twice_and_wait_for_nobody() -> None:
    workspace = team()
    answered(workspace, *[BETTER] * 9)

    def work(_: int) -> int:
        try:
            return judging.work()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        with transaction.atomic():
            held = Mention.objects.for_workspace(workspace).select_for_update().latest("pk")
            assert sum(pool.map(work, range(3))) == 17
        assert judging.work() == 1
    held.refresh_from_db()
    assert held.sentiment == "negative" and not judging.has_work()


def felt(workspace: Workspace) -> dict[str, tuple[int, ...]]:
    """Of each brand the mentions that recommend it, are neutral, negative and wait, by the counts."""
    chosen = filters.Filter(filters.default_period(workspace))
    found = {row.brand.name: row.counts for row in queries.of_brands(workspace, chosen).rows}
    return {name: (c.recommended, c.neutral, c.negative, c.waiting) for name, c in found.items()}


def test_the_counts_follow_every_batch_and_read_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "BATCH", 1)
    workspace = team()
    run = answered(workspace, BETTER, BETTER, FACT)
    assert felt(workspace) == {"Norvik": (0, 0, 0, 3), "Halden": (0, 0, 0, 2)}
    judging.work(keep_going=lambda: False)
    assert felt(workspace) == {"Norvik": (0, 1, 0, 2), "Halden": (0, 0, 0, 2)}
    first = run.responses.order_by("pk")[0]
    Mention.objects.for_workspace(workspace).filter(response=first).delete()  # behind the counts' back
    judging.work(keep_going=lambda: False)
    assert felt(workspace) == {"Norvik": (1, 1, 0, 1), "Halden": (0, 0, 1, 1)}, "other prompts are not counted again"
    rollups.rebuild(workspace=workspace)
    assert felt(workspace) == {"Norvik": (1, 1, 0, 0), "Halden": (0, 0, 1, 0)}


def test_a_run_that_is_being_counted_is_judged_later_and_one_not_counted_yet_is_counted_then() -> None:
    workspace = team()
    run = answered(workspace, BETTER)

    def work() -> int:
        try:
            return judging.work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        list(Run.objects.for_workspace(workspace).select_for_update())
        assert pool.submit(work).result() == 0 and judging.has_work()
    rollups.drop(extraction=Pointers.objects.select_related("extraction").get(workspace=workspace).extraction)
    assert judging.work() == 2 and felt(workspace) == {}
    rollups.roll_up(run=run)
    assert felt(workspace) == {"Norvik": (1, 0, 0, 0), "Halden": (0, 0, 1, 0)}


def test_counts_of_an_older_version_say_nothing_until_they_are_made_anew() -> None:
    workspace = team()
    answered(workspace, BETTER)
    DayCounts.objects.for_workspace(workspace).update(mentions=None)  # as an upgrade leaves them
    Run.objects.for_workspace(workspace).update(rolled_up_at=None)
    assert felt(workspace) == {}
    assert judging.work() == 2 and felt(workspace) == {}, "not a part of it"
    recovery.sweep()
    assert felt(workspace) == {"Norvik": (1, 0, 0, 0), "Halden": (0, 0, 1, 0)}


def test_what_an_older_version_judged_is_judged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = team()
    answered(workspace, BETTER)
    judging.work()
    Mention.objects.for_workspace(workspace).update(sentiment="neutral")
    monkeypatch.setattr(sentiment, "VERSION", sentiment.VERSION - 1)
    assert not judging.has_work(), "an older version that runs beside leaves it"
    monkeypatch.setattr(sentiment, "VERSION", sentiment.VERSION + 2)
    assert judging.work() == 2 and told(workspace) == BOTH


def test_an_answer_that_breaks_the_judge_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    judge = engine.judge_sentiment

    def breaks(names: Any) -> Any:
        if any(name.text == FACT for name in names):
            raise ValueError("no such sentence")
        return judge(names)

    monkeypatch.setattr(engine, "judge_sentiment", breaks)
    workspace = team()
    answered(workspace, BETTER, FACT)
    assert judging.work() == 3
    assert told(workspace) == [*BOTH, ("Norvik", None)]
    assert "cannot be judged" in caplog.text and not judging.has_work()


def test_pages_and_exports_show_counts_by_assistant_and_what_is_not_judged_yet() -> None:
    workspace = team()
    client = Client()
    client.force_login(make_member(workspace))
    run = answered(workspace, BETTER, FACT, f"{BETTER} {FACT}")
    answered(workspace, BETTER, assistant="openai")
    answered(workspace, BETTER, finish="refused")
    answer = reverse("answer", args=[workspace.slug, run.responses.last().pk])
    brands = reverse("brands", args=[workspace.slug])
    assert "2 times: 2 not judged yet" in client.get(answer).content.decode()
    page = client.get(brands).content.decode()
    assert "8 mentions are not judged yet" in page and "Sentiment toward each brand" in page

    judging.work()
    page = client.get(answer).content.decode()
    assert "2 times: 1 recommended, 1 neutral" in page and "1 time: 1 negative" in page
    assert 'title="Names Norvik first: recommended"' in page
    cells = (
        r'<th scope="row">(.+?)</th>\s*<td.+?"badge (\w+)">(.+?)<',
        r'<td class="short" data-label="role">(.+?)</td>\s*<td class="wide line">(.+?)</td>',
    )
    pattern = ".+?".join(cells)
    rows = re.findall(pattern, page, re.DOTALL)
    assert [row[:4] for row in rows] == [
        ("Norvik", "ok", "Recommended", "Named"),
        ("Halden", "bad", "Negative", "Named"),
        ("Norvik", "muted", "Neutral", "Named"),
    ]
    assert "Avoid <mark" in rows[1][4] and "founded" in rows[2][4] and "founded" not in rows[1][4]
    response = client.get(brands)
    assert "not judged yet. Mentions are" not in response.content.decode()
    shown = {(r.brand.name, r.label): r.counts for r in response.context["sentiment"].rows}
    local, openai = assistants.label("local"), assistants.label("openai")
    assert shown == {
        ("Norvik", local): queries.SentimentCounts(2, 2, 0, 0, queries.RoleCounts(0, 0, 4)),
        ("Norvik", openai): queries.SentimentCounts(1, 0, 0, 0, queries.RoleCounts(0, 0, 1)),
        ("Halden", local): queries.SentimentCounts(0, 0, 2, 0, queries.RoleCounts(0, 0, 2)),
        ("Halden", openai): queries.SentimentCounts(0, 0, 1, 0, queries.RoleCounts(0, 0, 1)),
    }
    chosen = filters.Filter(filters.default_period(workspace))
    table = next(each for each in tables(report.report(workspace, chosen)) if each.key == "brands")
    assert [column.key for column in table.columns][-4:] == ["recommended", "neutral", "negative", "not_judged"]
    assert sorted(line[-4:] for line in table.rows) == [(0, 0, 1, 0), (0, 0, 2, 0), (1, 0, 0, 0), (2, 2, 0, 0)]


def test_roles_are_stored_by_a_recompute_and_shown_and_exported() -> None:
    workspace = team()
    client = Client()
    client.force_login(make_member(workspace))
    run = answered(workspace, "Norvik is cheaper than Halden.\n\n- **Halden**: three plans\n- Others")
    Mention.objects.for_workspace(workspace).update(role=None)
    rollups.roll_up(run=run)
    answer = reverse("answer", args=[workspace.slug, run.responses.last().pk])
    brands = reverse("brands", args=[workspace.slug])
    assert "read by older rules" in client.get(answer).content.decode()
    (unread,) = {row.counts.roles for row in client.get(brands).context["sentiment"].rows}
    assert unread.told == 0 and exported(workspace)["Norvik"] == (None, None, None)

    make_brand(workspace, name="Ghent")
    for _ in range(2):
        reading.recompute(workspace=workspace)
    assert list(current(workspace).values_list("brand__name", "role")) == [
        ("Norvik", "compared"),
        ("Halden", "compared"),
        ("Halden", "listed"),
    ]
    page = client.get(answer).content.decode()
    assert "1 time: 1 not judged yet; 1 compared" in page and "2 times: 2 not judged yet; 1 compared, 1 listed" in page
    shown = {row.brand.name: row.counts.roles for row in client.get(brands).context["sentiment"].rows}
    assert shown == {"Norvik": queries.RoleCounts(1, 0, 0), "Halden": queries.RoleCounts(1, 1, 0)}
    assert exported(workspace) == {"Norvik": (1, 0, 0), "Halden": (1, 1, 0), "Ghent": (None, None, None)}


def exported(workspace: Workspace) -> dict[Any, Any]:
    """Counts by role of each brand, as the exports have them."""
    chosen = filters.Filter(filters.default_period(workspace))
    table = next(each for each in tables(report.report(workspace, chosen)) if each.key == "brands")
    places = {column.key: place for place, column in enumerate(table.columns)}
    keys = ("mentions_compared", "mentions_listed", "mentions_only_named")
    return {row[places["brand"]]: tuple(row[places[key]] for key in keys) for row in table.rows}
