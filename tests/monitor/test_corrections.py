"""People correct what was read: at once in every figure, again after every recompute, and back again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from monitor import corrections as rules
from monitor import extract, packed
from monitor.corrections import Said
from monitor.exports.tables import tables
from monitor.models import (
    Brand,
    Correction,
    DayCounts,
    Extraction,
    Mention,
    Pointers,
    Response,
    Role,
    Run,
    User,
    Workspace,
)
from monitor.queries import answers, filters, report
from monitor.services import corrections, judging, nudge, reading, rollups
from monitor.services.errors import Problem
from tests.factories import make_member
from tests.factories_history import make_response
from tests.monitor.test_sentiment import answered, team

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Norvik leads the field. Halden follows, and **Nor-vik Pro** is Norvik's newest. Some call it the Bear."


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


def stage(*texts: str) -> tuple[Workspace, Response, User]:
    workspace = team()
    run = answered(workspace, *(texts or (TEXT,)))
    return workspace, run.responses.order_by("pk").select_related("run", "workspace")[0], make_member(workspace)


def brand(workspace: Workspace, name: str) -> Brand:
    return Brand.objects.for_workspace(workspace).get(name=name)


def said(response: Response, name: str, words: str, value: str, by: User, what: str = "mention") -> corrections.Done:
    start = response.text.index(words)
    whose = brand(response.workspace, name)
    return corrections.correct(
        response=response, brand=whose, start=start, end=start + len(words), what=what, value=value, by=by
    )


def counted(response: Response) -> list[tuple[str, str, int, str | None]]:
    """Brand, words, rank and sentiment of the mentions that count."""
    current = Pointers.objects.get(workspace=response.workspace).extraction
    rows = Mention.objects.for_workspace(response.workspace).filter(extraction=current, response=response)
    return list(rows.order_by("start").values_list("brand__name", "text", "rank", "sentiment"))


def named(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Answers naming each brand, and naming it first, by the rollups."""
    current = Pointers.objects.get(workspace=workspace).extraction
    names = dict(Brand.objects.for_workspace(workspace).values_list("pk", "name"))
    found: dict[str, tuple[int, int]] = {}
    for row in DayCounts.objects.for_workspace(workspace).filter(extraction=current):
        for _, pk, rank, count in packed.unpack(row.brands, packed.BRANDS).tolist():
            every, first = found.get(names[pk], (0, 0))
            if rank:
                found[names[pk]] = every + count, first + (count if rank == 1 else 0)
    return found


def test_a_mention_that_is_none_counts_nowhere_and_ranks_follow() -> None:
    workspace, response, editor = stage("Norvik leads. Halden follows.")
    assert named(workspace) == {"Norvik": (1, 1), "Halden": (1, 0)}
    first = said(response, "Norvik", "Norvik", "no", editor)
    assert counted(response) == [("Halden", "Halden", 1, None)]
    assert named(workspace) == {"Halden": (1, 1)}
    assert answers.answer_page(response).mentions == 1
    before = list(Mention.objects.for_workspace(workspace).order_by("pk").values())
    assert said(response, "Norvik", "Norvik", "no", editor) == corrections.Done(first.made, ())
    assert list(Mention.objects.for_workspace(workspace).order_by("pk").values()) == before
    assert Correction.objects.for_workspace(workspace).count() == 1
    assert first.made
    assert corrections.undo(correction=first.made, by=editor)
    assert not corrections.undo(correction=first.made, by=editor), "twice is once"
    assert [row[:3] for row in counted(response)] == [("Norvik", "Norvik", 1), ("Halden", "Halden", 2)]
    assert named(workspace) == {"Norvik": (1, 1), "Halden": (1, 0)}
    kept = Correction.objects.for_workspace(workspace).get()
    assert (kept.made_by, kept.undone_by) == (editor, editor) and kept.undone_at is not None


