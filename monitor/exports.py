"""A report as CSV, XLSX, JSON and PDF bytes, all made of the same tables.

Nothing that somebody else wrote becomes code on the way: CSV cells that a spreadsheet would take for a formula are
quoted, XLSX cells are written as strings, and the PDF's typesetter reads all of it as data, never as markup.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from monitor import charts
from monitor.metrics import Change, Rate
from monitor.queries.report import DEFINITIONS, Report, in_words

Kind = Literal["text", "count", "percent", "points", "decimal", "day"]
Value = str | int | float | date | None

#: What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
XLSX_CELL = 32_767
PAPER_PAGES, PAPER_PROMPTS, PAPER_ANSWERS = 25, 100, 6
PAPER_LETTERS = 600
SERIES_WIDTH, COMPARISON_WIDTH = 640, 280


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` hold raw values in the order of `columns`: rates between 0 and 1, None for not measured."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a report. `write` takes the report and the key of one table, or None for all of them."""

    suffix: str
    label: str
    content_type: str
    write: Callable[[Report, str | None], bytes]
    with_answers: bool = True


# --- tables ---------------------------------------------------------------------------------------------------------


def tables(report: Report) -> list[Table]:
    """All tables of a report, in reading order."""
    return [
        _about(report),
        _brands(report),
        _series(report),
        _domains(report),
        _pages(report),
        _prompts(report),
        _answers(report),
        _definitions(),
    ]


def _about(report: Report) -> Table:
    about = report.about
    rows: list[tuple[Value, ...]] = [("Workspace", about.workspace)]
    rows += [("Data", "made-up demo data")] if about.is_demo else []
    rows += about.filters
    rows += [("Read with", about.reading), ("Made at", about.made_at.isoformat(timespec="seconds"))]
    if report.answers_left_out:
        rows.append(("Answers left out", f"the {report.answers_left_out:,} oldest; choose a shorter period for them"))
    rows += [
        (
            f"Answers, {section.label}",
            f"n = {section.responses:,} valid of {section.prompts} prompts on {section.days} days; "
            f"{section.failed} failed, {section.refused} refused",
        )
        for section in report.sections
    ]
    return Table("about", "About this report", (Column("what", "What"), Column("which", "Which")), tuple(rows))


def _definitions() -> Table:
    return Table("definitions", "Definitions", (Column("term", "Term"), Column("meaning", "Meaning")), DEFINITIONS)


def _rate_columns(key: str, title: str) -> tuple[Column, ...]:
    return (
        Column(f"{key}_rate", title, "percent"),
        Column(f"{key}_low", f"{title}, 95 % from", "percent"),
        Column(f"{key}_high", f"{title}, 95 % to", "percent"),
    )


def _change_columns(key: str, title: str) -> tuple[Column, ...]:
    return (
        Column(f"{key}_change", f"{title}, change", "points"),
        Column(f"{key}_change_low", f"{title}, change, 95 % from", "points"),
        Column(f"{key}_change_high", f"{title}, change, 95 % to", "points"),
        Column(f"{key}_change_p", f"{title}, p adjusted", "decimal"),
        Column(f"{key}_change_verdict", f"{title}, verdict"),
    )


def _rate(rate: Rate) -> tuple[Value, ...]:
    return rate.rate, rate.low, rate.high


def _change(change: Change) -> tuple[Value, ...]:
    return change.difference, change.low, change.high, change.q, change.verdict or ""


WHO = (Column("assistant", "Assistant"), Column("stratum", "Kind of answer"))
N = (Column("n", "n (answers)", "count"), Column("prompts", "Prompts", "count"))


