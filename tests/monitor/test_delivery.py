"""Talking to a real mail server over a socket: what it takes, refuses, or never says a word about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from monitor.models import Mail
from monitor.services import mailing
from monitor.services.delivery import NO_WORD, Delivery, End, deliver
from tests.factories import make_workspace
from tests.mail_server import PASSWORD, USER, MailServer
from tests.ports import free_port


@pytest.fixture
def server(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A server that this process trusts, set up as by EMAIL_URL."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = "127.0.0.1", True, 10
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = USER, PASSWORD
    with MailServer(tmp_path) as started:
        settings.EMAIL_PORT = started.port
        monkeypatch.setenv("SSL_CERT_FILE", str(started.certificate))
        yield started


def letter(address: str = "reader@example.com") -> EmailMessage:
    return EmailMessage("How we stand", "Better — by 3 points.", "Pens & Co <reports@citescope.example>", [address])


def test_a_message_is_taken_as_it_was_written(server: MailServer) -> None:
    assert deliver(letter()) == Delivery(End.TAKEN)
    (taken,) = server.taken
    assert taken["From"] == "Pens & Co <reports@citescope.example>"
    assert taken["To"] == "reader@example.com"
    body = taken.get_payload(decode=True)
    assert isinstance(body, bytes) and body.decode().strip() == "Better — by 3 points."


@pytest.mark.parametrize(
    ("recipient", "data", "end", "words"),
    [
        ("550 no such mailbox", "", End.REFUSED_FOR_GOOD, "550 no such mailbox"),
        ("451 come back later", "", End.REFUSED, "451 come back later"),
        ("", "552 too large", End.REFUSED_FOR_GOOD, "552 too large"),
        ("", "452 no room at the moment", End.REFUSED, "452 no room at the moment"),
    ],
)
def test_what_is_refused_says_in_which_words_and_whether_for_good(
    server: MailServer, recipient: str, data: str, end: End, words: str
) -> None:
    server.recipient, server.data = recipient, data
    assert deliver(letter()) == Delivery(end, f"The mail server did not take it: {words}")
    assert server.taken == []


def test_a_connection_that_ends_behind_the_message_leaves_open_whether_it_went_out(server: MailServer) -> None:
    server.cut = True
    heard = deliver(letter())
    assert heard.end == End.UNHEARD and heard.words.startswith(NO_WORD)
    assert len(server.taken) == 1


def test_nothing_is_sent_to_a_server_that_is_not_trusted_not_there_or_does_not_know_us(
    server: MailServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("SSL_CERT_FILE")
        stranger = deliver(letter())
    assert stranger.end == End.REFUSED and "certificate" in stranger.words
    settings.EMAIL_HOST_PASSWORD = "wrong"
    unknown = deliver(letter())
    assert unknown.end == End.REFUSED and "535" in unknown.words
    settings.EMAIL_PORT = free_port()
    nobody = deliver(letter())
    assert nobody.end == End.REFUSED and "refused" in nobody.words.lower()
    assert server.taken == []


@pytest.mark.django_db
def test_a_second_copy_bears_the_message_id_of_the_first_and_there_is_no_third(server: MailServer) -> None:
    workspace = make_workspace()
    mail = Mail.objects.create(workspace=workspace, address="reader@example.com", kind="alerts", key="alert 1")
    server.cut = True
    for hours, status in enumerate(("waiting", "unknown", "unknown")):
        mailing.work(write=lambda mail: letter(), now=timezone.now() + timedelta(hours=hours))
        mail.refresh_from_db()
        assert mail.status == status and mail.error.startswith(NO_WORD)
    assert [taken["Message-ID"] for taken in server.taken] == [mail.message_id] * 2
