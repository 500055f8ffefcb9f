"""What the local engine holds: its pages, their versions and passages, the index in use, and what was asked of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Length

from monitor.models import (
    IndexGeneration,
    Page,
    PageVersion,
    Passage,
    Pointers,
    Response,
    Trigger,
    Workspace,
)

State = Literal["indexed", "waiting", "out"]
HISTORY = 20
MOST_OF_A_HEADING = 80


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """The index in use beside the pages as they stand. `pending`: page versions that one has and the other lacks."""

    generation: IndexGeneration | None
    pages: int
    taken_out: int
    domains: int
    pending: int


@dataclass(frozen=True, slots=True)
class PageLine:
    """One row of the table of pages."""

    pk: int
    page: str
    domain: str
    title: str
    state: State
    versions: int
    characters: int | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage with its words; `body` leaves out a heading that the passage itself starts with."""

    sequence: int
    start: int
    end: int
    heading: str
    text: str

    @property
    def body(self) -> str:
        return self.text.removeprefix(self.heading).lstrip() if self.heading else self.text

    @property
    def paragraphs(self) -> list[tuple[str, bool]]:
        return paragraphs(self.body)


def paragraphs(text: str) -> list[tuple[str, bool]]:
    """The paragraphs of a page's text, each with whether it looks like a heading: short, no end mark, above prose."""
    found = [line.strip() for line in text.splitlines() if line.strip()]
    following = [*found[1:], ""]
    return [(line, _heads(line, after)) for line, after in zip(found, following, strict=True)]


def _heads(line: str, after: str) -> bool:
    is_short = len(line) <= MOST_OF_A_HEADING and line[-1] not in ".!?,;:…"
    return is_short and len(after) > len(line) and after[-1] in ".!?:"


def engine_facts(workspace: Workspace) -> EngineFacts:
    pages = Page.objects.for_workspace(workspace)
    counts = pages.aggregate(
        pages=Count("pk", filter=Q(current__isnull=False)),
        taken_out=Count("pk", filter=Q(current=None)),
        domains=Count("domain", filter=Q(current__isnull=False), distinct=True),
    )
    generation = current_generation(workspace)
    stored = set(pages.filter(current__isnull=False).values_list("current_id", flat=True))
    indexed = set(generation.page_versions) if generation else set()
    return EngineFacts(generation=generation, pending=len(stored ^ indexed), **counts)


def current_generation(workspace: Workspace) -> IndexGeneration | None:
    pointers = Pointers.objects.select_related("generation").filter(workspace=workspace).first()
    return pointers.generation if pointers else None


def pages(workspace: Workspace, *, search: str = "", state: str = "") -> QuerySet[Page]:
    """Pages by address or title, with `version_count`, `seen_at` and `characters`; `state` is in, out or any."""
    rows = Page.objects.for_workspace(workspace).select_related("current").defer("current__html", "current__text")
    for word in search.split():
        rows = rows.filter(Q(page__icontains=word) | Q(current__title__icontains=word))
    if state in ("in", "out"):
        rows = rows.filter(current__isnull=state == "out")
    return rows.annotate(
        version_count=Count("versions"),
        seen_at=Max("versions__seen_at"),
        characters=Length("current__text"),
    ).order_by("page")


def lines(rows: Iterable[Page], generation: IndexGeneration | None) -> list[PageLine]:
    """The rows of `pages` as the table shows them, against the index in use."""
    indexed = set(generation.page_versions) if generation else set()
    return [
        PageLine(
            pk=row.pk,
            page=row.page,
            domain=row.domain,
            title=row.current.title if row.current else "",
            state="out" if row.current_id is None else "indexed" if row.current_id in indexed else "waiting",
            versions=row.version_count,  # type: ignore[attr-defined]
            characters=row.characters,  # type: ignore[attr-defined]
            seen_at=row.seen_at,  # type: ignore[attr-defined]
        )
        for row in rows
    ]


def versions(page: Page) -> list[PageVersion]:
    """All versions, newest first, without HTML."""
    return list(PageVersion.objects.for_workspace(page.workspace).filter(page=page).defer("html").order_by("-number"))


def passages(version: PageVersion) -> list[PassageText]:
    """The version's passages; none before it was first indexed."""
    rows = Passage.objects.for_workspace(version.workspace).filter(version=version)
    return [
        PassageText(row.sequence, row.start, row.end, row.heading, version.text[row.start : row.end]) for row in rows
    ]


def asked(workspace: Workspace, *, search: str = "") -> QuerySet[Response]:
    """Questions put on the Ask page, newest first."""
    rows = Response.objects.for_workspace(workspace).filter(run__trigger=Trigger.ASK)
    return (rows.filter(prompt_text__icontains=search) if search else rows).order_by("-pk").defer("search")