def _brands(report: Report) -> Table:
    columns = (
        *WHO,
        *(Column("brand", "Brand"), Column("kind", "Kind")),
        *N,
        *(Column("named", "Answers naming it", "count"), *_rate_columns("mention", "Mention rate")),
        *_change_columns("mention", "Mention rate"),
        *(Column("cited", "Answers citing it", "count"), *_rate_columns("citation", "Citation rate")),
        *_change_columns("citation", "Citation rate"),
        Column("share_of_voice", "Share of voice", "percent"),
        Column("named_first", "Named first", "percent"),
        Column("among_first_three", "Among first three", "percent"),
        Column("median_rank", "Median rank when named", "decimal"),
        Column("mean_reciprocal_rank", "Mean reciprocal rank", "decimal"),
    )
    rows = tuple(
        (
            *(section.label, section.stratum_label, row.brand.name, "own" if row.brand.own else "competitor"),
            *(row.mention.n, row.mention.prompts),
            *(row.named, *_rate(row.mention), *_change(row.mention_change)),
            *(row.cited, *_rate(row.citation), *_change(row.citation_change)),
            *(row.share_of_voice, row.first.rate, row.top3.rate),
            *(report.ranks.get((section.key, row.brand.pk)), row.reciprocal_rank),
        )
        for section in report.sections
        for row in section.brands
    )
    return Table("brands", "Brands", columns, rows)


def _series(report: Report) -> Table:
    columns = (
        *(*WHO, Column("day", "Day", "day"), Column("brand", "Brand"), *N),
        *(*_rate_columns("mention", "Mention rate"), *_rate_columns("citation", "Citation rate")),
    )
    rows = tuple(
        (
            *(section.label, section.stratum_label, point.day, series.brand.name),
            *(point.mention.n, point.mention.prompts, *_rate(point.mention), *_rate(point.citation)),
        )
        for section in report.sections
        for series in section.series
        for point in series.points
    )
    by = "week, by its Monday" if any(section.by_week for section in report.sections) else "day"
    return Table("series", f"By {by}", columns, rows)


def _domains(report: Report) -> Table:
    columns = (
        *(*WHO, Column("domain", "Domain"), Column("brand", "Brand"), *N),
        *(Column("cited", "Answers citing it", "count"), *_rate_columns("citation", "Citation rate")),
        *_change_columns("citation", "Citation rate"),
        *(Column("citation_share", "Citation share", "percent"), Column("retrieval_rate", "Retrieval rate", "percent")),
    )
    rows = tuple(
        (
            *(section.label, section.stratum_label, row.domain, row.owner.name if row.owner else ""),
            *(row.citation.n, row.citation.prompts, row.cited, *_rate(row.citation), *_change(row.change)),
            *(row.share, row.retrieval.rate),
        )
        for section in report.sections
        for row in section.domains
    )
    return Table("domains", "Cited domains", columns, rows)


def _pages(report: Report) -> Table:
    columns = (
        *(*WHO, Column("page", "Page"), Column("title", "Title"), Column("domain", "Domain"), Column("brand", "Brand")),
        *(*N, Column("cited", "Answers citing it", "count"), *_rate_columns("citation", "Citation rate")),
        *(Column("retrieved", "Answers retrieving it", "count"), Column("conversion", "Conversion", "percent")),
        *(Column("last_cited", "Last cited", "day"), Column("url", "URL")),
    )
    rows = tuple(
        (
            *(
                section.label,
                section.stratum_label,
                row.page,
                row.title,
                row.domain,
                row.owner.name if row.owner else "",
            ),
            *(row.citation.n, row.citation.prompts, row.cited, *_rate(row.citation)),
            *(row.retrieved if section.reports_retrieval else None, row.conversion, row.last_cited, row.url),
        )
        for section in report.pages
        for row in section.rows
    )
    return Table("pages", "Pages", columns, rows)


