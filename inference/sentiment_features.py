"""What the words around a name tell of the feeling towards it: the numbers that `inference.sentiment` weighs.

Words of feeling are given to the name they are said of: by clause, by side of a verb of comparison, as its subject or
its object. Does not know the model that embeds sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inference.sentiment_scene import MINE, THEIRS, Scene, Word, denied, scene, stems
from inference.sentiment_words import (
    LONGEST_PHRASE,
    MERE_QUANTITY,
    OBJECT_VERBS,
    RELATIONS,
    comparative,
    stem,
    word_set,
)

Floats = npt.NDArray[np.float32]

_PREPOSITIONS = ("by", "from", "of", "to", "at", "in", "on", "with", "for", "against", "vs", "over", "than", "like")
_BE = word_set("is are was were be been being get gets got gotten isn't aren't wasn't weren't")
_NOBODY = word_set("no none nothing nobody few hardly little struggle")
#: What may stand before a "use" that asks the reader to.
_BIDS = word_set(", ; : - and or then please should would i'd rather instead to just")
_SAYS = word_set(
    """says say said sees expects warns tells adds believes thinks asks suggests recommends advises reports rates found
    finds reviewed tested estimates claims confirms explains compared ranked asked"""
)
_MONEY = word_set("$ € £ ¥ ₹ dollar dollars euro euros pound pounds franc francs usd eur gbp cents")
_STOPS = frozenset(";.!?")
_LOSES = word_set("lose loses lost losing cede cedes")
#: Before the "not" of "one, not the other".
_MARKED_OFF = frozenset({",", MINE, THEIRS})
_PRICES = word_set("cost costs charge charges pay pays priced price")
_PREPOSITIONAL = frozenset((stem(word),) for word in ("over", "above", "below", "behind", "replaces", "top", "tops"))
_MOVES = frozenset(map(stem, word_set("switch move migrate leave ditch drop swap abandon dump trade")))
_PREFERS = frozenset(map(stem, word_set("prefer favour choose pick take recommend")))
_LESSER = word_set("although though despite while whereas")


class _Reader:
    """Works out the features of one scene."""

    def __init__(self, made: Scene) -> None:
        self.made = made
        self.tokens = made.tokens
        self.at = made.tokens.index(MINE)
        self.stems = stems(made.tokens)

    @cached_property
    def names(self) -> list[tuple[int, int]]:
        """(token, group) of each name."""
        return [(at, number) for number, group in enumerate(self.made.groups) for at in group]

    def before(self, at: int, reach: int = 99) -> int | None:
        """The group of the nearest name to the left."""
        return next((group for place, group in reversed(self.names) if at - reach <= place < at), None)

    def after(self, at: int, reach: int = 99) -> int | None:
        """The group of the nearest name to the right."""
        return next((group for place, group in self.names if at <= place < at + reach), None)

    def owner(self, word: Word) -> int:
        """The group that a word is said of: whom it is done to, the clause's subject, else who was named before."""
        if word.at in self.done_to:
            return self.done_to[word.at][0]
        clause = self.made.clause[word.at]
        inside = [(at, group) for at, group in self.names if self.made.clause[at] == clause]
        left = [group for at, group in inside if at < word.at]
        if left:
            return left[-1]
        if inside:
            return inside[0][1]
        earlier = self.before(word.at)
        return earlier if earlier is not None else self.names[0][1]

    def is_main(self, word: Word) -> bool:
        """Whether a word is in the clause that counts: after a "but", or not granted by an "although"."""
        turns = [at for at, token in enumerate(self.tokens) if token in {"but", "yet", "however"}]
        if turns:
            return word.at > turns[-1]
        start = next((at for at in range(word.at, -1, -1) if self.tokens[at] in _LESSER), None)
        return start is None or "," in self.tokens[start : word.at]

    def heads(self, word: Word) -> bool:
        """Whether a word stands before a colon that the target's list follows, with no name before it."""
        colon = next((at for at in range(word.at, self.at) if self.tokens[at] == ":"), None)
        return colon is not None and self.names[0][0] > colon

    def nearest(self, word: Word) -> int:
        """The group fewest words away, other clauses counting as farther."""

        def distance(place: int) -> float:
            low, high = sorted((place, word.at))
            steps = self.made.clause[high] - self.made.clause[low]
            return high - low + 5 * steps + 2 * self.tokens[low:high].count(",")

        return min(self.names, key=lambda item: distance(item[0]))[1]

    def compared(self) -> tuple[float, float]:
        """(for, against): what comparisons with other names say of the target."""
        told = [0.0, 0.0]

        def tell(group: int | None, value: float) -> None:
            if group == self.made.mine and value:
                told[value < 0] += abs(value)

        for at, end, sign in self._relations():
            left, right = self.before(at, 16), self.after(end, 8)
            if left is None and any(token in _NOBODY for token in self.tokens[max(at - 8, 0) : at]):
                tell(right, sign)
                continue
            if left is not None and left == right:
                continue
            strength = -0.6 if denied(self.made, at) else 1.0
            tell(left, sign * strength)
            tell(right, -sign * strength)
        for group, value in self.left_for():
            tell(group, value)
        against = self.set_against()
        tell(self.made.mine, against)
        return told[0], told[1]

    def _relations(self) -> list[tuple[int, int, float]]:
        """(start, end, sign) of every comparison; sign 1 puts the name before it above the one after."""
        found: list[tuple[int, int, float]] = []
        at = 0
        while at < len(self.stems):
            for size in range(min(LONGEST_PHRASE, len(self.stems) - at), 0, -1):
                phrase = tuple(self.stems[at : at + size])
                sign = RELATIONS.get(phrase)
                close = 3 if phrase in _PREPOSITIONAL else 8
                if sign and self.after(at + size, close) is not None:
                    found.append((at, at + size, sign))
                    at += size
                    break
            else:
                at += 1
        for at, word in enumerate(self.tokens):
            if word == "than" and self.after(at, 6) is not None and (than := self._than(at)):
                found.append((than[0], at + 1, than[1]))
            if (
                word == "as"
                and "as" in self.tokens[at + 2 : at + 4]
                and (denied(self.made, at, 3) or self._of_nobody(at))
            ):
                found.append((at, at + 3, 1.0))
            if word in _LOSES and (given := self._given_to(at)):
                found.append((at, given, -1.0))
            if word == "not" and at and self.tokens[at - 1] in _MARKED_OFF and self.after(at, 2) is not None:
                found.append((at, at + 1, 1.0))
            if word in {"make", "makes", "made"} and {"look", "seem", "feel"} & set(self.tokens[at + 2 : at + 6]):
                found.append((at, at + 1, 1.0))
        return found

    def _given_to(self, at: int) -> int | None:
        """Where the name begins that what is lost here goes to: "loses a fifth of its users to NAME"."""
        places = (to + 1 for to in range(at + 2, min(at + 7, len(self.tokens))) if self.tokens[to] == "to")
        return next((place for place in places if self.after(place, 2) is not None), None)

    def _of_nobody(self, at: int) -> bool:
        """Whether "no other", "hardly any" or "few" of them are what this compares, and no name."""
        return self.before(at) is None and not _NOBODY.isdisjoint(self.tokens[max(at - 8, 0) : at])

    def left_for(self) -> Iterator[tuple[int, float]]:
        """(group, value) of the names in "from one to another" and "leaves one for another"."""
        for at, each in enumerate(self.stems):
            if each in _MOVES and (old := self.after(at, 6)) is not None:
                place = self.made.groups[old][-1]
                if {"to", "for"} & set(self.tokens[place + 1 : place + 4]):
                    new = self.after(place + 1, 7)
                    yield old, -1.0
                    if new is not None:
                        yield new, 1.0
            if each == "instead" and self.tokens[at + 1 : at + 2] != ["of"] and (new := self.before(at, 3)) is not None:
                yield new, 1.0
            if each in _PREFERS and not denied(self.made, at) and (best := self.after(at, 5)) is not None:
                place = self.made.groups[best][-1]
                rest = self.after(place + 1, 4)
                if rest is not None and {"to", "over"} & set(self.tokens[place + 1 : place + 3]):
                    yield best, 1.0
                    yield rest, -1.0

    def set_against(self) -> float:
        """What is said after "compared with TARGET" or "unlike TARGET", turned over."""
        place = self.made.groups[self.made.mine][0]
        named = next((at + 1 for at in range(place - 1, max(place - 4, -1), -1) if self.tokens[at][0] == "\x00"), 0)
        lead = self.tokens[max(place - 3, named) : place]
        if "unlike" not in lead and not {"compared", "next", "relative", "beside"} & set(lead):
            return 0.0
        return -float(np.tanh(sum(word.value for word in self.made.words if word.at > place)))

    def _than(self, at: int) -> tuple[int, float] | None:
        """(place, sign) of the comparative that this "than" belongs to."""
        for place in range(at - 1, max(at - 8, -1), -1):
            if sign := comparative(self.tokens[place]):
                often = self.tokens[place + 1] in {"often", "frequently"}
                if often and (done := [word.value for word in self.made.words if word.at < place]):
                    return place, float(np.sign(done[-1])) * sign
                if self.tokens[place] in MERE_QUANTITY and self._priced(place):
                    return place, -float(sign)
                value = next((word.value for word in self.made.words if place < word.at < at), 0.0)
                if self.tokens[place] in MERE_QUANTITY and value:
                    # the words after "less" are turned over already, so that "less reliable" is bad as it stands
                    return place, float(np.sign(value))
                return place, float(sign)
        return None

    def _priced(self, at: int) -> bool:
        """Whether the "less" or "more" here is one of money."""
        near = self.tokens[max(at - 14, 0) : at]
        return not _MONEY.isdisjoint(near) or not _PRICES.isdisjoint(near)

    @cached_property
    def done_to(self) -> dict[int, tuple[int, int | None, int]]:
        """Token of a verb that judges or strikes -> (whom, who does it, 1 or -1)."""
        found: dict[int, tuple[int, int | None, int]] = {}
        for at in range(len(self.stems)):
            for size in range(min(4, len(self.stems) - at), 0, -1):
                sign = OBJECT_VERBS.get(tuple(self.stems[at : at + size]))
                end = at + size
                if not sign or (size == 1 and self._merely_told(at)):
                    continue
                passive = any(token in _BE for token in self.tokens[max(at - 3, 0) : at])
                right, left = self.after(end, 6), self.before(at, 8)
                if right is not None and not _STOPS.isdisjoint(self.tokens[end : self.made.groups[right][0]]):
                    right = None
                if right is not None and (passive or "by" in self.tokens[end : end + 4]) and left is not None:
                    right, left = left, right
                elif right is None and (passive or end == len(self.stems)):
                    right, left = left, None
                if right is not None:
                    turned = denied(self.made, at) != (self.stems[at - 1 : at] == ["regret"])
                    found[at] = right, left, -sign if turned else sign
                break
        return found

    def _merely_told(self, at: int) -> bool:
        """Whether a verb of choice here is no choice: "12 % use it", "choose between these"."""
        if self.tokens[at] == "use":
            return at > 0 and self.tokens[at - 1] not in _BIDS
        return "between" in self.tokens[at + 1 : at + 2]

    def objects(self) -> tuple[float, float, float]:
        """(for, against, agent): what verbs done to the target say, and whether it does such a verb to another."""
        pro = contra = agent = 0.0
        for whom, who, value in self.done_to.values():
            if whom == self.made.mine:
                pro, contra = pro + (value > 0), contra + (value < 0)
            elif who == self.made.mine:
                agent = 1.0
        return pro, contra, agent


