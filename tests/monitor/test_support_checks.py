"""Checks of citations: made after a run, once, resumed, renewed when a page comes in, and shown in plain words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor import tasks
from monitor.assistants import engine
from monitor.models import (
    Extraction,
    PageVersion,
    Panel,
    Prompt,
    Response,
    ResponseSource,
    Run,
    RunStatus,
    SupportCheck,
    SupportVerdict,
    Trigger,
    Workspace,
)
from monitor.services import indexes, ledger, nudge, panels, rollups, runs, supporting, workspaces
from rag import support
from tests.factories import make_member, make_suite, make_workspace
from tests.factories_history import LAST_DAY, make_extraction, make_panel, make_response, make_run
from tests.monitor.test_indexes import KETTLE, TOASTER, workspace_with_pages
from tests.monitor.test_pages_import import html, import_all, row

pytestmark = pytest.mark.django_db(transaction=True)

SAYS = "The blue kettle boils a litre of water in two minutes [1]."
SAYS_NOT = "The blue kettle was invented in Norway by a retired admiral [1]."


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the messages that workers would get."""
    names: list[str] = []
    monkeypatch.setattr(nudge, "_send", lambda task, *_: names.append(task))
    return names


def local_run(workspace: Workspace, *texts: str) -> Run:
    """A run of the local engine, asked to its end."""
    suite = make_suite(workspace, prompts=0)
    for text in texts:
        Prompt.objects.create(workspace=workspace, suite=suite, text=text)
    fields = {"name": suite.name, "suite": suite, "assistants": [{"assistant": "local", "model": "", "options": {}}]}
    panel = panels.save_panel(
        workspace=workspace,
        panel=None,
        revision=None,
        fields={**fields, "repeats": 2, "cron": "", "time_zone": "UTC"},
    )
    indexes.next_generation(workspace=workspace)
    run = runs.start_run(panel=panel, trigger=Trigger.MANUAL)
    ledger.work(queues=["local"], run=run)
    run.refresh_from_db()
    return run


def answered(
    workspace: Workspace, *texts: str, page: str = "a.example/kettle", assistant: str = "openai", **fields: Any
) -> list[Response]:
    """Answers of one ended run that cite one page each at their marker."""
    extraction = Extraction.objects.for_workspace(workspace).first() or make_extraction(workspace, [])
    panel: Panel = Panel.objects.for_workspace(workspace).first() or make_panel(workspace, prompts=12)
    run = make_run(panel, extraction, LAST_DAY, slot_at=None)
    made = []
    for prompt, text in zip(Prompt.objects.for_workspace(workspace), texts, strict=False):
        response = make_response(run, prompt, assistant=assistant, text=text, **fields)
        ResponseSource.objects.create(
            workspace=workspace,
            extraction=extraction,
            response=response,
            sequence=0,
            url=f"https://www.{page}",
            page=page,
            domain="a.example",
            cited=True,
            via="marker",
            spans=[[text.index("["), text.index("]") + 1]],
        )
        made.append(response)
    rollups.roll_up(run=run)
    return made


def verdicts(response: Response) -> list[SupportVerdict]:
    rows = SupportVerdict.objects.for_workspace(response.workspace_id).filter(of_check__response=response)
    return list(rows.select_related("version"))


def test_a_run_is_checked_once_it_has_ended_and_twice_changes_nothing(woken: list[str]) -> None:
    workspace = workspace_with_pages()
    assert not supporting.has_work()
    run = local_run(workspace, "How fast does the blue kettle boil water?", "How many slices does the toaster brown?")
    assert run.status == RunStatus.COMPLETED and supporting.has_work()
    tasks.sweep()
    assert "monitor.tasks.check_support" in woken
    tasks.check_support()
    checks = list(SupportCheck.objects.for_workspace(workspace).select_related("response"))
    assert {check.response_id for check in checks} == set(run.responses.values_list("pk", flat=True))
    for check in checks:
        assert (check.recall, check.precision, check.unknown, check.version) == (1.0, 1.0, 0, support.VERSION)
        for verdict in verdicts(check.response):
            # the engine quotes: every sentence stands in the version that it had before it
            assert verdict.supported and verdict.version_id in check.response.page_versions
            said = check.response.text[verdict.start : verdict.end].split(" [")[0]
            assert said in verdict.version.text
    assert not supporting.has_work()
    assert supporting.work() == 0
    assert list(SupportCheck.objects.for_workspace(workspace)) == checks

    runs.retry_failed(run=run)
    assert not supporting.has_work(), "nothing failed, so nothing was asked again"
    ResponseSource.objects.for_workspace(workspace).filter(response=checks[0].response_id).delete()
    Response.objects.for_workspace(workspace).filter(pk=checks[0].response_id).update(status="failed")
    runs.retry_failed(run=run)
    assert not supporting.has_work(), "not while it is open"
    ledger.work(queues=["local"], run=run)
    assert supporting.has_work()


def test_the_text_of_the_time_is_what_an_answer_is_held_against() -> None:
    workspace = workspace_with_pages()
    now = timezone.now()
    versions = PageVersion.objects.for_workspace(workspace).filter(page__page="a.example/kettle")
    versions.update(seen_at=now - timedelta(days=9))
    import_all(workspace, [row("https://a.example/kettle", html("The blue kettle is no longer sold anywhere at all."))])
    before, after, older = answered(workspace, SAYS, SAYS, SAYS)
    for response, at in (
        (before, now - timedelta(days=5)),
        (after, now + timedelta(days=1)),
        (older, now - timedelta(days=99)),
    ):
        Response.objects.for_workspace(workspace).filter(pk=response.pk).update(answered_at=at)
    supporting.work()
    assert [[v.version.number for v in verdicts(r)] for r in (before, after, older)] == [[1], [2], [1]]
    assert [verdicts(r)[0].supported for r in (before, after, older)] == [True, False, True]


