"""The report for a manager, as a PDF set by typst: what changed, the page's charts, the tables behind them.

Answers, names and pages reach the typesetter as data in a JSON file; none of it is read as markup.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from monitor import chart_theme, charts
from monitor.metrics import Change, Rate
from monitor.plain import percent, points
from monitor.prose import beginning, prose
from monitor.queries.dashboard import Section
from monitor.queries.report import DEFINITIONS, AnswerRow, Report, in_words

PAPER_PAGES, PAPER_PROMPTS, PAPER_ANSWERS = 25, 100, 6
PAPER_LETTERS = 600
SERIES_WIDTH, COMPARISON_WIDTH = 640, 280


TEMPLATE, LOGO = "report.typ", "logo.png"


def write_pdf(report: Report, only: str | None, file: BinaryIO) -> None:
    """The report for a manager: what changed, the page's charts, the tables behind them, and the definitions."""
    import typst

    with tempfile.TemporaryDirectory(prefix="citescope-report-") as name:
        folder = Path(name)
        (folder / TEMPLATE).write_bytes((Path(settings.BASE_DIR) / "templates" / TEMPLATE).read_bytes())
        if logo := report.about.branding.logo:
            (folder / LOGO).write_bytes(logo)
        (folder / "data.json").write_text(json.dumps(_paper(report, folder), ensure_ascii=False))
        file.write(typst.compile(folder / TEMPLATE, root=folder, format="pdf"))


def _paper(report: Report, folder: Path) -> dict[str, Any]:
    """What the template sets; every string in it is shown as it stands."""
    about = report.about
    return {
        "workspace": about.workspace,
        "brand": {
            "name": about.branding.name,
            "accent": about.branding.accent,
            "footer": about.branding.footer,
            "logo": LOGO if about.branding.logo else None,
        },
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
        "before": _before(report),
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
                "text": beginning(prose(row.text), PAPER_LETTERS),
                "cited": list(row.cited[:6]),
            }
            for row in _sample(report)
        ],
        "definitions": [list(pair) for pair in DEFINITIONS],
    }


def _before(report: Report) -> str:
    before = report.filter.before
    return f"{in_words(before.start)} to {in_words(before.end)}" if before else ""


def _asked(section: Section) -> str:
    """With what models, and from where, panels asked; several are counted together, and that is said."""
    together = ", counted together" if len(section.asked) > 1 else ""
    return f"; asked with {'; '.join(section.asked)}{together}" if section.asked else ""


def _lead(section: Section) -> str:
    """How the own brands stand, in a sentence each; empty where none was measured."""
    order = sorted(section.brands, key=lambda row: -(row.mention.rate or 0))
    said_of = []
    for row in section.brands:
        if row.brand.own and row.mention.rate is not None:
            better = sum((other.mention.rate or 0) > row.mention.rate for other in order)
            place = f"number {better + 1} of {len(order)} brands by mention rate" if len(order) > 1 else ""
            said_of.append(
                f"{row.brand.name} is named in {said(row.mention)} of answers and cited in {said(row.citation)}"
                + (f", {place}." if place else ".")
            )
    return " ".join(said_of)


