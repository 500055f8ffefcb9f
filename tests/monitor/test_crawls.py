"""Crawls of a loopback site: what is kept, what is told, and that they go on wherever they stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.models import CrawlTarget, Job, JobKind, JobStatus, Page, PageVersion, Role, Workspace
from monitor.queries import jobs as queries
from monitor.services import crawling, crawls, imports, jobs, nudge
from monitor.services.errors import Problem
from rag.fetch import Fetcher
from tests.factories import make_member, make_workspace
from tests.website import Place, Website, page, redirect

pytestmark = pytest.mark.django_db(transaction=True)

LONG = " ".join(f"Sentence {n} tells what a pen of kind {n * 7} does on paper." for n in range(30))
WORDS = {name: f"The {name} page is about {name} alone, and says so in {len(name)} ways. " * 3 for name in "abcdefg"}


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    sent: list[int] = []
    monkeypatch.setattr(nudge, "job", lambda job_id, *, needs_model: sent.append(job_id))
    return sent


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own site needs no rest between two requests."""
    monkeypatch.setitem(Fetcher.__init__.__kwdefaults__, "pause", 0.0)  # type: ignore[arg-type]


@pytest.fixture
def site(settings: Any) -> Iterator[Website]:
    with Website({}) as website:
        settings.ALLOWED_CRAWL_HOSTS = [website.host]
        yield website


def crawled(workspace: Workspace, site: Website, **limits: int) -> Job:
    """A crawl's first stage; the index is another test's."""
    job = crawls.start(workspace=workspace, url=site.url, **limits)
    return visited(job)


def visited(job: Job) -> Job:
    assert jobs.run(job_id=job.pk)
    job.refresh_from_db()
    return job


def told(job: Job) -> dict[str, str]:
    return {problem["where"].partition("//")[2].partition("/")[2]: problem["reason"] for problem in job.problems}


def kept(workspace: Workspace) -> set[str]:
    rows = Page.objects.for_workspace(workspace).filter(current__isnull=False)
    return {url.partition("//")[2].partition("/")[2] for url in rows.values_list("url", flat=True)}


def states(job: Job) -> dict[str, str]:
    rows = CrawlTarget.objects.for_workspace(job.workspace).filter(job=job)
    return {row.page.partition("/")[2]: row.state for row in rows}


def test_a_site_is_crawled_by_links_and_sitemaps(site: Website) -> None:
    urls = f"<urlset><url><loc>{site.url}c</loc></url><url><loc>https://else.example/</loc></url></urlset>"
    site.places.update(
        {
            "/robots.txt": Place(b"User-agent: *\nDisallow: /private\nSitemap: /map.xml\n"),
            "/map.xml": Place(urls.encode(), headers={"Content-Type": "application/xml"}),
            "/": page("Home", WORDS["a"], "/b", "/private/x", "https://else.example/", "mailto:a@b.example", "/b#part"),
            "/b": page("B", WORDS["b"], "/", "/d?utm_source=x"),
            "/c": page("C", WORDS["c"], "/missing", "/file.pdf"),
            "/d?utm_source=x": page("D", WORDS["d"]),
            "/file.pdf": Place(b"%PDF-", headers={"Content-Type": "application/pdf"}),
        }
    )
    workspace = make_workspace()
    job = crawled(workspace, site)
    assert kept(workspace) == {"", "b", "c", "d?utm_source=x"}
    assert told(job).keys() == {"private/x", "missing", "file.pdf"}
    assert "robots.txt" in told(job)["private/x"] and "404" in told(job)["missing"]
    assert "application/pdf" in told(job)["file.pdf"]
    assert not [path for path in site.paths if path.startswith("/private")]
    assert len(site.paths) == len(set(site.paths)), "nothing is asked for twice"
    assert site.connections <= 2, "one at a time, and perhaps another one after hanging up on the PDF"
    assert site.asked[0][1]["user-agent"].startswith("Citescope/")
    assert (job.status, job.input["stage"]) == (JobStatus.WAITING, "index"), "the index comes next"
    facts = dict(queries.progress(job).facts)
    assert (facts["New pages"], facts["No longer there"], facts["Forbidden by robots.txt"]) == (4, 1, 1)