def _halves(name: str, values: Sequence[float]) -> list[tuple[str, float]]:
    """What speaks for and what against, each bounded."""
    pro = sum(value for value in values if value > 0)
    contra = -sum(value for value in values if value < 0)
    return [(f"{name} for", min(pro, 2.0)), (f"{name} against", min(contra, 2.0))]


def _told(reader: _Reader) -> dict[str, float]:
    """Features by name."""
    made, at, mine = reader.made, reader.at, reader.made.mine
    own = made.clause[at]
    named: list[tuple[str, float]] = []
    for family in ("news", "verdict", "value"):
        says = [(word, float(getattr(word, family))) for word in made.words]
        named += _halves(f"{family} as subject", [value for word, value in says if reader.owner(word) == mine])
        named += _halves(f"{family} nearest", [value for word, value in says if reader.nearest(word) == mine])
        named += _halves(f"{family} in clause", [value for word, value in says if made.clause[word.at] == own])
        named += _halves(f"{family} in all", [value for _, value in says])
    named += _halves(
        "in the main clause", [w.value for w in made.words if reader.owner(w) == mine and reader.is_main(w)]
    )
    named += _halves("in the heading", [w.value for w in made.words if reader.heads(w)])
    near = [(word.at - at, word.value) for word in made.words]
    named += [
        ("first to the left", next((value for gap, value in reversed(near) if -7 < gap < 0), 0.0)),
        ("first to the right", next((value for gap, value in near if 0 < gap < 9), 0.0)),
        ("faded", float(np.tanh(sum(value * 0.85 ** abs(gap) for gap, value in near)))),
    ]
    last = next((word.value for word in reversed(made.words)), 0.0)
    first = next((word.value for word in made.words), 0.0)
    pro, contra = reader.compared()
    done_for, done_against, agent = reader.objects()
    both = [value for word in made.words if reader.owner(word) == mine for value in (word.value,)]
    balance = float(np.tanh(sum(both) + 1.5 * (pro - contra) + 1.2 * (done_for - done_against)))
    named += [
        ("last word", last),
        ("first word", first),
        ("compared for", min(pro, 2.0)),
        ("compared against", min(contra, 2.0)),
        ("object for", min(done_for, 2.0)),
        ("object against", min(done_against, 2.0)),
        ("agent", agent),
        ("balance", balance),
        ("balance, clearly", balance * (abs(balance) > 0.5)),
    ]
    return dict(named + _standing(reader))


