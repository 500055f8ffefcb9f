"""The demo's own little web: brands, prompts, and pages with dated revisions, read from `monitor/demo/`.

A page's file holds its revisions, each under `=== day N` (or `=== day N gone`): lines `title:`, `path:` and
`published:` (days before the demo's first), `---`, then paragraphs, `# ` headings and `- ` items. Knows no database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "demo"
_REVISION = re.compile(r"^=== day (\d+)( gone)?[ \t]*$", re.MULTILINE)
_FIELD = re.compile(r"(title|path|published):\s*(.+)")


@dataclass(frozen=True, slots=True)
class Revision:
    """What a page says from `day` on, counted from the demo's first; `body` None: the page is gone."""

    day: int
    url: str
    title: str
    published: int
    body: str | None

    def html(self, first_day: date) -> bytes:
        """The page as a browser would get it, its date counted from the demo's first day."""
        title = escape(self.title)
        published = first_day + timedelta(days=self.published)
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta property="article:published_time" content="{published.isoformat()}">'
            f"</head><body><main><article><h1>{title}</h1>\n"
            f"{''.join(_blocks(self.body or ''))}</article></main></body></html>"
        ).encode()


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the demo is made of. `revisions` are in order of their days."""

    brands: list[dict[str, Any]]
    prompts: list[str]
    revisions: list[Revision]

    @property
    def change_days(self) -> list[int]:
        """The days on which something changes; the first is 0."""
        return sorted({revision.day for revision in self.revisions})

    def on(self, day: int) -> list[Revision]:
        return [revision for revision in self.revisions if revision.day == day]


@cache
def read(folder: Path = FOLDER) -> Site:
    """The demo site. ValueError names the file that cannot be read as one of its pages."""
    files = sorted((folder / "pages").glob("*/*.md"))
    revisions = [revision for file in files for revision in _revisions(file)]
    return Site(
        brands=json.loads((folder / "brands.json").read_text()),
        prompts=(folder / "prompts.txt").read_text().splitlines(),
        revisions=sorted(revisions, key=lambda revision: (revision.day, revision.url)),
    )


def _revisions(file: Path) -> Iterator[Revision]:
    head, *parts = _REVISION.split(file.read_text())
    if head.strip() or not parts:
        raise ValueError(f"{file} does not start with a line such as `=== day 0`.")
    fields = {"path": f"/{file.stem}", "title": ""}
    for day, gone, text in zip(parts[0::3], parts[1::3], parts[2::3], strict=True):
        lines = text.strip().splitlines()
        dated = {"published": day}
        while lines and (found := _FIELD.fullmatch(lines[0].strip())):
            (dated if found[1] == "published" else fields)[found[1]] = found[2]
            lines.pop(0)
        body = "\n".join(lines).strip().removeprefix("---").strip()
        if not gone and not (fields["title"] and body):
            raise ValueError(f"{file}, day {day}: a revision needs a title and a text.")
        yield Revision(
            day=int(day),
            url=f"https://{file.parent.name}/{fields['path'].lstrip('/')}",
            title=fields["title"],
            published=int(dated["published"]),
            body=None if gone else body,
        )


def _blocks(body: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", body):
        yield from _block(block.strip().splitlines())


def _block(lines: list[str]) -> Iterator[str]:
    """One block: headings and list items stand a line each, other lines flow together."""
    words: list[str] = []
    items: list[str] = []
    for line in [*lines, ""]:
        if items and not line.startswith("- "):
            yield f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>\n"
            items = []
        if words and (not line or line.startswith(("# ", "- "))):
            yield f"<p>{' '.join(words)}</p>\n"
            words = []
        if line.startswith("# "):
            yield f"<h2>{escape(line[2:].strip())}</h2>\n"
        elif line.startswith("- "):
            items.append(escape(line[2:].strip()))
        elif line:
            words.append(escape(line.strip()))
