"""Every URL has an access rule, and the rule holds: for each role, by GET and POST, and against other workspaces.

The routes are read from the product itself, so a new one is tested, or fails for want of an object, by being there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from monitor.models import (
    Alert,
    AlertRule,
    Brand,
    Correction,
    Membership,
    Page,
    PageVersion,
    Panel,
    Persona,
    Pointers,
    Prompt,
    PromptIdea,
    Response,
    Role,
    SavedReport,
    SavedView,
    Suite,
    User,
    Workspace,
    WorkspaceModel,
)
from monitor.services import workspaces
from tests.world import AS_PART, PARTS, Route, World, make_world, routes

pytestmark = pytest.mark.django_db

OURS = [route for route in routes() if route.is_ours]
OF_WORKSPACES = [route for route in OURS if route.rule and route.rule.kind == "workspace"]
#: What a GET must carry to be answered with a page.
QUERIES = {
    "report_download": {"format": "csv"},
    "schedule_preview": {"schedule": "0 6 * * *", "time_zone": "UTC"},
}


def _panel(world: World) -> dict[str, Any]:
    panel = world.history.panel
    return {
        "name": "Weekly",
        "suite": panel.suite_id,
        "assistants": ["local"],
        "repeats": 2,
        "schedule": "",
        "time_zone": "UTC",
        "revision": panel.revision,
    }


def _rule(world: World) -> dict[str, Any]:
    brand = world.history.brands[0].pk
    return {"name": "Up or down", "watches": ["mention"], "brand": brand, "days": 7, "percent": 0, "revision": 1}


#: What a POST must carry to be taken; all others need nothing.
FORMS: dict[str, Callable[[World], dict[str, Any]]] = {
    "alert_rule": _rule,
    "alert_rule_new": _rule,
    "alert_rule_ready_made": lambda world: {"kind": "silence"},
    "alerts_digest": lambda world: {"digest": "weekly", "hour": 8},
    "answers_import": lambda world: {
        "suite": world.history.panel.suite_id,
        "file": SimpleUploadedFile(
            "answers.csv",
            b"prompt,assistant,date,answer\n%s,ChatGPT,2026-11-20,Fernwood\n" % world.history.prompts[0].text.encode(),
        ),
    },
    "answers_paste": lambda world: {
        "assistant": "pasted:chatgpt",
        "prompt": world.history.prompts[0].pk,
        "day": "2026-11-20",
        "text": "Fernwood is best.",
        "act": "keep",
    },
    "answer_correct": lambda world: {
        "brand": world.correction.brand_id,
        "start": world.correction.start,
        "end": world.correction.end,
        "what": "sentiment",
        "value": "neutral",
    },
    "ask": lambda world: {"text": "Which pen is best?"},
    "brand": lambda world: {"name": "Fernwood", "kind": "own", "colour": 0},
    "brand_new": lambda world: {"name": "Inkwell", "kind": "competitor"},
    "brand_new_try": lambda world: {"name": "Inkwell", "kind": "competitor"},
    "brand_try": lambda world: {"name": "Fernwood", "kind": "own", "colour": 0},
    "credential_limits": lambda world: {f"limits-{world.credential.pk}-max_in_flight": 8},
    "credential_save": lambda world: {"assistant": "openai", "openai-api_key": "a key that is long enough"},
    "crawl_new": lambda world: {"url": "pens.example", "pages": 20, "depth": 2},
    "month_budget": lambda world: {"limit": "12.50"},
    "panel_budget": lambda world: {"limit": ""},
    "price_save": lambda world: {"assistant": "openai", "model": "gpt-9", "input": "1"},
    "member_role": lambda world: {"role": "editor"},
    "members_add": lambda world: {"email": "new@people.example", "role": "viewer"},
    "pages_import": lambda world: {
        "files": SimpleUploadedFile("a.html", b"<p>Pens</p>"),
        "url": "https://a.example/pens",
    },
    "panel_edit": _panel,
    "panel_new": _panel,
    "prompt": lambda world: {"text": "Which pen lasts?", "tags": ""},
    "prompts_add": lambda world: {"mode": "lines", "lines": "Which ink dries fast?", "tags": ""},
    "prompts_archive": lambda world: {"prompt": [world.history.prompts[0].pk]},
    "prompts_restore": lambda world: {"prompt": [world.history.prompts[0].pk]},
    "report_settings": lambda world: {"name": "Pens & Partners", "accent": "#7a1f3d"},
    **dict.fromkeys(
        ("saved_report_new", "saved_report_edit"),
        lambda world: {"name": "Another report", "period": "28", "formats": ["pdf"], "schedule": ""},
    ),
    "share_new": lambda world: {"name": "The board", "days": "30"},
    "settings": lambda world: {"name": "Renamed", "time_zone": "Europe/Berlin"},
    "suite_edit": lambda world: {"name": "Pens and ink"},
    "suite_new": lambda world: {"name": "Ink"},
    "workspace_delete": lambda world: {"typed": world.workspace.name},
}


#: The cookies of everybody who is signed in, by user.
SESSIONS: dict[int, str] = {}


@pytest.fixture(scope="module")
def worlds(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[World, World]]:
    """Two workspaces with a row behind every URL, made once; each request below is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        pair = tuple(make_world(workspaces.create(name=name, owners=[], is_demo=True)) for name in ("Home", "Away"))
        for user in (*pair[0].people.values(), *pair[1].people.values()):
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            SESSIONS[user.pk] = client.cookies.output(header="")
        _told_apart(pair[1])
        yield pair[0], pair[1]
        transaction.set_rollback(True)