def _caption(section: Section) -> str:
    """What a reader must know of the lines: whose band it is, which brands are grey, and what gaps are."""
    legend = charts.legend(section)
    banded, grey = (_listed([brand.name for brand in brands]) for brands in (legend.banded, legend.grey))
    by = "week" if section.by_week else "day"
    band = (
        f"Band: 95 % interval of {banded} on {by}s with ten prompts or more."
        if banded
        else f"Fewer than ten prompts a {by}: too thin for intervals."
    )
    return f"{band}{f' Grey lines: {grey}.' if grey else ''} {by.capitalize()}s without a valid answer are gaps."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _paper_section(report: Report, number: int, folder: Path) -> dict[str, Any]:
    section = report.sections[number]
    pictures = {
        f"{kind}-{measure}": draw(section, measure)
        for measure in ("mention", "citation")
        for kind, draw, can in (
            ("series", charts.series_chart, charts.has_lines),
            ("comparison", charts.comparison_chart, charts.can_draw),
        )
        if can(section)
    }
    for name, spec in pictures.items():
        width = SERIES_WIDTH if name.startswith("series") else COMPARISON_WIDTH
        (folder / f"{number}-{name}.svg").write_text(chart_theme.to_svg(spec, width))
    gap = report.gaps.get(section.key)
    pages = next((p for p in report.pages if (p.assistant, p.stratum) == (section.assistant, section.stratum)), None)
    return {
        "label": section.label,
        "basis": f"n = {section.responses:,} answers to {section.prompts} prompts on {section.days} "
        f"{'day' if section.days == 1 else 'days'}; {section.failed} failed, {section.refused} refused"
        f"{_asked(section)}",
        "gap": f"{said(gap)} (n = {gap.n:,})" if gap and gap.rate is not None else None,
        "pictures": {name: f"{number}-{name}.svg" for name in pictures},
        "by": "week" if section.by_week else "day",
        "lines": charts.has_lines(section),
        "bands": not section.too_thin,
        "lead": _lead(section),
        "caption": _caption(section) if charts.has_lines(section) else "",
        "breaks": [f"{in_words(item.day)}: {item.label}" for item in section.breaks],
        "brands": [
            {
                "name": row.brand.name,
                "own": row.brand.own,
                "colour": chart_theme.PAPER[f"--series-{row.brand.colour % 8}"],
                "mention": said(row.mention),
                "mention_change": verdict(row.mention_change),
                "citation": said(row.citation),
                "citation_change": verdict(row.citation_change),
                "voice": percent(row.share_of_voice),
                "first": percent(row.first.rate),
                "rank": f"{row.median_rank:g}" if row.median_rank else "–",
                "n": f"{row.mention.n:,}",
            }
            for row in section.brands
        ],
        "sentiment": _paper_sentiment(report, section),
        "domains": [
            {
                "domain": row.domain,
                "owner": row.owner.name if row.owner else "",
                "cited": f"{row.cited:,}",
                "rate": said(row.citation),
                "change": verdict(row.change).replace("\n", ", "),
                "share": percent(row.share),
                "pawc": percent(row.pawc),
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


def _paper_sentiment(report: Report, section: Section) -> list[dict[str, Any]]:
    """Mentions by sentiment and role, of the brands that this section's answers name."""
    rows = []
    for row in section.brands:
        found = report.sentiment.get((section.assistant, section.stratum, row.brand.pk))
        if found:
            told = (found.recommended, found.neutral, found.negative) if found.judged else (None, None, None)
            roles = (found.roles.compared, found.roles.listed, found.roles.named) if found.roles.told else (None,) * 3
            counted = ["–" if number is None else f"{number:,}" for number in (*told, found.waiting, *roles)]
            colour = chart_theme.PAPER[f"--series-{row.brand.colour % 8}"]
            rows.append({"name": row.brand.name, "own": row.brand.own, "colour": colour, "counts": counted})
    return rows


def _sample(report: Report) -> list[AnswerRow]:
    """The latest answers, each to another prompt."""
    found: dict[str, AnswerRow] = {}
    for row in report.answers:  # the latest come first
        found.setdefault(row.prompt, row)
        if len(found) == PAPER_ANSWERS:
            break
    return list(found.values())


def said(rate: Rate) -> str:
    """`38 % (32–44)`, or `38 % (too thin)`."""
    if rate.rate is None:
        return "–"
    if rate.low is None or rate.high is None:
        return f"{percent(rate.rate)} ({rate.reason})"
    return f"{percent(rate.rate)} ({rate.low * 100:.0f}–{rate.high * 100:.0f})"


def verdict(change: Change) -> str:
    return f"{points(change.difference)}\n{change.verdict}" if change.verdict else "–"
