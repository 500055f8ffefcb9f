"""Adaptive repeats must not cost the figures their word: simulated panels, asked in full and by the product's rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import planning
from monitor.planning import Seen
from tests.monitor import simulated

PROMPTS, REPEATS, RUNS = 120, 5, 24
#: 3,000 panels tell a share near 0.05 to within this; `bench.metrics` runs more.
NOISE = 0.008
LAST_RUN, LAST_WEEK, WEEK_BEFORE = slice(RUNS - 1, RUNS), slice(RUNS - 7, RUNS), slice(RUNS - 14, RUNS - 7)


# --- the rule ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "clear"),
    [
        (Seen(5, 15, [0]), True),
        (Seen(5, 15, [15]), True),
        (Seen(4, 40, [0]), False),  # too few runs, however many answers
        (Seen(5, 10, [0]), False),  # 0 of 10 may be 28 %
        (Seen(10, 30, [2]), True),
        (Seen(10, 30, [28]), True),
        (Seen(10, 30, [4]), False),
        (Seen(10, 500, [250]), False),  # known well, but every further answer still says much
        (Seen(10, 30, [0, 30]), True),
        (Seen(10, 30, [0, 12]), False),  # every own brand counts
        (Seen(10, 30, []), False),  # nothing is tracked
    ],
)
def test_a_cell_is_clear_when_it_names_each_own_brand_nearly_always_or_hardly_ever(seen: Seen, clear: bool) -> None:
    assert planning.is_clear(seen) is clear


def test_half_of_the_repeats_and_two_at_the_fewest_are_always_asked() -> None:
    assert [planning.fewest(repeats) for repeats in (1, 2, 3, 4, 5, 10, 50)] == [1, 2, 2, 2, 3, 5, 25]


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_what_is_clear_does_not_depend_on_whether_naming_or_silence_is_counted(cell: tuple[int, int]) -> None:
    hits, n = cell
    assert planning.is_clear(Seen(5, n, [hits])) == planning.is_clear(Seen(5, n, [n - hits]))


# --- what it costs and saves --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def still() -> tuple[simulated.Rates, simulated.Runs, simulated.Runs]:
    """Panels on which nothing moves, by the rule and in full."""
    generator = np.random.default_rng(1)
    own = simulated.prompts_of(generator, 0.35, (3000, PROMPTS))
    by_rule = simulated.runs_of(generator, [own] * RUNS, simulated.adaptive(REPEATS))
    return own, by_rule, simulated.runs_of(generator, [own] * RUNS, simulated.in_full(REPEATS))


@pytest.mark.parametrize("period", [LAST_RUN, LAST_WEEK, slice(0, RUNS)], ids=["run", "week", "all"])
def test_intervals_cover_as_promised_with_adaptive_repeats(
    still: tuple[simulated.Rates, simulated.Runs, simulated.Runs], period: slice
) -> None:
    own, by_rule, full = still
    hits, n = simulated.pooled(by_rule, period)
    covered = simulated.covered(hits, n, 0.35)
    assert 0.94 - NOISE <= covered <= 0.96 + NOISE
    # the difference of two on the same panels is known much better
    assert covered >= simulated.covered(*simulated.pooled(full, period), 0.35) - 0.005
    assert abs(float((hits / n - own).mean())) < 0.0015, "a trace, and none in a single run"


def test_unmoved_panels_are_called_moved_no_more_often_with_adaptive_repeats(
    still: tuple[simulated.Rates, simulated.Runs, simulated.Runs],
) -> None:
    _, by_rule, full = still
    before, after = simulated.pooled(by_rule, WEEK_BEFORE), simulated.pooled(by_rule, LAST_WEEK)
    assert simulated.called(before, after) <= 0.055 + NOISE
    # nor where a panel begins with them: asked in full before, and by the rule after
    assert simulated.called(simulated.pooled(full, WEEK_BEFORE), after) <= 0.055 + NOISE


def test_over_few_prompts_unmoved_panels_are_called_moved_no_more_often_either() -> None:
    """Where the bare bootstrap is at its worst, so that this can tell it from the verdict; ± 0.2 % is one error."""
    generator = np.random.default_rng(14)
    own = simulated.prompts_of(generator, 0.35, (12_000, 25))
    for rule in (simulated.adaptive(REPEATS), simulated.in_full(REPEATS)):
        runs = simulated.runs_of(generator, [own] * RUNS, rule)
        before, after = simulated.pooled(runs, WEEK_BEFORE), simulated.pooled(runs, LAST_WEEK)
        assert 0.04 <= simulated.called(before, after) <= 0.055
        assert simulated.called_bare(before, after) > 0.0575


def test_they_save_answers_and_lose_little_power(still: tuple[simulated.Rates, simulated.Runs, simulated.Runs]) -> None:
    own, (_, n), _ = still
    assert 0.10 <= 1 - float(n[planning.LEAST_RUNS :].mean()) / REPEATS <= 0.20
    own, generator = own[:300], np.random.default_rng(12)
    moved = [own] * 10 + [np.clip(own + 0.12, 0, 1)]
    found = [
        simulated.called((hits[-2], n[-2]), (hits[-1], n[-1]))
        for hits, n in (
            simulated.runs_of(generator, moved, simulated.in_full(REPEATS)),
            simulated.runs_of(generator, moved, simulated.adaptive(REPEATS)),
        )
    ]
    assert found[0] - 0.05 <= found[1]


def test_stopping_within_the_run_would_not_keep_its_word() -> None:
    """The rule that suggests itself, and why it is not the product's: this test can tell the two apart."""
    generator = np.random.default_rng(13)
    own = simulated.prompts_of(generator, 0.1, (300, 200))
    hits, n = simulated.stopped_within(generator, own, 10)
    assert float((hits / n - own).mean()) < -0.01
    assert simulated.covered(hits, n, 0.1) < 0.90


