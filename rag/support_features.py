"""What tells whether evidence says all that a claim says, as a row of numbers for each pair.

First by words: how much of the claim's weight stands in the evidence, in one sentence, in neighbouring sentences, in
the same order; which numbers and names are missing; whether one side denies what the other says. Then by meaning: how
near the claim is to the sentences that hold most of it, and each of its words to the nearest word there. Every step is
linear in the evidence, and only a few sentences of it are given to the model. Knows no weights.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag.support_words import CLAIM_WORDS, Kind, Word, denies, opposites, pieces, plain, sweeps, weight, words

if TYPE_CHECKING:
    from inference.embed import Embedder

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

#: Sentences of the evidence given to the model.
SENTENCES = 5
#: Words of another form of one stem: at least so many letters in common, and this share of the longer one.
VARIANT_LETTERS, VARIANT_SHARE, VARIANT = 5, 0.7, 0.8
#: Two words of the claim stand together where no more words than this lie between.
NEAR = 5
#: Cosine of two words in their sentences at which the one may well mean the other, and how sharply that turns.
MEANT, MEANT_SPREAD = 0.5, 0.06
#: Sentences looked at around the one that holds most of the claim.
AROUND = 1

FEATURES = (
    "words", "words in a sentence", "words in two", "words in three", "words in any three", "rare words",
    "missing weight", "longest gap", "pairs", "pairs loose", "pairs reversed", "order",
    "numbers missing", "a number missing", "numbers apart", "names missing", "a name missing", "names apart",
    "denial", "contrary", "sweeping", "claim length", "evidence length",
    "cosine", "cosine of two", "cosine of all", "soft", "soft in a sentence", "soft low", "soft missing", "soft gap",
    "soft weakest clause", "soft names", "unsupported", "unsupported softly",
)  # fmt: skip


@dataclass(slots=True)
class Pair:
    """A claim beside its evidence, read by words; `row` fills up."""

    claim: list[Word]
    #: Where in `claim` the words of weight stand, and their weights, [c].
    said: list[int]
    weights: Floats
    evidence: list[list[Word]]
    #: How well each sentence holds each of the claim's words, [sentences, c].
    held: Floats
    #: Sentences to embed, the best first.
    chosen: list[int]
    row: dict[str, float] = field(default_factory=dict)


def features(pairs: Sequence[tuple[str, str]], embedder: Embedder) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """One row of FEATURES for each (claim, evidence), and which pairs have words of weight on both sides.

    Rows of pairs that have none are zero.
    """
    read = [by_words(claim, evidence) for claim, evidence in pairs]
    rows = np.zeros((len(pairs), len(FEATURES)))
    told = np.array([pair is not None for pair in read], bool)
    full = [pair for pair in read if pair is not None]
    by_meaning(full, embedder)
    rows[told] = np.array([[pair.row[name] for name in FEATURES] for pair in full]).reshape(-1, len(FEATURES))
    return rows, told


def by_words(claim_text: str, evidence_text: str) -> Pair | None:
    """Read a pair and fill in all that words alone tell; None where either side says nothing."""
    claim = words(plain(claim_text))[:CLAIM_WORDS]
    evidence = list(pieces(plain(evidence_text)))
    said = [at for at, word in enumerate(claim) if word.kind is not Kind.FUNCTION]
    if not said:
        # "It is not." says little, but all it says can be looked for
        said = list(range(len(claim)))
    if not said or not evidence:
        return None
    weights = np.array([weight(claim[at]) or 0.1 for at in said])
    held = _held([claim[at] for at in said], evidence)
    pair = Pair(claim, said, weights, evidence, held, [])
    best = _coverage(pair)
    pair.chosen = _choose(pair)
    window = range(max(0, best - AROUND), min(len(evidence), best + AROUND + 1))
    _order(pair, window)
    _numbers_and_names(pair, window)
    _turns(pair, best, window)
    pair.row["claim length"] = math.log1p(len(said))
    pair.row["evidence length"] = math.log1p(sum(map(len, evidence)))
    return pair


def by_meaning(pairs: Sequence[Pair], embedder: Embedder) -> None:
    """Fill in what vectors tell. All sentences of all pairs are embedded together, each different one once."""
    wanted: dict[tuple[str, ...], list[Word]] = {}
    for pair in pairs:
        for sentence in _sentences(pair):
            wanted.setdefault(_key(sentence), sentence)
    embedded = dict(zip(wanted, _embed(list(wanted.values()), embedder), strict=True))
    for pair in pairs:
        claim, *chosen = (embedded[_key(sentence)] for sentence in _sentences(pair))
        _nearness(pair, claim, chosen)


def _sentences(pair: Pair) -> Iterator[list[Word]]:
    yield pair.claim
    for at in pair.chosen:
        yield pair.evidence[at]


def _key(sentence: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.lower for word in sentence)


def _held(said: Sequence[Word], evidence: Sequence[Sequence[Word]]) -> Floats:
    wanted: dict[str, list[int]] = defaultdict(list)
    starts: dict[str, set[str]] = defaultdict(set)
    for at, word in enumerate(said):
        wanted[word.stem].append(at)
        if word.kind is not Kind.NUMBER and len(word.stem) >= VARIANT_LETTERS:
            starts[word.stem[:VARIANT_LETTERS]].add(word.stem)
    held = np.zeros((len(evidence), len(said)))
    for row, sentence in enumerate(evidence):
        for word in sentence:
            if (found := wanted.get(word.stem)) is not None:
                held[row, found] = 1.0
            for other in starts.get(word.stem[:VARIANT_LETTERS], ()):
                if other != word.stem and _variant(other, word.stem):
                    held[row, wanted[other]] = np.maximum(held[row, wanted[other]], VARIANT)
    return held


def _variant(one: str, other: str) -> bool:
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= VARIANT_SHARE * max(len(one), len(other))


def _coverage(pair: Pair) -> int:
    """Fill in how much is held where; returns the sentence that holds most."""
    held, weights, row = pair.held, pair.weights, pair.row
    total = float(weights.sum())
    single = held @ weights / total
    two = np.maximum(held[:-1], held[1:]) if len(held) > 1 else held
    three = np.maximum(two[:-1], held[2:]) if len(held) > 2 else two
    anywhere = held.max(axis=0)
    best = int(single.argmax())
    row["words"] = float(anywhere @ weights) / total
    row["words in a sentence"] = float(single[best])
    row["words in two"] = float((two @ weights).max()) / total
    row["words in three"] = float((three @ weights).max()) / total
    row["words in any three"] = float(_greedy(pair, 3)[1] @ weights) / total
    rare = weights >= np.quantile(weights, 0.6)
    row["rare words"] = float(anywhere[rare] @ weights[rare]) / float(weights[rare].sum())
    missing = (1 - anywhere) * weights
    row["missing weight"] = math.log1p(float(missing.sum()))
    row["longest gap"] = _longest_run(missing, anywhere < 0.5) / total
    return best


def _longest_run(values: Floats, inside: npt.NDArray[np.bool_]) -> float:
    longest = run = 0.0
    for value, held in zip(values.tolist(), inside.tolist(), strict=True):
        run = run + value if held else 0.0
        longest = max(longest, run)
    return longest


def _greedy(pair: Pair, count: int) -> tuple[list[int], Floats]:
    """Up to `count` sentences, each adding most to what those before it hold; and what they hold together, [c]."""
    chosen: list[int] = []
    together = np.zeros(pair.held.shape[1])
    for _ in range(min(count, len(pair.held))):
        gains = (np.maximum(pair.held - together, 0) @ pair.weights) + 1e-3 * (pair.held @ pair.weights)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        together = np.maximum(together, pair.held[chosen[-1]])
    return chosen, together


def _choose(pair: Pair) -> list[int]:
    """Sentences to embed: those that together hold most, then those that alone do."""
    chosen, _ = _greedy(pair, 3)
    alone = np.argsort(-(pair.held @ pair.weights), kind="stable")[: SENTENCES + 3].tolist()
    return list(dict.fromkeys(chosen + alone))[:SENTENCES]


def _order(pair: Pair, window: range) -> None:
    """How far words that stand together in the claim do so in the evidence, and in which order."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    wanted = {pair.claim[at].stem for at in pair.said}
    for number, sentence in enumerate(pair.evidence):
        for at, word in enumerate(sentence):
            if word.stem in wanted:
                places[word.stem].append((number, at))
    ordered = loose = turned = 0
    steps = list(zip(pair.said, pair.said[1:], strict=False))
    for left, right in steps:
        after, before, near = _together(places[pair.claim[left].stem], places[pair.claim[right].stem])
        ordered += after
        loose += near
        turned += before and not after
    count = max(1, len(steps))
    one = 1.0 if not steps and pair.row["words"] >= 1 else 0.0
    pair.row["pairs"] = ordered / count or one
    pair.row["pairs loose"] = loose / count or one
    pair.row["pairs reversed"] = turned / count
    firsts = [
        next((number * PLACES + at for number, at in places[pair.claim[each].stem] if number in window), None)
        for each in pair.said
    ]
    found = [place for place in firsts if place is not None]
    pair.row["order"] = _longest_rise(found) / len(pair.said)


