"""A name in its sentence, as words: who else is named there, in which clauses, and what words of feeling stand there.

The name and the names beside it become placeholders. A list item that says little is read with its list's heading, a
bare heading with what follows it. Words of feeling are those of `inference.sentiment_words`, turned over by denials.
Does not know whom they are said of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from inference.answer import Span
from inference.sentiment_words import KINDS, LONGEST_PHRASE, stem, word_set

#: The placeholders as the embedder reads them.
TARGET, OTHER = "TARGET", "OTHER"
#: The same as tokens, which no word of a text can be.
MINE, THEIRS = "\x00target", "\x00other"
_TOKEN = re.compile(r"\x00\w+|[^\W_]+(?:['\u2019.&-][^\W_]+)*|[#%]|[^\w\s]")
_LINK_TARGET = re.compile(r"\]\((?:[^()\s]|\([^()]*\))*\)|https?://\S+|\[\^?\d+(?:, ?\d+)*\]")
_MARKS = re.compile(r"[*_`#>\[\]|~]+")
_SENTENCE_END = re.compile(r"[.!?]+[\"')\]*_\u201d\u2019]*(?=\s+[^\sa-z])|[。！？]")
_ABBREVIATION = re.compile(r"(?:\b(?:vs|inc|ltd|co|corp|dr|mr|mrs|ms|st|no|rs|e\.g|i\.e|approx)|\b[A-Z])\.$", re.I)
_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\d{1,3}[.)])\s+")
_WORDS = re.compile(r"[^\W_]+")
#: An item with fewer words beside the name is a heading of what follows.
_BARE = 3
_LONGEST_SENTENCE = 600

_BREAKS = word_set(
    """; : . ! ? ( ) \u2014 \u2013 but however although though while whereas yet despite because since as after amid
    unless until if"""
)
#: What begins a phrase about one name, before the comma after which another is told of.
_FRONTED = word_set("unlike compared instead rather contrary contrairement")
_NO_BREAK = word_set("such known same well seen regarded described positioned")
_COORDINATING = word_set(", and & or / + plus the both 's \u2019")
_MONEY = word_set("rs $ \u20ac \u00a3 \u20b9 inr usd eur about")
_PRICED = word_set("worth cost costs")
#: Denials that turn over all that follows in their clause.
_FAR_REACHING = word_set("no none nothing nobody few hardly little don't do wouldn't would used neither nor doubt")
#: Of 5, or of 10 where that is said.
_RATING = re.compile(
    r"(?<!\S)(?:(?P<share>\d\.\d\d?) (?:stars )?(?:out of|/) (?P<of>5|10)|(?P<stars>\d(?:\.\d\d?)?) stars?)"
    r"(?: stars)?(?!\S)"
)
_PRAISE = word_set("recommend praise")
_VALUES = {"up": 1.0, "down": -1.0, "great": 1.0, "good": 0.6, "bad": -0.7, "awful": -1.0}


class Word(NamedTuple):
    """A word of feeling at token `at`, up to `end`: what it says in news and in a verdict."""

    at: int
    end: int
    news: float
    verdict: float

    @property
    def value(self) -> float:
        return self.news if abs(self.news) > abs(self.verdict) else self.verdict


@dataclass(slots=True)
class _Found:
    """A phrase of the lists at a place."""

    at: int
    end: int
    kinds: frozenset[str]


def sentence_span(text: str, start: int, end: int) -> Span:
    """The sentence around [start, end), never beyond its line."""
    left = text.rfind("\n", 0, start) + 1
    right = text.find("\n", end)
    right = len(text) if right < 0 else right
    left, right = max(left, start - _LONGEST_SENTENCE), min(right, end + _LONGEST_SENTENCE)
    for match in _SENTENCE_END.finditer(text, left, right):
        if _ABBREVIATION.search(text, max(left, match.end() - 7), match.end()):
            continue
        if match.end() <= start:
            left = match.end()
        elif match.start() >= end:
            return left, match.end()
    return left, right


def _heading(text: str, line: int) -> Span | None:
    """The line that leads a list in, for the list item that begins at `line`."""
    for _ in range(40):
        if line <= 0:
            return None
        end = line - 1
        line = text.rfind("\n", 0, end) + 1
        above = text[line:end]
        if not above.strip() or _ITEM.match(above) or above.startswith((" ", "\t")):
            continue
        leads = above.rstrip(" *_").endswith(":") or above.startswith("#")
        return (line, end) if leads and len(above) <= _LONGEST_SENTENCE else None
    return None


def _next_sentence(text: str, end: int) -> Span | None:
    """The sentence that follows, on this line or a later one, unless it is a list item."""
    rest = re.compile(r"\s*").match(text, end)
    start = rest.end() if rest else end
    newline = "\n" in text[end:start]
    if start >= len(text) or (newline and (_ITEM.match(text, start) or text[start] == "#")):
        return None
    return sentence_span(text, start, start + 1)


def parts(text: str, start: int, end: int, others: Sequence[Span]) -> list[Span]:
    """The stretches of `text` that tell of the name at [start, end): its sentence, and where it says little, its
    list's heading or what follows."""
    left, right = sentence_span(text, start, end)
    found = [(left, right)]
    line = text.rfind("\n", 0, start) + 1
    beside = len(_WORDS.findall(text[left:start])) + len(_WORDS.findall(text[end:right]))
    if beside < _BARE:
        following = _next_sentence(text, right)
        if following and not any(following[0] < b and a < following[1] for a, b in others):
            found.append(following)
            beside += len(_WORDS.findall(text[slice(*following)]))
    if _ITEM.match(text, line) and beside < 2 * _BARE and (heading := _heading(text, line)):
        found.insert(0, heading)
    return found


