"""Prompts as people bring them, pasted as lines or in a CSV file, read row by row. Pure: knows no database.

What cannot be used is named by its line and the reason; everything else stays usable.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from monitor.models import Prompt
from monitor.services.errors import Problem

MAX_TAG = 40
MAX_TAGS = 20
#: Prompts taken at once, so that the preview stays readable and sendable.
MAX_ROWS = 5000
MAX_FILE_BYTES = 10 * 1024 * 1024
#: A quoted prompt over more lines than this is a quotation mark that was never closed.
MAX_RECORD_LINES = 60
#: Characters of a row that a flaw shows.
BEGINNING = 120
DELIMITERS = ",;\t"
NO_HEADER = "There is no header line, so the first column was read as the prompt and the second as its tags."
UNCLOSED = "A quotation mark is opened here and not closed."
AFTER_QUOTE = 'After the closing quotation mark comes more text. Double the marks that belong to a prompt: "".'
TEXT_NAMES = frozenset({"prompt", "prompts", "text", "question", "questions", "query"})
TAG_NAMES = frozenset({"tag", "tags", "label", "labels", "category", "topic"})

#: What lists are pasted with; a number must be followed by a blank, for "5G phones?" is a question.
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class PromptRow:
    """A usable prompt; `line` is where it began."""

    text: str
    tags: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Flaw:
    """A row that cannot be used, and why; `text` is its beginning."""

    line: int
    reason: str
    text: str = ""


@dataclass(slots=True)
class Parsed:
    """What was brought: usable rows, flaws, rows that repeat an earlier one, and a remark on how it was read."""

    rows: list[PromptRow] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)
    duplicates: list[Flaw] = field(default_factory=list)
    remark: str = ""

    @property
    def left_out(self) -> list[Flaw]:
        """Flaws and duplicates by their lines."""
        return sorted([*self.flaws, *self.duplicates], key=lambda flaw: flaw.line)

    def without(self, known: Iterable[str]) -> Parsed:
        """The same, with rows that the suite has already counted as duplicates."""
        there = set(known)
        repeated = [
            Flaw(row.line, "It is in this suite already.", row.text[:BEGINNING])
            for row in self.rows
            if row.text in there
        ]
        return Parsed(
            rows=[row for row in self.rows if row.text not in there],
            flaws=self.flaws,
            duplicates=sorted([*self.duplicates, *repeated], key=lambda flaw: flaw.line),
            remark=self.remark,
        )

    def as_json(self) -> str:
        """The usable rows, to be sent back by the preview."""
        return json.dumps([asdict(row) for row in self.rows], ensure_ascii=False)


def clean_text(text: str) -> str:
    """A prompt as it is kept: without what PostgreSQL cannot hold, one kind of line break, no outer white space."""
    kept = text.encode("utf-8", "replace").decode().replace("\x00", "")
    return kept.replace("\r\n", "\n").replace("\r", "\n").strip()


def text_flaw(text: str) -> str | None:
    """Why a cleaned text is no prompt; None when it is one."""
    if not text:
        return "There is no prompt in this row."
    if len(text) > Prompt.MAX_LENGTH:
        return f"The prompt has {len(text):,} characters; {Prompt.MAX_LENGTH:,} is the most. Shorten it."
    return None


def split_tags(text: str) -> tuple[str, ...]:
    """Tags from a cell or field: parted by commas, semicolons or bars, each once. Problem for one that is too long."""
    found: dict[str, str] = {}
    for piece in clean_text(text).replace(";", ",").replace("|", ",").replace("\n", ",").split(","):
        if tag := " ".join(piece.split()):
            if len(tag) > MAX_TAG:
                raise Problem(f"A tag may have {MAX_TAG} characters; “{tag[:30]}…” has {len(tag):,}.")
            found.setdefault(tag.casefold(), tag)
    if len(found) > MAX_TAGS:
        raise Problem(f"A prompt may have {MAX_TAGS} tags; these are {len(found)}.")
    return tuple(found.values())


def from_lines(text: str, tags: tuple[str, ...] = ()) -> Parsed:
    """One prompt a line; empty lines are passed over, and the bullets or numbers of a pasted list."""
    return _gather((number, [_BULLET.sub("", line), ""], tags) for number, line in enumerate(_lines(text), start=1))


def from_csv(data: bytes) -> Parsed:
    """Prompts with tags from a CSV file: `prompt` and `tags` columns, the header optional, by `,`, `;` or tab.

    Raises Problem for what is no text at all, or too much of it.
    """
    text, remark = _decode(data)
    lines = _lines(text)
    first = next((line for line in lines if line.strip()), "")
    delimiter, columns = _layout(first)
    parsed = _gather(_cells(lines, delimiter, columns, _width(first, delimiter) if columns else 2))
    if not columns and any(row.tags for row in parsed.rows):
        remark = f"{NO_HEADER} {remark}".strip()
    parsed.remark = remark
    return parsed


def from_json(text: str) -> list[PromptRow]:
    """The rows that a preview sent back, checked again. Problem when they are not what was sent."""
    try:
        rows = json.loads(text)
        parsed = _gather((int(row["line"]), [str(row["text"]), ",".join(row["tags"])], ()) for row in rows)
    except (ValueError, TypeError, KeyError):
        raise Problem("The preview was not sent back whole. Nothing was added: bring the prompts again.") from None
    return parsed.rows


# --- inside --------------------------------------------------------------------------------------------------


def _gather(entries: Iterable[tuple[int, list[str] | Flaw, tuple[str, ...]]]) -> Parsed:
    """Sort entries (line, [text, tags] or the flaw of that line, tags for all) into a Parsed."""
    parsed, first_seen = Parsed(), dict[str, int]()
    for number, record, common in entries:
        if isinstance(record, Flaw):
            parsed.flaws.append(record)
            continue
        text = clean_text(record[0])
        if not text and not record[1].strip():
            continue
        flaw = text_flaw(text)
        try:
            tags = split_tags(",".join((*common, record[1])))
        except Problem as problem:
            flaw, tags = flaw or str(problem), ()
        if flaw:
            parsed.flaws.append(Flaw(number, flaw, (text or record[1].strip())[:BEGINNING]))
        elif text in first_seen:
            parsed.duplicates.append(Flaw(number, f"The same as line {first_seen[text]}.", text[:BEGINNING]))
        else:
            first_seen[text] = number
            parsed.rows.append(PromptRow(text, tags, number))
        if len(parsed.rows) > MAX_ROWS:
            raise Problem(f"More than {MAX_ROWS:,} prompts at once. Nothing was added: bring them in parts.")
    return parsed


def _cells(
    lines: list[str], delimiter: str, columns: tuple[int, int | None] | None, width: int
) -> Iterator[tuple[int, list[str] | Flaw, tuple[str, ...]]]:
    """Entries for `_gather` of a CSV file's lines: the header left out, the columns picked."""
    text_at, tags_at = columns or (0, 1)
    header_ahead = columns is not None
    for number, record in _records(lines, delimiter):
        if isinstance(record, Flaw):
            yield number, record, ()
            continue
        while record and not record[-1].strip():
            record.pop()
        if not record:
            continue
        if header_ahead:
            header_ahead = False
        elif len(record) > width:
            begins = delimiter.join(record)
            yield number, Flaw(number, _too_many(len(record), delimiter, width), clean_text(begins)[:BEGINNING]), ()
        else:
            picked = [record[at] if at is not None and at < len(record) else "" for at in (text_at, tags_at)]
            yield number, picked, ()