#: Above any place within a sentence.
PLACES = 1000


def _together(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> tuple[bool, bool, bool]:
    """Whether two words stand near each other in the claim's order, in the other, and in one sentence at all."""
    after = before = near = False
    others: dict[int, list[int]] = defaultdict(list)
    for number, at in right:
        others[number].append(at)
    for number, at in left:
        for other in others.get(number, ()):
            near = True
            after = after or 0 < other - at <= NEAR
            before = before or 0 < at - other <= NEAR
        if after and before:
            break
    return after, before, near


def _longest_rise(places: Sequence[int]) -> int:
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)


def _numbers_and_names(pair: Pair, window: range) -> None:
    anywhere = pair.held.max(axis=0)
    nearby = pair.held[window.start : window.stop].max(axis=0)
    for kind, plural, one in ((Kind.NUMBER, "numbers", "a number"), (Kind.NAME, "names", "a name")):
        mine = np.array([pair.claim[at].kind is kind for at in pair.said])
        count = max(1, int(mine.sum()))
        missing = mine & (anywhere == 0)
        pair.row[f"{plural} missing"] = float(missing.sum()) / count
        pair.row[f"{one} missing"] = float(missing.any())
        pair.row[f"{plural} apart"] = float((mine & (anywhere > 0) & (nearby == 0)).sum()) / count


