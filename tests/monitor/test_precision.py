"""int8 on a processor without instructions for it: said by the checks and at a worker's start, where it is known."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from celery.signals import worker_ready
from django.core import checks

from inference import processor
from monitor import tasks
from monitor.celery import EXTERNAL_QUEUES, MODEL_QUEUES, app

X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu sse4_2 avx2 {more}\nbugs\t\t: mds\n\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n"


@pytest.fixture
def cpuinfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """What the system tells of a processor that has no such instructions; the settings ask for int8 there."""
    file = tmp_path / "cpuinfo"
    file.write_text(X86.format(more="avx512f") * 2)
    monkeypatch.setattr(processor, "CPUINFO", file)
    settings.EMBEDDING_PRECISION, settings.MODEL_DEVICE = "int8", "auto"
    return file


def warned() -> list[str]:
    return [message.msg for message in checks.run_checks() if message.id == "citescope.W002"]


def test_int8_without_its_instructions_is_warned_of_with_what_to_do(cpuinfo: Path, settings: Any) -> None:
    (said,) = warned()
    assert "EMBEDDING_PRECISION=int8" in said and "VNNI" in said and "EMBEDDING_PRECISION=auto" in said
    for precision in ("auto", "fp32", "bf16"):
        settings.EMBEDDING_PRECISION = precision
        assert not warned()
    settings.EMBEDDING_PRECISION, settings.MODEL_DEVICE = "int8", "cuda"
    assert not warned()


@pytest.mark.parametrize(
    "tells", [*(X86.format(more=name) for name in ("avx512_vnni", "avx_vnni", "amx_int8")), ARM, ""]
)
def test_nothing_is_said_where_they_are_there_or_nobody_knows(cpuinfo: Path, tells: str) -> None:
    cpuinfo.write_text(tells)
    assert not warned()
    cpuinfo.unlink()
    assert processor.multiplies_bytes() is None and not warned()


@pytest.mark.parametrize(("queues", "lines"), [(MODEL_QUEUES, 1), (EXTERNAL_QUEUES, 0)])
def test_a_worker_that_loads_models_says_it_once_at_its_start(
    cpuinfo: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    queues: tuple[str, ...],
    lines: int,
) -> None:
    monkeypatch.setattr(app.amqp.queues, "_consume_from", None)
    app.amqp.queues.select(queues)
    with caplog.at_level(logging.WARNING, tasks.__name__):
        worker_ready.send(sender=app)
    assert sum("VNNI" in line for line in caplog.messages) == lines
