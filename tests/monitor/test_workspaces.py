"""Workspaces through their service: names, members, time zones, and the end of one beside another."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.forms import default_token_generator
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from monitor.models import Job, JobKind, Membership, Role, Run, User, Workspace, WorkspaceModel
from monitor.services import workspaces
from monitor.services.errors import Problem
from tests.factories import make_member, make_user, make_workspace
from tests.world import make_world


@pytest.fixture
def owner(db: None) -> User:
    return make_user()


def test_slugs_are_readable_and_never_collide(owner: User) -> None:
    made = [workspaces.create(name=name, owners=[owner]) for name in ("Füllfeder & Co", "fullfeder co", "ペン")]
    assert [workspace.slug for workspace in made] == ["fullfeder-co", "fullfeder-co-2", "workspace"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_names_that_cannot_be_are_refused_in_words(owner: User, name: str) -> None:
    with pytest.raises(Problem):
        workspaces.create(name=name, owners=[owner])


def test_a_new_person_gets_a_link_and_a_known_one_does_not(owner: User) -> None:
    here, there = (workspaces.create(name=name, owners=[owner]) for name in ("Here", "There"))
    first = workspaces.invite(workspace=here, email=" Grace@Example.com", role=Role.VIEWER)
    assert first.key is not None and first.membership.user.email == "grace@example.com"
    # the link is lost before it was used: the same workspace may make another
    assert workspaces.invite(workspace=here, email="grace@example.com", role=Role.VIEWER).key is not None
    # but no second workspace may: its owner could open the account
    second = workspaces.invite(workspace=there, email="grace@example.com", role=Role.EDITOR)
    assert second.key is None and second.private_key is not None
    again = workspaces.invite(workspace=here, email="grace@example.com", role=Role.OWNER)
    assert again.key is None and again.private_key is not None
    assert again.membership.role == Role.VIEWER
    user = User.objects.get(email="grace@example.com")
    assert not default_token_generator.check_token(user, second.private_key[1])
    assert default_token_generator.check_token(user, again.private_key[1])
    user.set_password("a good long password")
    user.save()
    with pytest.raises(Problem, match="member already"):
        workspaces.invite(workspace=here, email="grace@example.com", role=Role.OWNER)


def test_a_link_from_a_team_that_was_left_dies_at_the_next_invitation(owner: User) -> None:
    here, there = (workspaces.create(name=name, owners=[owner]) for name in ("Here", "There"))
    first = workspaces.invite(workspace=here, email="grace@example.com", role=Role.VIEWER)
    assert first.key and default_token_generator.check_token(first.membership.user, first.key[1])
    workspaces.remove_member(membership=first.membership)
    second = workspaces.invite(workspace=there, email="grace@example.com", role=Role.VIEWER)
    user = User.objects.get(email="grace@example.com")
    assert not default_token_generator.check_token(user, first.key[1])
    assert second.key and default_token_generator.check_token(user, second.key[1])


def test_an_invitation_leaves_a_password_as_it_is(owner: User) -> None:
    grace = make_user()
    grace.set_password("correct horse battery")
    grace.save()
    here = workspaces.create(name="Here", owners=[owner])
    assert workspaces.invite(workspace=here, email=grace.email, role=Role.VIEWER).key is None
    assert User.objects.get(pk=grace.pk).check_password("correct horse battery")


def test_the_invitation_is_a_plain_letter_with_the_link(owner: User) -> None:
    invitation = workspaces.invite(
        workspace=workspaces.create(name="Fish & Chips", owners=[owner]), email="grace@example.com", role=Role.EDITOR
    )
    workspaces.send_invitation(invitation=invitation, link="https://host.example/a?b&c", invited_by=owner)
    (letter,) = mail.outbox
    assert "“Fish & Chips”" in letter.subject and letter.to == ["grace@example.com"]
    assert "https://host.example/a?b&c" in letter.body and "as editor" in letter.body


def test_a_workspace_keeps_its_last_owner(owner: User) -> None:
    workspace = workspaces.create(name="Team", owners=[owner])
    mine = Membership.objects.for_workspace(workspace).get()
    for act in (
        workspaces.remove_member,
        lambda membership: workspaces.change_role(membership=membership, role=Role.EDITOR),
    ):
        with pytest.raises(Problem, match="last owner"):
            act(membership=mine)
    other = workspaces.invite(workspace=workspace, email="b@example.com", role=Role.OWNER).membership
    workspaces.change_role(membership=mine, role=Role.VIEWER)
    workspaces.remove_member(membership=mine)
    assert list(Membership.objects.for_workspace(workspace)) == [other]


def test_a_changed_zone_moves_runs_to_its_days_and_counts_history_anew(owner: User) -> None:
    world = make_world(workspaces.create(name="Team", owners=[owner]))
    run = world.history.runs[-1]
    Run.objects.for_workspace(world.workspace).filter(pk=run.pk).update(
        slot_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    )
    assert workspaces.save_settings(workspace=world.workspace, name="Team", time_zone="Asia/Tokyo")
    run.refresh_from_db()
    assert run.day == date(2026, 11, 21)
    assert Job.objects.for_workspace(world.workspace).filter(kind=JobKind.RECOMPUTE).exists()
    assert not workspaces.save_settings(workspace=world.workspace, name="Renamed", time_zone="Asia/Tokyo")
    with pytest.raises(Problem, match="no time zone"):
        workspaces.save_settings(workspace=world.workspace, name="Team", time_zone="Mars/Olympus")


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_everything_of_one_workspace_and_nothing_of_another() -> None:
    gone, stays = (make_world(workspaces.create(name=name, owners=[])) for name in ("Gone", "Stays"))
    folder = Path(settings.INDEX_DIR) / str(gone.workspace.pk) / "1"
    folder.mkdir(parents=True)
    before = _counts(stays.workspace.pk)
    assert sum(before.values()) > 50
    workspaces.delete(workspace=gone.workspace)
    assert set(_counts(gone.workspace.pk).values()) == {0}
    assert not Workspace.objects.filter(pk=gone.workspace.pk).exists() and not folder.exists()
    assert _counts(stays.workspace.pk) == before
    with pytest.raises(Problem, match="no demo"):
        workspaces.remove_demo(workspace=stays.workspace)


def _counts(workspace_id: int) -> dict[str, Any]:
    found = {}
    with connection.cursor() as cursor:
        for model in WorkspaceModel.__subclasses__():
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table} WHERE workspace_id = %s", [workspace_id])  # noqa: S608
            found[model.__name__] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db
def test_a_link_from_one_team_dies_when_another_invites_the_same_person() -> None:
    first, second = make_workspace(), make_workspace()
    key = workspaces.invite(workspace=first, email="new@corp.example", role=Role.EDITOR).key
    assert key is not None
    invitation = workspaces.invite(workspace=second, email="new@corp.example", role=Role.OWNER)
    assert invitation.key is None
    assert not default_token_generator.check_token(invitation.membership.user, key[1])


# --- a person whom two teams invite before there is a password ------------------------------------------------------

NEW = "new@corp.example"
LINK = re.compile(r"http\S+/accounts/password/reset/key/\S+/")


def invited_by_two(client: Client) -> tuple[Workspace, Any]:
    """The second team, and the page that its owner gets."""
    workspaces.invite(workspace=make_workspace(), email=NEW, role=Role.VIEWER)
    second = make_workspace()
    client.force_login(make_member(second))
    page = client.post(reverse("members_add", args=[second.slug]), {"email": NEW, "role": "editor"})
    return second, unescape(page.content.decode())


def set_password(link: str, password: str) -> None:
    """What a person does with the link, whether it is still good or not."""
    visitor = Client()
    opened = visitor.get(urlsplit(link).path, follow=True)
    visitor.post(opened.request["PATH_INFO"], {"password1": password, "password2": password})


@pytest.mark.django_db
def test_with_a_mail_server_the_link_goes_to_the_person_alone(client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = "mail.example"
    second, page = invited_by_two(client)
    assert "It went to their own mailbox" in page
    assert not LINK.search(page)
    (letter,) = mail.outbox
    assert letter.to == [NEW]
    (link,) = LINK.findall(str(letter.body))
    set_password(link, "a good long password")
    assert User.objects.get(email=NEW).check_password("a good long password")
    again = client.post(reverse("members_add", args=[second.slug]), {"email": NEW, "role": "editor"})
    assert "is a member already" in again.content.decode()


@pytest.mark.django_db
def test_without_one_the_page_says_who_can_make_the_link_and_the_operator_can(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    _, page = invited_by_two(client)
    assert f"manage.py password_link {NEW}" in page
    assert not LINK.search(page)
    assert mail.outbox == []
    call_command("password_link", NEW)
    call_command("password_link", NEW.upper(), "--site", "https://cite.example/")
    earlier, link = capsys.readouterr().out.split()
    assert link.startswith("https://cite.example/accounts/")
    set_password(earlier, "not the last link")
    assert not User.objects.get(email=NEW).has_usable_password()
    set_password(link, "a good long password")
    assert User.objects.get(email=NEW).check_password("a good long password")
    for email, said in ((NEW, "has a password already"), ("nobody@corp.example", "Nobody has an account")):
        with pytest.raises(SystemExit) as refused:
            call_command("password_link", email)
        assert refused.value.code == 2
        assert said in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_of_two_teams_that_invite_at_once_only_the_first_sees_a_link_and_it_is_dead() -> None:
    teams = [make_workspace() for _ in range(4)]

    def invite(team: Workspace) -> workspaces.Invitation:
        try:
            return workspaces.invite(workspace=team, email=NEW, role=Role.VIEWER)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(invite, teams))
    user = User.objects.get(email=NEW)
    (shown,) = [invitation.key for invitation in made if invitation.key]
    assert not default_token_generator.check_token(user, shown[1])
    keys = [invitation.private_key[1] for invitation in made if invitation.private_key]
    assert [default_token_generator.check_token(user, key) for key in keys].count(True) == 1
