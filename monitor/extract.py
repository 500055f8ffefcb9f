"""Which brands an answer names, and where: a pure function of the text, the brands and these rules.

The text is folded (accents, Unicode forms, apostrophes, dashes) and cut into words once; the brands' names are a tree
of such words, so hundreds cost no more than one. What a brand's rules ask of the words around a name is looked at only
where it was found. Spans are code points of the text as given. Does not know citations, and has no opinion on whether a
mention is kind.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from inference.links import read_markup
from inference.pages import is_public_host
from monitor.absence import Absence
from monitor.folding import UNSPACED_RUN, fold
from monitor.nearby import Phrases, Rules, Sentences
from monitor.ordinary import is_of_compound, is_ordinary, stands_as_word
from monitor.spellings import (
    CAMEL,
    WORD,
    Reading,
    endings_of,
    joined,
    letters,
    parted,
    parts,
    readings,
    spellings,
    stemmed,
)

#: Raise it with every change that can change a result: stored readings carry it.
RULE_VERSION = "6"


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as a brand set freezes it.

    Its names count where one of `needs`, if there are any, stands in the same sentence or the one before or after, and
    none of `excludes` in the same sentence; under `exact_case` only as they are written. Its host names always count.
    """

    id: int
    name: str
    aliases: Sequence[str] = ()
    domains: Sequence[str] = ()
    kind: str = "competitor"
    needs: Sequence[str] = ()
    excludes: Sequence[str] = ()
    exact_case: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a brand is named: `text` is answer[start:end]; `rank` is 1 + other brands first named earlier."""

    brand_id: int
    start: int
    end: int
    text: str
    rank: int


_HOST = re.compile(
    r"(?<![\w@./'-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+(?![\w@-])"
    r"(?P<path>/[^\s<>)\]]+|:\d+[^\s<>)\]]*|[?#]\w[^\s<>)\]]*)?",
    re.I,
)
_DOTTED = re.compile(r"[^\W_]\.[^\W\d_]")
#: An address, or a run of letters that begins none: each run is read once.
_MAYBE_EMAIL = re.compile(r"[\w.+-]++(?P<domain>@[\w-]+(?:\.[\w-]+)+)?")
_MARKUP = re.compile(r"[`<\[~]|://|^(?: {4}|\t)", re.M)
#: What mostly stands between the words of a name, and what else may, however it is set: more blanks, a line break,
#: signs of emphasis, an escaped hyphen.
_USUAL = frozenset({"", " ", "-"})
_BETWEEN = re.compile(r"[*_]{0,3} {1,3}[*_]{0,3}|\\-| {0,3}\n {0,3}(?:> ?)?|\^")
#: And what may where the name itself has it: between initials, around one.
_SIGNED = re.compile(r" ?([.,*\"'-]{1,2}) ?")
_SIGNS = frozenset('.,*"')
_ABBREVIATED = frozenset({"dr", "jr", "mr", "mrs", "ms", "sr", "st"})
_SMALL = frozenset({"amp", "and", "of", "the", "for", "s"})
_CURRENCIES = frozenset("$\u20ac\u00a3\u00a5\u20b9")
_PARTICLES = frozenset(
    {"at", "by", "do", "go", "in", "it", "me", "my", "of", "off", "on", "out", "pro", "to", "up", "we"}
)
_LETTERS = re.compile(r"[^\W\d_]+")
#: What a single letter is part of, before it and after it.
_LETTER_OF = re.compile(
    r"(?:\w-|\b(?:generation|gen|model|series|malcolm|os|iphone|project|vitamin|hepatitis|class|plan|section|appendix|chapter|figure"
    r"|table|part|grade|variable|point|planet) )$",
    re.I,
)
_JOINED_LETTER = re.compile(r"-[^\W\d_]| (?:ax[ie]s|chromosomes?|factor|rays?|coordinates?)\b")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Name:
    """One spelling of a brand that the tree of words ends in."""

    brand_id: int
    capitals: bool
    upper: bool
    #: A sign that it begins with, and one that it ends in: ".NET", "Yahoo!", "C#".
    first: str
    last: str
    #: Those of its signs that may also be left out.
    signs: frozenset[str]
    #: Its letters where only these, in this case, will do.
    exact: str | None


@dataclass(slots=True)
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    names: list[_Name] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Longest:
    """A name that was found: where it ends, whose it is."""

    end: int
    owners: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True)
class _Found:
    brand_id: int
    start: int
    end: int
    is_host: bool = False


class Matcher:
    """Finds the mentions of a fixed set of brands; what two of them are called is the first one's."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._root = _Node()
        self._unspaced: dict[str, list[tuple[int, str | None]]] = {}
        self._domains: dict[str, list[int]] = {}
        self._places: dict[int, int] = {}
        self._rules: dict[int, Rules] = {}
        self._traces: dict[int, list[tuple[str, ...]]] = {}
        self._umlauted: set[int] = set()
        for place, brand in enumerate(brands):
            self._places.setdefault(brand.id, place)
            if any("\u00fc" in name.lower() for name in (brand.name, *brand.aliases)):
                self._umlauted.add(brand.id)
            for name in (brand.name, *brand.aliases):
                for spelling in spellings(fold(name).text):
                    self._learn(brand, spelling)
            for domain in brand.domains:
                self._domains.setdefault(_bare(domain), []).append(brand.id)
                self._trace(brand, [_bare(domain)])
            if rules := Rules(brand.needs, brand.excludes):
                self._rules[brand.id] = rules
        longest_first = sorted(self._unspaced, key=len, reverse=True)
        patterns = (" ?".join(map(re.escape, name)) for name in longest_first)
        self._unspaced_names = re.compile("|".join(patterns), re.I) if longest_first else None

    def mentions(self, text: str) -> list[Mention]:
        """All mentions in order of place; offsets in code points of `text`."""
        told = self._told(text)
        ranks: dict[int, int] = {}
        for brand_id in told.values():
            ranks.setdefault(brand_id, len(ranks) + 1)
        return [
            Mention(brand_id, start, end, text[start:end], ranks[brand_id]) for (start, end), brand_id in told.items()
        ]

    def places(self, text: str, brand_id: int) -> list[tuple[int, int]]:
        """Where `mentions` has this brand, but sooner: texts without a trace of it are not read, others not judged.

        A trace is the parts of one name: a text that has not all of them, apart as they may stand, does not hold it.
        """
        plain = fold(text).text.casefold().replace("'", "")
        if not any(all(part in plain for part in trace) for trace in self._traces.get(brand_id, ())):
            return []
        return [span for span, told in self._told(text, only=brand_id).items() if told == brand_id]

    def _told(self, text: str, only: int | None = None) -> dict[tuple[int, int], int]:
        """Whose name stands where, in order of place; with `only` at the places of this brand alone."""
        folded = fold(text)
        found = self._found(folded.text, endings_of(text))
        if only is not None:
            its = {(item.start, item.end) for item in found if item.brand_id == only}
            found = [item for item in found if (item.start, item.end) in its]
        if not found:
            return {}
        hidden = read_markup(text).hidden if _MARKUP.search(text) else ()
        sentences = Sentences(folded.text)
        around = _Around(Sentences(folded.without(hidden)) if hidden and self._rules else sentences, self._rules)
        denied = _Denied(sentences)
        told: dict[tuple[int, int], int] = {}
        for item in sorted(found, key=lambda item: (item.start, -item.end, self._places[item.brand_id])):
            span = folded.span(item.start, item.end)
            # German "über" is no Uber
            if text[slice(*span)].lower() == "\u00fcber" and item.brand_id not in self._umlauted:
                continue
            if _overlaps(hidden, *span) or denied.all_of(item) or not around.allows(item):
                continue
            told.setdefault(span, item.brand_id)
        return told

    def _found(self, text: str, endings: frozenset[str]) -> list[_Found]:
        """Names and own host names in a folded text; a name inside a host name or an address is no mention of it."""
        named = list(self._named(text, endings))
        if not _DOTTED.search(text):
            return named
        own: list[_Found] = []
        closed: list[tuple[int, int]] = []
        if "@" in text:
            closed += [match.span() for match in _MAYBE_EMAIL.finditer(text) if match["domain"]]
        for match in _HOST.finditer(text):
            host, path = match[0].lower(), match["path"]
            owners = [] if path else self._owners(host)
            own += [_Found(brand_id, *match.span(), is_host=True) for brand_id in owners]
            if owners or path or (match[0].rpartition(".")[2].islower() and is_public_host(host)):
                closed.append(match.span())
        if not closed:
            return named
        closed.sort()
        return own + [item for item in named if not _inside(closed, item.start, item.end)]

    def _owners(self, host: str) -> list[int]:
        labels = host.split(".")
        names = (".".join(labels[cut:]) for cut in range(len(labels) - 1))
        return next((self._domains[name] for name in names if name in self._domains), [])

    def _trace(self, brand: Brand, words: Iterable[str]) -> None:
        trace = tuple(word.casefold().replace("'", "") for word in words if word != "and")
        self._traces.setdefault(brand.id, []).append(trace)

    def _learn(self, brand: Brand, name: str) -> None:
        exact = letters(name) if brand.exact_case else None
        if UNSPACED_RUN.search(name):
            compact = _SPACES.sub("", name).lower()
            self._unspaced.setdefault(compact, []).append((brand.id, exact))
            self._trace(brand, compact)
            return
        words = parts(name)
        self._trace(brand, words)
        coined = bool(CAMEL.search(name))
        variants = list(joined(words))
        for stem in stemmed(words):
            self._trace(brand, stem)
            variants += joined(stem)
        if exact is None and len(words) == 1 and not coined:
            for halves in parted(words[0]):
                self._trace(brand, halves)
                variants.append(halves)
        for variant in variants:
            node = self._root
            for word in variant:
                node = node.following.setdefault(word, _Node())
            known = _Name(
                brand.id,
                # every word an ordinary one: only capitals tell it from prose ("linked in", but hardly "hub spot")
                capitals=len(variant) > len(words)
                or (
                    not name.startswith(".")
                    and all(word in _SMALL or is_ordinary(word) or word in _PARTICLES for word in variant)
                    and not (coined and _PARTICLES.isdisjoint(variant))
                ),
                upper=name.isalnum() and name.isupper() and len(name) <= 3,
                first="." if name.startswith(".") else "",
                last=name[-1] if name[-1] in "!?.#" else "",
                signs=_SIGNS.intersection(name) | _looser(name, words),
                exact=exact,
            )
            if known not in node.names:
                node.names.append(known)

    def _named(self, text: str, endings: frozenset[str]) -> Iterator[_Found]:
        """Places where names stand, the longest at each."""
        if self._unspaced_names:
            for match in self._unspaced_names.finditer(text):
                if not _runs_on(text, *match.span()):
                    for brand_id, exact in self._unspaced[_SPACES.sub("", match[0]).lower()]:
                        if exact is None or letters(match[0]) == exact:
                            yield _Found(brand_id, *match.span())
        known, until = self._root.following, 0
        for match in WORD.finditer(text):
            written = match[0]
            key = written.lower()
            bare = key in known or "'" in key or key[0] == "&" or "\u0590" <= key[0] < "\u0700"
            if (bare or (key != written and (endings or key[-1] == "s"))) and match.start() >= until:
                for reading in readings(match, endings):
                    if reading.key in known and (longest := self._longest(text, reading, endings)):
                        until = longest.end
                        for brand_id in longest.owners:
                            yield _Found(brand_id, longest.start, longest.end)
                        break

    def _longest(self, text: str, first: Reading, endings: frozenset[str]) -> _Longest | None:
        """The longest name that begins with this word."""
        node, end, signs = self._root.following[first.key], first.end, frozenset[str]()
        best: _Longest | None = None
        while True:
            names = [name for name in node.names if _fits(name, text, first.start, end, signs)]
            if names:
                # "Yahoo!" is a name to its last stroke
                stroke = text[end : end + 1] != "" and any(name.last == text[end] for name in names)
                start = first.start - any(name.first for name in names)
                best = _Longest(end + stroke, tuple(dict.fromkeys(name.brand_id for name in names)), start)
            word = WORD.search(text, end) if node.following else None
            if word is None:
                return best
            gap = text[end : word.start()]
            if gap not in _USUAL and not _BETWEEN.fullmatch(gap):
                signed = _SIGNED.fullmatch(gap)
                if signed is None:
                    return best
                signs |= set(signed[1].replace("'", '"'))
            near = (each for each in readings(word, endings) if each.start == word.start())
            reading = next((each for each in near if each.key in node.following), None)
            if reading is None:
                return best
            node, end = node.following[reading.key], reading.end


