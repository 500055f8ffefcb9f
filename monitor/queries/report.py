"""A citation report over a period and filter, as one typed value that every export format is made of.

It is the Overview's figures with the prompts, pages and answers behind them, and says itself under which filter,
definitions and reading they were made. Knows nothing of formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from monitor import assistants
from monitor.branding import Branding
from monitor.metrics import Rate
from monitor.models import Panel, Workspace
from monitor.queries import branding, counts, dashboard, filters, places, prompts, records, sentiment
from monitor.queries.dashboard import Overview, Section
from monitor.queries.filters import Filter
from monitor.queries.places import Places
from monitor.queries.prompts import PromptRow
from monitor.queries.records import NO_RECORDS, Records
from monitor.queries.sentiment import SentimentCounts
from monitor.queries.sources import PageSection, pages

#: What a spreadsheet still opens; the Parquet files have all.
MOST_ANSWERS = 200_000
MOST_PAGES = 1000

DEFINITIONS = (
    (
        "Mention rate",
        "Of the valid answers to a prompt, the part that names the brand in its prose; the mean of that over prompts.",
    ),
    (
        "Citation rate",
        "Likewise for answers that show the reader a page of the brand's domains, or of the domain, as a source. "
        "A page that was only retrieved is not cited.",
    ),
    (
        "Citation share",
        "Of an answer's distinct cited pages, the part that lies on the domain; the mean over answers that cite "
        "anything.",
    ),
    (
        "PAWC",
        "Position-adjusted word count: of an answer's words that rest on a source, the part that rests on the domain; "
        "earlier sentences weigh more. The mean over answers whose citations stand at places in their text.",
    ),
    ("Share of voice", "Answers naming the brand over the sum of that for all brands of the workspace."),
    (
        "Named first, among first three",
        "Of all valid answers, those in which the brand is the first, or one of the "
        "first three, of the listed brands to be named. Median rank counts only answers that name it.",
    ),
    (
        "Sentiment",
        "Of the mentions in valid answers, how many recommend the brand, are neutral or negative toward it, as a small "
        "model on our own machine reads their sentences. Counts, never a score.",
    ),
    (
        "Role",
        "Of the same mentions, how many set the brand against something else by name (compared), how many are one of "
        "three or more in a row or open an item of a list or table (listed). All others only name it.",
    ),
    (
        "Places in lists",
        "Of the valid answers with the brand in a list, a table or a row of three or more names, those that have it "
        "first there, or among the first three; the mean over prompts. Of several lists its best place counts.",
    ),
    (
        "Prompt gap",
        "Of all valid answers, those in which a competitor is named or cited and none of the own brands is.",
    ),
    (
        "Interval",
        "95 %, from resampling prompts (2,000 draws). Under ten prompts there is none: too thin. Where no answer "
        "counts, or every one, it is Wilson's on the number of prompts; where all prompts have one same rate between, "
        "it has no width, which is not certainty. Errors and refusals are left out of every rate and counted beside. "
        "A dash is not measured, never zero.",
    ),
    (
        "More than noise",
        "The change, over prompts measured in both periods, is too large for chance, after allowing for few prompts "
        "(Student) and for how many changes are shown (Benjamini-Hochberg, 5 %).",
    ),
)


@dataclass(frozen=True, slots=True)
class About:
    """Where the figures come from. `filters` are (what, which) in words."""

    workspace: str
    is_demo: bool
    time_zone: str
    made_at: datetime
    filters: tuple[tuple[str, str], ...]
    reading: str
    branding: Branding = Branding()


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One valid answer, with the brands it names in their order and the pages it cites."""

    pk: int
    day: date
    assistant: str
    model: str
    persona: str
    prompt: str
    repeat: int
    named: tuple[str, ...]
    cited: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Answers:
    """The valid answers, the latest first, read piece by piece each time they are gone through."""

    records: Records
    names: Mapping[int, str]
    total: int

    def __len__(self) -> int:
        return min(self.total, MOST_ANSWERS)

    @property
    def left_out(self) -> int:
        return self.total - len(self)

    def __iter__(self) -> Iterator[AnswerRow]:
        for pk, day, assistant, model, prompt, repeat, persona, named, cited, text in self.records:
            yield AnswerRow(
                pk=pk,
                day=day,
                assistant=assistants.label(assistant),
                model=model,
                persona=persona,
                prompt=prompt,
                repeat=repeat + 1,
                named=tuple(self.names[brand] for brand in named or () if brand in self.names),
                cited=tuple(cited or ()),
                text=text,
            )


