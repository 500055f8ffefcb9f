"""The file broker hands out whole messages only, and gets over files that a crash cut off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from monitor.celery import app

MESSAGES = 1500


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("messages", "control"):
        (tmp_path / name).mkdir()
    return tmp_path


def connect(folder: Path) -> Connection:
    messages, control = str(folder / "messages"), str(folder / "control")
    options = {"data_folder_in": messages, "data_folder_out": messages, "control_folder": control}
    connection = Connection(transport=app.conf.broker_transport, transport_options=options)
    transport: Any = connection.transport
    transport.state.clear()  # as in a process of its own
    return connection


@pytest.fixture
def channel(folder: Path) -> Iterator[Any]:
    with connect(folder) as connection:
        connection.SimpleQueue("work").close()  # which declares it
        yield connection.default_channel


def send(folder: Path, count: int) -> None:
    with connect(folder) as connection, connection.SimpleQueue("work") as queue:
        for number in range(count):
            queue.put(number)


def test_a_message_is_not_seen_before_it_is_whole(folder: Path, channel: Any) -> None:
    sender = threading.Thread(target=send, args=(folder, MESSAGES))
    sender.start()
    found = 0
    while found < MESSAGES:
        last = not sender.is_alive()
        try:
            assert channel._get("work")["body"]
        except Empty:
            assert not last
            continue
        found += 1
    sender.join()
    assert not list((folder / "messages").iterdir())


@pytest.mark.parametrize("content", ["", '{"body": "W10', "\x00"])
def test_a_cut_message_is_passed_over(folder: Path, channel: Any, content: str) -> None:
    (folder / "messages" / "0_cut.work.msg").write_text(content)
    send(folder, 1)
    assert channel._get("work")["body"]
    with pytest.raises(Empty):
        channel._get("work")


@pytest.mark.parametrize("content", ["", '[["work", "", '])
def test_a_cut_table_of_queues_is_written_anew(folder: Path, channel: Any, content: str) -> None:
    for table in (folder / "control").glob("*.exchange"):
        table.write_text(content)
    send(folder, 1)
    assert channel._get("work")["body"]


def test_a_second_queue_joins_the_first(folder: Path, channel: Any) -> None:
    with connect(folder) as connection:
        connection.SimpleQueue("other").close()
        connection.SimpleQueue("work").close()
    names = {path.name for path in (folder / "control").glob("*.exchange")}
    assert names == {"work.exchange", "other.exchange"} and len(channel.get_table("work")) == 1