def test_again_only_what_changed_is_sent_and_kept(site: Website) -> None:
    site.places.update(
        {
            "/": page("Home", WORDS["a"], "/b"),
            "/b": page("B", WORDS["b"], "/c", "/d"),
            "/c": page("C", WORDS["c"]),
            "/d": page("D", WORDS["d"]),
        }
    )
    workspace = make_workspace()
    first = crawled(workspace, site)
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    imports.take_out(page=Page.objects.for_workspace(workspace).get(url=f"{site.url}d"))
    site.places["/c"] = page("C", WORDS["e"])
    del site.places["/b"]
    site.asked.clear()
    job = visited(crawls.again(job=first))
    assert {path for path, headers in site.asked if "if-none-match" in headers} == {"/", "/b", "/c"}
    assert not states(first), "the frontier of the crawl before is not kept for ever"
    versions = PageVersion.objects.for_workspace(workspace)
    assert versions.filter(page__url=f"{site.url}c").count() == 2
    assert versions.filter(page__url=site.url).count() == 1
    assert kept(workspace) == {"", "c"}, "what is gone leaves the index, and what was taken out stays out"
    assert {state for page, state in states(job).items() if page in {"", "b", "c"}} == {"unchanged", "gone", "changed"}
    site.places["/b"] = page("B", WORDS["b"], "/c", "/d")
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    back = visited(crawls.again(job=first))
    assert states(back) | {"": "unchanged", "b": "put_back", "c": "unchanged", "d": "out"} == states(back)


def test_what_says_the_same_or_names_another_address_is_told(site: Website) -> None:
    site.places.update(
        {
            "/": page("Home", WORDS["a"], "/long", "/near", "/twin", "/other", "/elsewhere", "/hidden", "/shy"),
            "/long": page("A guide", LONG),
            "/near": page("A guide", LONG.replace("Sentence 3 tells", "Line 3 shows")),
            "/twin": page("A guide", LONG),
            "/other": page("Other", WORDS["b"], head='<link rel="canonical" href="/own">'),
            "/own": page("Own", WORDS["b"]),
            "/elsewhere": page("Far", WORDS["c"], head='<link rel="canonical" href="https://far.example/c">'),
            "/hidden": page("Hidden", WORDS["d"], head='<meta name="robots" content="noindex">'),
            "/shy": page("Shy", WORDS["e"], headers={"X-Robots-Tag": "noindex"}),
        }
    )
    workspace = make_workspace()
    job = crawled(workspace, site)
    assert kept(workspace) == {"", "long", "near", "own", "elsewhere"}
    assert "nearly those of" in told(job)["near"]
    assert "same words as" in told(job)["twin"]
    assert "another address as its own" in told(job)["other"]
    assert "elsewhere" in told(job)["elsewhere"]
    assert "noindex" in told(job)["hidden"] and "noindex" in told(job)["shy"]


def test_redirects_are_followed_inside_the_site_alone(site: Website) -> None:
    site.places.update(
        {
            "/": page("Home", WORDS["a"], "/moved", "/away", "/inside", "/round", "/ring", "/odd"),
            "/moved": redirect("/b", 301),
            "/b": redirect("/b/"),
            "/b/": page("B", WORDS["b"]),
            "/away": redirect("https://else.example/x"),
            "/inside": redirect("http://169.254.169.254/latest/meta-data"),
            "/round": redirect("/round"),
            "/ring": redirect("/ring2"),
            "/ring2": redirect("/ring"),
            "/odd": redirect("file:///etc/passwd"),
        }
    )
    workspace = make_workspace()
    job = crawled(workspace, site)
    assert kept(workspace) == {"", "b/"}
    assert told(job).keys() == {"away", "inside", "round", "ring2", "odd"}
    assert site.paths.count("/round") <= 6


def test_a_site_leads_to_no_other_host_that_the_operator_allowed(site: Website, settings: Any) -> None:
    with Website({"/map.xml": Place(b"<urlset/>")}) as model:
        settings.ALLOWED_CRAWL_HOSTS = [site.host, model.host]
        site.places["/robots.txt"] = Place(f"Sitemap: {model.url}map.xml\nSitemap: /moved.xml\n".encode())
        site.places["/moved.xml"] = redirect(f"{model.url}map.xml")
        site.places["/"] = page("Home", WORDS["a"], f"{model.url}page", "/to-model")
        site.places["/to-model"] = redirect(model.url)
        job = crawled(make_workspace(), site)
    assert model.asked == []
    assert "another site" in told(job)["to-model"]


