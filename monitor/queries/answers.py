"""Answers as their pages show them: a list by filter and words, and one answer with all that came with it. Reads alone.

Mentions and sources are those of the workspace's current extraction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import SearchQuery
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from inference.pages import host_of
from monitor import assistants, highlight
from monitor.assistants import engine
from monitor.fulltext import search_query
from monitor.models import (
    Attempt,
    Body,
    Brand,
    Charge,
    ChargeState,
    Extraction,
    Mention,
    Pointers,
    Response,
    ResponseSource,
    ResponseStatus,
    Run,
    Workspace,
)
from monitor.models import Page as StoredPage
from monitor.prose import beginning, prose
from monitor.queries import behind, corrections, counts, filters, redirects, sentiment, support
from monitor.queries.behind import Behind
from monitor.queries.corrections import Corrections
from monitor.queries.counts import BrandInfo
from monitor.queries.redirects import Link
from monitor.queries.support import AnswerSupport, SourceSupport
from monitor.whole_numbers import whole_number

if TYPE_CHECKING:
    from rag.making import Making

PAGE_SIZE = 25
#: So many answers can be leafed through; who looks for older ones narrows the list. Counting all would take seconds.
MOST_LISTED = 10_000
EXCERPT = 220
#: So many of the latest days are looked in before the whole of a list.
LOOKED_IN = (1, 4, 30)
#: Longer answers are read to here for their excerpt.
MOST_READ = 20_000
MOST_SHOWN = 300_000
#: Mentions listed one by one at first, and at most.
MENTIONS_LISTED, MOST_MENTIONS = 40, 400

TONE = {
    ResponseStatus.ANSWERED: "ok",
    ResponseStatus.FAILED: "bad",
    ResponseStatus.UNKNOWN: "warn",
    ResponseStatus.PENDING: "muted",
    ResponseStatus.SENDING: "accent",
    ResponseStatus.SKIPPED: "muted",
    ResponseStatus.CANCELLED: "muted",
}
FINISH = {
    "complete": "Complete",
    "truncated": "Cut short by the assistant's length limit",
    "refused": "Refused",
    "blocked": "Blocked by the assistant's filter",
    "paused": "Paused",
}


def tone(response: Response) -> str:
    if response.status == ResponseStatus.ANSWERED and response.finish in ("refused", "blocked"):
        return "warn"
    return TONE[ResponseStatus(response.status)]


# --- the list -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the list's URL asks for beside the filter bar: words, state, and what other pages link to."""

    words: str = ""
    state: str = ""
    domain: str = ""
    run: int | None = None
    prompt: int | None = None
    behind: Behind = Behind()


@dataclass(frozen=True, slots=True)
class Row:
    response: Response
    assistant: str
    tone: str
    excerpt: str
    brands: tuple[Brand, ...]
    cited: int


@dataclass(frozen=True, slots=True)
class Answers:
    rows: tuple[Row, ...]
    page: Page[Response]
    chips: tuple[filters.Chip, ...]
    more: bool
    any_at_all: bool


class _Pages(Paginator):  # type: ignore[type-arg]  # no generic when it runs
    """Pages of a list whose length is counted up to MOST_LISTED.

    A page is looked for among the latest days first, by the newest of each run: sorting all of a long history for its
    newest 25 takes seconds, and all of a day's still longer than the rest of the page.
    """

    object_list: QuerySet[Response]

    def __init__(self, workspace: Workspace, found: QuerySet[Response]) -> None:
        super().__init__(found, PAGE_SIZE)
        self._runs = Run.objects.for_workspace(workspace)

    def page(self, number: int | str) -> Page[Response]:
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        last = min(first + self.per_page, self.count)
        if not last:
            return Page([], number, self)
        newest = self._runs.aggregate(day=Max("day"))["day"] or date.min + timedelta(days=max(LOOKED_IN))
        of_run = self.object_list.filter(run=OuterRef("pk")).order_by("-pk").values("pk")[:last]
        for days in LOOKED_IN:
            runs = self._runs.filter(day__gt=newest - timedelta(days=days)).annotate(newest=ArraySubquery(of_run))
            found = sorted(((day, pk) for day, pks in runs.values_list("day", "newest") for pk in pks), reverse=True)
            if len(found) >= last:
                return Page(self.object_list.filter(pk__in=[pk for _, pk in found[first:last]]), number, self)
        return Page(self.object_list[first:last], number, self)

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[:MOST_LISTED].count()


