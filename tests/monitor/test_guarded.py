"""One bad item must not stop the others: hanging, crashing and greedy functions beside good ones."""

from __future__ import annotations

import os
import re
import signal
import time

from monitor.services.guarded import Failed, guarded_map


def misbehave(item: str) -> str:
    if item == "raise":
        raise ValueError("no use")
    if item == "hang":
        time.sleep(60)
    if item == "hang in C":
        re.match(r"(a+)+$", "a" * 40 + "b")
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "eat":
        bytearray(8 * 1024**3)
    return item.upper()


def test_bad_items_fail_alone_and_order_holds() -> None:
    items = ["a", "raise", "die", "b", "hang", "hang in C", "c", "eat", *(f"x{n}" for n in range(40))]
    results = list(guarded_map(misbehave, items, processes=2, seconds=0.5))
    assert [item for item, _ in results] == items
    failed = {item: result.reason for item, result in results if isinstance(result, Failed)}
    assert failed == {
        "raise": "no use",
        "die": "could not be read: its reader stopped (exit -9)",
        "hang": "took longer than 0.5 s to read",
        "hang in C": "took longer than 0.5 s to read",
        "eat": "MemoryError",
    }
    assert all(result == item.upper() for item, result in results if item not in failed)


def test_source_is_read_only_as_far_as_needed_and_closing_ends_the_processes() -> None:
    read = []

    def items() -> object:
        for number in range(10_000):
            read.append(number)
            yield str(number)

    mapped = guarded_map(misbehave, items(), processes=1, seconds=5)  # type: ignore[arg-type]
    assert next(mapped) == ("0", "0")
    mapped.close()  # type: ignore[attr-defined]
    assert len(read) < 50


def test_nothing_to_do_starts_nothing() -> None:
    assert list(guarded_map(misbehave, [], processes=2, seconds=1)) == []
