"""An HTML page as a list of text blocks, each with what can be seen of it and how likely it is part of the main text.

A block is a run of text that nothing but inline markup interrupts: a paragraph, a heading, a list item, a table cell.
Whether it belongs to the main text is judged by a logistic regression over the block, what it stands in and what stands
beside it, with weights that `bench/train_extraction.py` learns. Does not know what the text says.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from lxml import etree

from rag.block_weights import BIAS, WEIGHTS

Array = npt.NDArray[np.float64]

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
_BIT = {name: 1 << index for index, name in enumerate(MARKS)}
_WORD_BITS = [
    (_BIT[name], re.compile(rf"(?:^|[-_ :0-9/])(?:{words})(?=$|[-_ :0-9/])", re.I)) for name, words in _WORDS.items()
]
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？]")
_FINAL = frozenset('.!?:…。！？"”')

_TAGS: tuple[str, ...] = (
    *("a", "article", "blockquote", "button", "dd", "div", "dt", "figcaption", "h1", "h2", "h3", "h4", "label", "li"),
    *("p", "pre", "section", "span", "td"),
)
_ABOVE = (1, 2, 3, 4, 6)
_BESIDE = (-2, -1, 1, 2)
FEATURES = (
    *(f"inside {mark}" for mark in MARKS),
    *(f"itself {mark}" for mark in MARKS),
    *(f"tag {tag}" for tag in _TAGS),
    *("words", "linked", "sentences", "commas", "final mark", "below 3 words", "above 10 words", "above 25 words"),
    *("digits", "capitals", "rights reserved", "bar", "dollar", "share before", "position", "after h1", "before h1"),
    *("is h1", "repeated", "alike", "depth"),
    *(f"{what} {level} up" for level in _ABOVE for what in ("words", "linked", "sentences", "share", "blocks")),
    *(f"{what} at {step:+}" for step in _BESIDE for what in ("words", "linked", "sentences", "sibling")),
    *("page words", "page linked", "page sentences"),
)


@dataclass(slots=True)
class Block:
    """A run of text. `inside` and `itself` are bit sets of MARKS; `chain` numbers the elements around it."""

    text: str
    tag: str
    inside: int
    itself: int
    chain: tuple[int, ...]
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
    row: int | None


def blocks(body: Any) -> list[Block]:
    """The text blocks of an element, in order. Walks without recursion: depth is no limit."""
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
            found.append(Block(text, at.element.tag, at.inside, at.itself, at.chain, looks, at.row, linked))
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
                count += 1
                around = opened[-1] if opened else None
                chain = (*around.chain[-11:], count) if around else (count,)
                row = count if tag == "tr" else around.row if around else None
                opened.append(_Open(element, count, marks[-1], own, chain, row))
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
    return found


def _marks_of(element: Any) -> int:
    """The marks of one element as bits."""
    marks = _BIT.get(element.tag, 0) if element.tag in _TAG_MARKS else 0
    attributes = element.attrib
    if attributes:
        marks |= _BIT.get(_ROLES.get(attributes.get("role", ""), ""), 0)
        if (
            "hidden" in attributes
            or attributes.get("aria-hidden") == "true"
            or ("style" in attributes and _UNSEEN.search(attributes["style"]))
        ):
            marks |= _BIT["unseen"]
        for name in ("class", "id"):
            if value := attributes.get(name):
                marks |= _meaning(value[:200])
    return marks


@lru_cache(maxsize=50_000)
def _meaning(names: str) -> int:
    """What the words of a class or id attribute tend to mean, as bits."""
    spaced = _CAMEL.sub("-", names)
    return sum(bit for bit, words in _WORD_BITS if words.search(spaced))


@lru_cache(maxsize=20_000)
def _unpacked(bits: int) -> Array:
    return np.array([bits >> index & 1 for index in range(len(MARKS))], np.float64)


def features(found: Sequence[Block]) -> Array:
    """What the regression sees, [blocks, FEATURES]."""
    total = sum(block.words for block in found) or 1
    words, linked, sentences, members = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for block in found:
        for element in block.chain:
            words[element] += block.words
            linked[element] += block.linked
            sentences[element] += block.sentences if block.words > 6 else 0
            members[element] += 1
    repeats = Counter(block.text for block in found)
    alike = Counter(block.looks for block in found)
    first_heading = next((index for index, block in enumerate(found) if block.tag == "h1"), None)
    page = [
        math.log1p(total),
        sum(block.linked for block in found) / total,
        math.log1p(sum(block.sentences for block in found)),
    ]
    rows = np.empty((len(found), len(FEATURES)))
    before = 0
    for index, block in enumerate(found):
        text, size = block.text, len(block.text)
        after = None if first_heading is None else index - first_heading
        row = [
            *(float(block.tag == tag) for tag in _TAGS),
            math.log1p(block.words),
            block.linked / max(block.words, 1),
            min(block.sentences, 5),
            min(text.count(","), 5) / 5,
            text[-1] in _FINAL,
            block.words < 3,
            block.words > 10,
            block.words > 25,
            sum(map(str.isdigit, text)) / size,
            sum(map(str.isupper, text)) / size,
            "©" in text or "ll rights reserved" in text,
            "|" in text,
            "$" in text,
            before / total,
            index / len(found),
            (after or 0) / len(found),
            after is not None and after < 0,
            after == 0,
            math.log1p(repeats[text] - 1),
            math.log1p(alike[block.looks]),
            len(block.chain),
        ]
        before += block.words
        for level in _ABOVE:
            element = block.chain[-min(level, len(block.chain))]
            row += [
                math.log1p(words[element]),
                linked[element] / max(words[element], 1),
                math.log1p(sentences[element]),
                words[element] / total,
                math.log1p(members[element]),
            ]
        for step in _BESIDE:
            other = found[index + step] if 0 <= index + step < len(found) else None
            if other is None:
                row += [0, 0, 0, 0]
            else:
                sibling = other.chain[-2:-1] == block.chain[-2:-1]
                row += [math.log1p(other.words), other.linked / max(other.words, 1), min(other.sentences, 3), sibling]
        rows[index] = np.concatenate([_unpacked(block.inside), _unpacked(block.itself), row, page])
    return rows


@lru_cache(maxsize=1)
def _model() -> tuple[Array, Array, Array]:
    """Mean, spread and weight of each feature, [FEATURES] each."""
    mean, spread, weight = np.array([WEIGHTS[name] for name in FEATURES]).T
    return mean, spread, weight


def log_odds(found: Sequence[Block]) -> Array:
    """How much speaks for each block being main text, [blocks]: the regression, smoothed over the neighbours."""
    if not found:
        return np.empty(0)
    mean, spread, weight = _model()
    return smoothed(standardised(features(found), mean, spread) @ weight + BIAS)


def standardised(rows: Array, mean: Array, spread: Array) -> Array:
    """Features in spreads from their mean, none further than five: one odd value must not overrule the rest."""
    scaled: Array = np.clip((rows - mean) / spread, -5, 5)
    return scaled


def smoothed(odds: Array) -> Array:
    """Each block's odds with its neighbours', for main text comes in stretches; sharpened, for smoothing flattens."""
    window = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    mass = np.convolve(np.ones(len(odds)), window)[4:-4]
    mixed: Array = 1.5 * np.convolve(odds, window)[4:-4] / mass
    return mixed


def main_blocks(odds: Array, words: Array) -> npt.NDArray[np.bool_]:
    """Which blocks to keep: the likeliest ones, as many as give the best expected F1 over words, [blocks]."""
    if not len(odds):
        return np.empty(0, np.bool_)
    likely = 1 / (1 + np.exp(-odds))
    order = np.argsort(-likely, kind="stable")
    right = np.cumsum((likely * words)[order])
    taken = np.cumsum(words[order])
    best = int(np.argmax(2 * right / (taken + right[-1] + 1e-9)))
    keep: npt.NDArray[np.bool_] = likely >= likely[order[best]]
    return keep