def test_servers_of_models_are_not_crawled(site: Website, settings: Any) -> None:
    with Website({"/": page("Home", WORDS["a"])}) as model:
        settings.ALLOWED_MODEL_HOSTS = [model.host, "127.0.0.1"]
        with pytest.raises(Problem, match="not on the public internet.*ALLOWED_CRAWL_HOSTS"):
            crawls.start(workspace=make_workspace(), url=model.url)
        # one that was started while the operator had it among the sites
        settings.ALLOWED_CRAWL_HOSTS = [site.host, model.host]
        job = crawls.start(workspace=make_workspace(), url=model.url)
        settings.ALLOWED_CRAWL_HOSTS = [site.host]
        assert visited(job).status == JobStatus.FAILED and "not an allowed host" in job.message
        site.places["/"] = page("Home", WORDS["a"], f"{model.url}page", "/to-model")
        site.places["/to-model"] = redirect(model.url)
        crawled(make_workspace(), site)
    assert model.asked == []


def test_limits_are_kept_and_told(site: Website) -> None:
    for number in range(12):
        site.places[f"/{number}"] = page(f"Page {number}", f"{WORDS['a']} {number} {number * 3}", f"/{number + 1}")
    site.places["/"] = page("Home", WORDS["a"], "/0")
    workspace = make_workspace()
    job = crawled(workspace, site, pages=50, depth=3)
    assert kept(workspace) == {"", "0", "1", "2"}
    assert "deeper than 3" in told(job)[""]
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    few = crawled(make_workspace(), site, pages=2)
    assert "not visited" in told(few)[""] and few.result["visited"] == 2


def test_a_killed_worker_a_pause_and_a_cancel_lose_nothing(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcdef":
        site.places[f"/{name}"] = page(name, WORDS[name])
    site.places["/"] = page("Home", WORDS["g"], "/missing", *(f"/{name}" for name in "abcdef"))
    workspace = make_workspace()
    job = crawls.start(workspace=workspace, url=site.url)
    keep = crawling._Crawl._keep
    with monkeypatch.context() as broken:

        def die(self: Any, visit: Any) -> None:
            if visit.url.endswith("/b"):
                raise SystemExit
            keep(self, visit)

        broken.setattr(crawling._Crawl, "_keep", die)
        with pytest.raises(SystemExit):
            jobs.run(job_id=job.pk)
    assert kept(workspace) == {"", "a"}
    Job.objects.for_workspace(workspace).update(lease_until=timezone.now() - timedelta(seconds=1))
    with monkeypatch.context() as pausing:

        def ask_for_a_pause(self: Any, visit: Any) -> None:
            keep(self, visit)
            if visit.url.endswith("/c"):
                jobs.pause(job=job)
                self.watch._saved_at = 0.0

        pausing.setattr(crawling._Crawl, "_keep", ask_for_a_pause)
        jobs.run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.status, kept(workspace)) == (JobStatus.PAUSED, {"", "a", "b", "c"})
    assert "404" in told(job)["missing"], "what was told before the worker died is told again"
    assert jobs.resume_abandoned() == 0, "paused until somebody says so"
    assert jobs.resume(job=job) and not jobs.resume(job=job)
    visited(job)
    assert kept(workspace) == {"", *"abcdef"}
    asked = [path for path in site.paths if path not in {"/robots.txt", "/b"}]
    assert len(asked) == len(set(asked)), "only what was not stored is asked for again"

    other = crawls.start(workspace=make_workspace(), url=site.url)
    assert jobs.pause(job=other) and jobs.cancel(job=other)
    other.refresh_from_db()
    assert other.status == JobStatus.CANCELLED


def test_one_worker_crawls_a_site_at_a_time(site: Website) -> None:
    from django.db import connections

    job = crawls.start(workspace=make_workspace(), url=site.url)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            key = crawling.zlib.crc32(site.host.encode()) - 2**31
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [crawling._LOCK, key])
            assert visited(job).status == JobStatus.WAITING
            assert site.asked == []
    finally:
        other.close()