class _Around:
    """The rules of brands, each asked once about a sentence."""

    def __init__(self, sentences: Sentences, rules: dict[int, Rules]) -> None:
        self._sentences, self._rules = sentences, rules
        self._known: dict[tuple[int, int, int], bool] = {}

    def allows(self, item: _Found) -> bool:
        rules = self._rules.get(item.brand_id)
        if rules is None or item.is_host:
            return True
        left, right = self._sentences.around(item.start, item.end)
        key = (item.brand_id, left, right)
        if key not in self._known:
            self._known[key] = rules.allow(self._sentences, left, right)
        return self._known[key]


class _Denied:
    """Sentences that only say that nothing was found, each read once."""

    def __init__(self, sentences: Sentences) -> None:
        self._sentences = sentences
        self._known: dict[tuple[int, int], Absence] = {}

    def all_of(self, item: _Found) -> bool:
        """Whether the sentence around a name only says that nothing was found about it."""
        left, right = self._sentences.around(item.start, item.end)
        absence = self._known.get((left, right))
        if absence is None:
            absence = self._known[left, right] = Absence(self._sentences.text[left:right])
        return absence.is_all_of(item.start - left, item.end - left)


def name_keys(name: str) -> frozenset[str]:
    """What a name is to the matcher, however it is written: names that share a key are found at the same places."""
    return frozenset(filter(None, map(_joined_key, spellings(fold(name).text))))


