"""The cited and retrieved domains of a filter, read once for all that is shown of them.

Knows what was counted of each domain, and neither its kind nor its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor import packed
from monitor.queries import counts
from monitor.queries.counts import Block, Counts, Row
from monitor.queries.filters import Filter

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DomainCounts:
    """A domain's counts in the period shown and the one before: [prompts] in the order of its Block."""

    domain: str
    cited: Counts
    cited_before: Counts
    retrieved: Counts
    share: float
    pawc: float


@dataclass(frozen=True, slots=True)
class Domains:
    """One assistant's domains in one stratum: the tables of all its runs under one another, `names` for their places.

    `domain`, `run` and `now` say of each row which domain and run it is of, and whether that lies in the period shown.
    """

    names: tuple[str, ...]
    table: packed.Table
    domain: Ints
    run: Ints
    now: npt.NDArray[np.bool_]

    def sums(self, column: str, within: npt.NDArray[np.bool_]) -> Counts:
        """A column summed over the rows within: [domains]."""
        return np.bincount(self.domain[within], self.table[column][within], len(self.names)).astype(float)

    def cited(self) -> int:
        """How many are cited in either period."""
        return len(np.unique(self.domain[self.table["cited"] > 0]))

    def most_cited(self, block: Block, most: int, first: int = 0) -> list[DomainCounts]:
        """At most so many after the `first`, those most cited in either period; of them the most cited now first."""
        now, before = self.sums("cited", self.now), self.sums("cited", ~self.now)
        either = np.maximum(now, before)
        order = np.lexsort((np.arange(len(either)), -either))[first : first + most]
        chosen = [place for place in order.tolist() if either[place]]
        chosen.sort(key=lambda place: (-now[place], self.names[place]))
        wanted = np.full(len(self.names), -1)
        wanted[chosen] = np.arange(len(chosen))
        at = wanted[self.domain]
        prompts = np.array(block.prompts)

        def by_prompt(column: str, within: npt.NDArray[np.bool_]) -> Counts:
            rows = within & (at >= 0)
            places = at[rows] * len(prompts) + np.searchsorted(prompts, self.table["prompt"][rows])
            sums = np.bincount(places, self.table[column][rows], len(chosen) * len(prompts))
            return sums.astype(float).reshape(len(chosen), len(prompts))

        cited, earlier = by_prompt("cited", self.now), by_prompt("cited", ~self.now)
        retrieved = by_prompt("retrieved", self.now)
        share, pawc = self.sums("share", self.now), self.sums("pawc", self.now)
        return [
            DomainCounts(self.names[place], cited[n], earlier[n], retrieved[n], float(share[place]), float(pawc[place]))
            for n, place in enumerate(chosen)
        ]

    def runs_citing(self) -> dict[str, int]:
        """Of each domain, how many runs of the period have an answer that cites it."""
        rows = self.now & (self.table["cited"] > 0)
        pairs = np.unique(np.stack([self.domain[rows], self.run[rows]]), axis=1)
        citing = np.bincount(pairs[0], minlength=len(self.names))
        return {name: count for name, count in zip(self.names, citing.tolist(), strict=True) if count}

    def gap_prompts(self) -> Ints:
        """Of each domain, how many prompts have an answer in the period that cites it and is a gap: [domains]."""
        rows = self.now & (self.table["gaps"] > 0)
        pairs = np.unique(np.stack([self.domain[rows], self.table["prompt"][rows]]), axis=1)
        return np.bincount(pairs[0], minlength=len(self.names))


def of_rows(rows: Sequence[Row], chosen: Filter) -> Domains:
    """The domains of an assistant's rows, read with their names."""
    table, domain, names = counts.put_together(rows, "domain_names")
    sizes = [len(row.tables["domains"]) for row in rows]
    return Domains(
        names=tuple(names),
        table=table,
        domain=domain,
        run=np.repeat([row.run for row in rows], sizes),
        now=np.repeat([row.day in chosen.period for row in rows], sizes),
    )
