"""What rules see: real changes and no noise, citations won and lost, negative answers, silence, and money."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from monitor import packed
from monitor.firings import Firing, news
from monitor.models import (
    AlertRule,
    Budget,
    Charge,
    ChargeState,
    Mention,
    Prompt,
    Response,
    ResponseStatus,
    Run,
    RunStatus,
    Workspace,
)
from monitor.queries import alerts as queries
from monitor.queries.alert_citations import runs_citing
from monitor.queries.counts import Row
from monitor.services import alert_rules, panels, rollups
from tests.factories import make_member
from tests.factories_history import (
    LAST_DAY,
    History,
    add_mention,
    add_source,
    make_history,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db

NOW = datetime.combine(LAST_DAY, time(12), tzinfo=UTC)


def rule_for(workspace: Workspace, kind: str, **fields: Any) -> AlertRule:
    given = {**alert_rules.blank(kind), "brand": None, "panel": None, "assistants": [], "recipients": [], **fields}
    return alert_rules.save_rule(workspace=workspace, rule=None, fields=given)


def told(rule: AlertRule, *, days: int = 1, now: datetime = NOW) -> list[Firing]:
    return news(queries.found(rule, now, days), {})


# --- change --------------------------------------------------------------------------------------------------------


def test_a_real_change_is_told_with_its_figures_and_a_page_that_shows_them(client: Client) -> None:
    history = make_history(days=14, shift_from=7)
    watches = ["mention", "citation", "voice"]
    rule = rule_for(history.workspace, "change", brand=history.brands[0], watches=watches)
    found = {firing.subject.split()[0]: firing for firing in told(rule)}
    assert set(found) == {"mention", "citation", "voice"}
    mention = found["mention"]
    assert mention.good and mention.subject == "mention up local local"
    assert (mention.start, mention.end) == (LAST_DAY - timedelta(days=6), LAST_DAY)
    assert mention.figures["q"] <= 0.05 and mention.figures["difference"] > 0.1
    assert mention.words.startswith("Fernwood is named in ") and "14 to 20 Nov 2026 against the 7 days" in mention.words

    client.force_login(make_member(history.workspace))
    page = client.get(f"{reverse('overview', args=[history.workspace.slug])}?{mention.query}")
    after, before = (round(mention.figures[name] * 100) for name in ("after", "before"))
    shown = " ".join(page.content.decode().replace("\u00a0", " ").split())
    assert f"is named in {after} %" in shown and f"up from {before} %" in shown, "the page tells the same figures"


def test_noise_is_not_told_and_a_change_too_small_for_the_rule_neither() -> None:
    quiet = make_history(days=14)
    rule = rule_for(quiet.workspace, "change", brand=quiet.brands[0], watches=["mention", "citation", "voice"])
    assert told(rule, days=5) == []
    shifted = make_history(days=14, shift_from=7)
    assert told(rule_for(shifted.workspace, "change", brand=shifted.brands[0], percent=90)) == []


def test_the_same_change_is_told_once_while_its_days_overlap_and_again_when_it_goes_back() -> None:
    history = make_history(days=21, shift_from=7)
    rule = rule_for(history.workspace, "change", brand=history.brands[0], watches=["mention"])
    seen = queries.found(rule, NOW, 14)
    assert len(seen) > 5
    assert len({firing.end for firing in seen}) == len(seen)
    fresh = news(seen, {})
    assert [fresh[0]] == [each for each in fresh if each.end < fresh[0].end + timedelta(days=7)]


def test_under_ten_prompts_nothing_is_told() -> None:
    thin = make_history(days=14, prompts=9, shift_from=7)
    assert told(rule_for(thin.workspace, "change", brand=thin.brands[0])) == []


def test_other_assistants_and_panels_are_left_out_and_breaks_are_said() -> None:
    history = make_history(days=14, shift_from=7)
    brand = history.brands[0]
    assert told(rule_for(history.workspace, "change", brand=brand, assistants=["openai"])) == []
    Response.objects.for_workspace(history.workspace).filter(run__in=history.runs[7:]).update(model_reported="e5")
    rollups.rebuild(workspace=history.workspace)
    (firing, *_) = told(rule_for(history.workspace, "change", brand=brand, watches=["mention"], panel=history.panel))
    assert "which may be why: model: e5 on 14 Nov 2026." in firing.words


# --- citations ---------------------------------------------------------------------------------------------------


def cited_history(pattern: dict[int, str], *, prompts: int = 3, repeats: int = 3) -> History:
    """A run a day; `pattern` has for a prompt's number a letter a run: `c` all answers cite us, `-` none does."""
    days = len(next(iter(pattern.values())))
    history = make_history(days=1, prompts=prompts, repeats=1)
    Run.objects.for_workspace(history.workspace).delete()
    for number in range(days):
        run = make_run(history.panel, history.extraction, LAST_DAY - timedelta(days=days - 1 - number))
        for place, prompt in enumerate(history.prompts):
            for repeat in range(repeats):
                response = make_response(run, prompt, repeat=repeat)
                if pattern.get(place, "-" * days)[number] == "c":
                    add_source(history.extraction, response, "fernwood.example/guide")
        rollups.roll_up(run=run)
    return history


