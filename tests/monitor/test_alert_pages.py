"""The pages of alerts: what was told, seen and unseen again; rules made by one click or by the form and its preview."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from monitor.models import (
    Alert,
    AlertRecipient,
    AlertRule,
    Brand,
    Digest,
    Mail,
    MailStatus,
    Membership,
    Role,
    Workspace,
)
from monitor.models.alerts import READY_MADE
from monitor.queries import alerts as queries
from monitor.services import alert_rules
from tests.factories import make_brand, make_member, make_workspace
from tests.factories_history import LAST_DAY, make_history
from tests.monitor.test_alert_findings import NOW, rule_for
from tests.world import AS_PART

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day of the last run."""
    monkeypatch.setattr(queries.timezone, "now", lambda: NOW)


def signed_in(workspace: Workspace, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_member(workspace, role))
    return client


def told(workspace: Workspace, number: int = 1) -> list[Alert]:
    rule = rule_for(workspace, "silence", name="Silence")
    return [
        Alert.objects.create(
            workspace=workspace,
            rule=rule,
            subject=f"missed {each}",
            starts_on=LAST_DAY,
            ends_on=LAST_DAY,
            words=f"Panel {each} was silent.",
            page="panels",
        )
        for each in range(number)
    ]


def text_of(client: Client, name: str, workspace: Workspace, *ids: int, query: str = "") -> str:
    answer = client.get(reverse(name, args=[workspace.slug, *ids]) + query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def post(client: Client, route: str, workspace: Workspace, /, *ids: int, query: str = "", **data: Any) -> str:
    answer = client.post(reverse(route, args=[workspace.slug, *ids]) + query, data, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# --- what was told -----------------------------------------------------------------------------------------------


def test_alerts_are_marked_as_seen_and_unseen_again_by_the_message_that_tells_of_it() -> None:
    workspace = make_workspace()
    one, two = told(workspace, 2)
    client = signed_in(workspace, Role.EDITOR)
    page = text_of(client, "alerts", workspace)
    assert one.words in page and two.words in page and '2<span class="sr"> unseen alerts' in page
    said = post(client, "alerts_see", workspace, alert=[one.pk])
    assert "1 alert marked as seen." in said and one.words not in said and two.words in said
    said = post(client, "alerts_see", workspace, all="1")
    assert "1 alert marked as seen." in said and "Nothing unseen" in said
    undo = said.split('<form method="post" action="/w/')[1].split('"')[0].replace("&amp;", "&")
    assert f"/w/{undo}".startswith(reverse("alerts_unsee", args=[workspace.slug]))
    client.post(f"/w/{undo}")
    assert list(queries.unseen(workspace)) == [two]
    everything = text_of(client, "alerts", workspace, query="?show=all")
    assert one.words in everything and two.words in everything
    assert "Choose the alerts" in post(client, "alerts_see", workspace)
    assert "no moment" in post(client, "alerts_unsee", workspace, query="?at=soon")
    assert list(queries.unseen(workspace)) == [two]


def test_marking_names_no_other_workspaces_alerts() -> None:
    theirs, ours = make_workspace(), make_workspace()
    (alert,) = told(theirs)
    post(signed_in(ours), "alerts_see", ours, alert=[alert.pk])
    alert.refresh_from_db()
    assert alert.seen_at is None


def test_the_overview_shows_the_newest_unseen_and_every_page_how_many() -> None:
    history = make_history(days=2, prompts=2)
    alerts = told(history.workspace, 5)
    client = signed_in(history.workspace, Role.VIEWER)
    page = text_of(client, "overview", history.workspace)
    assert "5 unseen alerts" in page
    assert [alert.words in page for alert in alerts] == [False, False, True, True, True]
    assert "5 unseen" in text_of(client, "reports", history.workspace)


def test_the_list_takes_as_many_queries_for_fifty_as_for_one() -> None:
    workspace = make_workspace()
    client = signed_in(workspace)
    told(workspace)
    for name in ("alerts", "alert_rules"):
        with CaptureQueriesContext(connection) as one:
            text_of(client, name, workspace)
        told(workspace, 30)
        with CaptureQueriesContext(connection) as many:
            text_of(client, name, workspace)
        assert len(many) == len(one), name


def test_an_email_that_did_not_go_out_is_said_and_so_is_a_missing_mail_server(settings: Any) -> None:
    workspace = make_workspace()
    member = Membership.objects.for_workspace(workspace).get(user=make_member(workspace))
    Mail.objects.create(
        workspace=workspace,
        membership=member,
        address=member.user.email,
        kind="alerts",
        key="alert 1",
        status=MailStatus.FAILED,
        error="The mail server did not take it: 550 who?",
    )
    client = signed_in(workspace)
    page = text_of(client, "alerts", workspace)
    assert "550 who? It is not tried again." in page and member.user.email in page and "EMAIL_URL" not in page
    settings.EMAIL_HOST = ""
    for name in ("alerts", "alert_rules"):
        assert "No mail server is set up" in text_of(client, name, workspace)


# --- rules -------------------------------------------------------------------------------------------------------


def test_a_ready_made_rule_takes_one_click_and_is_made_once() -> None:
    workspace = make_workspace()
    client = signed_in(workspace, Role.EDITOR)
    assert "Tell me when" in text_of(client, "alerts", workspace)
    assert "Add it under Brands first" in post(client, "alert_rule_ready_made", workspace, kind="change")
    make_brand(workspace, name="Fernwood", kind="own")
    for kind in READY_MADE:
        for _ in range(2):
            assert "is on." in post(client, "alert_rule_ready_made", workspace, kind=kind)
    rules = AlertRule.objects.for_workspace(workspace)
    assert sorted(rules.values_list("kind", flat=True)) == sorted(READY_MADE)
    assert AlertRecipient.objects.for_workspace(workspace).count() == 5
    page = text_of(client, "alert_rules", workspace)
    assert "Fernwood: Mention rate; citation rate; 7 days against the 7 before" in page
    assert "A scheduled run has not completed in time" in page and "(6 h, more than 20 %)" in page
    assert "Choose one of the kinds" in post(client, "alert_rule_ready_made", workspace, kind="weather")


def test_who_asks_to_be_told_is_told_also_by_a_rule_that_is_there_and_off() -> None:
    workspace = make_workspace()
    rule = alert_rules.make_ready_made(
        workspace=workspace,
        kind="silence",
        for_member=Membership.objects.for_workspace(workspace).get(user=make_member(workspace)),
    )
    alert_rules.switch(rule=rule, on=False)
    client = signed_in(workspace, Role.EDITOR)
    for _ in range(2):
        assert "is on." in post(client, "alert_rule_ready_made", workspace, kind="silence")
    assert AlertRule.objects.for_workspace(workspace).get().is_on
    assert AlertRecipient.objects.for_workspace(workspace).filter(rule=rule).count() == 2


def test_a_ready_made_rule_is_offered_while_none_of_its_kind_is_on() -> None:
    workspace = make_workspace()
    client = signed_in(workspace, Role.EDITOR)

    def is_offered() -> bool:
        return 'name="kind" value="silence"' in text_of(client, "alert_rules", workspace)

    assert is_offered()
    own = rule_for(workspace, "silence", name="Nights alone")
    assert not is_offered()
    alert_rules.switch(rule=own, on=False)
    assert is_offered()
    assert reverse("alert_rule_new", args=[workspace.slug]) + "?kind=silence" in text_of(
        client, "alert_rules", workspace
    )


def test_the_overview_tells_a_prompt_that_was_won_from_a_rate_that_changed() -> None:
    workspace = make_history(days=10, prompts=12).workspace
    rule = rule_for(workspace, "citations", brand=make_brand(workspace, name="Arrow", kind="own"), watches=["won"])
    words = "Perplexity cites Arrow for “Which pen?”."
    about = {"subject": "won", "starts_on": LAST_DAY, "ends_on": LAST_DAY, "words": words, "page": "answers"}
    Alert.objects.create(workspace=workspace, rule=rule, **about)
    day = LAST_DAY - timedelta(days=4)
    page = text_of(signed_in(workspace), "overview", workspace, query=f"?from={day}&to={LAST_DAY}")
    link = f'<a href="/w/{workspace.slug}/answers/">Look at it'
    assert f'<span class="badge">One prompt</span> {words}</span> {link}' in page
    assert "how often a brand or domain is named or cited over all prompts of an assistant" in page
    assert "A prompt alone may have won or lost its citations all the same" in page


def form_data(brand: Brand, **fields: Any) -> dict[str, Any]:
    return {"name": "Ups and downs", "watches": ["mention"], "brand": brand.pk, "days": 7, "percent": 0, **fields}


@pytest.mark.usefixtures("noon")
def test_the_form_shows_what_a_rule_would_have_told_before_it_is_saved() -> None:
    history = make_history(days=14, shift_from=7)
    workspace, brand = history.workspace, history.brands[0]
    client = signed_in(workspace, Role.EDITOR)
    page = text_of(client, "alert_rule_new", workspace, query="?kind=change")
    assert "are being worked out" in page and reverse("alert_rule_preview", args=[workspace.slug]) in page
    address = reverse("alert_rule_preview", args=[workspace.slug])
    shown = client.get(address, {"kind": "change", **form_data(brand)}, headers=AS_PART).content.decode()
    assert "Fernwood is named in" in shown and "<strong>1 alert</strong>" in shown
    quiet = client.get(address, {"kind": "change", **form_data(brand, percent=90)}, headers=AS_PART).content.decode()
    assert "would have raised no alert" in quiet
    assert "Fill in the form" in client.get(address, {"kind": "change"}, headers=AS_PART).content.decode()
    assert "Fernwood is named in" in post(
        client, "alert_rule_new", workspace, query="?kind=change", preview="1", **form_data(brand)
    )
    assert not AlertRule.objects.for_workspace(workspace).exists()


@pytest.mark.parametrize("kind", list(READY_MADE))
def test_every_kind_has_a_form_that_saves_what_it_shows_and_nothing_else(kind: str) -> None:
    history = make_history(days=2, prompts=2)
    workspace = history.workspace
    client = signed_in(workspace, Role.EDITOR)
    answer = client.get(reverse("alert_rule_new", args=[workspace.slug]), {"kind": kind})
    form = answer.context["form"]
    data = {name: value for name, value in form.initial.items() if name in form.fields and value is not None}
    said = post(client, "alert_rule_new", workspace, query=f"?kind={kind}", **data)
    assert "is saved" in said
    rule = AlertRule.objects.for_workspace(workspace).get()
    assert (rule.kind, rule.name, rule.revision) == (kind, READY_MADE[kind]["name"], 1)
    again = client.get(reverse("alert_rule", args=[workspace.slug, rule.pk])).context["form"]
    data = {name: value for name, value in again.initial.items() if name in again.fields and value is not None}
    post(client, "alert_rule", workspace, rule.pk, **data)
    rule.refresh_from_db()
    assert rule.revision == 1, "nothing was changed"


def test_bad_input_says_what_is_wrong_and_keeps_what_was_typed() -> None:
    history = make_history(days=1, prompts=1)
    client = signed_in(history.workspace, Role.EDITOR)
    address = reverse("alert_rule_new", args=[history.workspace.slug]) + "?kind=change"
    data = form_data(history.brands[0], name=" \x00 ", watches=[], days=0)
    answer = client.post(address, data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose at least one thing to be told of." in page and "Write a whole number from 1 to 90." in page
    stranger = make_brand(make_workspace())
    assert client.post(address, form_data(stranger)).status_code == 422
    assert client.post(address, form_data(history.brands[0], name="n" * 121)).status_code == 422
    assert client.get(reverse("alert_rule_new", args=[history.workspace.slug]), {"kind": "weather"}).status_code == 404
    assert not AlertRule.objects.for_workspace(history.workspace).exists()


def test_two_people_editing_one_rule_lose_nothing() -> None:
    history = make_history(days=1, prompts=1)
    workspace, brand = history.workspace, history.brands[0]
    rule = rule_for(workspace, "change", brand=brand)
    address = reverse("alert_rule", args=[workspace.slug, rule.pk])
    mine, theirs = signed_in(workspace), signed_in(workspace)
    assert theirs.post(address, form_data(brand, name="Theirs", revision=1)).status_code == 302
    answer = mine.post(address, form_data(brand, name="Mine", revision=1))
    page = answer.content.decode()
    assert answer.status_code == 409 and "Somebody else changed this rule" in page and 'value="Mine"' in page
    assert AlertRule.objects.for_workspace(workspace).get().name == "Theirs"
    assert 'name="revision" value="2"' in page
    assert mine.post(address, form_data(brand, name="Mine", revision=2)).status_code == 302
    assert AlertRule.objects.for_workspace(workspace).get().name == "Mine"


def test_a_rule_is_turned_off_deleted_and_brought_back() -> None:
    workspace = make_workspace()
    rule = rule_for(workspace, "silence")
    client = signed_in(workspace, Role.EDITOR)
    assert "is off." in post(client, "alert_rule_switch", workspace, rule.pk, on="0")
    said = post(client, "alert_rule_delete", workspace, rule.pk)
    assert "is deleted. Its alerts stay." in said
    assert reverse("alert_rule_restore", args=[workspace.slug, rule.pk]) in said
    assert queries.rules(workspace) == []
    post(client, "alert_rule_restore", workspace, rule.pk)
    (row,) = queries.rules(workspace)
    assert not row.rule.is_on, "as it was"


def test_an_emails_link_leads_to_a_page_that_writes_nothing_by_itself_and_stops_what_is_asked() -> None:
    workspace = make_workspace()
    people = [make_member(workspace, role) for role in (Role.EDITOR, Role.VIEWER)]
    members = list(Membership.objects.for_workspace(workspace).filter(user__in=people))
    rule = rule_for(workspace, "silence", recipients=members)
    address = reverse("alert_rule_off", args=[workspace.slug, rule.pk])
    assert "/accounts/login/" in Client().get(address)["Location"]
    viewer = Client()
    viewer.force_login(people[1])
    page = viewer.get(address).content.decode()
    assert "Stop writing to me" in page and "Turn this rule" not in page
    for _ in range(2):
        assert viewer.post(address).status_code == 302
    (left,) = AlertRecipient.objects.for_workspace(workspace)
    assert left.membership.user == people[0]
    assert "Stop writing to me" not in viewer.get(address).content.decode()
    editor = Client()
    editor.force_login(people[0])
    assert "Turn this rule off" in editor.get(address).content.decode()
    assert AlertRule.objects.for_workspace(workspace).get().is_on


def test_everybody_chooses_their_own_digest() -> None:
    workspace = make_workspace()
    client, other = signed_in(workspace, Role.VIEWER), make_member(workspace)
    assert "Every Monday at 09:00 you get a digest." in post(
        client, "alerts_digest", workspace, digest="weekly", hour="9"
    )
    chosen = Membership.objects.for_workspace(workspace).exclude(user=other).get()
    assert (chosen.digest, chosen.digest_hour) == (Digest.WEEKLY, 9) and chosen.digest_from
    assert Membership.objects.for_workspace(workspace).get(user=other).digest == Digest.NONE
    assert "Choose how often" in post(client, "alerts_digest", workspace, digest="hourly", hour="25")
    assert "You get no digest." in post(client, "alerts_digest", workspace, digest="none", hour="9")
