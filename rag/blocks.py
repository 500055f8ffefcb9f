"""An HTML page as a list of text blocks, each with what can be seen of it and of the elements it stands in.

A block is a run of text that nothing but inline markup interrupts: a paragraph, a heading, a list item, a table cell.
Does not know which blocks are the main text, nor what the text says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

#: So many elements around a block are told apart.
NEAREST = 12
#: Of a page so many blocks are read; those that people read have hundreds or thousands, and each is worth memory.
MOST_BLOCKS = 30_000
#: Elements whose text nobody reads.
SKIPPED = frozenset(
    """
    script style template svg iframe object embed canvas head audio video select textarea datalist link meta
    """.split()  # noqa: SIM905
)
#: Elements that end the line they stand in.
BREAKING = frozenset(
    """
    address article aside blockquote body br button caption center dd details div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hr label li main nav noscript ol p pre section summary table tbody td th thead
    title tr ul
    """.split()  # noqa: SIM905
)
_TAG_MARKS = frozenset(
    """
    a article aside blockquote button dialog details dl figure footer form h1 h2 h3 header label li main nav ol p pre
    section table td ul
    """.split()  # noqa: SIM905
)
_ROLES = {
    "alert": "dialog",
    "alertdialog": "dialog",
    "article": "article",
    "banner": "header",
    "button": "button",
    "complementary": "aside",
    "contentinfo": "footer",
    "dialog": "dialog",
    "listitem": "li",
    "main": "main",
    "menu": "nav",
    "menubar": "nav",
    "navigation": "nav",
    "search": "search",
    "tablist": "tabs",
    "tabpanel": "panel",
    "toolbar": "nav",
}
#: Words that authors use in classes and ids, by what they tend to mean.
_WORDS = {
    "is advert": r"ads?|advert\w*|promo\w*|adslot|dfp|offers?",
    "is cart": r"cart|minicart|basket|checkout|bag|wishlist|favou?rites?|compare",
    "is code": r"code|highlight|example|sample",
    "is comment": r"comments?|discussion|responses?|disqus|answers?|posts?|messages?|thread|topic",
    "is content": r"content|article|entry|story|body|text|prose|markdown|rich|rte|wysiwyg|copy",
    "is cookie": r"cookies?|consent|gdpr|onetrust|privacy|banner|notice|alert|announcement",
    "is description": r"desc\w*|details?|summary|overview|specs?|specification\w*|features?|about|information|excerpt"
    r"|intro\w*|info|faqs?|accordion|questions?",
    "is documentation": r"docs?|wiki|reference|api|method|param\w*|signature",
    "is filter": r"filters?|facets?|sort\w*|refine\w*|swatch\w*|options?|variants?|selector|quantity|qty",
    "is footer": r"footer|foot|colophon|bottom",
    "is form": r"newsletter|subscribe|subscription|signup|login|signin|register|account|cta|form|input|field",
    "is hero": r"hero|jumbotron|carousel|slider|slick|swiper|gallery|caption|figure|credit|image|img|media|photo",
    "is hidden": r"skip|only|hidden|offscreen|assistive|visually|hide|invisible|none|collapsed?|clip",
    "is legal": r"copyright|legal|disclaimer|terms|disclosure|policy",
    "is main": r"main|primary",
    "is meta": r"meta|byline|author|date|time|posted|published|timestamp|updated|avatar|user\w*|profile|bio|badge"
    r"|likes?|votes?|score|reply|replies|sig",
    "is nav": r"nav\w*|menus?|submenu|megamenu|breadcrumbs?|crumbs?",
    "is pager": r"pagination|pager|paginator|pages?",
    "is popup": r"popup|modal|overlay|lightbox|drawer|offcanvas|flyout|dropdown|tooltip|toast|dialog|popover",
    "is product": r"products?|items?|cards?|tiles?|listing|list|results?|grid|price\w*",
    "is related": r"related|recommend\w*|similar|also|trending|popular|more|suggest\w*|upsell|cross|sponsor\w*|outbrain"
    r"|taboola|latest|recent\w*|next|prev|previous",
    "is review": r"reviews?|ratings?|testimonials?",
    "is search": r"search\w*|autocomplete|typeahead",
    "is share": r"share|sharing|social|follow|sharethis|addthis",
    "is side": r"sidebar|side|aside|rail|secondary|sidenav|toc|widget\w*",
    "is tag": r"tags?|labels?|categor(?:y|ies)|taxonomy|topics?",
    "is title": r"title|heading|headline|subtitle",
    "is tool": r"toolbar|topbar|header|masthead|top|head|logo|brand|utility|actions?|controls?|buttons?|btn",
}
MARKS = (*sorted(_TAG_MARKS), "search", "tabs", "panel", "unseen", *sorted(_WORDS))
BIT = {name: 1 << index for index, name in enumerate(MARKS)}
_WORD_BITS = [
    (BIT[name], re.compile(rf"(?:^|[-_ :0-9/])(?:{words})(?=$|[-_ :0-9/])")) for name, words in _WORDS.items()
]
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)

_SPACE = re.compile(r"\s+")
#: A word, or two characters of a script that puts no spaces between words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{1,2}|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？।؟]")


@dataclass(slots=True)
class Block:
    """A run of text. `inside` and `itself` are bit sets of MARKS, of all elements around it and of the nearest one.

    `chain` numbers the nearest elements around it, outermost first; `around` are the marks of each.
    """

    text: str
    tag: str
    inside: int
    itself: int
    chain: tuple[int, ...]
    around: tuple[int, ...]
    looks: str
    row: int | None
    linked: int
    words: int = field(init=False)
    sentences: int = field(init=False)

    def __post_init__(self) -> None:
        self.words = len(_WORD.findall(self.text))
        self.sentences = len(_SENTENCE_END.findall(self.text))


@dataclass(slots=True)
class _Open:
    """A breaking element that is being walked."""

    element: Any
    number: int
    inside: int
    itself: int
    chain: tuple[int, ...]
    around: tuple[int, ...]
    row: int | None


def blocks(body: Any) -> list[Block]:
    """The first MOST_BLOCKS text blocks of an element, in order. Walks without recursion: depth is no limit."""
    found: list[Block] = []
    pieces: list[str] = []
    linked = links = skipping = count = 0
    marks = [0]
    opened: list[_Open] = []

    def take(text: str | None) -> None:
        nonlocal linked
        if text:
            pieces.append(text)
            if links:
                linked += len(_WORD.findall(text))

    def close_block() -> None:
        nonlocal linked
        if pieces and opened and (text := _SPACE.sub(" ", "".join(pieces)).strip()):
            at = opened[-1]
            looks = "/".join([*(o.element.tag for o in opened[-3:]), at.element.get("class") or ""])
            found.append(Block(text, at.element.tag, at.inside, at.itself, at.chain, at.around, looks, at.row, linked))
        pieces.clear()
        linked = 0

    for event, element in etree.iterwalk(body, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if skipping or tag in SKIPPED:
                skipping += 1
                continue
            own = _marks_of(element)
            marks.append(marks[-1] | own)
            if tag in BREAKING:
                close_block()
                if len(found) >= MOST_BLOCKS:
                    break
                count += 1
                above = opened[-1] if opened else None
                chain = (*above.chain[1 - NEAREST :], count) if above else (count,)
                around = (*above.around[1 - NEAREST :], own) if above else (own,)
                row = count if tag == "tr" else above.row if above else None
                opened.append(_Open(element, count, marks[-1], own, chain, around, row))
            elif tag == "a":
                links += 1
            take(element.text)
            continue
        if skipping:
            skipping -= 1
            if skipping:
                continue
        else:
            if tag in BREAKING:
                close_block()
                opened.pop()
            elif tag == "a":
                links -= 1
            marks.pop()
        if element is not body:
            take(element.tail)
    return found[:MOST_BLOCKS]


def _marks_of(element: Any) -> int:
    """The marks of one element as bits."""
    marks = BIT.get(element.tag, 0) if element.tag in _TAG_MARKS else 0
    attributes = element.attrib
    if attributes:
        marks |= BIT.get(_ROLES.get(attributes.get("role", ""), ""), 0)
        if (
            "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or ("style" in attributes and _UNSEEN.search(attributes["style"]))
        ):
            marks |= BIT["unseen"]
        for name in ("class", "id"):
            if value := attributes.get(name):
                marks |= _meaning(value[:200])
    return marks


@lru_cache(maxsize=50_000)
def _meaning(names: str) -> int:
    """What the words of a class or id attribute tend to mean, as bits."""
    spaced = _CAMEL.sub("-", names).lower()
    return sum(bit for bit, words in _WORD_BITS if words.search(spaced))
