"""Budgets: never over under any number of threads, settled at the true cost, given back, twice told the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Budget, Charge, Response, ResponseStatus, Run, Trigger, Workspace
from monitor.services import brands, budgets
from monitor.services.budgets import Outcome, Wish
from tests.factories import make_suite, make_workspace

CENT = Decimal("0.01")


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


def make_run(workspace: Workspace, responses: int = 4, **fields: Any) -> Run:
    """A run with responses that are being asked under lease 1."""
    run = Run.objects.create(
        workspace=workspace,
        trigger=Trigger.MANUAL,
        day="2026-11-20",
        brand_set=brands.current_brand_set(workspace=workspace),
        **fields,
    )
    Response.objects.bulk_create(
        Response(
            workspace=workspace,
            run=run,
            prompt_text="Which?",
            assistant="oracle",
            repeat=number,
            seed=number,
            queue="external",
            stratum="api",
            status=ResponseStatus.SENDING,
            lease=1,
        )
        for number in range(responses)
    )
    return run


def wishes(run: Run, usd: Decimal | None = CENT, lease: int = 1) -> list[Wish]:
    return [Wish(r.pk, lease, run.workspace_id, run.pk, usd) for r in run.responses.order_by("pk")]


def month(workspace: Workspace) -> Budget:
    return Budget.objects.for_workspace(workspace).get(month__isnull=False)


def books(budget: Budget) -> tuple[Decimal | int, ...]:
    budget.refresh_from_db()
    return budget.reserved_usd, budget.spent_usd, budget.over_usd


@pytest.mark.django_db
def test_without_a_limit_everything_is_counted_and_nothing_refused(workspace: Workspace) -> None:
    run = make_run(workspace)
    assert budgets.reserve(wishes(run)) == {}
    assert books(month(workspace)) == books(run.budget) == (4 * CENT, 0, 0)


@pytest.mark.django_db
def test_what_does_not_fit_is_refused_in_order_and_the_budget_is_full(workspace: Workspace) -> None:
    budgets.set_month_limit(workspace=workspace, limit_usd=Decimal("0.025"))
    run = make_run(workspace)
    asked = wishes(run)
    refused = budgets.reserve(asked)
    assert list(refused) == [(w.response_id, 1) for w in asked[2:]]
    assert {r.reason for r in refused.values()} == {"budget"} and "month" in refused[asked[2].response_id, 1].sentence
    assert books(month(workspace))[0] == 2 * CENT and month(workspace).is_full
    budgets.settle([Outcome(asked[0].response_id, 1, Decimal("0.001"))])
    assert not month(workspace).is_full
    assert budgets.reserve(wishes(run)[2:]).keys() == {(asked[3].response_id, 1)}


@pytest.mark.django_db
def test_a_run_has_a_budget_of_its_own_and_the_month_is_not_charged_for_what_it_refuses(workspace: Workspace) -> None:
    from monitor.services import panels

    local = {"assistant": "local", "model": "", "options": {}}
    fields = {
        "name": "P",
        "suite": make_suite(workspace),
        "assistants": [local],
        "repeats": 1,
        "cron": "",
        "time_zone": "UTC",
    }
    panel = panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)
    budgets.set_run_limit(panel=panel, limit_usd=CENT)
    run, other = make_run(workspace, panel=panel), make_run(workspace)
    refused = budgets.reserve([*wishes(run), *wishes(other)])
    assert len(refused) == 3 and all("run's" in refusal.sentence for refusal in refused.values())
    assert books(run.budget)[0] == CENT and books(month(workspace))[0] == 5 * CENT
    budgets.set_run_limit(panel=panel, limit_usd=None)
    run.budget.refresh_from_db()
    assert not run.budget.is_full and budgets.reserve(wishes(run)) == {}


@pytest.mark.django_db
def test_an_unknown_price_is_refused_and_a_free_call_needs_no_entry(workspace: Workspace) -> None:
    run = make_run(workspace, responses=1)
    assert [r.reason for r in budgets.reserve(wishes(run, None)).values()] == ["no_price"]
    assert budgets.reserve(wishes(run, Decimal(0))) == {}
    assert not Budget.objects.for_workspace(workspace).exists()
    budgets.settle([Outcome(1, 1, CENT)])


@pytest.mark.django_db
def test_everything_may_be_delivered_twice(workspace: Workspace) -> None:
    run = make_run(workspace)
    asked = wishes(run)
    keys = [(w.response_id, 1) for w in asked]
    for _ in range(2):
        assert budgets.reserve(asked) == {}
        assert books(month(workspace)) == (4 * CENT, 0, 0)
    moves: list[tuple[Callable[[], None], tuple[Decimal | int, ...]]] = [
        (lambda: budgets.settle([Outcome(*keys[0], CENT / 2)]), (3 * CENT, CENT / 2)),
        (lambda: budgets.settle([Outcome(*keys[1], None)]), (2 * CENT, CENT * 3 / 2)),
        (lambda: budgets.release(keys[2:3]), (CENT, CENT * 3 / 2)),
        (lambda: budgets.settle([Outcome(*keys[0], CENT), Outcome(*keys[2], CENT)]), (CENT, CENT * 3 / 2)),
        # the answer to the unknown one came late, and says what it really cost
        (lambda: budgets.settle([Outcome(*keys[1], CENT / 4)]), (CENT, CENT * 3 / 4)),
        (lambda: budgets.release(keys[1:2]), (CENT, CENT * 3 / 4)),
    ]
    for move, expected in moves:
        for _ in range(2):
            move()
            assert books(month(workspace))[:2] == books(run.budget)[:2] == expected
    assert [c.state for c in Charge.objects.for_workspace(workspace)] == ["spent", "spent", "released", "reserved"]


@pytest.mark.django_db
def test_a_limit_may_be_lowered_below_what_is_spent_and_nothing_more_goes_out(workspace: Workspace) -> None:
    run = make_run(workspace, responses=3)
    asked = wishes(run)
    budgets.reserve(asked[:2])
    budgets.set_month_limit(workspace=workspace, limit_usd=CENT)
    assert books(month(workspace)) == (2 * CENT, 0, CENT)
    assert len(budgets.reserve(asked[2:])) == 1
    budgets.settle([Outcome(asked[0].response_id, 1, Decimal("0.03"))])  # dearer than its maximum
    assert books(month(workspace)) == (CENT, 3 * CENT, 3 * CENT)
    budgets.release([(asked[1].response_id, 1)])
    budgets.set_month_limit(workspace=workspace, limit_usd=Decimal("0.04"))
    assert books(month(workspace)) == (0, 3 * CENT, 0)
    assert budgets.reserve(asked[2:]) == {}


@pytest.mark.django_db
def test_the_database_itself_refuses_to_go_over(workspace: Workspace) -> None:
    budgets.set_month_limit(workspace=workspace, limit_usd=CENT)
    budgets.reserve(wishes(make_run(workspace, responses=1)))
    for change in ({"reserved_usd": 2 * CENT}, {"spent_usd": CENT}, {"reserved_usd": -CENT}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Budget.objects.for_workspace(workspace).filter(month__isnull=False).update(**change)


@pytest.mark.django_db
def test_charges_that_nobody_will_settle_count_at_their_maximum(workspace: Workspace) -> None:
    run = make_run(workspace, responses=3)
    budgets.reserve(wishes(run))
    first, second, _ = run.responses.order_by("pk")
    Response.objects.filter(pk=first.pk).update(status=ResponseStatus.UNKNOWN)
    Response.objects.filter(pk=second.pk).update(lease=2)
    assert (budgets.settle_ended(), budgets.settle_ended()) == (2, 0)
    assert books(month(workspace)) == (CENT, 2 * CENT, 0)


@pytest.mark.django_db
def test_a_batch_takes_few_statements(workspace: Workspace, django_assert_max_num_queries: Any) -> None:
    run = make_run(workspace, responses=256)
    asked = wishes(run)
    budgets.reserve(asked[:1])
    with django_assert_max_num_queries(12):
        budgets.reserve(asked)
    with django_assert_max_num_queries(8):
        budgets.settle([Outcome(w.response_id, 1, CENT / 2) for w in asked])
    assert books(month(workspace)) == (0, 128 * CENT, 0)


@given(
    limit=st.decimals(0, 1, places=3),
    steps=st.lists(
        st.tuples(st.sampled_from(["reserve", "settle", "unknown", "release"]), st.integers(0, 7)), max_size=30
    ),
)
@pytest.mark.django_db
def test_the_books_are_the_sum_of_their_charges(limit: Decimal, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        workspace = make_workspace()
        budgets.set_month_limit(workspace=workspace, limit_usd=limit)
        asked = wishes(make_run(workspace, responses=8), Decimal("0.2"))
        for act, number in steps:
            wish = asked[number]
            if act == "reserve":
                budgets.reserve([wish])
            elif act == "release":
                budgets.release([(wish.response_id, 1)])
            else:
                budgets.settle([Outcome(wish.response_id, 1, None if act == "unknown" else Decimal("0.05"))])
        charges = list(Charge.objects.for_workspace(workspace))
        if charges:
            reserved, spent, over = books(month(workspace))
            assert reserved == sum(c.usd for c in charges if c.state == "reserved")
            assert spent == sum(c.usd for c in charges if c.state != "reserved")
            assert reserved + spent <= limit
            assert over == 0
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_sixteen_threads_never_take_more_than_there_is(workspace: Workspace) -> None:
    """The short form; `python -m tests.chaos.budgets` is the long one, with 64 threads and 1,000 budgets."""
    from tests.chaos.budgets import drill

    report = drill(threads=16, workspaces=3, calls=30, seed=11)
    assert report["over"] == report["wrong"] == 0
    assert report["refused"] > 0 and report["sent"] > 0


def in_threads(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act` in that many threads, each with a connection of its own."""

    def one(number: int) -> Any:
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
