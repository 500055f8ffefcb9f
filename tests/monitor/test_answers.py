"""The answers' pages: what is found by which filter, one answer, and its payload byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Response, ResponseSource, ResponseStatus, Role, Run
from monitor.queries import answers as queries
from monitor.services import workspaces
from tests.factories import make_member
from tests.factories_history import make_history
from tests.world import PAYLOAD, World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world(workspaces.create(name="Team", owners=[]), days=3, prompts=4)


@pytest.fixture
def viewer(world: World) -> Client:
    client = Client()
    client.force_login(world.people[Role.VIEWER], backend="django.contrib.auth.backends.ModelBackend")
    return client


def shown(client: Client, world: World, **query: Any) -> set[int]:
    page = client.get(reverse("answers", args=[world.workspace.slug]), query)
    assert page.status_code == 200
    return {row.response.pk for row in page.context["found"].rows}


def test_words_find_answers_however_they_are_written(viewer: Client, world: World) -> None:
    assert shown(viewer, world, q="LÉFT-handers") == {world.response.pk}
    assert shown(viewer, world, q='"best pen"') == {world.response.pk}
    assert shown(viewer, world, q='"pen best"') == set()
    for odd in ("%", "'", '"', "\x00", "& | !", "字", ":*", "()" * 90):
        shown(viewer, world, q=odd)


def test_filters_narrow_and_odd_ones_are_left_out(viewer: Client, world: World) -> None:
    everything = shown(viewer, world)
    assert everything == set(Response.objects.for_workspace(world.workspace).values_list("pk", flat=True))
    answered = shown(viewer, world, state="answered")
    assert answered == set(
        Response.objects.for_workspace(world.workspace)
        .filter(status=ResponseStatus.ANSWERED)
        .values_list("pk", flat=True)
    )
    first = world.history.runs[0]
    assert shown(viewer, world, run=first.pk) == shown(viewer, world, **{"from": first.day, "to": first.day})
    assert shown(viewer, world, prompt=world.history.prompts[0].pk) < everything
    own = world.history.brands[0]
    assert shown(viewer, world, brand=own.pk) < everything
    assert shown(viewer, world, domain="fernwood.example") < everything
    for odd in ({"run": "x"}, {"state": "asleep"}, {"prompt": "9" * 30}, {"from": "yesterday"}, {"page": "0"}):
        assert shown(viewer, world, **odd) == everything


def test_the_list_costs_the_same_queries_however_long_it_is(
    viewer: Client, world: World, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(18):
        shown(viewer, world)


def test_the_payload_comes_as_it_came_and_never_as_a_page(viewer: Client, world: World) -> None:
    url = reverse("answer_raw", args=[world.workspace.slug, world.response.pk])
    page = viewer.get(url)
    assert page.context["raw"].is_json and b"&quot;sources&quot;: [" in page.content
    download = viewer.get(url, {"download": 1})
    assert download.content == PAYLOAD
    assert download["Content-Type"].startswith("text/plain") and "attachment" in download["Content-Disposition"]
    assert viewer.get(url, {"body": "999999"}).status_code == 404


def test_an_answer_that_is_not_in_yet_says_so(viewer: Client, world: World) -> None:
    Response.objects.for_workspace(world.workspace).filter(pk=world.response.pk).update(
        status=ResponseStatus.PENDING, text=""
    )
    page = viewer.get(reverse("answer", args=[world.workspace.slug, world.response.pk]))
    assert page.status_code == 200 and "as soon as it is in" in page.content.decode()


def test_an_answer_says_which_model_gave_it_and_how_it_was_asked(viewer: Client, world: World) -> None:
    Response.objects.for_workspace(world.workspace).filter(pk=world.response.pk).update(
        assistant="openai",
        stratum="api",
        model="gpt-5.2",
        model_reported="gpt-5.2-2026-01-09",
        options={"country": "DE", "language": "de", "max_output_tokens": 700},
    )
    listed = viewer.get(reverse("answers", args=[world.workspace.slug])).content.decode()
    assert "gpt-5.2-2026-01-09, repeat" in listed
    page = viewer.get(reverse("answer", args=[world.workspace.slug, world.response.pk])).content.decode()
    assert "ChatGPT (OpenAI API) (gpt-5.2-2026-01-09)" in page
    assert "asked for gpt-5.2</div>" in page
    assert "<dt>Country</dt><dd>DE</dd>" in page and "<dt>Most output</dt><dd>700 tokens</dd>" in page


def test_an_excerpt_shows_where_the_word_stands() -> None:
    text = "x " * 300 + "the Fernwood pen " + "y " * 300
    assert "Fernwood" in queries.excerpt(text, "fernwood")
    assert queries.excerpt("short", "") == "short"


@pytest.mark.parametrize(("days", "prompts", "of_one_day"), [(40, 2, 1), (5, 16, 3)])
def test_a_page_reaches_over_the_latest_days_where_they_do_not_fill_it(
    viewer: Client, days: int, prompts: int, of_one_day: int
) -> None:
    history = make_history(days=days, prompts=prompts, repeats=1)
    Run.objects.filter(pk__in=[run.pk for run in history.runs[1 : 1 + of_one_day]]).update(day=history.runs[-1].day)
    viewer.force_login(make_member(history.workspace), backend="django.contrib.auth.backends.ModelBackend")
    wanted = list(
        Response.objects.for_workspace(history.workspace).order_by("-run__day", "-pk").values_list("pk", flat=True)
    )
    address = reverse("answers", args=[history.workspace.slug])
    pages = [viewer.get(address, {"page": number}).context["found"] for number in (1, 2, 3, 4)]
    assert [row.response.pk for found in pages for row in found.rows] == wanted and len(wanted) == 80
    first_day = {"to": str(history.runs[0].day)}
    assert {row.response.pk for row in viewer.get(address, first_day).context["found"].rows} == set(wanted[-prompts:])


def test_a_source_on_a_host_without_a_domain_is_called_by_its_host(viewer: Client, world: World) -> None:
    rows = ResponseSource.objects.for_workspace(world.workspace).filter(response=world.response, cited=True)
    url, page = "http://10.0.0.7:8080/guide", "10.0.0.7:8080/guide"
    rows.filter(pk=rows[0].pk).update(url=url, page=page, domain="")
    shown = viewer.get(reverse("answer", args=[world.workspace.slug, world.response.pk])).content.decode()
    assert "<strong>1. 10.0.0.7:8080</strong>" in shown and "unknown domain" not in shown
    rows.filter(pk=rows[0].pk).update(url="https://hidden.example/redirect/x", page="", domain="")
    shown = viewer.get(reverse("answer", args=[world.workspace.slug, world.response.pk])).content.decode()
    assert "<strong>1. unknown domain</strong>" in shown


def test_a_payloads_short_lists_stand_on_a_line_each_as_they_came() -> None:
    said = {
        "span": [1, -2.5e-3, None],
        "words": ["a, b", 'c" [ ]', "d\\"],
        "long": ["x" * 80, "y" * 80],
        "deep": [[1], []],
    }
    laid_out = queries.laid_out(said)
    assert json.loads(laid_out) == said
    assert '"span": [1, -0.0025, null],' in laid_out and laid_out.count("\n") == 11
