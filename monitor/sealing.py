"""Seals small secrets under a key that lies in a file outside the database: AES-GCM, bound to where each is kept.

The key file has one key a line, base64 of 32 bytes. The first line seals; all of them open, so that a new key can be
put on top before what lies under the old one is sealed anew. Knows nothing of rows, nor of what is sealed.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 32
NONCE_BYTES = 12


class CannotOpen(Exception):
    """The secret was sealed under another key, for another place, or was changed. Says nothing of its content."""


class BadKeyFile(Exception):
    """The key file cannot be read, or holds no keys; the sentence says which file and why."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it may lie in a database. `key_id` names the key it is under."""

    ciphertext: bytes
    nonce: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class _Key:
    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return hashlib.sha256(b"citescope key " + self.secret).hexdigest()[:16]


def seal(secret: bytes, *, place: str) -> Sealed:
    """Seal a secret for one place; opened anywhere else it fails. Makes the key file where there is none."""
    key, nonce = _keys(make=True)[0], secrets.token_bytes(NONCE_BYTES)
    return Sealed(AESGCM(key.secret).encrypt(nonce, secret, place.encode()), nonce, key.id)


def unseal(sealed: Sealed, *, place: str) -> bytes:
    """The secret. Raises CannotOpen, and BadKeyFile when the file is gone or damaged."""
    for key in _keys():
        if key.id == sealed.key_id:
            try:
                return AESGCM(key.secret).decrypt(sealed.nonce, sealed.ciphertext, place.encode())
            except (InvalidTag, ValueError):
                raise CannotOpen("It was sealed for another place, or was changed.") from None
    raise CannotOpen("The key it was sealed under is not in the key file.")


def current_key_id() -> str:
    """The key that seals now."""
    return _keys(make=True)[0].id


def add_key() -> None:
    """Put a new key on top of the file; what is sealed under older ones still opens."""
    old = [line for line in _lines(make=True) if line]
    _write(settings.KEY_FILE, [_new_line(), *old], replace=True)


def drop_old_keys() -> int:
    """Keep the newest key alone, once nothing lies under an older one; how many went."""
    lines = [line for line in _lines() if line]
    _write(settings.KEY_FILE, lines[:1], replace=True)
    return len(lines) - 1


def _keys(*, make: bool = False) -> list[_Key]:
    """The file's keys, the newest first. Read each time: another process may have added one."""
    keys = []
    for line in _lines(make=make):
        if not line:
            continue
        try:
            secret = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise BadKeyFile(f"The key file {settings.KEY_FILE.name} has a line that is no key.")
        keys.append(_Key(secret))
    if not keys:
        raise BadKeyFile(f"The key file {settings.KEY_FILE.name} is empty.")
    return keys


def _lines(*, make: bool = False) -> list[str]:
    path: Path = settings.KEY_FILE
    try:
        if make and not path.exists():
            _write(path, [_new_line()], replace=False)
        return [line.strip() for line in path.read_text("ascii").splitlines()]
    except FileNotFoundError:
        raise BadKeyFile(f"There is no key file {path.name}; what was sealed under it cannot be opened.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadKeyFile(f"The key file {path.name} cannot be read: {reason}.") from None


def _new_line() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _write(path: Path, lines: list[str], *, replace: bool) -> None:
    """Whole or not at all, for its owner alone. Without `replace`, the file of whoever came first stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            fresh.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)