def _prompts(report: Report) -> Table:
    columns = (
        *(Column("assistant", "Assistant"), Column("prompt", "Prompt"), Column("tags", "Tags")),
        Column("n", "n (answers)", "count"),
        *(Column("own_named", "Naming you", "count"), Column("own_cited", "Citing you", "count")),
        *(Column("rival_named", "Naming a competitor", "count"), Column("rival_cited", "Citing a competitor", "count")),
        Column("gap", "Gap: competitors only", "count"),
    )
    rows = tuple(
        (
            row.assistant,
            row.prompt,
            ", ".join(row.tags),
            row.n,
            row.own_named,
            row.own_cited,
            row.rival_named,
            row.rival_cited,
            row.gap,
        )
        for row in report.prompts
    )
    return Table("prompts", "Prompts", columns, rows)


def _answers(report: Report) -> Table:
    columns = (
        *(Column("answer", "Answer", "count"), Column("day", "Day", "day"), Column("assistant", "Assistant")),
        *(Column("model", "Model"), Column("prompt", "Prompt"), Column("repeat", "Repeat", "count")),
        *(Column("named", "Names"), Column("cited", "Cites"), Column("text", "Text")),
    )
    rows = tuple(
        (
            row.pk,
            row.day,
            row.assistant,
            row.model,
            row.prompt,
            row.repeat,
            ", ".join(row.named),
            " ".join(row.cited),
            row.text,
        )
        for row in report.answers
    )
    return Table("answers", "Answers", columns, rows)


# --- CSV ------------------------------------------------------------------------------------------------------------


def to_csv(report: Report, only: str | None = None) -> bytes:
    """One table, or all of them as one: a first column says which, and each fills the columns it has."""
    chosen = [table for table in tables(report) if only in (None, table.key)]
    keys = list(dict.fromkeys(column.key for table in chosen for column in table.columns))
    output = io.StringIO()
    writer = csv.writer(output)
    writer.writerow(keys if only else ["table", *keys])
    for table in chosen:
        places = {column.key: place for place, column in enumerate(table.columns)}
        for row in table.rows:
            cells = [_csv_cell(row[places[key]]) if key in places else "" for key in keys]
            writer.writerow(cells if only else [table.key, *cells])
    # the mark tells Excel that this is UTF-8
    return b"\xef\xbb\xbf" + output.getvalue().encode()


def _csv_cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 6)


def guarded(text: str) -> str:
    """The text with a quote before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


# --- XLSX -----------------------------------------------------------------------------------------------------------

NUMBER_FORMATS: dict[Kind, str] = {
    "percent": "0.0 %",
    "points": "+0.0 %;-0.0 %;0.0 %",
    "count": "#,##0",
    "decimal": "0.000",
    "day": "yyyy-mm-dd",
}


def to_xlsx(report: Report, only: str | None = None) -> bytes:
    """A sheet a table, with filters and a frozen header; strings stay strings, there are no formulas."""
    import xlsxwriter

    output = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(output, options) as book:
        book.set_properties({"title": f"Citescope: {report.about.workspace}"})
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats = {kind: book.add_format({"num_format": written}) for kind, written in NUMBER_FORMATS.items()}
        for table in tables(report):
            if only not in (None, table.key):
                continue
            sheet = book.add_worksheet(table.title[:31])
            for place, column in enumerate(table.columns):
                sheet.write_string(0, place, column.title, head)
                sheet.set_column(place, place, _width(table, place))
            for number, row in enumerate(table.rows, start=1):
                for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                    _write_cell(sheet, number, place, value, formats.get(column.kind))
            sheet.freeze_panes(1, 0)
            if table.rows:
                sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    return output.getvalue()


def _write_cell(sheet: Any, row: int, place: int, value: Value, number_format: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        sheet.write_string(row, place, value[:XLSX_CELL])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, number_format)
    else:
        sheet.write_number(row, place, value, number_format)


def _width(table: Table, place: int) -> int:
    if table.columns[place].kind != "text":
        return 12
    longest = max((len(str(row[place] or "")) for row in table.rows[:200]), default=0)
    return min(60, max(12, longest + 2))


# --- JSON -----------------------------------------------------------------------------------------------------------


def to_json(report: Report, only: str | None = None) -> bytes:
    """Every table as a list of objects; numbers as they are, null for not measured."""
    content: dict[str, Any] = {"made_at": report.about.made_at.isoformat(timespec="seconds")}
    for table in tables(report):
        if only in (None, table.key):
            keys = [column.key for column in table.columns]
            content[table.key] = [dict(zip(keys, map(_json_value, row), strict=True)) for row in table.rows]
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode()


def _json_value(value: Value) -> Any:
    return value.isoformat() if isinstance(value, date) else value


# --- PDF ------------------------------------------------------------------------------------------------------------

TEMPLATE = "report.typ"


def to_pdf(report: Report, only: str | None = None) -> bytes:
    """The report for a manager: what changed, the page's charts, the tables behind them, and the definitions."""
    import typst

    with tempfile.TemporaryDirectory(prefix="citescope-report-") as name:
        folder = Path(name)
        (folder / TEMPLATE).write_bytes((Path(settings.BASE_DIR) / "templates" / TEMPLATE).read_bytes())
        (folder / "data.json").write_text(json.dumps(_paper(report, folder), ensure_ascii=False))
        content = typst.compile(folder / TEMPLATE, root=folder, format="pdf")
    return bytes(content)