def test_a_prompt_that_is_cited_now_and_was_not_is_won_and_the_other_way_round_lost(client: Client) -> None:
    history = cited_history({0: "---ccc", 1: "ccc---", 2: "cccccc"})
    rule = rule_for(history.workspace, "citations", brand=history.brands[0], runs=3)
    found = {firing.subject.split()[0]: firing for firing in told(rule)}
    assert set(found) == {"won", "lost"}
    won, lost = found["won"], found["lost"]
    assert won.good is True and lost.good is False
    assert history.prompts[0].text in won.words and "in 9 of 9 answers of 3 runs and in 0 of 9" in won.words
    assert "in 9 of 9 of the 3 runs before" in lost.words
    client.force_login(make_member(history.workspace))
    page = client.get(f"{reverse('answers', args=[history.workspace.slug])}?{won.query}")
    assert page.status_code == 200 and history.prompts[0].text in page.content.decode()


@pytest.mark.parametrize(
    ("pattern", "repeats"),
    [
        ("c-c-c-", 3),  # now and then, as assistants cite
        ("---c--", 3),  # once is not half
        ("-----c", 3),
        ("---ccc", 1),  # three answers against three: may be chance
        ("--ccc", 3),  # too short a history
    ],
)
def test_what_may_be_chance_is_neither_won_nor_lost(pattern: str, repeats: int) -> None:
    history = cited_history({0: pattern}, repeats=repeats)
    assert told(rule_for(history.workspace, "citations", brand=history.brands[0], runs=3)) == []


#: Runs by day back and number, with (valid answers, those citing the brand) of each prompt.
seen_runs = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.dictionaries(st.integers(1, 3), st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1),
    ),
    min_size=1,
    max_size=9,
)


@given(seen_runs, st.integers(1, 3))
def test_runs_looked_at_are_those_since_and_the_latest_before(
    listed: list[tuple[int, dict[int, tuple[int, int]]]], runs: int
) -> None:
    since, most, brand = LAST_DAY - timedelta(days=3), 2 * runs, 5
    rows = []
    for number, (back, prompts) in enumerate(sorted(listed, key=lambda run: -run[0])):
        cited = {prompt: min(pair) for prompt, pair in prompts.items()}
        cells = np.zeros(len(prompts), packed.CELLS)
        cells["prompt"], cells["valid"] = sorted(prompts), [prompts[prompt][0] for prompt in sorted(prompts)]
        hits = [(prompt, brand, 0, count) for prompt, count in cited.items() if count] + [
            (1, brand, 2, 3),
            (2, 6, 0, 1),
        ]
        table = np.array([hit for hit in hits if hit[0] in prompts], packed.BRANDS)
        rows.append(Row(number, LAST_DAY - timedelta(days=back), {"cells": cells, "brands": table}, {}, {}))
    expected = {}
    for prompt in (1, 2, 3):
        pairs = [
            (row.day, *prompts[prompt])
            for row, (_, prompts) in zip(rows, sorted(listed, key=lambda run: -run[0]), strict=True)
            if prompts.get(prompt, (0, 0))[0]
        ]
        before, after = ([pair for pair in pairs if (pair[0] >= since) is late] for late in (False, True))
        kept = before[-(most - 1) :] + after
        if any(min(pair[1:]) for pair in kept):
            expected[prompt] = [(day, valid, min(valid, cited)) for day, valid, cited in kept]
    found = {
        prompt: list(zip(days, answers, cited, strict=True))
        for prompt, days, answers, cited in runs_citing(rows, brand, since, most)
    }
    assert found == expected