def test_a_site_that_fails_ends_the_crawl_with_its_reason(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawling, "RETRY_SECONDS", 0.001)
    site.places["/robots.txt"] = Place(status=503)
    job = crawled(make_workspace(), site)
    assert job.status == JobStatus.FAILED and "robots.txt" in job.message and "503" in job.message
    site.places["/robots.txt"] = Place(b"User-agent: citescope\nDisallow: /")
    job = crawled(make_workspace(), site)
    assert job.status == JobStatus.FAILED and "does not allow" in job.message
    del site.places["/robots.txt"]
    site.places["/"] = Place(status=500)
    job = crawled(make_workspace(), site)
    assert job.status == JobStatus.FAILED and "500" in job.message
    assert site.paths.count("/") == crawling.MOST_TRIES


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not a full address"),
        ("ftp://a.example/", "not a full address"),
        ("http://127.0.0.1/", "not on the public internet"),
        ("localhost:8000", "not on the public internet"),
        ("http://2130706433/", "not on the public internet"),
        ("http://[::1]/", "not on the public internet"),
        ("https://a.example:8443/", "Port 8443"),
        ("https://me:secret@a.example/", "user name"),
        ("https://a.example/" + "x" * 3000, "longer"),
    ],
)
def test_addresses_that_cannot_be_crawled_are_refused_at_once(url: str, reason: str) -> None:
    with pytest.raises(Problem, match=reason):
        crawls.start(workspace=make_workspace(), url=url)


def test_from_the_form_to_the_job_page_and_again(site: Website, nudges: list[int]) -> None:
    site.places["/"] = page("Home", WORDS["a"], "/missing")
    workspace = make_workspace()
    client = Client()
    client.force_login(make_member(workspace, Role.EDITOR))
    form = reverse("crawl_new", args=[workspace.slug])
    assert 'value="500"' in client.get(form).content.decode()
    refused = client.post(form, {"url": "http://10.0.0.1/", "pages": 5, "depth": 2})
    assert refused.status_code == 422 and "not on the public internet" in refused.content.decode()
    shown = client.post(form, {"url": site.url, "pages": 5, "depth": 2}, follow=True).content.decode()
    job = Job.objects.for_workspace(workspace).get(kind=JobKind.CRAWL)
    assert nudges == [job.pk] and ">Pause<" in shown
    assert "is being crawled already" in client.post(form, {"url": site.url, "pages": 5, "depth": 2}).content.decode()
    paused = client.post(reverse("job_pause", args=[workspace.slug, job.pk]), follow=True).content.decode()
    assert ">Resume<" in paused
    client.post(reverse("job_resume", args=[workspace.slug, job.pk]))
    visited(job)
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE, finished_at=timezone.now())
    ended = client.get(reverse("job", args=[workspace.slug, job.pk])).content.decode()
    assert "Crawl again" in ended and "404" in ended
    client.post(reverse("crawl_again", args=[workspace.slug, job.pk]))
    assert Job.objects.for_workspace(workspace).filter(kind=JobKind.CRAWL).count() == 2


def test_the_command_crawls_and_indexes(site: Website, capsys: pytest.CaptureFixture[str]) -> None:
    site.places.update({"/": page("Home", WORDS["a"], "/b"), "/b": page("B", WORDS["b"])})
    workspace = make_workspace()
    call_command("crawl", site.url, "--workspace", workspace.slug, "--pages", "10")
    out = capsys.readouterr().out
    assert '"added": 2' in out and '"generation": 1' in out and '"status": "done"' in out
    with pytest.raises(SystemExit) as ended:
        call_command("crawl", "http://192.168.0.1/", "--workspace", workspace.slug)
    assert ended.value.code == 2
    assert "not on the public internet" in capsys.readouterr().err


