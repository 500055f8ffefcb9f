"""How far a brand's or a domain's pages came with a prompt: the stages, where they ended, and why, in words.

Knows nothing of runs or of how any of it is read from the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.ownership import owns

#: Pages of a ranking that count as retrieved: as many as an answer's body records.
NEAR = 30
STAGES = ("Indexed", "Retrieved", "In context", "Cited", "Supported")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose way is followed: a brand by its hosts, or one domain. `value` is how the URL names it."""

    value: str
    label: str
    hosts: tuple[str, ...]
    colour: int | None = None
    own: bool = False

    def has(self, domain: str, page: str) -> bool:
        return any(owns(host, domain, page) for host in self.hosts)


@dataclass(frozen=True, slots=True)
class Spot:
    """A page's place in a ranking, with the passage that counted: `text[start:end]` of its version.

    `dense` and `lexical` sum to `score`, which is the search's. Where a reranker read the passage, `rank` is the place
    that it gave: `read` is its figure, from 0 to 1, and `found` the page's rank before.
    """

    version: int
    start: int
    end: int
    rank: int
    score: float
    dense: float
    found: int | None = None
    read: float | None = None
    page_id: int | None = None
    page: str = ""
    url: str = ""
    title: str = ""
    domain: str = ""

    @property
    def lexical(self) -> float:
        return self.score - self.dense

    @property
    def rank_found(self) -> int:
        """The rank that the search gave, before anything was reranked."""
        return self.found or self.rank


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one subject came with one prompt. Of `answers`, so many had it in context, cited it, were supported.

    `checked` counts citing answers whose citations were checked by now, `read` answers that had any page in context.
    `is_written`: a language model wrote the answers.
    """

    subject: Subject
    indexed: int
    spot: Spot | None
    answers: int
    context: int
    cited: int
    supported: int
    checked: int
    read: int
    is_written: bool = False

    @property
    def stage(self) -> int:
        """The number of stages passed: 0 for what is not even indexed, 5 for what is supported."""
        if self.supported:
            return 5
        if self.cited:
            return 4
        if self.context:
            return 3
        if self.spot and self.spot.rank <= NEAR:
            return 2
        return 1 if self.indexed else 0

    @property
    def stops(self) -> str:
        """Why it came no further, in a sentence."""
        match self.stage:
            case 0:
                return "No page of it is in the index."
            case 1 if self.spot:
                return f"Its nearest page came at rank {self.spot.rank:,}, too far to be read."
            case 1:
                return f"None of its pages came among the first {NEAR}."
            case 2 if not self.read:
                return "Ranked, but no page at all was near enough to the question to answer from."
            case 2 if self.is_written:
                return "Ranked, but others scored higher, kept to the topic, or took the room in the model's prompt."
            case 2:
                return "Ranked, but not read: others scored higher, or kept closer to the topic by passage and title."
            case 3 if self.is_written:
                return f"Read in {self.context} of {self.answers} answers; the model cited it in none of them."
            case 3:
                return f"Read in {self.context} of {self.answers} answers; none of its sentences was chosen."
            case 4 if not self.checked:
                return f"Cited in {self.cited} of {self.answers} answers; not checked for support yet."
            case 4:
                return f"Cited in {self.cited} of {self.answers} answers, but the page does not fully say it."
            case _:
                return f"Cited in {self.cited} of {self.answers} answers, and the page says it."


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the funnel: how many came so far, of `total`, and as a width in per cent."""

    name: str
    count: int
    total: int
    lost: int

    @property
    def width(self) -> str:
        return f"{100 * self.count / self.total:.1f}" if self.total else "0"


def domain_subject(domain: str) -> Subject:
    return Subject(f"domain:{domain}", domain, (domain,))


def funnel(reaches: Sequence[Reach]) -> tuple[Stage, ...]:
    """How many of these came to each stage."""
    passed = [sum(reach.stage >= number for reach in reaches) for number in range(len(STAGES) + 1)]
    return tuple(
        Stage(name, passed[number], len(reaches), passed[number - 1] - passed[number])
        for number, name in enumerate(STAGES, start=1)
    )
