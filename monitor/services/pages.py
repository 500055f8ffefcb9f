"""The pages of the local engine: what each said when, one version for every change of its words.

A page is known by its identity, however its address was written. Knows no file format and builds no index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import zstandard
from django.db import transaction
from django.utils import timezone

from monitor.models import Page, PageVersion, Workspace
from monitor.services.guarded import Failed, guarded_map
from monitor.services.page_reading import read_page
from monitor.services.page_rows import Flaw, PageRow
from monitor.services.progress import Unwatched, Watch
from monitor.services.reading import storable

if TYPE_CHECKING:
    from rag.extract import PageText

READING = "Reading pages"
PAGE_SECONDS = 30.0
PROCESSES = 2
#: Up to so many pages one process is enough: each costs a second to start.
FEW_PAGES = 20
STORE_SIZE = 20


@dataclass(slots=True)
class Imported:
    """What became of an import's rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    put_back: int = 0
    refused: int = 0

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Imported:
        """What `as_json` gave, among other facts or none."""
        return cls(**{field.name: facts.get(field.name, 0) for field in fields(cls)})

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    def after(self, before: Imported) -> Imported:
        """The same rows' outcome where some were stored `before`, and found unchanged when they were read again."""
        stored = before.added + before.changed + before.put_back
        return Imported(
            added=before.added + self.added,
            changed=before.changed + self.changed,
            unchanged=max(self.unchanged - stored, 0),
            put_back=before.put_back + self.put_back,
            refused=self.refused,
        )

    @property
    def pages(self) -> int:
        return self.added + self.changed + self.unchanged + self.put_back


def import_rows(
    *,
    workspace: Workspace,
    rows: Iterable[PageRow | Flaw],
    total: int,
    watch: Watch | None = None,
    seen_at: datetime | None = None,
    trusted: bool = False,
    outcome: Imported | None = None,
) -> Imported:
    """Store every page that can be read, and report the others; the next index generation will hold them.

    Run again, it changes nothing: a page whose bytes or words are those of its last version gets no new one. Of two
    rows for one page the first counts. A page that was taken out comes back. `trusted` pages are read in this process.
    `outcome` is counted into, also where the import breaks off.
    """
    importing = _Import(workspace, watch or Unwatched(), total, seen_at or timezone.now(), outcome or Imported())
    pairs: Iterable[tuple[PageRow, PageText | Failed]]
    if trusted:
        pairs = ((row, read_page(row)) for row in importing.unread(rows))
    else:
        processes = PROCESSES if total > FEW_PAGES else 1
        pairs = guarded_map(read_page, importing.unread(rows), processes=processes, seconds=PAGE_SECONDS)
    importing.store_all(pairs)
    return importing.outcome


class _Import:
    """One import under way: which pages it has seen, and what it did with them."""

    def __init__(self, workspace: Workspace, watch: Watch, total: int, seen_at: datetime, outcome: Imported) -> None:
        self.workspace, self.watch, self.total, self.seen_at = workspace, watch, total, seen_at
        self.outcome = outcome
        self.done = 0
        self._first: dict[str, str] = {}
        self._known = dict(
            Page.objects.for_workspace(workspace).filter(current__isnull=False).values_list("page", "current__sha256")
        )

    def unread(self, rows: Iterable[PageRow | Flaw]) -> Iterator[PageRow]:
        """The rows whose page must be read; the others are counted here."""
        for row in rows:
            if isinstance(row, Flaw):
                self._refuse(row.where, row.reason)
            elif row.page in self._first:
                self._refuse(row.where, f"The same page as in {self._first[row.page]}, which was kept: {row.page}")
            else:
                self._first[row.page] = row.where
                if self._known.get(row.page) == _sha256(row.html):
                    self.outcome.unchanged += 1
                    self._step()
                else:
                    yield row

    def store_all(self, pairs: Iterable[tuple[PageRow, PageText | Failed]]) -> None:
        waiting: list[tuple[PageRow, PageText]] = []
        try:
            for row, text in pairs:
                if isinstance(text, Failed):
                    self._refuse(row.where, text.reason)
                    continue
                waiting.append((row, text))
                if len(waiting) >= STORE_SIZE:
                    self._store(waiting)
                self._step()
        finally:
            self._store(waiting)  # what was read is kept, also when the import is cancelled

    def _store(self, waiting: list[tuple[PageRow, PageText]]) -> None:
        if not waiting:
            return
        with transaction.atomic():
            for row, text in waiting:
                name = _store_one(self.workspace, row, text, self.seen_at)
                setattr(self.outcome, name, getattr(self.outcome, name) + 1)
        waiting.clear()

    def _refuse(self, where: str, reason: str) -> None:
        self.outcome.refused += 1
        self.watch.problem(where, reason)
        self._step()

    def _step(self) -> None:
        self.done += 1
        self.watch.step(READING, min(self.done, self.total), self.total)


def store(*, workspace: Workspace, row: PageRow, text: PageText) -> str:
    """Store one page as it reads now; added, changed, unchanged or put_back."""
    with transaction.atomic():
        return _store_one(workspace, row, text, timezone.now())


def _store_one(workspace: Workspace, row: PageRow, text: PageText, seen_at: datetime) -> str:
    """Store one page as it reads now; the name of the count in Imported that it belongs to."""
    pages = Page.objects.for_workspace(workspace)
    pages.bulk_create([Page(workspace=workspace, page=row.page, url=row.url, domain=row.domain)], ignore_conflicts=True)
    page = pages.select_for_update(of=("self",)).get(page=row.page)
    last = PageVersion.objects.for_workspace(workspace).filter(page=page).order_by("-number").first()
    sha256 = _sha256(row.html)
    title, body = storable(text.title), storable(text.text)
    told = {"url": row.url, "etag": row.etag, "last_modified": row.last_modified, "gone_at": None}
    if last is not None and (last.sha256 == sha256 or (last.title, last.text) == (title, body)):
        pages.filter(pk=page.pk).update(current=last, **told)
        return "unchanged" if page.current_id == last.pk else "put_back"
    version = PageVersion.objects.create(
        workspace=workspace,
        page=page,
        number=last.number + 1 if last else 1,
        html=zstandard.ZstdCompressor(level=3).compress(row.html),
        sha256=sha256,
        title=title,
        text=body,
        language=storable(text.language or "")[:16],
        published=storable(text.published or "")[:32],
        author=storable(text.author or ""),
        structured=text.structured,
        seen_at=seen_at,
    )
    pages.filter(pk=page.pk).update(current=version, **told)
    return "changed" if last else "added"


def take_out(*, page: Page) -> bool:
    """The page leaves the next index generation; its versions stay. False when it was out already."""
    pages = Page.objects.for_workspace(page.workspace)
    return pages.filter(pk=page.pk, current__isnull=False).update(current=None) == 1


def put_back(*, page: Page) -> bool:
    """The page's last version returns to the next index generation. False when nothing changed."""
    pages = Page.objects.for_workspace(page.workspace)
    last = PageVersion.objects.for_workspace(page.workspace).filter(page=page).order_by("-number").first()
    return last is not None and pages.filter(pk=page.pk, current=None).update(current=last) == 1


def original_html(version: PageVersion) -> bytes:
    """The HTML of a version as it came."""
    return zstandard.ZstdDecompressor().decompress(bytes(version.html))


def _sha256(html: bytes) -> str:
    return hashlib.sha256(html).hexdigest()
