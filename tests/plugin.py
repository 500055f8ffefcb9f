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
from hypothesis import settings as hypothesis_settings

#: Tables that Django fills after migrating.
DJANGOS_OWN = {"django_content_type", "auth_permission"}
OWNER = "CITESCOPE_TESTS_OWNER"

if OWNER not in os.environ:
    os.environ[OWNER] = str(os.getpid())
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="citescope-tests-")
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "EMAIL_URL"):
        os.environ.pop(name, None)
os.environ["HF_HUB_OFFLINE"] = "1"
hypothesis_settings.register_profile("suite", max_examples=25, deadline=None)
hypothesis_settings.register_profile("long", max_examples=1000, deadline=None)
hypothesis_settings.load_profile("suite")
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
        _without_care()


def _without_care() -> None:
    """Nobody reads this database after a crash, so nothing waits for the disk. (The drills have careful ones.)"""
    import psycopg

    from monitor import embedded_postgres

    with psycopg.connect(
        host=embedded_postgres.socket_folder(DATA_DIR), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


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


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Tests with transactions of their own end by emptying every table: a few rows go sooner one by one than by files.

    What Django itself writes after migrating stays, so that it need not be written again.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    def statements(self: DatabaseOperations, style: Any, tables: list[str], **_: Any) -> list[str]:
        names = [self.quote_name(name) for name in sorted(tables) if name not in DJANGOS_OWN]
        # no trigger and no foreign key has a say where everything goes
        return ["SET LOCAL session_replication_role = replica", *(f"DELETE FROM {name}" for name in names)]  # noqa: S608

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", statements)
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_found_once() -> Iterator[None]:
    """Each test client sets up the middleware anew; the list of static files that one made serves all."""
    from monitor.static_files import StaticFilesMiddleware

    look = StaticFilesMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def look_once(self: StaticFilesMiddleware) -> None:
        if not found:
            look(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesMiddleware, "add_files_from_finders", look_once)
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