def test_an_answer_is_checked_again_once_the_text_of_its_page_is_here() -> None:
    workspace = make_workspace()
    says, says_not = answered(workspace, SAYS, SAYS_NOT)
    supporting.work()
    for response in (says, says_not):
        check = SupportCheck.objects.for_workspace(workspace).get(response=response)
        assert (check.recall, check.precision, check.citations, check.unknown) == (None, None, 0, 1)
        assert [(v.supported, v.score, v.version) for v in verdicts(response)] == [(None, None, None)]
    assert supporting.check_again(workspace=workspace) == 0 and not supporting.has_work()
    import_all(workspace, [row("https://a.example/kettle", html(KETTLE)), row("https://b.example/x", html(TOASTER))])
    assert supporting.check_again(workspace=workspace) == 2
    assert supporting.work() == 2
    assert [v.supported for v in (*verdicts(says), *verdicts(says_not))] == [True, False]
    assert supporting.check_again(workspace=workspace) == 0


def test_an_answer_that_is_due_comes_first_and_checking_goes_on_later() -> None:
    workspace = workspace_with_pages()
    answered(workspace, *[SAYS] * (2 * supporting.BATCH - 1))
    indexes.next_generation(workspace=workspace)
    asked = runs.ask(workspace=workspace, text="Which kettle is fast?")
    assert supporting.work() == supporting.BATCH, "one batch, then the question"
    assert supporting.work() == supporting.BATCH - 1, "the last of the run; the question is not yet answered"
    ledger.work(queues=["online"])
    assert supporting.work() == 1
    assert SupportCheck.objects.for_workspace(workspace).filter(response=asked).exists()
    assert SupportCheck.objects.for_workspace(workspace).count() == 2 * supporting.BATCH


def test_what_an_older_version_checked_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = workspace_with_pages()
    answered(workspace, SAYS, SAYS_NOT)
    supporting.work()
    monkeypatch.setattr(support, "VERSION", "later")
    assert supporting.has_work()
    assert supporting.work() == 2
    assert set(SupportCheck.objects.for_workspace(workspace).values_list("version", flat=True)) == {"later"}
    assert not supporting.has_work()


def test_an_answer_that_breaks_the_check_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    workspace = workspace_with_pages()
    (fine,) = answered(workspace, SAYS)
    (broken,) = answered(workspace, SAYS_NOT)
    judge = engine.judge_support

    def breaks(answers: Any) -> Any:
        if any(answer.text == SAYS_NOT for answer, _ in answers):
            raise ValueError("no such sentence")
        return judge(answers)

    monkeypatch.setattr(engine, "judge_support", breaks)
    assert supporting.work() == 1
    assert verdicts(fine)[0].supported and not verdicts(broken)
    assert "cannot be checked" in caplog.text and not supporting.has_work()


def test_the_answers_page_says_of_every_source_what_was_found() -> None:
    workspace = workspace_with_pages()
    client = Client()
    client.force_login(make_member(workspace))
    says, says_not = answered(workspace, SAYS, SAYS_NOT)
    (stranger,) = answered(workspace, SAYS, page="gone.example/x", assistant="gemini")

    def page(response: Response) -> str:
        return client.get(reverse("answer", args=[workspace.slug, response.pk])).content.decode()

    assert "Not checked yet" in page(says)
    supporting.work()
    assert '<span class="badge ok">Supported</span>' in page(says)
    assert "fully says 1 of the 1 sentence that cites it" in page(says)
    assert '<span class="badge bad">Not supported</span>' in page(says_not)
    assert "Page text not known" in page(stranger) and "Import or crawl the page" in page(stranger)
    assert "The text of no page it cites is known here" in page(stranger)


def test_means_stand_beside_their_n_and_are_never_pooled() -> None:
    workspace = workspace_with_pages()
    client = Client()
    client.force_login(make_member(workspace))
    answered(workspace, *[SAYS] * 6, *[SAYS_NOT] * 6)
    answered(workspace, *[SAYS] * 12, assistant="local", page="a.example/kettle")
    answered(workspace, *[SAYS] * 3, assistant="gemini", page="gone.example/x")
    url = reverse("sources", args=[workspace.slug])
    shown = {row.assistant: row for row in client.get(url).context["support"]}
    assert all((row.checked, row.recall.rate, row.precision.rate) == (0, None, None) for row in shown.values())
    while supporting.has_work():
        supporting.work()
    shown = {row.assistant: row for row in client.get(url).context["support"]}
    assert set(shown) == {"openai", "local", "gemini"}
    assert (shown["openai"].recall.rate, shown["openai"].recall.n, shown["openai"].precision.rate) == (0.5, 12, 0.5)
    assert shown["openai"].recall.low < 0.5 < shown["openai"].recall.high
    assert (shown["local"].recall.rate, shown["local"].recall.n) == (1.0, 12)
    assert (shown["gemini"].checked, shown["gemini"].without, shown["gemini"].recall.rate) == (3, 3, None)
    assert "n = 12" in client.get(url).content.decode()


def test_checks_go_with_their_workspace() -> None:
    workspace = workspace_with_pages()
    answered(workspace, SAYS)
    supporting.work()
    workspaces.delete(workspace=workspace)
    assert not SupportCheck.objects.unscoped().exists() and not SupportVerdict.objects.unscoped().exists()
