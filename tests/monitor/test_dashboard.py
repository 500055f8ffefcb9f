"""The filter bar and the Overview's figures: what is counted, compared, called noise, and in how many queries."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from monitor.models import PanelRevision, Prompt, Response, ResponseStatus, Run
from monitor.queries import dashboard, filters, sources
from monitor.queries.filters import Filter, Period
from monitor.services import rollups
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import (
    LAST_DAY,
    add_mention,
    add_source,
    make_extraction,
    make_history,
    make_panel,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db
MONTH = Filter(Period(LAST_DAY - timedelta(days=29), LAST_DAY))


# --- the filter bar ----------------------------------------------------------------------------------------------


def test_without_a_url_it_shows_the_thirty_days_up_to_the_last_measured_one() -> None:
    history = make_history(days=2, prompts=2)
    bar = filters.read(history.workspace, QueryDict(""))
    assert bar.filter == MONTH
    assert bar.filter.before == Period(LAST_DAY - timedelta(days=59), LAST_DAY - timedelta(days=30))
    assert (bar.query, bar.chips, bar.problems) == ("", (), ())
    assert [choice.label for choice in bar.brands][0] == "Fernwood"


def test_a_history_of_weeks_is_halved_so_that_there_is_something_to_compare() -> None:
    history = make_history(days=30, prompts=2)
    chosen = filters.read(history.workspace, QueryDict("")).filter
    assert chosen.period == Period(LAST_DAY - timedelta(days=14), LAST_DAY)
    assert chosen.before == Period(LAST_DAY - timedelta(days=29), LAST_DAY - timedelta(days=15))
    assert chosen.charted == Period(LAST_DAY - timedelta(days=29), LAST_DAY)


def test_a_filter_survives_its_own_url_and_loses_one_value_by_its_chip() -> None:
    history = make_history(days=1, prompts=3)
    one, other = history.brands[1].pk, history.brands[2].pk
    url = f"from=2026-11-01&to=2026-11-20&compare=month&panel={history.panel.pk}&tag=pens&brand={one}&brand={other}"
    bar = filters.read(history.workspace, QueryDict(url))
    assert bar.filter.brands == (one, other)
    assert bar.filter.before == Period(date(2026, 10, 4), date(2026, 10, 23))
    assert filters.read(history.workspace, QueryDict(bar.query)).filter == bar.filter
    chip = next(chip for chip in bar.chips if chip.label == history.brands[1].name)
    assert filters.read(history.workspace, QueryDict(chip.without)).filter.brands == (other,)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("from=yesterday", "is no day"),
        ("from=2026-11-20&to=2026-11-01", "exchanged"),
        ("panel=999999", "no panel"),
        ("brand=1%27--", "no brand"),
        ("tag=nope", "no tag"),
        ("from=0001-01-01", "three years"),
        ("to=9999-12-31", "three years"),
    ],
)
def test_what_cannot_be_is_left_out_and_said(url: str, said: str) -> None:
    history = make_history(days=1, prompts=2)
    bar = filters.read(history.workspace, QueryDict(url))
    assert said in bar.problems[0]
    assert bar.filter.period.days <= filters.MOST_DAYS
    assert not bar.filter.brands


def test_another_workspaces_ids_are_no_choice() -> None:
    mine, theirs = make_history(days=1, prompts=2), make_history(days=1, prompts=2)
    bar = filters.read(mine.workspace, QueryDict(f"panel={theirs.panel.pk}&brand={theirs.brands[0].pk}"))
    assert bar.filter.panel is None
    assert bar.filter.brands == ()


def test_the_period_compared_with_never_reaches_into_the_one_shown() -> None:
    long = Filter(Period(LAST_DAY - timedelta(days=59), LAST_DAY), compare="month")
    assert long.before == Period(LAST_DAY - timedelta(days=87), LAST_DAY - timedelta(days=60))
    assert Filter(MONTH.period, compare="none").before is None


# --- figures -----------------------------------------------------------------------------------------------------


def test_rates_are_means_over_prompts_and_assistants_stay_apart() -> None:
    workspace = make_workspace()
    acme = make_brand(workspace, kind="own", domains=["acme.example"])
    beta = make_brand(workspace, domains=["beta.example"])
    extraction = make_extraction(workspace, [acme, beta])
    panel = make_panel(workspace, prompts=2)
    run = make_run(panel, extraction, LAST_DAY)
    first, second = panel.suite.prompts.order_by("pk")
    for repeat in range(3):
        response = make_response(run, first, repeat=repeat)
        add_mention(extraction, response, acme, rank=1)
        add_source(extraction, response, "acme.example/a")
    add_mention(extraction, make_response(run, second), beta)
    other = make_response(run, second, assistant="other")
    add_mention(extraction, other, beta)
    rollups.roll_up(run=run)

    page = dashboard.overview(workspace, MONTH)
    assert [(section.assistant, section.responses) for section in page.sections] == [("local", 4), ("other", 1)]
    own, rival = page.sections[0].brands
    assert (own.brand.pk, own.named, own.mention.rate, own.mention.n, own.mention.reason) == (
        acme.pk,
        3,
        0.5,
        4,
        "too thin",
    )
    assert (own.citation.rate, own.share_of_voice, rival.share_of_voice) == (0.5, 0.75, 0.25)
    assert (own.first.rate, own.reciprocal_rank) == (0.5, 0.5)
    (domain,) = page.sections[0].domains
    assert (domain.domain, domain.owner and domain.owner.pk, domain.cited, domain.share) == (
        "acme.example",
        acme.pk,
        3,
        1,
    )
    assert page.sections[1].brands[0].mention.rate == 0
    assert page.findings == ()


def test_a_real_change_is_found_and_noise_is_not() -> None:
    history = make_history(days=60, prompts=14, shift_from=30)
    page = dashboard.overview(history.workspace, MONTH)
    assert {(finding.subject, finding.measure, finding.good) for finding in page.findings} == {
        ("Fernwood", "named", True),
        ("Fernwood", "cited", True),
    }
    still = dashboard.overview(history.workspace, Filter(Period(LAST_DAY - timedelta(days=9), LAST_DAY)))
    assert still.findings == () and page.largest is None
    assert still.compared > 10
    assert still.largest is None or still.largest.change.only_looks_large
    ((section, own),) = page.own
    assert section == page.sections[0] and own.brand.name == "Fernwood"


def test_a_period_after_the_last_answer_has_no_section_though_the_one_before_has_answers() -> None:
    history = make_history(days=3, prompts=2)
    after = Period(LAST_DAY + timedelta(days=1), LAST_DAY + timedelta(days=7))
    assert dashboard.overview(history.workspace, Filter(after)).sections == ()


def test_days_without_a_valid_answer_have_no_point() -> None:
    history = make_history(days=6, prompts=3, missing=(2,))
    failed = history.runs[0]
    Response.objects.for_workspace(history.workspace).filter(run=failed).update(status=ResponseStatus.FAILED)
    rollups.roll_up(run=failed)
    (section,) = dashboard.overview(history.workspace, MONTH).sections
    days = [point.day for point in section.series[0].points]
    assert days == [LAST_DAY - timedelta(days=back) for back in (4, 2, 1, 0)]
    assert section.failed >= 6


def test_long_ranges_are_counted_by_week() -> None:
    history = make_history(days=16, prompts=2)
    (section,) = dashboard.overview(
        history.workspace, Filter(Period(LAST_DAY - timedelta(days=200), LAST_DAY))
    ).sections
    assert section.by_week
    assert all(point.day.weekday() == 0 for point in section.series[0].points)
    assert sum(point.mention.n for point in section.series[0].points) == section.responses


def test_tags_panels_and_brands_narrow_the_figures() -> None:
    history = make_history(days=2, prompts=6)
    tagged = Prompt.objects.for_workspace(history.workspace).filter(tags__contains=["pens"]).count()
    only = history.brands[2].pk
    (section,) = dashboard.overview(history.workspace, Filter(MONTH.period, tags=("pens",), brands=(only,))).sections
    assert section.prompts == tagged < 6
    assert [row.brand.pk for row in section.brands] == [only]
    other = make_panel(history.workspace, name="Other")
    assert dashboard.overview(history.workspace, Filter(MONTH.period, panel=other.pk)).sections == ()


def test_changed_panels_and_models_are_marked() -> None:
    history = make_history(days=4, prompts=2)
    later = [run.pk for run in history.runs[2:]]
    plan = {"name": "Daily", "suite": history.panel.suite_id, "assistants": [], "repeats": 5}
    revision = PanelRevision.objects.create(workspace=history.workspace, panel=history.panel, number=2, plan=plan)
    Run.objects.for_workspace(history.workspace).filter(pk__in=later).update(panel_revision=revision)
    Response.objects.for_workspace(history.workspace).filter(run__in=later[1:]).update(model_reported="minilm-2")
    rollups.roll_up(run=history.runs[3])
    (section,) = dashboard.overview(history.workspace, MONTH).sections
    assert [(item.day, item.label) for item in section.breaks] == [
        (history.runs[2].day, "panel changed"),
        (history.runs[3].day, "model: minilm-2"),
    ]


def test_ways_of_asking_one_assistant_are_said_where_they_are_counted_together(client: Client) -> None:
    history = make_history(days=2, prompts=2)
    workspace = history.workspace

    def ask_with(run: Run, number: int, **asked: Any) -> None:
        plan = {"suite": history.panel.suite_id, "repeats": 3, "assistants": [{"assistant": "openai", **asked}]}
        revision = PanelRevision.objects.create(workspace=workspace, panel=history.panel, number=number, plan=plan)
        Run.objects.for_workspace(workspace).filter(pk=run.pk).update(panel_revision=revision)
        make_response(run, history.prompts[0], assistant="openai", model="gpt", repeat=9)
        rollups.roll_up(run=run)

    def page(name: str) -> str:
        client.force_login(make_member(workspace))
        return strip_tags(client.get(reverse(name, args=[workspace.slug])).content.decode())

    first, second = history.runs[:2]
    ask_with(first, 2, model="", options={"country": "DE"})
    by_name = {section.assistant: section for section in dashboard.overview(workspace, MONTH).sections}
    assert (by_name["openai"].asked, by_name["local"].asked) == (("gpt-5.2, DE",), ())
    assert "gpt-5.2, DE · n = " in page("overview")
    ask_with(second, 3, model="gpt-5-mini")
    assert "was asked in 2 ways that are counted together here: gpt-5-mini; gpt-5.2, DE." in page("overview")
    assert "Asked with gpt-5-mini; gpt-5.2, DE, counted together." in page("sources")


def test_the_number_of_queries_does_not_grow_with_the_data() -> None:
    def queries(history: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            dashboard.overview(history.workspace, MONTH)
        return len(captured)

    small, large = make_history(days=1, prompts=2), make_history(days=8, prompts=5, assistants=("local", "other"))
    assert queries(small) == queries(large) <= 12


def test_pages_say_what_was_retrieved_and_what_of_it_cited() -> None:
    workspace = make_workspace()
    extraction = make_extraction(workspace, [])
    panel = make_panel(workspace, prompts=1)
    run, prompt = make_run(panel, extraction, LAST_DAY), panel.suite.prompts.get()
    for repeat, cited in enumerate((True, False, True)):
        add_source(extraction, make_response(run, prompt, repeat=repeat), "a.example/100%_x", cited=cited)
    add_source(extraction, make_response(run, prompt, repeat=3), "b.example/y", retrieved=False)
    rollups.roll_up(run=run)
    (section,) = sources.pages(workspace, MONTH)
    one, other = section.rows
    assert (one.page, one.cited, one.retrieved, one.conversion) == ("a.example/100%_x", 2, 3, pytest.approx(2 / 3))
    assert (other.cited, other.retrieved, other.conversion, other.last_cited) == (1, 0, None, LAST_DAY)
    assert [row.page for row in sources.sources(workspace, MONTH, search="0%_x").pages[0].rows] == [one.page]
    assert [row.page for row in sources.sources(workspace, MONTH, domain="b.example").pages[0].rows] == [other.page]


def test_long_lists_of_sources_have_leaves_and_are_short_beside_other_assistants() -> None:
    history = make_history(days=1, prompts=1, assistants=("local", "other"))
    answer = make_response(history.runs[0], history.prompts[0], repeat=9)
    for number in range(130):
        add_source(history.extraction, answer, f"d{number:03}.example/x")
    rollups.roll_up(run=history.runs[0])
    client, address = signed_in(history.workspace), f"/w/{history.workspace.slug}/sources/"

    def listed(query: str) -> tuple[str, str]:
        """The domains and the pages of a page."""
        page = client.get(f"{address}?{query}").content.decode()
        domains, pages = page.split('id="pages-', 1)
        return strip_tags(domains), strip_tags(pages)

    both = client.get(address).content.decode()
    assert "d010.example" in both and "d060.example" not in both
    assert "25 most cited of 13" in strip_tags(both)
    link = html.unescape(re.findall(r'href="([^"]*)">All domains of Local engine', both)[0])
    assert parse_qs(link.removeprefix("?"))["assistant"] == ["local"]

    first, of_pages = listed(link.removeprefix("?"))
    assert "d060.example" in first and "d129.example" not in first and "d129.example" not in of_pages
    second, of_pages = listed(f"{link.removeprefix('?')}&domains_leaf=2")
    assert "d129.example" in second and "d060.example" not in second
    assert "d060.example" in of_pages, "each list has a leaf of its own"
    assert listed(f"{link.removeprefix('?')}&domains_leaf=99")[0] == second
    assert "d129.example" in listed(f"{link.removeprefix('?')}&pages_leaf=2")[1]

    beside = client.get(f"{address}?domains_leaf=2&pages_leaf=2").content.decode()
    assert set(re.findall(r'href="([^"]*)">All (?:domains|pages) of Local engine', beside)) == {html.escape(link)}


# --- pages -------------------------------------------------------------------------------------------------------


def signed_in(workspace: Any) -> Client:
    client = Client()
    client.force_login(make_member(workspace))
    return client


def test_the_overview_shows_figures_with_their_n_and_htmx_gets_the_content_alone() -> None:
    history = make_history(days=3, prompts=12)
    client, address = signed_in(history.workspace), f"/w/{history.workspace.slug}/"
    page = client.get(address).content.decode()
    assert "<h1>Overview</h1>" in page
    assert page.count("data-chart=") == 4
    assert "Fernwood" in page
    assert "of 7" in page or "of 6" in page
    part = client.get(address, {"tag": "pens"}, headers={"HX-Request": "true"})
    assert "<h1>" not in part.content.decode()
    assert "remove this filter" in part.content.decode()
    assert "HX-Request" in part["Vary"]


@pytest.mark.parametrize("place", ["", "sources/", "sources/?domain=fernwood.example", "sources/?q=guide", "reports/"])
def test_pages_work_filled_empty_and_filtered_to_nothing(place: str) -> None:
    history, empty = make_history(days=2, prompts=2), make_workspace()
    filled = signed_in(history.workspace).get(f"/w/{history.workspace.slug}/{place}")
    assert filled.status_code == 200
    assert signed_in(empty).get(f"/w/{empty.slug}/{place}").status_code == 200
    joint = "&" if "?" in place else "?"
    nothing = signed_in(history.workspace).get(
        f"/w/{history.workspace.slug}/{place}{joint}from=2020-01-01&to=2020-01-02"
    )
    assert "Remove all filters" in nothing.content.decode()


def test_an_empty_workspace_is_told_its_next_step() -> None:
    workspace = make_workspace()
    client, address = signed_in(workspace), f"/w/{workspace.slug}/"
    assert "New brand" in client.get(address).content.decode()
    make_brand(workspace, kind="competitor")
    assert "New brand" in client.get(address).content.decode()
    make_brand(workspace, kind="own")
    assert "Add prompts" in client.get(address).content.decode()
    panel = make_panel(workspace)
    assert "Go to panels" in client.get(address).content.decode()
    make_run(panel, make_extraction(workspace, []), LAST_DAY)
    assert "See the runs" in client.get(address).content.decode()


def test_a_workspace_without_brands_and_one_with_failures_alone_still_have_an_overview() -> None:
    workspace = make_workspace()
    panel = make_panel(workspace, prompts=1)
    run = make_run(panel, make_extraction(workspace, []), LAST_DAY)
    response = make_response(run, panel.suite.prompts.get())
    rollups.roll_up(run=run)
    client, address = signed_in(workspace), f"/w/{workspace.slug}/"
    assert "There are no brands yet" in client.get(address).content.decode()
    Response.objects.for_workspace(workspace).filter(pk=response.pk).update(status=ResponseStatus.FAILED)
    rollups.roll_up(run=run)
    assert "No valid answer in this period" in client.get(address).content.decode()


def test_pages_never_cited_stand_folded_below_the_others() -> None:
    workspace = make_workspace()
    extraction, panel = make_extraction(workspace, []), make_panel(workspace, prompts=1)
    run, prompt = make_run(panel, extraction, LAST_DAY), panel.suite.prompts.get()
    response = make_response(run, prompt)
    for number in range(24):
        add_source(extraction, response, f"a.example/{number}", cited=number < 22)
    rollups.roll_up(run=run)
    (section,) = sources.pages(workspace, MONTH)
    assert (len(section.open), len(section.folded), section.never_cited) == (20, 4, 2)
    (nothing,) = sources.sources(workspace, MONTH, search="example/23").pages
    assert (len(nothing.open), nothing.folded) == (1, ())
    client = Client()
    client.force_login(make_member(workspace))
    assert (
        "Show 4 more pages, 2 of them never cited"
        in client.get(reverse("sources", args=[workspace.slug])).content.decode()
    )
