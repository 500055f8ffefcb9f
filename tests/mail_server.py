"""A mail server on 127.0.0.1 that speaks SMTP over a socket, with STARTTLS and a login, and misbehaves as told.

It keeps what it took. Its certificate is made at the start; whoever trusts `certificate` can talk to it.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

USER, PASSWORD = "citescope", "correct horse"


class MailServer:
    """`recipient` and `data` are its answers to RCPT TO and to the end of DATA, "" for well. `cut`: it hangs up when it
    has the whole message, before it says a word; what it has by then lies in `taken` all the same.
    """

    def __init__(self, folder: Path) -> None:
        self.taken: list[Message] = []
        self.recipient = self.data = ""
        self.cut = False
        self.certificate, key = _certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, key)
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=_login,
        )

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd looks for
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.recipient:
            envelope.rcpt_tos.append(address)
        return self.recipient or "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.data:
            self.taken.append(message_from_bytes(envelope.content or b""))  # type: ignore[arg-type]
        if self.cut:
            server.transport.abort()
        return self.data or "250 OK"


def _login(server: Any, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=data == known, handled=False)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """The files of a certificate of 127.0.0.1, signed by itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, hashes.SHA256())
    certificate, private = folder / "mail.crt", folder / "mail.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private