def _width(line: str, delimiter: str) -> int:
    """Columns of a line, quotation marks respected; none where they do not fit this delimiter."""
    try:
        return len(next(csv.reader([line], delimiter=delimiter, strict=True), []))
    except csv.Error:
        return 0


def _lines(text: str) -> list[str]:
    """Lines with their ends, parted where CSV parts them and nowhere else."""
    return list(io.StringIO(text, newline=""))


def _decode(data: bytes) -> tuple[str, str]:
    """The file's text, and a remark when its encoding had to be guessed."""
    if len(data) > MAX_FILE_BYTES:
        raise Problem(f"The file is larger than {MAX_FILE_BYTES // 1024 // 1024} MB. Bring the prompts in parts.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise Problem("This is a workbook, not a CSV file. In the spreadsheet, save it as “CSV UTF-8” and upload that.")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), ""
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
        if "\x00" not in text:
            return text, "The file is not UTF-8, so it was read as Windows-1252. Check the accents below."
    if "\x00" in text:
        raise Problem("This is not a text file. Upload a CSV file with a column “prompt” and, if you like, “tags”.")
    return text, ""


def _layout(first: str) -> tuple[str, tuple[int, int | None] | None]:
    """The delimiter, and where prompt and tags stand when the first line is a header."""
    for delimiter in (one for one in DELIMITERS if _width(first, one)):
        names = [cell.strip().casefold() for cell in next(csv.reader([first], delimiter=delimiter), [])]
        text_at = next((at for at, name in enumerate(names) if name in TEXT_NAMES), None)
        if text_at is not None:
            return delimiter, (text_at, next((at for at, name in enumerate(names) if name in TAG_NAMES), None))
    # No header: a tab or semicolon outside quotes parts columns, and only then does a comma belong to the words.
    return next((delimiter for delimiter in "\t;" if _width(first, delimiter) > 1), ","), None


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | Flaw]]:
    """(line number, cells or the flaw of that line) of each record; a broken one costs only itself."""
    at = 0
    while at < len(lines):
        reader = csv.reader(iter(lines[at : at + MAX_RECORD_LINES]), delimiter=delimiter, strict=True)
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A mark left open swallows the lines after it: go on with the next line, they may be good.
            unclosed = "unexpected end" in str(error) or "field larger" in str(error) or reader.line_num > 1
            why = UNCLOSED if unclosed else AFTER_QUOTE
            yield at + 1, Flaw(at + 1, why, clean_text(lines[at])[:BEGINNING])
            at += 1
        else:
            yield at + 1, record
            at += max(reader.line_num, 1)


def _too_many(found: int, delimiter: str, expected: int) -> str:
    name = {",": "commas", ";": "semicolons", "\t": "tabs"}[delimiter]
    one = "1 was" if expected == 1 else f"{expected} were"
    return f"{found} columns where {one} expected. Put quotation marks around a prompt that holds {name}."
