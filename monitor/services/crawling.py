"""One crawl at work: addresses out of the database, visited, stored with what they lead to, one transaction each.

Wherever its worker dies, pauses or is cancelled, the frontier says what is left. A site is crawled by one worker at a
time, whatever workspace asks, and few sites at once. Knows neither how pages are fetched nor how they are read.
"""

from __future__ import annotations

import hashlib
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from inference.pages import host_of, identify, registrable_domain
from monitor.assistants import crawler
from monitor.models import CrawlTarget, Job, Page, PageVersion, TargetKind, TargetState
from monitor.services import crawls, pages
from monitor.services.crawl_reading import SafeReader
from monitor.services.errors import Problem
from monitor.services.jobs import JobWatch, NotNow
from monitor.services.locks import alone
from monitor.services.page_rows import PageRow
from monitor.services.reading import storable

if TYPE_CHECKING:
    from rag.crawl import Target, Visit
    from rag.fetch import Fetcher

PHASE = "Visiting pages"
#: Crawls at work at once: each holds a thread of the housekeeping worker.
MOST_AT_ONCE = 2
MOST_TRIES = 3
RETRY_SECONDS, LONGEST_WAIT = 5.0, 120.0
#: So many failures in a row mean that the host, not the page, is away.
MOST_FAILURES = 8
MOST_SITEMAPS = 100
#: Addresses kept for each page that may be visited; what is found beyond them is only told of.
TARGETS_A_PAGE, FEWEST_TARGETS = 20, 2000
SLEEP_SECONDS = 1.0

_LOCK, _PLACES = 1_128_481_109, 1_128_481_110
_KEPT = (TargetState.ADDED, TargetState.CHANGED, TargetState.UNCHANGED, TargetState.PUT_BACK)
#: What a crawl found and did not keep a note of, by its name in the facts.
_LEFT_OUT = ("unlisted", "sitemaps")
_PROBLEMS = (
    *(TargetState.TWIN, TargetState.OUT, TargetState.OTHER, TargetState.GONE),
    *(TargetState.BARRED, TargetState.REFUSED),
)


def work(*, job: Job, watch: JobWatch) -> dict[str, int]:
    """Visit what is left of the crawl; what there is to say of it. Raises NotNow where others are in the way.

    Problem when nothing at all could be fetched.
    """
    with _place(crawls.site_of(job.input["url"])) as free:
        if not free:
            raise NotNow
        crawl = _Crawl(job, watch)
        with crawler.fetcher(job.input["url"], sleep=crawl.sleep) as fetcher, SafeReader() as reader:
            return crawl.run(fetcher, reader)


@contextmanager
def _place(site: str) -> Iterator[bool]:
    """Whether this worker may crawl the site now: nobody else does, and one of the places is free."""
    with ExitStack() as held:

        def take(key: int, second: int) -> bool:
            return held.enter_context(alone(key, second))

        yield take(_LOCK, zlib.crc32(site.encode()) - 2**31) and any(
            take(_PLACES, number) for number in range(MOST_AT_ONCE)
        )