@dataclass(slots=True)
class Scene:
    """The words around one name, the name itself and other brands' names put as placeholders."""

    tokens: list[str]
    headline: bool
    #: Written like a sentence, for the embedding.
    masked: str
    words: list[Word] = field(default_factory=list)
    found: list[_Found] = field(default_factory=list)
    clause: list[int] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)
    mine: int = 0


def scene(text: str, start: int, end: int, others: Sequence[Span]) -> Scene:
    """The scene of the name at text[start:end] among the names at `others`."""
    pieces: list[str] = []
    for left, right in parts(text, start, end, others):
        inside = sorted(
            [(a, b, THEIRS) for a, b in others if left <= a and b <= right and (b <= start or a >= end)]
            + ([(start, end, MINE)] if left <= start and end <= right else [])
        )
        at = left
        for a, b, name in inside:
            if a >= at:
                pieces += [text[at:a].replace("\0", " "), f" {name} "]
                at = b
        pieces += [text[at:right].replace("\0", " "), " "]
    plain = " ".join(_MARKS.sub(" ", _LINK_TARGET.sub(" ", "".join(pieces))).split())
    made = Scene(
        tokens=[token.replace("\u2019", "'") for token in _TOKEN.findall(plain.lower())],
        headline=not re.search(r"[.!]\W*$", plain),
        masked=plain.replace(MINE, TARGET).replace(THEIRS, OTHER),
    )
    if MINE not in made.tokens:
        made.tokens.append(MINE)
    _divide(made)
    _look_up(made)
    _weigh(made)
    return made


def clause_text(made: Scene) -> str:
    """The words of the target's own clause, for the embedding."""
    own = made.clause[made.tokens.index(MINE)]
    said = [token for token, clause in zip(made.tokens, made.clause, strict=True) if clause == own]
    return " ".join(said).replace(MINE, TARGET).replace(THEIRS, OTHER)


def _breaks(tokens: Sequence[str], at: int) -> bool:
    """Whether a clause begins or ends here."""
    word, before = tokens[at], tokens[at - 1]
    if word == "as":
        return (
            "as" not in tokens[at + 1 : at + 5] and "as" not in tokens[max(at - 4, 0) : at] and before not in _NO_BREAK
        )
    if word == "but" and before in {"anything", "nothing", "all"}:
        return False
    return word in _BREAKS


def _divide(made: Scene) -> None:
    """Number the clauses, and gather names that are listed together into groups."""
    number, since = 0, 0
    for at in range(len(made.tokens)):
        fronted = made.tokens[at] == "," and made.tokens[since] in _FRONTED
        if at > since and (fronted or _breaks(made.tokens, at)):
            number, since = number + 1, at
        made.clause.append(number)
    last = -9
    for at, token in enumerate(made.tokens):
        if token not in (MINE, THEIRS):
            continue
        between = made.tokens[last + 1 : at]
        together = 0 < len(between) < 4 and all(each in _COORDINATING for each in between)
        # "Unlike one, the other" parts what a comma else joins
        if made.groups and together and not (between[0] == "," and made.clause[last] != made.clause[at]):
            made.groups[-1].append(at)
        else:
            made.groups.append([at])
        if token == MINE:
            made.mine = len(made.groups) - 1
        last = at