def _paper(report: Report, folder: Path) -> dict[str, Any]:
    """What the template sets; every string in it is shown as it stands."""
    about = report.about
    return {
        "workspace": about.workspace,
        "demo": about.is_demo,
        "period": f"{in_words(report.filter.period.start)} to {in_words(report.filter.period.end)}",
        "made": f"{in_words(about.made_at.date())}",
        "filters": [list(pair) for pair in (*about.filters, ("Read with", about.reading))],
        "findings": [
            {
                "subject": finding.subject,
                "verb": "named" if finding.measure == "named" else "cited",
                "up": finding.up,
                "after": percent(finding.after.rate),
                "before": percent(finding.before.rate),
                "change": f"{points(finding.change.difference)}, 95 %: {points(finding.change.low)} to "
                f"{points(finding.change.high)}; {finding.change.pairs} prompts",
            }
            for finding in report.overview.findings
        ],
        "compared": report.overview.compared,
        "too_thin": report.overview.too_thin,
        "sections": [_paper_section(report, number, folder) for number in range(len(report.sections))],
        "prompts": [
            {
                "assistant": row.assistant,
                "prompt": row.prompt,
                "n": row.n,
                "you": row.own_named,
                "cited": row.own_cited,
                "rivals": row.rival_named,
                "gap": row.gap,
            }
            for row in sorted(report.prompts, key=lambda row: -row.gap)[:PAPER_PROMPTS]
        ],
        "prompts_total": len(report.prompts),
        "answers": [
            {
                "prompt": row.prompt,
                "where": f"{row.assistant}, {in_words(row.day)}",
                "text": _excerpt(row.text),
                "cited": list(row.cited[:6]),
            }
            for row in _sample(report)
        ],
        "definitions": [list(pair) for pair in DEFINITIONS],
    }


