"""Pasted answers as their pages show them: what one was read as, and those that came last. Reads alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from django.utils.safestring import SafeString

from inference.answer import Answer, Citation, Source
from monitor import assistants, highlight
from monitor.extract import Mention
from monitor.models import Brand, Response, Trigger, Workspace

LATEST = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that is not kept yet: its text with marks, its citations, its list, and the brands it names."""

    html: SafeString
    cited: tuple[tuple[Citation, tuple[str, ...]], ...]
    not_cited: tuple[Source, ...]
    has_list: bool
    named: tuple[tuple[Brand, int], ...]


@dataclass(frozen=True, slots=True)
class Latest:
    response: Response
    assistant: str


class _FileRow(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def prompt(self) -> str: ...
    @property
    def assistant(self) -> str: ...
    @property
    def moment(self) -> date | datetime: ...
    @property
    def answer(self) -> str: ...


def shown(workspace: Workspace, answer: Answer, mentions: Sequence[Mention]) -> Shown:
    """An answer and its mentions, made ready for the preview."""
    brands = Brand.objects.for_workspace(workspace).in_bulk({mention.brand_id for mention in mentions})
    times: dict[int, int] = {}
    for mention in mentions:
        times[mention.brand_id] = times.get(mention.brand_id, 0) + 1
    marks = [
        highlight.Mark(mention.start, mention.end, "mention", f"Names {brands[mention.brand_id].name}")
        for mention in mentions
        if mention.brand_id in brands
    ]
    for number, citation in enumerate(answer.citations, start=1):
        label = f"Cites source {number}: {citation.domain or citation.url}"
        marks += [highlight.Mark(start, end, "cited", label) for start, end in citation.spans]
    cited = {citation.page or citation.url for citation in answer.citations}
    return Shown(
        html=highlight.render(answer.text, marks),
        cited=tuple((c, tuple(answer.text[start:end] for start, end in c.spans)) for c in answer.citations),
        not_cited=tuple(s for s in answer.retrieved or () if (s.page or s.url) not in cited),
        has_list=answer.retrieved is not None,
        named=tuple((brands[pk], count) for pk, count in times.items() if pk in brands),
    )


def latest(workspace: Workspace) -> list[Latest]:
    """The pasted and imported answers that came last."""
    found = Response.objects.for_workspace(workspace).filter(run__trigger__in=(Trigger.PASTE, Trigger.IMPORT))
    rows = found.defer("search", "text").select_related("run").order_by("-pk")[:LATEST]
    return [Latest(row, assistants.label(row.assistant)) for row in rows]


def file_rows(rows: Iterable[_FileRow]) -> list[tuple[_FileRow, str]]:
    """Rows of a file with what their assistant is called."""
    return [(row, assistants.label(row.assistant)) for row in rows]
