"""Why a page is cited: how far each domain came with each prompt of a run of the local engine. Reads alone.

Five stages: indexed, retrieved (among the first pages of the ranking), in context (read by the engine, or shown to its
language model), cited, supported. What the first pages were is read from the answers' bodies, what lies beyond from
`DeepRanks`, once it was computed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from monitor import assistants
from monitor.assistants import engine
from monitor.models import (
    VALID,
    Attempt,
    Body,
    DeepRanks,
    PageVersion,
    Pointers,
    Response,
    ResponseSource,
    Run,
    RunStatus,
    SupportCheck,
    SupportVerdict,
    Workspace,
)
from monitor.models.tracing import INDEXED_PAGES, question_key
from monitor.queries import counts
from monitor.queries.reaches import NEAR, Reach, Spot, Subject

RUNS_OFFERED = 30


@dataclass(frozen=True, slots=True)
class PromptLine:
    """A prompt's row: how far the subject came, and who was cited."""

    response: Response
    text: str
    reach: Reach
    cited_domains: tuple[str, ...]
    is_deep: bool


def runs(workspace: Workspace) -> QuerySet[Run]:
    """The panels' ended runs that asked the local engine, newest first."""
    ended = Run.objects.for_workspace(workspace).filter(
        panel__isnull=False, generation__isnull=False, status__in=(RunStatus.COMPLETED, RunStatus.CANCELLED)
    )
    asked = Response.objects.for_workspace(workspace).filter(VALID, assistant__in=assistants.LOCAL).values("run")
    return ended.filter(pk__in=asked).select_related("panel", "generation").order_by("-day", "-pk")


def answering(run: Run) -> list[str]:
    """The local engine's assistants with valid answers in the run, the extractive one first."""
    valid = Response.objects.for_workspace(run.workspace_id).filter(VALID, run=run, assistant__in=assistants.LOCAL)
    return sorted(valid.order_by().values_list("assistant", flat=True).distinct(), key=assistants.LOCAL.index)