def read_narrowing(params: QueryDict) -> Narrowing:
    state = params.get("state", "")
    return Narrowing(
        words=params.get("q", "").replace("\x00", "").strip()[:200],
        state=state if state in ResponseStatus.values else "",
        domain=params.get("domain", "").replace("\x00", "").strip().lower()[:253],
        run=whole_number(params.get("run", "")),
        prompt=whole_number(params.get("prompt", "")),
        behind=behind.read(params),
    )


def answers(workspace: Workspace, bar: filters.FilterBar, params: QueryDict) -> Answers:
    """A page of the list, newest first. Without dates in the URL it reaches over all of history."""
    asked = read_narrowing(params)
    found = _narrowed(workspace, bar.filter, asked, bool(params.get("from") or params.get("to")))
    page = _Pages(workspace, found).get_page(params.get("page"))
    return Answers(
        rows=tuple(_rows(workspace, list(page.object_list), asked.words)),
        page=page,
        chips=(*bar.chips, *_chips(asked, bar, params)),
        more=page.paginator.count == MOST_LISTED,
        any_at_all=bool(page.paginator.count) or Response.objects.for_workspace(workspace).exists(),
    )


def latest(workspace: Workspace, prompt: int, *, most: int = 6) -> tuple[Row, ...]:
    """The newest answers to one prompt, as rows of the list."""
    asked = Response.objects.for_workspace(workspace).filter(prompt_id=prompt, status=ResponseStatus.ANSWERED)
    newest = asked.defer("search").select_related("run").order_by("-run__day", "-pk")[:most]
    return tuple(_rows(workspace, list(newest), ""))


#: What a row of the list is written of.
_LISTED = (
    *("workspace", "run__workspace", "run__day", "prompt_text", "assistant", "stratum", "model", "model_reported"),
    *("repeat", "status", "finish", "error_message", "text"),
)


