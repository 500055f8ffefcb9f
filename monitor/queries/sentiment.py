"""What answers feel towards brands and in what part they name them, as counts of mentions.

Never a score, nothing pooled. Reads the day's counts alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from monitor import assistants, packed
from monitor.models import Extraction, Mention, MentionRole, Sentiment, Workspace
from monitor.queries import counts
from monitor.queries.counts import BrandInfo
from monitor.queries.filters import STRATA, Filter, Period
from monitor.queries.kept import kept, stamp

NOT_JUDGED = "not judged yet"
_BADGES = {Sentiment.RECOMMENDED: "ok", Sentiment.NEGATIVE: "bad"}


def word(mention: Mention) -> str:
    """What is felt there, in a word or three."""
    return Sentiment(mention.sentiment).label.lower() if mention.sentiment else NOT_JUDGED


def badge(mention: Mention) -> str:
    return _BADGES.get(Sentiment(mention.sentiment), "muted") if mention.sentiment else "muted"


def words(mentions: Iterable[Mention]) -> str:
    """How often what is felt, such as "2 recommended, 1 neutral"."""
    found = Counter(map(word, mentions))
    order = [*(label.lower() for label in Sentiment.labels), NOT_JUDGED]
    return ", ".join(f"{found[each]} {each}" for each in order if found[each])


def role(mention: Mention) -> str:
    """The part that the brand is named in, in a word; empty where older rules read the answer."""
    if not mention.role:
        return ""
    place = f", place {mention.place}" if mention.place else ""
    return MentionRole(mention.role).label + place


def roles(mentions: Iterable[Mention]) -> str:
    """How often a brand is compared or listed, such as "1 compared, 2 listed"; empty where it is neither."""
    found = Counter(mention.role for mention in mentions)
    told = (MentionRole.COMPARED, MentionRole.LISTED)
    return ", ".join(f"{found[each]} {each.label.lower()}" for each in told if found[each])


@dataclass(frozen=True, slots=True)
class RoleCounts:
    """Mentions by the part in which the brand is named; those that older rules read are in none of them."""

    compared: int
    listed: int
    named: int

    @property
    def told(self) -> int:
        return self.compared + self.listed + self.named


@dataclass(frozen=True, slots=True)
class SentimentCounts:
    """Mentions by what is felt in them, and by role; `waiting` ones are not judged yet."""

    recommended: int
    neutral: int
    negative: int
    waiting: int
    roles: RoleCounts

    @property
    def judged(self) -> int:
        return self.recommended + self.neutral + self.negative


#: An assistant, a stratum and a brand; and of each the mentions, and the answers that have some.
Who = tuple[str, str, int]
Counted = dict[Who, tuple[SentimentCounts, SentimentCounts]]


@dataclass(frozen=True, slots=True)
class SentimentRow:
    """A brand in the answers of one assistant in one stratum, which name it: `answers` have some of each `counts`."""

    brand: BrandInfo
    assistant: str
    stratum: str
    label: str
    stratum_label: str
    counts: SentimentCounts
    answers: SentimentCounts


@dataclass(frozen=True, slots=True)
class BrandsSentiment:
    """Own brands first; those that no answer names have no row. `stamp` is another one for other figures."""

    period: Period
    rows: tuple[SentimentRow, ...]
    stamp: str = ""

    @property
    def waiting(self) -> int:
        return sum(row.counts.waiting for row in self.rows)


def of_brands(workspace: Workspace, chosen: Filter) -> BrandsSentiment:
    """The brands of the present reading that the filter asks for."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return BrandsSentiment(chosen.period, ())
    shown = counts.shown(counts.brands_of(workspace, extraction), chosen)
    found, made_of = _counted(workspace, extraction, chosen)
    rows = (
        SentimentRow(
            brand=brand,
            assistant=assistant,
            stratum=stratum,
            label=assistants.label(assistant),
            stratum_label=STRATA.get(stratum, stratum),
            counts=mentions,
            answers=answers,
        )
        for brand in shown
        for (assistant, stratum, pk), (mentions, answers) in found.items()
        if pk == brand.pk
    )
    return BrandsSentiment(chosen.period, tuple(rows), stamp((made_of, shown)))


def by_brand(workspace: Workspace, chosen: Filter) -> dict[Who, SentimentCounts]:
    """Mentions in valid answers of the period, by assistant, stratum and brand."""
    extraction = counts.current_extraction(workspace)
    found = _counted(workspace, extraction, chosen)[0] if extraction else {}
    return {key: mentions for key, (mentions, _) in found.items()}


def _counted(workspace: Workspace, extraction: Extraction, chosen: Filter) -> tuple[Counted, Hashable]:
    """The counts, and what they are made of."""
    key = "sentiment", counts.fingerprint(workspace, extraction, chosen, mentions=True)
    return kept(key, lambda: _summed(workspace, extraction, chosen)), key


def _summed(workspace: Workspace, extraction: Extraction, chosen: Filter) -> Counted:
    found: dict[Who, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for key, rows in counts.rows_of(workspace, extraction, chosen, "mentions", before=False).items():
        table = np.concatenate([row.tables["mentions"] for row in rows])
        for brand, said, *sums in counts.summed(table, "brand", "said", "mentions", "answers"):
            found[*key, brand][packed.SAID[said]] = tuple(sums)
    return {key: (_counts(said, 0), _counts(said, 1)) for key, said in found.items()}


def _counts(said: Mapping[str, tuple[int, ...]], which: int) -> SentimentCounts:
    count = {what: said.get(what, (0, 0))[which] for what in packed.SAID}
    return SentimentCounts(
        recommended=count["recommended"],
        neutral=count["neutral"],
        negative=count["negative"],
        waiting=count["waiting"],
        roles=RoleCounts(count["compared"], count["listed"], count["only_named"]),
    )