def test_a_missed_mention_counts_and_a_recompute_keeps_it_in_exports_too() -> None:
    workspace, response, editor = stage("The Bear leads. Halden follows.")
    said(response, "Norvik", "The Bear", "yes", editor)
    assert [row[:3] for row in counted(response)] == [("Norvik", "The Bear", 1), ("Halden", "Halden", 2)]
    call_command("recompute", "--workspace", workspace.slug)
    assert [row[:3] for row in counted(response)] == [("Norvik", "The Bear", 1), ("Halden", "Halden", 2)]
    assert named(workspace) == {"Norvik": (1, 1), "Halden": (1, 0)}
    chosen = filters.Filter(filters.default_period(workspace), compare="none")
    exported = {table.key: table for table in tables(report.report(workspace, chosen, with_answers=True))}
    rows = [dict(zip([c.key for c in exported["brands"].columns], row, strict=True)) for row in exported["brands"].rows]
    assert {row["brand"]: row["named"] for row in rows} == {"Norvik": 1, "Halden": 1}
    said(response, "Norvik", "The Bear", "no", editor)
    assert [row[0] for row in counted(response)] == ["Halden"]
    assert not Correction.objects.for_workspace(workspace).filter(undone_at=None), "it is only taken back"


def test_a_sentiment_by_hand_outlives_the_judge_and_recomputes_and_what_was_judged_is_kept() -> None:
    workspace, response, editor = stage("Norvik is the best choice for small teams.")
    said(response, "Norvik", "Norvik", "negative", editor, "sentiment")
    assert judging.work() == 1 and not judging.has_work()
    row = Mention.objects.for_workspace(workspace).get(response=response)
    assert (row.sentiment, row.judged, row.by_hand) == ("negative", "recommended", True)
    reading.recompute(workspace=workspace)
    judging.work()
    row = Mention.objects.for_workspace(workspace).get(response=response)
    assert (row.sentiment, row.judged, row.by_hand) == ("negative", "recommended", True)
    later = said(response, "Norvik", "Norvik", "neutral", editor, "sentiment")
    row.refresh_from_db()
    assert (row.sentiment, row.judged) == ("neutral", "recommended")
    assert [each.value for each in later.replaced] == ["negative"] and later.made
    corrections.undo(correction=later.made, by=editor)
    row.refresh_from_db()
    assert (row.sentiment, row.judged, row.by_hand) == ("recommended", None, False)


def test_neighbours_are_judged_anew_and_keep_their_sentiment_until_then() -> None:
    workspace, response, editor = stage("Norvik is the best choice. Avoid Halden.")
    judging.work()
    said(response, "Halden", "Halden", "no", editor)
    assert counted(response) == [("Norvik", "Norvik", 1, "recommended")]
    assert judging.has_work() and judging.work() == 1
    assert counted(response) == [("Norvik", "Norvik", 1, "recommended")]


def test_a_correction_holds_when_another_alias_makes_the_mention_longer() -> None:
    workspace, response, editor = stage(TEXT)
    said(response, "Norvik", "Nor-vik", "no", editor)
    assert "Nor-vik" not in [text for _, text, *_ in counted(response)]
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(aliases=["Norvik Pro"])
    reading.recompute(workspace=workspace)
    texts = [text for _, text, *_ in counted(response)]
    assert texts == ["Norvik", "Halden", "Norvik"], "not Nor-vik Pro"


