"""Whether evidence that speaks of a claim's very words says the contrary: denials, opposites, names changed round.

Reads word by word and takes no sentence apart by grammar, so each sign is told only where claim and evidence are alike
enough for it to mean something. Knows nothing of vectors or scores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.support_words import Kind, Word, denies, opposites

Floats = npt.NDArray[np.floating[Any]]

#: Sentences looked at for opposites around the one that holds most of the claim.
AROUND = 1
#: Words that a denial reaches, unless one of these comes first.
DENIAL_REACH = 6
JOINTS = frozenset("and but while which who that because although though as since so whereas with".split())  # noqa: SIM905
#: What follows a word of denial where nothing is denied: "not only", "not to be outdone".
_NO_DENIAL = frozenset({("only",), ("just",), ("merely",), ("simply",), ("solely",), ("doubt",), ("to", "be")})
#: One sentence says the same as the claim, word by word, from the first of these shares of its weight on, surely from
#: the second.
ALIKE, SAME = 0.7, 0.95
_ARTICLES = frozenset("a an the its their his her".split())  # noqa: SIM905
#: Before the second of two names: it does what is done, or is compared. After other prepositions it may stand anywhere.
_BEFORE_OBJECT = frozenset({"by", "than"})


def turns(claim: Sequence[Word], weights: Floats, evidence: Sequence[Sequence[Word]], held: Floats) -> dict[str, float]:
    """The signs by name, each in [0, 1], "contrary" in [0, 2].

    `weights` [c] are those of the claim's words of weight, and `held` [sentences, c] is how well each sentence of the
    evidence holds them.
    """
    alone = held @ weights
    best = int(alone.argmax())
    share = float(alone[best]) / float(weights.sum())
    alike, same = min(1.0, 1.5 * share), min(1.0, max(0.0, (share - ALIKE) / (SAME - ALIKE)))
    near = [word for sentence in evidence[max(0, best - AROUND) : best + AROUND + 1] for word in sentence]
    row = {"contrary": alike * min(2, _contraries(claim, near))}
    if not same:
        return row | {"plainly contrary": 0.0, "denied": 0.0, "changed round": 0.0}
    return row | {
        "plainly contrary": same * min(1, _contraries(claim, evidence[best])),
        "denied": same * is_denied(claim, evidence[best]),
        "changed round": same * is_changed_round(claim, evidence[best]),
    }


def _contraries(claim: Sequence[Word], sentence: Sequence[Word]) -> int:
    """Words of the claim whose opposites are there, and they are not."""
    stems = {word.stem for word in sentence}
    return sum(bool(opposites(word) & stems) for word in claim if word.stem not in stems)


def is_denied(claim: Sequence[Word], sentence: Sequence[Word]) -> bool:
    """Whether what one of the two denies, the other says without a denial."""
    ours, theirs = _denials(claim), _denials(sentence)
    return _denies(ours, theirs, least=1) or _denies(theirs, ours, least=2)


@dataclass(frozen=True, slots=True)
class _Denials:
    """Of a sentence: for each stem whether it stands under a denial, outside of one, or both; and the stems of the
    words of weight that each denial reaches. `any` also where a denial denies nothing."""

    states: dict[str, set[bool]]
    reaches: list[list[str]]
    any: bool


def _denials(sentence: Sequence[Word]) -> _Denials:
    read = list(zip(sentence, _denied(sentence), strict=True))
    states = defaultdict[str, set[bool]](set)
    for word, denied in read:
        states[word.stem].add(denied)
    runs = groupby(read, key=lambda each: each[1])
    reaches = [[word.stem for word, _ in run if word.kind is not Kind.FUNCTION] for denied, run in runs if denied]
    return _Denials(states, reaches, any(map(denies, sentence)))


def _denies(one: _Denials, other: _Denials, least: int) -> bool:
    """Whether all that a denial of `one` reaches of `other`, `least` words or more, is not denied there.

    With `least` one, also what is nowhere in `other` where that denies nothing: "is not important", "is essential".
    """
    for reach in one.reaches:
        stems = [stem for stem in reach if one.states[stem] == {True}]
        shared = [other.states[stem] for stem in stems if stem in other.states]
        if shared:
            if len(shared) >= least and not any(True in states for states in shared):
                return True
        elif stems and least == 1 and not other.any:
            return True
    return False


def _denied(sentence: Sequence[Word]) -> list[bool]:
    """For each word whether a denial stands before it in its clause, a few words away at most."""
    found = []
    left, turned = 0, False
    for at, word in enumerate(sentence):
        left -= 1
        if word.lower in JOINTS or left <= 0:
            turned = False
        found.append(turned)
        if denies(word) and not _is_idle(sentence[at + 1 : at + 3]):
            left, turned = DENIAL_REACH, not turned
    return found


def _is_idle(after: Sequence[Word]) -> bool:
    """Whether a denial before these words denies nothing: "not only", "No. 3"."""
    told = tuple(word.lower for word in after)
    return told[:1] in _NO_DENIAL or told in _NO_DENIAL or any(word.kind is Kind.NUMBER for word in after[:1])


def is_changed_round(claim: Sequence[Word], sentence: Sequence[Word]) -> bool:
    """Whether two names of the claim do to each other in `sentence` what they do in the claim, the other way round.

    "Acme bought Globex" beside "Globex bought Acme", or beside "Acme was bought by Globex".
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(sentence):
        places[word.stem].append(at)
    for first, second in _neighbours(claim):
        one, other = places[claim[first].stem], places[claim[second].stem]
        if len(one) == len(other) == 1 and one != other:
            ours, theirs = (claim, first, second), (sentence, min(one[0], other[0]), max(one[0], other[0]))
            doing = {word.stem for word in _between(*ours)} & {word.stem for word in _between(*theirs)}
            if doing and _is_object(*ours) and _is_object(*theirs):
                return (one > other) is (_is_passive(*ours) == _is_passive(*theirs))
    return False


def _neighbours(sentence: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Two names, one after the other, by the last word of the first and the last of the second."""
    ends = [
        at
        for at, word in enumerate(sentence)
        if (word.kind is Kind.NAME or (at == 0 and word.kind is Kind.PLAIN))
        and not (at + 1 < len(sentence) and sentence[at + 1].kind is Kind.NAME)
    ]
    yield from zip(ends, ends[1:], strict=False)


def _between(sentence: Sequence[Word], first: int, second: int) -> list[Word]:
    return [word for word in sentence[first + 1 : second] if word.kind is Kind.PLAIN]


def _is_object(sentence: Sequence[Word], first: int, second: int) -> bool:
    start = second - 1
    while start > first and (sentence[start].kind is Kind.NAME or sentence[start].lower in _ARTICLES):
        start -= 1
    before = sentence[start]
    return before.kind is not Kind.FUNCTION or before.lower in _BEFORE_OBJECT


def _is_passive(sentence: Sequence[Word], first: int, second: int) -> bool:
    return any(word.lower == "by" for word in sentence[first + 1 : second])
