"""From `/` to a workspace: the one last used, else the demo, else any of the visitor's."""

from __future__ import annotations

import pytest
from django.test import Client

from monitor.models import User, Workspace
from monitor.services import workspaces
from tests.factories import make_user, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return make_user()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def landing(client: Client) -> str:
    return str(client.get("/").headers["Location"])


def made(person: User, *names: str, is_demo: bool = False) -> list[Workspace]:
    return [workspaces.create(name=name, owners=[person], is_demo=is_demo) for name in names]


def test_a_first_login_lands_in_the_demo_and_without_one_in_a_workspace_of_ones_own(person: User) -> None:
    assert landing(signed_in(person)) == "/workspaces/new/"
    made(person, "Zebra", "Acme")
    assert landing(signed_in(person)) == "/w/acme/"
    made(person, "Show", is_demo=True)
    assert landing(signed_in(person)) == "/w/show/"


def test_later_ones_land_where_work_went_on_last(person: User) -> None:
    made(person, "Zebra", "Acme")
    client = signed_in(person)
    client.get("/w/zebra/brands/")
    assert landing(client) == "/w/zebra/"
    client.get("/w/acme/")
    cookie = client.cookies["workspace"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    again = signed_in(person)  # a later session of the same browser
    again.cookies["workspace"] = cookie.value
    assert landing(again) == "/w/acme/"


def test_a_workspace_that_is_not_ones_own_is_never_led_to(person: User) -> None:
    made(person, "Acme")
    foreign = make_workspace()
    client = signed_in(person)
    assert client.get(f"/w/{foreign.slug}/").status_code == 404
    assert "workspace" not in client.cookies
    client.cookies["workspace"] = foreign.slug
    assert landing(client) == "/w/acme/"
