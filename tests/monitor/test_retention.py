"""Raw payloads go when their time is over; answers, sources and figures stay, and history can still be read again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor import extract
from monitor.models import (
    Body,
    Job,
    JobKind,
    Mention,
    Pointers,
    Prompt,
    Response,
    ResponseSource,
    Role,
    Trigger,
    Workspace,
)
from monitor.queries import measuring
from monitor.queries.filters import Filter, Period
from monitor.services import jobs, nudge, pasted, reading, retention
from monitor.services.errors import Problem
from monitor.tasks import tick
from tests.factories import make_brand, make_member, make_suite, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)

AGES = (400, 40, 29, 0)
FIELDS = {"name": "Team", "time_zone": "UTC", "body_retention_days": "30"}


@pytest.fixture
def workspace() -> Workspace:
    """Four answers, as many days old as AGES says."""
    made = make_workspace(name="Team")
    make_brand(made, name="Fernwood", kind="own")
    suite = make_suite(made, prompts=len(AGES))
    copied = [
        pasted.Copied(
            prompt=prompt,
            assistant="pasted:chatgpt",
            text=f"Fernwood writes best [1].\n\nSources\n[1] https://fernwood.example/{number}",
            moment=date(2026, 11, 3 + number),
        )
        for number, prompt in enumerate(Prompt.objects.for_workspace(made).filter(suite=suite).order_by("pk"))
    ]
    pasted.store(workspace=made, copied=copied, trigger=Trigger.PASTE)
    for body, age in zip(Body.objects.for_workspace(made).order_by("attempt__response__prompt"), AGES, strict=True):
        Body.objects.for_workspace(made).filter(pk=body.pk).update(
            created_at=timezone.now() - timedelta(days=age, hours=1)
        )
    return made


def read(workspace: Workspace) -> list[tuple[Any, ...]]:
    """What was read from the answers."""
    sources = ResponseSource.objects.for_workspace(workspace).values_list("response", "url", "cited", "spans")
    mentions = Mention.objects.for_workspace(workspace).values_list("response", "start", "end")
    return [*sources.order_by("response", "url"), *mentions.order_by("response", "start")]


def bodies(workspace: Workspace) -> int:
    return Body.objects.for_workspace(workspace).count()


def test_without_a_limit_all_stay(workspace: Workspace) -> None:
    assert not retention.has_work() and retention.work() == 0
    assert bodies(workspace) == len(AGES)


def test_what_is_too_old_goes_in_batches_and_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    other = make_workspace()
    before = read(workspace)
    retention.keep_for(workspace=workspace, days=30)
    retention.keep_for(workspace=other, days=7)
    assert retention.overdue(workspace=workspace, days=30) == 2
    assert retention.has_work() and retention.work() == 2
    assert not retention.has_work() and retention.work() == 0
    assert (bodies(workspace), retention.answered(workspace=workspace, kept=False).count()) == (2, 2)
    assert read(workspace) == before and Response.objects.for_workspace(workspace).count() == len(AGES)


def test_a_worker_that_is_to_stop_stops(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    retention.keep_for(workspace=workspace, days=7)
    turns = iter([True, False])
    assert retention.work(keep_going=lambda: next(turns)) == 1


def test_history_read_again_keeps_the_sources_and_says_how_many(workspace: Workspace) -> None:
    retention.keep_for(workspace=workspace, days=30)
    retention.work()
    before = read(workspace)
    jobs.start_once(workspace=workspace, kind=JobKind.RECOMPUTE)
    job = Job.objects.for_workspace(workspace).latest("pk")
    jobs.run(job_id=job.pk)
    job.refresh_from_db()
    assert job.result["as_read"] == 2
    assert read(workspace) == before


def test_where_older_rules_read_the_sources_a_break_is_marked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> list[measuring.Break]:
        extraction = Pointers.objects.get(workspace=workspace).extraction
        assert extraction is not None
        return measuring.breaks(workspace, extraction, Filter(Period(date(2026, 11, 1), date(2026, 11, 20)))).get(
            "", []
        )

    retention.keep_for(workspace=workspace, days=30)
    retention.work()
    reading.recompute(workspace=workspace)
    assert breaks() == [], "the same rules read all"
    monkeypatch.setattr(extract, "RULE_VERSION", "another")
    for _ in range(2):
        reading.recompute(workspace=workspace)
        assert breaks() == [measuring.Break(date(2026, 11, 5), "sources read by newer rules")]


def test_the_beat_wakes_a_worker_for_it(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(nudge, "_send", lambda task, *_: sent.append(task))
    tick()
    assert "monitor.tasks.drop_payloads" not in sent
    retention.keep_for(workspace=workspace, days=30)
    tick()
    assert "monitor.tasks.drop_payloads" in sent


@pytest.mark.parametrize("days", [0, 6, 3651, -1])
def test_other_times_are_refused(workspace: Workspace, days: int) -> None:
    with pytest.raises(Problem, match="7 to 3,650"):
        retention.keep_for(workspace=workspace, days=days)


def test_the_form_asks_before_anything_is_lost(workspace: Workspace, client: Client) -> None:
    client.force_login(make_member(workspace, Role.OWNER))
    url = reverse("settings", args=[workspace.slug])
    assert "Delete the older ones" not in client.get(url).content.decode()
    asked = client.post(url, FIELDS | {"name": "Renamed"})
    assert asked.status_code == 422 and "2 raw payloads are older than that" in asked.content.decode()
    workspace.refresh_from_db()
    assert (workspace.name, workspace.body_retention_days) == ("Team", None)
    assert client.post(url, FIELDS | {"delete_older": "on"}).status_code == 302
    workspace.refresh_from_db()
    assert workspace.body_retention_days == 30
    retention.work()
    # nothing more would be lost, so nothing is asked; and emptied it keeps all
    assert client.post(url, FIELDS).status_code == 302
    assert client.post(url, FIELDS | {"body_retention_days": ""}).status_code == 302
    workspace.refresh_from_db()
    assert workspace.body_retention_days is None
    too_few = client.post(url, FIELDS | {"body_retention_days": "3"})
    assert too_few.status_code == 422 and "from 7 to 3,650" in too_few.content.decode()


def test_pages_say_what_is_gone(workspace: Workspace, client: Client) -> None:
    retention.keep_for(workspace=workspace, days=30)
    retention.work()
    client.force_login(make_member(workspace, Role.VIEWER))
    oldest = Response.objects.for_workspace(workspace).order_by("prompt")[0]
    assert "time of keeping" in client.get(reverse("answer_raw", args=[workspace.slug, oldest.pk])).content.decode()
    assert "kept for 30 days" in client.get(reverse("settings", args=[workspace.slug])).content.decode()


def test_the_same_answer_is_not_kept_twice_for_want_of_its_payload(workspace: Workspace) -> None:
    retention.keep_for(workspace=workspace, days=7)
    retention.work()
    prompt = Response.objects.for_workspace(workspace).order_by("prompt")[0].prompt
    again = pasted.Copied(
        prompt=prompt,
        assistant="pasted:chatgpt",
        text="Fernwood writes best [1].\n\nSources\n[1] https://fernwood.example/0",
        moment=date(2026, 11, 3),
    )
    assert pasted.store(workspace=workspace, copied=[again], trigger=Trigger.PASTE).there == 1
    assert reading.recompute(workspace=workspace) is not None
