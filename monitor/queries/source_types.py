"""What kinds of sources answers cite: each domain's kind, and the citation share of every kind. Reads alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from monitor import metrics
from monitor.models import SourceType, Workspace
from monitor.queries.counts import Block, BrandInfo, Key
from monitor.queries.domains import Domains
from monitor.queries.filters import Filter
from monitor.source_types import COMPETITOR, LABELS, OWN, kind_of

#: The kind of a domain, given the brand whose it is.
KindOf = Callable[[str, BrandInfo | None], str]


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of source: its domains that were cited, and its citation share now and before (None: not measured)."""

    label: str
    domains: int
    share: float | None
    share_before: float | None


def said_here(workspace: Workspace) -> frozenset[tuple[str, str]]:
    """(domain, kind) as the workspace itself says."""
    return frozenset(SourceType.objects.for_workspace(workspace).values_list("domain", "kind"))


def kinds(here: Iterable[tuple[str, str]]) -> KindOf:
    """How domains are told apart: brands' own first, then what the workspace says here, then what their names say."""
    said = dict(here)

    def kind(domain: str, owner: BrandInfo | None) -> str:
        if owner:
            return OWN if owner.own else COMPETITOR
        return said.get(domain) or kind_of(domain)

    return kind


def by_kind(
    chosen: Filter,
    kind: KindOf,
    owners: dict[str, BrandInfo],
    blocks: Iterable[Block],
    known: Mapping[Key, Domains],
) -> dict[str, tuple[KindRow, ...]]:
    """The citation share of each kind by section key, the largest first. Shares of all kinds sum to one."""
    return {
        "-".join(block.key): _rows(known[block.key], block, chosen, owners, kind)
        for block in blocks
        if block.key in known
    }


def _rows(
    known: Domains, block: Block, chosen: Filter, owners: dict[str, BrandInfo], kind: KindOf
) -> tuple[KindRow, ...]:
    now, before = known.sums("share", known.now), known.sums("share", ~known.now)
    citing = int(block.with_citation[block.rows(chosen.period)].sum())
    citing_before = int(block.with_citation[block.rows(chosen.before)].sum())
    of_kind: dict[str, list[int]] = defaultdict(list)
    for place in np.flatnonzero(now + before).tolist():
        name = known.names[place]
        of_kind[kind(name, owners.get(name))].append(place)
    found = (
        KindRow(
            label=LABELS[name],
            domains=int((now[places] > 0).sum()),
            share=metrics.citation_share(float(now[places].sum()), citing),
            share_before=metrics.citation_share(float(before[places].sum()), citing_before),
        )
        for name, places in of_kind.items()
    )
    return tuple(sorted(found, key=lambda row: (-(row.share or 0), row.label)))