def test_what_has_lost_its_ground_lapses_in_sight_and_comes_back_with_it() -> None:
    workspace, response, editor = stage(TEXT)
    said(response, "Norvik", "the Bear", "yes", editor)
    said(response, "Halden", "Halden", "no", editor)

    def lapsed() -> dict[str, str]:
        return {row.correction.brand_name: row.lapsed for row in answers.answer_page(response).corrections.rows}

    assert lapsed() == {"Norvik": "", "Halden": ""}
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(aliases=["the Bear"])
    reading.recompute(workspace=workspace)
    assert lapsed() == {"Norvik": rules.FOUND_ITSELF, "Halden": ""}
    Brand.objects.for_workspace(workspace).filter(name="Halden").delete()
    reading.recompute(workspace=workspace)
    assert lapsed() == {"Norvik": rules.FOUND_ITSELF, "Halden": rules.NO_BRAND}
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(archived_at=response.answered_at)
    reading.recompute(workspace=workspace)
    assert lapsed()["Norvik"] == rules.NOT_LOOKED_FOR and counted(response) == []
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(archived_at=None, aliases=[])
    reading.recompute(workspace=workspace)
    assert lapsed()["Norvik"] == "" and ("Norvik", "the Bear") in [row[:2] for row in counted(response)]
    Response.objects.for_workspace(workspace).filter(pk=response.pk).update(text="Nothing.")
    response.refresh_from_db()
    reading.recompute(workspace=workspace)
    assert lapsed()["Norvik"] == rules.NO_WORDS and counted(response) == []


def test_counts_after_a_correction_are_those_of_counting_all_anew() -> None:
    workspace, response, editor = stage(TEXT, TEXT, "Nothing here.")

    def cells() -> list[tuple[Any, ...]]:
        rows = DayCounts.objects.for_workspace(workspace).order_by("run", "assistant")
        return [
            (
                row.run_id,
                row.assistant,
                row.named,
                *map(bytes, (row.cells, row.brands, row.mentions or b"", row.domains)),
            )
            for row in rows
        ]

    said(response, "Norvik", "Norvik", "no", editor)
    narrow = cells()
    rollups.rebuild(workspace=workspace)
    assert cells() == narrow and len(narrow) == 1
    current = Pointers.objects.get(workspace=workspace).extraction
    assert current
    rollups.drop(extraction=current)
    said(response, "Halden", "Halden", "no", editor)
    assert [row[:2] for row in cells()] == [row[:2] for row in narrow], "a run that was not counted is counted whole"
    make_response(response.run, response.prompt, assistant="other", text="Nothing.")
    Run.objects.for_workspace(workspace).update(rolled_up_at=None)
    said(response, "Halden", "Halden", "yes", editor)
    assert {row[1] for row in cells()} == {response.assistant, "other"}, "nor is one whose counts are out of date"


def test_what_cannot_be_said_is_refused_and_changes_nothing() -> None:
    workspace, response, editor = stage(TEXT)
    before = counted(response)
    outside = Brand.objects.create(workspace=workspace, name="Later")
    norvik = brand(workspace, "Norvik")
    at: dict[str, Any] = {"response": response, "brand": norvik, "start": 0, "end": 6, "by": editor}
    for wrong in (
        at | {"what": "sentiment", "value": "glad"},
        at | {"what": "role", "value": "yes"},
        at | {"what": "mention", "value": "yes", "brand": outside},
        at | {"what": "mention", "value": "yes", "end": 10_000},
        at | {"what": "mention", "value": "yes", "start": 6, "end": 7},
        at | {"what": "sentiment", "value": "neutral", "start": 24, "end": 30},
    ):
        with pytest.raises(Problem):
            corrections.correct(**wrong)
    assert counted(response) == before and not Correction.objects.for_workspace(workspace).exists()
    wide = corrections.correct(**at | {"what": "mention", "value": "no", "end": len(TEXT)})
    assert wide.made and (wide.made.start, wide.made.end) == (0, 6), "one mention, however much is selected"


