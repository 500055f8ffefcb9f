"""How fast pages are with a long history: one JSON line a size, with p50 and p95 of every query and page.

    python -m bench.dashboard [--days 100 1000] [--raw-minutes 8] [--times 15] [--folder DIR]

A panel of 200 prompts x 5 assistants x 10 repeats runs every day, 10,000 responses: 100 days are 1 million, 1,000 days
10 million. The last 30 days are raw rows (responses, mentions of 10 brands, sources on heavy-tailed domains), which
the product itself rolls up. Earlier days repeat their counts, and their responses as far as `--raw-minutes` goes
(`responses` says how far), without mentions and sources: those are read of single answers alone. All figures are
milliseconds as [p50, p95]: `queries` calls each function by itself with caches warm, `first` with nothing kept of what
was asked before; `pages` are whole pages of the real web server, compressed as browsers take them, asked for one after
another, `together` by 20 clients at once, each asking for its next page as soon as it has one. `growth` divides the
p50 of a size by that of the first size. Uses the embedded PostgreSQL under `--folder`, which is kept where it is
given, or an empty database at DATABASE_URL.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PROMPTS, REPEATS, BRANDS, RAW_DAYS = 200, 10, 10, 30
ASSISTANTS = ("openai", "perplexity", "gemini", "anthropic", "mistral")
LAST_DAY = date(2026, 11, 20)
USERS, PAGES_EACH = 20, 30
Milliseconds = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--raw-minutes", type=float, default=8, help="For how long responses of earlier days are made.")
    parser.add_argument("--times", type=int, default=15, help="How often each thing is measured.")
    parser.add_argument("--folder", type=Path, help="Keep the database here, and go on with one that is there.")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="citescope-bench-"))
    os.environ.update(
        DATA_DIR=str(folder), HF_HUB_OFFLINE="1", DJANGO_SETTINGS_MODULE="monitor.settings", LOG_LEVEL="ERROR"
    )
    embedded = not os.environ.get("DATABASE_URL")
    from monitor import bootstrap, embedded_postgres

    try:
        if embedded:
            embedded_postgres.start(folder)
        bootstrap.migrate()
        first: dict[str, Milliseconds] = {}
        for days in options.days:
            workspace = history(days, options.raw_minutes * 60)
            line = sizes(workspace) | measured(workspace, folder, options.times)
            now = line["first"] | {f"page_{name}": took for name, took in line["pages"].items()}
            first = first or now
            line["growth"] = {name: round(now[name][0] / first[name][0], 2) for name in now}
            print(json.dumps({"bench": "dashboard", "days": days, **line}), flush=True)
    finally:
        if embedded:
            embedded_postgres.stop(folder)
        if not options.folder:
            shutil.rmtree(folder, ignore_errors=True)


# --- the history ---------------------------------------------------------------------------------------------------


def history(days: int, raw_seconds: float) -> Any:
    """The workspace with at least so many days, made or grown."""
    from monitor.models import Run, Workspace

    workspace = Workspace.objects.filter(slug="bench").first()
    if workspace is None:
        workspace = begun()
    there = Run.objects.for_workspace(workspace).count()
    if there < days:
        earlier(workspace, there, days, raw_seconds)
        execute("VACUUM ANALYZE")
    return workspace


def begun() -> Any:
    """A workspace with the last days' raw rows, counted by the product."""
    from monitor.models import Brand, BrandKind, Panel, Prompt, Run, Suite, User
    from monitor.services import panels, reading, rollups, workspaces

    owner = User.objects.create_user("bench@example.com")
    workspace = workspaces.create(name="Bench", owners=[owner])
    for number in range(BRANDS):
        kind = BrandKind.COMPETITOR if number else BrandKind.OWN
        Brand.objects.create(
            workspace=workspace, name=f"Brand{number}", kind=kind, domains=[f"d{number * 7}.example"], colour=number % 8
        )
    suite = Suite.objects.create(workspace=workspace, name="Bench")
    Prompt.objects.bulk_create(
        Prompt(workspace=workspace, suite=suite, text=f"Which pen is best for task {n}?", tags=[f"tag{n % 8}"])
        for n in range(PROMPTS)
    )
    fields = {
        "name": "Bench", "suite": suite, "assistants": [{"assistant": "local", "model": "", "options": {}}],
        "repeats": REPEATS, "cron": "", "time_zone": "UTC",
    }  # fmt: skip
    panel: Panel = panels.save_panel(workspace=workspace, panel=None, fields=fields, revision=None)
    extraction = reading.ensure_current(workspace=workspace)
    panels.current_revision(panel=panel)
    make_runs(workspace, panel, 0, RAW_DAYS)
    values = {"workspace": workspace.pk, "extraction": extraction.pk, "assistants": list(ASSISTANTS)}
    values |= {"repeats": REPEATS - 1, "days": RAW_DAYS}
    say("making the raw rows")
    for statement in (_RESPONSES, _MENTIONS, _SOURCES):
        execute(statement, values)
    execute("VACUUM ANALYZE")
    say("counting them")
    took = []
    for run in Run.objects.for_workspace(workspace).order_by("pk"):
        started = time.perf_counter()
        rollups.roll_up(run=run)
        took.append((time.perf_counter() - started) * 1000)
    execute("VACUUM ANALYZE")
    say(f"a run of {PROMPTS * len(ASSISTANTS) * REPEATS} responses is counted in {statistics.median(took):.0f} ms")
    return workspace


