"""The tables of a report: typed columns, raw values. Every format is made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from monitor.metrics import Change, Rate
from monitor.plain import counted
from monitor.queries.places import NOWHERE, Places
from monitor.queries.report import DEFINITIONS, AnswerRow, Report
from monitor.queries.sentiment import SentimentCounts

Kind = Literal["text", "count", "percent", "points", "decimal", "day"]
Value = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` hold raw values in the order of `columns`: rates between 0 and 1, None for not measured.

    A long table's rows are made while they are gone through; all others are a tuple.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class _Made:
    """Rows that are made anew each time they are gone through."""

    make: Callable[[], Iterator[tuple[Value, ...]]]

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return self.make()


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
    rows: list[tuple[Value, ...]] = [("Report by", about.branding.name)] if about.branding.name else []
    rows += [("Workspace", about.workspace)]
    rows += [("Data", "made-up demo data")] if about.is_demo else []
    rows += about.filters
    rows += [("Read with", about.reading), ("Made at", about.made_at.isoformat(timespec="seconds"))]
    if left_out := report.answers.left_out:
        rows.append(("Answers left out", f"the {left_out:,} oldest; the Parquet files have them, or a shorter period"))
    rows += [
        (
            f"Answers, {section.label}",
            f"n = {section.responses:,} valid of {counted(section.prompts, 'prompt')} on "
            f"{counted(section.days, 'day')}; {section.failed} failed, {section.refused} refused",
        )
        for section in report.sections
    ]
    rows += [("Note", about.branding.footer)] if about.branding.footer else []
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


_ROLES = (("compared", "compared"), ("listed", "listed"), ("only_named", "only named"))


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
        Column("listed", "Answers listing it", "count"),
        *_rate_columns("listed_first", "First in lists"),
        *_rate_columns("listed_among_first_three", "Among first three in lists"),
        Column("median_place", "Median place in lists", "decimal"),
        *(Column(f"mentions_{key}", f"Mentions, {title}", "count") for key, title in _ROLES),
        *(Column(key, f"Mentions, {key}", "count") for key in ("recommended", "neutral", "negative")),
        Column("not_judged", "Mentions, not judged yet", "count"),
    )
    rows = tuple(
        (
            *(section.label, section.stratum_label, row.brand.name, "own" if row.brand.own else "competitor"),
            *(row.mention.n, row.mention.prompts),
            *(row.named, *_rate(row.mention), *_change(row.mention_change)),
            *(row.cited, *_rate(row.citation), *_change(row.citation_change)),
            *(row.share_of_voice, row.first.rate, row.top3.rate),
            *(row.median_rank, row.reciprocal_rank),
            *_places(report.places.get((section.assistant, section.stratum, row.brand.pk), NOWHERE)),
            *_sentiment(report.sentiment.get((section.assistant, section.stratum, row.brand.pk))),
        )
        for section in report.sections
        for row in section.brands
    )
    return Table("brands", "Brands", columns, rows)


def _places(found: Places) -> tuple[Value, ...]:
    return found.answers, *_rate(found.first), *_rate(found.top3), found.median


def _sentiment(found: SentimentCounts | None) -> tuple[Value, ...]:
    """Counts by role where it is told, by sentiment where anything was judged, and how many mentions were not."""
    nothing = (None, None, None)
    if not found:
        return *nothing, *nothing, 0
    roles = (found.roles.compared, found.roles.listed, found.roles.named) if found.roles.told else nothing
    told = (found.recommended, found.neutral, found.negative) if found.judged else nothing
    return *roles, *told, found.waiting


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
        *(*WHO, Column("domain", "Domain"), Column("brand", "Brand"), Column("kind", "Kind"), *N),
        *(Column("cited", "Answers citing it", "count"), *_rate_columns("citation", "Citation rate")),
        *_change_columns("citation", "Citation rate"),
        *(Column("citation_share", "Citation share", "percent"), Column("pawc", "PAWC", "percent")),
        Column("retrieval_rate", "Retrieval rate", "percent"),
    )
    rows = tuple(
        (
            *(section.label, section.stratum_label, row.domain, row.owner.name if row.owner else "", row.kind),
            *(row.citation.n, row.citation.prompts, row.cited, *_rate(row.citation), *_change(row.change)),
            *(row.share, row.pawc, row.retrieval.rate),
        )
        for section in report.sections
        for row in section.domains
    )
    return Table("domains", "Cited domains", columns, rows)


def _pages(report: Report) -> Table:
    columns = (
        *(*WHO, Column("page", "Page"), Column("title", "Title"), Column("domain", "Domain"), Column("brand", "Brand")),
        *(*N, Column("cited", "Answers citing it", "count"), Column("cited_before", "In the period before", "count")),
        *(*_rate_columns("citation", "Citation rate"), Column("retrieved", "Answers retrieving it", "count")),
        *(
            Column("conversion", "Conversion", "percent"),
            Column("last_cited", "Last cited", "day"),
            Column("url", "URL"),
        ),
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
            *(row.citation.n, row.citation.prompts, row.cited, row.cited_before, *_rate(row.citation)),
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
        *(Column("model", "Model"), Column("persona", "Persona")),
        *(Column("prompt", "Prompt"), Column("repeat", "Repeat", "count")),
        *(Column("named", "Names"), Column("cited", "Cites"), Column("text", "Text")),
    )
    rows = _Made(lambda: (_answer(row) for row in report.answers))
    return Table("answers", "Answers", columns, rows)


def _answer(row: AnswerRow) -> tuple[Value, ...]:
    return (
        row.pk,
        row.day,
        row.assistant,
        row.model,
        row.persona,
        row.prompt,
        row.repeat,
        ", ".join(row.named),
        " ".join(row.cited),
        row.text,
    )