def client_of(user: Any) -> Client:
    client = Client()
    if user is not None:
        client.cookies.load(SESSIONS[user.pk])
    return client


def send(user: Any, method: str, url: str, data: dict[str, Any] | None = None) -> HttpResponse:
    """One request, and nothing of what it did stays."""
    given = (data,) if method == "GET" else (data or {},) if method == "POST" else ()
    headers = AS_PART if resolve(url).url_name in PARTS else None
    with transaction.atomic():
        response: Any = getattr(client_of(user), method.lower())(url, *given, headers=headers)
        transaction.set_rollback(True)
    return response  # type: ignore[no-any-return]


def payload(route: Route, method: str, world: World) -> dict[str, Any] | None:
    if method == "GET":
        return QUERIES.get(route.name)
    return FORMS[route.name](world) if route.name in FORMS else None


def ids(route: Route) -> str:
    return route.name


def test_every_view_of_ours_declares_its_rule_and_has_a_name() -> None:
    assert [route.pattern for route in OURS if route.rule is None or not route.name] == []
    assert {route.name for route in OF_WORKSPACES} >= {"overview", "answers", "panels", "engine", "reports", "settings"}


def test_only_workspace_rules_stand_below_a_workspace() -> None:
    for route in OURS:
        assert ("workspace" in route.arguments) == (route.rule.kind == "workspace"), route.pattern


def test_other_packages_bring_only_pages_of_accounts() -> None:
    assert {route.view.__module__.split(".")[0] for route in routes()} <= {"monitor", "allauth", "django"}
    foreign = [route for route in routes() if not route.is_ours]
    assert [route.pattern for route in foreign if not route.pattern.startswith(("accounts/", "static/"))] == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", OF_WORKSPACES, ids=ids)
def test_the_rule_holds_for_every_role_and_every_stranger(
    worlds: tuple[World, World], route: Route, method: str
) -> None:
    home, away = worlds
    lowest: Role | None = route.rule.read if method == "GET" else route.rule.write
    url, data = home.url(route), payload(route, method, home)

    anonymous = send(None, method, url, data)
    assert anonymous.status_code == 302 and "/accounts/login/" in anonymous["Location"]
    for role in Role:
        assert send(away.people[role], method, url, data).status_code == 404, f"a stranger, {role.value} elsewhere"

    for role in Role:
        status = send(home.people[role], method, url, payload(route, method, home)).status_code
        if lowest is None:
            assert status == 405, role
        elif role.rank < lowest.rank:
            assert status == 403, role
        else:
            assert 200 <= status < 400, f"{role.value} got {status}"

    if route.needs_object and lowest is not None:
        foreign = away.url_about(route, home)
        assert send(away.people[Role.OWNER], method, foreign, data).status_code == 404, "own address, foreign row"


