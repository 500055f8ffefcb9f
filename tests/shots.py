"""`make shots`: a picture of every named URL, filled with the demo and empty, wide and on a phone, light and dark.

Loads the demo into a data folder of its own, serves it as in production and walks the pages as the browser tests do.
A named URL without a picture is an error, and so is anything the browser refuses. `shots/index.html` shows them all.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from tests.ports import free_port, wait_until_ready

ROOT = Path(__file__).resolve().parent.parent
THEMES = ("light", "dark")
PASSWORD = "correct horse battery"  # noqa: S105 - of a folder that is removed again
#: Console messages that a walked page may show: links on purpose no longer good.
EXPECTED = ("404 (Not Found)",)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, default=ROOT / "shots")
    arguments.add_argument("--days", type=int, default=30, help="Days of demo history.")
    arguments.add_argument("--only", default="", help="Only URLs whose name contains one of these, by commas.")
    options = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="citescope-shots-"))
    port = free_port()
    os.environ.update({"DATA_DIR": str(folder), "PORT": str(port), "DJANGO_SETTINGS_MODULE": "monitor.settings"})
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's own loop runs in this thread
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    try:
        return _take(folder, port, options.out, options.days, options.only)
    finally:
        from monitor import embedded_postgres

        embedded_postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _take(folder: Path, port: int, out: Path, days: int, only: str) -> int:
    from tests.browser.install import chromium

    path = chromium()
    if path is None:
        print("No chromium here: apt-get install chromium, then again.", file=sys.stderr)
        return 2
    _prepare(folder)
    world, empty, invited = _fill(days)
    from playwright.sync_api import sync_playwright

    from tests.browser.walk import FLAGS, SIZES, can_be_opened, stops
    from tests.world import routes

    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    walk = [stop for stop in stops(world, empty, invited) if any(part in stop.name for part in only.split(","))]
    problems: list[str] = []
    with _server(port), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for theme in THEMES:
            for size in SIZES:
                problems += _walk(browser, f"http://127.0.0.1:{port}", walk, world, theme, size, out)
        browser.close()
    _index(out)
    if not only:
        wanted = {route.name for route in routes() if can_be_opened(route)}
        missing = sorted(name for name in wanted if not list(out.glob(f"{name}.*.png")))
        problems += [f"no picture of the named URL {name}" for name in missing]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(list(out.glob('*.png')))} pictures of {len({s.name for s in walk})} named URLs in {out}")
    return 1 if problems else 0


def _walk(browser: Any, base: str, walk: list[Any], world: Any, theme: str, size: str, out: Path) -> list[str]:
    from monitor.models import Role
    from tests.browser.walk import SIZES, TWO_FACTOR, axe_violations, disable_two_factor, enable_two_factor, sign_in

    settings = {"viewport": SIZES[size], "color_scheme": theme}
    problems: list[str] = []
    inside, outside = browser.new_context(**settings), browser.new_context(**settings)
    pages = {True: inside.new_page(), False: outside.new_page()}
    owner = world.people[Role.OWNER]
    disable_two_factor(owner)
    sign_in(pages[True], base, owner.email, PASSWORD)
    for page in pages.values():
        page.on("pageerror", lambda error: problems.append(f"{theme}, {size}: {error}"))
        page.on("console", lambda message: _note(problems, message, f"{theme}, {size}"))
    for stop in walk:
        if stop.name in TWO_FACTOR:
            enable_two_factor(owner)
        page = pages[stop.signed_in]
        answer = page.goto(f"{base}{stop.url}")
        if answer.status >= 500:
            problems.append(f"{stop.name} ({stop.state}): status {answer.status}")
        _wait_for_charts(page)
        page.screenshot(path=out / f"{stop.name}.{stop.state}.{size}.{theme}.png", full_page=True)
        problems += [f"{stop.name} ({stop.state}), {theme}, {size}: {line}" for line in axe_violations(page)]
    inside.close()
    outside.close()
    return problems


def _note(problems: list[str], message: Any, where: str) -> None:
    if message.type == "error" and not any(expected in message.text for expected in EXPECTED):
        problems.append(f"{where}: {message.text} ({message.location.get('url', '')})")


def _wait_for_charts(page: Any) -> None:
    """By a selector: waiting for a function polls by eval, which the pages' own policy refuses."""
    page.locator("[data-chart]:not([data-drawn])").first.wait_for(state="detached")


def _prepare(folder: Path) -> None:
    from monitor import embedded_postgres

    embedded_postgres.start(folder)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def _fill(days: int) -> tuple[Any, Any, Any]:
    """The demo as people see it first, an empty workspace beside it, and a row behind every URL."""
    from monitor.management.console import ConsoleWatch
    from monitor.models import Membership, Role, User, Workspace
    from monitor.queries import alerts
    from monitor.services import demo, judging, supporting, workspaces
    from tests.world import world_of

    watch = ConsoleWatch()
    demo.load(days=days, watch=watch, find=alerts.found)
    watch.close()
    while supporting.has_work():
        supporting.work()
    while judging.has_work():
        judging.work()
    filled = Workspace.objects.get(is_demo=True)
    world = world_of(filled)
    owner = world.people[Role.OWNER]
    owner.set_password(PASSWORD)
    owner.save()
    empty = workspaces.create(name="Empty", owners=[owner])
    invited = User.objects.create_user("invited@example.com")
    Membership.objects.create(workspace=filled, user=invited, role=Role.VIEWER)
    return world, empty, invited


@contextmanager
def _server(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen([*command, "--log-level", "warning", "monitor.asgi:application"], cwd=ROOT) as server:
        try:
            wait_until_ready(port)
            yield
        finally:
            server.terminate()
            server.wait(20)


def _index(out: Path) -> None:
    """One page with all pictures, for looking through."""
    figures = "\n".join(
        f'<figure><a href="{escape(shot.name)}"><img src="{escape(shot.name)}" loading="lazy"></a>'
        f"<figcaption>{escape(shot.stem)}</figcaption></figure>"
        for shot in sorted(out.glob("*.png"))
    )
    style = "body{font-family:sans-serif;display:flex;flex-wrap:wrap;gap:16px}img{height:360px;border:1px solid #999}"
    (out / "index.html").write_text(f"<!doctype html><title>Shots</title><style>{style}</style>{figures}")


if __name__ == "__main__":
    sys.exit(main())
