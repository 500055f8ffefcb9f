"""Other tools' published formulas over the same answers: worked examples of their makers, and the page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from monitor.published_formulas import FORMULAS, Named
from monitor.queries.comparison import comparison
from monitor.queries.filters import Filter, Period
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, make_history

DAY = Filter(Period(LAST_DAY, LAST_DAY))


def figures(named: Named) -> dict[str, float | None]:
    return {f"{formula.tool} {formula.measure}": formula.of(named) for formula in FORMULAS}


def test_the_examples_that_the_makers_give() -> None:
    # Rankscale: found in 80 of 100 runs at a mean position of 2 is about 72.7 %
    found = figures(Named(100, 20, 20, {1: 40, 3: 40}, 160))
    assert found["Rankscale Visibility score"] == pytest.approx(72.7, abs=0.05)
    assert found["Peec AI Visibility"] == 80 and found["Peec AI Position"] == 2
    # Trakkr: 25 of 30 answers are a presence of 83.3 %; always first is 100
    assert figures(Named(30, 5, 5, {2: 25}, 30))["Trakkr Presence score"] == pytest.approx(83.3, abs=0.05)
    assert figures(Named(30, 5, 5, {1: 30}, 30))["Trakkr Visibility score"] == 100
    assert figures(Named(4, 4, 1, {1: 1}, 4))["Trakkr Visibility score"] == 50
    # Otterly: 5 of 20 mentions of all brands are a share of voice of 25 %
    found = figures(Named(6, 3, 3, {1: 5}, 20))
    assert found["Otterly.AI Share of voice"] == 25 and found["Otterly.AI Brand mentions"] == 5
    # Evertune: third in every answer counts .81
    assert figures(Named(10, 5, 5, {3: 10}, 10))["Evertune AI Brand Score"] == pytest.approx(81)


@given(
    ranks=st.dictionaries(st.integers(1, 40), st.integers(0, 50), max_size=6),
    unnamed=st.integers(0, 50),
    prompts=st.integers(0, 9),
)
def test_scores_stay_between_0_and_100(ranks: dict[int, int], unnamed: int, prompts: int) -> None:
    naming = sum(ranks.values())
    named = Named(naming + unnamed, prompts, min(prompts, naming), ranks, naming)
    for formula in FORMULAS:
        figure = formula.of(named)
        assert figure is None or formula.unit in {"count", "rank"} or 0 <= figure <= 100 + 1e-9
    assert (named.responses == 0) == (figures(named)["Evertune AI Brand Score"] is None)


@pytest.mark.django_db
def test_assistants_stand_apart_and_put_together() -> None:
    history = make_history(days=1, prompts=10, assistants=("openai", "perplexity"))
    first, second, together = comparison(history.workspace, DAY).tables
    assert first.label != second.label
    assert together.ours is None and together.responses == first.responses + second.responses
    assert first.brands[0].own and first.ours is not None
    (_, ours), *_ = first.ours
    peec = [table.lines[0].figures[0][1] for table in (first, second, together)]
    assert None not in peec and peec[2] == pytest.approx(((peec[0] or 0) + (peec[1] or 0)) / 2)
    # every prompt is asked as often, so the two ways of taking the mean agree
    assert peec[0] == pytest.approx(100 * (ours.rate or 0))


@pytest.mark.django_db
def test_the_page_shows_every_tool_and_says_when_there_is_nothing(client: Client) -> None:
    history = make_history(days=1, prompts=10)
    client.force_login(make_member(history.workspace))
    url = reverse("comparison", args=[history.workspace.slug])
    page = client.get(url).content.decode()
    assert all(f"{formula.tool}: {formula.measure}" in page for formula in FORMULAS)
    empty = make_workspace()
    client.force_login(make_member(empty))
    assert "Run a panel first" in client.get(reverse("comparison", args=[empty.slug])).content.decode()
