"""Workspaces and their people: making one, inviting, changing roles, and deleting one with all it holds.

A workspace always keeps an owner. Deleting goes table by table, however many rows there are, and then removes the
files. Knows nothing of requests: an invitation's link is made of `Invitation.key` by the view.
"""

from __future__ import annotations

import re
import smtplib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import available_timezones

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import IntegrityError, OperationalError, connection, transaction
from django.template.loader import render_to_string

from monitor.models import (
    JobKind,
    Membership,
    Pointers,
    Role,
    Run,
    User,
    Workspace,
    WorkspaceModel,
)
from monitor.services import indexes, jobs
from monitor.services.errors import Problem

LONGEST_NAME = 80
DELETE_TRIES = 20
#: How long a deletion waits for one row: less than the second after which PostgreSQL ends one of two that wait for each
#: other, so that it is always the deletion that gives way.
DELETE_WAIT = "500ms"
_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who joined, and the (uid, token) of a link that sets the first password, both None for who has one.

    `key` is for the inviter to hand on. `private_key` stands in its place where another team invited the person too:
    whoever holds it opens that team's workspace as well, so it goes to the person's own mailbox and nowhere else.
    """

    membership: Membership
    key: tuple[str, str] | None
    private_key: tuple[str, str] | None = None


def create(*, name: str, owners: Iterable[User], time_zone: str = "UTC", is_demo: bool = False) -> Workspace:
    """A workspace of that name, with its pointers and its owners."""
    name, time_zone = clean_name(name), clean_time_zone(time_zone)
    wanted = _slug(name)
    for attempt in range(1, 1000):
        slug = wanted if attempt == 1 else f"{wanted[:55]}-{attempt}"
        try:
            with transaction.atomic():
                workspace = Workspace.objects.create(name=name, slug=slug, time_zone=time_zone, is_demo=is_demo)
                Pointers.objects.create(workspace=workspace)
                Membership.objects.bulk_create(
                    Membership(workspace=workspace, user=owner, role=Role.OWNER) for owner in owners
                )
                return workspace
        except IntegrityError:
            if not Workspace.objects.filter(slug=slug).exists():
                raise
    raise Problem(f"Too many workspaces are called “{name}”. Choose another name.")


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _PLAIN.sub("-", plain).strip("-")[:60].strip("-") or "workspace"


def clean_name(name: str) -> str:
    """The name without stray blanks. Problem when it is empty, too long or holds what no name holds."""
    name = " ".join(name.split())
    if not name:
        raise Problem("Give the workspace a name.")
    if len(name) > LONGEST_NAME:
        raise Problem(f"A name may have {LONGEST_NAME} characters; this one has {len(name)}.")
    if not name.isprintable():
        raise Problem("The name has characters that cannot be shown.")
    return name


def clean_time_zone(time_zone: str) -> str:
    """A zone of the system's list. Problem for any other."""
    if time_zone not in available_timezones():
        raise Problem(f"There is no time zone “{time_zone[:60]}”. Give one such as Europe/Berlin or UTC.")
    return time_zone


def save_settings(*, workspace: Workspace, name: str, time_zone: str) -> bool:
    """Rename and set the zone. True when days changed, and history is being counted anew."""
    name, time_zone = clean_name(name), clean_time_zone(time_zone)
    with transaction.atomic():
        locked = _lock(workspace)
        moved = locked.time_zone != time_zone
        locked.name, locked.time_zone = name, time_zone
        locked.save(update_fields=["name", "time_zone"])
        if moved:
            _count_runs_anew(locked)
            jobs.start_once(workspace=locked, kind=JobKind.RECOMPUTE)
    workspace.name, workspace.time_zone = name, time_zone
    return moved


def _count_runs_anew(workspace: Workspace) -> None:
    """A run counts on the date of its slot (by hand: its creation) in the workspace's zone."""
    table = connection.ops.quote_name(Run._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET day = (COALESCE(slot_at, created_at) AT TIME ZONE %s)::date"  # noqa: S608
            " WHERE workspace_id = %s",
            [workspace.time_zone, workspace.pk],
        )


def find(*, name: str) -> Workspace | None:
    """The one workspace with this slug or name, as people call it on the command line. Problem when several have it."""
    found = list(Workspace.objects.filter(slug=name)) or list(Workspace.objects.filter(name__iexact=name))
    if len(found) > 1:
        raise Problem(f"{len(found)} workspaces are called {name!r}; give one of: {', '.join(w.slug for w in found)}.")
    return found[0] if found else None


# --- people -------------------------------------------------------------------------------------------------------