def test_two_people_at_once_and_a_recompute_beside_them_leave_one_truth() -> None:
    workspace, response, editor = stage(*[TEXT] * 3)
    people = [editor, *(make_member(workspace, Role.EDITOR) for _ in range(3))]
    barrier = threading.Barrier(len(people) + 1)

    def correct(number: int) -> None:
        try:
            barrier.wait()
            own = Response.objects.for_workspace(workspace).select_related("run", "workspace").get(pk=response.pk)
            said(own, "Norvik", "Norvik", ("negative", "neutral")[number % 2], people[number], "sentiment")
            said(own, "Halden", "Halden", ("no", "yes")[number % 2], people[number])
            said(own, "Norvik", "the Bear", "yes", people[number])
        finally:
            connection.close()

    def again() -> None:
        try:
            barrier.wait()
            reading.recompute(workspace=Workspace.objects.get(pk=workspace.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people) + 1) as pool:
        for done in [pool.submit(again), *(pool.submit(correct, number) for number in range(len(people)))]:
            done.result()
    standing = Correction.objects.for_workspace(workspace).filter(undone_at=None)
    last = standing.get(what="sentiment").value
    denied = standing.filter(brand__name="Halden", value="no").exists()
    seen = counted(response)
    assert {row[3] for row in seen if row[1] == "Norvik"} == {last, None}
    assert ("Halden" not in [row[0] for row in seen]) == denied
    assert [row[1] for row in seen].count("the Bear") == 1
    counts = named(workspace)
    assert counts["Norvik"] == (3, 3) and counts["Halden"] == (3 - denied, 0)
    assert Extraction.objects.for_workspace(workspace).filter(status="current").count() == 1
    rollups.rebuild(workspace=workspace)
    reading.recompute(workspace=workspace)
    assert [row[:3] for row in counted(response)] == [row[:3] for row in seen]
    assert named(workspace) == counts


# --- the page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def page() -> tuple[Client, Workspace, Response, str]:
    workspace, response, editor = stage(TEXT)
    client = Client()
    client.force_login(editor, backend="django.contrib.auth.backends.ModelBackend")
    return client, workspace, response, reverse("answer_correct", args=[workspace.slug, response.pk])


def test_a_missed_brand_is_marked_by_its_words_without_a_script(page: tuple[Client, Workspace, Response, str]) -> None:
    client, workspace, response, url = page
    form = {"words": " the  Bear ", "brand": brand(workspace, "Norvik").pk}
    for _ in range(2):
        assert client.post(url, form).status_code == 302
        assert [row[1] for row in counted(response)][-1] == "the Bear"
    assert Correction.objects.for_workspace(workspace).count() == 1
    shown = client.get(reverse("answer", args=[workspace.slug, response.pk])).content.decode()
    assert "Norvik</strong> is named" in shown and "Take back" in shown


def test_words_that_stand_in_several_places_are_asked_about(page: tuple[Client, Workspace, Response, str]) -> None:
    client, workspace, response, url = page
    halden = brand(workspace, "Halden").pk
    asked = client.post(url, {"words": "norvik", "brand": halden})
    text = asked.content.decode()
    assert asked.status_code == 422 and "stand in 2 places" in text and text.count('type="radio" name="place"') == 2
    assert client.post(url, {"words": "Norvik", "brand": halden, "nth": 2, "of": 2}).status_code == 302
    second = response.text.rindex("Norvik")
    assert Correction.objects.for_workspace(workspace).get().start == second
    assert client.post(url, {"words": "Norvik", "brand": halden, "place": 0}).status_code == 302
    assert {row.start for row in Correction.objects.for_workspace(workspace)} == {0, second}
    full = client.post(url, {"words": "Norvik", "brand": halden})
    assert full.status_code == 422 and "in all 2 places" in full.content.decode()


@pytest.mark.parametrize(
    ("words", "says"),
    [("the Wolf", "does not stand in this answer"), ("", "required"), ("**", "Write the words"), ("x" * 201, "200")],
)
def test_words_that_are_not_there_keep_what_was_typed(
    page: tuple[Client, Workspace, Response, str], words: str, says: str
) -> None:
    client, workspace, _, url = page
    answer = client.post(url, {"words": words, "brand": brand(workspace, "Norvik").pk})
    assert answer.status_code == 422 and says in answer.content.decode()
    assert f'value="{words}"' in answer.content.decode() or not words
    assert not Correction.objects.for_workspace(workspace).exists()