def stems(tokens: Sequence[str]) -> list[str]:
    """What the words are looked up by. What something costs or is worth in money is no verdict."""
    made = [token if token[0] == "\x00" else stem(token) for token in tokens]
    for at, word in enumerate(tokens[:-1]):
        if word in _PRICED and (tokens[at + 1] in _MONEY or tokens[at + 1][0].isdigit()):
            made[at] = f"={word}"
    return made


def _look_up(made: Scene) -> None:
    """Find the listed words and phrases, the longest at each place."""
    looked_up = stems(made.tokens)
    at = 0
    while at < len(looked_up):
        for size in range(min(LONGEST_PHRASE, len(looked_up) - at), 0, -1):
            if kinds := KINDS.get(tuple(looked_up[at : at + size])):
                made.found.append(_Found(at, at + size, kinds))
                at += size
                break
        else:
            at += 1


def denied(made: Scene, at: int, reach: int = 4) -> bool:
    """Whether a denial stands shortly before this place in its clause."""
    turned = False
    for item in made.found:
        far = 10 if made.tokens[item.at] in _FAR_REACHING and reach > 3 else reach
        if made.tokens[item.at] == "few" and made.tokens[item.at - 1 : item.at] == ["a"]:
            continue
        if "negator" in item.kinds and "affirm" not in item.kinds and at - far <= item.end - 1 < at:
            between = made.tokens[item.end : at]
            # "neither ... nor" denies once
            if made.tokens[item.at] == "nor" and "neither" in made.tokens[: item.at]:
                continue
            if made.clause[item.at] == made.clause[at] and "," not in between and "only" not in between[:1]:
                turned = not turned
    return turned


def _weigh(made: Scene) -> None:
    """Give every word of feeling its value where it stands."""
    burdens = [item for item in made.found if "burden" in item.kinds]
    for item in made.found:
        near = any(
            other is not item and -3 <= other.at - item.at <= 3 and made.clause[other.at] == made.clause[item.at]
            for other in burdens
        )
        news = sum(_VALUES[kind] for kind in ("up", "down") if kind in item.kinds)
        verdict = sum(_VALUES[kind] for kind in ("great", "good", "bad", "awful") if kind in item.kinds)
        if "affirm" in item.kinds and made.tokens[item.at : item.end] != ["not", "only"]:
            verdict = 0.4
        if verdict < 0 and made.tokens[item.end - 1] in _PRAISE and "enough" in made.tokens[item.end :]:
            made.words.append(Word(item.at, item.end, 0.0, 1.0))  # "can't recommend it enough"
            continue
        if near and "relieve" in item.kinds:
            news, verdict = 1.0, 0.4
        elif near and news > 0 and item.end - item.at == 1:
            news = -1.0
        elif "burden" in item.kinds and _relieved(made, item):
            news, verdict = 0.0, 0.0
        if not news and not verdict:
            continue
        before = made.tokens[item.at - 1] if item.at else ""
        turned = -0.8 if denied(made, item.at) else 1.0
        if before == "less":
            turned = -0.8
        if before == "too":
            news, verdict, turned = 0.0, -0.6, 1.0
        made.words.append(Word(item.at, item.end, news * turned, verdict * turned))
    for rating in _ratings(made):
        rest = [word for word in made.words if not rating.at <= word.at < rating.end]
        made.words = sorted([*rest, rating]) if rating.verdict else rest


def _ratings(made: Scene) -> Iterator[Word]:
    """What "4.8 out of 5", "9.1/10" or "1.5 stars" say; what lies between is no verdict."""
    said = " ".join(made.tokens)
    for match in _RATING.finditer(said):
        share = float(match["share"] or match["stars"]) / float(match["of"] or 5)
        at = said.count(" ", 0, match.start())
        verdict = 0.6 if 0.9 <= share <= 1 else -0.7 if share <= 0.5 else 0.0
        yield Word(at, at + match[0].count(" ") + 1, 0.0, verdict)


def _relieved(made: Scene, burden: _Found) -> bool:
    return any(
        ("relieve" in item.kinds or "up" in item.kinds) and item is not burden and -3 <= item.at - burden.at <= 3
        for item in made.found
    )
