"""Two dates of one prompt side by side: which answers are offered, and what came and went."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Brand, BrandKind, Prompt, Response, Workspace
from monitor.queries.answers_compared import compared
from tests.factories import make_member, make_workspace
from tests.factories_history import (
    LAST_DAY,
    add_mention,
    add_source,
    make_extraction,
    make_panel,
    make_response,
    make_run,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers() -> list[Response]:
    """Ten days of answers to one prompt; the last names another brand and cites another page than all before."""
    workspace = make_workspace()
    own = Brand.objects.create(workspace=workspace, name="Fernwood", kind=BrandKind.OWN)
    rival = Brand.objects.create(workspace=workspace, name="Quillmark")
    extraction = make_extraction(workspace, [own, rival])
    panel = make_panel(workspace, prompts=1)
    prompt = Prompt.objects.for_workspace(workspace).get()
    made = []
    for number in range(10):
        run = make_run(panel, extraction, LAST_DAY - timedelta(days=9 - number))
        answer = make_response(
            run, prompt, text="Fernwood and Quillmark.", finish="refused" if number == 1 else "complete"
        )
        make_response(run, prompt, repeat=1)
        make_response(run, prompt, assistant="openai")
        add_mention(extraction, answer, own if number == 9 else rival)
        add_source(extraction, answer, "always.example/a")
        add_source(extraction, answer, "new.example/b" if number == 9 else "old.example/c")
        made.append(answer)
    return made


def test_the_answer_of_a_week_before_stands_beside_it(answers: list[Response]) -> None:
    found = compared(answers[9])
    assert found and found.other == answers[2]
    assert [side.response for side in found.sides] == [answers[2], answers[9]]
    assert (found.brands.came, found.brands.went, found.brands.stayed) == (("Fernwood",), ("Quillmark",), ())
    assert (found.pages.came, found.pages.went) == (("new.example/b",), ("old.example/c",))
    assert found.pages.stayed == ("always.example/a",)
    # one of each other run, a repeat where the first was refused, and none of another assistant
    assert [(row.run.day, row.repeat) for row in found.offered] == [
        (answer.run.day, int(number == 1)) for number, answer in reversed(list(enumerate(answers[:9])))
    ]


def test_any_offered_one_may_be_chosen_and_the_earlier_stands_first(answers: list[Response]) -> None:
    found = compared(answers[3], answers[8].pk)
    assert found and [side.response for side in found.sides] == [answers[3], answers[8]]
    first = compared(answers[0])
    assert first and first.other.run.day > answers[0].run.day, "nothing is older, so something newer stands beside it"
    nonsense = compared(answers[9], 10**15)
    assert nonsense and nonsense.other == answers[2]


def test_the_page_marks_what_moved(answers: list[Response], client: Client) -> None:
    workspace: Workspace = answers[0].workspace
    client.force_login(make_member(workspace))
    url = reverse("answer_compare", args=[workspace.slug, answers[9].pk])
    page = client.get(url, {"with": answers[4].pk}).content.decode()
    assert "new</span> Fernwood" in page and "gone</span> Quillmark" in page and "both</span> always.example/a" in page
    assert client.get(url, {"with": "x"}).status_code == 200
    Response.objects.for_workspace(workspace).exclude(run=answers[9].run).delete()
    assert "the only valid answer" in client.get(url).content.decode()