def test_forms_that_come_incomplete_or_foreign_change_nothing(page: tuple[Client, Workspace, Response, str]) -> None:
    client, workspace, response, url = page
    foreign = brand(stage()[0], "Norvik")
    good = {"brand": brand(workspace, "Norvik").pk, "start": 0, "end": 6, "what": "mention", "value": "no"}
    assert client.post(url, good | {"brand": foreign.pk}).status_code == 404
    for odd in ({"start": "x"}, {"end": "9" * 30}, {"end": ""}, {"what": ""}, {"value": "<b>"}, {"start": "٣"}):
        assert client.post(url, good | odd).status_code == 302
    assert client.post(url, {"words": "Norvik", "brand": foreign.pk}).status_code == 422
    assert not Correction.objects.for_workspace(workspace).exists()
    client.post(url, good)
    correction = Correction.objects.for_workspace(workspace).get()
    undo = reverse("correction_undo", args=[workspace.slug, correction.pk])
    assert [client.post(undo).status_code for _ in range(2)] == [302, 302]
    assert counted(response)[0][:2] == ("Norvik", "Norvik")


def test_who_said_otherwise_before_is_told(page: tuple[Client, Workspace, Response, str]) -> None:
    client, workspace, response, url = page
    other = make_member(workspace, Role.EDITOR)
    said(response, "Norvik", "Norvik", "negative", other, "sentiment")
    form = {"brand": brand(workspace, "Norvik").pk, "start": 0, "end": 6, "what": "sentiment", "value": "neutral"}
    shown = client.post(url, form, follow=True).content.decode()
    assert f"It replaces what {other} said: Norvik is negative there." in shown


def test_viewers_see_corrections_and_no_forms() -> None:
    workspace, response, editor = stage(TEXT)
    said(response, "Norvik", "Norvik", "no", editor)
    client = Client()
    client.force_login(make_member(workspace, Role.VIEWER), backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(reverse("answer", args=[workspace.slug, response.pk])).content.decode()
    assert "is not named" in shown and str(editor) in shown
    assert "answer_correct" not in shown and "/correct/" not in shown and "Take back" not in shown


# --- the rules --------------------------------------------------------------------------------------------------

MATCHER = extract.Matcher([extract.Brand(1, "Norvik"), extract.Brand(2, "Halden"), extract.Brand(3, "Ghent Works")])
WORDS = st.lists(st.sampled_from(["Norvik", "Halden", "Ghent Works", "is", "and", ".", "\n", "**"]), max_size=14)
SPANS = st.tuples(st.integers(0, 40), st.integers(1, 12))
SAID = st.lists(
    st.tuples(
        st.sampled_from([("mention", "yes"), ("mention", "no"), ("sentiment", "neutral")]), st.integers(1, 4), SPANS
    ),
    max_size=6,
)


@given(WORDS)
def test_without_corrections_a_reading_is_what_was_found(words: list[str]) -> None:
    text = " ".join(words)
    found = MATCHER.mentions(text)
    told = rules.applied(text, found, (), ()).mentions
    assert [(m.brand_id, m.start, m.end, m.text, m.rank) for m in told] == [
        (m.brand_id, m.start, m.end, m.text, m.rank) for m in found
    ]


@given(WORDS, SAID)
def test_applied_corrections_hold_and_ranks_are_those_of_the_order(
    words: list[str], given_out: list[tuple[tuple[str, str], int, tuple[int, int]]]
) -> None:
    text = " ".join(words)
    said_here = [
        Said(what, value, brand_id, start, start + length, text[start : start + length])
        for (what, value), brand_id, (start, length) in given_out
        if start + length <= len(text)
    ]
    applied = rules.applied(text, MATCHER.mentions(text), said_here, {1, 2, 3})
    first: dict[int, int] = {}
    for mention in applied.mentions:
        assert text[mention.start : mention.end] == mention.text
        assert mention.rank == first.setdefault(mention.brand_id, len(first) + 1)
    for number, each in enumerate(said_here):
        if number in applied.lapsed:
            continue
        there = rules.touching(applied.mentions, each.brand_id, each.start, each.end)
        assert each.brand_id != 4
        if each.what == "sentiment" or each.value == "yes":
            assert there