# --- sentiment ---------------------------------------------------------------------------------------------------


def judged_history(negative_from: int) -> History:
    """Two weeks in which every answer names the own brand; from that day on every second one badly."""
    history = make_history(days=1, prompts=12, repeats=1)
    Run.objects.for_workspace(history.workspace).delete()
    for number in range(14):
        run = make_run(history.panel, history.extraction, LAST_DAY - timedelta(days=13 - number))
        for place, prompt in enumerate(history.prompts):
            add_mention(history.extraction, make_response(run, prompt), history.brands[0])
            bad = number >= negative_from and (place + number) % 2 == 0
            rows = Mention.objects.for_workspace(history.workspace).filter(response__run=run, response__prompt=prompt)
            rows.update(judge=1, sentiment="negative" if bad else "neutral")
        rollups.roll_up(run=run)
    return history


def opened(history: History, firing: Firing) -> Any:
    """What the page that an alert leads to shows."""
    client = Client()
    client.force_login(make_member(history.workspace))
    return client.get(f"{reverse(firing.page, args=[history.workspace.slug])}?{firing.query}").context


def test_negative_answers_are_told_when_they_grow_and_when_there_is_any() -> None:
    history = judged_history(negative_from=7)
    brand = history.brands[0]
    (rise,) = told(rule_for(history.workspace, "sentiment", brand=brand, watches=["rise"]))
    assert rise.good is False and rise.words.startswith(
        "50 % of Local engine's answers that name Fernwood are negative"
    )
    (some,) = told(rule_for(history.workspace, "sentiment", brand=brand, watches=["any"]))
    assert some.words == (
        "6 of the 12 answers of Local engine that name Fernwood on 20 Nov 2026 are negative toward it."
    )
    assert opened(history, some)["found"].page.paginator.count == 6
    (shown,) = opened(history, rise)["sentiment"].rows
    assert (shown.counts.negative, shown.counts.judged) == (7 * 6, 7 * 12)
    assert told(rule_for(history.workspace, "sentiment", brand=history.brands[1], watches=["rise", "any"])) == []


def test_as_many_negative_answers_as_ever_are_no_rise_and_fewer_are_none() -> None:
    always = judged_history(negative_from=0)
    assert told(rule_for(always.workspace, "sentiment", brand=always.brands[0], watches=["rise"])) == []
    Mention.objects.for_workspace(always.workspace).filter(response__run__day__gt=LAST_DAY - timedelta(days=7)).update(
        sentiment="recommended"
    )
    rollups.rebuild(workspace=always.workspace)
    assert told(rule_for(always.workspace, "sentiment", brand=always.brands[0], watches=["rise"])) == []


# --- silence -----------------------------------------------------------------------------------------------------


def daily(history: History) -> History:
    """Its panel runs every day at 06:00, and has for a month."""
    panel = history.panel
    panel.cron = "0 6 * * *"
    panel.save()
    type(panel).objects.for_workspace(history.workspace).update(created_at=NOW - timedelta(days=30))
    return history


def test_a_slot_without_a_run_is_told_when_patience_ends_and_one_that_was_done_is_not() -> None:
    history = daily(make_history(days=2, prompts=2))
    rule = rule_for(history.workspace, "silence", watches=["missed"], hours=6)
    today = NOW - timedelta(minutes=1)
    assert told(rule, now=NOW) == []
    Run.objects.for_workspace(history.workspace).filter(day=LAST_DAY).delete()
    assert told(rule, now=today) == [], "it may still come"
    (firing,) = told(rule, now=NOW)
    assert firing.words == "“Daily” was due on 20 Nov 2026, 06:00, and was not done 6 hours later: no run was started."
    assert (firing.page, firing.about) == ("panel", history.panel.pk)


