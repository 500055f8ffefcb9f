"""The drill of hostile addresses and pages: what may not be reached is not, and what may not be had is told of.

    python -m tests.chaos.hostile_fetch

Every connection that the guard lets through to a private place, by its address, by a name that leads there, by a second
answer of the name server or by what a robots.txt, a sitemap or a redirect says, is a connection to a canary on this
machine: there must be none. Then a whole crawl of a site that does what can be done: how much memory it took, how long
the slowest page, and whether each was kept or told of. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from tests.chaos.hostile_site import HOSTILE, READABLE
from tests.inference.test_guard import PRIVATE_V4, PRIVATE_V6, SPELLINGS, Canary
from tests.website import Place, Website, redirect

#: Stands for a server of the public web: a connection to it goes to a site on this machine.
PUBLIC = "93.184.216.34"
MOST_MEGABYTES, MOST_SECONDS = 50, 30


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    report = {"ssrf": addresses(), "hostile": crawl()}
    print(json.dumps(report))
    ssrf, hostile = report["ssrf"], report["hostile"]
    good = ssrf["urls"] >= 150 and not ssrf["connections"] and not ssrf["fetched"] and not hostile["lost"]
    good = good and hostile["status"] != "failed" and not hostile["good_pages_lost"]
    return 0 if good and hostile["growth_mb"] < MOST_MEGABYTES and hostile["slowest_seconds"] < MOST_SECONDS else 1


# --- addresses -----------------------------------------------------------------------------------------------------


def addresses() -> dict[str, Any]:
    """Fetch every private place by every way there is; whoever gets there meets the canary."""
    from rag.fetch import NotFetched

    outcomes: Counter[str] = Counter()
    hosts = [*PRIVATE_V4, *(f"[{address}]" for address in PRIVATE_V6), *SPELLINGS]
    with Canary() as canary, Website({}) as site, _network(canary.port, int(site.host.partition(":")[2])) as names:
        tries: list[tuple[str, str]] = []
        tries += [(way, f"{way}://{host}/page") for host in hosts for way in ("http", "https")]
        tries += [("port", f"http://{host}:{canary.port}/") for host in ("127.0.0.1", "localhost", "[::1]", "0")]
        for number, address in enumerate([*PRIVATE_V4, *PRIVATE_V6]):
            names[f"private{number}.example"] = [[address]]
            tries.append(("name", f"http://private{number}.example/page"))
            names[f"rebinds{number}.example"] = [[PUBLIC], [address]]
            tries.append(("second answer", f"http://rebinds{number}.example/page"))
        for number, host in enumerate(hosts):
            for way in ("redirect", "robots", "sitemap"):
                name = f"{way}{number}.example"
                names[name] = [[PUBLIC]]
                tries.append((way, f"http://{name}/{way}/{number}"))
            site.places[f"/redirect/{number}"] = redirect(f"http://{host}/page")
            site.places[f"/sitemap/{number}"] = redirect(f"http://{host}/map.xml")
        site.places["/robots.txt"] = Place(status=404)
        for way, url in tries:
            if way == "robots":
                site.places["/robots.txt"] = redirect(f"http://{hosts[int(url.rpartition('/')[2])]}/robots.txt")
            else:
                site.places["/robots.txt"] = Place(status=404)
            try:
                _try(url, way)
                outcomes["fetched"] += 1
            except (NotFetched, ValueError) as error:
                outcomes[type(error).__name__] += 1
        return {
            "urls": len(tries),
            "connections": canary.connections,
            "fetched": outcomes["fetched"],
            "told": outcomes["NotFetched"],
            "no_address": outcomes["ValueError"],
            "public_requests": len(site.asked),
        }


def _try(url: str, way: str) -> None:
    """Raises NotFetched, or ValueError for what is no address at all."""
    from inference.http import Client
    from rag.fetch import Fetcher, LeadsOn, NotFetched, Scope

    client = Client(connections=1)
    try:
        fetcher = Fetcher(client, Scope.of(url), pause=0.0)
        try:
            fetched = fetcher.sitemap(url) if way == "sitemap" else fetcher.page(url)
        except LeadsOn as redirected:
            # a sitemap may lie anywhere: the way there is tried as a crawl would
            fetched = fetcher.sitemap(redirected.location)
        if way == "second answer":
            client.close()
            client = Client(connections=1)
            fetched = Fetcher(client, Scope.of(url), pause=0.0).page(url)
        if fetched.status != 200:
            raise NotFetched(f"It answered with {fetched.status}.")
    finally:
        client.close()


@contextmanager
def _network(canary: int, site: int) -> Iterator[dict[str, list[list[str]]]]:
    """This machine's network: connections to PUBLIC reach the site, all others the canary. Yields the name server."""
    import httpcore2

    names: dict[str, list[list[str]]] = {}
    asked: Counter[str] = Counter()
    real_connect, real_look_up = httpcore2.AnyIOBackend.connect_tcp, socket.getaddrinfo

    async def connect_tcp(self: Any, host: str, port: int, **options: Any) -> Any:
        return await real_connect(self, "127.0.0.1", site if host == PUBLIC else canary, **options)

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names:
            return real_look_up(host, port, *args, **options)
        asked[name] += 1
        given = names[name][min(asked[name], len(names[name])) - 1]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in address], socket.SOCK_STREAM, 6, "", (address, port)) for address in given]

    with (
        patch.object(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp),
        patch.object(socket, "getaddrinfo", getaddrinfo),
    ):
        yield names


