"""At which places of lists brands stand, by assistant: from the text of answers to the page, the file and the list."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict

import pytest
from bs4 import BeautifulSoup
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from monitor import matching, metrics, roles
from monitor.exports.tables import tables
from monitor.models import DayCounts, Mention, Run, Workspace
from monitor.queries import filters, kept, places, report
from monitor.services import recovery, rollups
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import LAST_DAY, make_extraction, make_history, make_panel, make_response, make_run

pytestmark = pytest.mark.django_db

LISTS = (
    "1. Norvik: cheap\n2. Halden",
    "| Tool | Price |\n|---|---|\n| Halden | $1 |\n| Norvik | $2 |\n\nOr, best of all:\n\n- Norvik\n- Halden",
    "- Ghent\n- Liege\n- Namur\n- Norvik",
    "Norvik is best.",
)


@pytest.fixture
def workspace() -> Workspace:
    """Four answers, to three prompts each, by the local assistant; another names a brand in no list."""
    workspace = make_workspace()
    brands = [make_brand(workspace, name="Norvik", kind="own"), make_brand(workspace, name="Halden")]
    make_brand(workspace, name="Fernwood")
    extraction = make_extraction(workspace, brands)
    panel = make_panel(workspace, prompts=12)
    run = make_run(panel, extraction, LAST_DAY)
    for number, prompt in enumerate(panel.suite.prompts.all()):
        for assistant, text in (("local", LISTS[number % 4]), ("openai", LISTS[3])):
            response = make_response(run, prompt, text=text, assistant=assistant)
            mentions = matching.matcher(extraction.brand_set_id).mentions(text)
            Mention.objects.bulk_create(
                Mention(
                    workspace=workspace, extraction=extraction, response=response, brand_id=found.brand_id,
                    start=found.start, end=found.end, text=found.text, rank=found.rank, role=part.role,
                    place=part.place,
                )
                for found, part in zip(mentions, roles.parts(text, mentions), strict=True)
            )  # fmt: skip
    rollups.roll_up(run=run)
    return workspace


@pytest.fixture
def client(workspace: Workspace) -> Client:
    client = Client()
    client.force_login(make_member(workspace))
    return client


def shown(workspace: Workspace) -> dict[tuple[str, str], places.Places]:
    chosen = filters.Filter(filters.default_period(workspace))
    return {(row.brand.name, row.assistant): row.places for row in places.of_brands(workspace, chosen).rows}


def test_an_answer_counts_by_the_best_place_that_the_brand_has_in_its_lists(workspace: Workspace) -> None:
    found = shown(workspace)
    norvik, halden = found["Norvik", "local"], found["Halden", "local"]
    assert (norvik.answers, norvik.first_answers, norvik.top3_answers, norvik.median) == (9, 6, 6, 1)
    assert norvik.first.rate == pytest.approx(2 / 3) and norvik.first.reason == metrics.TOO_THIN
    assert (halden.answers, halden.first_answers, halden.top3_answers, halden.median) == (6, 3, 6, 1.5)
    assert found["Norvik", "openai"] == places.NOWHERE


def test_the_page_opens_what_it_counts_and_shows_a_dash_where_nothing_lists_the_brand(
    client: Client, workspace: Workspace
) -> None:
    page = BeautifulSoup(client.get(reverse("brands", args=[workspace.slug])).content, "html.parser")
    table = page.select_one("[aria-labelledby=places-title] table")
    assert table
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]
    assert [row[0] for row in rows] == ["Norvik", "Norvik", "Halden", "Halden"]
    lists, never = rows[0], rows[1]
    assert lists[2] == "9" and lists[3] == "67\xa0% (too thin) 6 of 9" and lists[5] == "1"
    assert never[2] == "0" and all(cell.startswith("–") for cell in never[3:])
    links = [(int(link.get_text()), str(link["href"])) for link in table.select("a")]
    assert [count for count, _ in links] == [9, 6, 6, 6, 3, 6]
    for count, href in links:
        found = client.get(href).context["found"]
        assert found.page.paginator.count == count and any("list" in chip.label for chip in found.chips)
    own = client.get(reverse("answers", args=[workspace.slug]), {"figure": "listed_first"})
    assert own.context["found"].page.paginator.count == 6, "one's own brands where none is chosen"


def test_the_page_follows_the_filter_bar(client: Client, workspace: Workspace) -> None:
    url = reverse("brands", args=[workspace.slug])
    (norvik,) = {row.brand.pk for row in client.get(url).context["in_lists"].rows if row.brand.name == "Norvik"}
    part = client.get(url, {"brand": norvik, "assistant": "local"}, headers={"HX-Request": "true"})
    assert [(row.brand.pk, row.assistant) for row in part.context["in_lists"].rows] == [(norvik, "local")]
    for query in ({"assistant": "openai"}, {"from": "2025-01-01", "to": "2025-01-02"}):
        nothing = client.get(url, query)
        assert nothing.context["in_lists"].rows == () and "Places in lists" not in nothing.content.decode()


def test_the_files_have_it(workspace: Workspace) -> None:
    made = report.report(workspace, filters.Filter(filters.default_period(workspace)))
    table = next(each for each in tables(made) if each.key == "brands")
    keys = [column.key for column in table.columns]
    columns = [keys.index(key) for key in ("listed", "listed_first_rate", "listed_among_first_three_rate")]
    columns.append(keys.index("median_place"))
    found = {(row[keys.index("brand")], row[0]): [row[at] for at in columns] for row in table.rows}
    share, nothing = pytest.approx(2 / 3), [0, None, None, None]
    assert sorted(found.values(), key=str) == [nothing, nothing, [6, 0.5, 1, 1.5], [9, share, share, 1]]


def test_counts_of_an_older_version_say_nothing_until_they_are_made_anew(workspace: Workspace) -> None:
    before = shown(workspace)
    DayCounts.objects.for_workspace(workspace).update(places=None)  # as an upgrade leaves them
    Run.objects.for_workspace(workspace).update(rolled_up_at=None)
    kept.forget()
    assert shown(workspace) == {}
    recovery.sweep()
    assert shown(workspace) == before


@pytest.mark.parametrize("query", ["", "tag=pens", "assistant=local", "stratum=api", "from=2026-11-15&to=2026-11-17"])
def test_the_counts_are_those_of_the_mentions(query: str) -> None:
    history = make_history(days=8, prompts=12, assistants=("local", "perplexity"))
    for number, row in enumerate(Mention.objects.for_workspace(history.workspace).order_by("pk")):
        row.place = (None, 1, 2, 3, 4, 0, 9)[number * number % 7]
        row.save()
    rollups.rebuild(workspace=history.workspace)
    chosen = filters.read(history.workspace, QueryDict(query)).filter
    best: dict[tuple[str, str, int], dict[tuple[int, int], int]] = defaultdict(dict)
    mentions = Mention.objects.for_workspace(history.workspace).filter(place__isnull=False)
    for row in mentions.select_related("response__run", "response__prompt"):
        answer = row.response
        if (
            answer.run.day in chosen.period
            and answer.status == "answered"
            and (not chosen.assistants or answer.assistant in chosen.assistants)
            and (not chosen.strata or answer.stratum in chosen.strata)
            and (not chosen.tags or set(answer.prompt.tags) & set(chosen.tags))
        ):
            here = best[answer.assistant, answer.stratum, row.brand_id]
            here[answer.prompt_id, answer.pk] = min(row.place, here.get((answer.prompt_id, answer.pk), 99))
    found = places.by_brand(history.workspace, chosen)
    assert found.keys() == best.keys() and found
    for key, each in best.items():
        of, ranks = found[key], list(each.values())
        assert of.answers == len(ranks) and of.median == statistics.median(ranks)
        for most, count, rate in ((1, of.first_answers, of.first), (3, of.top3_answers, of.top3)):
            cells: dict[int, list[int]] = defaultdict(lambda: [0, 0])
            for (prompt, _), place in each.items():
                cells[prompt][0] += place <= most
                cells[prompt][1] += 1
            assert count == sum(hits for hits, _ in cells.values())
            expected = metrics.rate((hits, n) for hits, n in cells.values())
            assert (rate.rate, rate.n, rate.prompts) == (pytest.approx(expected.rate), expected.n, expected.prompts)


def test_what_it_means_is_explained(client: Client) -> None:
    page = client.get(reverse("metrics_explained")).content.decode()
    assert re.search(r'id="places".+place 1', page, re.DOTALL) and 'href="#places"' in page
