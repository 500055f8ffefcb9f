"""How right a reading is, from labels: pairing, precision and recall with their intervals, sentiment, drawing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import agreement
from monitor.agreement import Label, compare, felt, measured, share
from monitor.metrics import wilson

FEELINGS = ["recommended", "neutral", "negative"]
LABELS = st.lists(
    st.builds(
        lambda brand, start, length: Label(brand, start, start + length),
        st.integers(1, 3),
        st.integers(0, 60),
        st.integers(1, 12),
    ),
    max_size=12,
)


def test_a_mention_is_right_where_the_same_brand_overlaps_and_each_pairs_once() -> None:
    found = [Label(1, 0, 4), Label(1, 20, 24), Label(2, 40, 44), Label(2, 60, 64)]
    named = [Label(1, 0, 9), Label(1, 5, 9), Label(2, 20, 24), Label(2, 43, 50), Label(2, 62, 66)]
    compared = compare(found, named)
    assert [(one.start, other.start) for one, other in compared.right] == [(0, 0), (40, 43), (60, 62)]
    assert compared.wrong == (Label(1, 20, 24),)
    assert compared.missed == (Label(1, 5, 9), Label(2, 20, 24))
    assert compared.of(1).missed == (Label(1, 5, 9),) and len(compared.of(2).right) == 2


@given(LABELS, LABELS)
def test_nothing_is_lost_or_counted_twice(found: list[Label], named: list[Label]) -> None:
    compared = compare(found, named)
    assert sorted([one for one, _ in compared.right] + list(compared.wrong), key=repr) == sorted(found, key=repr)
    assert sorted([other for _, other in compared.right] + list(compared.missed), key=repr) == sorted(named, key=repr)
    total = measured([compared])
    assert (total.found, total.named) == (len(found), len(named))
    assert compare(found, found).wrong == compare(found, found).missed == ()


def test_a_share_says_when_it_is_too_thin_and_when_there_is_nothing() -> None:
    assert share([(0, 0)] * 40, "why").reason == "why"
    thin = share([(3, 4)] * 9 + [(0, 0)] * 5, "why")
    assert (thin.rate, thin.low, thin.reason, thin.n, thin.answers) == (0.75, None, "too thin", 36, 9)


def test_mentions_that_stand_alone_give_wilsons_interval_and_alike_ones_no_narrower() -> None:
    rng = random.Random(3)
    alone = [(int(rng.random() < 0.8), 1) for _ in range(400)]
    one = share(alone, "")
    low, high = wilson(sum(hits for hits, _ in alone), 400)
    assert one.low == pytest.approx(low, abs=1e-3) and one.high == pytest.approx(high, abs=1e-3)
    alike = share([(5 * hits, 5) for hits, _ in alone], "")
    assert alike.n == 2000 and alike.low == pytest.approx(one.low) and alike.high == pytest.approx(one.high)


def test_where_all_are_right_an_answer_counts_once() -> None:
    found = share([(5, 5)] * 12, "")
    assert (found.low, found.high) == wilson(12, 12)


def test_intervals_cover_as_they_say() -> None:
    rng, covered, draws = random.Random(11), 0, 600
    for _ in range(draws):
        answers = []
        for _ in range(40):
            chance = min(1.0, max(0.0, rng.gauss(0.85, 0.12)))  # answers differ: mentions of one are alike
            n = rng.randint(1, 6)
            answers.append((sum(rng.random() < chance for _ in range(n)), n))
        found = share(answers, "")
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.843 <= found.high  # the mean of the cut normal
    assert 0.92 <= covered / draws <= 0.99


def test_sentiment_is_counted_over_pairs_where_both_are_known() -> None:
    def pair(said: str | None, heard: str | None) -> agreement.Compared:
        return compare([Label(1, 0, 4, heard)], [Label(1, 0, 4, said)])

    answers = [pair("negative", "negative")] * 6 + [pair("neutral", "negative")] * 2 + [pair("neutral", "neutral")] * 4
    found = felt([*answers, pair(None, "neutral"), pair("neutral", None)], FEELINGS)
    assert found.counts["neutral"] == {"recommended": 0, "neutral": 4, "negative": 2}
    assert found.agreement.rate == pytest.approx(10 / 12) and found.agreement.n == 12
    # negative: 2 * 6 / (8 + 6); neutral: 2 * 4 / (4 + 6); recommended was neither found nor said
    assert found.macro_f1 == pytest.approx((12 / 14 + 8 / 10) / 2)
    assert felt(answers[:9], FEELINGS).macro_f1 is None and felt([], FEELINGS).reason == agreement.NOTHING_FELT


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 500), max_size=6), st.integers(0, 60))
def test_a_draw_is_in_proportion_and_takes_no_more_than_there_is(sizes: dict[str, int], n: int) -> None:
    given_out = agreement.allocated(sizes, n)
    total = sum(sizes.values())
    assert sum(given_out.values()) == min(n, total)
    for stratum, size in sizes.items():
        assert 0 <= given_out[stratum] <= size
        assert total <= n or abs(given_out[stratum] - n * size / total) < 1


def test_a_fingerprint_tells_labels_apart_whatever_their_order() -> None:
    labels = [Label(1, 0, 4, "neutral"), Label(2, 9, 12)]
    assert agreement.fingerprint(labels) == agreement.fingerprint(reversed(labels))
    others = ([], labels[:1], [labels[0], Label(2, 9, 12, "neutral")], [labels[0], Label(2, 9, 13)])
    assert len({agreement.fingerprint(each) for each in (labels, *others)}) == 5