# --- pages ---------------------------------------------------------------------------------------------------------


def crawl() -> dict[str, Any]:
    """A crawl of the hostile site by the product, database and all."""
    folder = Path(tempfile.mkdtemp(prefix="citescope-hostile-"))
    os.environ.update({"DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "monitor.settings"})
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    command = [sys.executable, "-m", "tests.chaos.hostile_site"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as site:
        try:
            host = (site.stdout.readline() if site.stdout else "").strip()
            os.environ["ALLOWED_CRAWL_HOSTS"] = host
            _prepare(folder)
            return _crawl(host, site.pid)
        finally:
            site.kill()
            from monitor import embedded_postgres

            embedded_postgres.stop(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path) -> None:
    from monitor import embedded_postgres

    embedded_postgres.start(folder)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _crawl(host: str, site: int) -> dict[str, Any]:
    from monitor.models import CrawlTarget, Page
    from monitor.services import crawling, crawls, jobs, workspaces

    workspace = workspaces.create(name="Hostile", owners=[])
    crawling.RETRY_SECONDS = 0.01
    slowest: dict[str, float] = {}
    following, keep = crawling._Crawl.following, crawling._Crawl._keep

    def timed_following(self: Any) -> Any:
        target = following(self)
        self.began = time.monotonic()
        return target

    def timed_keep(self: Any, visit: Any) -> None:
        name = visit.target.url.partition("//")[2].partition("/")[2]
        slowest[name] = max(slowest.get(name, 0.0), time.monotonic() - self.began)
        keep(self, visit)

    job = crawls.start(workspace=workspace, url=f"http://{host}/good/0", pages=500, depth=3, wake=False)
    jobs.run(job_id=job.pk)  # all is loaded and warm from here on
    job.refresh_from_db()
    jobs.cancel(job=job)
    job = crawls.start(workspace=workspace, url=f"http://{host}/", pages=400, depth=2, wake=False)
    crawling._Crawl.following, crawling._Crawl._keep = timed_following, timed_keep  # type: ignore[method-assign]
    with Memory(besides=site) as memory:
        jobs.run(job_id=job.pk)
    job.refresh_from_db()
    told = {problem["where"].partition("//")[2].partition("/")[2] for problem in job.problems}
    kept = {page.partition("/")[2] for page in Page.objects.for_workspace(workspace).values_list("page", flat=True)}
    states = Counter(CrawlTarget.objects.for_workspace(workspace).filter(job=job).values_list("state", flat=True))
    wanted = set(HOSTILE) - {"ring"}  # two redirects to each other are told of as one
    slow = max(slowest, key=lambda name: slowest[name])
    return {
        "status": job.status,
        "message": job.message,
        "pages": len(HOSTILE),
        "told": len(wanted & told),
        "kept_readable": sorted((wanted & kept) - told),
        "lost": sorted(wanted - told - (kept & READABLE)),
        "sitemaps_told": sorted(name for name in told if name.endswith(".xml")),
        "endless_chain_told": any(name.startswith("chain/") for name in told),
        "good_pages_lost": len(HOSTILE) - len([name for name in kept if name.startswith("good/")]),
        "growth_mb": round(memory.growth / 1024**2, 1),
        "reader_peak_mb": round(memory.readers / 1024**2, 1),
        "slowest": slow,
        "slowest_seconds": round(slowest[slow], 1),
        "states": dict(states),
    }


class Memory:
    """What this process came to hold beyond what it held at first, and the most that one of its readers held."""

    def __init__(self, *, besides: int) -> None:
        self.growth = self.readers = 0
        self._besides, self._ended = besides, threading.Event()
        self._process = psutil.Process()

    def __enter__(self) -> Memory:
        self._first = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.02):
            self.growth = max(self.growth, self._process.memory_info().rss - self._first)
            for child in self._process.children():
                try:
                    if child.pid != self._besides and "postgres" not in child.name():
                        self.readers = max(self.readers, child.memory_info().rss)
                except psutil.Error:
                    continue  # it ended meanwhile


if __name__ == "__main__":
    sys.exit(main())
