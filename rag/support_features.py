"""What tells whether evidence says all that a claim says, as a row of numbers for each pair.

First by words: which of the claim's words, numbers and names stand in the evidence, and whether one side denies what
the other says. Then by meaning: how near the claim is to the sentences that hold most of it, and each of its words to
the nearest word there. Every step is linear in the evidence, and only a few sentences of it are given to the model.
Knows no weights.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag.support_numbers import BORNE_OUT, bears_out, quantities
from rag.support_turns import turns
from rag.support_words import CLAIM_WORDS, Kind, Word, entry, pieces, plain, sweeps, weight, words

if TYPE_CHECKING:
    from inference.embed import Embedder

Floats = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

#: Sentences of the evidence given to the model; so many of them for what they hold together, the others for what they
#: hold alone.
SENTENCES, TOGETHER = 5, 3
#: Tokens of one word given to the model: a run of letters without an end is no word.
WORD_TOKENS = 12
#: Words of one family, compared by what their stems begin with: at least so many letters, and this share of the longer
#: one. They count for so much of an equal word.
VARIANT_LETTERS, VARIANT_SHARE, VARIANT = 5, 0.7, 0.8
#: How well a name is held by its last part alone.
SURNAME = 0.7
#: Cosine of two words in their sentences at which the one may well mean the other, and how sharply that turns.
MEANT, MEANT_SPREAD = 0.5, 0.06
#: Numbers of words' worth without support from which each further one counts: the first tell most.
LEVELS = (0.2, 0.4, 0.6, 0.8)
#: Beyond these, nearness tells nothing more.
NEAR_WORDS, NEAR_CLAIM = 0.7, 0.8

FEATURES = (
    "claim length",
    *(f"unsupported above {level}" for level in LEVELS),
    "longest gap",
    "names",
    "words",
    "cosine",
    "number missing",
    "name missing",
    "contrary",
    "plainly contrary",
    "denied",
    "changed round",
    "sweeping",
)
#: Which way each may count: more support never lowers a score, more of what is missing never raises it.
SIGNS: dict[str, int] = {"claim length": 0, "names": 1, "words": 1, "cosine": 1}


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
    #: Sentences to embed.
    chosen: list[int]
    #: Whether the claim is a whole sentence or line of the evidence, word for word.
    quoted: bool
    row: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A sentence's vector [d], and those of its words of weight [w, d], each a mean over the word's tokens."""

    vector: Floats
    said: Floats


def features(pairs: Sequence[tuple[str, str]], embedder: Embedder) -> tuple[Floats, Flags, Flags]:
    """One row of FEATURES for each (claim, evidence), which pairs say something on both sides, and which quote.

    Rows of pairs that do not are zero. All is held in memory at once: give some hundred pairs.
    """
    read = [by_words(claim, evidence) for claim, evidence in pairs]
    rows = np.zeros((len(pairs), len(FEATURES)))
    told = np.array([pair is not None for pair in read], bool)
    full = [pair for pair in read if pair is not None]
    by_meaning(full, embedder)
    rows[told] = np.array([[pair.row[name] for name in FEATURES] for pair in full]).reshape(-1, len(FEATURES))
    quoted = np.array([pair is not None and pair.quoted for pair in read], bool)
    return rows, told, quoted


def _said(sentence: Sequence[Word]) -> list[str]:
    return [word.lower for word in sentence]


def by_words(claim_text: str, evidence_text: str) -> Pair | None:
    """Read a pair and fill in what words alone tell; None where either side says nothing."""
    claim = words(entry(plain(claim_text)))[:CLAIM_WORDS]
    evidence = _read(evidence_text)
    # "It is not." says little, but all it says can be looked for
    said = [at for at, word in enumerate(claim) if word.kind is not Kind.FUNCTION] or list(range(len(claim)))
    if not said or not evidence:
        return None
    weights = np.array([weight(claim[at]) or 0.1 for at in said])
    held = _held([claim[at] for at in said], evidence)
    _bear_out(claim, said, evidence, held)
    _know_by_surname(claim, said, evidence, held)
    quoted = _said(claim) in map(_said, evidence)
    pair = Pair(claim, said, weights, evidence, held, [], quoted)
    pair.chosen = _choose(pair)
    pair.row["claim length"] = math.log1p(len(said))
    pair.row |= turns(claim, weights, evidence, held)
    return pair


@lru_cache(maxsize=2)
def _read(evidence_text: str) -> list[list[Word]]:
    """The words of the evidence, sentence by sentence: most of the work where several claims meet one long page."""
    return list(pieces(plain(evidence_text)))


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
    # the sort belongs to it: which words have vectors depends on it
    return tuple(f"{word.lower}{word.kind:d}" for word in sentence)


def _held(said: Sequence[Word], evidence: Sequence[Sequence[Word]]) -> Floats:
    """How well each sentence holds each word: 1 for the word itself, less for one of its family, [sentences, c]."""
    wanted: dict[str, list[int]] = defaultdict(list)
    families: dict[str, set[str]] = defaultdict(set)
    for at, word in enumerate(said):
        wanted[word.stem].append(at)
        if word.kind is not Kind.NUMBER and len(word.stem) >= VARIANT_LETTERS:
            families[word.stem[:VARIANT_LETTERS]].add(word.stem)
    held = np.zeros((len(evidence), len(said)))
    for row, sentence in enumerate(evidence):
        for word in sentence:
            if (found := wanted.get(word.stem)) is not None:
                held[row, found] = 1.0
            for other in families.get(word.stem[:VARIANT_LETTERS], ()):
                if other != word.stem and _akin(other, word.stem):
                    held[row, wanted[other]] = np.maximum(held[row, wanted[other]], VARIANT)
    return held