NO_ANSWERS = Answers(NO_RECORDS, {}, 0)


@dataclass(frozen=True, slots=True)
class Report:
    """`gaps` are by section key; `sentiment` and `places` by (assistant, stratum, brand id).

    A brand that was never named has none of these. `records` are the raw tables by name.
    """

    about: About
    filter: Filter
    overview: Overview
    gaps: dict[str, Rate]
    sentiment: Mapping[tuple[str, str, int], SentimentCounts]
    places: Mapping[tuple[str, str, int], Places]
    pages: tuple[PageSection, ...]
    prompts: tuple[PromptRow, ...]
    answers: Answers
    records: Mapping[str, Records]

    @property
    def sections(self) -> tuple[Section, ...]:
        return self.overview.sections


def report(workspace: Workspace, chosen: Filter, *, with_answers: bool = True, most_pages: int = MOST_PAGES) -> Report:
    """The report; `with_answers` may be False for formats that show none."""
    overview = dashboard.overview(workspace, chosen)
    current = overview.current
    if current is None:
        return Report(
            _about(workspace, chosen, "nothing read yet"), chosen, overview, {}, {}, {}, (), (), NO_ANSWERS, {}
        )
    extraction = current.extraction
    reading = f"brand set {extraction.brand_set.number}, rules {extraction.rule_version}"
    brands = counts.brands_of(workspace, extraction)
    values = counts.values_of(workspace, extraction, chosen) | {"most": MOST_ANSWERS}
    found = prompts.rows(workspace, current)
    total = sum(section.responses for section in overview.sections)
    answers = Answers(Records(counts.of_answers(_ANSWERS, chosen), values), {b.pk: b.name for b in brands}, total)
    return Report(
        about=_about(workspace, chosen, reading),
        filter=chosen,
        overview=overview,
        gaps=prompts.gaps(found),
        sentiment=sentiment.by_brand(workspace, chosen),
        places=places.by_brand(workspace, chosen),
        pages=pages(workspace, chosen, most=most_pages),
        prompts=tuple(found),
        answers=answers if with_answers else NO_ANSWERS,
        records=records.tables(chosen, values),
    )


def _about(workspace: Workspace, chosen: Filter, reading: str) -> About:
    panels = {panel.pk: panel.name for panel in Panel.objects.for_workspace(workspace)}
    before = chosen.before
    names = {brand.pk: brand.name for brand in counts.current_brands(workspace)}
    said = [
        ("Period", f"{in_words(chosen.period.start)} to {in_words(chosen.period.end)}"),
        ("Compared with", f"{in_words(before.start)} to {in_words(before.end)}" if before else "nothing"),
        ("Panel", panels.get(chosen.panel, "") if chosen.panel else "all panels"),
        ("Assistants", ", ".join(map(assistants.label, chosen.assistants)) or "all"),
        ("Tags", ", ".join(chosen.tags) or "all prompts"),
        ("Brands", ", ".join(names.get(pk, "") for pk in chosen.brands) or "all"),
    ]
    if chosen.strata:
        said.append(("Kind of answer", ", ".join(filters.STRATA.get(stratum, stratum) for stratum in chosen.strata)))
    made_at, look = timezone.now(), branding.branding(workspace)
    return About(workspace.name, workspace.is_demo, workspace.time_zone, made_at, tuple(said), reading, look)


def in_words(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


_ANSWERS = """
WITH r AS ({responses}), latest AS (SELECT * FROM r ORDER BY day DESC, id DESC LIMIT %(most)s)
SELECT r.id, r.day, r.assistant, r.model_reported, r.prompt_text, r.repeat,
       concat_ws(': ', full_row.options -> 'persona' ->> 'name', full_row.options -> 'persona' ->> 'words'),
       (SELECT array_agg(brand_id ORDER BY first) FROM (
           SELECT m.brand_id, min(m.start) AS first FROM monitor_mention m
           WHERE m.response_id = r.id AND m.extraction_id = r.extraction_id GROUP BY 1) AS named),
       (SELECT array_agg(coalesce(nullif(s.page, ''), s.url) ORDER BY s.sequence) FROM monitor_responsesource s
        WHERE s.response_id = r.id AND s.extraction_id = r.extraction_id AND s.cited),
       full_row.text
FROM latest r JOIN monitor_response full_row ON full_row.id = r.id
ORDER BY r.day DESC, r.id DESC
"""