def test_a_dead_host_below_the_site_ends_its_own_visits_alone(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawling, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(crawling, "MOST_FAILURES", 3)
    monkeypatch.setattr("rag.fetch.Scope.has", lambda self, url: True)  # as if it lay below the site's own host
    with Website({f"/{n}": Place(status=500) for n in range(6)}) as dead:
        monkeypatch.setattr("monitor.assistants.crawler.named", lambda *_: frozenset({site.host, dead.host}))
        site.places["/"] = page("Home", WORDS["a"], *(f"{dead.url}{n}" for n in range(6)), "/b")
        site.places["/b"] = page("Last", WORDS["b"])
        workspace = make_workspace()
        job = crawled(workspace, site)
    assert job.status != JobStatus.FAILED and kept(workspace) == {"", "b"}
    reasons = [problem["reason"] for problem in job.problems]
    assert any("stopped answering" in reason and "more addresses there" in reason for reason in reasons)
    assert not any("The crawl ended there" in reason for reason in reasons)


def test_what_moved_for_good_or_wants_out_leaves_the_index(site: Website) -> None:
    site.places["/"] = page("Home", WORDS["a"], "/moved", "/away", "/noindex", "/other", "/stays")
    for name, words in (("moved", "b"), ("away", "c"), ("noindex", "d"), ("other", "e"), ("stays", "f")):
        site.places[f"/{name}"] = page(name, WORDS[words])
    workspace = make_workspace()
    first = crawled(workspace, site)
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    site.places["/moved"] = redirect("/new", 301)
    site.places["/away"] = redirect("/login", 302)
    site.places["/noindex"] = page("noindex", WORDS["d"], head='<meta name="robots" content="noindex">')
    site.places["/other"] = page("other", WORDS["e"], head='<link rel="canonical" href="/new">')
    site.places["/new"] = page("new", WORDS["g"])
    site.places["/login"] = page("login", LONG)
    job = visited(crawls.again(job=first))
    assert kept(workspace) == {"", "away", "login", "new", "stays"}
    assert "leaves the index" in told(job)["noindex"] and "leaves the index" in told(job)["other"]
    client = Client()
    client.force_login(make_member(workspace, Role.VIEWER))
    shown = {
        page: client.get(reverse("page", args=[workspace.slug, page.pk]))
        for page in Page.objects.for_workspace(workspace)
    }
    for page_, answer in shown.items():
        assert "Last crawled" in answer.content.decode()
        assert ("found this page gone" in answer.content.decode()) is (page_.current_id is None)


def test_pages_that_are_here_already_take_no_place_of_new_ones(site: Website) -> None:
    site.places["/"] = page("Home", WORDS["a"], "/b", "/c", "/d", "/e")
    for name in "bcde":
        site.places[f"/{name}"] = page(name, WORDS[name])
    workspace = make_workspace()
    first = crawled(workspace, site, pages=3)
    assert len(kept(workspace)) == 3
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    second = visited(crawls.again(job=first))
    assert kept(workspace) == {"", "b", "c", "d", "e"}
    assert second.result["unchanged"] == 3 and second.result["added"] == 2


def test_what_is_found_beyond_the_most_is_counted_and_what_is_here_already_is_not(
    site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawling, "FEWEST_TARGETS", 5)
    monkeypatch.setattr(crawling, "TARGETS_A_PAGE", 1)
    monkeypatch.setattr(crawling, "MOST_SITEMAPS", 2)
    names = "\n".join(f"Sitemap: {site.url}map{number}.xml" for number in range(4))
    site.places["/robots.txt"] = Place(names.encode())
    site.places["/"] = page("Home", WORDS["a"], "/b", "/c", "/d", "/e", "/f", "/g")
    for name in "bcd":
        site.places[f"/{name}"] = page(name, WORDS[name])
    workspace = make_workspace()
    first = crawled(workspace, site, pages=5)
    assert first.result["sitemaps"] == 2
    assert first.result["unlisted"] == 4, "two sitemaps, the first page and two of its links are kept"
    assert any("2 more sitemaps were named" in problem["reason"] for problem in first.problems)
    Job.objects.for_workspace(workspace).update(status=JobStatus.DONE)
    assert kept(workspace) == {"", "b", "c"}
    again = visited(crawls.again(job=first))
    assert again.result["unchanged"] == 3
    assert again.result["unlisted"] == 2, "the two beside the first page that were here take no room"


def test_a_job_that_must_wait_keeps_what_it_had(site: Website) -> None:
    job = crawls.start(workspace=make_workspace(), url=site.url)
    problems = [{"where": "x", "reason": "y"}]
    Job.objects.for_workspace(job.workspace).update(done=7, total=9, problems=problems, result={"visited": 7})
    with crawling._place(crawls.site_of(job.input["url"])) as free:
        assert free
        holder = threading.Thread(target=in_another_connection, args=(lambda: jobs.run(job_id=job.pk),))
        holder.start()
        holder.join(30)
    job.refresh_from_db()
    assert (job.status, job.done, job.total, job.problems) == (JobStatus.WAITING, 7, 9, problems)
    jobs.cancel(job=job)
    job.refresh_from_db()
    assert job.message == "Cancelled. What was stored by then is kept."


def in_another_connection(work: Callable[[], object]) -> None:
    try:
        work()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("typed", "kept_as"),
    [
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("https://a.example/über uns", "https://a.example/%C3%BCber%20uns"),
        ("http://a.example:8080/x?q=1#part", "http://a.example:8080/x?q=1"),
    ],
)
def test_an_address_is_kept_as_it_is_requested(typed: str, kept_as: str) -> None:
    assert crawls.address(typed) == kept_as