@pytest.mark.parametrize("route", [r for r in OURS if r.name in PARTS], ids=ids)
def test_a_part_of_a_page_leads_to_its_page_when_it_is_opened_alone(worlds: tuple[World, World], route: Route) -> None:
    home, _ = worlds
    client = client_of(home.people[Role.OWNER])
    response = client.get(home.url(route), {"kind": "silence"}, follow=True)
    assert response.status_code == 200 and response.resolver_match.url_name == PARTS[route.name]
    assert response.redirect_chain[0][0].endswith("?kind=silence")


@pytest.mark.parametrize("route", OURS, ids=ids)
def test_methods_that_no_page_knows_are_refused_and_told_which_it_does(
    worlds: tuple[World, World], route: Route
) -> None:
    home, _ = worlds
    for method in ("OPTIONS", "PUT", "PATCH", "DELETE"):
        refused = send(home.people[Role.OWNER], method, home.url(route))
        assert refused.status_code == 405, method
        known = refused["Allow"].split(", ")
        assert set(known) <= {"GET", "HEAD", "POST"}
        if route.rule.kind == "workspace":
            assert ("GET" in known, "POST" in known) == (bool(route.rule.read), bool(route.rule.write))


@pytest.mark.parametrize("route", [r for r in OF_WORKSPACES if r.rule.read], ids=ids)
def test_looking_writes_nothing(worlds: tuple[World, World], route: Route) -> None:
    home, _ = worlds
    client = client_of(home.people[Role.OWNER])
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            client.get(home.url(route), QUERIES.get(route.name), headers=AS_PART if route.name in PARTS else None)
        transaction.set_rollback(True)
    writes = [q["sql"] for q in queries if re.match(r"\s*(INSERT|UPDATE|DELETE)", q["sql"], re.IGNORECASE)]
    assert writes == []


#: No id, no day and nothing that PostgreSQL can hold: what nobody types and some send.
ODD = ("²", "9" * 30, "a\x00b", "2026-02-30")
PARAMETERS = (
    *("page", "q", "state", "show", "from", "to", "panel", "assistant", "stratum", "tag", "brand", "compare", "run"),
    *("prompt", "suite", "with", "answer", "figure", "source", "retrieved", "domain", "kind", "sort", "measure", "ids"),
)


@pytest.mark.parametrize("route", [r for r in OF_WORKSPACES if r.rule.read], ids=ids)
def test_odd_parameters_break_no_page(worlds: tuple[World, World], route: Route) -> None:
    home, _ = worlds
    for odd in ODD:
        asked = {**dict.fromkeys(PARAMETERS, odd), **QUERIES.get(route.name, {})}
        assert send(home.people[Role.OWNER], "GET", home.url(route), asked).status_code < 500, odd


@pytest.mark.parametrize("route", [r for r in OF_WORKSPACES if r.rule.write], ids=ids)
def test_odd_fields_break_no_form(worlds: tuple[World, World], route: Route) -> None:
    home, _ = worlds
    for odd in ODD:
        sent = {**dict.fromkeys((*PARAMETERS, "alert", "idea", "draws", "seen", "review", "query", "at"), odd)}
        for name, value in (payload(route, "POST", home) or {}).items():
            fields = sent | (payload(route, "POST", home) or {}) | ({name: odd} if isinstance(value, str | int) else {})
            assert send(home.people[Role.OWNER], "POST", home.url(route), fields).status_code < 500, (name, odd)
        assert send(home.people[Role.OWNER], "POST", home.url(route), sent).status_code < 500, odd


@pytest.mark.parametrize("route", [r for r in OURS if r.rule and r.rule.kind != "workspace"], ids=ids)
def test_pages_outside_workspaces_ask_for_the_login_unless_public(worlds: tuple[World, World], route: Route) -> None:
    home, _ = worlds
    url = home.url(route)
    anonymous = send(None, "GET", url)
    if route.rule.kind == "public":
        assert anonymous.status_code == 200
    else:
        assert anonymous.status_code == 302 and "/accounts/login/" in anonymous["Location"]
        assert send(home.people[Role.VIEWER], "GET", url).status_code < 400


# --- another workspace's rows in fields and parameters ---------------------------------------------------------------