def _narrowed(
    workspace: Workspace, chosen: filters.Filter, asked: Narrowing, within_period: bool
) -> QuerySet[Response]:
    found = Response.objects.for_workspace(workspace).select_related("run").only(*_LISTED).order_by("-run__day", "-pk")
    if within_period:
        found = found.filter(run__day__range=(chosen.period.start, chosen.period.end))
    exact: dict[str, Any] = {
        "run__panel_id": chosen.panel,
        "run_id": asked.run,
        "prompt_id": asked.prompt,
        "status": asked.state,
        "assistant__in": chosen.assistants,
        "stratum__in": chosen.strata,
        "prompt__tags__overlap": list(chosen.tags),
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if not asked.state:
        found = found.exclude(status=ResponseStatus.SKIPPED)
    current = Pointers.objects.filter(workspace=workspace).values("extraction")
    here = {"extraction__in": current, "response": OuterRef("pk")}
    if asked.behind:
        found = behind.narrowed(workspace, found, chosen, asked.behind)
    if chosen.brands and not asked.behind.about_brands:
        found = found.filter(
            Exists(Mention.objects.for_workspace(workspace).filter(**here, brand__in=chosen.brands).order_by())
        )
    if asked.domain:
        cited = ResponseSource.objects.for_workspace(workspace).filter(**here, domain=asked.domain, cited=True)
        found = found.filter(Exists(cited.order_by()))
    if asked.words:
        words = search_query(asked.words)
        found = found.filter(search=SearchQuery(words, config="simple", search_type="websearch")) if words else found
    return found


def _chips(asked: Narrowing, bar: filters.FilterBar, params: QueryDict) -> Iterable[filters.Chip]:
    brands = tuple(choice.label for choice in bar.brands if choice.chosen)
    shown = {
        "q": f"“{asked.words}”" if asked.words else "",
        "state": ResponseStatus(asked.state).label if asked.state else "",
        "domain": f"cites {asked.domain}" if asked.domain else "",
        "run": f"run {asked.run}" if asked.run else "",
        "prompt": "one prompt" if asked.prompt else "",
        **behind.words(asked.behind, brands),
    }
    for name, label in shown.items():
        if label:
            rest = params.copy()
            rest.pop(name, None)
            rest.pop("page", None)
            yield filters.Chip(label, rest.urlencode())


def _rows(workspace: Workspace, responses: list[Response], words: str) -> Iterable[Row]:
    named: dict[int, dict[int, None]] = {response.pk: {} for response in responses}  # brands in their order
    cited = dict.fromkeys(named, 0)
    current = Pointers.objects.filter(workspace=workspace).values("extraction")
    here = {"extraction__in": current, "response__in": list(named)}
    mentions = Mention.objects.for_workspace(workspace).filter(**here).order_by("rank", "start")
    for answer, brand in mentions.values_list("response_id", "brand_id"):
        named[answer].setdefault(brand)
    brands = Brand.objects.for_workspace(workspace).in_bulk({brand for found in named.values() for brand in found})
    sources = ResponseSource.objects.for_workspace(workspace).filter(**here, cited=True)
    for answer in sources.values_list("response_id", flat=True):
        cited[answer] += 1
    for response in responses:
        yield Row(
            response=response,
            assistant=assistants.label(response.assistant),
            tone=tone(response),
            excerpt=excerpt(response.text, words),
            brands=tuple(brands[brand] for brand in named[response.pk]),
            cited=cited[response.pk],
        )


def excerpt(text: str, words: str = "") -> str:
    """The beginning of an answer as running words, or the surroundings of the first word looked for."""
    plain = prose(text[:MOST_READ])
    first = words.replace('"', " ").split()
    at = plain.casefold().find(first[0].casefold()) if first else 0
    if at <= EXCERPT // 2:
        return beginning(plain, EXCERPT)
    start = plain.find(" ", at - EXCERPT // 3) + 1
    return f"… {beginning(plain[min(start, at) :], EXCERPT)}"


# --- one answer -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """A source with its place in the list, and the local engine's page of the same identity, if there is one."""

    row: ResponseSource
    number: int
    local_page: int | None
    link: Link
    support: SourceSupport | None = None

    @property
    def where(self) -> str:
        """Its domain, or its host where that has none, as an IP address."""
        return self.row.domain or host_of(self.row.page) or "unknown domain"

    @property
    def is_redirected(self) -> bool:
        """Whether its URL was a redirect whose page is known now."""
        return self.link.url != self.row.url


@dataclass(frozen=True, slots=True)
class Named:
    """A brand with how often the answer names it, what is felt there and in what roles, in words."""

    brand: Brand
    rank: int
    times: int
    sentiment: str
    roles: str


@dataclass(frozen=True, slots=True)
class Said:
    """A mention in its sentence, its role there, and what is felt: a word and its badge."""

    mention: Mention
    brand: Brand
    html: SafeString
    role: str
    sentiment: str
    badge: str


@dataclass(frozen=True, slots=True)
class AnswerPage:
    response: Response
    assistant: str
    tone: str
    finish: str
    html: SafeString
    cited: tuple[Source, ...]
    not_cited: tuple[Source, ...]
    named: tuple[Named, ...]
    said: tuple[Said, ...]
    mentions: int
    attempts: tuple[Attempt, ...]
    charged: Decimal | None
    assumed: int
    repeats: tuple[Response, ...]
    extraction: Extraction | None
    support: AnswerSupport | None
    corrections: Corrections
    making: Making | None

    @property
    def brands(self) -> list[BrandInfo]:
        """Those that the reading looks for."""
        return counts.brands_of(self.response.workspace, self.extraction) if self.extraction else []

    @property
    def retrieved_count(self) -> int:
        return sum(1 for source in (*self.cited, *self.not_cited) if source.row.retrieved)


def answer_page(response: Response, *, listed: int = MENTIONS_LISTED) -> AnswerPage:
    """Everything of one answer, at most so many mentions one by one; its raw bodies stay where they are."""
    workspace = response.workspace
    extraction = counts.current_extraction(workspace)
    here = {"response": response, "extraction": extraction}
    rows = list(ResponseSource.objects.for_workspace(workspace).filter(**here).order_by("sequence"))
    mentions = list(Mention.objects.for_workspace(workspace).filter(**here).select_related("brand").order_by("start"))
    stored = StoredPage.objects.for_workspace(workspace).filter(page__in=[row.page for row in rows if row.page])
    local = dict(stored.values_list("page", "pk"))
    links = redirects.links(workspace, [row.url for row in rows])
    checked = support.of_answer(response)
    sources = [
        Source(
            *(row, number, local.get(row.page), links.get(row.url) or Link(row.url)),
            support=checked.of(row.url) if checked and row.cited else None,
        )
        for number, row in enumerate(rows, start=1)
    ]
    charges = Charge.objects.for_workspace(workspace).filter(response=response).exclude(state=ChargeState.RELEASED)
    counted = charges.aggregate(usd=Sum("usd"), assumed=Count("pk", filter=Q(state=ChargeState.ASSUMED)))
    return AnswerPage(
        response=response,
        assistant=assistants.label(response.assistant),
        tone=tone(response),
        finish=FINISH.get(response.finish, response.finish),
        html=highlight.render(response.text, [*_mention_marks(mentions), *_source_marks(sources)]),
        cited=tuple(source for source in sources if source.row.cited),
        not_cited=tuple(source for source in sources if not source.row.cited),
        named=tuple(_named(mentions)),
        said=tuple(_said(response, mention) for mention in mentions[:listed]),
        mentions=len(mentions),
        attempts=tuple(Attempt.objects.for_workspace(workspace).filter(response=response)),
        charged=response.cost_usd if counted["usd"] is None else counted["usd"],
        assumed=counted["assumed"],
        repeats=tuple(_repeats(response)),
        extraction=extraction,
        support=checked,
        corrections=corrections.of_answer(response, extraction),
        making=_making(response),
    )


def _making(response: Response) -> Making | None:
    """How the local engine made it; None for other assistants' answers, and once the raw payload is deleted."""
    if response.stratum != "local" or not (found := bodies(response)):
        return None
    return engine.making(found[0].unpacked())


def _mention_marks(mentions: Iterable[Mention]) -> Iterable[highlight.Mark]:
    for mention in mentions:
        label = f"Names {mention.brand.name}" + (" first" if mention.rank == 1 else "") + f": {sentiment.word(mention)}"
        yield highlight.Mark(mention.start, mention.end, "mention", label)


def _source_marks(sources: Iterable[Source]) -> Iterable[highlight.Mark]:
    for source in sources:
        for start, end in source.row.spans if source.row.cited else ():
            label = f"Cites source {source.number}: {source.where}"
            yield highlight.Mark(start, end, "cited", label)


def _named(mentions: Iterable[Mention]) -> Iterable[Named]:
    times: dict[int, list[Mention]] = {}
    for mention in mentions:
        times.setdefault(mention.brand_id, []).append(mention)
    for found in sorted(times.values(), key=lambda found: found[0].rank):
        yield Named(found[0].brand, found[0].rank, len(found), sentiment.words(found), sentiment.roles(found))


def _said(response: Response, mention: Mention) -> Said:
    html = highlight.snippet(response.text, mention.start, mention.end, mention.brand.name)
    felt = sentiment.word(mention).capitalize()
    return Said(mention, mention.brand, html, sentiment.role(mention), felt, sentiment.badge(mention))


def _repeats(response: Response) -> QuerySet[Response]:
    """The same question to the same assistant in the same run."""
    same = Response.objects.for_workspace(response.workspace).filter(run_id=response.run_id, prompt=response.prompt_id)
    asked = same.filter(assistant=response.assistant).exclude(status=ResponseStatus.SKIPPED)
    return asked.only("repeat", "status", "finish").order_by("repeat")


# --- the raw payload -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body as it came; `shown` is for the page: JSON laid out, cut at `MOST_SHOWN` characters."""

    body: Body
    content: bytes
    shown: str
    is_json: bool
    is_cut: bool
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        return f"answer-{self.body.attempt.response_id}-body-{self.body.pk}.{'json' if self.is_json else 'txt'}"


def bodies(response: Response) -> list[Body]:
    """All bodies of a response, latest first, without their content."""
    found = Body.objects.for_workspace(response.workspace).filter(attempt__response=response)
    return list(found.defer("content").select_related("attempt").order_by("-attempt_id", "-sequence"))


#: A list without lists or objects in it, as it is laid out: no string holds a line break, so it stands within none.
_SCALARS = re.compile(r'\[\n((?: *(?:"(?:[^"\\\n]|\\.)*"|[-+.\w]+),?\n)+) *\]')
#: A longer one with words in it stays a line each.
MOST_ON_A_LINE = 120


def laid_out(said: object) -> str:
    """JSON for people: a thing a line, and short lists on one."""
    return _SCALARS.sub(_on_one_line, json.dumps(said, indent=2, ensure_ascii=False))


def _on_one_line(found: re.Match[str]) -> str:
    line = " ".join(each.strip() for each in found[1].splitlines())
    return f"[{line}]" if len(line) <= MOST_ON_A_LINE or '"' not in line else found[0]


def raw_body(body: Body) -> RawBody:
    """The body decompressed."""
    content = body.unpacked()
    shown = content.decode("utf-8", errors="replace")
    try:
        shown, is_json = laid_out(json.loads(content)), True
    except (ValueError, RecursionError):
        is_json = False
    headers = {str(name): str(value) for name, value in body.headers.items()}
    return RawBody(body, content, shown[:MOST_SHOWN], is_json, len(shown) > MOST_SHOWN, headers)


def days_of(bar: filters.FilterBar, params: QueryDict) -> tuple[date | None, date | None]:
    """The days to show in the list's own date fields: empty while the URL names none."""
    return (
        bar.filter.period.start if params.get("from") else None,
        bar.filter.period.end if params.get("to") else None,
    )