def _bear_out(claim: Sequence[Word], said: Sequence[int], evidence: Sequence[Sequence[Word]], held: Floats) -> None:
    """Numbers of the claim that another number bears out, and those that only look alike: "more than 174" by 174."""
    claimed = [(said.index(each.at), each) for each in quantities(claim)]
    if not claimed:
        return
    for row, sentence in enumerate(evidence):
        found = list(quantities(sentence))
        for column, each in claimed if found else ():
            borne = BORNE_OUT * bears_out(each, found)
            held[row, column] = borne if each.bounded else max(borne, held[row, column])


def _know_by_surname(
    claim: Sequence[Word], said: Sequence[int], evidence: Sequence[Sequence[Word]], held: Floats
) -> None:
    """A name's first part where the evidence nowhere has it and calls it by the rest: "Stephen Curry" by "Curry"."""
    for column in range(len(said) - 2, -1, -1):
        first, last = claim[said[column]], claim[said[column + 1]]
        named = last.kind is Kind.NAME and (first.kind is Kind.NAME or said[column] == 0)
        if not named or said[column + 1] != said[column] + 1 or last.start > first.end + 2 or held[:, column].any():
            continue
        for row in np.flatnonzero(held[:, column + 1] > 0).tolist():
            if not _goes_by_another(last, evidence[row]):
                held[row, column] = SURNAME * held[row, column + 1]


def _goes_by_another(name: Word, sentence: Sequence[Word]) -> bool:
    """Whether some other name stands right before this one wherever it stands in the sentence."""
    places = [at for at, word in enumerate(sentence) if word.stem == name.stem]
    return bool(places) and all(
        at > 0 and sentence[at - 1].kind is Kind.NAME and sentence[at].start <= sentence[at - 1].end + 2
        for at in places
    )


def _akin(one: str, other: str) -> bool:
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return same >= VARIANT_SHARE * max(len(one), len(other))


def _choose(pair: Pair) -> list[int]:
    """Sentences to embed: those that together hold most of the claim, then those that alone do."""
    alone = pair.held @ pair.weights
    together = np.zeros(len(pair.weights))
    chosen: list[int] = []
    for _ in range(min(TOGETHER, len(alone))):
        gains = np.maximum(pair.held - together, 0) @ pair.weights + 1e-3 * alone
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        together = np.maximum(together, pair.held[chosen[-1]])
    return list(dict.fromkeys([*chosen, *np.argsort(-alone, kind="stable")[:SENTENCES].tolist()]))[:SENTENCES]


def _embed(batch: Sequence[Sequence[Word]], embedder: Embedder) -> list[Embedded]:
    """Vectors of sentences and of their words. What the model cannot take in at once is left out at the end."""
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
    found: dict[int, Embedded] = {}
    for at, vector, said_vectors in embedder.encode_tokens(rows, spans):
        found[at] = Embedded(vector, said_vectors)
    return [found[at] for at in range(len(rows))]


def _nearness(pair: Pair, claim: Embedded, chosen: Sequence[Embedded]) -> None:
    """How near the claim is to the chosen sentences as a whole and word by word, and so what of it has no support."""
    row, weights, total = pair.row, pair.weights, float(pair.weights.sum())
    row["cosine"] = min(NEAR_CLAIM, max(float(each.vector @ claim.vector) for each in chosen))
    # [sentences, c]: each word's nearest word in each sentence
    said = claim.said[: len(weights)]
    near = np.zeros((len(chosen), len(weights)))
    for at, each in enumerate(chosen):
        near[at, : len(said)] = (said @ each.said.T).max(axis=1)
    near = np.clip(near, 0, 1)
    number = np.array([pair.claim[at].kind is Kind.NUMBER for at in pair.said])
    # vectors do not tell 174 from 175
    near[:, number] = pair.held[pair.chosen][:, number]
    best, anywhere = near.max(axis=0), pair.held.max(axis=0)
    row["words"] = min(NEAR_WORDS, float(best @ weights) / total)
    doubt = np.minimum(1 / (1 + np.exp((best - MEANT) / MEANT_SPREAD)), 1 - anywhere)
    unsupported = math.log1p(float(doubt @ weights))
    for level in LEVELS:
        row[f"unsupported above {level}"] = max(level, unsupported)
    row["longest gap"] = _longest_run((1 - best) * weights, anywhere < 0.5) / total
    kinds = [pair.claim[at].kind for at in pair.said]
    name = np.array([kind is Kind.NAME for kind in kinds])
    row["names"] = float(best[number | name].min(initial=1.0))
    # one thing else than the source says matters most where all the rest is the same
    alike = min(1.0, max(0.0, 1.5 * float((near @ weights).max()) / total - 0.3))
    row["number missing"] = alike * float((number & (anywhere == 0)).any())
    row["name missing"] = alike * float((name & (anywhere == 0)).any())
    row["sweeping"] = alike * _sweeping(pair)


def _sweeping(pair: Pair) -> float:
    """Words that claim something of all cases and are not in the evidence; two at most."""
    claimed = {word.lower for word in pair.claim if sweeps(word)}
    if claimed:
        claimed -= {word.lower for sentence in pair.evidence for word in sentence}
    return min(2.0, len(claimed))


def _longest_run(values: Floats, inside: Flags) -> float:
    longest = run = 0.0
    for value, held in zip(values.tolist(), inside.tolist(), strict=True):
        run = run + value if held else 0.0
        longest = max(longest, run)
    return longest
