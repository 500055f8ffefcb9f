"""Commands that read standard input, where it is bad or absent, or nobody reads what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("-m inference urls", "-m inference parse openai -", "-m rag support", "manage.py metrics pawc")
EXTRACT = "manage.py extract --no-sentiment --brands"


@pytest.fixture
def extract(tmp_path: Path) -> list[str]:
    (tmp_path / "brands.json").write_text('[{"name": "Acme"}]')
    return [*EXTRACT.split(), str(tmp_path / "brands.json")]


def without_standard_input(command: list[str]) -> subprocess.CompletedProcess[str]:
    closed = ["sh", "-c", 'exec "$@" <&-', "sh", sys.executable, *command]
    return subprocess.run(closed, capture_output=True, text=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_says_that_there_is_no_standard_input(command: str) -> None:
    done = without_standard_input(command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("There is no standard input to read.\n") and done.stderr.count("\n") == 1


def test_extract_says_that_there_is_no_standard_input(extract: list[str]) -> None:
    assert without_standard_input(extract).returncode == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": 2,', "Line 2 is not JSON: Expecting property name enclosed in double quotes (character 10)."),
        ('["a"]', "Line 2 is not a JSON object."),
        ("[" * 100_000, "Line 2 is nested too deeply."),
        ('{"id": NaN, "text": ""}', "Line 2 is not JSON: NaN is no number of JSON."),
        ('{"id": 2}', 'Line 2 needs to be an object with "id" and "text".'),
    ],
    ids=["broken", "list", "deep", "NaN", "no text"],
)
def test_a_bad_line_ends_extract_with_its_number_and_reason(extract: list[str], line: str, reason: str) -> None:
    lines = "\n".join(['{"id": 1, "text": "Acme"}', line])
    done = subprocess.run([sys.executable, *extract], input=lines, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, f"citescope: {reason}\n")
    assert [json.loads(row)["id"] for row in done.stdout.splitlines()] == [1]


def test_who_has_read_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"id": 1, "cells": [[1, 2]]}\n' * 5000)
    head = ["sh", "-c", 'exec "$@" | head -n 1', "sh", sys.executable, "manage.py", "metrics", "interval"]
    with (tmp_path / "lines").open() as lines:
        done = subprocess.run(head, stdin=lines, capture_output=True, text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_a_file_that_is_not_there_is_named() -> None:
    command = [sys.executable, "-m", "rag", "robots", "nowhere.txt", "--agent", "A", "--url", "https://a.example/"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "python -m rag: nowhere.txt: No such file or directory.\n")


@pytest.mark.parametrize(
    "command",
    [f"{EXTRACT} deep.json", "-m inference parse openai deep.json --headers deep.json"],
    ids=["brands", "headers"],
)
def test_a_file_that_is_nested_too_deeply_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    filled = [str(tmp_path / part) if part == "deep.json" else part for part in command.split()]
    done = subprocess.run([sys.executable, *filled], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "deep.json" in done.stderr and "Traceback" not in done.stderr
