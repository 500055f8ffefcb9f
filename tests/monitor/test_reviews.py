"""How right the reading is: drawn at random, looked through, kept as labels, and measured by every version."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Brand, Correction, Mention, Response, Review, ReviewReading, Role, User, Workspace
from monitor.queries import reviews as queries
from monitor.services import corrections, judging, nudge, reading, reviews
from monitor.services.errors import Problem
from tests.factories import make_member
from tests.monitor.test_corrections import brand, counted, said
from tests.monitor.test_sentiment import answered, team

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = "Norvik leads. Halden follows."
BEAR = "The Bear leads. Halden follows."


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "_send", lambda *_: None)


def drawn(workspace: Workspace) -> list[Review]:
    rows = Review.objects.for_workspace(workspace).select_related("response__run", "response__workspace")
    return list(rows.order_by("draw", "place"))


def confirm(review: Review, by: User) -> bool:
    return reviews.confirm(review=review, seen=queries.answer_review(review).seen, by=by)


def test_a_draw_is_by_a_seed_in_proportion_and_twice_the_same() -> None:
    workspace = team()
    answered(workspace, *[NAMES] * 18)
    answered(workspace, *[NAMES] * 9, assistant="openai")
    answered(workspace, NAMES, NAMES, finish="refused")
    assert reviews.draw(workspace=workspace, after=0) == 20
    assert reviews.draw(workspace=workspace, after=0) == 0 and reviews.draw(workspace=workspace, after=7) == 0
    first = [(row.response_id, row.place) for row in drawn(workspace)]
    assistants = [row.response.assistant for row in drawn(workspace)]
    assert (assistants.count("local"), assistants.count("openai")) == (13, 7)
    assert {row.response.finish for row in drawn(workspace)} == {"complete"}
    assert assistants != sorted(assistants), "mixed, for whoever stops half-way"
    Review.objects.for_workspace(workspace).delete()
    reviews.draw(workspace=workspace, after=0)
    assert [(row.response_id, row.place) for row in drawn(workspace)] == first
    assert reviews.draw(workspace=workspace, after=1) == 7 and reviews.draw(workspace=workspace, after=2) == 0
    assert len({row.response_id for row in drawn(workspace)}) == 27


def test_only_drawn_answers_that_were_confirmed_are_measured_and_corrections_become_labels() -> None:
    workspace = team()
    answered(workspace, *[NAMES] * 9, *[BEAR] * 3)
    editor = make_member(workspace)
    outside = answered(workspace, NAMES).responses.select_related("run", "workspace").get()
    reviews.draw(workspace=workspace, after=0)
    Review.objects.for_workspace(workspace).filter(response=outside).delete()
    said(outside, "Norvik", "Norvik", "no", editor)
    for review in drawn(workspace):
        if review.response.text == BEAR:
            said(review.response, "Norvik", "The Bear", "yes", editor)
            said(review.response, "Halden", "Halden", "no", editor)
    assert queries.how_right(workspace).overall.precision.rate is None, "nothing is confirmed yet"
    assert all(confirm(review, editor) for review in drawn(workspace))
    assert not any(confirm(review, editor) for review in drawn(workspace)), "twice is once"
    found = queries.how_right(workspace)
    assert (found.overall.right, found.overall.found, found.overall.named) == (18, 21, 21)
    by_brand = {row.brand.name: row.measured for row in found.brands}
    assert (by_brand["Norvik"].precision.rate, by_brand["Norvik"].recall.rate) == (1.0, 9 / 12)
    assert (by_brand["Halden"].precision.rate, by_brand["Halden"].recall.rate) == (9 / 12, 1.0)
    assert by_brand["Norvik"].precision.reason == "too thin" and by_brand["Norvik"].recall.low is not None
    assert found.error_count == 6 and {error.says for error in found.errors} == {
        "Found, but is no mention of it",
        "Named, but not found",
    }


def test_labels_follow_later_corrections_and_outlive_what_reads_them() -> None:
    workspace = team()
    response = answered(workspace, BEAR).responses.select_related("run", "workspace").get()
    editor = make_member(workspace)
    reviews.draw(workspace=workspace, after=0)
    said(response, "Norvik", "The Bear", "yes", editor)
    (review,) = drawn(workspace)
    assert confirm(review, editor)

    def figures() -> list[tuple[bool, int, int, int]]:
        rows = queries.how_right(workspace).versions
        return [(row.in_use, row.measured.right, row.measured.found, row.measured.named) for row in rows]

    assert figures() == [(True, 1, 1, 2)]
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(aliases=["The Bear"])
    reading.recompute(workspace=workspace)
    assert figures() == [(True, 2, 2, 2), (False, 1, 1, 2)], "each version by the same labels"
    said(response, "Norvik", "The Bear", "no", editor)
    assert figures() == [(True, 1, 2, 1), (False, 1, 1, 1)]
    Brand.objects.for_workspace(workspace).filter(name="Norvik").update(aliases=[])
    Brand.objects.create(workspace=workspace, name="Bear")
    said_no = Correction.objects.for_workspace(workspace).get(value="no", undone_at=None)
    corrections.undo(correction=said_no, by=editor)
    reading.recompute(workspace=workspace)
    assert figures()[0] == (True, 1, 1, 2), "a brand that nobody was asked about does not count"
    assert [row[0] for row in counted(response)] == ["Bear", "Halden"]
    before = list(ReviewReading.objects.for_workspace(workspace).order_by("pk").values())
    reading.recompute(workspace=workspace)
    assert list(ReviewReading.objects.for_workspace(workspace).order_by("pk").values()) == before


def test_what_changed_since_it_was_looked_at_is_not_confirmed() -> None:
    workspace = team()
    response = answered(workspace, NAMES).responses.select_related("run", "workspace").get()
    editor = make_member(workspace)
    reviews.draw(workspace=workspace, after=0)
    (review,) = drawn(workspace)
    seen = queries.answer_review(review).seen
    said(response, "Norvik", "Norvik", "no", make_member(workspace))
    with pytest.raises(Problem, match="changed since"):
        reviews.confirm(review=review, seen=seen, by=editor)
    assert confirm(review, editor)
    assert reviews.reopen(review=review) and not reviews.reopen(review=review)
    review.refresh_from_db()
    assert review.reviewed_at is None and review.labels == []
    assert not ReviewReading.objects.for_workspace(workspace).exists()


def test_sentiment_is_measured_by_what_was_judged_and_not_by_what_was_corrected() -> None:
    workspace = team()
    answered(workspace, *["Norvik is the best choice for small teams."] * 12)
    judging.work()
    editor = make_member(workspace)
    reviews.draw(workspace=workspace, after=0)
    for review in drawn(workspace)[:3]:
        said(review.response, "Norvik", "Norvik", "neutral", editor, "sentiment")
    for review in drawn(workspace):
        confirm(review, editor)
    found = queries.how_right(workspace)
    assert dict(found.confusion) == {"Recommended": [9, 0, 0], "Neutral": [3, 0, 0], "Negative": [0, 0, 0]}
    assert found.felt.agreement.rate == 0.75 and found.felt.macro_f1 == pytest.approx((18 / 21) / 2)
    assert found.error_count == 3 and found.errors[0].says == "Judged recommended, is neutral"
    assert set(Mention.objects.for_workspace(workspace).values_list("sentiment", flat=True)) == {
        "neutral",
        "recommended",
    }


# --- the pages ---------------------------------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_from_drawing_to_figures_on_the_pages_and_the_csv() -> None:
    workspace = team()
    answered(workspace, *[NAMES] * 10, "=Norvik leads, says Halden.")
    editor = make_member(workspace, Role.EDITOR)
    client, slug = client_of(editor), workspace.slug
    page = reverse("review", args=[slug])
    assert "Draw 20 answers" in client.get(page).content.decode()
    for _ in range(2):
        sent = client.post(reverse("review_draw", args=[slug]), {"draws": 0})
    order = drawn(workspace)
    assert len(order) == 11 and sent["Location"] == reverse("review_answer", args=[slug, order[0].pk])
    shown = client.get(sent["Location"])
    assert b"Right as it stands" in shown.content and shown.content.count(b'<mark class="mention"') >= 2
    norvik = brand(workspace, "Norvik")
    start = order[0].response.text.index("Norvik")
    form = {"brand": norvik.pk, "start": start, "end": start + 6, "what": "mention", "value": "no"}
    back = client.post(reverse("answer_correct", args=[slug, order[0].response_id]), form | {"review": order[0].pk})
    assert back["Location"] == sent["Location"], "one stays with the review"
    stale = client.post(
        reverse("review_confirm", args=[slug, order[0].pk]), {"seen": shown.context["looked_at"].seen}, follow=True
    )
    assert b"changed since you opened" in stale.content
    for number, review in enumerate(order):
        seen = client.get(reverse("review_answer", args=[slug, review.pk])).context["looked_at"].seen
        for _ in range(2):
            sent = client.post(reverse("review_confirm", args=[slug, review.pk]), {"seen": seen})
        rest = order[number + 1 :]
        assert sent["Location"] == (reverse("review_answer", args=[slug, rest[0].pk]) if rest else page)
    text = client.get(page).content.decode()
    assert "21 of 22 found are right" in text and "Found, but is no mention of it" in text
    assert reverse("review_answer", args=[slug, order[0].pk]) in text
    again = client.get(reverse("review_labels", args=[slug]))
    rows = list(csv.DictReader(io.StringIO(again.content.decode("utf-8-sig"))))
    assert len(rows) == 22 and [row["named"] for row in rows].count("no") == 1
    assert {row["reviewed_by"] for row in rows} == {editor.email}
    assert {(row["words"], row["found"]) for row in rows} == {("Norvik", "yes"), ("Halden", "yes")}
    more = client.post(reverse("review_draw", args=[slug]), {"draws": 1}, follow=True)
    assert b"no answer left to draw" in more.content


def test_the_pages_cost_the_same_queries_however_much_was_reviewed(django_assert_max_num_queries: object) -> None:
    workspace = team()
    answered(workspace, *[NAMES] * 20)
    editor = make_member(workspace)
    reviews.draw(workspace=workspace, after=0)
    client, counts = client_of(editor), []
    url = reverse("review", args=[workspace.slug])
    for part in (drawn(workspace)[:5], drawn(workspace)[5:]):
        for review in part:
            said(review.response, "Norvik", "Norvik", "no", editor)
            confirm(review, editor)
        with django_assert_max_num_queries(30) as asked:  # type: ignore[operator]
            client.get(url)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_answers_of_the_ask_page_and_of_other_teams_are_never_drawn() -> None:
    workspace, other = team(), team()
    answered(other, NAMES)
    assert reviews.draw(workspace=workspace, after=0) == 0
    run = answered(workspace, NAMES)
    type(run).objects.for_workspace(workspace).update(trigger="ask")
    assert reviews.draw(workspace=workspace, after=0) == 0
    assert Response.objects.for_workspace(workspace).count() == 1