def earlier(workspace: Any, there: int, days: int, raw_seconds: float) -> None:
    """Grow the history backwards by repeating its last days."""
    from monitor.models import Panel

    panel = Panel.objects.for_workspace(workspace).get()
    say(f"days {there} to {days}")
    make_runs(workspace, panel, there, days)
    values = {"last": LAST_DAY, "some": RAW_DAYS, "first": there, "end": days}
    execute(_COUNTS_AGAIN, values)
    until = time.monotonic() + raw_seconds
    for start in range(there, days, RAW_DAYS):
        if time.monotonic() < until:
            execute(_RESPONSES_AGAIN, values | {"first": start, "end": min(start + RAW_DAYS, days)})


def make_runs(workspace: Any, panel: Any, start: int, end: int) -> None:
    from monitor.models import Run, RunStatus, Trigger
    from monitor.services import brands

    brand_set, revision = brands.current_brand_set(workspace=workspace), panel.revisions.latest("number")
    days = [LAST_DAY - timedelta(days=back) for back in range(start, end)]
    moments = [datetime.combine(day, clock(6), tzinfo=UTC) for day in days]
    Run.objects.bulk_create(
        Run(
            workspace=workspace, panel=panel, panel_revision=revision, brand_set=brand_set, day=day, slot_at=moment,
            trigger=Trigger.SCHEDULE, status=RunStatus.COMPLETED, finished_at=moment, rolled_up_at=moment,
            support_checked_at=moment,
        )
        for day, moment in zip(days, moments, strict=True)
    )  # fmt: skip


def execute(statement: str, values: dict[str, Any] | None = None) -> None:
    """One statement without the foreign keys' triggers, which hold each row in memory."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off; SET jit = off")
        cursor.execute(statement, values)
        cursor.execute("RESET session_replication_role; RESET jit")


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


_RESPONSES = """
INSERT INTO monitor_response (
    workspace_id, run_id, prompt_id, prompt_text, assistant, model, options, repeat, seed, queue, stratum, status,
    lease, tries, error_kind, error_message, page_versions, text, search, model_reported, finish, searches,
    retrieval_reported, input_tokens, output_tokens, cost_usd, latency_ms, first_text_ms, answered_at)
SELECT %(workspace)s, run.id, p.id, p.text, a, a || '-5', '{}', repeat, 0, 'external', 'api',
       CASE WHEN luck < 0.97 THEN 'answered' ELSE 'failed' END, 1, 1, CASE WHEN luck < 0.97 THEN '' ELSE 'server' END,
       '', '{}', words, to_tsvector('simple', words), a || '-5-' || (run.day - DATE '2020-01-01') / 40,
       CASE WHEN luck < 0.01 THEN 'refused' WHEN luck < 0.97 THEN 'complete' ELSE '' END, '["pens"]', TRUE, 900,
       200 + (luck * 300)::int, 0.004, (800 / (luck + 0.05))::int, (300 / (luck + 0.05))::int, run.slot_at
