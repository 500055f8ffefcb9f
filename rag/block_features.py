"""What can be told of each block of a page by itself, by where it stands, and by what the rest of the page is like.

Most telling is how a block stands to the page's heart: the element that holds most of its running text. Does not know
which blocks are the main text; `rag.main_text` weighs these features.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rag.blocks import BIT, MARKS, Block

Array = npt.NDArray[np.float64]

_TAGS: tuple[str, ...] = (
    *("a", "article", "blockquote", "button", "dd", "div", "dt", "figcaption", "h1", "h2", "h3", "h4", "label", "li"),
    *("p", "pre", "section", "span", "td"),
)
_ABOVE = (1, 2, 3, 4, 6)
_BESIDE = (-2, -1, 1, 2)
_FINAL = frozenset('.!?:…。！？।؟"”')
#: What lines around a text say, in the languages of many pages; written in lower case.
_CUES = {
    "byline": r"^(?:by|von|par|por|di|door|av|af|przez|автор:?|text:|words by|written by|reviewed by|edited by)"
    r"(?:\s+\S+){1,6}$",
    "more to read": r"\b(?:read (?:more|also|next)|also read|see also|related|more (?:from|on)|you may also|recommended"
    r"|lire aussi|à lire|voir aussi|mehr zum thema|lesen sie auch|weiterlesen|zum artikel|leer más|lea también"
    r"|te puede interesar|leia (?:também|mais)|veja também|leggi anche|lees (?:ook|meer)|czytaj (?:też|także|więcej)"
    r"|читайте также|читать далее)\b|関連|続きを読む|相关阅读|延伸閱讀|더보기|관련기사",
    "share": r"\b(?:share|tweet|follow us|whatsapp|facebook|twitter|instagram|linkedin|pinterest|e-?mail this|print"
    r"|partager|teilen|compartir|compartilh\w+|condivid\w+|delen|udostępnij|поделиться)\b|シェア|分享|공유",
    "sign up": r"\b(?:subscrib\w+|newsletters?|sign (?:up|in)|log ?in|register|inscri\w+|abonn\w+|anmelden|registrieren"
    r"|suscr\w+|assin\w+|iscriv\w+|подпис\w+|zaloguj)\b|登録|订阅|訂閱|구독",
    "credit": r"\b(?:photos?|image|picture|photograph|getty|reuters|ap photo|afp|credits?|courtesy|illustration|foto"
    r"|bild|crédit|shutterstock|file photo|quelle|fotograf\w*)\b\s*(?::|/|by\b|$)"
    r"|\b(?:getty images|ap photo|shutterstock|unsplash|afp via)\b|©",
    "dated": r"\b(?:updated?|published|posted|last modified|publié|mis à jour|veröffentlicht|aktualisiert|publicado"
    r"|actualizado|atualizado|pubblicato|aggiornato|gepubliceerd|опубликован\w*|обновлен\w*)\b.{0,12}\d"
    r"|\b\d{1,2}[:.h]\d\d\b|\b(?:19|20)\d\d\b.{0,14}$",
    "counted": r"\b\d+\s*min(?:ute)?s? read|\b\d+ (?:comments?|replies|shares|views|likes)\b|\bago$|^comments?\b"
    r"|\b(?:comments?|commentaires?|comentarios?|kommentare?)$",
    "tags": r"\b(?:tags?|topics?|filed under|categor\w+|keywords|schlagw\w+|mots[- ]clés|etiquetas|temas)\b\s*:",
    "about the author": r"\b(?:is an?|has been|was|ist|est|es) [\w\s,’'-]{0,40}\b(?:writer|editor|journalist|reporter"
    r"|author|contributor|correspondent|columnist|attorney|founder|blogger|redakteur\w*|journaliste|periodista)\b",
    "notice": r"\b(?:cookies?|privacy|terms of|all rights|copyright|disclaimer|advertisement|anzeige|publicité"
    r"|publicidad|sponsored|affiliate|commission)\b",
    "goes on": r"(?:\.\.\.|…|\[…\]|»|›|>|→)$",
    "call": r"^(?:click|download|get|try|start|shop|buy|contact|call|learn|view|see|find|discover|explore|book|join"
    r"|check)\b",
}
_CUE_PATTERNS = [re.compile(pattern) for pattern in _CUES.values()]
#: Of a block, so much is looked at for cues; in one of more words they mean less.
_CUE_CHARACTERS, _CUE_WORDS = 300, 60
#: Elements with a larger share of the page's words are frames: what they are called says nothing of a single block.
_FRAME = 0.8
#: Running text in list items, and in what is marked as beside the point, makes less of a heart.
_BESIDE_THE_POINT = sum(
    BIT[name]
    for name in (
        *("aside", "dialog", "footer", "form", "nav", "unseen", "is advert", "is comment", "is cookie", "is footer"),
        *("is form", "is nav", "is popup", "is related", "is review", "is side"),
    )
)
_FAR = 8
_DEEP = 6
FEATURES = (
    *(f"inside {mark}" for mark in MARKS),
    *(f"itself {mark}" for mark in MARKS),
    *(f"part {mark}" for mark in MARKS),
    *(f"tag {tag}" for tag in _TAGS),
    *("words", "linked", "sentences", "commas", "final mark", "below 3 words", "above 10 words", "above 25 words"),
    *("digits", "capitals", "rights reserved", "bar", "dollar", "share before", "position", "after h1", "before h1"),
    *("is h1", "repeated", "alike", "depth"),
    *(f"{what} {level} up" for level in _ABOVE for what in ("words", "linked", "sentences", "share", "blocks")),
    *(f"{what} at {step:+}" for step in _BESIDE for what in ("words", "linked", "sentences", "sibling")),
    *(f"cue {cue}" for cue in _CUES),
    *("in heart", "just in heart", "before heart", "after heart", "amid heart", "amid, not in heart"),
    *("blocks before heart", "blocks after heart", "deep in heart", "steps to heart", "heart share"),
    *(f"{what} by share" for what in ("in heart", "before heart", "after heart", "steps to heart")),
    *("page words", "page linked", "page sentences"),
)


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
    parts = [_part(block, words, _FRAME * total) for block in found]
    to_heart = _to_heart(found, parts)
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
        marks = [_unpacked(bits) for bits in (block.inside, block.itself, parts[index])]
        rows[index] = np.concatenate([*marks, row, _cues(block), to_heart[index], page])
    return rows


def _part(block: Block, words: Counter[int], most: float) -> int:
    """The marks of the elements around a block that hold fewer than `most` words."""
    bits = 0
    for element, marks in zip(block.chain, block.around, strict=True):
        if words[element] < most:
            bits |= marks
    return bits


def _cues(block: Block) -> list[float]:
    text = block.text[:_CUE_CHARACTERS].lower()
    said = 1.0 if block.words <= _CUE_WORDS else 0.3
    return [said if pattern.search(text) else 0.0 for pattern in _CUE_PATTERNS]


def _to_heart(found: Sequence[Block], parts: Sequence[int]) -> Array:
    """How each block stands to the page's heart, [blocks, 15]: zeros where the page has no running text.

    The heart is the element with the most running text in its children; grandchildren count half, its own a quarter.
    """
    running = np.array([_running(block, bits) for block, bits in zip(found, parts, strict=True)])
    within, directly = defaultdict[int, float](float), defaultdict[int, float](float)
    for block, amount in zip(found, running.tolist(), strict=True):
        for element in block.chain:
            within[element] += amount
        for element, share in zip(reversed(block.chain), (0.25, 1, 0.5), strict=False):
            directly[element] += share * amount
    heart, most = max(directly.items(), key=lambda item: item[1], default=(0, 0.0))
    if not most:
        return np.zeros((len(found), 15))
    share = within[heart] / running.sum()
    chain = next(block.chain[: block.chain.index(heart) + 1] for block in found if heart in block.chain)
    inside = [heart in block.chain for block in found]
    prose = np.flatnonzero(inside & (running > 0))
    first, last = int(prose[0]), int(prose[-1])
    rows = np.empty((len(found), 15))
    for index, block in enumerate(found):
        around = set(block.chain)
        steps = next((steps for steps, element in enumerate(reversed(chain)) if element in around), _FAR)
        before, after, held = index < first, index > last, inside[index]
        amid = not (before or after)
        rows[index] = [
            *(held, heart in block.chain[-2:], before, after, amid, amid and not held),
            *(math.log1p(max(0, first - index)), math.log1p(max(0, index - last))),
            min(len(block.chain) - block.chain.index(heart) - 1, _DEEP) if held else _DEEP,
            min(steps, _FAR),
            share,
            *(share * held, share * before, share * after, share * min(steps, _FAR)),
        ]
    return rows


def _running(block: Block, bits: int) -> float:
    """How many words of running text a block adds to the elements around it."""
    if block.words <= 10 or not block.sentences:
        return 0.0
    amount = max(block.words - block.linked, 0)
    return amount * (0.3 if bits & _BESIDE_THE_POINT else 1) * (0.5 if bits & BIT["li"] else 1)
