"""Who starts and stops the embedded server, and who may connect to it."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import embedded_postgres


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="citescope-pg-") as folder:
        yield Path(folder)
        embedded_postgres.stop(Path(folder))


def test_the_last_to_leave_stops_the_server(data_dir: Path) -> None:
    first, second = embedded_postgres.join(data_dir), embedded_postgres.join(data_dir)
    first()
    assert embedded_postgres.is_ready(data_dir, embedded_postgres.DATABASE)
    second()
    assert not embedded_postgres.is_ready(data_dir)


def test_a_deep_data_folder_gets_a_short_socket_that_only_its_user_may_use(data_dir: Path) -> None:
    deep = data_dir / ("deep" * 20) / ("deeper" * 10)
    sockets = Path(embedded_postgres.socket_folder(deep))
    assert len(str(sockets)) < 100
    embedded_postgres.start(deep)
    try:
        assert embedded_postgres.is_ready(deep)
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE((sockets / ".s.PGSQL.5432").stat().st_mode) == 0o700
    finally:
        embedded_postgres.stop(deep)
        sockets.rmdir()