FROM monitor_run run CROSS JOIN monitor_prompt p CROSS JOIN unnest(%(assistants)s::text[]) a
CROSS JOIN generate_series(0, %(repeats)s) repeat
CROSS JOIN LATERAL (SELECT random() AS luck, random() AS word WHERE p.id + run.id > 0) AS chance
CROSS JOIN LATERAL (SELECT 'Makers of good pens, word' || floor(5000 * word * word * word * word)::int
                           || ', as task ' || p.id || ' asks.' AS words) AS said
WHERE run.workspace_id = %(workspace)s ORDER BY run.day, p.id
"""
_MENTIONS = """
INSERT INTO monitor_mention (
    workspace_id, extraction_id, response_id, brand_id, start, "end", text, rank, sentiment, role, judge, place)
SELECT workspace_id, %(extraction)s, id, brand_id, place * 20, place * 20 + 6, 'Brand', place,
       (ARRAY['recommended', 'neutral', 'neutral', 'negative'])[1 + floor(4 * random())],
       (ARRAY['compared', 'listed', 'named', 'named'])[1 + floor(4 * random())], 1,
       CASE WHEN random() < 0.5 THEN 1 + floor(9 * random()) END
FROM (
    SELECT r.workspace_id, r.id, b.id AS brand_id, row_number() OVER (PARTITION BY r.id ORDER BY chance.luck) AS place
    FROM monitor_response r CROSS JOIN monitor_brand b
    CROSS JOIN LATERAL (SELECT random() AS luck WHERE r.id + b.id > 0) AS chance
    WHERE r.status = 'answered' AND chance.luck < 0.6 / (b.id - (SELECT min(id) FROM monitor_brand) + 1)
) AS named
"""
_SOURCES = """
INSERT INTO monitor_responsesource (
    workspace_id, extraction_id, response_id, sequence, url, page, domain, title, cited, retrieved, via, spans)
SELECT r.workspace_id, %(extraction)s, r.id, sequence, 'https://d' || place || '.example/p' || leaf,
       'd' || place || '.example/p' || leaf, 'd' || place || '.example', 'About ' || leaf, sequence < 3, TRUE,
       CASE WHEN sequence < 3 THEN 'annotation' ELSE '' END, '[[0, 6]]'
FROM monitor_response r CROSS JOIN generate_series(0, 3) sequence
CROSS JOIN LATERAL (SELECT CASE WHEN random() < 0.1 THEN random()
                           ELSE abs(hashint8(r.prompt_id * 100 + floor(12 * random())::int)::bigint) / 2147483649.0
                           END AS luck WHERE r.id + sequence > 0) AS chance
CROSS JOIN LATERAL (SELECT floor(3000 * power(luck, 5))::int AS place, floor(luck * 1000)::int %% 6 AS leaf) AS source
WHERE r.status = 'answered'
"""
_EARLIER = """
FROM {table} old JOIN monitor_run run ON run.id = old.run_id AND run.day > %(last)s::date - %(some)s::int
JOIN monitor_run earlier ON earlier.workspace_id = run.workspace_id
    AND earlier.day <= %(last)s::date - %(first)s::int AND earlier.day > %(last)s::date - %(end)s::int
    AND (run.day - earlier.day) %% %(some)s::int = 0
"""


def _again(table: str, columns: str, more: dict[str, str]) -> str:
    """A statement that repeats the last days' rows of a table further back."""
    names = columns.split()
    taken = ", ".join([*(f"old.{name}" for name in names), *more.values()])
    into = ", ".join([*names, *more])
    return f"INSERT INTO {table} ({into}) SELECT {taken} {_EARLIER.format(table=table)}"  # noqa: S608 - constants


_COUNTS_AGAIN = _again(
    "monitor_daycounts",
    "workspace_id extraction_id panel_id assistant stratum prompts valid named reported_models cells brands mentions "
    "places domains domain_names answers pages page_names calls call_names",
    {"run_id": "earlier.id", "day": "earlier.day"},
)
_RESPONSES_AGAIN = _again(
    "monitor_response",
    "workspace_id prompt_id prompt_text assistant model options repeat seed queue stratum status lease tries "
    "error_kind error_message page_versions text search model_reported finish searches retrieval_reported input_tokens "
    "output_tokens cost_usd latency_ms first_text_ms",
    {"run_id": "earlier.id", "answered_at": "earlier.slot_at"},
)