SECRET = "Of somebody else"
#: Texts by which another workspace's rows would be known wherever they were shown.
TOLD: tuple[tuple[type[WorkspaceModel], str], ...] = (
    *((Brand, "name"), (Prompt, "text"), (Suite, "name"), (Panel, "name"), (Persona, "name"), (SavedView, "name")),
    *((Page, "url"), (PageVersion, "text"), (PageVersion, "title"), (Response, "text"), (Response, "prompt_text")),
    *((SavedReport, "name"), (AlertRule, "name"), (Alert, "words"), (PromptIdea, "text"), (Correction, "text")),
)


def _told_apart(world: World) -> None:
    for model, column in TOLD:
        rows = model.objects.for_workspace(world.workspace)
        for pk in rows.values_list("pk", flat=True):
            rows.filter(pk=pk).update(**{column: f"{SECRET} {pk}"})


def _foreign(world: World) -> dict[str, Any]:
    """Every parameter and field that names a row, with a row of this world."""
    return {
        **dict.fromkeys(("panel", "panels"), world.history.panel.pk),
        **dict.fromkeys(("brand", "brands"), world.history.brands[0].pk),
        **dict.fromkeys(("answer", "with", "response", "of"), world.response.pk),
        "prompt": world.history.prompts[0].pk,
        "suite": world.history.panel.suite_id,
        "run": world.history.runs[-1].pk,
        "persona": world.persona.pk,
        "review": world.review.pk,
        "page": world.page.pk,
        "job": world.job.pk,
        "ids": world.history.prompts[0].pk,
        "alert": Alert.objects.for_workspace(world.workspace)[0].pk,
        "idea": PromptIdea.objects.for_workspace(world.workspace)[0].pk,
    }


#: What no form has: who sets it would be somewhere else, or somebody else.
ASSIGNED = {
    **dict.fromkeys(("id", "pk", "user", "by", "made_by"), 1),
    **dict.fromkeys(("is_staff", "is_superuser", "is_demo"), "on"),
    "role": "owner",
    "status": "answered",
    "slug": "taken",
    "token_hash": "0" * 64,
    "archived_at": "",
}


def _rows(world: World) -> dict[str, str]:
    """A fingerprint of every table's rows of a workspace, and of the workspace itself."""
    tables = {model._meta.db_table: "workspace_id" for model in (*WorkspaceModel.__subclasses__(), Pointers)}
    each = (
        f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t WHERE {column} = %(pk)s"  # noqa: S608
        for table, column in {**tables, Workspace._meta.db_table: "id"}.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(each), {"pk": world.workspace.pk})
        return dict(cursor.fetchall())


@pytest.fixture(scope="module")
def untouched(worlds: tuple[World, World], django_db_blocker: Any) -> dict[str, str]:
    """The other workspace's rows as they are made, and stay."""
    with django_db_blocker.unblock():
        return _rows(worlds[1])


@pytest.mark.parametrize("route", [r for r in OF_WORKSPACES if r.rule.write], ids=ids)
def test_no_form_reaches_rows_of_another_workspace(
    worlds: tuple[World, World], untouched: dict[str, str], route: Route
) -> None:
    home, away = worlds
    owners = Membership.objects.for_workspace(home.workspace).filter(role=Role.OWNER)
    several, may_go = owners.count(), route.name in ("member_role", "workspace_delete", "demo_remove")
    for of in (home, away):
        with transaction.atomic():
            fields = ASSIGNED | dict.fromkeys(("workspace", "workspace_id"), away.workspace.pk) | _foreign(away)
            fields |= payload(route, "POST", of) or {}
            response: Any = client_of(home.people[Role.OWNER]).post(home.url(route), fields, follow=True)
            assert response.status_code < 500
            assert SECRET not in response.content.decode(errors="replace")
            assert _rows(away) == untouched
            assert may_go or owners.count() == several
            assert not User.objects.filter(Q(is_superuser=True) | Q(is_staff=True)).exists()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # keys of rows inside a workspace are composite
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            transaction.set_rollback(True)


@pytest.mark.parametrize("route", [r for r in OF_WORKSPACES if r.rule.read], ids=ids)
def test_no_parameter_shows_rows_of_another_workspace(worlds: tuple[World, World], route: Route) -> None:
    home, away = worlds
    shown = send(home.people[Role.OWNER], "GET", home.url(route), _foreign(away) | QUERIES.get(route.name, {}))
    assert shown.status_code < 500
    if not getattr(shown, "is_async", False):  # an answer's stream, which is of the address alone
        assert SECRET not in shown.getvalue().decode(errors="replace")
