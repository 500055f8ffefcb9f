"""URLs to page identities and registrable domains: what makes two citations count as the same page.

Purely textual, by the Public Suffix List that `publicsuffixlist` bundles: nothing is fetched, so it does not know where
a redirect leads, nor that two addresses show the same words.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from publicsuffixlist import PublicSuffixList

_URL = re.compile(r"https?://(?P<authority>[^/\\?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?", re.I)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_REMOVED_INSIDE = str.maketrans("", "", "\t\r\n")
_IMPLIED_PORTS = frozenset({80, 443})

_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_")
_TRACKING = frozenset(
    """
    gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid fbclid msclkid srsltid yclid ymclid twclid ttclid
    li_fat_id igshid igsh mc_cid mc_eid _hsenc _hsmi hsctatracking __hstc __hssc __hsfp mkt_tok vero_id vero_conv
    _openstat oly_enc_id oly_anon_id wickedid _ga _gl epik rdt_cid irclickid cjevent _kx _branch_match_id s_kwcid
    """.split()  # noqa: SIM905
)

_REDIRECT = "vertexaisearch.cloud.google.com/grounding-api-redirect"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a URL counts as; None where it has no page or no registrable domain."""

    page: str | None
    domain: str | None


NOTHING = Identity(None, None)


def identify(url: str) -> Identity:
    """The page and registrable domain of an http(s) URL; both None for anything else.

    A redirect that a provider hides behind has neither: it is the provider's, not the cited page's.
    """
    match = _URL.match(url.strip().translate(_REMOVED_INSIDE))
    if not match:
        return NOTHING
    located = _locate(match["authority"])
    if located is None:
        return NOTHING
    host, port = located
    path = _resolve(_unescape(match["path"].replace("\\", "/"))).rstrip("/")
    query = _remaining(match["query"] or "")
    page = _without_www(host) + ("" if port is None else f":{port}") + path + (f"?{query}" if query else "")
    if _is_redirect(page):
        return NOTHING
    return Identity(page, registrable_domain(host))


def host_of(page: str) -> str:
    """The host of a page's identity, its port too where it has one."""
    return page.partition("/")[0].partition("?")[0]


def hides_its_page(url: str) -> bool:
    """Whether the URL is a redirect that a provider hides the cited page behind."""
    host_and_path = url.strip().partition("://")[2].partition("?")[0]
    return _is_redirect(host_and_path)


def _is_redirect(page: str) -> bool:
    return page == _REDIRECT or page.startswith(_REDIRECT + "/")


@lru_cache(maxsize=16384)
def registrable_domain(host: str) -> str | None:
    """The registrable domain of a host name, in ASCII; None for IP addresses, single labels and public suffixes."""
    name = _ascii_host(host)
    if name is None or "." not in name or _is_address(name):
        return None
    domain: str | None = _suffixes().privatesuffix(name)
    return domain


def is_public_host(name: str) -> bool:
    """Whether a lower-case dotted name lies under a suffix that the list knows, and so is a host name in prose."""
    return _suffixes().privatesuffix(name, accept_unknown=False) is not None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _locate(authority: str) -> tuple[str, int | None] | None:
    """(host, port unless it is implied) of a URL's authority; None where that names no host."""
    _, _, place = authority.rpartition("@")
    bracket = place.rfind("]")
    colon = place.find(":", bracket + 1)
    name, digits = (place, "") if colon < 0 else (place[:colon], place[colon + 1 :])
    host = _ascii_host(name)
    if host is None:
        return None
    if not digits:
        return host, None
    if not (digits.isascii() and digits.isdigit()):
        return None
    port = int(digits.lstrip("0")[:6] or 0)
    if port > 65535:
        return None
    return host, None if port in _IMPLIED_PORTS else port


@lru_cache(maxsize=16384)
def _ascii_host(name: str) -> str | None:
    """The host in lower-case ASCII without a trailing dot; None for what cannot be one."""
    if name.startswith("["):
        return _ipv6(name)
    host = unquote(name, errors="replace") if "%" in name else name
    ascii_name = host.lower() if host.isascii() else _idna(host)
    if ascii_name is None:
        return None
    ascii_name = ascii_name.removesuffix(".")
    labels = ascii_name.split(".")
    return ascii_name if len(ascii_name) <= 253 and all(map(_LABEL.fullmatch, labels)) else None


def _idna(host: str) -> str | None:
    """A host as browsers look it up (UTS 46, not transitional); what IDNA 2008 refuses, such as emoji, as in 2003."""
    # its tables are only worth loading for the rare name that needs them
    import idna

    try:
        return idna.encode(host, uts46=True, std3_rules=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        pass
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def _ipv6(name: str) -> str | None:
    try:
        return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]" if name.endswith("]") else None
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    """Whether an ASCII host is an IP address in any spelling that resolvers take: no TLD is a number."""
    last = host.rpartition(".")[2]
    return host.startswith("[") or last.isdigit() or bool(re.fullmatch(r"0x[0-9a-f]*", last))


def _without_www(host: str) -> str:
    while host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    return host


def _unescape(part: str) -> str:
    """Escapes in upper case, unreserved ones decoded, non-ASCII encoded as UTF-8; all else as it stands."""
    if "%" in part:
        part = _ESCAPE.sub(_unescaped, part)
    return part if part.isascii() else _NON_ASCII.sub(_encoded, part)


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _encoded(match: re.Match[str]) -> str:
    # lone surrogates, which UTF-8 has no bytes for, as the replacement character
    text = match[0].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8"))


def _resolve(path: str) -> str:
    """The path with `.` and `..` resolved (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _remaining(query: str) -> str:
    """The parameters that tell pages apart, sorted."""
    parameters = (_unescape(parameter) for parameter in query.split("&") if parameter)
    return "&".join(sorted(parameter for parameter in parameters if not _is_tracking(parameter)))


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)
