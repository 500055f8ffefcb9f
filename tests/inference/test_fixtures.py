"""Every fixture of every assistant is read as written beside it."""

from __future__ import annotations

import pytest

from inference.assistants import every
from tests.inference.loopback import FIXTURES, expected, fixture, fixture_names, reading

CASES = [
    (folder.name, name)
    for folder in sorted(FIXTURES.iterdir())
    for name in fixture_names(folder.name)
    if not name.endswith(".frames")
]


@pytest.mark.parametrize(("assistant", "name"), CASES)
def test_a_fixture_is_read_as_written_beside_it(assistant: str, name: str) -> None:
    assert reading(every()[assistant], fixture(assistant, name)) == expected(assistant, name)