def _turns(pair: Pair, best: int, window: range) -> None:
    """Words denied on one side only, words that say the contrary, and claims about all that only the claim makes."""
    alike = min(1.0, 1.5 * pair.row["words in a sentence"])
    ours = _denied(pair.claim)
    theirs: dict[str, set[bool]] = defaultdict(set)
    for at in window:
        for word, denied in zip(pair.evidence[at], _denied(pair.evidence[at]), strict=True):
            theirs[word.stem].add(denied)
    shared = [(at, mine) for at, mine in zip(pair.said, pair.weights, strict=True) if pair.claim[at].stem in theirs]
    turned = sum(mine for at, mine in shared if ours[at] not in theirs[pair.claim[at].stem])
    pair.row["denial"] = alike * float(turned) / (float(sum(mine for _, mine in shared)) or 1.0)
    near = [word for at in window for word in pair.evidence[at]]
    stems, written = {word.stem for word in near}, {word.lower for word in near}
    contrary = sum(bool(opposites(word) & stems) for word in pair.claim if word.stem not in stems)
    pair.row["contrary"] = alike * min(2, contrary)
    pair.row["sweeping"] = min(2.0, sum(sweeps(word) and word.lower not in written for word in pair.claim))


def _denied(sentence: Sequence[Word]) -> list[bool]:
    """For each word whether a denial stands before it in its clause, a few words away at most."""
    found = []
    left = 0
    turned = False
    for word in sentence:
        left -= 1
        if word.lower in JOINTS or left <= 0:
            turned = False
        found.append(turned)
        if denies(word):
            turned, left = not turned, DENIAL_REACH
    return found


#: Words that a denial reaches.
DENIAL_REACH = 6


@dataclass(frozen=True, slots=True)
class Embedded:
    """A sentence's vector [d], and those of its words of weight [w, d], each a mean over the word's tokens."""

    vector: Floats
    said: Floats
    length: int