# --- the smallest change ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prompts", "repeats"), [(25, 3), (60, 3), (60, 10)])
def test_the_smallest_change_is_found_four_times_in_five(prompts: int, repeats: int) -> None:
    generator = np.random.default_rng(15)
    own = 0.2 + 0.4 * generator.random((400, prompts))
    change = planning.smallest_change(prompts, repeats, within=float((own * (1 - own)).mean()))
    assert change is not None
    n = np.full(own.shape, repeats)
    before, after = generator.binomial(n, own), generator.binomial(n, np.clip(own + change, 0, 1))
    assert 0.74 <= simulated.called((before, n), (after, n)) <= 0.87


def test_how_much_answers_vary_is_read_off_them() -> None:
    generator = np.random.default_rng(16)
    own = np.stack([generator.beta(1, 3, 400), generator.beta(3, 3, 400)], axis=1)
    for answers in (6, 60):
        hits = generator.binomial(answers, own)
        found = planning.within(hits, np.full(400, answers))
        assert found == pytest.approx(float((own * (1 - own)).mean(axis=0).max()), rel=0.06)


def test_answers_that_agree_leave_some_variance_open() -> None:
    few, many = (planning.within(np.full((12, 1), n), np.full(12, n)) for n in (3, 300))
    assert few is not None and many is not None and few > 20 * many > 0
    assert planning.within(np.zeros((12, 1)), np.full(12, 1)) is None  # one answer says nothing of the others
    assert planning.within(np.zeros((9, 1)), np.full(9, 5)) is None
    assert planning.within(np.zeros((12, 0)), np.full(12, 5)) is None


def test_under_ten_prompts_no_change_can_be_told() -> None:
    assert planning.smallest_change(9, 50) is None
    assert planning.smallest_change(10, 0) is None
    assert planning.smallest_change(10, 1) == pytest.approx(0.5115, abs=1e-4)