def always_near(phrase: str, name: str) -> bool:
    """Whether a word of a rule stands in the name itself, however short that is written."""
    phrases = Phrases([phrase])
    return all(phrases.stand_in(spelling) for spelling in spellings(fold(name).text))


def _looser(name: str, words: Iterable[str]) -> set[str]:
    """Signs that may stand in a name that has them as blanks or not at all: "A - B" as "A – B", "Dr A" as "Dr. A"."""
    return ({"."} if _ABBREVIATED.intersection(words) else set()) | ({"-"} if " - " in name else set())


def _joined_key(spelling: str) -> str:
    if UNSPACED_RUN.search(spelling):
        return _SPACES.sub("", spelling).lower()
    return "".join(parts(spelling))


def _fits(name: _Name, text: str, start: int, end: int, signs: frozenset[str]) -> bool:
    """Whether what stands there may be this name, by its case and what it touches."""
    if not signs <= name.signs:
        return False
    if name.first and (text[start - 1 : start] != name.first or text[start - 2 : start - 1].isalnum()):
        return False
    if name.last == "#" and text[end : end + 1] != "#":
        return False
    # one letter of "X-ray", "T-shirt" and "Generation X"
    if end - start == 1 and (_JOINED_LETTER.match(text, end) or _LETTER_OF.search(text, max(start - 20, 0), start)):
        return False
    # an amount such as $3M
    if text[start].isdigit() and text[start - 1 : start] in _CURRENCIES:
        return False
    # part of an identifier such as acme_api
    if text[start - 1 : start] == "_" and text[start - 2 : start - 1].isalnum():
        return False
    if text[end : end + 1] == "_" and text[end + 1 : end + 2].isalnum():
        return False
    written = text[start:end]
    if name.exact is not None:
        if letters(written) not in (name.exact, name.exact + "s"):
            return False
    elif name.upper:
        return written.isupper() or (written[-1] == "s" and written[:-1].isupper())
    elif name.capitals and not _is_capitalised(written):
        return False
    if not name.capitals or name.upper or written[0].islower():
        return not is_of_compound(text, start, end)
    return not stands_as_word(text, start, end)


