"""One prompt of a run: every domain's way, and the passage that won beside the nearest of the subject. Reads alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.assistants import engine
from monitor.models import PageVersion, Workspace
from monitor.queries.reaches import STAGES, Reach, Spot, Stage, Subject, domain_subject, funnel
from monitor.queries.tracing import RunTrace

#: Domains shown of one prompt.
DOMAINS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with its words, and the question's words that it has in some form or lacks."""

    spot: Spot
    text: str
    has: tuple[str, ...]
    lacks: tuple[str, ...]

    @property
    def dense_width(self) -> str:
        return f"{100 * min(1.0, max(0.0, self.spot.dense)):.1f}"

    @property
    def lexical_width(self) -> str:
        return f"{100 * min(1.0, max(0.0, self.spot.lexical)):.1f}"


@dataclass(frozen=True, slots=True)
class Part:
    """One line of what separates two passages."""

    label: str
    won: float
    other: float

    @property
    def difference(self) -> float:
        return self.won - self.other


@dataclass(frozen=True, slots=True)
class Compared:
    """The passage that won, and the one it is compared with. `is_subjects`: the winner is the subject's own."""

    won: Passage
    other: Passage | None
    is_subjects: bool
    is_cited: bool

    @property
    def parts(self) -> tuple[Part, ...]:
        if self.other is None:
            return ()
        won, other = self.won.spot, self.other.spot
        score = (
            Part("Score", won.score, other.score),
            Part("of it by meaning", won.dense, other.dense),
            Part("of it by words", won.lexical, other.lexical),
        )
        if won.read is None or other.read is None:
            return score
        return (*score, Part("The reranker's figure", won.read, other.read))

    @property
    def mostly(self) -> str:
        """What put them apart: the reranker, where it read either, else what of the score; empty for nothing much."""
        if self.other is None:
            return ""
        if self.won.spot.read is not None:
            return "unread" if self.other.spot.read is None else "reranker"
        dense, lexical = self.parts[1:3]
        if max(abs(dense.difference), abs(lexical.difference)) < 0.02:
            return ""
        return "meaning" if abs(dense.difference) >= abs(lexical.difference) else "words"


@dataclass(frozen=True, slots=True)
class DomainLine:
    reach: Reach
    brand: Subject | None
    is_subject: bool


@dataclass(frozen=True, slots=True)
class PromptTrace:
    """All of the page of one prompt. `more` counts domains beyond `lines`; `ranked` pages, where every page was."""

    reach: Reach
    steps: tuple[Step, ...]
    lines: tuple[DomainLine, ...]
    more: int
    compared: Compared | None
    ranked: int | None
    has_ranking: bool
    is_reranked: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as the figure shows it: whether the subject passed, in words, and how many domains did."""

    name: str
    passed: bool | None
    value: str
    domains: int


def of_prompt(
    workspace: Workspace, trace: RunTrace, text: str, subject: Subject, brands: Sequence[Subject]
) -> PromptTrace:
    """One prompt of a run, from the subject's side."""
    lines = []
    for domain in trace.all_domains(text):
        reach = trace.reach(domain_subject(domain), text)
        owner = next((brand for brand in brands if brand.has(domain, domain)), None)
        lines.append(DomainLine(reach, owner, subject.has(domain, domain)))
    lines.sort(key=lambda line: (-line.reach.stage, line.reach.spot.rank if line.reach.spot else 10**9))
    reach = trace.reach(subject, text)
    if not any(line.is_subject for line in lines):
        lines.append(DomainLine(reach, None, True))
    deep = trace.deep.get(text)
    return PromptTrace(
        reach=reach,
        steps=_steps(reach, funnel([line.reach for line in lines]), len(trace.domains_indexed)),
        lines=tuple(lines[:DOMAINS_SHOWN]),
        more=max(0, len(lines) - DOMAINS_SHOWN),
        compared=_compared(workspace, trace, text, subject),
        ranked=deep,
        has_ranking=bool(trace.recorded.get(text)) or deep is not None,
        is_reranked=trace.is_reranked,
    )


def _steps(reach: Reach, stages: Sequence[Stage], indexed: int) -> tuple[Step, ...]:
    values = (
        f"{reach.indexed:,} page{'' if reach.indexed == 1 else 's'}",
        f"rank {reach.spot.rank:,}" if reach.spot else "not near",
        *(f"{count} of {reach.answers}" for count in (reach.context, reach.cited, reach.supported)),
    )
    counted = (indexed, *(stage.count for stage in stages[1:]))
    steps = []
    for number, (name, value, domains) in enumerate(zip(STAGES, values, counted, strict=True), start=1):
        unknown = number == len(STAGES) and reach.cited and not reach.checked
        steps.append(
            Step(name, None if unknown else reach.stage >= number, "not checked" if unknown else value, domains)
        )
    return tuple(steps)


def _compared(workspace: Workspace, trace: RunTrace, text: str, subject: Subject) -> Compared | None:
    """The best-ranked passage of a cited page beside the subject's; the subject's beside the next where it won."""
    ranked = trace.recorded.get(text, [])
    cited = {row.page or row.url for response in trace.prompts[text] for row in trace.sources[response.pk] if row.cited}
    winners = [spot for spot in ranked if spot.page in cited]
    won = next(iter(winners or ranked), None)
    if won is None:
        return None
    is_subjects = subject.has(won.domain, won.page)
    if is_subjects:
        others = [spot for spot in (winners[1:] or ranked) if not subject.has(spot.domain, spot.page)]
        other = next(iter(others or [s for s in ranked if not subject.has(s.domain, s.page)]), None)
    else:
        other = trace.with_page(trace.spot(subject, text))
    versions = [spot.version for spot in (won, other) if spot]
    texts = dict(PageVersion.objects.for_workspace(workspace).filter(pk__in=versions).values_list("pk", "text"))
    return Compared(
        won=_passage(won, texts, text),
        other=_passage(other, texts, text) if other else None,
        is_subjects=is_subjects,
        is_cited=bool(winners),
    )


def _passage(spot: Spot, texts: dict[int, str], question: str) -> Passage:
    words = texts.get(spot.version, "")[spot.start : spot.end]
    has, lacks = engine.asked_words(question, f"{spot.title} {words}")
    return Passage(spot, words, tuple(has), tuple(lacks))
