"""Whether evidence says all that a claim says: a score for every pair of a sentence and the page it cites.

The score is that of a small linear model over `rag.support_features`; its weights were learned by
`bench/train_support.py`. From single pairs follow an answer's citation recall and precision, as the ALCE benchmark
defines them. Knows nothing of where claims and evidence come from.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
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

#: Changes with anything that changes a verdict: what was checked by an older version is checked again.
VERSION = "4"
#: A claim with this score or more is supported.
SUPPORTED = 0.5
#: The least score of a claim that is a whole sentence of the evidence, however little it says.
QUOTED = 0.95
#: Pairs read and embedded together.
BATCH = 256
#: Verdicts kept: repeats and daily runs put the same sentences beside the same pages again and again.
KEPT_VERDICTS = 50_000
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


@dataclass(frozen=True, slots=True)
class Cited:
    """A sentence `[start, end)` of an answer and the URL of a page it cites; no verdict where its text is not known."""

    span: Span
    url: str
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer's citations are worth, and each sentence beside each page it cites, in the answer's order."""

    quality: CitationQuality
    pairs: tuple[Cited, ...]


def check(pairs: Sequence[tuple[str, str]], embedder: Embedder) -> list[Verdict]:
    """Judge each (claim, evidence); several pieces of evidence are joined by a blank line.

    In the order of `pairs`. A pair with nothing said on either side scores 0. A pair's verdict does not depend on the
    others of the call.
    """
    verdicts: list[Verdict] = []
    for at in range(0, len(pairs), BATCH):
        rows, told, quoted = features(pairs[at : at + BATCH], embedder)
        found = np.where(quoted, np.maximum(scores(rows), QUOTED), scores(rows))
        for score, known in zip(found.tolist(), told.tolist(), strict=True):
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
    return judge([(answer, sources)], embedder)[0].quality


def judge(answers: Sequence[tuple[Answer, Mapping[str, str]]], embedder: Embedder) -> list[Judgement]:
    """Judge several answers together, each with the texts of the pages it cites by citation URL; in their order."""
    read = [[(span, claim, _cited(answer, span)) for span, claim in _statements(answer.text)] for answer, _ in answers]
    wanted: dict[_Asked, tuple[str, str]] = {}
    for (_, sources), statements in zip(answers, read, strict=True):
        prints = _prints(sources)
        for _, claim, urls in statements:
            for group in _groups(urls):
                if all(url in sources for url in group):
                    asked = (claim, tuple(prints[url] for url in group))
                    wanted.setdefault(asked, (claim, "\n\n".join(sources[url] for url in group)))
    verdicts = _verdicts(wanted, embedder)
    return [_judgement(statements, sources, verdicts) for (_, sources), statements in zip(answers, read, strict=True)]


#: A claim and the digests of its pieces of evidence.
_Asked = tuple[str, tuple[bytes, ...]]
_kept: OrderedDict[tuple[str, _Asked], Verdict] = OrderedDict()


def _verdicts(wanted: Mapping[_Asked, tuple[str, str]], embedder: Embedder) -> dict[_Asked, Verdict]:
    """The verdict of each pair, computed where it is not kept from before."""
    model = embedder.fingerprint
    found = {asked: _kept[model, asked] for asked in wanted if (model, asked) in _kept}
    # what is held against one page comes together: the page is then read once
    fresh = sorted((asked for asked in wanted if asked not in found), key=lambda asked: asked[1])
    for asked, verdict in zip(fresh, check([wanted[asked] for asked in fresh], embedder), strict=True):
        found[asked] = _kept[model, asked] = verdict
    while len(_kept) > KEPT_VERDICTS:
        _kept.popitem(last=False)
    return found


def _judgement(
    statements: Sequence[tuple[Span, str, tuple[str, ...]]],
    sources: Mapping[str, str],
    verdicts: Mapping[_Asked, Verdict],
) -> Judgement:
    prints = _prints(sources)

    def verdict(claim: str, group: tuple[str, ...]) -> Verdict:
        return verdicts[claim, tuple(prints[url] for url in group)]

    pairs = tuple(
        Cited(span, url, verdict(claim, (url,)) if url in sources else None)
        for span, claim, urls in statements
        for url in urls
    )
    known = [(claim, urls) for _, claim, urls in statements if all(url in sources for url in urls)]
    recalled = [bool(urls) and verdict(claim, urls).supported for claim, urls in known]
    needed = []
    for (claim, urls), recall in zip(known, recalled, strict=True):
        for url in urls:
            rest = tuple(other for other in urls if other != url)
            needed.append(recall and (verdict(claim, (url,)).supported or not verdict(claim, rest).supported))
    quality = CitationQuality(
        recall=sum(recalled) / len(recalled) if recalled else None,
        precision=sum(needed) / len(needed) if needed else None,
        sentences=len(recalled),
        citations=len(needed),
        unknown=len(statements) - len(known),
    )
    return Judgement(quality, pairs)


def _prints(sources: Mapping[str, str]) -> dict[str, bytes]:
    return {url: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for url, text in sources.items()}


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