class _Crawl:
    """A crawl under way: the frontier of `rag.crawl` over its rows, and what the visits come to."""

    def __init__(self, job: Job, watch: JobWatch) -> None:
        self.job, self.watch, self.workspace = job, watch, job.workspace
        self.url, self.most, self.depth = job.input["url"], job.input["pages"], job.input["depth"]
        self.twins: dict[str, str] = {}
        self.near = crawler.duplicates()
        self.states: Counter[str] = Counter()
        #: Failures in a row, by host.
        self.failures: Counter[str] = Counter()
        #: Pages that were here before, asked for again: they take no place of a new one.
        self.rechecked = 0
        self.current: CrawlTarget | None = None

    @property
    def rows(self) -> Any:
        return CrawlTarget.objects.for_workspace(self.workspace).filter(job=self.job)

    def run(self, fetcher: Fetcher, reader: SafeReader) -> dict[str, int]:
        self.fetcher, self.reader = fetcher, reader
        self._take_up()
        self._step()
        if not self.rows.exists():
            self._begin()
        for visit in crawler.crawl(fetcher, self, reader):
            self._keep(visit)
            self._step()
            host = _host(visit.target.url)
            if self.failures[host] < MOST_FAILURES:
                continue
            if host == _host(self.url):
                self._tell(self.url, f"The site stopped answering: {visit.reason} The crawl ended there.")
                break
            self._give_up(host, visit.reason)
        if not any(self.states[state] for state in (*_KEPT, TargetState.TWIN)):
            raise Problem(self._why_nothing())
        self._tell_what_is_left()
        self.watch.outcome = self._facts()
        return self.watch.outcome

    # --- the frontier ----------------------------------------------------------------------------------------------

    def following(self) -> Target | None:
        """The next address by depth, then by when it was found; waits for one that is to be tried again."""
        while True:
            rows = self._open_rows()
            due = rows.filter(Q(next_try_at=None) | Q(next_try_at__lte=timezone.now()))
            row = due.order_by("depth", "pk").first()
            if row is not None:
                self.current = row
                return self._target(row)
            later = rows.order_by("next_try_at").first()
            if later is None:
                return None
            self.sleep(max(0.1, (later.next_try_at - timezone.now()).total_seconds()))

    def sleep(self, seconds: float) -> None:
        """Wait, and let somebody pause or cancel meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._step()
            time.sleep(min(left, SLEEP_SECONDS))

    def _open_rows(self) -> Any:
        rows = self.rows.filter(state=TargetState.WAITING, depth__lte=self.depth)
        return rows.exclude(kind=TargetKind.PAGE) if self._visited() - self.rechecked >= self.most else rows

    def _target(self, row: CrawlTarget) -> Target:
        known = Page.objects.for_workspace(self.workspace).filter(page=row.page, current__isnull=False).first()
        # what a page's site said of it holds for the address that it said it of
        conditions = (known.etag, known.last_modified) if known and known.url == row.url else ("", "")
        return crawler.target(
            **{name: getattr(row, name) for name in ("url", "depth", "hops")},
            kind="sitemap" if row.kind == TargetKind.SITEMAP else "page",
            etag=conditions[0],
            last_modified=conditions[1],
        )

    def _visited(self) -> int:
        """Pages that were asked for."""
        free = (TargetState.WAITING, TargetState.BARRED, TargetState.SITEMAP)
        return sum(count for state, count in self.states.items() if state not in free)

    def _begin(self) -> None:
        """The address, its sitemaps, and the site's pages that are here already."""
        first = crawler.first_targets(self.fetcher, self.url)
        if reason := self.fetcher.refusal(self.url):
            raise Problem(f"{crawls.site_of(self.url)} cannot be crawled. {reason}")
        known = Page.objects.for_workspace(self.workspace).filter(
            Q(current__isnull=False) | Q(gone_at__isnull=False),
            domain=registrable_domain(urlsplit(self.url).hostname or "") or "",
        )
        urls = [url for url in known.order_by("pk").values_list("url", flat=True) if self.fetcher.scope.has(url)]
        with transaction.atomic():
            self._forget_earlier()
            self._add(first)
            # never deeper than the crawl goes
            self._add((crawler.target(url=url, depth=min(1, self.depth)) for url in urls), TargetKind.KNOWN)

    def _forget_earlier(self) -> None:
        """The frontiers of the site's ended crawls are of no use any more: their jobs keep what there is to say."""
        site = crawls.site_of(self.url)
        others = Job.objects.for_workspace(self.workspace).filter(kind=self.job.kind).exclude(status__in=crawls.OPEN)
        ended = [job.pk for job in others.exclude(pk=self.job.pk) if crawls.site_of(job.input["url"]) == site]
        CrawlTarget.objects.for_workspace(self.workspace).filter(job__in=ended).delete()

    def _add(self, targets: Iterable[Target], kind: TargetKind | None = None) -> None:
        # the site's pages that are here already take no room of new ones
        found = self.rows.exclude(kind=TargetKind.KNOWN).count()
        room = max(self.most * TARGETS_A_PAGE, FEWEST_TARGETS) - found if kind != TargetKind.KNOWN else sys.maxsize
        fresh: dict[str, CrawlTarget] = {}
        for target in targets:
            page = identify(target.url).page
            if page is None or page in fresh or len(page) > crawls.MOST_URL:
                continue
            fields = {name: getattr(target, name) for name in ("url", "depth", "hops")}
            fresh[page] = CrawlTarget(
                workspace=self.workspace, job=self.job, page=page, kind=kind or target.kind, **fields
            )
        known = set(self.rows.filter(page__in=list(fresh)).values_list("page", flat=True))
        unknown = [row for page, row in fresh.items() if page not in known]
        sitemaps = [row for row in unknown if row.kind == TargetKind.SITEMAP]
        if sitemaps:
            left = max(MOST_SITEMAPS - self.rows.filter(kind=TargetKind.SITEMAP).count(), 0)
            self._leave_out("sitemaps", len(sitemaps) - left)
            unknown = [*sitemaps[:left], *(row for row in unknown if row.kind != TargetKind.SITEMAP)]
        self._leave_out("unlisted", len(unknown) - max(room, 0))
        CrawlTarget.objects.bulk_create(unknown[: max(room, 0)], ignore_conflicts=True)

    def _leave_out(self, what: str, count: int) -> None:
        """Remember how many more there were than are kept."""
        if count > 0:
            self.watch.outcome[what] = self.watch.outcome.get(what, 0) + count

    def _give_up(self, host: str, reason: str) -> None:
        """Visit no more of a host below the site's own that does not answer."""
        waiting = self._open_rows().filter(Q(page=host) | Q(page__startswith=f"{host}/"))
        told = f"{host} stopped answering: {reason}"[:1000]
        given_up = waiting.update(state=TargetState.REFUSED, reason=told)
        self.states[TargetState.REFUSED] += given_up
        self.failures[host] = 0
        if given_up:
            self._tell(f"https://{host}/", f"{told} {given_up:,} more addresses there were not visited.")

    # --- what a visit brought --------------------------------------------------------------------------------------

    def _keep(self, visit: Visit) -> None:
        """Store what became of the target at hand, and what it leads to."""
        row = self.current
        if row is None:
            raise RuntimeError("A visit came that nobody asked for.")
        if visit.outcome == "unchanged":
            visit = self._with_links(row, visit)
        with transaction.atomic():
            row.reason = storable(visit.reason)[:1000]
            row.state, row.note = self._outcome(row, visit)
            self._add(crawler.following(visit))
            row.save()
        if visit.outcome != "again":
            self.failures[_host(row.url)] = 0
        elif row.tries == 1:  # a page that fails again says nothing of the others
            self.failures[_host(row.url)] += 1
        if row.state != TargetState.WAITING:
            self.states[row.state] += 1
            self.rechecked += row.kind == TargetKind.KNOWN
            self._remember(row)
            self._tell_of(row)

    def _outcome(self, row: CrawlTarget, visit: Visit) -> tuple[str, str]:
        """The row's new state, and what there is to say of a page that was kept."""
        if row.kind == TargetKind.SITEMAP and visit.outcome in {"barred", "refused"}:
            return TargetState.SITEMAP, row.reason
        if visit.outcome == "again":
            return self._try_again(row, visit.wait), ""
        if visit.outcome == "gone":
            return self._gone(row), ""
        if visit.outcome == "page":
            return self._store(row, visit)
        if visit.outcome == "unchanged":
            self._checked(row.page)
        elif visit.leaves:
            self._leave(row)
        return visit.outcome, " ".join(visit.notes)

    def _try_again(self, row: CrawlTarget, wait: float) -> str:
        row.tries += 1
        if row.tries >= MOST_TRIES:
            return TargetState.SITEMAP if row.kind == TargetKind.SITEMAP else TargetState.REFUSED
        pause = min(max(wait, RETRY_SECONDS * 2**row.tries), LONGEST_WAIT)
        row.next_try_at = timezone.now() + timedelta(seconds=pause)
        return TargetState.WAITING

    def _gone(self, row: CrawlTarget) -> str:
        """A page that is no more leaves the index with its next build; its versions stay."""
        if row.kind == TargetKind.SITEMAP:
            return TargetState.SITEMAP
        self._leave(row)
        return TargetState.GONE

    def _leave(self, row: CrawlTarget) -> None:
        """Take a known page out of use, as its site wants it."""
        known = Page.objects.for_workspace(self.workspace).filter(page=row.page, current__isnull=False)
        if known.update(current=None, gone_at=timezone.now(), etag="", last_modified=""):
            row.reason += " It leaves the index with its next build; its versions are kept."

    def _store(self, row: CrawlTarget, visit: Visit) -> tuple[str, str]:
        facts = visit.facts
        if facts is None:
            raise RuntimeError("A page was read that has no text.")
        known = Page.objects.for_workspace(self.workspace).filter(page=row.page).first()
        if known and known.current_id is None and known.gone_at is None:
            row.reason = "It was taken out of the engine by hand, and stays out."
            return TargetState.OUT, ""
        row.words = _words(facts.text.title, facts.text.text)
        row.print = None if facts.print is None else facts.print - 2**63
        notes = list(visit.notes)
        twin = self.twins.get(row.words)
        if twin and twin != row.page:
            if known is None:
                row.reason = f"It has the same words as {twin}, which was kept."
                return TargetState.TWIN, ""
            notes.append(f"It has the same words as {twin}.")
        elif facts.print is not None and (near := self.near.nearest(facts.print, besides=row.page)):
            notes.append(f"Its words are nearly those of {near}.")
        identity = identify(visit.url)
        page = PageRow(
            *(visit.url, visit.url, row.page, identity.domain or "", visit.html, visit.etag, visit.last_modified)
        )
        state = pages.store(workspace=self.workspace, row=page, text=facts.text)
        self._checked(row.page)
        return state, " ".join(notes)

    def _checked(self, page: str) -> None:
        Page.objects.for_workspace(self.workspace).filter(page=page).update(checked_at=timezone.now())

    def _with_links(self, row: CrawlTarget, visit: Visit) -> Visit:
        """A page that was not sent again leads to where its last version does."""
        versions = PageVersion.objects.for_workspace(self.workspace).filter(page__page=row.page)
        version = versions.order_by("-number").first()
        if version is None:
            return visit
        facts = self.reader.page(pages.original_html(version), visit.url, "", {})
        if isinstance(facts, str):
            return visit
        row.words = _words(version.title, version.text)
        row.print = None if facts.print is None else facts.print - 2**63
        return replace(visit, links=tuple(link for link in facts.links if self.fetcher.scope.has(link)))

    # --- what is told ----------------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        """Know again what was known when the crawl stopped."""
        counts = self.rows.exclude(state=TargetState.WAITING).values_list("state").annotate(Count("pk"))
        self.states.update(dict(counts))
        self.rechecked = self.rows.exclude(state=TargetState.WAITING).filter(kind=TargetKind.KNOWN).count()
        for row in self.rows.exclude(state=TargetState.WAITING).order_by("pk").iterator():
            self._remember(row)
            self._tell_of(row)

    def _remember(self, row: CrawlTarget) -> None:
        if row.state in _KEPT and row.words:
            self.twins.setdefault(row.words, row.page)
            if row.print is not None:
                self.near.add(row.page, row.print + 2**63)

    def _tell_of(self, row: CrawlTarget) -> None:
        if row.state in _PROBLEMS:
            self._tell(row.url, row.reason)
        elif row.note:
            self._tell(row.url, row.note)
        elif row.state == TargetState.MOVED and self._leads_back(row):
            self._tell(row.url, f"{row.reason} That leads back here, so that neither has a page.")

    def _leads_back(self, row: CrawlTarget) -> bool:
        """Whether a redirect leads to one that was followed before it: such a circle has no page in it."""
        location = identify(row.reason.removeprefix("It leads to ")).page
        return bool(self.rows.filter(page=location, state=TargetState.MOVED, pk__lte=row.pk).exists())

    def _tell(self, where: str, reason: str) -> None:
        self.watch.problem(where[:300], reason)

    def _tell_what_is_left(self) -> None:
        waiting = self.rows.filter(state=TargetState.WAITING)
        too_deep = waiting.filter(depth__gt=self.depth).count()
        left = waiting.count() - too_deep + self.watch.outcome.get("unlisted", 0)
        if left and self.failures[_host(self.url)] < MOST_FAILURES:
            self._tell(
                self.url, f"{left:,} more addresses were found and not visited: the crawl was limited to {self.most:,}."
            )
        if too_deep:
            self._tell(self.url, f"{too_deep:,} addresses lie deeper than {self.depth} links and were not visited.")
        if sitemaps := self.watch.outcome.get("sitemaps"):
            self._tell(self.url, f"{sitemaps:,} more sitemaps were named and not read: {MOST_SITEMAPS} is the most.")

    def _why_nothing(self) -> str:
        first = self.rows.filter(kind=TargetKind.PAGE).order_by("pk").first()
        reason = first.reason if first and first.reason else "The site names no page that may be fetched."
        return f"Nothing could be crawled from {self.url}. {reason}"

    def _facts(self) -> dict[str, int]:
        counts = self.states
        return {
            **{name: count for name in _LEFT_OUT if (count := self.watch.outcome.get(name))},
            "visited": self._visited(),
            **{state.value: counts[state] for state in _KEPT},
            "moved": counts[TargetState.MOVED] + counts[TargetState.OTHER],
            "gone": counts[TargetState.GONE],
            "barred": counts[TargetState.BARRED],
            "skipped": counts[TargetState.REFUSED] + counts[TargetState.TWIN] + counts[TargetState.OUT],
            "left": self.rows.filter(state=TargetState.WAITING).count(),
        }

    def _step(self) -> None:
        visited = self._visited()
        self.watch.outcome = self._facts()
        self.watch.step(PHASE, visited, min(self.most + self.rechecked, visited + self.watch.outcome["left"]))


def _host(url: str) -> str:
    """The host of a page's identity: with its port, without `www.`."""
    return host_of(identify(url).page or "")


def _words(title: str, text: str) -> str:
    return hashlib.sha256(f"{title}\0{text}".encode("utf-8", "replace")).hexdigest()
