"""Answers as people bring them in a file, CSV or JSON Lines, read row by row. Knows no database and no prompts.

A row that cannot be used is named by its line with the reason; everything else stays usable.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from monitor import assistants
from monitor.services.errors import Problem

KINDS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
MAX_FILE_BYTES = 50_000_000
MAX_ANSWER = 500_000
#: A quoted answer over more lines than this is a quotation mark that was never closed.
MAX_RECORD_LINES = 2000
REQUIRED = ("prompt", "assistant", "date", "answer")
OPTIONAL = ("country", "language")
UNCLOSED = "A quotation mark is opened here and not closed."
FIRST_YEAR = 2020

_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A usable row; `assistant` is a name such as `pasted:chatgpt`, `moment` a day or a point in time with its zone."""

    line: int
    prompt: str
    assistant: str
    moment: date | datetime
    answer: str
    country: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that cannot be used, and why."""

    line: int
    reason: str


def kind_of(name: str) -> str:
    """csv or jsonl, by suffix. Problem for anything else."""
    suffix = Path(name.lower()).suffix
    if suffix not in KINDS:
        raise Problem(f"{name[:80]} is neither CSV (.csv) nor JSON Lines (.jsonl).")
    return KINDS[suffix]


def read(data: bytes, kind: str) -> Iterator[AnswerRow | Flaw]:
    """The rows of a file. Problem for a file that holds none at all: no text, or no header with the columns."""
    text = _decoded(data)
    for line, fields in _csv(text) if kind == "csv" else _jsonl(text):
        yield Flaw(line, fields) if isinstance(fields, str) else _row(line, fields)


def clean_country(text: str) -> str:
    """A country's two letters in capitals, or nothing. Problem for anything else."""
    if text.strip() and not _COUNTRY.fullmatch(text.strip()):
        raise Problem(f"“{text.strip()[:20]}” is no country code. Write two letters, such as DE.")
    return text.strip().upper()


def clean_language(text: str) -> str:
    """A language code, or nothing. Problem for anything else."""
    if text.strip() and not _LANGUAGE.fullmatch(text.strip()):
        raise Problem(f"“{text.strip()[:20]}” is no language code. Write one such as en or pt-BR.")
    return text.strip()


def clean_answer(text: str) -> str:
    """The text as it is kept: as pasted, its line ends alike. Problem for none, or for too much."""
    answer = text.replace("\r\n", "\n").replace("\r", "\n")
    if not answer.strip():
        raise Problem("There is no answer here.")
    if len(answer) > MAX_ANSWER:
        raise Problem(f"The answer has {len(answer):,} characters; {MAX_ANSWER:,} is the most.")
    return answer


def surface_of(text: str) -> str:
    """The assistant meant by a page's name, as people write it. Problem for an unknown one."""
    wanted = text.casefold().replace(", pasted", "").replace("_", " ").strip()
    for name, label in assistants.surfaces():
        if wanted in {label.casefold(), name.casefold(), name.partition(":")[2].replace("_", " ")}:
            return name
    known = ", ".join(label for _, label in assistants.surfaces())
    raise Problem(f"“{text.strip()[:40]}” is no page known here. Write one of: {known}.")


def moment_of(text: str) -> date | datetime:
    """A day such as 2026-11-20, or a time with its zone. Problem for anything else, and for days to come."""
    wanted = text.strip()
    try:
        moment: date | datetime = date.fromisoformat(wanted) if len(wanted) <= 10 else datetime.fromisoformat(wanted)
    except ValueError:
        raise Problem(f"“{wanted[:30]}” is no date. Write it as 2026-11-20, or 2026-11-20T14:05+01:00.") from None
    if isinstance(moment, datetime) and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not FIRST_YEAR <= moment.year <= 2200:
        raise Problem(f"The date {wanted[:30]} cannot be: there were no such answers then.")
    return moment


# --- inside --------------------------------------------------------------------------------------------------


def _row(line: int, fields: Mapping[str, str]) -> AnswerRow | Flaw:
    if missing := [name for name in REQUIRED if not fields.get(name, "").strip()]:
        return Flaw(line, f"It has no {missing[0]}.")
    try:
        return AnswerRow(
            line=line,
            prompt=fields["prompt"],
            assistant=surface_of(fields["assistant"]),
            moment=moment_of(fields["date"]),
            answer=clean_answer(fields["answer"]),
            country=clean_country(fields.get("country", "")),
            language=clean_language(fields.get("language", "")),
        )
    except Problem as problem:
        return Flaw(line, str(problem))


def _decoded(data: bytes) -> str:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Problem("This is a workbook, not a CSV file. In the spreadsheet, save it as “CSV UTF-8” and upload that.")
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(
            "The file is not UTF-8 text. In the spreadsheet, save it as “CSV UTF-8” and upload that."
        ) from None
    if not text.strip():
        raise Problem("This file is empty. Choose another.")
    return text


def _jsonl(text: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError:
            yield number, "The JSON is nested too deeply."
            continue
        except ValueError as error:
            yield number, f"Not JSON: {error}."
            continue
        if not isinstance(row, dict):
            yield number, 'Not a JSON object such as {"prompt": "...", "assistant": "ChatGPT", ...}.'
            continue
        yield number, {str(key).strip().casefold(): value for key, value in row.items() if isinstance(value, str)}


def _csv(text: str) -> Iterator[tuple[int, dict[str, str] | str]]:
    lines = list(io.StringIO(text, newline=""))
    first = next(number for number, line in enumerate(lines) if line.strip())
    delimiter = max(",;\t", key=lines[first].count)
    header = [name.strip().casefold() for name in next(csv.reader([lines[first]], delimiter=delimiter), [])]
    if missing := [name for name in REQUIRED if name not in header]:
        raise Problem(
            f"The first line must name the columns; there is no “{missing[0]}”. Needed are {', '.join(REQUIRED)}."
        )
    at = first + 1
    while at < len(lines):
        reader = csv.reader(iter(lines[at : at + MAX_RECORD_LINES]), delimiter=delimiter, strict=True)
        try:
            record = next(reader)
        except csv.Error as error:
            # An open mark swallows what follows: go on with the next line that begins as a record may.
            yield at + 1, UNCLOSED if reader.line_num > 1 or "end" in str(error) else f"It cannot be read: {error}."
            at += max(reader.line_num, 1) if reader.line_num >= MAX_RECORD_LINES else 1
            continue
        if any(cell.strip() for cell in record):
            wide = len(record) > len(header)
            found = f"{len(record)} columns where {len(header)} were expected. Put quotation marks around the answer."
            yield at + 1, found if wide else dict(zip(header, record, strict=False))
        at += max(reader.line_num, 1)
