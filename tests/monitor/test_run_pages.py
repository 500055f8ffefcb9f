"""Runs in the browser: progress while they go on, the table of responses, cancel and retry."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import IndexGeneration, Panel, ResponseStatus, Role, Run, RunStatus, Trigger, Workspace
from monitor.queries import runs as queries
from monitor.services import panels, runs
from tests.factories import make_member, make_suite, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return make_workspace()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    """Ten questions: two prompts, five repeats."""
    panel: Panel = panels.save_panel(
        workspace=workspace,
        panel=None,
        revision=None,
        fields={
            "name": "Daily",
            "suite": make_suite(workspace, prompts=2),
            "assistants": [{"assistant": "local"}],
            "repeats": 5,
            "cron": "",
            "time_zone": "UTC",
        },
    )
    generation = IndexGeneration.objects.create(workspace=workspace, number=1)
    return runs.start_run(panel=panel, trigger=Trigger.MANUAL, generation=generation)


@pytest.fixture
def editor(workspace: Workspace, client: Client) -> Client:
    client.force_login(make_member(workspace, Role.EDITOR))
    return client


def become(run: Run, status: ResponseStatus, count: int, **fields: Any) -> None:
    """Let so many of the waiting responses become this."""
    ids = list(run.responses.filter(status=ResponseStatus.PENDING).values_list("pk", flat=True)[:count])
    run.responses.filter(pk__in=ids).update(status=status, **fields)


def answer(run: Run, count: int, seconds_ago: float = 1) -> None:
    become(run, ResponseStatus.ANSWERED, count, answered_at=timezone.now() - timedelta(seconds=seconds_ago))


def finish(run: Run) -> None:
    Run.objects.for_workspace(run.workspace).filter(pk=run.pk).update(
        status=RunStatus.COMPLETED, finished_at=timezone.now()
    )
    run.refresh_from_db()


def began(run: Run, seconds_ago: float) -> None:
    Run.objects.for_workspace(run.workspace).update(created_at=timezone.now() - timedelta(seconds=seconds_ago))
    run.refresh_from_db()


def at(name: str, run: Run) -> str:
    return reverse(name, args=[run.workspace.slug, run.pk])


def test_progress_counts_every_state_and_tells_the_time_left(run: Run) -> None:
    began(run, 20)
    answer(run, 4)
    become(run, ResponseStatus.FAILED, 1)
    become(run, ResponseStatus.UNKNOWN, 1)
    become(run, ResponseStatus.SENDING, 1)
    progress = queries.progress(run)
    assert (progress.answered, progress.failed, progress.unknown) == (4, 1, 1)
    assert (progress.left, progress.done, progress.total) == (4, 6, 10)
    assert progress.per_second == pytest.approx(0.2, rel=0.05)
    assert progress.milliseconds_left == pytest.approx(20_000, rel=0.05)
    assert not progress.ended


def test_the_pace_is_that_of_the_last_minute(run: Run) -> None:
    began(run, 3600)
    answer(run, 3, seconds_ago=1800)
    assert queries.progress(run).per_second is None  # stands still: no honest guess
    answer(run, 6, seconds_ago=10)
    assert queries.progress(run).per_second == pytest.approx(0.1, rel=0.05)


def polled(client: Client, page: str) -> str:
    """What htmx gets next, asked for as the page says."""
    (address,) = re.findall(r'hx-get="([^"]+)"', page)
    (seen,) = re.findall(r'hx-headers=\'{"X-Seen": "([^"]+)"}\'', page)
    headers = {"HX-Request": "true", "X-Seen": seen}
    return client.get(unescape(address), headers=headers).content.decode()


def test_the_page_asks_again_every_two_seconds_until_the_end(editor: Client, run: Run) -> None:
    answer(run, 3)
    page = editor.get(at("run", run)).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert f'hx-get="{at("run_progress", run)}"' in page
    assert '<meta http-equiv="refresh"' in page  # for browsers without scripts
    assert "hx-swap-oob" not in page
    fragment = polled(editor, page)
    assert "<html" not in fragment
    assert "3 of 10 done" in fragment
    assert "hx-swap-oob" not in fragment  # nothing in the table became another
    answer(run, 7)
    finish(run)
    fragment = polled(editor, page)
    assert "hx-trigger" not in fragment
    assert fragment.count("read the answer") == 10
    page = editor.get(at("run", run)).content.decode()
    assert "hx-trigger" not in page
    assert "http-equiv" not in page


def test_the_table_follows_its_run_on_the_page_and_under_the_filter_that_are_shown(editor: Client, run: Run) -> None:
    first, second = dict.fromkeys(run.responses.order_by("pk").values_list("prompt_text", flat=True))
    page = editor.get(at("run", run), {"state": "failed", "page": "1"}).content.decode()
    assert "No response is in this state" in page
    become(run, ResponseStatus.FAILED, 1, error_message="The quota is used up.")
    answer(run, 1)
    fragment = polled(editor, page)
    assert fragment.count('hx-swap-oob="true"') == 4
    assert first in fragment
    assert second not in fragment
    assert "The quota is used up." in fragment
    answered = run.responses.get(status=ResponseStatus.ANSWERED)
    assert f'id="response-{answered.pk}"' in fragment  # by its id, the focus finds its way back
    again = polled(editor, fragment)
    assert "state=failed&amp;page=1" in again
    assert "hx-swap-oob" not in again


def test_responses_stand_by_prompt_and_assistant_with_links_to_answers(editor: Client, run: Run) -> None:
    answer(run, 2)
    become(run, ResponseStatus.FAILED, 1, error_message="The quota is <used up>.")
    page = editor.get(at("run", run)).content.decode()
    first = run.responses.order_by("pk")[0]
    assert reverse("answer", args=[run.workspace.slug, first.pk]) in page
    assert page.count("read the answer") == 2
    assert "The quota is &lt;used up&gt;." in page
    table = queries.table(run)
    assert table.assistants == ("Local engine",)
    assert [[cell.number for cell in line.cells[0]] for line in table.lines] == [[1, 2, 3, 4, 5]] * 2
    assert table.problems == (("The quota is <used up>.", 1),)
    only_failed = queries.table(run, state="failed")
    assert [line.text for line in only_failed.lines] == [first.prompt_text]
    assert "No response is in this state" in editor.get(at("run", run), {"state": "unknown"}).content.decode()
    assert editor.get(at("run", run), {"state": "odd", "page": "x"}).status_code == 200


def test_cancel_keeps_answers_and_what_was_taken_back_can_be_asked_later(editor: Client, run: Run) -> None:
    answer(run, 4)
    page = unescape(editor.post(at("run_cancel", run), follow=True).content.decode())
    assert "6 questions will not be asked. Answers so far are kept" in page
    assert "Ask 6 again" in page
    again = unescape(editor.post(at("run_cancel", run), follow=True).content.decode())
    assert "had ended already" in again
    page = unescape(editor.post(at("run_retry", run), follow=True).content.decode())
    assert "6 questions will be asked again" in page
    run.refresh_from_db()
    assert run.status == RunStatus.RUNNING
    assert queries.progress(run).answered == 4


def test_a_cancelled_run_is_watched_until_what_was_sent_came_back(run: Run) -> None:
    become(run, ResponseStatus.SENDING, 1)
    runs.cancel_run(run=run)
    run.refresh_from_db()
    assert not queries.progress(run).ended
    run.responses.filter(status=ResponseStatus.SENDING).update(status=ResponseStatus.ANSWERED)
    assert queries.progress(run).ended


def test_retry_of_a_run_without_failures_says_so(editor: Client, run: Run) -> None:
    answer(run, 10)
    finish(run)
    page = editor.get(at("run", run)).content.decode()
    assert "again</button>" not in page
    assert "nothing left to ask again" in editor.post(at("run_retry", run), follow=True).content.decode()


def test_what_waits_for_another_try_is_said(editor: Client, run: Run) -> None:
    run.responses.filter(repeat=0).update(tries=1, next_try_at=timezone.now() + timedelta(minutes=5))
    page = editor.get(at("run", run)).content.decode()
    assert "2 will be tried again" in page


def test_viewers_watch_but_do_not_act(client: Client, workspace: Workspace, run: Run) -> None:
    client.force_login(make_member(workspace, Role.VIEWER))
    assert "Cancel run" not in client.get(at("run", run)).content.decode()
    assert client.post(at("run_cancel", run)).status_code == 403
    assert client.post(at("run_retry", run)).status_code == 403
    assert client.get(at("run_cancel", run)).status_code == 405


def test_questions_of_the_ask_page_are_no_runs_of_a_panel(workspace: Workspace, run: Run) -> None:
    Run.objects.create(workspace=workspace, brand_set=run.brand_set, trigger=Trigger.ASK, day=run.day)
    assert list(queries.runs(workspace)) == [run]


def test_a_page_of_runs_asks_few_questions(workspace: Workspace, run: Run, django_assert_max_num_queries: Any) -> None:
    for _ in range(4):
        runs.start_run(panel=run.panel, trigger=Trigger.MANUAL, generation=run.generation)
    with django_assert_max_num_queries(4):
        found = queries.progress_of(queries.runs(workspace))
    assert [one.total for one in found] == [10] * 5
