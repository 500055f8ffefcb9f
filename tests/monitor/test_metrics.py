"""The figures: worked examples, exact nulls, and simulated panels on which the intervals must keep their word."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import metrics
from monitor.metrics import Change, Rate
from tests.monitor import simulated

cell = st.integers(0, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


# --- intervals ---------------------------------------------------------------------------------------------------


def test_nothing_measured_is_none_and_not_zero() -> None:
    nothing = Rate(None, None, None, 0, 0, metrics.NOT_MEASURED)
    assert metrics.rate([]) == nothing
    assert metrics.rate([(0, 0), (0, 0)]) == nothing


def test_one_prompt_has_wilsons_interval() -> None:
    found = metrics.rate([(3, 10), (0, 0)])
    assert (found.rate, found.n, found.prompts) == (0.3, 10, 1)
    assert (found.low, found.high) == pytest.approx((0.10779, 0.60322), abs=1e-5)


def test_two_to_nine_prompts_are_too_thin_for_an_interval() -> None:
    assert metrics.rate([(1, 2), (0, 4)]) == Rate(0.25, None, None, 6, 2, "too thin")
    assert metrics.rate([(2, 2)] * 9).low is None
    assert metrics.rate([(1, 2)] * 5 + [(0, 1)] * 5).low is not None


def test_the_rate_is_the_mean_over_prompts_not_over_responses() -> None:
    assert metrics.rate([(1, 1)] * 5 + [(0, 100)] * 5).rate == 0.5


@pytest.mark.parametrize(("hits", "bounds"), [(0, (0.0, 0.16113)), (3, (0.83887, 1.0))])
def test_all_or_none_has_wilsons_interval_on_the_number_of_prompts(hits: int, bounds: tuple[float, float]) -> None:
    found = metrics.rate([(hits, 3)] * 20)
    assert (found.low, found.high) == pytest.approx(bounds, abs=1e-5)


def test_intervals_are_the_same_every_time_and_in_company() -> None:
    cells = [(k % 4, 3 + k % 2) for k in range(30)]
    alone = metrics.rate(cells)
    hits = np.array([[hit, 0] for hit, _ in cells])
    assert metrics.rate(cells) == alone == metrics.rates(hits, [n for _, n in cells])[0]


@given(st.lists(cell, max_size=40))
def test_an_interval_lies_between_0_and_1_around_its_rate(cells: list[tuple[int, int]]) -> None:
    found = metrics.rate(cells)
    assert found.n == sum(n for _, n in cells)
    if found.low is not None and found.high is not None and found.rate is not None:
        assert 0 <= found.low <= found.rate + 1e-9
        assert found.rate - 1e-9 <= found.high <= 1 + 1e-9


@pytest.mark.parametrize("bad", [(2, 1), (-1, 3), (math.nan, 1), (0, 1.5)])
def test_counts_that_cannot_be_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="a cell is"):
        metrics.rate([bad])


def panel(generator: np.random.Generator, prompts: int, mean: float, shift: float = 0.0) -> tuple[Any, Any]:
    """Two periods of cells: prompts differ in how often they name the brand, responses of a prompt resemble it."""
    own = generator.beta(mean * 2, (1 - mean) * 2, prompts)
    n = np.full(prompts, 3)
    later = np.clip(own + shift, 0, 1)
    return (
        list(zip(generator.binomial(n, own).tolist(), n.tolist(), strict=True)),
        list(zip(generator.binomial(n, later).tolist(), n.tolist(), strict=True)),
    )


def test_simulated_panels_are_covered_about_as_often_as_promised() -> None:
    generator = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        found = metrics.rate(panel(generator, 60, 0.35)[0])
        covered += bool(found.low is not None and found.high is not None and found.low <= 0.35 <= found.high)
    assert 0.92 <= covered / 400 <= 0.975


def test_simulated_changes_raise_few_false_alarms_and_find_real_ones() -> None:
    generator = np.random.default_rng(2)
    still = [metrics.change(*panel(generator, 60, 0.35)) for _ in range(300)]
    moved = [metrics.change(*panel(generator, 60, 0.35, shift=0.25)) for _ in range(60)]
    assert sum(item.verdict == "more than noise" for item in still) / 300 <= 0.09
    assert sum(item.verdict == "more than noise" for item in moved) / 60 >= 0.9


# --- changes -----------------------------------------------------------------------------------------------------


def test_a_change_pairs_prompts_and_leaves_out_what_one_side_did_not_measure() -> None:
    before = [(0, 2), (1, 2), (2, 2), (0, 0)]
    after = [(2, 2), (1, 2), (0, 0), (2, 2)]
    assert metrics.change(before, after) == Change(0.5, None, None, None, 2, rose=1)
    assert metrics.change(before, after).verdict == "too thin"


def test_nothing_to_pair_is_no_change_at_all() -> None:
    assert metrics.change([(1, 2), (0, 0)], [(0, 0), (1, 2)]) == Change(None, None, None, None, 0)
    assert metrics.change([], []).verdict is None


def test_a_change_says_how_many_prompts_moved_and_whether_it_only_looks_large() -> None:
    few = metrics.change([(0, 2)] * 15, [(2, 2)] * 3 + [(0, 2)] * 12)
    assert (few.rose, few.fell, few.verdict) == (3, 0, "within noise") and few.only_looks_large
    assert (few.low or 0) >= 0 and not few.is_real_alone
    both = metrics.change([(1, 2)] * 15, [(2, 2)] * 6 + [(0, 2)] * 5 + [(1, 2)] * 4)
    assert (both.rose, both.fell) == (6, 5) and not both.only_looks_large
    real = metrics.change([(0, 2)] * 15, [(2, 2)] * 15)
    assert real.is_real and not real.only_looks_large
    among = Change(0.2, 0.02, 0.4, 0.02, 15, 0.03, q=0.3, rose=4)
    assert among.is_real_alone and not among.is_real and among.only_looks_large


def test_p_is_counted_from_the_bootstrap_shifted_to_zero() -> None:
    certain = metrics.change([(0, 2)] * 20, [(2, 2)] * 20)
    assert (certain.difference, certain.p) == (1, 1 / 2001)
    assert certain.verdict == "more than noise"
    unmoved = metrics.change([(1, 2)] * 20, [(1, 2)] * 20)
    assert (unmoved.difference, unmoved.p) == (0, 1)
    mixed = metrics.change([(1, 2)] * 20, [(2, 2)] * 11 + [(0, 2)] * 9)
    assert mixed.p is not None
    assert 0.5 < mixed.p < 0.9
    assert mixed.verdict == "within noise"


def test_the_verdict_allows_for_few_prompts_as_students_test_does() -> None:
    each = np.random.default_rng(4).normal(0, 0.05, (12, 4000))
    found = metrics.changes(np.full(each.shape, 0.5), np.ones(12), 0.5 + each, np.ones(12))
    assert all(item.p and item.student_p and item.p <= item.student_p for item in found)
    assert sum(item.p is not None and item.p <= 0.05 for item in found) / 4000 > 0.08
    assert 0.04 <= sum(item.verdict == "more than noise" for item in found) / 4000 <= 0.06


def test_cells_that_cannot_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="paired"):
        metrics.change([(1, 2)], [])


def test_looking_at_many_changes_costs_each_some_certainty() -> None:
    assert metrics.benjamini_hochberg([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    found = [Change(0.1, 0, 0.2, p, 20, p) for p in (0.04, 0.5, 0.6)] + [Change(0.1, None, None, None, 3)]
    assert found[0].verdict == "more than noise"
    assert [item.verdict for item in metrics.adjusted(found)] == ["within noise"] * 3 + ["too thin"]


@given(st.lists(st.floats(0, 1), max_size=30))
def test_adjusted_p_values_keep_their_order_and_never_shrink(ps: list[float]) -> None:
    qs = metrics.benjamini_hochberg(ps)
    assert all(p <= q + 1e-12 and q <= 1 for p, q in zip(ps, qs, strict=True))
    assert [q for _, q in sorted(zip(ps, qs, strict=True))] == sorted(qs)


# --- shares and positions ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_where_every_prompt_weighs_alike_a_share_changes_as_a_rate_does(parts: list[tuple[int, int]]) -> None:
    before, after = [one for one, _ in parts], [other for _, other in parts]
    whole = [9] * len(parts)
    as_share = metrics.share_change(before, whole, after, whole)
    as_rate = metrics.change([(hits, 9) for hits in before], [(hits, 9) for hits in after])
    assert as_share.pairs == as_rate.pairs
    for one, other in ((as_share.difference, as_rate.difference), (as_share.low, as_rate.low), (as_share.p, as_rate.p)):
        assert one == pytest.approx(other, abs=1e-3)


def test_the_change_of_a_share_is_that_of_the_sums_and_needs_a_whole_on_both_sides() -> None:
    change = metrics.share_change([1] * 10 + [0], [2] * 10 + [0], [3] * 10 + [0], [4] * 10 + [0])
    assert (change.difference, change.pairs) == (0.25, 10)
    assert change.verdict == "more than noise"
    assert metrics.share_change([1] * 9, [2] * 9, [2] * 9, [4] * 9).verdict == "too thin"
    for nothing in ([], [0] * 12):
        assert metrics.share_change(nothing, nothing, [1] * len(nothing), [2] * len(nothing)) == metrics.NO_CHANGE
    lonely = metrics.share_change([1] + [0] * 11, [1] + [0] * 11, [0] * 12, [1] * 12)
    assert lonely.p and lonely.p > 0.3, "draws without the one prompt that had any count against it"


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((0, 9, 9, 9), 2 / math.comb(18, 9)),
        ((0, 3, 3, 3), 0.1),
        ((3, 10, 3, 10), 1.0),
        ((1, 10, 9, 10), 202 / 184_756),
        ((0, 5, 0, 5), 1.0),
    ],
)
def test_fishers_exact_test(counts: tuple[int, int, int, int], p: float) -> None:
    assert metrics.fisher(*counts) == pytest.approx(p)
    before, n_before, after, n_after = counts
    assert metrics.fisher(after, n_after, before, n_before) == pytest.approx(p)


def test_shares_without_a_whole_are_none() -> None:
    assert metrics.share_of_voice({"a": 3, "b": 1}) == {"a": 0.75, "b": 0.25}
    assert metrics.share_of_voice({"a": 0}) == {"a": None}
    assert metrics.citation_share(1.5, 3) == 0.5
    assert metrics.citation_share(0, 0) is None
    assert metrics.median_rank({}) is metrics.median_rank({1: 0}) is None


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_a_median_of_counted_ranks_is_that_of_the_ranks(ranks: list[int]) -> None:
    assert metrics.median_rank(Counter(ranks)) == statistics.median(ranks)


# --- position-adjusted word count --------------------------------------------------------------------------------


def cut(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in metrics.sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Wait... what?! Yes", ["Wait...", "what?!", "Yes"]),
        ("Version 3.14 of a.b.c stays", ["Version 3.14 of a.b.c stays"]),
        ('He said "so." Then (indeed.) it ended', ['He said "so."', "Then (indeed.)", "it ended"]),
        ("„So war es.“ Danach kam er", ["„So war es.“", "Danach kam er"]),
        ("First.[1][2] Second. [3]\nThird [4]. Fourth", ["First.[1][2]", "Second. [3]", "Third [4].", "Fourth"]),
        ("First.[1]glued", ["First.[1]glued"]),
        ("First. [1](https://a.example/x) second", ["First.", "[1](https://a.example/x) second"]),
        ("安い。[1](https://a.example/x)です", ["安い。", "[1](https://a.example/x)です"]),
        ("First.\u2028[1] second", ["First.", "[1] second"]),
        ("No stop\nbut a line\r\nand one", ["No stop", "but a line", "and one"]),
        ("First one.\n[1]\n---\nSecond", ["First one.\n[1]\n---", "Second"]),
        ("***\nOnly this", ["Only this"]),
        ("価格は安い。次は？」終わり！[1]はい", ["価格は安い。", "次は？」", "終わり！[1]", "はい"]),
        ("", []),
        ("... [1] https://a.example/b", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't re-use state-of-the-art 3D snake_case", 5),
        ("rock 'n' roll -- well-", 4),
        ("Acme手機とカメラ", 7),
        ("see [12] and [the guide](https://a.example/x(y)z?q=two) or https://b.example/c-d now", 6),
        ('[a](https://a.example/x(y) "a title") b https://b.example/c, d (https://c.example/e) f', 4),
        ("cafe\u0301 हिन्दी naïve", 3),
        ("1,000.5 %", 3),
    ],
)
def test_words(text: str, words: int) -> None:
    assert sum(sentence.words for sentence in metrics.sentences(text)) == words


def test_pawc_weighs_words_by_place_and_shares_a_sentence_among_its_domains() -> None:
    text = "Acme makes good pens. [1] Beta makes paper. [1][2]\nNobody knows more."
    spans = {"a.example": [(22, 25), (44, 47)], "b.example": [(47, 50)]}
    first, second = 4 * math.exp(0), 3 * math.exp(-1 / 3)
    total = first + second
    assert metrics.pawc(text, spans.items()) == pytest.approx(
        {"a.example": (first + second / 2) / total, "b.example": second / 2 / total}
    )


def test_pawc_merges_entries_of_a_domain_and_ignores_empty_spans() -> None:
    text = "One two. Three four."
    assert metrics.pawc(text, [("a.example", [(0, 3)]), ("a.example", [(0, 8)])]) == {"a.example": 1.0}
    assert metrics.pawc(text, [("a.example", [(2, 2)]), (None, [(0, 8)])]) is None
    assert metrics.pawc("", [("a.example", [(0, 8)])]) is None
    # the blank between two sentences belongs to neither
    assert metrics.pawc(text, [("a.example", [(0, 9)]), ("b.example", [(9, 20)])]) == pytest.approx(
        {"a.example": 2 / (2 + 2 * math.exp(-0.5)), "b.example": 2 * math.exp(-0.5) / (2 + 2 * math.exp(-0.5))}
    )


@given(
    st.text(alphabet="ab 。.!?\n[1]()\"'好カ-_", max_size=60),
    st.lists(st.tuples(st.sampled_from("xyz"), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))),
)
def test_pawc_sums_to_one_or_is_none(text: str, citations: list[tuple[str, list[tuple[int, int]]]]) -> None:
    shares = metrics.pawc(text, citations)
    assert shares is None or sum(shares.values()) == pytest.approx(1)
    parts = metrics.sentences(text)
    assert all(part.words > 0 and part.start < part.end for part in parts)
    assert all(one.end <= other.start for one, other in zip(parts, parts[1:], strict=False))


def test_long_runs_of_stops_take_no_longer_than_their_length() -> None:
    assert len(metrics.sentences("." * 200_000 + "x" + " [1" * 50_000)) == 1


# --- the command line --------------------------------------------------------------------------------------------


def run(figure: str, *lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "metrics", figure], input="\n".join(lines), capture_output=True, text=True
    )


def test_the_command_answers_each_line_in_order() -> None:
    done = run("interval", '{"id": "a", "cells": [[1, 2]]}', "", '{"id": 7, "cells": []}')
    assert [json.loads(line) for line in done.stdout.splitlines()][1] == {
        "id": 7,
        "rate": None,
        "low": None,
        "high": None,
    }
    done = run("change", '{"id": 1, "before": [[0, 1]], "after": [[1, 1]]}')
    assert json.loads(done.stdout) == {"id": 1, "difference": 1.0, "low": None, "high": None, "p": None}
    done = run("pawc", '{"id": 1, "text": "One.", "citations": [{"domain": "a.example", "spans": [[0, 3]]}]}')
    assert json.loads(done.stdout) == {"id": 1, "pawc": {"a.example": 1.0}}


def test_the_command_repeats_an_id_that_no_encoding_has() -> None:
    done = run("pawc", r'{"id": "\ud800", "text": "One.", "citations": [{"domain": "\ud801", "spans": [[0, 3]]}]}')
    assert json.loads(done.stdout) == {"id": "\ud800", "pawc": {"\ud801": 1.0}}


@pytest.mark.parametrize(
    ("figure", "line", "reason"),
    [
        ("interval", "{", "Line 2"),
        ("interval", '{"id": 1}', "'cells' is missing"),
        ("interval", '{"id": 1, "cells": [[3, 2]]}', "0 <= hits <= n"),
        ("change", '{"id": 1, "before": [[1, 2]], "after": []}', "paired"),
        ("interval", '{"id": NaN, "cells": []}', "NaN is no number"),
        ("interval", '{"id": 1e999, "cells": []}', "JSON compliant"),
        pytest.param("interval", f'{{"cells": [[1, {"9" * 400}]]}}', "Line 2: ", id="400 digits"),
        pytest.param("interval", "[" * 100_000, "Line 2 is nested", id="deep"),
    ],
)
def test_a_bad_line_ends_the_command_with_its_number_and_reason(figure: str, line: str, reason: str) -> None:
    good = '{"id": 0, "cells": [], "before": [], "after": []}'
    done = run(figure, good, line)
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stdout.splitlines()) == 1


# --- drift and core -----------------------------------------------------------------------------------------------

A, B, C = frozenset("a"), frozenset("b"), frozenset("ab")


def test_drift_is_what_moved_beyond_the_noise_of_a_day() -> None:
    # across: a-b 1, a-ab 1/2, twice; within: before 0, now b-ab 1/2, which is 1/4 on average
    found = metrics.drift([([[A, A]], [[B, C]])])
    assert (found.moved, found.floor, found.change.difference) == (0.75, 0.25, 0.5)
    assert found.change.verdict == "too thin"
    # two answers that cite nothing are alike, one that does is as far as can be
    assert metrics.drift([([[frozenset(), frozenset()]], [[frozenset()]])]).moved == 0
    assert metrics.drift([([[frozenset(), frozenset()]], [[A]])]).moved == 1


def test_drift_needs_both_periods_and_two_answers_on_a_day() -> None:
    for prompts in ([], [([], [[A, B]])], [([[A], [B]], [[A], [C]])], [([[A, B]], [])]):
        found = metrics.drift(prompts)
        assert (found.moved, found.floor, found.change) == (None, None, metrics.NO_CHANGE)
    # prompts without them are left out of the mean
    assert metrics.drift([([[A, A]], [[B, B]]), ([[A]], [[B]])]).change.pairs == 1


def test_drift_calls_noise_noise_and_a_change_a_change() -> None:
    generator = np.random.default_rng(5)
    assert simulated.drifts_called(generator, moved=0.0, panels=200) <= 0.075
    assert simulated.drifts_called(generator, moved=0.7, panels=40) >= 0.95


def test_drift_over_few_prompts_has_students_interval() -> None:
    # 5 of 25 prompts moved altogether, the others not at all: as a change of a rate, but for its width
    found = metrics.drift([([[A, A]], [[B]])] * 5 + [([[A, A]], [[A]])] * 20).change
    plain = metrics.change([(0, 1)] * 25, [(1, 1)] * 5 + [(0, 1)] * 20)
    assert found.difference == plain.difference == pytest.approx(0.2)
    assert found.high is not None and plain.high is not None
    # 2.0639 is the 97.5 % point of Student's distribution with 24 degrees of freedom
    assert (found.high - 0.2) / (plain.high - 0.2) == pytest.approx(2.0639 / 1.95996 * math.sqrt(25 / 24), rel=1e-4)


def test_the_core_is_what_four_of_five_runs_cite() -> None:
    assert metrics.core({"b": 10, "a": 10, "c": 8, "d": 7}, 10) == ["a", "b", "c"]
    assert metrics.core({"a": 4}, 4) is None
