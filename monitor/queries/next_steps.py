"""What to do next, read off figures that pages show: where one is missing, what is read and not cited, what fails.

Each step is a sentence with its count and the page that shows it. They are ordered by how much an act would change, not
by a score; where nothing stands out there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from django.urls import reverse

from monitor.metrics import Rate
from monitor.models import Workspace
from monitor.queries import prompts
from monitor.queries.behind import link
from monitor.queries.dashboard import DomainRow, Overview, Section
from monitor.queries.filters import Filter

MOST = 3
#: Shares from which something stands out.
WIDE_GAP, OFTEN_READ, SELDOM_CITED, MANY_FAILED = 0.5, 0.2, 0.5, 0.1
FEWEST_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Step:
    """A sentence, and what its link is called and leads to."""

    words: str
    act: str
    href: str


def next_steps(workspace: Workspace, page: Overview) -> tuple[Step, ...]:
    """At most three; of each kind the one that stands out most."""
    chosen, sections = page.filter, page.sections
    if not sections:
        return ()
    found = chain(
        _failed(workspace, chosen, sections),
        _thin(workspace, sections),
        _gap(workspace, page),
        _read_and_not_cited(workspace, chosen, sections),
        _cited_elsewhere(workspace, chosen, sections),
    )
    return tuple(islice(found, MOST))


def _failed(workspace: Workspace, chosen: Filter, sections: Sequence[Section]) -> Iterator[Step]:
    worst = max(sections, key=lambda section: section.failed / max(1, section.failed + section.responses))
    asked = worst.failed + worst.responses
    if worst.failed and worst.failed / asked >= MANY_FAILED:
        words = f"{worst.label} failed for {worst.failed:,} of {asked:,} answers, so its figures rest on the others."
        href = link(workspace, chosen, "", assistant=worst.assistant, stratum=worst.stratum, state="failed")
        yield Step(words, "See what failed", href)


def _thin(workspace: Workspace, sections: Sequence[Section]) -> Iterator[Step]:
    if all(section.too_thin for section in sections):
        most = max(section.prompts for section in sections)
        asked = "1 prompt was" if most == 1 else f"{most} prompts were"
        words = f"Only {asked} asked: too few for intervals and for telling a change from noise. Ten or more will do."
        yield Step(words, "Find ideas for prompts", reverse("ideas", args=[workspace.slug]))


def _gap(workspace: Workspace, page: Overview) -> Iterator[Step]:
    for row in prompts.widest_gaps(workspace, page.current, most=1):
        if row.n >= FEWEST_ANSWERS and row.gap / row.n >= WIDE_GAP:
            words = (
                f"Of {row.n:,} answers by {row.assistant} to “{row.prompt}”, {row.gap:,} name or cite competitors and "
                "none of your brands."
            )
            of = {"assistant": row.key[0], "stratum": row.key[1], "prompt": row.pk}
            yield Step(words, "Read these answers", link(workspace, page.filter, "gap", **of))


def _read_and_not_cited(workspace: Workspace, chosen: Filter, sections: Sequence[Section]) -> Iterator[Step]:
    own = [(row, section) for section in sections for row in section.domains if row.owner and row.owner.own]
    lost = [(row, section) for row, section in own if _is_passed_over(row)]
    if lost:
        row, section = max(lost, key=lambda each: each[0].retrieval.rate or 0)
        words = (
            f"{section.label} retrieves {row.domain} for {_percent(row.retrieval)} of answers and cites it in "
            f"{_percent(row.citation)}: your pages are found, and others are quoted."
        )
        if section.stratum == "local":
            yield Step(words, "See why", reverse("trace", args=[workspace.slug]))
        else:
            of = {"assistant": section.assistant, "stratum": section.stratum, "retrieved": row.domain}
            yield Step(words, "Read these answers", link(workspace, chosen, "counted", **of))


def _percent(rate: Rate) -> str:
    return f"{(rate.rate or 0) * 100:.0f}\u00a0%"


def _is_passed_over(row: DomainRow) -> bool:
    read, cited = row.retrieval.rate or 0, row.citation.rate or 0
    return row.reports_retrieval and read >= OFTEN_READ and cited < read * SELDOM_CITED


def _cited_elsewhere(workspace: Workspace, chosen: Filter, sections: Sequence[Section]) -> Iterator[Step]:
    """The domain of nobody's that is cited most: being named there reaches most readers."""
    strangers = [(row, section) for section in sections for row in section.domains if row.owner is None and row.cited]
    if strangers:
        row, section = max(strangers, key=lambda each: each[0].citation.rate or 0)
        words = (
            f"{row.domain} is what {section.label} cites most of all that is no brand's, in {row.cited:,} of "
            f"{row.citation.n:,} answers. See what it says of you."
        )
        of = {"assistant": section.assistant, "stratum": section.stratum, "domain": row.domain}
        yield Step(words, "Read these answers", link(workspace, chosen, "counted", **of))
