"""Cost where people decide: forecasts, prices that people enter, what a run needs before it starts, the Cost page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inference.answer import Answer, AssistantError, Usage
from monitor.models import Budget, OwnPrice, Panel, Response, Role, Run, Trigger, Workspace
from monitor.queries import costs as queries
from monitor.services import budgets, costs, credentials, panels, runs
from monitor.services.budgets import Outcome
from monitor.services.errors import Problem
from tests.factories import make_member, make_suite, make_workspace
from tests.monitor.oracle import Oracle, oracle
from tests.monitor.test_budgets import make_run, wishes
from tests.world import AS_PART

__all__ = ["oracle"]

pytestmark = pytest.mark.django_db

FIGURES = {"input": Decimal(2), "output": Decimal(10), "search": Decimal("0.01"), "request": None}


@pytest.fixture
def workspace(oracle: type[Oracle]) -> Workspace:
    return make_workspace(time_zone="Europe/Berlin")


@pytest.fixture
def owner(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.OWNER))
    return client


@pytest.fixture
def panel(workspace: Workspace) -> Panel:
    return make_panel(workspace)


def make_panel(workspace: Workspace, **changes: Any) -> Panel:
    plan = {
        "name": "Daily",
        "suite": make_suite(workspace, prompts=4),
        "assistants": [{"assistant": "oracle", "model": "", "options": {}}],
        "repeats": 5,
        "cron": "0 6 * * *",
        "time_zone": "Europe/Berlin",
        **changes,
    }
    return panels.save_panel(workspace=workspace, panel=None, fields=plan, revision=None)


def price(workspace: Workspace, **changes: Any) -> OwnPrice:
    given = {"assistant": "oracle", "model": "", "figures": FIGURES, **changes}
    return costs.save_price(workspace=workspace, **given)


def at(name: str, workspace: Workspace, *args: int) -> str:
    return reverse(name, args=[workspace.slug, *args])


# --- prices -----------------------------------------------------------------------------------------------------------


def test_a_price_that_a_person_enters_goes_before_all_others_in_that_workspace(workspace: Workspace) -> None:
    other = make_workspace()
    before = costs.prices_of(workspace_id=workspace.pk).find("openai", "gpt-5")
    price(workspace, assistant="openai", model="gpt-5*", figures={"input": Decimal(7)})
    mine = costs.prices_of(workspace_id=workspace.pk).find("openai", "gpt-5")
    assert mine and mine.input == 7 and mine.source == "Entered here" and isinstance(mine.date, date)
    assert costs.prices_of(workspace_id=other.pk).find("openai", "gpt-5") == before
    price(workspace, assistant="openai", model="gpt-5*", figures={"input": Decimal(8)})
    costs.delete_price(price=OwnPrice.objects.for_workspace(workspace).get())
    assert costs.prices_of(workspace_id=workspace.pk).find("openai", "gpt-5") == before


def test_the_operators_file_goes_before_the_built_in_prices(
    workspace: Workspace, settings: Any, tmp_path: Path
) -> None:
    settings.PRICES_FILE = tmp_path / "prices.toml"
    settings.PRICES_FILE.write_text(
        '[[price]]\nassistants = ["oracle"]\nmodels = ["*"]\nrequest = 0.5\ndate = 2025-01-01\nsource = "Contract"\n'
    )
    book = costs.prices_of(workspace_id=workspace.pk)
    assert costs.maximum(book, "oracle", "", "Which?", {}) == Decimal("0.5")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"assistant": "nobody"}, "Choose one"),
        ({"model": "m" * 121}, "120 characters"),
        ({"figures": {"input": Decimal(-1)}}, "A price is a number"),
        ({"figures": {"input": Decimal("NaN")}}, "A price is a number"),
    ],
)
def test_what_is_no_price_is_refused(workspace: Workspace, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=said):
        price(workspace, **changes)


def test_the_maximum_follows_the_options_of_a_panel(workspace: Workspace) -> None:
    price(workspace)
    book = costs.prices_of(workspace_id=workspace.pk)
    most = costs.maximum(book, "oracle", "oracle-1", "Which?", {})
    less = costs.maximum(book, "oracle", "oracle-1", "Which?", {"max_output_tokens": 1000, "max_searches": 1})
    assert most is not None and less is not None and 0 < less < most
    assert costs.maximum(book, "oracle", "another", "Which?", {}) is None


def test_what_a_call_came_to(workspace: Workspace) -> None:
    price(workspace)
    book = costs.prices_of(workspace_id=workspace.pk)

    def of(result: Answer | AssistantError) -> Decimal | None:
        return costs.of_result(book, "oracle", "", result)

    used = Usage(input_tokens=1000, output_tokens=100, searches=2)
    assert of(Answer("Ready.", usage=used)) == Decimal("0.023")
    assert of(Answer("Ready.", usage=used, model="a snapshot nobody priced")) == Decimal("0.023")
    assert of(Answer("Ready.", usage=Usage(1000, 100), searches=("a", "b"))) == Decimal("0.023")
    assert of(Answer("Ready.", usage=Usage(1000, 100, 2, cost_usd=0.5))) == Decimal("0.5"), "the service's own word"
    assert of(Answer("Ready.")) is None
    assert of(AssistantError("rate_limited", "")) == 0
    assert of(AssistantError("unknown", "")) is None and of(AssistantError("malformed", "")) is None


# --- what a run needs -------------------------------------------------------------------------------------------------


def test_a_run_asks_for_its_key_and_its_price_before_it_starts(workspace: Workspace, panel: Panel) -> None:
    with pytest.raises(Problem, match="The Oracle needs a key"):
        runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    credentials.save(workspace=workspace, assistant="oracle", values={"api_key": "long enough to be a key"})
    with pytest.raises(Problem, match="Nobody knows what the model “oracle-1” of The Oracle costs"):
        runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    assert not Run.objects.for_workspace(workspace).exists()
    price(workspace)
    assert runs.start_run(panel=panel, trigger=Trigger.MANUAL).responses.count() == 20


# --- forecasts --------------------------------------------------------------------------------------------------------


def test_a_forecast_is_prompts_by_repeats_by_price_of_a_usual_call(workspace: Workspace, panel: Panel) -> None:
    price(workspace)
    found = queries.panel_forecast(panel)
    (line,) = found.lines
    assert (line.answers, line.typical.measured, line.needs_key) == (20, 0, True)
    each = 10_000 * Decimal(2) / 1_000_000 + 900 * Decimal(10) / 1_000_000 + 2 * Decimal("0.01")
    assert found.usual == 20 * each < found.most
    assert found.runs == 30 and found.in_thirty_days == 30 * found.usual


def test_a_forecast_follows_what_this_workspace_measured(workspace: Workspace, panel: Panel) -> None:
    price(workspace)
    run = make_run(workspace, responses=8)
    Response.objects.filter(run=run).update(status="answered", input_tokens=100, output_tokens=50, searches=["one"])
    costs._expected.clear()
    (line,) = queries.panel_forecast(panel).lines
    assert (line.typical.measured, line.typical.tokens, line.typical.searches) == (8, 150, 1)
    assert costs.expected_tokens(workspace_id=workspace.pk, assistant="oracle") == 150
    other = queries.panel_forecast(make_panel(make_workspace()))
    assert other.lines[0].typical.measured == 0


def test_an_unknown_price_is_said_and_counts_for_nothing(panel: Panel) -> None:
    found = queries.panel_forecast(panel)
    assert [line.label for line in found.unpriced] == ["The Oracle"] and found.usual == 0 and not found.is_free


def test_a_plan_by_hand_has_no_month_and_a_dense_one_is_scaled(workspace: Workspace) -> None:
    def ahead(cron: str) -> int | None:
        return queries.forecast(workspace, plan=[], prompts=1, repeats=1, cron=cron).runs

    assert ahead("") is None and ahead("rubbish") is None
    assert abs((ahead("*/15 * * * *") or 0) - 2880) <= 30


# --- the pages --------------------------------------------------------------------------------------------------------


def test_the_forecast_stands_in_the_form_before_a_panel_is_saved(owner: Client, workspace: Workspace) -> None:
    suite = make_suite(workspace, prompts=4)
    asked: dict[str, Any] = {
        "suite": suite.pk,
        "assistants": ["oracle", "local"],
        "repeats": 5,
        "schedule": "",
        "time_zone": "UTC",
    }
    page = unescape(owner.get(at("schedule_preview", workspace), asked, headers=AS_PART).content.decode())
    assert "no price is known" in page and "The Oracle has no key yet" in page
    price(workspace)
    page = unescape(owner.get(at("schedule_preview", workspace), asked, headers=AS_PART).content.decode())
    assert "About $0.98" in page and "not measured here yet" in page
    page = unescape(
        owner.get(at("schedule_preview", workspace), {**asked, "adaptive": "on"}, headers=AS_PART).content.decode()
    )
    assert "About $0.59 to $0.98" in page and "12 to 20 ×" in page
    local = unescape(
        owner.get(at("schedule_preview", workspace), {**asked, "assistants": "local"}, headers=AS_PART).content.decode()
    )
    assert "costs nothing by the call" in local


def test_the_month_is_shown_with_its_parts_and_its_budget(owner: Client, workspace: Workspace, panel: Panel) -> None:
    run = make_run(workspace, panel=panel)
    asked = wishes(run, Decimal("1.5"))
    budgets.reserve(asked)
    keys = [(wish.response_id, 1) for wish in asked]
    budgets.settle([Outcome(*keys[0], Decimal("0.25")), Outcome(*keys[1], None)])
    budgets.release([keys[2]])
    found = queries.cost_page(workspace)
    assert (found.now.spent, found.now.reserved, found.now.assumed) == (Decimal("1.75"), Decimal("1.5"), 1)
    assert [(p.label, p.calls, p.usd) for p in found.by_assistant] == [("The Oracle", 3, Decimal("3.25"))]
    assert [(p.label, p.pk) for p in found.by_panel] == [("Daily", panel.pk)]
    page = owner.post(at("month_budget", workspace), {"limit": "3.25"}, follow=True).content.decode()
    assert "A month may cost $3.25 at most" in page and "$1.75" in page and "1 call counted at the maximum" in page
    assert Budget.objects.for_workspace(workspace).get(month__isnull=False).limit_usd == Decimal("3.25")
    owner.post(at("month_budget", workspace), {"limit": "1"})
    assert "$2.25 is beyond the budget" in owner.get(at("cost", workspace)).content.decode()
    run_page = owner.get(at("run", workspace, run.pk)).content.decode()
    assert "$1.75 spent, $1.50 reserved for calls under way" in run_page
    assert "$1.75 so far" in owner.get(at("panel", workspace, panel.pk)).content.decode()


def test_each_month_keeps_the_budget_that_held_in_it_also_where_nothing_was_spent(
    owner: Client, workspace: Workspace, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_day(year: int, month: int, day: int) -> None:
        monkeypatch.setattr(timezone, "now", lambda: datetime(year, month, day, 12, tzinfo=UTC))

    def spend(usd: str) -> None:
        (asked,) = wishes(make_run(workspace, panel=panel, responses=1), Decimal(usd))
        budgets.reserve([asked])
        budgets.settle([Outcome(asked.response_id, 1, Decimal(usd))])

    at_day(2026, 8, 31)
    assert queries.cost_page(workspace).months == ()
    budgets.set_month_limit(workspace=workspace, limit_usd=Decimal(10))
    at_day(2026, 9, 3)
    spend("2.5")
    at_day(2026, 11, 5)
    budgets.set_month_limit(workspace=workspace, limit_usd=Decimal(20))
    budgets.set_month_limit(workspace=workspace, limit_usd=Decimal(40))
    at_day(2026, 12, 1)
    found = queries.cost_page(workspace).months
    assert [(row.month.month, row.limit, row.spent) for row in found] == [
        (12, 40, 0),
        (11, 40, 0),
        (10, 10, 0),
        (9, 10, Decimal("2.5")),
        (8, 10, 0),
    ]
    assert [row.share for row in found] == [0, 0, 0, 0.25, 0]
    budgets.set_month_limit(workspace=workspace, limit_usd=None)
    assert [(row.limit, row.share) for row in queries.cost_page(workspace).months[:2]] == [(None, None), (40, 0)]
    page = " ".join(re.sub("<[^>]+>", " ", unescape(owner.get(at("cost", workspace)).content.decode())).split())
    assert "September 2026 $10.00 $2.50 25 % $0.00" in page.replace("\u00a0", " ").replace("\u202f", " ")


def test_a_budget_of_a_run_is_set_on_the_panels_page(owner: Client, workspace: Workspace, panel: Panel) -> None:
    page = owner.post(at("panel_budget", workspace, panel.pk), {"limit": "2.50"}, follow=True).content.decode()
    assert "A run may cost $2.50 at most" in page and 'value="2.50"' in page
    assert budgets.run_limit(panel=panel) == Decimal("2.50")
    wrong = owner.post(at("panel_budget", workspace, panel.pk), {"limit": "1e12"})
    page = wrong.content.decode()
    assert wrong.status_code == 422 and 'value="1e12"' in page, "what was typed stays"
    assert "Write a number from 0 to 10,000,000, or leave this empty." in page
    assert budgets.run_limit(panel=panel) == Decimal("2.50")
    owner.post(at("panel_budget", workspace, panel.pk), {"limit": ""})
    assert budgets.run_limit(panel=panel) is None


def test_a_price_is_entered_where_it_is_missing(owner: Client, workspace: Workspace, panel: Panel) -> None:
    page = unescape(owner.get(at("cost", workspace)).content.decode())
    assert "No price" in page and "?assistant=oracle&model=oracle-1#price-form" in page
    form = owner.get(at("cost", workspace), {"assistant": "oracle", "model": "oracle-1"}).content.decode()
    assert 'value="oracle-1"' in form and '<option value="oracle" selected>' in form
    nothing = owner.post(at("price_save", workspace), {"assistant": "oracle", "model": "oracle-1"})
    assert nothing.status_code == 422 and "Give at least one price" in nothing.content.decode()
    given = {"assistant": "oracle", "model": "oracle-1", "input": "1.25", "request": "0.0105"}
    page = owner.post(at("price_save", workspace), given, follow=True).content.decode()
    assert "$1.25" in page and "$0.0105" in page and "Entered here" in page and "No price" not in page
    row = OwnPrice.objects.for_workspace(workspace).get()
    assert "No price" in owner.post(at("price_delete", workspace, row.pk), follow=True).content.decode()


@pytest.mark.parametrize("limit", ["-1", "1e12", "much"])
def test_a_budget_that_is_none_is_refused(owner: Client, workspace: Workspace, limit: str) -> None:
    assert owner.post(at("month_budget", workspace), {"limit": limit}).status_code == 422
    assert budgets.month_limit(workspace=workspace) is None
