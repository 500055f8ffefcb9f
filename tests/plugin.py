"""Set-up that must come before Django reads its settings: a data folder and a PostgreSQL of this test run's own.

Loaded by `-p tests.plugin`. The first process makes both and removes them; xdist's workers inherit the folder through
the environment and get a database each from pytest-django.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

OWNER = "CITESCOPE_TESTS_OWNER"

if OWNER not in os.environ:
    os.environ[OWNER] = str(os.getpid())
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="citescope-tests-")
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "EMAIL_URL"):
        os.environ.pop(name, None)
os.environ["HF_HUB_OFFLINE"] = "1"
# torch must not fight over the two cores with the other xdist worker
os.environ.setdefault("OMP_NUM_THREADS", "1")

DATA_DIR = Path(os.environ["DATA_DIR"])
SHARED_DATA = Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[2] / "shared"))


def _is_owner() -> bool:
    return os.environ[OWNER] == str(os.getpid())


def pytest_configure(config: pytest.Config) -> None:
    if _is_owner() and not config.option.collectonly:
        from monitor import embedded_postgres

        embedded_postgres.start(DATA_DIR)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_owner():
        from monitor import embedded_postgres

        embedded_postgres.stop(DATA_DIR)
        shutil.rmtree(DATA_DIR, ignore_errors=True)


def absent(what: str) -> None:
    """Skip, or fail under CI: a check that silently does not run proves nothing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}.")
    pytest.skip(f"{what} is not here")


@pytest.fixture
def shared_data() -> Path:
    """The folder of real recordings and pages; set SHARED_DATA to where it lies."""
    if not (SHARED_DATA / "data").is_dir():
        absent("the shared data (SHARED_DATA)")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Outbound connections raise; loopback and Unix sockets pass."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"A test tried to reach {address!r}.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing a password the proper way takes longer than most tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, settings: Any) -> None:
    """Spool, indexes, uploads and key file of this test alone: ids repeat between the databases of xdist's workers."""
    for name in ("SPOOL_DIR", "INDEX_DIR", "UPLOAD_DIR"):
        setattr(settings, name, tmp_path / name.lower())
    settings.KEY_FILE = tmp_path / "keys" / "credentials.key"