def _embed(batch: Sequence[Sequence[Word]], embedder: Embedder) -> list[Embedded]:
    """Vectors of sentences and of their words. Words of a claim too long for the model at once have theirs in part."""
    spelt = list(dict.fromkeys(word.lower for sentence in batch for word in sentence))
    tokens = dict(zip(spelt, embedder.tokenize(spelt), strict=True))
    rows: list[list[int]] = []
    spans: list[list[tuple[int, int]]] = []
    for sentence in batch:
        row: list[int] = []
        span = []
        for word in sentence:
            ids = tokens[word.lower][:WORD_TOKENS]
            if len(row) + len(ids) > embedder.max_tokens:
                break
            span.append((len(row), len(row) + len(ids)))
            row += ids
        said = [each for each, word in zip(span, sentence, strict=False) if word.kind is not Kind.FUNCTION]
        rows.append(row)
        spans.append(said or span)
    found: list[Embedded | None] = [None] * len(rows)
    for at, vector, said_vectors in embedder.encode_tokens(rows, spans):
        found[at] = Embedded(vector, said_vectors.astype(np.float16), len(rows[at]))
    return [each for each in found if each is not None]


#: Tokens of one word given to the model: a run of letters without an end is no word.
WORD_TOKENS = 12


def _nearness(pair: Pair, claim: Embedded, chosen: Sequence[Embedded]) -> None:
    row, weights = pair.row, pair.weights
    matrix = np.array([each.vector for each in chosen])
    single = matrix @ claim.vector
    row["cosine"] = float(single.max())
    lengths = np.array([[each.length] for each in chosen])
    sums = matrix * lengths
    twos = [sums[a] + sums[b] for a in range(len(sums)) for b in range(a + 1, len(sums))] or [sums[0]]
    row["cosine of two"] = max(row["cosine"], *(_cosine(claim.vector, each) for each in twos))
    row["cosine of all"] = _cosine(claim.vector, sums.sum(axis=0))
    near = claim.said.astype(np.float32)
    # [sentences, c]: each word's nearest word in each sentence
    soft = np.zeros((len(chosen), len(weights)))
    for at, each in enumerate(chosen):
        soft[at, : len(near)] = (near @ each.said.astype(np.float32).T).max(axis=1)
    soft = np.clip(soft, 0, 1)
    best = soft.max(axis=0)
    total = float(weights.sum())
    row["soft"] = float(best @ weights) / total
    row["soft in a sentence"] = float((soft @ weights).max()) / total
    lowest = np.sort(best)[: max(1, len(best) // 4)]
    row["soft low"] = float(lowest.mean())
    unmatched = pair.held.max(axis=0) < 0.5
    row["soft missing"] = float(((1 - best) * weights)[unmatched].sum()) / total
    row["soft gap"] = _longest_run((1 - best) * weights, unmatched) / total
    names = [pair.claim[at].kind in (Kind.NAME, Kind.NUMBER) for at in pair.said]
    row["soft names"] = float(best[names].min()) if any(names) else 1.0
    # how many words' worth of the claim stands nowhere: long claims need more than a share
    doubted = 1 / (1 + np.exp((best - MEANT) / MEANT_SPREAD))
    row["unsupported softly"] = math.log1p(float(doubted @ weights))
    row["unsupported"] = math.log1p(float(np.minimum(doubted, 1 - pair.held.max(axis=0)) @ weights))
    row["soft weakest clause"] = min(
        float(best[part] @ weights[part]) / float(weights[part].sum()) for part in _clauses(pair)
    )


def _clauses(pair: Pair, fewest: int = 3) -> list[slice]:
    """The claim's words of weight in runs between commas and conjunctions, each of a few words at least."""
    cuts = [0]
    for at in range(1, len(pair.said)):
        between = pair.claim[pair.said[at - 1] + 1 : pair.said[at]]
        joined = any(word.lower in JOINTS for word in between)
        if joined and at - cuts[-1] >= fewest and len(pair.said) - at >= fewest:
            cuts.append(at)
    return [slice(start, end) for start, end in zip(cuts, [*cuts[1:], len(pair.said)], strict=True)]


JOINTS = frozenset("and or but while which who that because although though as since so whereas with".split())  # noqa: SIM905


def _cosine(one: Floats, other: Floats) -> float:
    size = float(np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0
