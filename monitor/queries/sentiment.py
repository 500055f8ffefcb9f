"""What answers feel towards brands and in what part they name them, as counts of mentions.

Never a score, nothing pooled. Reads alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor import assistants
from monitor.models import Mention, MentionRole, Sentiment, Workspace
from monitor.queries import counts, filters
from monitor.queries.counts import BrandInfo
from monitor.queries.filters import STRATA, Filter, Period

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


@dataclass(frozen=True, slots=True)
class SentimentRow:
    """A brand in the answers of one assistant in one stratum, which name it."""

    brand: BrandInfo
    label: str
    stratum_label: str
    counts: SentimentCounts


@dataclass(frozen=True, slots=True)
class BrandsSentiment:
    """Own brands first; those that no answer names have no row."""

    period: Period
    rows: tuple[SentimentRow, ...]

    @property
    def waiting(self) -> int:
        return sum(row.counts.waiting for row in self.rows)


def of_brands(workspace: Workspace) -> BrandsSentiment:
    """Every brand of the present reading over the period that pages show by themselves."""
    chosen = Filter(filters.default_period(workspace), compare="none")
    brands, found = counts.current_brands(workspace), by_brand(workspace, chosen)
    rows = (
        SentimentRow(brand, assistants.label(assistant), STRATA.get(stratum, stratum), counted)
        for brand in brands
        for (assistant, stratum, pk), counted in found.items()
        if pk == brand.pk
    )
    return BrandsSentiment(chosen.period, tuple(rows))


def by_brand(workspace: Workspace, chosen: Filter) -> Mapping[tuple[str, str, int], SentimentCounts]:
    """Mentions in valid answers of the period, by assistant, stratum and brand."""
    extraction = counts.current_extraction(workspace)
    if extraction is None:
        return {}
    values = counts.values_of(workspace, extraction, chosen)
    rows = counts.fetch(counts.of_answers(_SENTIMENT, chosen), values)
    return {
        (assistant, stratum, brand): SentimentCounts(recommended, neutral, negative, waiting, RoleCounts(*told))
        for assistant, stratum, brand, (recommended, neutral, negative, waiting), told in rows
    }


_SENTIMENT = """
WITH r AS ({responses})
SELECT r.assistant, r.stratum, m.brand_id,
       ARRAY[count(*) FILTER (WHERE m.sentiment = 'recommended'), count(*) FILTER (WHERE m.sentiment = 'neutral'),
             count(*) FILTER (WHERE m.sentiment = 'negative'), count(*) FILTER (WHERE m.sentiment IS NULL)],
       ARRAY[count(*) FILTER (WHERE m.role = 'compared'), count(*) FILTER (WHERE m.role = 'listed'),
             count(*) FILTER (WHERE m.role = 'named')]
FROM r JOIN monitor_mention m ON m.response_id = r.id AND m.extraction_id = r.extraction_id
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
