"""One conversation with the mail server: it took a message, refused it, or was not heard to the end.

What fails before a message is handed over was surely not sent. Where the connection ends after that, nobody knows: who
sends again then sends under the same Message-ID, by which mailboxes drop a double, and stops at the second time. Knows
no rows.
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.core.mail import EmailMessage, get_connection

NO_SERVER = "No mail server is set up, so nothing was sent."
NO_WORD = "The connection ended before the mail server said whether it took the e-mail."


class End(Enum):
    TAKEN = auto()
    REFUSED = auto()
    REFUSED_FOR_GOOD = auto()
    UNHEARD = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a conversation ended, in words too where the message was not taken."""

    end: End
    words: str = ""


def deliver(message: EmailMessage) -> Delivery:
    """Hand the message to the mail server; every error of it is an end."""
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        return _refused(str(error))
    try:
        connection.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        return _refused(f"{code} {_text(said)}", for_good=code >= 500)
    except smtplib.SMTPResponseException as error:
        too_much = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        return _refused(f"{error.smtp_code} {_text(error.smtp_error)}", for_good=too_much)
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(End.UNHEARD, f"{NO_WORD} ({error})"[:500])
    finally:
        _close(connection)
    return Delivery(End.TAKEN)


def _refused(words: str, *, for_good: bool = False) -> Delivery:
    said = f"The mail server did not take it: {words}".replace("\x00", "")[:500]
    return Delivery(End.REFUSED_FOR_GOOD if for_good else End.REFUSED, said)


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _close(connection: Any) -> None:
    """The server's word was heard already; a connection that breaks at the goodbye changes nothing."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        return
