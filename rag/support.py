"""Whether evidence says all that a claim says: a score for every pair of a sentence and the page it cites.

The score is that of a small linear model over `rag.support_features`; its weights were learned by
`bench/train_support.py`. From single pairs follow an answer's citation recall and precision, as the ALCE benchmark
defines them. Knows nothing of where claims and evidence come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inference.answer import Answer, Span
from rag.chunk import sentences
from rag.support_features import features
from rag.support_weights import BIAS, WEIGHTS

if TYPE_CHECKING:
    from inference.embed import Embedder

Floats = npt.NDArray[np.floating[Any]]

#: A claim with this score or more is supported.
SUPPORTED = 0.5
#: Pairs read and embedded together.
BATCH = 256
_MARKERS = re.compile(r"(?:\s*\[\^?\d{1,3}(?:\s?,\s?\d{1,3})*\])+[.!?]?")
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well evidence supports a claim, in [0, 1], and whether it does so fully."""

    score: float
    supported: bool


NOTHING_SAID = Verdict(0.0, False)


@dataclass(frozen=True, slots=True)
class CitationQuality:
    """Citation recall and precision of one answer; None where there was nothing to judge.

    `recall` is the share of sentences that their citations together support, `precision` the share of citations that
    help to support theirs. Sentences that cite a page whose text is not known are not judged; `unknown` counts them.
    """

    recall: float | None
    precision: float | None
    sentences: int
    citations: int
    unknown: int


def check(pairs: Sequence[tuple[str, str]], embedder: Embedder) -> list[Verdict]:
    """Judge each (claim, evidence); several pieces of evidence are joined by a blank line.

    In the order of `pairs`. A pair with nothing said on either side scores 0. A pair's verdict does not depend on the
    others of the call.
    """
    verdicts: list[Verdict] = []
    for at in range(0, len(pairs), BATCH):
        rows, told = features(pairs[at : at + BATCH], embedder)
        for score, known in zip(scores(rows).tolist(), told.tolist(), strict=True):
            verdicts.append(Verdict(score, score >= SUPPORTED) if known else NOTHING_SAID)
    return verdicts


def scores(rows: Floats) -> Floats:
    """The score of each row of `rag.support_features.FEATURES`, [pairs]."""
    mean, spread, weight = _model()
    logits = ((rows - mean) / spread) @ weight + BIAS
    found: Floats = np.round(1 / (1 + np.exp(-np.clip(logits, -30, 30))), 6)
    return found


def citation_quality(answer: Answer, sources: Mapping[str, str], embedder: Embedder) -> CitationQuality:
    """Judge every sentence of `answer` by the texts of the pages it cites; `sources` holds them by citation URL."""
    cited = [(claim, _cited(answer, span)) for span, claim in _statements(answer.text)]
    known = [(claim, urls) for claim, urls in cited if all(url in sources for url in urls)]
    wanted: dict[tuple[str, tuple[str, ...]], int] = {}
    for claim, urls in known:
        for group in _groups(urls):
            wanted.setdefault((claim, group), len(wanted))
    verdicts = check([(claim, "\n\n".join(sources[url] for url in group)) for claim, group in wanted], embedder)

    def holds(claim: str, group: tuple[str, ...]) -> bool:
        return verdicts[wanted[claim, group]].supported

    recalled = [bool(urls) and holds(claim, urls) for claim, urls in known]
    needed = []
    for (claim, urls), recall in zip(known, recalled, strict=True):
        for url in urls:
            rest = tuple(other for other in urls if other != url)
            needed.append(recall and (holds(claim, (url,)) or not holds(claim, rest)))
    return CitationQuality(
        recall=sum(recalled) / len(recalled) if recalled else None,
        precision=sum(needed) / len(needed) if needed else None,
        sentences=len(recalled),
        citations=len(needed),
        unknown=len(cited) - len(known),
    )


def _groups(urls: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All of a sentence's citations, each by itself, and all but each."""
    if not urls:
        return []
    rests = [tuple(other for other in urls if other != url) for url in urls] if len(urls) > 1 else []
    return [urls, *((url,) for url in urls), *rests]


def _statements(text: str) -> list[tuple[Span, str]]:
    """The answer's sentences with the markers that follow them; what holds no word is none."""
    spans: list[Span] = []
    for start, end in sentences(text):
        led = _MARKERS.match(text, start, end)
        if led and spans and "\n" not in text[spans[-1][1] : start]:
            spans[-1] = (spans[-1][0], led.end())
            start = led.end()
        if _WORD.search(_MARKERS.sub("", text[start:end])):
            spans.append((start, end))
    return [((start, end), text[start:end].strip()) for start, end in spans]


def _cited(answer: Answer, sentence: Span) -> tuple[str, ...]:
    start, end = sentence
    return tuple(
        citation.url
        for citation in answer.citations
        if any(first < last and first < end and last > start for first, last in citation.spans)
    )


@cache
def _model() -> tuple[Floats, Floats, Floats]:
    table = np.array(list(WEIGHTS.values()))
    return table[:, 0], table[:, 1], table[:, 2]
