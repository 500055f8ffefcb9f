"""What to do next: only what stands out, each step leading to the answers that it counts."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from monitor.models import Mention, Response, ResponseSource, Role, Workspace
from monitor.queries import filters, next_steps
from monitor.queries.dashboard import overview
from monitor.queries.filters import Filter
from monitor.queries.next_steps import Step
from monitor.services import rollups
from tests.factories import make_member, make_workspace
from tests.factories_history import History, make_history

pytestmark = pytest.mark.django_db


def steps(workspace: Workspace) -> tuple[Step, ...]:
    chosen = Filter(filters.default_period(workspace), compare="none")
    return next_steps.next_steps(workspace, overview(workspace, chosen))


def counted_anew(history: History) -> None:
    for run in history.runs:
        rollups.roll_up(run=run)


def listed(workspace: Workspace, href: str) -> int:
    client = Client()
    client.force_login(make_member(workspace, Role.VIEWER), backend="django.contrib.auth.backends.ModelBackend")
    return int(client.get(href).context["found"].page.paginator.count)


def test_a_prompt_that_is_the_competitors_comes_with_its_answers() -> None:
    history = make_history(days=3, prompts=10)
    lost, own = history.prompts[4], history.brands[0]
    Mention.objects.for_workspace(history.workspace).filter(response__prompt=lost).delete()
    sources = ResponseSource.objects.for_workspace(history.workspace).filter(response__prompt=lost)
    sources.filter(domain=own.domains[0]).delete()
    sources.filter(domain="reviews.example").update(
        page="quillmark.example/guide", domain="quillmark.example", cited=True
    )
    counted_anew(history)
    (step,) = [each for each in steps(history.workspace) if f"“{lost.text}”" in each.words]
    found = re.match(r"Of (\d+) answers by Local engine to .*, (\d+) name or cite competitors and none", step.words)
    assert found and found[1] == found[2]
    assert listed(history.workspace, step.href) == int(found[2]) > 0


def test_failures_come_first_and_lead_to_what_failed() -> None:
    history = make_history(days=3, prompts=10)
    broken = Response.objects.for_workspace(history.workspace).filter(prompt__in=history.prompts[:3])
    broken.update(status="failed", error_kind="server")
    counted_anew(history)
    step = steps(history.workspace)[0]
    failed = Response.objects.for_workspace(history.workspace).filter(status="failed").count()
    assert step.words.startswith(f"Local engine failed for {failed} of 60 answers")
    assert listed(history.workspace, step.href) == failed


def test_too_few_prompts_are_said_with_a_way_to_more() -> None:
    history = make_history(days=2, prompts=3)
    thin = [step for step in steps(history.workspace) if "Only 3 prompts were asked" in step.words]
    assert [step.href for step in thin] == [reverse("ideas", args=[history.workspace.slug])]


def test_pages_that_are_read_and_passed_over_are_told_and_nothing_is_told_of_nothing() -> None:
    history = make_history(days=3, prompts=12)
    own = ResponseSource.objects.for_workspace(history.workspace).filter(domain="fernwood.example")
    own.update(cited=False)
    reviews = ResponseSource.objects.for_workspace(history.workspace).filter(page="reviews.example/pens")
    reviews.update(page="fernwood.example/pens", domain="fernwood.example", cited=False, retrieved=True)
    first = reviews.model.objects.for_workspace(history.workspace).filter(page="fernwood.example/pens").first()
    assert first is not None
    type(first).objects.for_workspace(history.workspace).filter(pk=first.pk).update(cited=True)
    counted_anew(history)
    words = [step.words for step in steps(history.workspace)]
    assert any("your pages are found, and others are quoted" in each for each in words), words
    assert len(words) <= next_steps.MOST
    assert steps(make_workspace()) == ()