def _paper_section(report: Report, number: int, folder: Path) -> dict[str, Any]:
    section = report.sections[number]
    pictures = {
        f"{kind}-{measure}": draw(section, measure)
        for measure in ("mention", "citation")
        for kind, draw in (("series", charts.series_chart), ("comparison", charts.comparison_chart))
        if charts.can_draw(section)
    }
    for name, spec in pictures.items():
        width = SERIES_WIDTH if name.startswith("series") else COMPARISON_WIDTH
        (folder / f"{number}-{name}.svg").write_text(charts.to_svg(spec, width))
    gap = report.gaps.get(section.key)
    pages = next((p for p in report.pages if (p.assistant, p.stratum) == (section.assistant, section.stratum)), None)
    return {
        "label": section.label,
        "basis": f"n = {section.responses:,} answers to {section.prompts} prompts on {section.days} "
        f"{'day' if section.days == 1 else 'days'}; {section.failed} failed, {section.refused} refused",
        "gap": f"{said(gap)} (n = {gap.n:,})" if gap and gap.rate is not None else None,
        "pictures": {name: f"{number}-{name}.svg" for name in pictures},
        "by": "week" if section.by_week else "day",
        "bands": not section.too_thin,
        "breaks": [f"{in_words(item.day)}: {item.label}" for item in section.breaks],
        "brands": [
            {
                "name": row.brand.name,
                "own": row.brand.own,
                "colour": charts.PAPER[f"--series-{row.brand.colour % 8}"],
                "mention": said(row.mention),
                "mention_change": verdict(row.mention_change),
                "citation": said(row.citation),
                "citation_change": verdict(row.citation_change),
                "voice": percent(row.share_of_voice),
                "first": percent(row.first.rate),
                "rank": f"{rank:g}" if (rank := report.ranks.get((section.key, row.brand.pk))) else "–",
                "n": f"{row.mention.n:,}",
            }
            for row in section.brands
        ],
        "domains": [
            {
                "domain": row.domain,
                "owner": row.owner.name if row.owner else "",
                "cited": f"{row.cited:,}",
                "rate": said(row.citation),
                "change": verdict(row.change),
                "share": percent(row.share),
                "n": f"{row.citation.n:,}",
            }
            for row in section.domains
        ],
        "pages": [
            {"page": row.page, "title": row.title, "cited": f"{row.cited:,}", "rate": said(row.citation)}
            for row in (pages.rows if pages else ())[:PAPER_PAGES]
            if row.cited
        ],
    }


def _sample(report: Report) -> list[Any]:
    """The latest answers, each to another prompt."""
    return list({row.prompt: row for row in reversed(report.answers)}.values())[::-1][:PAPER_ANSWERS]


def _excerpt(text: str) -> str:
    """Plain words for paper: an answer's markdown signs of emphasis and links' targets left out."""
    plain = re.sub(r"\]\(https?://[^)\s]*\)", "]", text)
    plain = re.sub(r"\*\*|`|^#{1,6} ", "", plain, flags=re.MULTILINE)
    return plain if len(plain) <= PAPER_LETTERS else plain[:PAPER_LETTERS].rsplit(" ", 1)[0] + " …"


def percent(rate: float | None) -> str:
    if rate is None:
        return "–"
    if 0 < rate < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 < rate < 1 else f"{rate * 100:.0f} %"


def points(difference: float | None) -> str:
    if difference is None:
        return "–"
    written = f"{difference * 100:+.0f}"
    return "0 pts" if written in ("+0", "-0") else f"{written} pts".replace("-", "−")


def said(rate: Rate) -> str:
    """`38 % (32–44)`, or `38 % (too thin)`."""
    if rate.rate is None:
        return "–"
    if rate.low is None or rate.high is None:
        return f"{percent(rate.rate)} ({rate.reason})"
    return f"{percent(rate.rate)} ({rate.low * 100:.0f}–{rate.high * 100:.0f})"


def verdict(change: Change) -> str:
    return f"{points(change.difference)}\n{change.verdict}" if change.verdict else "–"


FORMATS = {
    "pdf": Format("pdf", "PDF report", "application/pdf", to_pdf),
    "xlsx": Format(
        "xlsx", "Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx
    ),
    "csv": Format("csv", "CSV", "text/csv; charset=utf-8", to_csv),
    "json": Format("json", "JSON", "application/json", to_json),
}
TABLE_KEYS = ("about", "brands", "series", "domains", "pages", "prompts", "answers", "definitions")


def file_name(report: Report, suffix: str, only: str | None = None) -> str:
    """`citescope-shop-brands-2026-11-01-2026-11-30.csv`, ASCII only."""
    name = re.sub(r"[^a-z0-9]+", "-", report.about.workspace.lower()).strip("-") or "report"
    period = report.filter.period
    return "-".join(filter(None, ["citescope", name, only, f"{period.start}", f"{period.end}"])) + f".{suffix}"
