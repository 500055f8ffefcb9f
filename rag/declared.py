"""What a page says of itself for machines: linked data (JSON-LD) and OpenGraph.

Only a few short texts are kept, each cleaned and cut, whatever the page holds. Does not judge whether they are true.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: What is looked at and kept at most, so that no page can fill a table.
MAX_NODES = 500
MAX_TYPES = 20
MAX_LENGTH = 500

_FACTS = ("headline", "datePublished", "dateModified")
# these hold other nodes that stand for the page itself; a list of related articles does not
_WRAPPERS = ("@graph", "mainEntity", "mainEntityOfPage")
_ARTICLES = re.compile(r"(?:Article|BlogPosting|Report|Review)$")
_OTHERS = frozenset(
    (
        "CollectionPage",
        "DiscussionForumPosting",
        "FAQPage",
        "ItemList",
        "Product",
        "ProductGroup",
        "QAPage",
        "TechArticle",
    )
)
_UNKEEPABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
_ADDRESS = re.compile(r"https?://|www\.", re.I)


def nodes(scripts: Sequence[str]) -> list[dict[str, Any]]:
    """The nodes of a page's linked data in order, at most MAX_NODES; scripts that are no JSON are passed over."""
    found: list[dict[str, Any]] = []
    for script in scripts:
        try:
            waiting: list[Any] = [json.loads(script, strict=False)]
        except (ValueError, RecursionError):
            continue
        while waiting and len(found) < MAX_NODES:
            node = waiting.pop(0)
            if isinstance(node, list):
                waiting = node[:MAX_NODES] + waiting
            elif isinstance(node, dict):
                found.append(node)
                waiting = [node[name] for name in _WRAPPERS if name in node] + waiting
    return found


def structured(found: Sequence[Mapping[str, Any]], metas: Mapping[str, str]) -> dict[str, Any]:
    """`types`, `headline`, `author`, `datePublished`, `dateModified` and `openGraph`; only what the page tells."""
    told: dict[str, Any] = {}
    if types := list(dict.fromkeys(kind for node in found for kind in _texts(node.get("@type"))))[:MAX_TYPES]:
        told["types"] = types
    for name in _FACTS:
        if value := next((text for node in found for text in _texts(node.get(name))), None):
            told[name] = value
    if author := _author_of(found):
        told["author"] = author
    graph = {name[3:]: kept(value) for name, value in metas.items() if name.startswith("og:") and name.count(":") == 1}
    if graph := {name: value for name, value in graph.items() if value and len(name) <= 40}:
        told["openGraph"] = dict(list(graph.items())[:MAX_TYPES])
    return told


def is_article(found: Sequence[Mapping[str, Any]], metas: Mapping[str, str]) -> bool:
    """Whether a page says that it is an article, and nothing else that has its own ways, as a shop's page has."""
    kinds = {kind for node in found for kind in _texts(node.get("@type"))}
    told = metas.get("og:type", "").lower() == "article" or any(map(_ARTICLES.search, kinds))
    return told and not kinds & _OTHERS


def author(found: Sequence[Mapping[str, Any]], metas: Mapping[str, str]) -> str | None:
    """Who wrote the page: names, several joined by commas. An address is no name."""
    told = (metas.get(name) for name in ("author", "article:author", "parsely-author", "dc.creator", "citation_author"))
    names = (kept(value) for value in (_author_of(found), *told) if value)
    return next((name for name in names if name and not _ADDRESS.match(name)), None)


def article_body(found: Sequence[Mapping[str, Any]]) -> str | None:
    """The body of an article as its linked data has it."""
    bodies = (node.get("articleBody") for node in found)
    return next((body for body in bodies if isinstance(body, str) and body.strip()), None)


def kept(text: str) -> str:
    """A text on one line, as long as is kept of it, of characters that every store takes."""
    return _SPACE.sub(" ", _UNKEEPABLE.sub(" ", text[: 4 * MAX_LENGTH])).strip()[:MAX_LENGTH]


def _author_of(found: Sequence[Mapping[str, Any]]) -> str | None:
    for node in found:
        names = list(dict.fromkeys(name for name in _names(node.get("author")) if not _ADDRESS.match(name)))
        if names:
            return ", ".join(names)[:MAX_LENGTH]
    return None


def _names(told: Any) -> Iterator[str]:
    for one in (told if isinstance(told, list) else [told])[:MAX_TYPES]:
        yield from _texts(one.get("name") if isinstance(one, dict) else one)


def _texts(told: Any) -> Iterator[str]:
    for one in (told if isinstance(told, list) else [told])[:MAX_TYPES]:
        if isinstance(one, str) and (text := kept(one)):
            yield text