def _is_capitalised(written: str) -> bool:
    return all(word[0].isupper() for word in _LETTERS.findall(written) if word.lower() not in _SMALL)


def _runs_on(text: str, start: int, end: int) -> bool:
    """Whether a name in a script without spaces is cut out of a longer word: katakana, Hangul before it, letters."""
    before, first, last, after = text[start - 1 : start], text[start], text[end - 1], text[end : end + 1]
    if before and any(kind(before) and kind(first) for kind in (_is_katakana, _is_hangul, _is_latin)):
        return True
    return bool(after) and any(kind(after) and kind(last) for kind in (_is_katakana, _is_latin))


def _is_katakana(character: str) -> bool:
    return "\u30a1" <= character <= "\u30fa" or character == "\u30fc"


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7af"


def _is_latin(character: str) -> bool:
    return character.isalnum() and not UNSPACED_RUN.match(character)


def _overlaps(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether any of these spans, distinct and in order, touches the place."""
    index = bisect_left(spans, (end, 0))
    return index > 0 and spans[index - 1][1] > start


def _inside(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether the place lies within one of these spans, in order, and is not the whole of it."""
    index = bisect_right(spans, (start, len(spans) and spans[-1][1]))
    return index > 0 and spans[index - 1] != (start, end) and end <= spans[index - 1][1]


def _bare(domain: str) -> str:
    """A domain as people type it into a form."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", domain.strip().lower()).partition("/")[0]
