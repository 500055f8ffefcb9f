"""Share links: whoever has one sees that report and nothing else, until it ends."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitor.models import Panel, Prompt, Role, SavedReport, ShareLink
from monitor.services import saved_reports, share_links
from monitor.services.errors import Problem
from tests.factories import make_member
from tests.factories_history import History, make_history
from tests.monitor.test_saved_reports import FIELDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch) -> History:
    """Its days are those that the report of today shows."""
    monkeypatch.setattr("tests.factories_history.LAST_DAY", timezone.now().date() - timedelta(days=1))
    return make_history(days=6, prompts=11, repeats=1)


@pytest.fixture
def report(history: History) -> SavedReport:
    return saved_reports.save(workspace=history.workspace, report=None, fields=FIELDS | {"name": "For the board"})


def make(report: SavedReport, **fields: Any) -> share_links.NewLink:
    return share_links.make(report=report, **{"name": "Board", "days": 30, "texts": False, **fields})


def opened(token: str) -> Any:
    return Client().get(f"/share/{token}/")


def test_a_stranger_sees_the_figures_and_nothing_that_leads_inside(history: History, report: SavedReport) -> None:
    page = opened(make(report).token)
    text = page.content.decode()
    assert page.status_code == 200
    assert "For the board" in text and "Fernwood" in text and "reviews.example" in text
    assert "/w/" not in text and history.workspace.slug not in text, "no address of the workspace"
    assert not any(prompt.text in text for prompt in history.prompts)
    for member_only in ("Sign out", "Panels &amp; runs", 'aria-label="Pages"'):
        assert member_only not in text


def test_prompts_are_shown_where_the_link_says_so(history: History, report: SavedReport) -> None:
    text = opened(make(report, texts=True).token).content.decode()
    assert all(prompt.text in text for prompt in history.prompts)


def test_nobody_keeps_or_finds_the_page(report: SavedReport) -> None:
    page = opened(make(report).token)
    assert "no-store" in page["Cache-Control"] and "private" in page["Cache-Control"]
    assert page["X-Robots-Tag"] == "noindex, nofollow" and b'name="robots" content="noindex' in page.content
    assert page["Referrer-Policy"] == "no-referrer"


def test_of_the_token_only_the_hash_is_kept(report: SavedReport) -> None:
    one, other = make(report), make(report)
    assert one.token != other.token and len(one.token) >= 43
    row = ShareLink.objects.filter(pk=one.link.pk).values()[0]
    assert row["sha256"] == hashlib.sha256(one.token.encode()).hexdigest()
    assert one.token not in str(row)


def test_how_often_it_was_opened_is_told(history: History, report: SavedReport) -> None:
    made = make(report)
    before = timezone.now()
    for _ in range(2):
        opened(made.token)
    made.link.refresh_from_db()
    assert made.link.opened == 2 and made.link.opened_at and made.link.opened_at >= before
    client = Client()
    client.force_login(make_member(history.workspace))
    assert b">2</td>" in client.get(f"/w/{history.workspace.slug}/reports/{report.pk}/").content


def test_what_is_over_shows_nothing_and_says_why(history: History, report: SavedReport) -> None:
    expired, revoked = make(report, days=1), make(report)
    ShareLink.objects.filter(pk=expired.link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert share_links.revoke(link=revoked.link)
    assert not share_links.revoke(link=revoked.link)
    for token, status, words in (
        (expired.token, 410, "has expired"),
        (revoked.token, 410, "was revoked"),
        ("x" * 43, 404, "There is no such link"),
        (revoked.link.sha256, 404, "There is no such link"),
    ):
        page = opened(token)
        assert page.status_code == status and words in page.content.decode()
        assert "Fernwood" not in page.content.decode() and "For the board" not in page.content.decode()
        assert page["X-Robots-Tag"] == "noindex, nofollow" and "no-store" in page["Cache-Control"]
    expired.link.refresh_from_db()
    assert expired.link.opened == 0


def test_a_link_without_end_has_none(report: SavedReport) -> None:
    assert make(report, days=None).link.expires_at is None


def test_a_deleted_report_takes_its_links_along(report: SavedReport) -> None:
    made = make(report)
    saved_reports.delete(report=report)
    saved_reports.delete(report=report)
    assert opened(made.token).status_code == 404


def test_a_filter_that_no_longer_holds_is_not_widened(history: History) -> None:
    fields = FIELDS | {"filter": {"panel": [str(history.panel.pk)]}}
    made = make(saved_reports.save(workspace=history.workspace, report=None, fields=fields))
    assert opened(made.token).status_code == 200
    Panel.objects.for_workspace(history.workspace).update(archived_at=timezone.now())
    page = opened(made.token)
    assert page.status_code == 410 and b"Fernwood" not in page.content


def test_another_workspace_is_never_in_it(history: History, report: SavedReport) -> None:
    other = make_history(days=2, prompts=3)
    Prompt.objects.for_workspace(other.workspace).filter(pk=other.prompts[0].pk).update(text="What do the others ask?")
    text = opened(make(report, texts=True).token).content.decode()
    assert "What do the others ask?" not in text and other.workspace.name not in text


def test_it_takes_few_queries_however_much_there_is(history: History, report: SavedReport) -> None:
    token = make(report, texts=True).token
    opened(token)
    with CaptureQueriesContext(connection) as queries:
        opened(token)
    assert len(queries) < 45


def test_one_that_is_opened_without_end_is_held_back(report: SavedReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_links, "MOST_A_MINUTE", 2)
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    token = make(report).token
    assert [opened(token).status_code for _ in range(3)] == [200, 200, 429]


def test_the_link_is_shown_once(history: History, report: SavedReport) -> None:
    client = Client()
    client.force_login(make_member(history.workspace, Role.EDITOR))
    address = f"/w/{history.workspace.slug}/reports/{report.pk}/"
    page = client.post(f"{address}share/", {"name": "Board", "days": "7"})
    link = page.context["new_link"]
    assert link.startswith("http://testserver/share/") and link in page.content.decode()
    assert Client().get(link).status_code == 200
    assert link not in client.get(address).content.decode()
    left = ShareLink.objects.for_workspace(history.workspace).get().expires_at - timezone.now()  # type: ignore[operator]
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


@pytest.mark.parametrize("fields", [{"days": 0}, {"days": 5000}, {"name": "x" * 81}])
def test_what_no_link_can_be_is_refused(report: SavedReport, fields: dict[str, Any]) -> None:
    with pytest.raises(Problem):
        make(report, **fields)