def _standing(reader: _Reader) -> list[tuple[str, float]]:
    """Where the name stands and what kind of sentence it stands in."""
    made, at, tokens = reader.made, reader.at, reader.tokens
    own = made.clause[at]
    before = next((token for token in reversed(tokens[max(at - 2, 0) : at]) if token not in {"the", "a"}), "")
    after = tokens[at + 1] if at + 1 < len(tokens) else ""
    others = len(reader.names) - 1
    kinds = {kind for item in made.found if made.clause[item.at] == own for kind in item.kinds}
    colons = [place for place, word in enumerate(tokens) if word == ":"]
    source = bool(colons) and at > colons[-1] and colons[-1] > 2 and len(tokens) - colons[-1] < 12
    clause = [token for token, number in zip(tokens, made.clause, strict=True) if number == own]
    figures = sum(token[0].isdigit() for token in clause)
    contrasts = [item.at for item in made.found if "contrast" in item.kinds]
    named = [
        ("source after colon", source and made.headline),
        ("before colon", after == ":"),
        ("first", at == 0),
        ("last", at >= len(tokens) - 2),
        ("says", after in _SAYS or before in _SAYS),
        ("others", others > 0),
        ("many others", others > 2),
        ("second name", others > 0 and made.mine > 0),
        ("listed together", len(made.groups[made.mine]) > 1),
        ("question", "?" in tokens),
        ("percent", bool({"%", "pc", "cent", "percent"} & set(tokens))),
        ("headline", made.headline),
        ("money", not _MONEY.isdisjoint(clause)),
        ("figures", min(figures, 3) / 3),
        ("percent in clause", not {"%", "percent"}.isdisjoint(clause)),
        ("hedged", "hedge" in kinds),
        ("merely told", "merely" in kinds),
        ("denied", "negator" in kinds),
        ("not only", "affirm" in kinds),
        ("before but", any(place > at for place in contrasts)),
        ("after but", any(place < at for place in contrasts)),
        ("unlike", before == "unlike"),
        ("possessive", after == "'s" or after == "'"),
        ("nothing felt", not made.words),
        ("nothing felt in clause", not any(made.clause[word.at] == own for word in made.words)),
    ]
    named += [(f"after {word}", before == word) for word in _PREPOSITIONS]
    return [(name, float(value)) for name, value in named]


def features(made: Scene) -> Floats:
    """[len(FEATURES)] numbers of one scene; in a headline each counts a second time, for headlines have a style."""
    told = np.fromiter(_told(_Reader(made)).values(), np.float32)
    return np.concatenate([told, told * made.headline])


_TOLD = tuple(_told(_Reader(scene("TARGET", 0, 6, ()))))
#: What each number of `features` is.
FEATURES = (*_TOLD, *(f"headline: {name}" for name in _TOLD))