def subjects(workspace: Workspace) -> list[Subject]:
    """The brands that have domains, own ones first."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return []
    return [
        Subject(f"brand:{brand.pk}", brand.name, brand.domains, brand.colour, brand.own)
        for brand in counts.brands_of(workspace, extraction)
        if brand.domains
    ]


# --- what a run's answers hold ---------------------------------------------------------------------------------------


@dataclass
class RunTrace:
    """A run's valid answers of one of the local engine's assistants, by prompt, with what it takes to follow pages.

    With `prompt_text`, those of one prompt alone. A fixed number of queries.
    """

    run: Run
    assistant: str = assistants.EXTRACTIVE
    prompt_text: str | None = None
    _indexed: dict[tuple[str, str], int] = field(init=False)
    _counted: dict[Subject, int] = field(init=False, default_factory=dict)
    _far: dict[Subject, dict[str, Spot]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        sql = _INDEXED, {"generation": self.run.generation_id}
        self._indexed = {(host, domain): number for host, domain, number in counts.fetch(*sql)}

    @cached_property
    def prompts(self) -> dict[str, list[Response]]:
        found = Response.objects.for_workspace(self.run.workspace_id).filter(
            VALID, run=self.run, assistant=self.assistant
        )
        if self.prompt_text is not None:
            found = found.filter(prompt_text=self.prompt_text)
        grouped: dict[str, list[Response]] = defaultdict(list)
        for response in found.only("prompt", "prompt_text", "repeat", "workspace_id", "run_id").order_by("pk"):
            grouped[response.prompt_text].append(response)
        return dict(grouped)

    @cached_property
    def _ids(self) -> list[int]:
        return [response.pk for responses in self.prompts.values() for response in responses]

    @cached_property
    def sources(self) -> dict[int, list[ResponseSource]]:
        current = Pointers.objects.filter(workspace=self.run.workspace_id).values("extraction")
        rows = ResponseSource.objects.for_workspace(self.run.workspace_id).filter(
            response__in=self._ids, extraction__in=current
        )
        grouped: dict[int, list[ResponseSource]] = defaultdict(list)
        for row in rows.order_by("sequence"):
            grouped[row.response_id].append(row)
        return grouped

    @cached_property
    def checked(self) -> set[int]:
        checks = SupportCheck.objects.for_workspace(self.run.workspace_id).filter(response__in=self._ids)
        return set(checks.values_list("response_id", flat=True))

    @cached_property
    def supported(self) -> dict[int, set[str]]:
        """The URLs of each answer that support a sentence of it."""
        verdicts = SupportVerdict.objects.for_workspace(self.run.workspace_id).filter(
            of_check__response__in=self._ids, supported=True
        )
        grouped: dict[int, set[str]] = defaultdict(set)
        for response, url in verdicts.values_list("of_check__response", "url"):
            grouped[response].add(url)
        return grouped

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {question_key(text): text for text in self.prompts}

    @cached_property
    def deep(self) -> dict[str, int]:
        """The number of pages ranked for each prompt for which every page was."""
        rows = DeepRanks.objects.for_workspace(self.run.workspace_id).filter(
            generation=self.run.generation_id, key__in=self._keys
        )
        return {self._keys[key]: ranked for key, ranked in rows.values_list("key", "ranked")}

    def _deep_spots(self, hosts: Iterable[str]) -> list[tuple[str, Spot]]:
        """The places of these hosts far down, with the prompt of each: rankings are too long to be loaded whole."""
        values = {"workspace": self.run.workspace_id, "generation": self.run.generation_id}
        found = counts.fetch(_DEEP, values | {"keys": list(self._keys), "hosts": list(hosts)})
        return [(self._keys[key], Spot(**json.loads(place))) for key, place in found]

    @cached_property
    def recorded(self) -> dict[str, list[Spot]]:
        """The ranking in the body of each prompt's first answer, for the repeats have the same.

        Older bodies have none. For one prompt alone, each host's best page among the first stands in for it, where
        every page was ranked since.
        """
        firsts = {responses[0].pk: text for text, responses in self.prompts.items()}
        attempts = Attempt.objects.for_workspace(self.run.workspace_id).filter(response__in=firsts, status="answered")
        bodies = Body.objects.for_workspace(self.run.workspace_id).filter(attempt__in=attempts, sequence=0)
        found = {firsts[body.attempt.response_id]: _places(body) for body in bodies.select_related("attempt")}
        if self.prompt_text in self.deep and not found.get(self.prompt_text):
            spots = [spot for _, spot in self._deep_spots({host for host, _ in self._indexed})]
            found[self.prompt_text] = sorted((s for s in spots if s.rank <= NEAR), key=lambda spot: spot.rank)
        known = self._pages({spot.version for spots in found.values() for spot in spots})
        return {text: [_with_page(spot, known) for spot in spots] for text, spots in found.items()}

    @property
    def is_reranked(self) -> bool:
        """Whether a reranker read the first passages of a ranking."""
        return any(spot.read is not None for spots in self.recorded.values() for spot in spots)

    def _pages(self, versions: Iterable[int]) -> dict[int, dict[str, Any]]:
        rows = PageVersion.objects.for_workspace(self.run.workspace_id).filter(pk__in=set(versions))
        columns = ("pk", "title", "page_id", "page__page", "page__url", "page__domain")
        return {row["pk"]: row for row in rows.values(*columns)}

    def indexed(self, subject: Subject) -> int:
        """The subject's pages in the run's index."""
        if subject not in self._counted:
            pages = (number for (host, domain), number in self._indexed.items() if subject.has(domain, host))
            self._counted[subject] = sum(pages)
        return self._counted[subject]

    @property
    def domains_indexed(self) -> set[str]:
        return {domain or host for host, domain in self._indexed}

    def reach(self, subject: Subject, text: str) -> Reach:
        """How far a subject came with one prompt."""
        responses = self.prompts[text]
        context = cited = supported = checked = read = 0
        for response in responses:
            read += bool(self.sources[response.pk])
            here = [row for row in self.sources[response.pk] if subject.has(row.domain, row.page)]
            shown = [row for row in here if row.cited]
            context += bool(here)
            cited += bool(shown)
            checked += bool(shown) and response.pk in self.checked
            supported += any(row.url in self.supported[response.pk] for row in shown)
        return Reach(
            subject,
            self.indexed(subject),
            self.spot(subject, text),
            *(len(responses), context, cited, supported, checked, read),
            is_written=self.assistant == assistants.GENERATIVE,
        )

    def spot(self, subject: Subject, text: str) -> Spot | None:
        """The subject's best place with a prompt: as the answer recorded it, else as far down as was computed."""
        for spot in self.recorded.get(text, ()):
            if subject.has(spot.domain, spot.page):
                return spot
        if subject not in self._far:
            places: dict[str, list[Spot]] = defaultdict(list)
            hosts = [host for host, domain in self._indexed if subject.has(domain, host)] if self.deep else []
            for place_text, spot in self._deep_spots(hosts) if hosts else ():
                places[place_text].append(spot)
            self._far[subject] = {each: min(spots, key=lambda spot: spot.rank) for each, spots in places.items()}
        return self._far[subject].get(text)

    def with_page(self, spot: Spot | None) -> Spot | None:
        """The spot with its page's address and title, which places far down come without."""
        return _with_page(spot, self._pages([spot.version])) if spot and not spot.page else spot

    def cited_domains(self, text: str) -> tuple[str, ...]:
        """The domains that answers to a prompt cite, the most cited first."""
        found = Counter(
            domain
            for response in self.prompts[text]
            for domain in {row.domain or row.page for row in self.sources[response.pk] if row.cited}
        )
        return tuple(domain for domain, _ in found.most_common())

    def all_domains(self, text: str) -> list[str]:
        """Every domain that came far enough with a prompt to be told of: ranked, read or cited."""
        ranked = [spot.domain or spot.page for spot in self.recorded.get(text, ())]
        shown = [row.domain or row.page for response in self.prompts[text] for row in self.sources[response.pk]]
        return list(dict.fromkeys([*ranked, *self.cited_domains(text), *shown]))

    def lines(self, subject: Subject) -> list[PromptLine]:
        return [
            PromptLine(
                responses[0], text, self.reach(subject, text), self.cited_domains(text)[:3], is_deep=text in self.deep
            )
            for text, responses in self.prompts.items()
        ]

    def domains_cited(self) -> list[str]:
        """The domains cited most often in the whole run."""
        found = Counter(domain for text in self.prompts for domain in self.cited_domains(text))
        return [domain for domain, _ in found.most_common(40)]


def _places(body: Body) -> list[Spot]:
    try:
        places = engine.recorded_ranking(body.unpacked())
    except (ValueError, TypeError, AttributeError):
        return []
    return [
        Spot(
            *(int(place.document), place.start, place.end, place.rank),
            *(place.score, place.dense, place.found, place.read),
        )
        for place in places
    ]


def _with_page(spot: Spot, known: Mapping[int, Mapping[str, Any]]) -> Spot:
    row = known.get(spot.version)
    if row is None:
        return spot
    return replace(
        spot,
        page_id=row["page_id"],
        page=row["page__page"],
        url=row["page__url"],
        title=row["title"],
        domain=row["page__domain"],
    )


_DEEP = """
SELECT d.key, d.best -> host.name FROM monitor_deepranks d CROSS JOIN unnest(%(hosts)s::text[]) AS host (name)
WHERE d.workspace_id = %(workspace)s AND d.generation_id = %(generation)s AND d.key = ANY(%(keys)s)
    AND d.best ? host.name
"""

_INDEXED = f"SELECT host, domain, count(*) FROM ({INDEXED_PAGES}) AS indexed GROUP BY 1, 2"  # noqa: S608