def invite(*, workspace: Workspace, email: str, role: Role) -> Invitation:
    """Let a person in by e-mail address; one without an account gets one, and a link to set its password.

    Again for who has no password yet, it makes a new link and ends the earlier ones.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Problem(f"“{email[:80]}” is no e-mail address.") from None
    with transaction.atomic():
        _lock(workspace)
        user = _person(email)
        membership, joined = Membership.objects.for_workspace(workspace).get_or_create(
            workspace=workspace, user=user, defaults={"role": role}
        )
        if user.has_usable_password():
            if not joined:
                raise Problem(f"{email} is a member already.")
            return Invitation(membership, None)
        key = _new_key(user)
        if _is_elsewhere(user, workspace):
            return Invitation(membership, None, private_key=key)
        return Invitation(membership, key)


def first_password_key(*, email: str) -> tuple[str, str]:
    """The (uid, token) of a new link for who was invited and has no password yet; earlier links end. For operators."""
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email__iexact=email.strip()).first()
        if user is None:
            raise Problem(f"Nobody has an account with the address {email}. An owner has to invite them first.")
        if user.has_usable_password():
            raise Problem(f"{user.email} has a password already. `manage.py changepassword {user.email}` sets another.")
        return _new_key(user)


def _person(email: str) -> User:
    """The account of this address, made where there is none; held, so that two teams invite one after the other."""
    if not User.objects.filter(email__iexact=email).exists():
        try:
            with transaction.atomic():
                User.objects.create_user(email)
        except IntegrityError:
            pass  # another team made it at this moment
    return User.objects.select_for_update().get(email__iexact=email)


def send_invitation(*, invitation: Invitation, link: str, invited_by: User) -> None:
    """Write to who was invited. Problem where the mail server does not take it; the person is a member all the same."""
    membership = invitation.membership
    context = {
        "membership": membership,
        "link": link,
        "invited_by": invited_by,
        "is_new": bool(invitation.key or invitation.private_key),
    }
    subject = f"{invited_by} invites you to “{membership.workspace}” on Citescope"
    try:
        send_mail(subject, render_to_string("email/invitation.txt", context), None, [membership.user.email])
    except (OSError, smtplib.SMTPException) as error:
        raise Problem(f"The mail server did not take the invitation ({error}).") from None


def _new_key(user: User) -> tuple[str, str]:
    """A link for who has no password; those that earlier inviters may still hold would let them in here, and end."""
    user.password = make_password(None)
    user.save(update_fields=["password"])
    return user_pk_to_url_str(user), default_token_generator.make_token(user)


def _is_elsewhere(user: User, workspace: Workspace) -> bool:
    return Membership.objects.unscoped().filter(user=user).exclude(workspace=workspace).exists()


def change_role(*, membership: Membership, role: Role) -> None:
    """Problem when it would leave the workspace without an owner."""
    with transaction.atomic():
        _lock(membership.workspace)
        if role != Role.OWNER:
            _keep_an_owner(membership)
        membership.role = role
        membership.save(update_fields=["role"])


def remove_member(*, membership: Membership) -> None:
    """Take the person out of the workspace; the account stays. Problem for the last owner."""
    with transaction.atomic():
        _lock(membership.workspace)
        _keep_an_owner(membership)
        membership.delete()


def _keep_an_owner(leaving: Membership) -> None:
    owners = Membership.objects.for_workspace(leaving.workspace).filter(role=Role.OWNER)
    if not owners.exclude(pk=leaving.pk).exists():
        raise Problem(f"{leaving.user} is the last owner. Make somebody else an owner first.")


def _lock(workspace: Workspace) -> Workspace:
    """Members and settings change one at a time; rows that only refer to the workspace are not held up."""
    return Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


# --- the end --------------------------------------------------------------------------------------------------------


def delete(*, workspace: Workspace) -> None:
    """Delete the workspace with everything in it, on disk too. It cannot be undone.

    Workers hold the workspace before its rows, so it waits for them and they for it. From whoever does not, and waits
    for a row of it, it steps back and tries again.
    """
    for attempt in range(1, DELETE_TRIES + 1):
        try:
            with transaction.atomic():
                _delete_rows(workspace.pk)
            break
        except (IntegrityError, OperationalError):
            if attempt == DELETE_TRIES:
                raise Problem(f"“{workspace.name}” is busy. Cancel its runs, wait a moment and delete again.") from None
    indexes.remove_all(workspace_id=workspace.pk)


def _delete_rows(workspace_id: int) -> None:
    """One DELETE a table. The keys are checked at commit, so the order of the tables does not matter."""
    quote = connection.ops.quote_name
    tables = [model._meta.db_table for model in _models()] + [Pointers._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {quote(Workspace._meta.db_table)} WHERE id = %s FOR UPDATE",  # noqa: S608
            [workspace_id],
        )
        cursor.execute("SELECT set_config('lock_timeout', %s, TRUE)", [DELETE_WAIT])
        for table in tables:
            cursor.execute(f"DELETE FROM {quote(table)} WHERE workspace_id = %s", [workspace_id])  # noqa: S608
        cursor.execute(f"DELETE FROM {quote(Workspace._meta.db_table)} WHERE id = %s", [workspace_id])  # noqa: S608


def _models() -> list[type[WorkspaceModel]]:
    return list(WorkspaceModel.__subclasses__())


def remove_demo(*, workspace: Workspace) -> None:
    """Delete a demo workspace. Problem for any other."""
    if not workspace.is_demo:
        raise Problem(f"“{workspace.name}” is no demo. Delete it by typing its name.")
    delete(workspace=workspace)
