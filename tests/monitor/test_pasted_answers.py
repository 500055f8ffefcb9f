"""Pasted and imported answers: kept once, read like any other, counted apart, and never in a panel's run."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitor import assistants, packed
from monitor.models import (
    Body,
    DayCounts,
    Job,
    JobStatus,
    Mention,
    Prompt,
    Response,
    ResponseSource,
    ResponseStatus,
    Role,
    Run,
    RunStatus,
    Trigger,
    Workspace,
)
from monitor.queries import filters
from monitor.queries import runs as run_queries
from monitor.services import answer_rows, jobs, nudge, pasted, reading, recovery, uploads, workspaces
from monitor.services.answer_rows import AnswerRow, Flaw
from monitor.services.errors import Problem
from monitor.services.pasted import Copied, Stored
from tests.factories import make_brand, make_member, make_suite, make_workspace
from tests.monitor.test_jobs import Pausing, nudges, paused_at, resumed

__all__ = ["nudges", "paused_at"]

TEXT = "Fernwood writes best [1]. Quillmark costs less [7].\n\nSources\n[1] https://fernwood.example/a\n[2] https://x.example"
DAY = date(2026, 11, 3)


# --- keeping ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(db: None) -> Workspace:
    made = make_workspace(time_zone="Europe/Berlin")
    make_brand(made, name="Fernwood", kind="own")
    make_brand(made, name="Quillmark")
    make_suite(made)
    return made


def prompt_of(workspace: Workspace) -> Prompt:
    return Prompt.objects.for_workspace(workspace).order_by("pk")[0]


def copied(workspace: Workspace, **fields: Any) -> Copied:
    return Copied(
        **{
            "prompt": prompt_of(workspace),
            "assistant": "pasted:chatgpt",
            "text": TEXT,
            "moment": DAY,
            **fields,
        }
    )


def keep(workspace: Workspace, *answers: Copied) -> Stored:
    return pasted.store(workspace=workspace, copied=answers, trigger=Trigger.PASTE)


def test_an_answer_is_kept_and_read_like_any_other(workspace: Workspace) -> None:
    assert keep(workspace, copied(workspace, country="DE", language="de")) == Stored(added=1)
    response = Response.objects.for_workspace(workspace).select_related("run").get()
    assert (response.status, response.finish, response.stratum) == (ResponseStatus.ANSWERED, "complete", "pasted")
    assert response.text == TEXT.partition("\n\nSources")[0]
    assert (response.options["country"], response.options["language"]) == ("DE", "de")
    assert response.latency_ms is None
    assert response.answered_at is not None
    assert response.answered_at.astimezone(workspace.zone).date() == DAY
    assert (response.run.trigger, response.run.status, response.run.day) == (Trigger.PASTE, RunStatus.COMPLETED, DAY)
    assert Body.objects.for_workspace(workspace).get().attempt.response == response
    sources = ResponseSource.objects.for_workspace(workspace).filter(response=response)
    assert [(s.domain, s.cited, s.via) for s in sources] == [
        ("fernwood.example", True, "marker"),
        ("x.example", False, ""),
    ]
    found = Mention.objects.for_workspace(workspace).filter(response=response).values_list("text", flat=True)
    assert list(found) == ["Fernwood", "Quillmark"]


def test_the_same_answer_is_kept_once_and_another_beside_it(workspace: Workspace) -> None:
    keep(workspace, copied(workspace))
    assert keep(workspace, copied(workspace, text=f"\n{TEXT}\n"), copied(workspace)) == Stored(there=2)
    others = [
        copied(workspace, text="Something else."),
        copied(workspace, assistant="pasted:copilot"),
        copied(workspace, moment=DAY + timedelta(days=1)),
        copied(workspace, prompt=Prompt.objects.for_workspace(workspace).order_by("-pk")[0]),
    ]
    assert keep(workspace, *others, *others) == Stored(added=4, there=4)
    assert Response.objects.for_workspace(workspace).count() == 5


def test_several_answers_of_one_day_are_repeats_of_one_run(workspace: Workspace) -> None:
    moment = datetime(2026, 11, 3, 23, 30, tzinfo=workspace.zone)
    keep(workspace, copied(workspace), copied(workspace, text="Quillmark.", moment=moment))
    run = Run.objects.for_workspace(workspace).get()
    assert sorted(Response.objects.for_workspace(workspace).values_list("run", "repeat")) == [(run.pk, 0), (run.pk, 1)]


def test_pages_are_counted_apart_and_in_no_panel(workspace: Workspace) -> None:
    keep(workspace, copied(workspace), copied(workspace, assistant="pasted:copilot", text="Quillmark."))
    recovery.roll_up_finished()
    cells = DayCounts.objects.for_workspace(workspace)
    assert not cells.exclude(panel=None).exists()
    citing = {row.assistant: packed.unpack(row.cells, packed.CELLS)["with_citation"].sum() for row in cells}
    assert sorted(cells.values_list("assistant", "stratum", "valid")) == [
        ("pasted:chatgpt", "pasted", 1),
        ("pasted:copilot", "pasted", 1),
    ]
    assert citing == {"pasted:chatgpt": 1, "pasted:copilot": 0}
    bar = filters.read(workspace, QueryDict("stratum=pasted&assistant=pasted:copilot"))
    assert not bar.problems
    assert [choice.label for choice in bar.assistants] == ["ChatGPT, pasted", "Copilot, pasted"]
    assert [choice.label for choice in bar.strata] == ["Pasted answers"]
    assert not run_queries.runs(workspace).exists()


def test_reading_again_and_another_zone_keep_day_and_citations(workspace: Workspace) -> None:
    keep(workspace, copied(workspace))
    make_brand(workspace, name="Inkwell")
    reading.recompute(workspace=workspace)
    current = reading.ensure_current(workspace=workspace)
    cited = ResponseSource.objects.for_workspace(workspace).filter(extraction=current, cited=True)
    assert [source.spans for source in cited] == [[[21, 24]]]
    workspaces.save_settings(workspace=workspace, name=workspace.name, time_zone="America/New_York")
    assert Run.objects.for_workspace(workspace).get().day == DAY


def test_nobody_offers_pages_as_an_assistant_to_ask() -> None:
    assert "pasted" not in dict(assistants.choices())
    assert dict(assistants.surfaces())["pasted:perplexity"] == "Perplexity"
    assert assistants.label("pasted:grok") == "Grok, pasted"
    assert assistants.label("pasted:gone") == "gone, pasted"


# --- rows of files ---------------------------------------------------------------------------------------------------


def row(**fields: str) -> dict[str, str]:
    return {"prompt": "What about thing 0?", "assistant": "ChatGPT", "date": "2026-11-03", "answer": TEXT, **fields}


def as_csv(*rows: dict[str, str], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*answer_rows.REQUIRED, *answer_rows.OPTIONAL], delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def as_jsonl(*rows: Any) -> bytes:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (as_csv(row(), row(assistant="perplexity", country="de")), "csv"),
        (as_csv(row(), row(assistant="Perplexity, pasted", country="DE"), delimiter=";"), "csv"),
        (as_jsonl(row(), "", row(assistant="PERPLEXITY", country="de") | {"note": 3}), "jsonl"),
    ],
)
def test_both_kinds_of_file_are_read(data: bytes, kind: str) -> None:
    rows = list(answer_rows.read(data, kind))
    assert all(isinstance(one, AnswerRow) for one in rows)
    assert [(r.assistant, r.moment, r.answer, r.country) for r in rows if isinstance(r, AnswerRow)] == [
        ("pasted:chatgpt", DAY, TEXT, ""),
        ("pasted:perplexity", DAY, TEXT, "DE"),
    ]


def test_bad_rows_are_named_by_line_and_the_good_ones_stay() -> None:
    data = as_jsonl(
        row(), "{", "[1]", row(assistant="Alta"), row(date="3.11.2026"), row(answer=" "), row(country="Germany"), row()
    )
    found = list(answer_rows.read(data, "jsonl"))
    assert [one.line for one in found] == list(range(1, 9))
    assert [type(one) for one in found] == [AnswerRow, *[Flaw] * 6, AnswerRow]
    text = b'prompt,assistant,date,answer\nA?,ChatGPT,2026-11-03,good\n"B?,ChatGPT,2026-11-03,open\nC?,Grok,2026-11-03,'
    in_csv = list(answer_rows.read(text + b'"two\nlines"\nD?,Grok,2026-11-03,a,b\n', "csv"))
    assert [(one.line, type(one)) for one in in_csv] == [(2, AnswerRow), (3, Flaw), (4, AnswerRow), (6, Flaw)]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xff\x80\x81", b"question,answer\na,b"])
def test_a_file_that_is_no_table_is_refused_whole(data: bytes) -> None:
    with pytest.raises(Problem):
        list(answer_rows.read(data, "csv"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["csv", "jsonl"]))
def test_no_file_breaks_the_reading(data: bytes, kind: str) -> None:
    head = b"prompt,assistant,date,answer\n" if kind == "csv" else b""
    try:
        found = list(answer_rows.read(head + data, kind))
    except Problem:
        return
    assert [one.line for one in found] == sorted(one.line for one in found)


# --- the job ---------------------------------------------------------------------------------------------------------


def file_of(*rows: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile("answers.jsonl", as_jsonl(*rows))


def imported(workspace: Workspace, *rows: Any) -> Job:
    offer = pasted.offer(suite=prompt_of(workspace).suite, file=file_of(*rows))
    job = pasted.start_import(workspace=workspace, token=offer.token)
    jobs.run(job_id=job.pk)
    job.refresh_from_db()
    return job


@pytest.mark.django_db(transaction=True)
def test_a_file_twice_doubles_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "job", lambda job_id, *, needs_model: None)
    later = (timezone.now() + timedelta(days=9)).date().isoformat()
    rows = [row(), row(prompt="what about  THING 1?"), row(), row(prompt="Unknown?"), row(date=later)]
    first = imported(workspace, *rows)
    assert (first.status, first.done, first.total) == (JobStatus.DONE, 3, 3)
    assert first.result == first.result | {"answers_added": 2, "answers_there": 1, "refused": 2}
    assert [problem["where"] for problem in first.problems] == ["answers.jsonl, line 4", "answers.jsonl, line 5"]
    second = imported(workspace, *rows)
    assert second.result == second.result | {"answers_added": 0, "answers_there": 3, "refused": 2}
    assert Response.objects.for_workspace(workspace).count() == 2
    assert not uploads.path_of(first.input["uploads"][0]).exists()


@pytest.mark.django_db(transaction=True)
def test_an_import_of_answers_goes_on_and_counts_every_answer_once(
    workspace: Workspace, nudges: list[tuple[int, bool]], paused_at: Pausing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pasted, "BATCH", 2)
    rows = [row(answer=f"Fernwood writes best, the {number}th time.") for number in range(7)]
    offer = pasted.offer(suite=prompt_of(workspace).suite, file=file_of(*rows))
    job = pasted.start_import(workspace=workspace, token=offer.token)
    paused_at(job, 4)
    assert Response.objects.for_workspace(workspace).count() == 4 == job.result["answers_added"]
    again = resumed(job, nudges)
    assert Response.objects.for_workspace(workspace).count() == 7
    assert (again.result["answers_added"], again.result["answers_there"]) == (7, 0)
    assert {response.run.day for response in Response.objects.for_workspace(workspace)} == {DAY}


def test_an_offer_is_good_for_its_workspace_alone(workspace: Workspace) -> None:
    offer = pasted.offer(suite=prompt_of(workspace).suite, file=file_of(row()))
    for home, token in ((make_workspace(), offer.token), (workspace, offer.token + "x"), (workspace, "")):
        with pytest.raises(Problem, match="gone"):
            pasted.start_import(workspace=home, token=token)


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(workspace: Workspace) -> Client:
    browser = Client()
    browser.force_login(make_member(workspace, Role.EDITOR), backend="django.contrib.auth.backends.ModelBackend")
    return browser


def form(workspace: Workspace, **fields: Any) -> dict[str, Any]:
    prompt = prompt_of(workspace).pk
    return {"assistant": "pasted:chatgpt", "prompt": prompt, "day": "2026-11-03", "text": TEXT, "act": "keep", **fields}


def test_the_page_shows_what_is_read_before_anything_is_kept(client: Client, workspace: Workspace) -> None:
    url = reverse("answers_paste", args=[workspace.slug])
    looked = client.post(url, form(workspace, act="look"))
    page = looked.content.decode()
    assert looked.status_code == 200
    assert "Cited (1)" in page
    assert "by 1 mark: [1]" in page
    assert "In the list, not cited (1)" in page
    assert page.count("swatch") >= 2, "both brands"
    assert not Response.objects.for_workspace(workspace).exists()
    assert client.post(url, form(workspace)).status_code == 302
    assert client.post(url, form(workspace, text=TEXT.replace("\n", "\r\n"))).status_code == 302
    response = Response.objects.for_workspace(workspace).get()
    shown = client.get(reverse("answer", args=[workspace.slug, response.pk])).content.decode()
    assert "ChatGPT, pasted" in shown
    assert "ChatGPT, pasted" in client.get(reverse("answers", args=[workspace.slug])).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"assistant": "local"}, {"prompt": "0"}, {"day": "2200-01-01"}, {"text": " \n"}, {"country": "xyz"}],
)
def test_what_is_wrong_is_said_and_nothing_kept(client: Client, workspace: Workspace, wrong: dict[str, str]) -> None:
    answer = client.post(reverse("answers_paste", args=[workspace.slug]), form(workspace, **wrong))
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert not Response.objects.for_workspace(workspace).exists()


def test_a_file_is_looked_at_then_imported(
    client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge, "job", lambda job_id, *, needs_model: None)
    url = reverse("answers_import", args=[workspace.slug])
    suite = prompt_of(workspace).suite_id
    looked = client.post(url, {"suite": suite, "file": file_of(row(), row(prompt="Unknown?"))})
    page = looked.content.decode()
    assert "1 answer ready" in page
    assert "has no prompt “Unknown?”" in page
    assert not Response.objects.for_workspace(workspace).exists()
    started = client.post(url, {"token": looked.context["offered"].token})
    job = Job.objects.for_workspace(workspace).get()
    assert started["Location"] == reverse("job", args=[workspace.slug, job.pk])
    jobs.run(job_id=job.pk)
    ended = client.get(started["Location"]).content.decode()
    assert "New answers" in ended
    assert "See pasted answers" in ended
    assert client.post(url, {"token": "made up"}, follow=True).content.decode().count("gone") == 1
    assert client.post(url, {"suite": suite, "file": SimpleUploadedFile("a.pdf", b"x")}).status_code == 422


def test_without_prompts_the_pages_say_what_to_do(client: Client, workspace: Workspace) -> None:
    Prompt.objects.for_workspace(workspace).update(archived_at=timezone.now())
    for name in ("answers_paste", "answers_import"):
        page = client.get(reverse(name, args=[workspace.slug])).content.decode()
        assert "Go to prompts" in page
        assert "<textarea" not in page
