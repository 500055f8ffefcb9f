"""The Prompts page: prompt by prompt and assistant by assistant, who is named and cited, gaps first."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Brand, BrandKind, Prompt, Workspace
from monitor.queries.counts import current_extraction
from monitor.queries.dashboard import measured
from monitor.queries.filters import Filter, Period
from monitor.queries.prompts import behind_gaps, heatmap, standing
from monitor.services import rollups
from tests.factories import make_member, make_workspace
from tests.factories_history import (
    LAST_DAY,
    History,
    add_mention,
    add_source,
    make_extraction,
    make_history,
    make_panel,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db
DAY = Filter(Period(LAST_DAY, LAST_DAY))


@pytest.fixture
def workspace() -> Workspace:
    """Two prompts. The first: own named once of two by one assistant, a gap with the other. The second: all is well."""
    workspace = make_workspace()
    own = Brand.objects.create(workspace=workspace, name="Fernwood", kind=BrandKind.OWN, domains=["fernwood.example"])
    rival = Brand.objects.create(workspace=workspace, name="Quillmark", domains=["quillmark.example"])
    extraction = make_extraction(workspace, [own, rival])
    panel = make_panel(workspace, prompts=2)
    first, second = Prompt.objects.for_workspace(workspace).order_by("pk")
    run = make_run(panel, extraction, LAST_DAY)
    add_mention(extraction, make_response(run, first), own)
    add_mention(extraction, make_response(run, first, repeat=1), rival)
    add_source(extraction, make_response(run, first, assistant="openai"), "quillmark.example/a")
    make_response(run, first, assistant="openai", repeat=1, finish="refused")
    answer = make_response(run, second)
    add_mention(extraction, answer, rival)
    add_source(extraction, answer, "fernwood.example/pens")
    rollups.roll_up(run=run)
    return workspace


def cells(workspace: Workspace, measure: str) -> list[list[tuple[int, int] | None]]:
    found = heatmap(workspace, DAY, measure)  # type: ignore[arg-type]
    return [[cell and (cell.hits, cell.n) for cell in row.cells] for row in found.rows]


def test_each_cell_counts_answers_and_gaps_come_first(workspace: Workspace) -> None:
    found = heatmap(workspace, DAY, "named")
    assert [column.label for column in found.columns] == ["Local engine", "ChatGPT (OpenAI API)"]
    first, second = Prompt.objects.for_workspace(workspace).order_by("pk")
    assert [(row.pk, row.widest_gap) for row in found.rows] == [(first.pk, 1.0), (second.pk, 0.0)]
    assert cells(workspace, "named") == [[(1, 2), (0, 1)], [(0, 1), None]]
    assert cells(workspace, "cited") == [[(0, 2), (0, 1)], [(1, 1), None]]
    # what is cited of one's own is no gap, though only a competitor is named
    assert cells(workspace, "gap") == [[(1, 2), (1, 1)], [(0, 1), None]]
    assert [cell and cell.level for cell in found.rows[0].cells] == [3, 0]
    assert found.columns[0].rate.rate == pytest.approx(0.25) and found.columns[1].gap.rate == 1


def test_the_page_shows_it_and_leads_to_the_answers(workspace: Workspace, client: Client) -> None:
    client.force_login(make_member(workspace))
    url = reverse("suites", args=[workspace.slug])
    page = client.get(url, {"measure": "gap"}).content.decode()
    assert re.search(r'aria-current="page">Only competitors</a>', page) and "heat-4" in page
    links = re.findall(r'href="([^"]+\?prompt=\d+[^"]*)"', page)
    assert len(links) == 2 and client.get(links[0].replace("&amp;", "&")).status_code == 200
    part = client.get(url, {"measure": "cited"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and 'aria-current="page">Cited</a>' in part
    assert client.get(url, {"measure": "nonsense"}).status_code == 200


def test_the_sources_behind_gaps_are_told(workspace: Workspace, client: Client) -> None:
    found = behind_gaps(measured(workspace, current_extraction(workspace), DAY).domains)  # type: ignore[arg-type]
    assert {key: [(row.domain, row.gaps, row.citing, row.prompts) for row in rows] for key, rows in found.items()} == {
        "openai-api": [("quillmark.example", 1, 1, 1)]
    }
    client.force_login(make_member(workspace))
    page = client.get(reverse("sources", args=[workspace.slug])).content.decode()
    assert "Where competitors are and you are not, ChatGPT (OpenAI API)" in page


def test_without_an_own_brand_the_page_says_what_to_do(client: Client) -> None:
    history: History = make_history(days=1, prompts=2)
    for frozen in history.extraction.brand_set.brands:
        frozen["kind"] = "competitor"
    history.extraction.brand_set.save()
    client.force_login(make_member(history.workspace))
    page = client.get(reverse("suites", args=[history.workspace.slug])).content.decode()
    assert "Say first which brand is yours" in page


def test_a_prompts_own_page_has_its_figures_and_answers(workspace: Workspace) -> None:
    first, second = Prompt.objects.for_workspace(workspace).order_by("pk")
    local, openai = standing(workspace, DAY, first.pk)
    assert (local.label, local.own_named.rate, local.own_named.n, local.rival_named.rate) == (
        "Local engine",
        0.5,
        2,
        0.5,
    )
    assert local.own_named.low is not None, "of one prompt it has an interval"
    assert (openai.gap.rate, openai.rival_cited.rate, openai.own_cited.rate) == (1, 1, 0)
    client = Client()
    client.force_login(make_member(workspace))
    address = reverse("prompt", args=[workspace.slug, first.pk])
    page = client.get(address)
    assert [row.response.prompt_id for row in page.context["rows"]] == [first.pk] * 4
    shown = re.sub(r"\s+", " ", page.content.decode())
    assert f'<span class="question">{first.text}</span>' in shown and "Where you stand" in shown
    link = next(href for href in re.findall(r'href="([^"]+)"', shown) if "figure=gap" in href).replace("&amp;", "&")
    assert client.get(link).context["found"].page.paginator.count == local.row.gap
    assert not standing(workspace, Filter(Period(LAST_DAY.replace(year=2020), LAST_DAY.replace(year=2020))), second.pk)
