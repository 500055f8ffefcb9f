"""May a crawler fetch a URL, by a robots.txt as RFC 9309 and Google's published parser read it.

Works on bytes, for robots.txt files hold anything. Does not fetch, and does not know what a missing file or a server
error means: that is the crawler's to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

#: Beyond this Google reads no further, and RFC 9309 asks no more of anyone.
MAX_BYTES = 500 * 1024
#: Of a longer line the rest is not read; eight times what browsers take for a URL.
MAX_LINE = 8 * 2083 - 1

Field = Literal["agent", "allow", "disallow", "delay", "sitemap"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n?|\n")
_PRODUCT = re.compile(rb"[A-Za-z_-]*")
_ESCAPABLE = re.compile(rb"%[0-9a-fA-F]{2}|[\x80-\xff]")
_SECONDS = re.compile(rb"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_PATH_START = re.compile(rb"[/?;]")
# misspellings that are common enough to be honoured
_FIELDS: dict[bytes, Field] = {
    b"user-agent": "agent",
    b"useragent": "agent",
    b"user agent": "agent",
    b"allow": "allow",
    b"disallow": "disallow",
    b"dissallow": "disallow",
    b"dissalow": "disallow",
    b"disalow": "disallow",
    b"diasllow": "disallow",
    b"disallaw": "disallow",
    b"crawl-delay": "delay",
    b"crawldelay": "delay",
    b"sitemap": "sitemap",
    b"site-map": "sitemap",
}


@dataclass(slots=True)
class _Rules:
    """The longest pattern of each kind that matches the path; none is -1."""

    named: bool = False
    allow: int = -1
    disallow: int = -1

    #: Seconds between two requests that the group asks for.
    delay: float | None = None

    def note(self, kind: Field, length: int) -> None:
        if kind == "allow":
            self.allow = max(self.allow, length)
        else:
            self.disallow = max(self.disallow, length)

    @property
    def speaks(self) -> bool:
        return self.allow > 0 or self.disallow > 0

    @property
    def allows(self) -> bool:
        return self.allow >= self.disallow


@dataclass(slots=True)
class _Group:
    """Which of the two sets of rules the lines at hand belong to."""

    sets: list[_Rules] = field(default_factory=list)
    closed: bool = False


def allowed(body: bytes, agent: str, url: str) -> bool:
    """Whether `agent`, a product token with or without its version, may fetch `url` (escaped, as it is requested)."""
    specific, everyone = _read(body, agent, _path(url.encode("utf-8", "surrogateescape")))
    if specific.speaks or specific.named:
        return not specific.speaks or specific.allows
    return not everyone.speaks or everyone.allows


def crawl_delay(body: bytes, agent: str) -> float | None:
    """Seconds that the file asks `agent` to leave between two requests; None where it asks for nothing."""
    specific, everyone = _read(body, agent, b"/")
    return specific.delay if specific.named else everyone.delay


def sitemaps(body: bytes) -> list[str]:
    """The sitemaps that the file names, as it writes them; they belong to no group."""
    return [value.decode("utf-8", "replace") for kind, value in _lines(body[:MAX_BYTES]) if kind == "sitemap" and value]


def _read(body: bytes, agent: str, path: bytes) -> tuple[_Rules, _Rules]:
    """What the file says of the path to `agent` by name, and to everyone."""
    token = agent.partition("/")[0].strip().lower().encode("utf-8", "surrogateescape")
    specific, everyone = _Rules(), _Rules()
    group = _Group()
    for kind, value in _lines(body[:MAX_BYTES]):
        if kind == "agent":
            if group.closed:
                group = _Group()
            if value[:1] == b"*" and (len(value) == 1 or value[1:2].isspace()):
                group.sets.append(everyone)
            elif _product(value) == token:
                specific.named = True
                group.sets.append(specific)
        elif kind == "delay":
            if (seconds := _SECONDS.fullmatch(value)) is not None:
                for rules in group.sets:
                    rules.delay = max(rules.delay or 0.0, float(seconds[0]))
        elif kind != "sitemap":
            group.closed = True
            length = _match_length(path, value, kind) if group.sets else -1
            for rules in group.sets:
                rules.note(kind, length)
    return specific, everyone


def _lines(body: bytes) -> Iterator[tuple[Field, bytes]]:
    """The lines that say something."""
    mark = next((n for n in (3, 2, 1) if body.startswith(_BYTE_ORDER_MARK[:n])), 0)
    for line in _LINE_END.split(body[mark:]):
        content = line[:MAX_LINE].partition(b"#")[0].strip(b" \t")
        name, colon, value = content.partition(b":")
        if not colon:
            words = content.split(None, 2)
            if len(words) != 2:
                continue
            name, value = words
        kind = _kind(name.strip(b" \t").lower())
        value = value.strip(b" \t")
        if kind in {"agent", "delay", "sitemap"}:
            yield kind, value
        elif kind:
            yield kind, _ESCAPABLE.sub(_escaped, value)


def _kind(name: bytes) -> Field | None:
    return next((kind for known, kind in _FIELDS.items() if name.startswith(known)), None)


def _product(value: bytes) -> bytes | None:
    match = _PRODUCT.match(value)
    return match[0].lower() if match and match[0] else None


def _escaped(match: re.Match[bytes]) -> bytes:
    found = match[0]
    return found.upper() if len(found) == 3 else b"%%%02X" % found[0]


def _path(url: bytes) -> bytes:
    """Path, parameters and query of a URL, without the fragment."""
    begin = 2 if url.startswith(b"//") else 0
    early = _PATH_START.search(url, begin)
    scheme_end = url.find(b"://", begin)
    if scheme_end >= 0 and not (early and early.start() < scheme_end):
        begin = scheme_end + 3
    start = _PATH_START.search(url, begin)
    fragment = url.find(b"#")
    if not start or 0 <= fragment < start.start():
        return b"/"
    path = url[start.start() : fragment if fragment >= 0 else len(url)]
    return path if path.startswith(b"/") else b"/" + path


def _match_length(path: bytes, pattern: bytes, kind: Field) -> int:
    """The pattern's length where it matches from the path's start, else -1."""
    if _matches(path, pattern):
        return len(pattern)
    folder, slash, name = pattern.rpartition(b"/")
    if kind == "allow" and slash and name.startswith(b"index.htm"):
        # to allow a folder's index is to allow the folder's own address
        pattern = folder + b"/$"
        return len(pattern) if _matches(path, pattern) else -1
    return -1


def _matches(path: bytes, pattern: bytes) -> bool:
    """`*` stands for anything, a final `$` for the end. Greedy from the left: linear in the path for each `*`."""
    anchored = pattern.endswith(b"$")
    first, *others = pattern.removesuffix(b"$").split(b"*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not others:
        return not anchored or at == len(path)
    for part in others[:-1]:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    last = others[-1]
    if anchored:
        return len(path) - at >= len(last) and path.endswith(last)
    return path.find(last, at) >= 0