def test_a_run_that_ends_too_late_or_not_at_all_is_told_and_a_cancelled_one_is_not() -> None:
    history = daily(make_history(days=2, prompts=2))
    rule = rule_for(history.workspace, "silence", watches=["missed"], hours=2)
    run = Run.objects.for_workspace(history.workspace).filter(pk=history.runs[-1].pk)
    run.update(status=RunStatus.RUNNING, finished_at=None)
    (firing,) = told(rule)
    assert firing.words.endswith("its run has not ended yet.") and (firing.page, firing.about) == ("run", run.get().pk)
    run.update(status=RunStatus.COMPLETED, finished_at=NOW - timedelta(minutes=30))
    (firing,) = told(rule)
    assert firing.words.endswith("its run ended on 20 Nov 2026, 11:30.")
    run.update(status=RunStatus.CANCELLED)
    assert told(rule) == []


def test_pauses_and_earlier_schedules_are_no_silence() -> None:
    history = daily(make_history(days=2, prompts=2))
    rule = rule_for(history.workspace, "silence", watches=["missed"], hours=1)
    Run.objects.for_workspace(history.workspace).delete()
    assert told(rule)
    panels.set_paused(panel=history.panel, paused=True)
    assert told(rule) == []
    panels.set_paused(panel=history.panel, paused=False)
    assert told(rule) == [], "its slots before were not missed"


def test_a_run_of_which_too_much_failed_is_told() -> None:
    history = make_history(days=1, prompts=10, repeats=1)
    rule = rule_for(history.workspace, "silence", watches=["failed"], percent=20)
    rows = Response.objects.for_workspace(history.workspace).order_by("pk")
    rows.update(status=ResponseStatus.ANSWERED)
    for failing, expected in ((2, 0), (3, 1)):
        ids = list(rows.values_list("pk", flat=True)[:failing])
        rows.filter(pk__in=ids).update(status=ResponseStatus.FAILED)
        rollups.roll_up(run=history.runs[0])
        found = told(rule)
        assert len(found) == expected
    assert found[0].words == "3 of 10 answers of “Daily” on 20 Nov 2026 failed, more than 20 %."


# --- money -------------------------------------------------------------------------------------------------------


def charge(history: History, budget: Budget, usd: str, day: date) -> None:
    """One call in the books of that day."""
    workspace, run = history.workspace, history.runs[-1]
    of_run, _ = Budget.objects.for_workspace(workspace).get_or_create(workspace=workspace, run=run)
    prompt = Prompt.objects.create(workspace=workspace, suite=history.panel.suite, text=f"{usd} on {day}?")
    Charge.objects.create(
        workspace=workspace,
        response=make_response(run, prompt),
        lease=1,
        of_month=budget,
        of_run=of_run,
        state=ChargeState.SPENT,
        maximum_usd=usd,
        usd=usd,
        created_at=datetime.combine(day, time(9), tzinfo=UTC),
    )


def test_the_share_of_the_months_budget_is_told_once_from_the_day_it_was_reached() -> None:
    history = make_history(days=1, prompts=1)
    month = date(2026, 11, 1)
    budget = Budget.objects.create(workspace=history.workspace, month=month, limit_usd=Decimal(10), spent_usd=9)
    rule = rule_for(history.workspace, "budget", watches=["month"], percent=80)
    charge(history, budget, "7.99", date(2026, 11, 10))
    assert told(rule, days=20) == []
    charge(history, budget, "0.01", date(2026, 11, 18))
    for days in (1, 3, 20):
        (firing,) = told(rule, days=days)
        assert firing.words.startswith("80 % of the budget of November 2026 was reached on 18 Nov: $8.00 of $10.00")
    assert news(queries.found(rule, NOW + timedelta(days=3), 1), {firing.subject: firing.end}) == []
    Budget.objects.filter(pk=budget.pk).update(limit_usd=None)
    assert told(rule, days=20) == []


def test_runs_that_wait_for_money_are_told() -> None:
    history = make_history(days=1, prompts=1)
    workspace, run = history.workspace, history.runs[-1]
    rule = rule_for(workspace, "budget", watches=["full"])
    Budget.objects.create(workspace=workspace, run=run, limit_usd=Decimal("0.5"), is_full=True)
    assert told(rule) == [], "a run that ended waits for nothing"
    Run.objects.for_workspace(workspace).filter(pk=run.pk).update(status=RunStatus.RUNNING)
    (firing,) = told(rule)
    assert firing.words.startswith("The run of “Daily” waits: its budget of $0.50") and firing.page == "run"
    Budget.objects.create(workspace=workspace, month=date(2026, 11, 1), limit_usd=Decimal(3), is_full=True)
    assert {each.page for each in told(rule)} == {"run", "cost"}
