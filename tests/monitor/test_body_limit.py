"""Bodies as they arrive: what is too large is refused in words before anything of it is kept."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.handlers.asgi import ASGIHandler
from django.test import Client
from django.urls import reverse

from monitor.models import Job, Role, Suite, Workspace
from monitor.services import nudge
from tests.asgi import ask
from tests.factories import make_member, make_suite, make_workspace

pytestmark = pytest.mark.django_db(transaction=True)
MEGABYTE = 2**20
PIECE = b"x" * MEGABYTE


@pytest.fixture
def workspace(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    settings.MAX_UPLOAD_BYTES = 3 * MEGABYTE
    monkeypatch.setattr(nudge, "_send", lambda *_: None)
    return make_workspace()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the bodies that Django took over as a whole."""
    sizes: list[int] = []
    read_body = ASGIHandler.read_body

    async def watched(self: ASGIHandler, receive: Any) -> Any:
        body = await read_body(self, receive)
        sizes.append(body.seek(0, 2))
        body.seek(0)
        return body

    monkeypatch.setattr(ASGIHandler, "read_body", watched)
    return sizes


def headers(workspace: Workspace) -> dict[str, str]:
    """What the browser of a signed-in editor sends with a form."""
    client = Client()
    client.force_login(make_member(workspace, Role.EDITOR))
    session, token = client.cookies[configured.SESSION_COOKIE_NAME].value, "c" * 32
    return {
        "cookie": f"{configured.SESSION_COOKIE_NAME}={session}; {configured.CSRF_COOKIE_NAME}={token}",
        "x-csrftoken": token,
        "content-type": "multipart/form-data; boundary=edge",
        "host": "localhost",
    }


def form(content: bytes) -> bytes:
    lead = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="pages.jsonl"\r\n\r\n'
    return lead + content + b"\r\n--edge--\r\n"


def test_an_upload_up_to_the_limit_arrives_whole(workspace: Workspace, kept: list[int]) -> None:
    line = json.dumps({"url": "https://a.example/x", "html": "y" * (3 * MEGABYTE - 60)}).encode()
    body = form(line)
    pieces = [body[at : at + MEGABYTE] for at in range(0, len(body), MEGABYTE)]
    sent = headers(workspace) | {"content-length": str(len(body))}
    reply = ask(reverse("pages_import", args=[workspace.slug]), "POST", sent, pieces=pieces)
    job = Job.objects.for_workspace(workspace).get()
    assert reply and (reply.status, reply.headers["location"]) == (302, reverse("job", args=[workspace.slug, job.pk]))
    assert kept == [len(body)]
    (spooled,) = Path(configured.UPLOAD_DIR).iterdir()
    assert spooled.read_bytes() == line


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "by pieces"])
def test_a_larger_one_is_refused_in_words_and_nothing_of_it_is_kept(
    workspace: Workspace, kept: list[int], announced: bool
) -> None:
    pieces = [form(PIECE * 3), *[PIECE] * 5]
    sent = headers(workspace) | ({"content-length": str(sum(map(len, pieces)))} if announced else {})
    reply = ask(reverse("pages_import", args=[workspace.slug]), "POST", sent, pieces=pieces)
    assert reply and reply.status == 413
    assert "larger than the 3 MB that this page takes" in reply.body.decode()
    assert kept == []
    assert not Path(configured.UPLOAD_DIR).exists()
    assert not Job.objects.for_workspace(workspace).exists()


def test_pages_without_files_take_no_upload_not_even_from_strangers(kept: list[int]) -> None:
    for path in (reverse("account_login"), "/no/such/page/"):
        reply = ask(path, "POST", {"host": "localhost"}, pieces=[PIECE] * 25)
        assert reply and reply.status == 413
        assert "20 MB" in reply.body.decode()
    assert kept == []


def test_a_view_takes_as_much_as_its_field_says(workspace: Workspace, client: Client) -> None:
    client.force_login(make_member(make_suite(workspace).workspace, Role.EDITOR))
    for name in ("pages_import", "answers_import", "prompts_add"):
        suites = Suite.objects.for_workspace(workspace) if name == "prompts_add" else []
        address = reverse(name, args=[workspace.slug, *(suite.pk for suite in suites)])
        (most,) = re.findall(r'data-max-bytes="(\d+)"', client.get(address).content.decode())
        replies = [
            ask(address, "POST", {"host": "localhost", "content-length": str(int(most) + extra)})
            for extra in (0, 30 * MEGABYTE)
        ]
        assert [reply.status == 413 for reply in replies if reply] == [False, True], name


def test_who_never_ends_or_leaves_is_let_go_without_a_reply(workspace: Workspace, kept: list[int]) -> None:
    passed = itertools.count()

    def endless() -> Iterator[bytes]:
        while True:
            next(passed)
            yield PIECE

    address, sent = reverse("pages_import", args=[workspace.slug]), headers(workspace)
    assert ask(address, "POST", sent, pieces=endless()) is None
    assert next(passed) < 60
    assert ask(address, "POST", sent, pieces=[PIECE] * 9, leaves=True) is None
    assert ask(address, "POST", sent, pieces=[PIECE], leaves=True) is None
    assert kept == []