# --- measuring -----------------------------------------------------------------------------------------------------


def sizes(workspace: Any) -> dict[str, Any]:
    from django.db import connection
    from django.db.models import Sum

    from monitor.models import DayCounts, Mention, Response, ResponseSource

    counted = DayCounts.objects.for_workspace(workspace).aggregate(valid=Sum("valid"), rows=Sum("prompts"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1048576")
        (megabytes,) = cursor.fetchone()
    return {
        "valid_answers_counted": counted["valid"],
        "prompt_cells": counted["rows"],
        "responses": Response.objects.for_workspace(workspace).count(),
        "mentions": Mention.objects.for_workspace(workspace).count(),
        "sources": ResponseSource.objects.for_workspace(workspace).count(),
        "database_mb": int(megabytes),
        "load": round(os.getloadavg()[0], 1),
    }


def measured(workspace: Any, folder: Path, times: int) -> dict[str, Any]:
    say("measuring queries")
    from monitor.queries import kept

    every = queries(workspace)
    found: dict[str, Any] = {
        "first": {name: timed(call, times, before=kept.forget) for name, call in every.items()},
        "queries": {name: timed(call, times) for name, call in every.items()},
    }
    found["intervals_and_change"] = timed(intervals, times)
    say("measuring pages")
    found |= pages(workspace, folder, times)
    return found


def timed(work: Callable[[], object], times: int, before: Callable[[], object] = list) -> Milliseconds:
    work()
    taken = []
    for _ in range(times):
        before()
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return percentiles(taken)


def percentiles(taken: list[float]) -> Milliseconds:
    """p50 and p95."""
    p50, p95 = np.quantile(taken, [0.5, 0.95])
    return round(float(p50), 1), round(float(p95), 1)


def queries(workspace: Any) -> dict[str, Callable[[], object]]:
    """Every query behind a page of figures, by name, as its page calls it."""
    from django.http import QueryDict

    from monitor.models import Response
    from monitor.queries import (
        answers,
        answers_compared,
        brands,
        comparison,
        costs,
        dashboard,
        filters,
        performance,
        prompts,
        report,
        sentiment,
        sources,
        support,
    )

    bar = filters.read(workspace, QueryDict(""))
    chosen = bar.filter
    tagged = filters.read(workspace, QueryDict("tag=tag1&assistant=openai")).filter
    quarter = filters.read(workspace, QueryDict(f"from={LAST_DAY - timedelta(days=89)}&to={LAST_DAY}")).filter
    answer = Response.objects.for_workspace(workspace).filter(run__day=LAST_DAY, status="answered").first()
    assert answer is not None

    def listed(query: str) -> Callable[[], object]:
        params = QueryDict(query)
        return lambda: answers.answers(workspace, filters.read(workspace, params), params)

    return {
        "filters": lambda: filters.read(workspace, QueryDict("")),
        "overview": lambda: dashboard.overview(workspace, chosen),
        "overview_filtered": lambda: dashboard.overview(workspace, tagged),
        "overview_90_days": lambda: dashboard.overview(workspace, quarter),
        "prompts": lambda: prompts.heatmap(workspace, chosen, "named"),
        "brands": lambda: brands.brand_rows(workspace),
        "sentiment": lambda: sentiment.of_brands(workspace, chosen),
        "sources": lambda: sources.sources(workspace, chosen),
        "sources_one_domain": lambda: sources.sources(workspace, chosen, domain="d0.example"),
        "sources_search": lambda: sources.sources(workspace, chosen, search="d1.example/p3"),
        "support": lambda: support.by_assistant(workspace, chosen),
        "assistants": lambda: performance.performance(workspace, chosen),
        "comparison": lambda: comparison.comparison(workspace, chosen),
        "cost": lambda: costs.cost_page(workspace),
        "answers": listed(""),
        "answers_page_3": listed("page=3"),
        "answers_period": listed(f"from={LAST_DAY - timedelta(days=9)}&to={LAST_DAY}"),
        "answers_brand": listed(f"brand={chosen.brands[0] if chosen.brands else bar.brands[-1].value}"),
        "answers_domain": listed("domain=d2500.example"),
        "answers_rare_word": listed("q=word4321"),
        "answers_common_word": listed("q=pens"),
        "answer": lambda: answers.answer_page(answer),
        "answers_compared": lambda: answers_compared.compared(answer),
        "report": lambda: report.report(workspace, chosen, with_answers=False),
    }


def intervals() -> None:
    """All intervals and changes of 200 prompts x 90 days x 10 brands: a point a day, and the table of two periods."""
    from monitor import metrics

    generator = np.random.default_rng(1)
    n = np.full(PROMPTS, float(REPEATS))
    hits = generator.binomial(REPEATS, 0.4, (90, PROMPTS, 2 * BRANDS)).astype(float)
    for day in hits:
        metrics.rates(day, n)
    before, after = hits[:45].sum(axis=0), hits[45:].sum(axis=0)
    for each in (before, after):
        metrics.rates(each, 45 * n)
    metrics.changes(before, 45 * n, after, 45 * n)


PAGES = {
    "overview": "", "prompts": "prompts/", "brands": "brands/", "sources": "sources/", "answers": "answers/",
    "search": "answers/?q=word42", "assistants": "overview/assistants/", "comparison": "overview/comparison/",
    "cost": "cost/", "reports": "reports/",
}  # fmt: skip


def pages(workspace: Any, folder: Path, times: int) -> dict[str, Any]:
    """Whole pages of the web server as `manage.py serve` runs it, signed in."""
    from monitor import supervisor

    port = next(port for port in range(9300, 9400) if supervisor.port_is_free("127.0.0.1", port))
    web = supervisor.web(folder, host="127.0.0.1", port=port, processes=os.cpu_count() or 1)
    cookie = session(workspace)
    web.start()
    try:
        wait_for(port)
        alone = {name: timed(lambda path=path: fetch(port, cookie, path), times) for name, path in address(workspace)}  # type: ignore[misc]
        return {"pages": alone, "together": together(port, cookie, workspace)}
    finally:
        assert web.process is not None
        web.process.terminate()
        try:
            web.process.wait(10)
        except subprocess.TimeoutExpired:
            web.process.kill()


def address(workspace: Any) -> list[tuple[str, str]]:
    return [(name, f"/w/{workspace.slug}/{path}") for name, path in PAGES.items()]


def session(workspace: Any) -> str:
    """The cookie of somebody signed in."""
    from django.test import Client

    client = Client()
    client.force_login(workspace.memberships.first().user)
    return f"sessionid={client.cookies['sessionid'].value}; workspace={workspace.slug}"


def wait_for(port: int, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            fetch(port, "", "/healthz")
        except (OSError, http.client.HTTPException):
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the web server did not come up")


def fetch(port: int, cookie: str, path: str, held: http.client.HTTPConnection | None = None) -> bytes:
    connection = held or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie, "Accept-Encoding": "gzip, deflate, br, zstd"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}")
    if held is None:
        connection.close()
    return content


def together(port: int, cookie: str, workspace: Any) -> dict[str, Any]:
    """p50 and p95 of each page, and of all, while so many people use them."""
    taken: dict[str, list[float]] = defaultdict(list)
    failed: list[BaseException] = []

    def person(number: int) -> None:
        connection, visits = http.client.HTTPConnection("127.0.0.1", port, timeout=60), address(workspace)
        try:
            for step in range(PAGES_EACH):
                name, path = visits[(number + step) % len(visits)]
                started = time.perf_counter()
                fetch(port, cookie, path, connection)
                taken[name].append((time.perf_counter() - started) * 1000)
        except (OSError, http.client.HTTPException, SystemExit) as error:
            failed.append(error)

    people = [threading.Thread(target=person, args=[number]) for number in range(USERS)]
    started = time.perf_counter()
    for one in people:
        one.start()
    for one in people:
        one.join()
    every = [each for listed in taken.values() for each in listed]
    return {
        "users": USERS,
        "failed": len(failed),
        "pages_per_second": round(len(every) / (time.perf_counter() - started), 1),
        "all": percentiles(every),
        **{name: percentiles(listed) for name, listed in taken.items()},
    }


if __name__ == "__main__":
    main()
