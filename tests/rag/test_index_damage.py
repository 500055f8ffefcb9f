"""The short form of the drill of broken indexes. `make chaos` has all of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos import index_damage

if TYPE_CHECKING:
    from inference.embed import Embedder


@pytest.mark.drill
def test_a_killed_writer_leaves_no_half_generation(embedder: Embedder, tmp_path: Path) -> None:
    report = index_damage.kills(tmp_path, embedder, 10, pages=4)
    assert (report["half"], report["not_built_again"]) == (0, 0), report
    assert report["before"] + report["in_the_middle"] + report["after"] == 10 and report["in_the_middle"], report


@pytest.mark.drill
def test_damage_to_a_generation_is_noticed_or_harmless(embedder: Embedder, tmp_path: Path) -> None:
    report = index_damage.damages(tmp_path, embedder, 40, pages=4)
    assert not report["unnoticed"] and report["noticed"] + report["harmless"] == 40, report
    assert report["noticed"] > report["harmless"], report
